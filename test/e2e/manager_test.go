package e2e_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/viridian-dev/viridian/test/testcluster"
)

// As in config/manager and config/rbac.
const (
	managerNamespace = "viridian-system"
	managerName      = "viridian-manager"
	managerUser      = "system:serviceaccount:" + managerNamespace + ":" + managerName
	leaseName        = "manager.viridian.dev"
)

// manager is the manager's process, with the flags of config/manager and the
// permissions of its service account.
type manager struct {
	cmd *exec.Cmd
	log bytes.Buffer
	// probes and metrics are where it listens.
	probes, metrics string
	// exited is closed when the process has ended.
	exited chan struct{}
}

// startManager starts a manager that uses endpoint for AWS. It is killed at the
// end of the test if it is still running.
func startManager(t *testing.T, endpoint string) *manager {
	t.Helper()
	addresses, err := testcluster.FreeAddresses(2)
	if err != nil {
		t.Fatal(err)
	}
	m := launch(t, kubeconfigOf(t, managerNamespace, managerName), endpoint,
		"--leader-elect", "--leader-election-namespace="+managerNamespace,
		"--metrics-bind-address="+addresses[1], "--health-probe-bind-address="+addresses[0])
	m.probes, m.metrics = addresses[0], addresses[1]
	return m
}

// launch starts a manager with these flags, and with those that make it quick.
func launch(t *testing.T, kubeconfig, endpoint string, flags ...string) *manager {
	t.Helper()
	m := &manager{exited: make(chan struct{})}
	m.cmd = exec.Command(cluster.manager, append(slices.Clone(flags),
		"--poll-interval=100ms", "--resync-interval=1s", "--traffic-propagation=100ms", "--aws-call-rate=100",
		"--metric-period="+metricPeriod.String(), "--metric-delay="+(3*metricPeriod).String(), "--webhook-allowed-cidrs=127.0.0.0/8")...)
	m.cmd.Env = []string{
		"KUBECONFIG=" + kubeconfig, "HOME=" + t.TempDir(),
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
	}
	m.cmd.Stderr = &m.log
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(m.exited)
		_ = m.cmd.Wait() // its exit code is in ProcessState
	}()
	t.Cleanup(func() {
		m.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("manager %d:\n%s", m.cmd.Process.Pid, tail(m.log.Bytes(), 5000))
		}
	})
	return m
}

// end sends a signal and returns the process's exit code, -1 after a SIGKILL.
func (m *manager) end(signal os.Signal) int {
	_ = m.cmd.Process.Signal(signal) // it may have ended before
	<-m.exited
	return m.cmd.ProcessState.ExitCode()
}

// kubeconfigOf writes a kubeconfig with a token of a service account.
func kubeconfigOf(t *testing.T, namespace, name string) string {
	t.Helper()
	config := clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"e2e": {Server: cluster.Config.Host, CertificateAuthorityData: cluster.Config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {Token: tokenOf(t, namespace, name)}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: "e2e", AuthInfo: name}},
		CurrentContext: name,
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// tokenOf has the API server issue a token of a service account.
func tokenOf(t *testing.T, namespace, name string) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	token := &authenticationv1.TokenRequest{}
	if err := cluster.Client.SubResource("token").Create(t.Context(), account, token); err != nil {
		t.Fatal(err)
	}
	return token.Status.Token
}

// get makes a request with a bearer token, if it isn't "".
func get(url, token string) (status int, body string, err error) {
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	// The manager's certificate is self-signed.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	read, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(read), err
}

// tail is the end of a long text.
func tail(text []byte, n int) []byte { return text[max(0, len(text)-n):] }

// TestUsage: a flag that can't be read ends the program with its usage.
func TestUsage(t *testing.T) {
	g := gomega.NewWithT(t)
	out, err := exec.Command(cluster.manager, "--poll-interval=often").CombinedOutput()
	exit, ended := errors.AsType[*exec.ExitError](err)
	g.Expect(ended).To(gomega.BeTrue())
	g.Expect(exit.ExitCode()).To(gomega.Equal(2))
	for _, flag := range documented(t, "## The manager", `--([a-z-]+)`) {
		g.Expect(string(out)).To(gomega.ContainSubstring("\n  -"+flag), "docs/operations.md tells of a flag that isn't there")
	}
}

// documented reads the names in the first column of a table in
// docs/operations.md.
func documented(t *testing.T, heading, name string) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), heading)
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for _, m := range regexp.MustCompile("(?m)^\\| `"+name).FindAllStringSubmatch(section, -1) {
		names = append(names, m[1])
	}
	if len(names) == 0 {
		t.Fatalf("docs/operations.md has no table under %q", heading)
	}
	return names
}
