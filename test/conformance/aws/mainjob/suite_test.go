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

	"github.com/viridian-dev/viridian/test/testcluster"
)

// root of the repository.
const root = "../../../.."

// pythonEnv names the Python that has moto.
const pythonEnv = "CONFORMANCE_PYTHON"

// cluster is a Kubernetes API with the CRDs.
var cluster *testcluster.Cluster

func TestMain(m *testing.M) { os.Exit(runSuite(m)) }

func runSuite(m *testing.M) int {
	if os.Getenv(pythonEnv) == "" {
		return m.Run() // which skips everything
	}
	var err error
	if cluster, err = testcluster.Start(testcluster.Options{Root: root, CRDs: true}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "Stop the cluster:", err)
		}
	}()
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
	addresses, err := testcluster.FreeAddresses(1)
	if err != nil {
		t.Fatal(err)
	}
	return addresses[0]
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
