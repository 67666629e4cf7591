package controllers_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/onsi/gomega"
	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/controllers"
	"github.com/viridian-dev/viridian/internal/awssim"
	awscloud "github.com/viridian-dev/viridian/internal/cloud/aws"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// One real kube-apiserver and etcd serve all tests of the package; each test
// has a namespace, a simulated AWS account and a manager of its own.
var (
	apiServer *rest.Config
	scheme    = runtime.NewScheme()
)

func TestMain(m *testing.M) { os.Exit(runSuite(m)) }

func runSuite(m *testing.M) int {
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		panic(err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	env := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		env.BinaryAssetsDirectory = filepath.Join("..", "bin")
	}
	cfg, err := env.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Start kube-apiserver and etcd (make test builds them):", err)
		return 1
	}
	defer func() {
		if err := env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "Stop kube-apiserver and etcd:", err)
		}
	}()
	apiServer = cfg
	return m.Run()
}

// world is one test's cluster, account and manager.
type world struct {
	*gomega.WithT
	t         *testing.T
	ctx       context.Context
	client    client.Client
	sim       *awssim.Sim
	namespace string
	listener  string
	stop      func()
}

// speed is how much faster than AWS the simulated account is.
const speed = 200

// newWorld starts a test's world with its manager.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{WithT: gomega.NewWithT(t), t: t, ctx: t.Context()}
	w.SetDefaultEventuallyTimeout(2 * time.Minute)
	w.SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	c, err := client.New(apiServer, client.Options{Scheme: scheme})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.client = c
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	w.Expect(c.Create(w.ctx, ns)).To(gomega.Succeed())
	w.namespace = ns.Name

	w.sim = awssim.New(awssim.Options{Speed: speed, Seed: 1})
	t.Cleanup(w.sim.Close)
	w.Expect(w.sim.CreateCluster("shop")).To(gomega.Succeed())
	w.listener, err = w.sim.CreateListener("shop", 80)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	for _, tag := range []string{"1", "2", "3", "crash", "unhealthy"} {
		w.sim.PutImage("checkout", tag, "")
	}
	w.startManager()
	t.Cleanup(func() { w.stop() })
	return w
}

// startManager starts a manager; w.stop stops it and waits for its end.
func (w *world) startManager() {
	w.t.Helper()
	mgr, err := ctrl.NewManager(apiServer, ctrl.Options{
		Scheme:     scheme,
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
		Logger:     w.logger(),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	provider, err := awscloud.NewProvider(w.ctx, awscloud.Options{
		Region:            "eu-west-1",
		StaticCredentials: &awscloud.StaticCredentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"},
		HTTPClient:        &http.Client{Transport: w.sim.Transport()},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(controllers.Setup(mgr, controllers.Options{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Cloud: provider,
		Recorder: mgr.GetEventRecorder("viridian"), Now: time.Now, ClusterID: "test-cluster", MaxConcurrent: 2,
		Timing: controllers.Timing{Poll: 100 * time.Millisecond, Resync: time.Second, Propagation: 100 * time.Millisecond},
	})).To(gomega.Succeed())
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := mgr.Start(ctx); err != nil {
			w.t.Errorf("run the manager: %v", err)
		}
	}()
	w.stop = func() { cancel(); <-done }
}

// logger writes to the test's log when VIRIDIAN_TEST_LOG is set.
func (w *world) logger() logr.Logger {
	if os.Getenv("VIRIDIAN_TEST_LOG") == "" {
		return logr.Discard()
	}
	return funcr.New(func(prefix, args string) { fmt.Println(prefix, args) }, funcr.Options{Verbosity: 1})
}
