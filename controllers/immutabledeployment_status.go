package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/analysis"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// save writes the decision to status if anything changed, and tells of it
// afterwards.
func (r *DeploymentReconciler) save(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, d rollout.Decision) error {
	next := imd.Status.DeepCopy()
	remember(next, view, d)
	next.ObservedGeneration, next.Orphaned = imd.Generation, view.orphaned
	next.Phase, next.Step = d.Phase, ""
	if d.Steps > 0 {
		next.Step = fmt.Sprintf("%d/%d", d.Step, d.Steps)
	}
	next.Revision = view.nameOf(d.Subject)
	next.StableRevision = view.nameOf(d.Progress.Stable)
	next.Image = template.ShortImage(view.versionOf(d.Progress.Stable))
	next.Images = view.running(d.Progress.Stable, d.Subject)
	next.Preview = nil
	if next.Revision != "" {
		next.Preview = view.router.Preview(view.record(d.Subject))
	}
	next.Weight = nil
	if d.Subject != 0 {
		next.Weight = &d.Weight
	}
	for i, seen := range view.facts.Revisions {
		next.LatestRevision = max(next.LatestRevision, view.records[i].Spec.Revision)
		if seen.Number == d.Progress.Stable && seen.Health.Known {
			next.RunningCount = seen.Health.Running
		}
	}
	next.BlockedBy = r.blockedBy(imd.Status.BlockedBy, d.Blocked)
	if d.StillBlocked && d.Blocked == nil {
		next.BlockedBy = imd.Status.BlockedBy
	}
	keepHistory(&imd.Status, next, view)
	setConditions(next, imd.Generation, d, r.Now())
	view.keepConfiguration(imd, next, conditionSetter{&next.Conditions, imd.Generation, r.Now()})
	return r.write(ctx, imd, next, d.Notices...)
}

// write stores the status and announces what changed.
func (r *DeploymentReconciler) write(ctx context.Context, imd *v1alpha1.ImmutableDeployment, next *v1alpha1.ImmutableDeploymentStatus, notices ...rollout.Notice) error {
	before := imd.Status
	for _, notice := range notices {
		if notice.Request != "" {
			next.LastRequest = &v1alpha1.RequestAnswer{Request: notice.Request, Reason: notice.Reason, Message: notice.Message, At: stamp(r.Now())}
		}
	}
	next.Selector = labels.Set{v1alpha1.LabelDeployment: imd.Name}.String()
	fitDeployment(next)
	if !equality.Semantic.DeepEqual(&before, next) {
		imd.Status = *next
		if err := r.Client.Status().Update(ctx, imd); err != nil {
			return fmt.Errorf("write status: %w", err)
		}
	}
	writeLog(ctx, append(answers(notices), transitions(&before, next)...))
	for _, notice := range notices {
		kind := corev1.EventTypeNormal
		if notice.Warning {
			kind = corev1.EventTypeWarning
		}
		r.emit(imd, kind, notice.Reason, cmp.Or(notice.Action, notice.Reason), notice.Message)
	}
	for _, e := range announcements(&before, next) {
		r.emit(imd, e.kind, e.reason, cmp.Or(e.action, "Reconcile"), e.message)
	}
	return nil
}

// report writes down why nothing goes on. Everything else stays as it is: what
// can't be observed is not known to have changed.
func (r *DeploymentReconciler) report(ctx context.Context, imd *v1alpha1.ImmutableDeployment, cause error) (ctrl.Result, error) {
	t, ok := r.troubleOf(ctx, imd.Namespace, awsOf(imd), cause)
	if !ok {
		return retry(cause)
	}
	if r.goes(imd, t) {
		return r.leave(ctx, imd, t)
	}
	t.Remedy += r.wayOut(imd, t)
	next := imd.Status.DeepCopy()
	if now := timePtr(r.Now()); next.FrozenSince == nil || now.Before(next.FrozenSince) {
		next.FrozenSince = now
	}
	if !t.passing || !r.steady(imd, next.FrozenSince.Time) {
		r.explain(imd, next, t)
	}
	waiting, notices := rollout.KeepRequests(remembered(next), requestsOf(imd), t.Message)
	if imd.DeletionTimestamp.IsZero() {
		next.Waiting = requestStatus(waiting)
	} else {
		notices = nil
	}
	if err := r.write(ctx, imd, next, notices...); err != nil {
		return retry(err)
	}
	if t.passing {
		return ctrl.Result{}, cause
	}
	return ctrl.Result{RequeueAfter: stalledPollFactor * r.Timing.Poll}, nil
}

