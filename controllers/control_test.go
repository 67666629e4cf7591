package controllers_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
)

// request sets an annotation of a deployment, as kubectl annotate --overwrite
// does. Values go by pairs of annotation and value.
func (w *world) request(imd *v1alpha1.ImmutableDeployment, pairs ...string) {
	w.t.Helper()
	now := w.get(imd)
	patch := client.MergeFrom(now.DeepCopy())
	if now.Annotations == nil {
		now.Annotations = map[string]string{}
	}
	for i := 0; i < len(pairs); i += 2 {
		now.Annotations[pairs[i]] = pairs[i+1]
	}
	w.Expect(w.client.Patch(w.ctx, now, patch)).To(gomega.Succeed())
}

var annotateCommand = regexp.MustCompile(`kubectl annotate imd (\S+) -n (\S+) --overwrite --field-manager=oncall (viridian\.dev/[a-z]+)=([^\s;]+)`)

// obey does what the first command in a text does that sets the annotation.
func (w *world) obey(imd *v1alpha1.ImmutableDeployment, annotation, text string) {
	w.t.Helper()
	for _, m := range annotateCommand.FindAllStringSubmatch(text, -1) {
		if m[3] == annotation {
			w.Expect(m[1:3]).To(gomega.Equal([]string{imd.Name, imd.Namespace}))
			w.request(imd, m[3], m[4])
			return
		}
	}
	w.t.Fatalf("No command for %s in %q", annotation, text)
}

// readyMessage is what a person reads of a state.
func readyMessage(imd *v1alpha1.ImmutableDeployment) string {
	if ready := meta.FindStatusCondition(imd.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Message
	}
	return ""
}

// looks waits until managers have looked at the account a few times more.
func (w *world) looks() {
	w.t.Helper()
	w.sim.ResetCalls()
	w.Eventually(func() int { return w.sim.CallCounts()["elasticloadbalancing:DescribeRules"] }).Should(gomega.BeNumerically(">", 4))
}

// send takes one request through the load balancer, with headers by pairs of
// name and value.
func (w *world) send(headers ...string) dataplane.Response {
	r := httptest.NewRequest(http.MethodGet, "http://checkout.example.com/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.sim.Route(w.listener, r)
}

func TestPromoteStep(t *testing.T) {
	w := newWorld(t)
	first := w.start()
	imd := w.heldAt("1/3")
	w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/1")
	w.reached(imd, "2/3")
	effects := w.log.all()

	// The same annotation means nothing to the next step or manager.
	first.stop()
	w.start()
	w.looks()
	w.Expect(w.get(imd).Status.Step).To(gomega.Equal("2/3"))
	w.did(effects...)
	w.happened(imd, "RequestAccepted: Carrying out viridian.dev/promote=checkout-2/1")

	w.request(imd, v1alpha1.AnnotationPromote, w.get(imd).Status.Rollout.ID+"/2")
	now := w.reached(imd, "3/3")
	w.Expect(now.Status.Phase).To(gomega.Or(gomega.Equal(v1alpha1.PhaseShifting), gomega.Equal(v1alpha1.PhaseBaking)))
	w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/3") // ends the time to return, too
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.did(canaryEffects...)
}

func TestPromoteFull(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/full")
	w.eventually(imd, v1alpha1.PhaseBaking)
	w.Expect(w.route()).To(gomega.Equal("2:100"))
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.skip(forever * time.Second)
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeFastPromoted))
	w.did("CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "ModifyRule 1:90 2:10", "ModifyRule 2:100", "DeleteStack checkout-1")
}

// A step that waits for approval says how to give it, and that works.
func TestApproval(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = canary(0, 0)
		s.Strategy.Canary.Steps[0].Approval = v1alpha1.ApprovalManual
	})
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonAwaitingApproval)
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePaused))
	w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
	w.Expect(now.Status.BlockedBy.Since.IsZero()).To(gomega.BeFalse())
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeFalse())
	w.skip(2 * 86400 * time.Second) // nobody's deadline
	w.looks()
	w.Expect(w.get(imd).Status.Step).To(gomega.Equal("1/3"))
	w.obey(imd, v1alpha1.AnnotationPromote, now.Status.BlockedBy.Remedy)
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.did(canaryEffects...)
}

// Blue/green with a preview: only requests with the header reach the new
// revision before someone approves it.
func TestPreview(t *testing.T) {
	t.Parallel()
	for name, blueGreen := range map[string]v1alpha1.BlueGreen{
		"until approval":    {Approval: v1alpha1.ApprovalManual},
		"for a time":        {PreviewSeconds: new(int32(forever))},
		"for both of these": {PreviewSeconds: new(int32(60)), Approval: v1alpha1.ApprovalManual},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
				s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen, BlueGreen: &blueGreen}
			})
			w.roll(imd, "2")
			now := w.reached(imd, "1/2")
			if blueGreen.Approval != "" {
				now = w.blocked(imd, v1alpha1.ReasonAwaitingApproval)
			}
			w.Expect(now.Status.Weight).To(gomega.HaveValue(gomega.BeZero()))
			for range 20 {
				for _, number := range []string{"1", "2"} {
					answer := w.send(v1alpha1.PreviewHeader, w.token("checkout-"+number))
					w.Expect(answer.Status).To(gomega.Equal(http.StatusOK))
					w.Expect(answer.TargetGroupARN).To(gomega.Equal(w.groupOf("checkout-" + number)))
				}
				w.Expect(w.send().TargetGroupARN).To(gomega.Equal(w.groupOf("checkout-1")))
			}
			w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/1")
			w.eventually(imd, v1alpha1.PhaseComplete)
			w.did("CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "ModifyRule 2:100", "DeleteStack checkout-1")
		})
	}
}

