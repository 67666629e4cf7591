package controllers_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// A template that changes in the middle of a rollout: the candidate gives its
// traffic back before the next one is provisioned.
func TestSuperseded(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	w.roll(imd, "3")
	w.reached(imd, "1/3")
	w.until(imd, "revision 3", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Revision == "checkout-3" })
	w.release(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.removed("checkout-2")
	w.removed("checkout-1")
	effects := w.log.all()
	w.Expect(effects[:5]).To(gomega.Equal([]string{
		"CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "ModifyRule 1:90 2:10", "ModifyRule 1:100",
	}))
	w.Expect(effects[5:]).To(gomega.ConsistOf("DeleteStack checkout-2", "CreateStack checkout-3",
		"ModifyRule 1:90 3:10", "ModifyRule 1:50 3:50", "ModifyRule 3:100", "DeleteStack checkout-1"))
	w.happened(imd, "RollingBack: Returning traffic to checkout-1: spec.template changed")
}

// Going back to what serves takes traffic back and provisions nothing.
func TestTakenBack(t *testing.T) {
	w := running(t)
	imd := w.heldAt("2/3")
	effects := w.log.all()
	w.roll(imd, "1")
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Revision).To(gomega.Equal("checkout-1"))
	w.removed("checkout-2")
	w.did(append(effects, "ModifyRule 1:100", "DeleteStack checkout-2")...)
}

// A template that changes before anything serves is replaced too.
func TestSupersededBeforeTheFirst(t *testing.T) {
	w := running(t)
	imd := w.deployment("unhealthy")
	w.create(imd)
	w.reaches("checkout-1", v1alpha1.RevisionCreating) // Provisioning is told a pass before, while the mark is remembered
	w.roll(imd, "1")
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Revision).To(gomega.Equal("checkout-2"))
	w.removed("checkout-1")
	w.Expect(w.route()).To(gomega.Equal("2:100"))
}

// A number whose stack exists isn't given: someone else's stack is neither used
// nor in the way.
func TestNumberOfAForeignStack(t *testing.T) {
	w := newWorld(t)
	imd := w.deployment("1")
	w.create(imd)
	w.takeName(template.StackName(w.namespace, imd.Name, string(imd.UID), 1))
	w.start()
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Revision).To(gomega.Equal("checkout-2"))
	w.did("CreateStack checkout-2", "CreateRule 2:100")
}

// A stack of someone else that takes the name meanwhile is neither used nor
// deleted.
func TestForeignStack(t *testing.T) {
	w := newWorld(t)
	imd := w.deployment("1")
	w.create(imd)
	var hold atomic.Bool
	hold.Store(true)
	w.startAs(&setup{refuse: func(r *http.Request) bool {
		return hold.Load() && r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "immutablerevisions")
	}})
	w.Eventually(w.revisions).Should(gomega.HaveLen(1))
	name := template.StackName(w.namespace, imd.Name, string(imd.UID), 1)
	w.takeName(name)
	hold.Store(false)
	now := w.eventually(imd, v1alpha1.PhaseFailed)
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("A stack named " + name + " exists"))
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.did()
	w.Expect(w.sim.Stacks()[1].Status).To(gomega.Equal("CREATE_COMPLETE"))
}

// takeName has others make a stack of a name.
func (w *world) takeName(name string) {
	w.t.Helper()
	_, err := w.others.cfn.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName: aws.String(name), TemplateBody: aws.String(`{"Resources":{"Logs":{"Type":"AWS::Logs::LogGroup"}}}`),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Eventually(func() string { return w.sim.Stacks()[1].Status }).Should(gomega.Equal("CREATE_COMPLETE"))
	w.foreign.all = inventory(w.sim.Snapshot(), false)
}

// A stack that someone deletes while it's being created is a failed one.
func TestStackDeletedOutside(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.roll(imd, "unhealthy")
	w.Eventually(func() []string { return w.stacksOf("2") }).Should(gomega.Equal([]string{"CREATE_IN_PROGRESS"}))
	w.Eventually(func() string { return w.revisions()[1].Status.StackID }).ShouldNot(gomega.BeEmpty())
	_, err := w.others.cfn.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String(w.revisions()[1].Spec.StackName)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("Someone else deleted the stack"))
	w.removed("checkout-2")
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	w.Expect(w.stacksOf("2")).To(gomega.HaveLen(1))
}