// steady tells whether a deployment that needs nothing has only been out of
// sight for a moment: what serves goes on serving while AWS doesn't answer.
func (r *DeploymentReconciler) steady(imd *v1alpha1.ImmutableDeployment, since time.Time) bool {
	return imd.Generation == imd.Status.ObservedGeneration && imd.DeletionTimestamp.IsZero() &&
		meta.IsStatusConditionTrue(imd.Status.Conditions, v1alpha1.ConditionReady) && r.Now().Sub(since) < r.Timing.Resync
}

// explain puts trouble into status.
func (r *DeploymentReconciler) explain(imd *v1alpha1.ImmutableDeployment, next *v1alpha1.ImmutableDeploymentStatus, t trouble) {
	next.BlockedBy = r.blockedBy(imd.Status.BlockedBy, &t.Blocked)
	next.ObservedGeneration = imd.Generation
	switch {
	case !imd.DeletionTimestamp.IsZero():
		next.Phase = v1alpha1.PhaseDeleting
	case next.Phase == "":
		next.Phase = v1alpha1.PhasePending
	case next.Phase != v1alpha1.PhasePending && (!t.passing || r.Now().Sub(next.FrozenSince.Time) >= r.Timing.Poll):
		next.Phase = v1alpha1.PhasePaused // as for all else that is in the way; not for a moment's silence of AWS
	}
	set := conditionSetter{&next.Conditions, imd.Generation, r.Now()}
	set.ready(false, t.passing, !t.passing, t.Reason, t.sentences())
	measuring := next.Rollout != nil && next.Rollout.FinishedAt == nil && next.Phase == v1alpha1.PhasePaused
	if measuring && meta.FindStatusCondition(next.Conditions, v1alpha1.ConditionAnalysis) != nil {
		set.set(v1alpha1.ConditionAnalysis, metav1.ConditionUnknown, t.Reason, "Nothing is measured meanwhile: "+t.Message)
	}
}

// setConditions says the same as the decision in conditions.
func setConditions(next *v1alpha1.ImmutableDeploymentStatus, generation int64, d rollout.Decision, now time.Time) {
	set := conditionSetter{&next.Conditions, generation, now}
	reason, message := d.Reason, d.Message
	ready, stalled, over := false, false, false
	switch d.Phase {
	case v1alpha1.PhaseComplete:
		over, ready = true, d.Available == nil || *d.Available
		if !ready {
			reason, message = v1alpha1.ReasonUnhealthy, d.Message+", but it has no healthy target"
		}
	case v1alpha1.PhaseSwitchedOff:
		over, ready = true, true // as a Deployment without replicas is
	case v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		stalled = true
	case v1alpha1.PhaseUnavailable:
		over, stalled = true, d.Blocked != nil
	default:
		stalled = d.Blocked != nil && !d.Blocked.Awaited
	}
	set.ready(ready, !stalled && !over, stalled, reason, message)
	set.while(v1alpha1.ConditionDegraded, d.Degraded != "", v1alpha1.ReasonUnhealthy, d.Degraded)
	set.while(v1alpha1.ConditionDrifted, d.Drifted != "", v1alpha1.ReasonRouteDrifted, d.Drifted)
	setAvailable(set, next, d)
	set.while(v1alpha1.ConditionAutoscalerDiffers, d.ScalingMessage != "", d.ScalingReason, d.ScalingMessage)
	setOverlapping(set, d)
	setAnalysis(set, d)
	if d.InSync {
		set.set(v1alpha1.ConditionTrafficInSync, metav1.ConditionTrue, v1alpha1.ReasonInSync, "The load balancer routes as intended")
	} else {
		set.set(v1alpha1.ConditionTrafficInSync, metav1.ConditionFalse, v1alpha1.ReasonTrafficChanging, "The load balancer does not route as intended yet")
	}
	if len(d.CleaningUp) > 0 {
		set.set(v1alpha1.ConditionCleanedUp, metav1.ConditionFalse, v1alpha1.ReasonCleaningUp,
			fmt.Sprintf("Stacks still to be deleted: %v; see kubectl get imr", d.CleaningUp))
	} else {
		set.set(v1alpha1.ConditionCleanedUp, metav1.ConditionTrue, v1alpha1.ReasonStackRemoved, "Only stacks that are needed exist")
	}
}