// An abort gives traffic back and holds until someone asks for another try.
func TestAbortAndRetry(t *testing.T) {
	w := newWorld(t)
	first := w.start()
	imd := w.heldAt("2/3")
	effects := w.log.all()
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeAborted))
	w.Expect(now.Status.History[0].Request).To(gomega.HavePrefix(v1alpha1.AnnotationAbort + "=checkout-2"))
	w.removed("checkout-2")
	effects = append(effects, "ModifyRule 1:100", "DeleteStack checkout-2")
	w.did(effects...)

	// Neither a restart nor the same template applied again is a reason.
	first.stop()
	w.start()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = canary(0, 0)
		s.Rollback.KeepOldSeconds = new(int32(0))
	})
	w.looks()
	now = w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeTrue())
	w.did(effects...)

	w.obey(imd, v1alpha1.AnnotationRetry, readyMessage(now))
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Revision).To(gomega.Equal("checkout-2"))
	w.Expect(now.Status.Rollout.Cause).To(gomega.Equal(v1alpha1.CauseRetry))
	w.Expect(now.Status.Rollout.ID).To(gomega.Equal("checkout-2.3"))
	w.did(append(effects, "CreateStack checkout-2", "ModifyRule 1:90 2:10", "ModifyRule 1:50 2:50", "ModifyRule 2:100", "DeleteStack checkout-1")...)
	w.Expect(w.revisions()[1].Status.Attempts).To(gomega.Equal(int32(2)))
}

// What is stale or malformed changes nothing, and people are told why.
func TestIgnoredRequests(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	before, effects := w.get(imd), w.log.all()
	for _, c := range []struct{ annotation, value, why string }{
		{v1alpha1.AnnotationPromote, "checkout-1/full", "it doesn't name the current rollout"},
		{v1alpha1.AnnotationPromote, "checkout-2.1/1", "it doesn't name the current rollout"},
		{v1alpha1.AnnotationPromote, "checkout-2/2", "step 2 is not under way, step 1 is"},
		{v1alpha1.AnnotationPromote, "checkout-2", "it must read checkout-2/<step>, checkout-2/full, or checkout-2/<gate>"},
		{v1alpha1.AnnotationPromote, "yes", "it doesn't name the current rollout"},
		{v1alpha1.AnnotationAbort, "checkout-3", "it doesn't name the current rollout"},
		{v1alpha1.AnnotationRetry, "checkout-2", "it names no rollout that failed or was aborted"},
	} {
		w.request(imd, c.annotation, c.value)
		w.happened(imd, "RequestIgnored: Ignored "+c.annotation+"="+c.value+": "+c.why)
	}
	long := strings.Repeat("x", 5000)
	w.request(imd, v1alpha1.AnnotationPromote, long+"1", v1alpha1.AnnotationAbort, long)
	w.happened(imd, "RequestIgnored: Ignored viridian.dev/abort=xxx", "RequestIgnored: Ignored viridian.dev/promote=xxx")
	w.request(imd, v1alpha1.AnnotationPromote, "", v1alpha1.AnnotationAbort, "") // nothing is asked for
	w.until(imd, "nothing handled", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Handled.Promote == "" && s.Handled.Abort == ""
	})
	w.Expect(w.get(imd).Status.Rollout).To(gomega.Equal(before.Status.Rollout))
	w.did(effects...)
}

// While spec.paused is true nothing moves and no clock runs.
func TestPaused(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	before, effects := w.get(imd), w.log.all()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Paused = new(true)
		s.Strategy = canary(86400, 0) // minutes in this account, however busy the machine is
		s.Rollback.KeepOldSeconds = new(int32(0))
	})
	now := w.blocked(imd, v1alpha1.ReasonPaused)
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePaused))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(`"paused":false`))
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeFalse())
	frozen := 10 * 86400 * time.Second // far beyond the deadline and the hold
	w.skip(frozen)
	w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/full")
	w.happened(imd, "RequestIgnored: Ignored viridian.dev/promote=checkout-2/full: spec.paused is true")
	w.looks()
	w.did(effects...)

	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Paused = nil })
	now = w.until(imd, "going on", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.BlockedBy == nil && s.FrozenSince == nil })
	w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
	w.Expect(now.Status.Rollout.StepReachedAt.Time).To(gomega.BeTemporally(">=", before.Status.Rollout.StepReachedAt.Add(frozen)))
	w.Expect(now.Status.Rollout.ProgressedAt.Time).To(gomega.BeTemporally(">=", before.Status.Rollout.ProgressedAt.Add(frozen)))
	w.skip(86400 * time.Second)
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.did(canaryEffects...)
}

// Paused from the beginning, not even a revision is made.
func TestPausedAtFirst(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	imd.Spec.Paused = new(true)
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonPaused)
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePending))
	w.looks()
	w.Expect(w.revisions()).To(gomega.BeEmpty())
	w.did()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Paused = new(false) })
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// An abort is heard while paused, and a deletion isn't held up.
func TestLeavingWhilePaused(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*world, *v1alpha1.ImmutableDeployment){
		"aborted": func(w *world, imd *v1alpha1.ImmutableDeployment) {
			w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
			w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.removed("checkout-2")
			w.Expect(w.route()).To(gomega.Equal("1:100"))
		},
		"deleted": func(w *world, imd *v1alpha1.ImmutableDeployment) {
			w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
			w.gone(imd)
			w.nothingLeft()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.heldAt("1/3")
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Paused = new(true) })
			w.blocked(imd, v1alpha1.ReasonPaused)
			leave(w, imd)
		})
	}
}
