package plugin

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/plugin/ask"
	"github.com/viridian-dev/viridian/internal/template"
)

const digest = "sha256:0f3a9c6b1d2e0f3a9c6b1d2e0f3a9c6b1d2e0f3a9c6b1d2e0f3a9c6b1d2e0f3a"

// revision makes an ImmutableRevision of the template that is in spec now.
func (w *world) revision(name string, number int64) {
	w.Helper()
	imd := w.get(name)
	pinned := *imd.Spec.Template.DeepCopy()
	c := &pinned.Containers[0]
	frozen := v1alpha1.FrozenRevision{
		TemplateHash: template.Hash(imd.Spec.Template), Template: pinned, TemplateBody: "{}",
		Images: []v1alpha1.FrozenImage{{Container: c.Name, Image: c.Image, Digest: digest}},
	}
	c.Image = template.PinImage(c.Image, digest)
	w.must(api.Client.Create(w.Context(), &v1alpha1.ImmutableRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name + "-" + string('0'+rune(number)), Labels: map[string]string{v1alpha1.LabelDeployment: name}},
		Spec:       v1alpha1.ImmutableRevisionSpec{Revision: number, StackName: "stack", StackState: v1alpha1.StackAbsent, Frozen: frozen},
	}))
}

// write changes spec as a pipeline does.
func (w *world) write(name string, edit func(*v1alpha1.ImmutableDeploymentSpec)) {
	w.Helper()
	imd := w.get(name)
	edit(&imd.Spec)
	w.must(api.Client.Update(w.Context(), imd))
}

func TestUndoAndDiff(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", underWay)
	w.revision("checkout", 1)
	before := w.get("checkout").Spec.Template
	w.write("checkout", func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers[0].Image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:2.2.0"
		s.Template.Containers[0].StopTimeout = new(int32(30))
	})
	w.revision("checkout", 2)

	w.expect(w.run("diff", "checkout"), ExitOK, "checkout-1 → checkout-2", "checkout:2.1.0@"+digest, "checkout:2.2.0@"+digest, "containers[app].stopTimeout\n    + 30")
	w.expect(w.run("diff", "checkout", "--from", "2", "--to", "1", "-o", "json"), ExitOK, `"from": "checkout-2"`)
	w.expect(w.run("diff", "checkout", "--from", "9"), ExitFailed, "there is no revision 9; there are checkout-1, checkout-2")
	w.expect(w.run("undo", "checkout", "--wait=false"), ExitFailed, "has not seen the last change of spec yet", "--to-revision")
	w.expect(w.run("undo", "checkout", "--to-revision", "7"), ExitFailed, "there is no revision 7")
	w.expect(w.run("undo", "checkout", "--to-revision", "2"), ExitOK, "spec.template is that of checkout-2 already")

	w.update("checkout", func(imd *v1alpha1.ImmutableDeployment) { imd.Status.ObservedGeneration = imd.Generation })
	wait := w.controller("checkout", func(imd *v1alpha1.ImmutableDeployment) (bool, bool) {
		if imd.Status.ObservedGeneration == imd.Generation {
			return false, false
		}
		imd.Status.ObservedGeneration = imd.Generation
		return true, true
	})
	w.expect(w.run("undo", "checkout", "--timeout", "0"), ExitOK, "spec.template is that of checkout-1 now", "Shifting")
	wait()
	now := w.get("checkout")
	if template.Hash(now.Spec.Template) != template.Hash(before) {
		t.Errorf("undone to %+v", now.Spec.Template)
	}
	w.managed("checkout", `"f:image"`)
}

// Whoever applies from Git brings it back, and is named.
func TestUndoUnderGit(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", underWay)
	w.revision("checkout", 1)
	imd := w.get("checkout")
	imd.Spec.Template.CPU = "1024"
	imd.Spec.Template.Memory = "2048"
	w.must(api.Client.Update(t.Context(), imd, client.FieldOwner("argocd-controller")))
	if ask.ApplierOf(w.get("checkout")) == "" {
		t.Fatal("nobody applies it")
	}
	got := w.run("undo", "checkout", "--to-revision", "1", "--wait=false")
	w.expect(got, ExitOK, "Argo CD applies spec.template, and brings it back")
	if !strings.Contains(got.err, "Argo CD") {
		t.Errorf("the warning isn't on the standard error: %s", got.out)
	}
	// What changed since it was read isn't overwritten.
	w.expect(w.run("undo", "checkout", "--to-revision", "1"), ExitOK, "already")
}