// setAnalysis sums up what was measured in the rollout, or what keeps one from
// being measured: an alarm that is on now counts for more than what was said of
// the rollout before.
func setAnalysis(set conditionSetter, d rollout.Decision) {
	var checks []v1alpha1.Verdict
	if d.Progress.Rollout != nil {
		checks = d.Progress.Rollout.Checks
	}
	result, message := analysis.Summary(checks)
	blocked := ""
	if d.Blocked != nil {
		blocked = d.Blocked.Reason
	}
	switch blocked {
	case v1alpha1.ReasonAlarmFiring:
		set.set(v1alpha1.ConditionAnalysis, metav1.ConditionFalse, blocked, d.Blocked.Message)
		return
	case v1alpha1.ReasonAlarmNotFound, v1alpha1.ReasonMetricInvalid:
		set.set(v1alpha1.ConditionAnalysis, metav1.ConditionUnknown, blocked, d.Blocked.Message)
		return
	}
	switch result {
	case "":
		set.while(v1alpha1.ConditionAnalysis, false, "", "")
	case v1alpha1.ResultFail:
		set.set(v1alpha1.ConditionAnalysis, metav1.ConditionFalse, badReason(checks), message)
	case v1alpha1.ResultInconclusive, v1alpha1.ResultPending:
		set.set(v1alpha1.ConditionAnalysis, metav1.ConditionUnknown, v1alpha1.ReasonInconclusive, message)
	default:
		set.set(v1alpha1.ConditionAnalysis, metav1.ConditionTrue, v1alpha1.ReasonAnalysisPassing, message)
	}
}

// badReason is that of what speaks against a revision: an alarm, or else a metric.
func badReason(checks []v1alpha1.Verdict) string {
	if slices.ContainsFunc(checks, func(v v1alpha1.Verdict) bool {
		return v.Result == v1alpha1.ResultFail && v.Source == v1alpha1.SourceAlarm
	}) {
		return v1alpha1.ReasonAlarmFiring
	}
	return v1alpha1.ReasonMetricOutOfBounds
}

// setOverlapping tells of rules that take each other's requests.
func setOverlapping(set conditionSetter, d rollout.Decision) {
	var reasons, texts []string
	for _, told := range []struct{ text, reason string }{
		{d.Shadows, v1alpha1.ReasonRouteShadows},
		{d.PartlyShadowed, v1alpha1.ReasonRoutePartlyShadowed},
		{d.PartlyShadows, v1alpha1.ReasonRoutePartlyShadows},
	} {
		if told.text != "" {
			reasons, texts = append(reasons, told.reason), append(texts, told.text)
		}
	}
	switch {
	case d.Shadowed != "":
		set.set(v1alpha1.ConditionOverlapping, metav1.ConditionTrue, v1alpha1.ReasonRouteShadowed, upper(d.Shadowed))
	case len(texts) > 0:
		set.set(v1alpha1.ConditionOverlapping, metav1.ConditionTrue, reasons[0], strings.Join(texts, ". "))
	default:
		set.while(v1alpha1.ConditionOverlapping, false, "", "")
	}
}

// setAvailable tells whether what serves is healthy, and gets the requests. It
// keeps its last word when a pass did not look.
func setAvailable(set conditionSetter, next *v1alpha1.ImmutableDeploymentStatus, d rollout.Decision) {
	switch {
	case d.Phase == v1alpha1.PhaseSwitchedOff:
		set.set(v1alpha1.ConditionAvailable, metav1.ConditionTrue, v1alpha1.ReasonSwitchedOff, "No task is missing, since spec.desiredCount is 0")
	case d.Progress.Stable == 0:
		set.set(v1alpha1.ConditionAvailable, metav1.ConditionFalse, v1alpha1.ReasonNotServing, "No revision serves yet")
	case d.Available == nil:
	case *d.Available:
		set.set(v1alpha1.ConditionAvailable, metav1.ConditionTrue, v1alpha1.ReasonHealthy, next.StableRevision+" has healthy targets")
	case d.Unreached != "":
		set.set(v1alpha1.ConditionAvailable, metav1.ConditionFalse, v1alpha1.ReasonNotServing, "No requests reach "+next.StableRevision+": "+d.Unreached)
	default:
		set.set(v1alpha1.ConditionAvailable, metav1.ConditionFalse, v1alpha1.ReasonUnhealthy, next.StableRevision+" has no healthy target")
	}
}

// blockedBy translates what is in the way, and since when; nil if nothing is.
func (o *Options) blockedBy(before *v1alpha1.BlockedBy, b *rollout.Blocked) *v1alpha1.BlockedBy {
	if b == nil {
		return nil
	}
	since := stamp(o.Now())
	if before != nil && before.Reason == b.Reason && before.Since.Before(&since) {
		since = before.Since
	}
	return &v1alpha1.BlockedBy{Reason: b.Reason, Message: b.Message, Remedy: b.Remedy, Since: since}
}

// phaseMessage is what Ready says.
func phaseMessage(status *v1alpha1.ImmutableDeploymentStatus) string {
	if ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Message
	}
	return ""
}
