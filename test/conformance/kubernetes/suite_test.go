package kubernetes_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
)

// root of the repository.
const root = "../../.."

// speed is how much faster than AWS the simulated account is.
const speed = 200

// parallel is how many tests run at once: they mostly wait for the account.
const parallel = "8"

var update = flag.Bool("update", false, "write what is recorded instead of comparing with it")

// suite is one cluster in which everything from config/default is installed,
// with a manager that uses one simulated account.
type suite struct {
	config *rest.Config
	client client.WithWatch
	// kubeconfig is the administrator's.
	kubeconfig string
	sim        *awssim.Sim
	history    *history
	manager    *exec.Cmd
	log        bytes.Buffer
}

var cluster suite

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", parallel); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "viridian-conformance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := runSuite(m, dir)
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func runSuite(m *testing.M, dir string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	env, err := cluster.start(dir)
	defer func() {
		if err := env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "Stop kube-apiserver and etcd:", err)
		}
	}()
	if err == nil {
		err = cluster.install(ctx, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Prepare the cluster (make conformance builds what it needs):", err)
		return 1
	}
	server := httptest.NewServer(cluster.sim)
	defer server.Close()
	defer cluster.sim.Close()
	if err := cluster.startManager(dir, server.URL); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.stopManager()
	code := m.Run()
	cancel() // ends the watches, for which the API server would wait
	return max(code, cluster.judgeHistory())
}

// start starts a kube-apiserver.
func (s *suite) start(dir string) (*envtest.Environment, error) {
	env := &envtest.Environment{}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		env.BinaryAssetsDirectory = filepath.Join(root, "bin")
	}
	var err error
	if s.config, err = env.Start(); err != nil {
		return env, err
	}
	s.kubeconfig = filepath.Join(dir, "kubeconfig")
	return env, os.WriteFile(s.kubeconfig, env.KubeConfig, 0o600)
}

// install builds the manager, applies config/default, opens the account and
// watches.
func (s *suite) install(ctx context.Context, dir string) error {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	var err error
	if s.client, err = client.NewWithWatch(s.config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "manager"), "./cmd/manager")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the manager: %w: %s", err, out)
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", "config/default"},
		{"wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"},
	} {
		if out, err := s.kubectl(ctx, args...); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	s.sim = awssim.New(awssim.Options{Speed: speed, Seed: 1})
	if err := s.sim.CreateCluster("shop"); err != nil {
		return err
	}
	s.history, err = watch(ctx, s.client)
	return err
}

// startManager starts the manager, with what it needs to be quick.
func (s *suite) startManager(dir, endpoint string) error {
	s.manager = exec.Command(filepath.Join(dir, "manager"),
		"--metrics-bind-address=0", "--health-probe-bind-address=0", "--max-concurrent-reconciles=8",
		"--poll-interval=100ms", "--resync-interval=1s", "--traffic-propagation=100ms")
	s.manager.Env = []string{
		"KUBECONFIG=" + s.kubeconfig, "HOME=" + dir,
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
	}
	s.manager.Stderr = &s.log
	return s.manager.Start()
}

func (s *suite) stopManager() {
	_ = s.manager.Process.Signal(os.Interrupt) // it may have ended
	if err := s.manager.Wait(); err != nil {
		fmt.Fprintf(os.Stderr, "manager: %v\n%s\n", err, s.log.Bytes()[max(0, s.log.Len()-5000):])
	}
}

// kubectl runs the real kubectl as an administrator, in the repository's root.
func (s *suite) kubectl(ctx context.Context, args ...string) (string, error) {
	cmd, err := s.command(ctx, args...)
	if err != nil {
		return "", err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	return string(out), err
}

// command is a run of kubectl.
func (s *suite) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path, err := filepath.Abs(filepath.Join(root, "bin", "kubectl"))
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		path = filepath.Join(assets, "kubectl")
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--kubeconfig=" + s.kubeconfig}, args...)...)
	cmd.Dir = root
	return cmd, err
}

// kubectl runs it and fails the test if it fails.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := cluster.kubectl(t.Context(), args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// result appends a line to the table that test/conformance/run.sh prints.
func result(what string, count int, outcome, note string) error {
	path := os.Getenv("CONFORMANCE_RESULTS")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%s\t%d\t%s\t%s\n", what, count, outcome, note); err != nil {
		return err
	}
	return f.Close()
}

// compared adds a comparison to the table when the test is over: it passed if
// the test did.
func compared(t *testing.T, what string, count *int, note string) {
	t.Helper()
	t.Cleanup(func() {
		outcome := "ok"
		if t.Failed() || *count == 0 {
			outcome = "failed"
		}
		if err := result(what, *count, outcome, note); err != nil {
			t.Error(err)
		}
	})
}
