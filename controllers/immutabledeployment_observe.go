package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// deploymentView is what a pass sees of a deployment.
type deploymentView struct {
	// facts are what the decision rests on. The other fields are what facts
	// were read from, and what effects need besides.
	facts   rollout.Observation
	clients cloud.Clients
	// records are the ImmutableRevisions of facts.Revisions, in the same order.
	records []v1alpha1.ImmutableRevision
	// orphans are ImmutableRevisions with the deployment's label that nobody
	// controls.
	orphans []v1alpha1.ImmutableRevision
	// orphaned is true in a deletion with --cascade=orphan.
	orphaned bool
	// listenerRules are all rules of the listener; nil when they were not read.
	listenerRules []cloud.Rule
	// production is the production rule, if it exists and isn't someone else's.
	production cloud.Rule
	// inherits is the UID of another deployment whose rule was named, and whose
	// stacks come with it.
	inherits string
	// lostStacks are stacks of ours that no record asks for, by revision.
	lostStacks map[int64]cloud.Stack
	// remark is what people should hear of stacks that others left.
	remark string
}

// observe reads the revisions, the production rule and the health of the
// revisions that matter. What isn't found is believed only of the account that
// everything is in, before and afterwards.
func (r *DeploymentReconciler) observe(ctx context.Context, imd *v1alpha1.ImmutableDeployment) (deploymentView, error) {
	view := deploymentView{facts: r.wish(imd)}
	for _, look := range []func(context.Context, *v1alpha1.ImmutableDeployment, *deploymentView) error{
		r.observeRecords, r.connect, r.rightAccount,
		r.observeRule, r.observeOriginal, r.observeRevisions, r.observeLost, r.observeEvidence,
		r.rightAccount,
	} {
		if err := look(ctx, imd, &view); err != nil {
			return view, err
		}
	}
	return view, nil
}

// observeRecords reads the revisions as the cluster has them. A deployment that
// was deleted with --cascade=orphan leaves everything: its revisions have lost
// their owner, or are about to.
func (r *DeploymentReconciler) observeRecords(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	var err error
	view.records, view.orphans, err = r.revisionsOf(ctx, imd)
	working := func(imr v1alpha1.ImmutableRevision) bool {
		own := template.StackName(imd.Namespace, imd.Name, string(imd.UID), imr.Spec.Revision)
		return imr.Spec.StackState == v1alpha1.StackPresent && imr.Spec.StackName == own
	}
	view.orphaned = view.facts.Deleting && (imd.Status.Orphaned || slices.ContainsFunc(view.orphans, working) || slices.Contains(imd.Finalizers, metav1.FinalizerOrphanDependents))
	view.facts.Policy.Retain = view.facts.Policy.Retain || view.orphaned
	return err
}

// connect gets access to the deployment's AWS account.
func (r *DeploymentReconciler) connect(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	identity, err := r.identify(ctx, imd.Namespace, awsOf(imd))
	if err != nil {
		return err
	}
	view.clients, err = r.Cloud.For(ctx, identity)
	return err
}

// observeRevisions translates the revisions, and reads the health of those that
// matter.
func (r *DeploymentReconciler) observeRevisions(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	for i := range view.records {
		seen, err := r.observeRevision(ctx, view, &view.records[i])
		if err != nil {
			return err
		}
		view.facts.Revisions = append(view.facts.Revisions, seen)
	}
	view.noteCopy(r.ClusterID, imd)
	return nil
}

// noteCopy stops a deployment whose stacks are another cluster's: this one is a
// copy of that, with an ID of its own.
func (view *deploymentView) noteCopy(cluster string, imd *v1alpha1.ImmutableDeployment) {
	for i := range view.records {
		of := view.records[i].Status.ClusterID
		gone := view.records[i].Status.Phase == v1alpha1.RevisionRemoved
		if of == "" || of == cluster || gone || view.facts.Blocked != nil || slices.Contains(splitList(imd.Annotations[v1alpha1.AnnotationAdopt]), string(imd.UID)) {
			continue
		}
		tags := map[string]string{v1alpha1.TagNamespace: imd.Namespace, v1alpha1.TagName: imd.Name, v1alpha1.TagUID: string(imd.UID)}
		view.facts.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRevisionConflict,
			Message: fmt.Sprintf("The stack of %s is that of the cluster %s, of which this one is a copy", view.records[i].Name, of),
			Cure:    "If that cluster is gone: " + adoption(imd, tags) + ". Else let this ImmutableDeployment go: " + retaining(imd)}
	}
}

