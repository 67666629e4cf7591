package controllers_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
)

// withdraw removes an annotation, as Flux does with what isn't in Git.
func (w *world) withdraw(imd *v1alpha1.ImmutableDeployment, annotation string) {
	w.t.Helper()
	now := w.get(imd)
	patch := client.MergeFrom(now.DeepCopy())
	delete(now.Annotations, annotation)
	w.Expect(w.client.Patch(w.ctx, now, patch)).To(gomega.Succeed())
}

// A request is remembered while AWS refuses all calls, and is carried out once it
// doesn't, although its annotation is gone by then.
func TestRequestOutlivesItsAnnotation(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	end := w.sim.Faults.Add(awssim.Fault{Effect: awssim.AccessDenied})
	w.blocked(imd, v1alpha1.ReasonAccessDenied)
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	now := w.until(imd, "the request", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Waiting != nil })
	w.Expect(now.Status.LastRequest.Reason).To(gomega.Equal(v1alpha1.ReasonRequestWaiting))
	w.Expect(now.Status.LastRequest.Message).To(gomega.ContainSubstring("AWS refused "))
	w.happened(imd, "RequestWaiting: Heard viridian.dev/abort=checkout-2")
	w.withdraw(imd, v1alpha1.AnnotationAbort)
	end()
	now = w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeAborted))
	w.Expect(now.Status.Waiting).To(gomega.BeNil())
	w.Expect(now.Status.LastRequest.Request).To(gomega.Equal("viridian.dev/abort=checkout-2"))
	w.Expect(now.Status.LastRequest.Reason).To(gomega.Equal(v1alpha1.ReasonRequestAccepted))
	w.happened(imd, "RequestAccepted: Carrying out viridian.dev/abort=checkout-2")
}

// Requests under a rule that others changed are answered, and so is one that is
// misspelled.
func TestRequestsInDriftAreAnswered(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.groupOf("checkout-1"): 100})
	w.blocked(imd, v1alpha1.ReasonRouteDrifted)
	w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/1", "viridian.dev/abrot", "checkout-2")
	w.happened(imd, "RequestAccepted: Carrying out viridian.dev/promote=checkout-2/1, once the production rule routes as it should again")
	w.happened(imd, "RequestIgnored: Ignored viridian.dev/abrot: ")
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-7")
	w.happened(imd, "RequestIgnored: Ignored viridian.dev/abort=checkout-7: it doesn't name the current rollout. To abort: kubectl annotate imd checkout")
	now := w.until(imd, "the answer", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.LastRequest != nil && s.LastRequest.Request == "viridian.dev/abort=checkout-7"
	})
	w.obey(imd, v1alpha1.AnnotationAbort, now.Status.LastRequest.Message)
	w.eventually(imd, v1alpha1.PhaseRolledBack)
}

// Which version serves is told by tag and digest: by the deployment, by its
// history, and by the revision; and still after the tag in spec is another one.
func TestImagesAreTold(t *testing.T) {
	w := running(t)
	imd := w.serving()
	now := w.get(imd)
	digest := w.revision("checkout-1").Spec.Frozen.Images[0].Digest
	w.Expect(digest).To(gomega.MatchRegexp(`^sha256:[0-9a-f]{64}$`))
	short := "checkout:1@" + digest[:len("sha256:")+12]
	w.Expect(now.Status.Image).To(gomega.Equal(short))
	w.Expect(now.Status.Images).To(gomega.Equal([]v1alpha1.RunningImage{{Revision: "checkout-1", Container: "app", Image: image("1"), Digest: digest}}))
	w.Expect(now.Status.History[0].Image).To(gomega.Equal(image("1") + "@" + digest))
	w.Expect(w.revision("checkout-1").Status.Image).To(gomega.Equal(short))
	w.roll(imd, "crash")
	now = w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Spec.Template.Containers[0].Image).To(gomega.Equal(image("crash")))
	w.Expect(now.Status.Image).To(gomega.Equal(short))
	w.Expect(now.Status.History[0].Image).To(gomega.HavePrefix(image("crash") + "@sha256:"))
}

