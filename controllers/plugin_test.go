package controllers_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/plugin"
)

// kubeconfig writes one for the tests' cluster.
func (w *world) kubeconfig() string {
	w.t.Helper()
	config := clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"it": {Server: apiServer.Host, CertificateAuthorityData: apiServer.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"it": {ClientCertificateData: apiServer.CertData, ClientKeyData: apiServer.KeyData}},
		Contexts:       map[string]*clientcmdapi.Context{"it": {Cluster: "it", AuthInfo: "it", Namespace: w.namespace}},
		CurrentContext: "it",
	}
	body, err := clientcmd.Write(config)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	path := filepath.Join(w.t.TempDir(), "kubeconfig")
	w.Expect(os.WriteFile(path, body, 0o600)).To(gomega.Succeed())
	return path
}

// People steer a rollout by the plugin of kubectl, and the controller answers.
func TestPlugin(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	kubeconfig := w.kubeconfig()
	viridian := func(code int, want string, args ...string) {
		t.Helper()
		var out, errOut bytes.Buffer
		got := plugin.Main(t.Context(), append([]string{"kubectl-viridian", "--kubeconfig", kubeconfig}, args...), strings.NewReader(""), &out, &errOut)
		text := out.String() + errOut.String()
		w.Expect(text).To(gomega.ContainSubstring(want))
		w.Expect(got).To(gomega.Equal(code), text)
	}
	viridian(plugin.ExitUndecided, "▶ Step 1  10%", "status", "checkout")
	viridian(plugin.ExitOK, "Carrying out viridian.dev/promote=checkout-2.2/1", "promote", "checkout", "--timeout", "0")
	w.reached(imd, "2/3")
	viridian(plugin.ExitFailed, "step 1 is not under way, step 2 is", "promote", "checkout", "--step", "1", "--timeout", "0")
	viridian(plugin.ExitOK, "Paused", "pause", "checkout", "--timeout", "0")
	viridian(plugin.ExitOK, "spec.paused is true", "why", "checkout")
	viridian(plugin.ExitOK, "step 2/3", "resume", "checkout", "--timeout", "0")
	viridian(plugin.ExitOK, "Carrying out viridian.dev/abort=checkout-2.2", "abort", "checkout", "--timeout", "0")
	viridian(plugin.ExitNotServing, "RolledBack", "watch", "checkout")
	viridian(plugin.ExitFailed, "no rollout of "+w.namespace+"/checkout is under way", "abort", "checkout")
	viridian(plugin.ExitOK, "checkout-2.2  Aborted", "history", "checkout")
	viridian(plugin.ExitOK, "Carrying out viridian.dev/retry=checkout-2.2", "retry", "checkout", "--timeout", "0")
	w.reached(imd, "1/3")
	viridian(plugin.ExitOK, "checkout-1 → checkout-2", "diff", "checkout")
	viridian(plugin.ExitOK, "spec.template is that of checkout-1 now", "undo", "checkout", "--timeout", "0")
	viridian(plugin.ExitOK, "checkout-1 serves all traffic", "watch", "checkout")
	viridian(plugin.ExitOK, "Superseded", "history", "checkout")
	w.Expect(w.get(imd).Status.StableRevision).To(gomega.Equal("checkout-1"))
	w.Expect(w.get(imd).Status.LatestRevision).To(gomega.Equal(int64(2)), "undo made a new revision")
	w.Expect(w.get(imd).Status.Phase).To(gomega.Or(gomega.Equal(v1alpha1.PhaseComplete), gomega.Equal(v1alpha1.PhaseCleaningUp)))
}