// wish translates spec and what status remembers.
func (r *DeploymentReconciler) wish(imd *v1alpha1.ImmutableDeployment) rollout.Observation {
	spec := imd.Spec
	o := rollout.Observation{
		Namespace:    imd.Namespace,
		Name:         imd.Name,
		UID:          string(imd.UID),
		Writer:       r.mark(imd),
		Adopted:      adopted(imd),
		Deleting:     !imd.DeletionTimestamp.IsZero(),
		WantHash:     template.Hash(spec.Template),
		DesiredCount: 1,
		Recreate:     spec.Strategy.Type == v1alpha1.StrategyRecreate,
		Policy: rollout.Policy{
			ProgressDeadline: seconds(spec.ProgressDeadlineSeconds, 3600),
			Unhealthy:        seconds(spec.Rollback.UnhealthySeconds, 60),
			Propagation:      r.Timing.Propagation,
			Poll:             r.Timing.Poll,
			Resync:           r.Timing.Resync,
			Enforce:          spec.Traffic.OnDrift == v1alpha1.DriftEnforce,
			HistoryLimit:     5,
			KeepFailed:       seconds(spec.Rollback.KeepFailedSeconds, 0),
			BlockUnhealthy:   spec.Rollback.IfStableUnhealthy == v1alpha1.UnhealthyBlock,
			Retain:           spec.DeletionPolicy == v1alpha1.DeletionRetain,
		},
		Paused:   spec.Paused != nil && *spec.Paused,
		Requests: requestsOf(imd),
		Progress: remembered(&imd.Status),
	}
	if o.Deleting {
		o.DeletedAt = imd.DeletionTimestamp.Time
	}
	if was := imd.Status.BlockedBy; was != nil {
		o.WasBlocked = was.Reason
	}
	if spec.DesiredCount != nil {
		o.DesiredCount = *spec.DesiredCount
	}
	balanced := spec.Traffic.LoadBalancer.Exists()
	o.Rule.None = !balanced
	o.Plan = rollout.Compile(&spec, o.DesiredCount, balanced)
	judge(&o.Policy, &spec)
	if spec.RevisionHistoryLimit != nil {
		o.Policy.HistoryLimit = int(*spec.RevisionHistoryLimit)
	}
	return o
}

// judge translates by what a new revision is judged.
func judge(policy *rollout.Policy, spec *v1alpha1.ImmutableDeploymentSpec) {
	policy.TaskRestarts = 3
	if limit := spec.Rollback.TaskRestartLimit; limit != nil {
		policy.TaskRestarts = *limit
	}
	if a := spec.Analysis; a != nil {
		policy.Inconclusive = seconds(a.InconclusiveSeconds, 600)
		policy.RollBackInconclusive = a.IfInconclusive == v1alpha1.InconclusiveRollBack
		policy.ProceedInAlarm = a.IfAlarmBefore == v1alpha1.AlarmProceed
	}
	if scan := spec.ImagePolicy.Scan; scan != nil {
		policy.ScanPending = seconds(scan.PendingSeconds, 600)
		policy.ProceedUnscanned = scan.IfUnavailable == v1alpha1.ScanProceed
	}
}

// requestsOf reads the requests by annotation. What is too long to be one is
// cut, so that it can be remembered as ignored.
func requestsOf(imd *v1alpha1.ImmutableDeployment) rollout.Requests {
	value := func(annotation string) string { return truncate(imd.Annotations[annotation], 200) }
	return rollout.Requests{
		Promote: value(v1alpha1.AnnotationPromote),
		Abort:   value(v1alpha1.AnnotationAbort),
		Retry:   value(v1alpha1.AnnotationRetry),
	}
}

// awsOf is spec.aws, or the default.
func awsOf(imd *v1alpha1.ImmutableDeployment) v1alpha1.AWS {
	if imd.Spec.AWS == nil {
		return v1alpha1.AWS{}
	}
	return *imd.Spec.AWS
}