// The logs of a revision that failed can be read for an hour: its log group is
// named, and stays with its stack. Its tasks are stopped meanwhile.
func TestLogsOfFailedRevision(t *testing.T) {
	t.Parallel()
	byDefault := func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepFailedSeconds = nil }
	for name, c := range map[string]struct {
		fail  func(*world, *v1alpha1.ImmutableDeployment)
		tasks bool
	}{
		"failed creation": {func(w *world, imd *v1alpha1.ImmutableDeployment) { w.roll(imd, "crash") }, false},
		"lost health": {func(w *world, imd *v1alpha1.ImmutableDeployment) {
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, 0) })
			w.roll(imd, "2")
			w.reached(imd, "1/3")
			w.others.spoil(w, w.groupOf("checkout-2"))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(byDefault)
			w.Expect(w.sim.Snapshot().LogGroups).To(gomega.ContainElement(w.revision("checkout-1").Status.LogGroup))
			c.fail(w, imd)
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			group := w.revision("checkout-2").Status.LogGroup
			w.Expect(w.sim.Snapshot().LogGroups).To(gomega.ContainElement(group))
			w.Expect(readyMessage(now)).To(gomega.ContainSubstring("its logs: aws logs tail " + group + " --since 3h --region eu-west-1"))
			if c.tasks {
				w.Eventually(w.log.all).Should(gomega.ContainElement("UpdateService checkout-2 desiredCount=0"))
			}
			w.Expect(w.stacksOf("2")).NotTo(gomega.ContainElement("DELETE_COMPLETE"))
			w.skip(time.Hour)
			w.removed("checkout-2")
			w.Expect(w.revision("checkout-2").Status.LogGroup).To(gomega.BeEmpty())
			w.Expect(w.sim.Snapshot().LogGroups).NotTo(gomega.ContainElement(group))
			w.Expect(meta.IsStatusConditionTrue(w.get(imd).Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeTrue())
		})
	}
}

// What happens to a deployment is told in the log, one line each; and a call that
// AWS doesn't answer is no error there.
func TestLog(t *testing.T) {
	w := newWorld(t)
	s := &setup{lines: &lines{}}
	w.startAs(s)
	imd := w.heldAt("1/3")
	end := w.sim.Faults.Add(awssim.Fault{Effect: awssim.AccessDenied})
	w.blocked(imd, v1alpha1.ReasonAccessDenied)
	end()
	w.until(imd, "access", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.BlockedBy == nil })
	end = w.sim.Faults.Add(awssim.Fault{Effect: awssim.ServerError})
	w.blocked(imd, v1alpha1.ReasonAWSUnavailable)
	end()
	rule, _ := w.production()
	w.others.setRoute(w, rule.RuleArn, map[string]int32{w.groupOf("checkout-1"): 100})
	w.blocked(imd, v1alpha1.ReasonRouteDrifted)
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	all := s.lines.all()
	for _, want := range []string{
		`"msg"="Rollout started"|"rollout"="checkout-1.1" "revision"=1 "from"=0 "cause"="Template" "image"="` + image("1") + `"`,
		`"msg"="New revision is healthy"|"rollout"="checkout-2.2" "seconds"=`,
		`"msg"="Step reached"|"rollout"="checkout-2.2" "step"="1/3" "weight"=10`,
		`"msg"="Outcome decided"|"rollout"="checkout-1.1" "outcome"="Promoted"`,
		`"msg"="Blocked"|"reason"="AccessDenied" "message"="AWS refused `,
		`"msg"="No longer blocked"|"reason"="AccessDenied"`,
		`"msg"="Blocked"|"reason"="AWSUnavailable"`,
		`"msg"="Changed by someone else"|"message"="The production rule was changed: `,
		`"msg"="Request answered"|"request"="viridian.dev/abort=checkout-2" "reason"="RequestAccepted"`,
		`"msg"="Outcome decided"|"rollout"="checkout-2.2" "outcome"="Aborted" "reason"="Aborted"`,
		`"msg"="Rollout finished"|"rollout"="checkout-2.2" "outcome"="Aborted"`,
		`"msg"="Deletion started"`,
		`"msg"="Stack changed its phase"|"phase"="Created" "stack"="`,
		`"msg"="Trying again: AWS does not answer"`,
	} {
		message, values, _ := strings.Cut(want, "|") // between them is which object it is
		w.Expect(all).To(gomega.ContainElement(gomega.And(gomega.ContainSubstring(message), gomega.ContainSubstring(values))))
	}
	errors := slices.DeleteFunc(all, func(l string) bool { return !strings.Contains(l, `"error"=`) })
	w.Expect(errors).To(gomega.BeEmpty())
}
