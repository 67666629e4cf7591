package main

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/viridian-dev/viridian/controllers"
)

// actAsManager makes the test binary act as the manager, so that exit codes and
// logs are those of a whole process.
const actAsManager = "VIRIDIAN_TEST_MANAGER"

func TestMain(m *testing.M) {
	if os.Getenv(actAsManager) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestExitCodes(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(nowhere, []byte("apiVersion: v1\nkind: Config\n"+
		"clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n"+
		"contexts: [{name: c, context: {cluster: c, user: c}}]\ncurrent-context: c\nusers: [{name: c, user: {token: t}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args   []string
		code   int
		stderr []string
	}{
		"help":             {[]string{"-h"}, exitOK, []string{"Usage of manager", "-poll-interval", "-leader-elect"}},
		"unknown flag":     {[]string{"--nonsense"}, exitUsage, []string{"not defined: -nonsense", "Usage of manager"}},
		"not a duration":   {[]string{"--poll-interval=often"}, exitUsage, []string{"often", "Usage of manager"}},
		"not a bool":       {[]string{"--leader-elect=perhaps"}, exitUsage, []string{"perhaps", "Usage of manager"}},
		"argument":         {[]string{"serve"}, exitUsage, []string{`unexpected argument "serve"`, "Usage of manager"}},
		"no workers":       {[]string{"--max-concurrent-reconciles=0"}, exitUsage, []string{"--max-concurrent-reconciles must be at least 1"}},
		"no poll":          {[]string{"--poll-interval=0"}, exitUsage, []string{"--poll-interval and --resync-interval must be positive"}},
		"no resync":        {[]string{"--resync-interval=-1s"}, exitUsage, []string{"must be positive"}},
		"no gate calls":    {[]string{"--max-gate-calls=0"}, exitUsage, []string{"--max-gate-calls must be at least 1"}},
		"no call rate":     {[]string{"--aws-call-rate=-1"}, exitUsage, []string{"--aws-call-rate must be 0 for no limit, or from 0.05 to 100"}},
		"no network":       {[]string{"--webhook-allowed-cidrs=10.0.0.1"}, exitUsage, []string{"-webhook-allowed-cidrs", "10.0.0.1"}},
		"negative delay":   {[]string{"--metric-delay=-1s"}, exitUsage, []string{"--traffic-propagation and --metric-delay must not be negative"}},
		"odd period":       {[]string{"--metric-period=7s"}, exitUsage, []string{"--metric-period must be"}},
		"negative":         {[]string{"--traffic-propagation=-1s"}, exitUsage, []string{"--traffic-propagation and --metric-delay must not be negative"}},
		"no namespaces":    {[]string{"--watch-namespaces="}, exitUsage, []string{"-watch-namespaces", "no namespace is named"}},
		"bad namespace":    {[]string{"--watch-namespaces=shop,Not_One"}, exitUsage, []string{"-watch-namespaces", `"Not_One" is no namespace`, "lower case"}},
		"no kubeconfig":    {[]string{"--kubeconfig=" + filepath.Join(t.TempDir(), "none")}, exitError, []string{"find the cluster"}},
		"no cluster there": {[]string{"--kubeconfig=" + nowhere, "--health-probe-bind-address=0"}, exitError, []string{"127.0.0.1:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			manager := exec.CommandContext(t.Context(), os.Args[0], c.args...)
			manager.Env = append(os.Environ(), actAsManager+"=1")
			manager.Stderr = &stderr
			var failed *exec.ExitError
			if err := manager.Run(); err != nil && !errors.As(err, &failed) {
				t.Fatal(err)
			}
			if code := manager.ProcessState.ExitCode(); code != c.code {
				t.Errorf("Exit code %d, want %d", code, c.code)
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("Standard error lacks %q:\n%s", want, &stderr)
				}
			}
		})
	}
}

func TestFlags(t *testing.T) {
	var stderr bytes.Buffer
	got, err := parse([]string{
		"--health-probe-bind-address=:1", "--metrics-bind-address=:2", "--metrics-secure=false", "--leader-elect",
		"--leader-election-namespace=ns", "--max-concurrent-reconciles=7", "--poll-interval=1s", "--resync-interval=2s",
		"--traffic-propagation=0", "--allowed-role-arns=a,b, c",
		"--metric-period=30s", "--metric-delay=0", "--max-gate-calls=3", "--aws-call-rate=0.5", "--webhook-allowed-cidrs=10.0.0.0/8,fd00::/8",
		"--watch-namespaces=shop, payments,shop",
	}, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	want := options{
		probeAddress: ":1", metricsAddress: ":2", leaderElect: true, leaderElectionNamespace: "ns", maxConcurrent: 7,
		timing:          controllers.Timing{Poll: time.Second, Resync: 2 * time.Second},
		allowedRoleARNs: []string{"a", "b", "c"},
		metricPeriod:    30 * time.Second, maxGateCalls: 3, awsCallRate: 0.5,
		webhookAllowed:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		watchNamespaces: []string{"payments", "shop"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(options{}), cmpopts.EquateComparable(netip.Prefix{}), cmpopts.IgnoreTypes(zap.Options{})); diff != "" {
		t.Errorf("parse (-want +got):\n%s", diff)
	}
	if stderr.Len() > 0 {
		t.Errorf("Standard error: %s", &stderr)
	}
}