// revisionsOf returns the deployment's revisions: from the cache, unless that
// lacks what this process wrote, or what status knows of, which perhaps another
// process wrote. What the rule forwards to has to be known before it is given up
// in a deletion: nobody would look at it again.
func (r *DeploymentReconciler) revisionsOf(ctx context.Context, imd *v1alpha1.ImmutableDeployment) (own, orphans []v1alpha1.ImmutableRevision, err error) {
	if detached := imd.Status.DetachedAt != nil; imd.DeletionTimestamp.IsZero() || detached {
		own, orphans, err = listRevisions(ctx, r.Client, imd)
		if err != nil || r.written.shown(imd.UID, own) && !lacking(&imd.Status, own) {
			return own, orphans, err
		}
	}
	own, orphans, err = listRevisions(ctx, r.Live, imd)
	if err == nil {
		r.written.gone(imd.UID, own)
	}
	return own, orphans, err
}

// lacking tells whether a revision that serves or is rolled out isn't there, or
// has no stack though it had one.
func lacking(s *v1alpha1.ImmutableDeploymentStatus, revisions []v1alpha1.ImmutableRevision) bool {
	missing := func(number int64, created bool) bool {
		return number != 0 && !slices.ContainsFunc(revisions, func(imr v1alpha1.ImmutableRevision) bool {
			return imr.Spec.Revision == number && (!created || imr.Status.Phase == v1alpha1.RevisionCreated)
		})
	}
	if missing(s.Stable, true) {
		return true
	}
	r := s.Rollout
	return r != nil && r.FinishedAt == nil && missing(r.Revision, r.VerifiedAt != nil)
}

// listRevisions returns the deployment's revisions in ascending order, and those
// with its label that nobody controls.
func listRevisions(ctx context.Context, from client.Reader, imd *v1alpha1.ImmutableDeployment) (own, orphans []v1alpha1.ImmutableRevision, err error) {
	var list v1alpha1.ImmutableRevisionList
	err = from.List(ctx, &list, client.InNamespace(imd.Namespace), client.MatchingLabels{v1alpha1.LabelDeployment: imd.Name})
	if err != nil {
		return nil, nil, fmt.Errorf("list revisions: %w", err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.ImmutableRevision) int { return cmp.Compare(a.Spec.Revision, b.Spec.Revision) })
	for i := range list.Items {
		switch imr := &list.Items[i]; {
		case metav1.IsControlledBy(imr, imd):
			own = append(own, *imr)
		case metav1.GetControllerOf(imr) == nil && imr.DeletionTimestamp.IsZero():
			orphans = append(orphans, *imr)
		}
	}
	return own, orphans, nil
}

// recorded translates what a revision's record says.
func recorded(imr *v1alpha1.ImmutableRevision) rollout.Revision {
	seen := rollout.Revision{
		Number: imr.Spec.Revision,
		Name:   imr.Name,
		Hash:   imr.Spec.Frozen.TemplateHash,

		StackName: imr.Spec.StackName,

		Wanted:   imr.Spec.StackState == v1alpha1.StackPresent,
		Deleting: !imr.DeletionTimestamp.IsZero(),
		Retained: imr.Spec.StackState == v1alpha1.StackRetained,
		Stack:    imr.Status.Phase,
		Drain:    drain(&imr.Spec.Frozen),
	}
	if seen.Stack == "" {
		seen.Stack = v1alpha1.RevisionPending
	}
	if stalled := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil {
		seen.Cause = stalled.Message
	}
	if imr.Status.Outputs != nil {
		seen.TargetGroup = imr.Status.Outputs.TargetGroupARN
	}
	return seen
}

