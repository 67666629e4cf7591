package mainjob_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// root of the repository.
const root = "../../../.."

// pythonEnv names the Python that has moto.
const pythonEnv = "CONFORMANCE_PYTHON"

var cluster struct {
	client     client.Client
	kubeconfig string
}

func TestMain(m *testing.M) {
	if os.Getenv(pythonEnv) == "" {
		os.Exit(m.Run()) // which skips everything
	}
	dir, err := os.MkdirTemp("", "viridian-mainjob-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := runSuite(m, dir)
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// runSuite starts a Kubernetes API with the CRDs.
func runSuite(m *testing.M, dir string) int {
	env := &envtest.Environment{
		CRDDirectoryPaths: []string{filepath.Join(root, "config", "crd", "bases")}, ErrorIfCRDPathMissing: true,
	}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		env.BinaryAssetsDirectory = filepath.Join(root, "bin")
	}
	config, err := env.Start()
	defer func() { _ = env.Stop() }() // it ends with us
	if err != nil {
		fmt.Fprintln(os.Stderr, "Start the cluster (make tools builds what it needs):", err)
		return 1
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if cluster.client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cluster.kubeconfig = filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(cluster.kubeconfig, env.KubeConfig, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// python returns the interpreter that has moto, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv(pythonEnv)
	if path == "" {
		t.Skipf("%s is not set: test/conformance/aws/run sets it", pythonEnv)
	}
	return path
}

// startProcess runs a program until the test ends; its output is printed if the
// test fails.
func startProcess(t *testing.T, env []string, path string, args ...string) {
	t.Helper()
	cmd := exec.Command(path, args...)
	var out bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, as it was to be
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(path), out.Bytes()[max(0, out.Len()-6000):])
		}
	})
}

// freeAddress returns an address that is not in use.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only its address mattered
	return l.Addr().String()
}

// await waits until something listens at an address.
func await(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for again := time.Tick(100 * time.Millisecond); ctx.Err() == nil; {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-again:
		case <-ctx.Done():
		}
	}
	t.Fatalf("nobody listens at %s", address)
}
