package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/stack"
	"github.com/viridian-dev/viridian/internal/template"
)

// save writes status if anything changed, and tells of it afterwards.
func (r *RevisionReconciler) save(ctx context.Context, imr *v1alpha1.ImmutableRevision, next *v1alpha1.ImmutableRevisionStatus, d stack.Decision) error {
	next.ObservedGeneration = imr.Generation
	next.Image = template.ShortImage(template.Version(&imr.Spec.Frozen))
	next.BlockedBy = r.blockedBy(imr.Status.BlockedBy, refusedBy(imr, next))
	if next.Phase == v1alpha1.RevisionCreated || imr.Spec.StackState != v1alpha1.StackPresent {
		next.FailedAttempts = 0
	}
	reason, message := d.Reason, d.Message
	failed := next.Phase == v1alpha1.RevisionFailed
	if failed {
		reason, message = failure(imr, next, d)
	}
	undeletable := next.Phase == v1alpha1.RevisionDeleteFailed && reason != v1alpha1.ReasonRetained // which is what to do then
	stalled := failed || undeletable || reason == v1alpha1.ReasonStackChanged
	set := conditionSetter{&next.Conditions, imr.Generation, r.Now()}
	set.ready(asItShallBe(d, reason), !stalled && !d.Settled, stalled, reason, message)
	return r.write(ctx, imr, next)
}

// refusedBy is what kept CloudFormation from creating the stack, or ECS from
// starting its tasks, until the next attempt has begun; nil if nothing did.
func refusedBy(imr *v1alpha1.ImmutableRevision, next *v1alpha1.ImmutableRevisionStatus) *rollout.Blocked {
	f := next.Failure
	tried := []v1alpha1.RevisionPhase{v1alpha1.RevisionCreated, v1alpha1.RevisionFailed}
	if !asksECS(imr) {
		tried = append(tried, v1alpha1.RevisionCreating) // else it is the attempt under way that is refused
	}
	if f == nil || f.Reason == "" || imr.Spec.StackState != v1alpha1.StackPresent || slices.Contains(tried, next.Phase) {
		return nil
	}
	what := "CloudFormation could not create the stack of"
	if (isExpress(imr) || next.Phase == v1alpha1.RevisionCreating) && (f.Reason == v1alpha1.ReasonCapacityUnavailable || f.Reason == v1alpha1.ReasonNetworkUnavailable) {
		what = "ECS could not start the tasks of"
	}
	return &rollout.Blocked{Reason: f.Reason, Remedy: f.Remedy, Message: fmt.Sprintf("%s %s: %s", what, imr.Name, f.Message)}
}

// failure tells why a stack failed: as it was told at first, if it was.
func failure(imr *v1alpha1.ImmutableRevision, next *v1alpha1.ImmutableRevisionStatus, d stack.Decision) (reason, message string) {
	reason, message = d.Reason, d.Message
	if next.Failure != nil {
		message = truncate(next.Failure.Message, failureLength) // as it is kept
	}
	was := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case was != nil && imr.Status.Phase == next.Phase:
		reason = was.Reason
	case reason == v1alpha1.ReasonProvisioning:
		reason = v1alpha1.ReasonInvalidSpec
	}
	return reason, message
}

// asItShallBe tells whether the stack is as spec.stackState asks: also when it
// shall be gone, and is.
func asItShallBe(d stack.Decision, reason string) bool {
	return reason == v1alpha1.ReasonStackCreated || reason == v1alpha1.ReasonRetained || d.Gone()
}

// write stores the status and announces a change of phase.
func (r *RevisionReconciler) write(ctx context.Context, imr *v1alpha1.ImmutableRevision, next *v1alpha1.ImmutableRevisionStatus) error {
	fitRevision(next)
	if equality.Semantic.DeepEqual(&imr.Status, next) {
		return nil
	}
	before := imr.Status.Phase
	told := meta.IsStatusConditionTrue(imr.Status.Conditions, v1alpha1.ConditionImagesMissing)
	imr.Status = *next
	if err := r.Client.Status().Update(ctx, imr); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	writeLog(ctx, stackLines(imr, before))
	if ready := meta.FindStatusCondition(next.Conditions, v1alpha1.ConditionReady); before != next.Phase && ready != nil {
		kind := corev1.EventTypeNormal
		if next.Phase == v1alpha1.RevisionFailed || next.Phase == v1alpha1.RevisionDeleteFailed {
			kind = corev1.EventTypeWarning
		}
		r.emit(imr, kind, ready.Reason, "Reconcile", ready.Message)
	}
	if gone := meta.FindStatusCondition(next.Conditions, v1alpha1.ConditionImagesMissing); gone != nil && !told {
		r.emit(imr, corev1.EventTypeWarning, gone.Reason, "Reconcile", gone.Message)
	}
	return nil
}

// report writes down why nothing goes on, keeping the phase.
func (r *RevisionReconciler) report(ctx context.Context, imr *v1alpha1.ImmutableRevision, cause error) (ctrl.Result, error) {
	t, ok := r.troubleOf(ctx, imr.Namespace, imr.Spec.Frozen.AWS, cause)
	if !ok {
		return retry(cause)
	}
	t.Remedy += r.wayOut(imr, t)
	next := imr.Status.DeepCopy()
	if next.Phase == "" {
		next.Phase = v1alpha1.RevisionPending
	}
	next.BlockedBy = r.blockedBy(imr.Status.BlockedBy, &t.Blocked)
	set := conditionSetter{&next.Conditions, imr.Generation, r.Now()}
	set.ready(false, t.passing, !t.passing, t.Reason, t.sentences())
	if err := r.write(ctx, imr, next); err != nil {
		return retry(err)
	}
	if t.passing {
		return ctrl.Result{}, cause
	}
	return ctrl.Result{RequeueAfter: stalledPollFactor * r.Timing.Poll}, nil
}

// conditionSetter sets conditions with the generation that they are about, and
// the time of those that change.
type conditionSetter struct {
	conditions *[]metav1.Condition
	generation int64
	now        time.Time
}

// set sets one condition.
func (s conditionSetter) set(kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(s.conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: s.generation,
		LastTransitionTime: metav1.NewTime(s.now),
	})
}

// ready sets Ready, and Reconciling and Stalled as kstatus takes them: there
// only while they are true.
func (s conditionSetter) ready(ready, reconciling, stalled bool, reason, message string) {
	s.set(v1alpha1.ConditionReady, truth(ready), reason, message)
	s.while(v1alpha1.ConditionReconciling, reconciling, reason, message)
	s.while(v1alpha1.ConditionStalled, stalled, reason, message)
}

// while has a condition that is there only while it is true.
func (s conditionSetter) while(kind string, holds bool, reason, message string) {
	if holds {
		s.set(kind, metav1.ConditionTrue, reason, message)
		return
	}
	meta.RemoveStatusCondition(s.conditions, kind)
}

// truth turns a bool into a condition status.
func truth(b bool) metav1.ConditionStatus {
	if b {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}
