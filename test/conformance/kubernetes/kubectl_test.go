package kubernetes_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// TestExplain: kubectl explain has a description of every field of both kinds.
func TestExplain(t *testing.T) {
	t.Parallel()
	count := 0
	compared(t, "kubectl explain: every field has a description", &count, "both kinds, spec and status")
	for plural, file := range map[string]string{
		"immutabledeployments": "config/crd/bases/deploy.viridian.dev_immutabledeployments.yaml",
		"immutablerevisions":   "config/crd/bases/deploy.viridian.dev_immutablerevisions.yaml",
	} {
		body, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		var crd struct {
			Spec struct {
				Versions []struct {
					Schema struct {
						OpenAPIV3Schema node `json:"openAPIV3Schema"`
					} `json:"schema"`
				} `json:"versions"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal(body, &crd); err != nil {
			t.Fatal(err)
		}
		all := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, part := range []string{"spec", "status"} {
			objects, fields := all.Properties[part].objects(plural + "." + part)
			count += fields
			for _, path := range objects {
				if out := kubectl(t, "explain", path); strings.Contains(out, "<no description>") || strings.Contains(out, "<empty>") {
					t.Errorf("kubectl explain %s:\n%s", path, out)
				}
			}
		}
	}
}

// node of a schema.
type node struct {
	Properties map[string]node `json:"properties"`
	Items      *node           `json:"items"`
}

// objects returns the paths of everything that has fields, and the number of
// fields.
func (n node) objects(path string) (paths []string, fields int) {
	if n.Items != nil {
		return n.Items.objects(path)
	}
	if len(n.Properties) == 0 {
		return nil, 0
	}
	paths, fields = []string{path}, len(n.Properties)
	for name, inner := range n.Properties {
		more, count := inner.objects(path + "." + name)
		paths, fields = append(paths, more...), fields+count
	}
	return paths, fields
}

// TestKubectl runs the commands of docs/operations.md.
func TestKubectl(t *testing.T) {
	t.Parallel()
	count := 0
	compared(t, "kubectl: apply, wait, get, describe, scale, patch, annotate, delete", &count, "on one deployment, as documented")
	s := newStory(t, "typed")
	in := func(args ...string) string {
		count++
		return kubectl(t, append([]string{"-n", s.namespace}, args...)...)
	}
	in("apply", "--server-side", "-f", s.write(s.canary("1")))
	in("wait", "--for=condition=Ready", "imd/checkout", "--timeout=120s")
	golden(t, "get.golden", in("get", "imd,imr"))
	wide := stackNames.ReplaceAllString(in("get", "imd,imr", "-o", "wide"), "viridian-typed-checkout-$1-XXXXXXXX")
	golden(t, "get-wide.golden", logGroups.ReplaceAllString(wide, "LogGroup-XXXXXXXXXXXX"))

	described := spaces.ReplaceAllString(in("describe", "imd", "checkout"), " ")
	for _, want := range []string{"Type: Ready", "Phase: Complete", "Weight: 100", "Message: checkout-1 serves all traffic", "viridian checkout-1 serves all traffic"} {
		s.Expect(described).To(gomega.ContainSubstring(want))
	}
	in("scale", "imd", "checkout", "--replicas=3")
	in("wait", "imd/checkout", "--for=jsonpath={.status.runningCount}=3", "--timeout=120s")
	s.Expect(in("get", "imd", "checkout", "--subresource=scale", "-o", "jsonpath={.spec.replicas} {.status.replicas}")).To(gomega.Equal("3 3"))
	s.Expect(s.live().GetGeneration()).To(gomega.Equal(int64(2)))
	s.phase(v1alpha1.PhaseComplete)
	s.Expect(in("get", "imr", "-o", "name")).To(gomega.Equal("immutablerevision.deploy.viridian.dev/checkout-1\n"), "scaling made a revision")

	in("patch", "imd", "checkout", "--type=json", "-p", `[{"op":"replace","path":"/spec/template/containers/0/image","value":"`+image("2")+`"}]`)
	in("wait", "imd/checkout", "--for=jsonpath={.status.blockedBy.reason}=AwaitingApproval", "--timeout=120s")
	s.remedy(in("get", "imd", "checkout", "-o", "jsonpath={.status.blockedBy.remedy}"))
	s.holding("2/3")
	in("patch", "imd", "checkout", "--type", "merge", "-p", `{"spec":{"paused":true}}`)
	in("wait", "imd/checkout", "--for=jsonpath={.status.phase}=Paused", "--timeout=120s")
	in("patch", "imd", "checkout", "--type", "merge", "-p", `{"spec":{"paused":false}}`)
	in("annotate", "imd", "checkout", "--overwrite", "viridian.dev/promote=checkout-2/full")
	in("wait", "imd/checkout", "--for=condition=Ready", "--timeout=120s")
	in("wait", "imr/checkout-1", "--for=jsonpath={.status.phase}=Removed", "--timeout=120s")
	s.Expect(in("delete", "imd", "checkout", "--timeout=120s")).To(gomega.ContainSubstring("deleted"))
	s.Expect(in("get", "imd,imr", "-o", "name")).To(gomega.BeEmpty())
}

// remedy runs the first command in status.blockedBy.remedy.
func (s *story) remedy(text string) {
	s.t.Helper()
	_, command, found := strings.Cut(text, "To go on: kubectl ")
	s.Expect(found).To(gomega.BeTrue(), text)
	command, _, _ = strings.Cut(command, ";")
	kubectl(s.t, strings.Fields(command)...)
}

var spaces = regexp.MustCompile(`\s+`)

// stackNames end in a hash of the UID, log groups' names at random.
var (
	stackNames = regexp.MustCompile(`viridian-typed-checkout-(\d+)-[0-9a-f]{8}`)
	logGroups  = regexp.MustCompile(`LogGroup-[0-9a-f]{12}`)
)

// TestWatch: kubectl get -w shows a whole rollout.
func TestWatch(t *testing.T) {
	t.Parallel()
	count := 0
	compared(t, "kubectl get imd -w of rollouts", &count, "lines of testdata/watch.golden")
	s := newStory(t, "watched")
	lines := s.watch()
	imd := s.canary("1")
	imd.Spec.Rollback.KeepOldSeconds = new(int32(10)) // long enough to be seen on a busy machine
	for i := range imd.Spec.Strategy.Canary.Steps {
		imd.Spec.Strategy.Canary.Steps[i] = v1alpha1.CanaryStep{Weight: int32(10 + 40*i), HoldSeconds: new(int32(1))}
	}
	s.create(imd)
	s.phase(v1alpha1.PhaseComplete)
	s.roll("2")
	s.ended(v1alpha1.OutcomePromoted, 2)
	s.roll("crash")
	s.phase(v1alpha1.PhaseRolledBack)
	s.Eventually(lines).Should(gomega.ContainElement(gomega.ContainSubstring("RolledBack")))
	// A first revision bakes only until the rule is in effect, which a busy
	// machine may not see.
	seen := slices.DeleteFunc(lines(), func(line string) bool { return strings.Contains(line, "Baking         1/1") })
	count = len(seen)
	golden(t, "watch.golden", strings.Join(seen, "\n")+"\n")
}

// watch runs kubectl get -w in the story's namespace. The returned function
// returns the lines so far, without those that differ only in the age.
func (s *story) watch() func() []string {
	s.t.Helper()
	cmd := cluster.Command(s.t.Context(), "kubectl", "get", "imd", "-w", "-n", s.namespace)
	out, err := cmd.StdoutPipe()
	s.Expect(err).NotTo(gomega.HaveOccurred())
	s.Expect(cmd.Start()).To(gomega.Succeed())
	var mu sync.Mutex
	var seen []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			mu.Lock()
			seen = append(seen, ageless(scanner.Text()))
			mu.Unlock()
		}
	}()
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it runs until then
		<-done
		_ = cmd.Wait() // it was killed
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Compact(slices.Clone(seen))
	}
}

var ages = regexp.MustCompile(`\b(\d+(s|m|m\d+s)|AGE)\b *`)

// ageless replaces ages, and the spaces that depend on how long they are.
func ageless(line string) string {
	return strings.TrimRight(ages.ReplaceAllString(line, "AGE   "), " ")
}

// golden compares with a file in testdata; -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	var body bytes.Buffer
	for line := range strings.Lines(got) {
		body.WriteString(ageless(strings.TrimRight(line, "\n")) + "\n")
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if diff := cmp.Diff(string(want), body.String()); diff != "" || err != nil {
		t.Errorf("%s (-want +got): %v\n%s", path, err, diff)
	}
}

// TestManifests: kubectl builds every kustomization of config/, and the API
// server admits it.
func TestManifests(t *testing.T) {
	t.Parallel()
	count := 0
	compared(t, "kubectl apply --dry-run=server of every kustomization of config", &count, "")
	for _, namespace := range []string{"argocd", "shop"} { // which users of these have
		kubectl(t, "create", "namespace", namespace)
	}
	var paths []string
	for _, pattern := range []string{"*", "*/*"} {
		found, err := filepath.Glob(filepath.Join(root, "config", pattern, "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		count++
		t.Run(dir, func(t *testing.T) {
			kubectl(t, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-k", dir)
		})
	}
}
