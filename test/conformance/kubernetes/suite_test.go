package kubernetes_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
	"github.com/viridian-dev/viridian/test/testcluster"
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
	*testcluster.Cluster
	sim     *awssim.Sim
	history *history
	manager *exec.Cmd
	log     bytes.Buffer
}

var cluster suite

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", parallel); err != nil {
		panic(err)
	}
	os.Exit(runSuite(m))
}

func runSuite(m *testing.M) int {
	var err error
	if cluster.Cluster, err = testcluster.Start(testcluster.Options{Root: root}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "Stop the cluster:", err)
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cluster.sim = awssim.New(awssim.Options{Speed: speed, Seed: 1})
	server := httptest.NewServer(cluster.sim)
	defer server.Close()
	defer cluster.sim.Close()
	if err := cluster.prepare(ctx, server.URL); err != nil {
		fmt.Fprintln(os.Stderr, "Prepare the cluster:", err)
		return 1
	}
	defer cluster.stopManager()
	code := m.Run()
	cancel() // ends the watches, for which the API server would wait
	return max(code, cluster.judgeHistory())
}

// prepare applies config/default, watches, and starts a manager on the
// simulated account at endpoint.
func (s *suite) prepare(ctx context.Context, endpoint string) error {
	manager, err := s.BuildManager(ctx)
	if err != nil {
		return err
	}
	if err := s.InstallDefault(ctx); err != nil {
		return err
	}
	if err := s.sim.CreateCluster("shop"); err != nil {
		return err
	}
	for name, value := range map[string]string{"checkout/db": `{"password":"hush"}`, "datadog": "hush"} { // those of the samples
		if _, err := s.sim.CreateSecret(secrets.Secret{Name: name, Suffix: "AbCdEf", Value: value}); err != nil {
			return err
		}
	}
	if s.history, err = watch(ctx, s.Client); err != nil {
		return err
	}
	return s.startManager(manager, endpoint)
}

// startManager starts the manager, with what it needs to be quick.
func (s *suite) startManager(path, endpoint string) error {
	s.manager = exec.Command(path,
		"--metrics-bind-address=0", "--health-probe-bind-address=0", "--max-concurrent-reconciles=8",
		"--poll-interval=100ms", "--resync-interval=1s", "--traffic-propagation=100ms", "--aws-call-rate=0")
	s.manager.Env = []string{
		"KUBECONFIG=" + s.Kubeconfig, "HOME=" + s.Dir,
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

// kubectl runs it and fails the test if it fails.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := cluster.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
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