// observeRevision translates a revision and, if traffic may depend on it,
// reads its health.
func (r *DeploymentReconciler) observeRevision(ctx context.Context, view *deploymentView, imr *v1alpha1.ImmutableRevision) (rollout.Revision, error) {
	seen := recorded(imr)
	if imr.Status.Outputs == nil {
		return seen, nil
	}
	active := view.facts.Progress.Rollout
	matters := seen.Number == view.facts.Progress.Stable || active != nil && active.FinishedAt.IsZero() && active.Revision == seen.Number || view.facts.ForgetfulWorker()
	seen.Tampered = tampered(imr, view)
	if view.facts.Deleting || !matters || !seen.Wanted || seen.Stack != v1alpha1.RevisionCreated {
		return seen, nil
	}
	return seen, readHealth(ctx, view.clients, *imr.Status.Outputs, &seen)
}

// drain is how long requests of a revision may take to end. A worker has none.
func drain(frozen *v1alpha1.FrozenRevision) time.Duration {
	if frozen.ListenerARN == "" {
		return 0
	}
	return seconds(frozen.Template.Target.DeregistrationDelaySeconds, 300)
}

// tampered says what someone else did to a revision's stack; "" if nothing is
// known of it.
func tampered(imr *v1alpha1.ImmutableRevision, view *deploymentView) string {
	if ready := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionReady); ready != nil && ready.Reason == v1alpha1.ReasonStackChanged {
		return ready.Message
	}
	preview := imr.Status.Outputs.PreviewRuleARN
	present := func(x cloud.Rule) bool { return x.ARN == preview }
	if preview != "" && view.listenerRules != nil && imr.Status.Phase == v1alpha1.RevisionCreated && !slices.ContainsFunc(view.listenerRules, present) {
		return "its preview rule was deleted"
	}
	return ""
}

// readHealth asks ECS and the load balancer how a revision's service is.
func readHealth(ctx context.Context, clients cloud.Clients, out v1alpha1.StackOutputs, seen *rollout.Revision) error {
	health := &seen.Health
	service, err := clients.Services.Service(ctx, out.Cluster, out.ServiceName)
	if cloud.IsNotFound(err) {
		*health = rollout.Health{Known: true, Gone: true, Reason: "the ECS service does not exist"}
		return nil
	}
	if err != nil {
		return err
	}
	if out.TaskDefinitionARN != "" && service.TaskDefinition != out.TaskDefinitionARN {
		seen.Tampered = "its ECS service was given the task definition " + service.TaskDefinition
	}
	*health = rollout.Health{
		Known:   true,
		Desired: service.DesiredCount,
		Running: service.RunningCount,
		Healthy: service.RunningCount, // a worker is as healthy as ECS says
		Steady:  service.RolloutState == cloud.RolloutCompleted,
		Failed:  service.RolloutState == cloud.RolloutFailed,
	}
	if out.TargetGroupARN != "" {
		if err := readTargets(ctx, clients, out.TargetGroupARN, health); err != nil {
			return err
		}
	}
	if health.Failed {
		health.Reason = service.RolloutReason
	}
	return nil
}

// readTargets asks the load balancer how many targets are healthy.
func readTargets(ctx context.Context, clients cloud.Clients, targetGroupARN string, health *rollout.Health) error {
	targets, err := clients.Traffic.TargetHealth(ctx, targetGroupARN)
	if cloud.IsNotFound(err) {
		*health = rollout.Health{Known: true, Gone: true, Reason: "the target group does not exist"}
		return nil
	}
	if err != nil {
		return err
	}
	health.Healthy, health.Reason = targets.Healthy, targets.Reason
	return nil
}

// observeOriginal reads whether the target group that an adopted rule had before has
// targets that may take traffic again. Targets of a group that no rule uses are
// not checked by the load balancer, so that unused ones get the benefit of the
// doubt.
func (r *DeploymentReconciler) observeOriginal(ctx context.Context, _ *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	arn := view.facts.Progress.Original
	if !view.facts.Deleting || arn == "" {
		return nil
	}
	targets, err := view.clients.Traffic.TargetHealth(ctx, arn)
	switch {
	case cloud.IsNotFound(err):
		view.facts.Original = rollout.Health{Known: true, Reason: "it does not exist"}
		return nil
	case err != nil:
		return err
	}
	view.facts.Original = rollout.Health{Known: true, Healthy: targets.Healthy + targets.Initial + targets.Unused, Reason: targets.Reason}
	if view.facts.Original.Reason == "" {
		view.facts.Original.Reason = "it has no targets"
	}
	return nil
}
