package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
	"github.com/viridian-dev/viridian/test/testcluster"
)

// TestShip: the commands of docs/control.md ship a version. Those that wait for it end
// with 0 if it serves and with 1 if it doesn't, and what they print then can be typed.
func TestShip(t *testing.T) {
	w := newWorld(t, dataplane.Options{})
	w.imd = w.canary()
	w.imd.Namespace = "shipping"
	w.imd.Spec.Analysis, w.imd.Spec.Strategy = nil, v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
	w.sim.PutImage("checkout", "crash", "")
	manager := startManager(t, w.endpoint)
	w.ready(manager)
	w.create()
	w.eventually(v1alpha1.PhaseComplete)

	commands := shipping(t)
	w.Expect(commands).To(gomega.HaveLen(3), "docs/control.md patches, waits and tells the image")
	patch, wait, image := commands[0], commands[1], commands[2]
	w.types(0, patch)
	w.types(0, wait)
	w.Expect(w.types(0, image)).To(gomega.HavePrefix("checkout:2.2.0@sha256:"))

	bad := strings.Replace(patch, ":2.2.0", ":crash", 1)
	w.Expect(bad).NotTo(gomega.Equal(patch))
	w.types(0, bad)
	told := w.types(1, wait)
	w.Expect(told).To(gomega.ContainSubstring("checkout-3 failed and checkout-2 serves all traffic"))
	retry := regexp.MustCompile(`kubectl annotate imd .*viridian\.dev/retry=\S+`).FindString(told)
	w.Expect(retry).NotTo(gomega.BeEmpty(), told)
	w.types(0, retry)
	w.Eventually(func() string {
		if last := w.get().Status.LastRequest; last != nil {
			return last.Reason
		}
		return ""
	}).Should(gomega.Equal(v1alpha1.ReasonRequestAccepted), w.explain)
	w.Eventually(func() v1alpha1.RolloutCause { return w.get().Status.Rollout.Cause }).Should(gomega.Equal(v1alpha1.CauseRetry), w.explain)

	w.delete()
	w.Expect(manager.end(syscall.SIGTERM)).To(gomega.Equal(0))
}

// shipping are the commands of docs/control.md that ship a version, for the test's
// namespace and with less patience.
func shipping(t *testing.T) (commands []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "control.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Ship a new version\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1) {
		commands = append(commands, strings.NewReplacer("-n shop", "-n shipping", "--timeout=30s", "--timeout=3s").Replace(block[1]))
	}
	return commands
}

// types runs a script in a shell, which has to end with the status, and returns what
// it prints.
func (w *world) types(status int, script string) string {
	w.t.Helper()
	kubectl := cluster.Command(w.t.Context(), "kubectl")
	shell := exec.CommandContext(w.t.Context(), "sh", "-c", script)
	shell.Dir, shell.Env = w.t.TempDir(), append(kubectl.Env, "PATH="+filepath.Dir(kubectl.Path)+":/usr/bin:/bin")
	out, err := testcluster.Output(shell)
	got := 0
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		got = exit.ExitCode()
	} else if err != nil {
		w.t.Fatal(err)
	}
	w.Expect(got).To(gomega.Equal(status), "%s\n%s", script, out)
	return out
}
