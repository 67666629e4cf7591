package controllers_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// One real kube-apiserver and etcd serve all tests of the package; each test
// has a namespace, a simulated AWS account and a manager of its own.
var (
	apiServer *rest.Config
	scheme    = runtime.NewScheme()
)

// parallel is how many tests run at once: they mostly wait for the account.
const parallel = "8"

func TestMain(m *testing.M) { os.Exit(runSuite(m)) }

func runSuite(m *testing.M) int {
	flag.Parse()
	if err := flag.Set("test.parallel", parallel); err != nil {
		panic(err)
	}
	ctrl.SetLogger(logger())
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
		fmt.Fprintln(os.Stderr, "Start kube-apiserver and etcd (make test gets them):", err)
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
