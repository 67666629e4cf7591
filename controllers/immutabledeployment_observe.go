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

// deploymentView is what a pass sees.
type deploymentView struct {
	rollout.Observation
	clients   cloud.Clients
	revisions []v1alpha1.ImmutableRevision
	// rules are all rules of the listener; nil when they were not read.
	rules []cloud.Rule
	// rule is the production rule, if it exists and isn't someone else's.
	rule cloud.Rule
}

// observe reads the revisions, the production rule and the health of the
// revisions that matter.
func (r *DeploymentReconciler) observe(ctx context.Context, imd *v1alpha1.ImmutableDeployment) (deploymentView, error) {
	view := deploymentView{Observation: r.wish(imd)}
	var err error
	if view.revisions, err = r.revisionsOf(ctx, imd); err != nil {
		return view, err
	}
	identity, err := r.identify(ctx, imd.Namespace, awsOf(imd))
	if err != nil {
		return view, err
	}
	if view.clients, err = r.Cloud.For(ctx, identity); err != nil {
		return view, err
	}
	if err := r.observeRule(ctx, imd, &view); err != nil {
		return view, err
	}
	if err := view.original(ctx); err != nil {
		return view, err
	}
	for i := range view.revisions {
		seen, err := r.observeRevision(ctx, &view, &view.revisions[i])
		if err != nil {
			return view, err
		}
		view.Revisions = append(view.Revisions, seen)
	}
	return view, r.observeEvidence(ctx, imd, &view)
}

// wish translates spec and what status remembers.
func (r *DeploymentReconciler) wish(imd *v1alpha1.ImmutableDeployment) rollout.Observation {
	spec := imd.Spec
	o := rollout.Observation{
		Namespace:    imd.Namespace,
		Name:         imd.Name,
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
func (r *DeploymentReconciler) revisionsOf(ctx context.Context, imd *v1alpha1.ImmutableDeployment) ([]v1alpha1.ImmutableRevision, error) {
	if detached := imd.Status.DetachedAt != nil; imd.DeletionTimestamp.IsZero() || detached {
		cached, err := listRevisions(ctx, r.Client, imd)
		if err != nil || r.written.shown(imd.UID, cached) && !lacking(&imd.Status, cached) {
			return cached, err
		}
	}
	all, err := listRevisions(ctx, r.Live, imd)
	if err == nil {
		r.written.gone(imd.UID, all)
	}
	return all, err
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

// listRevisions returns the deployment's revisions in ascending order.
func listRevisions(ctx context.Context, from client.Reader, imd *v1alpha1.ImmutableDeployment) ([]v1alpha1.ImmutableRevision, error) {
	var list v1alpha1.ImmutableRevisionList
	err := from.List(ctx, &list, client.InNamespace(imd.Namespace), client.MatchingLabels{v1alpha1.LabelDeployment: imd.Name})
	if err != nil {
		return nil, fmt.Errorf("list revisions: %w", err)
	}
	own := slices.DeleteFunc(list.Items, func(imr v1alpha1.ImmutableRevision) bool { return !metav1.IsControlledBy(&imr, imd) })
	slices.SortFunc(own, func(a, b v1alpha1.ImmutableRevision) int { return cmp.Compare(a.Spec.Revision, b.Spec.Revision) })
	return own, nil
}

// observeRule finds the production rule and whether it is ours to work with.
func (r *DeploymentReconciler) observeRule(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	switch lb := imd.Spec.Traffic.LoadBalancer; {
	case !lb.Exists():
		return nil
	case lb.RuleARN != "":
		return observeAdopted(ctx, imd, view)
	}
	return observeManaged(ctx, imd, view)
}

// observeManaged finds the rule that Viridian made: by its ARN, or by its
// priority if it was made by a run that crashed before it could remember.
func observeManaged(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	lb := imd.Spec.Traffic.LoadBalancer
	rules, err := view.clients.Traffic.Rules(ctx, lb.ListenerARN)
	if cloud.IsNotFound(err) {
		view.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleNotFound,
			Message: "The listener " + lb.ListenerARN + " does not exist",
			Cure:    "Create the listener, or create the ImmutableDeployment anew with the right listenerARN"}
		return nil
	}
	if err != nil {
		return err
	}
	view.rules = rules
	remembered := ruleARN(imd)
	if i := slices.IndexFunc(rules, func(x cloud.Rule) bool { return x.ARN == remembered }); i >= 0 {
		view.take(rules[i])
		return observeRelease(ctx, imd, view)
	}
	i := slices.IndexFunc(rules, func(x cloud.Rule) bool { return x.Priority == *lb.Priority })
	if i < 0 {
		return nil
	}
	tags, err := view.clients.Traffic.RuleTags(ctx, rules[i].ARN)
	if err != nil {
		return err
	}
	if ownedBy(tags, string(imd.UID)) {
		view.take(rules[i])
		return nil
	}
	view.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleConflict,
		Message: fmt.Sprintf("Priority %d of the listener is taken by %s, which belongs to %s", *lb.Priority, rules[i].ARN, owner(tags)),
		Cure:    "Delete that rule, or create the ImmutableDeployment anew with another priority or with its ruleARN"}
	return nil
}

// observeRelease looks whether a rule that is to be left to others still is
// ours: it may be someone's already.
func observeRelease(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	if !view.Deleting || !view.Policy.Retain {
		return nil
	}
	tags, err := view.clients.Traffic.RuleTags(ctx, view.rule.ARN)
	if err != nil {
		return err
	}
	view.Rule.Owned = ownedBy(tags, string(imd.UID))
	return nil
}

// observeAdopted finds the rule that the user named.
func observeAdopted(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	arn := imd.Spec.Traffic.LoadBalancer.RuleARN
	view.Rule.Adopted = true
	rule, err := view.clients.Traffic.Rule(ctx, arn)
	if cloud.IsNotFound(err) {
		view.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleNotFound, Message: "The rule " + arn + " does not exist",
			Cure: "Create the ImmutableDeployment anew with the right ruleARN"}
		return nil
	}
	if err != nil {
		return err
	}
	tags, err := view.clients.Traffic.RuleTags(ctx, arn)
	if err != nil {
		return err
	}
	if tags[v1alpha1.TagUID] != "" && !ownedBy(tags, string(imd.UID)) {
		view.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleConflict,
			Message: "The rule " + arn + " belongs to " + owner(tags),
			Cure:    "Delete that ImmutableDeployment, or give this one a rule of its own"}
		return nil
	}
	if view.rules, err = view.clients.Traffic.Rules(ctx, rule.ListenerARN); err != nil {
		return err
	}
	if problem := unsuitable(imd, rule, view.Progress.Original == ""); problem != "" {
		view.Blocked = &rollout.Blocked{Reason: v1alpha1.ReasonRuleUnsupported, Message: "The rule " + arn + " " + problem,
			Cure: "Change the rule, or name another one"}
	}
	view.take(rule)
	view.Rule.Owned = ownedBy(tags, string(imd.UID))
	return nil
}

// unsuitable tells why traffic can't be shifted by an adopted rule; "" if it
// can.
func unsuitable(imd *v1alpha1.ImmutableDeployment, rule cloud.Rule, fresh bool) string {
	values := 0
	for _, condition := range rule.Conditions {
		values += len(condition.Values)
	}
	_, last := bounds(imd.Spec.Traffic.LoadBalancer.PreviewPriorities)
	switch {
	case fresh && !rule.Forwards: // later on, Recreate has it answer 503 for a while
		return "does not forward to a target group"
	case fresh && len(rule.Targets) != 1:
		return fmt.Sprintf("forwards to %d target groups, not to one", len(rule.Targets))
	case values > 4:
		return fmt.Sprintf("has %d condition values: a rule takes 5 and the preview rule adds one", values)
	case rule.Priority > 0 && rule.Priority <= last:
		return fmt.Sprintf("has priority %d, not above the band of preview rules, which ends at %d (spec.traffic.loadBalancer.previewPriorities)", rule.Priority, last)
	}
	return ""
}

// take notes a rule to work with.
func (view *deploymentView) take(rule cloud.Rule) {
	view.rule = rule
	view.Rule.ARN, view.Rule.Exists, view.Rule.Owned = rule.ARN, true, true
	for _, target := range rule.Targets {
		view.Rule.Targets = append(view.Rule.Targets, rollout.Target{TargetGroup: target.TargetGroupARN, Weight: target.Weight})
	}
}

// ruleARN is the production rule's as remembered; "" if there is none yet.
func ruleARN(imd *v1alpha1.ImmutableDeployment) string {
	if imd.Status.Traffic == nil {
		return ""
	}
	return imd.Status.Traffic.RuleARN
}

// owner names whom tags point to.
func owner(tags map[string]string) string {
	if tags[v1alpha1.TagUID] == "" {
		return "someone else"
	}
	return fmt.Sprintf("the ImmutableDeployment %s/%s", tags[v1alpha1.TagNamespace], tags[v1alpha1.TagName])
}

// observeRevision translates a revision and, if traffic may depend on it,
// reads its health.
func (r *DeploymentReconciler) observeRevision(ctx context.Context, view *deploymentView, imr *v1alpha1.ImmutableRevision) (rollout.Revision, error) {
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
	if imr.Status.Outputs == nil {
		return seen, nil
	}
	seen.TargetGroup = imr.Status.Outputs.TargetGroupARN
	active := view.Progress.Rollout
	matters := seen.Number == view.Progress.Stable || active != nil && active.FinishedAt.IsZero() && active.Revision == seen.Number
	seen.Tampered = tampered(imr, view)
	if view.Deleting || !matters || !seen.Wanted || seen.Stack != v1alpha1.RevisionCreated {
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
	if preview != "" && view.rules != nil && imr.Status.Phase == v1alpha1.RevisionCreated && !slices.ContainsFunc(view.rules, present) {
		return "its preview rule was deleted"
	}
	return ""
}

// readHealth asks ECS and the load balancer how a revision's service is.
func readHealth(ctx context.Context, clients cloud.Clients, out v1alpha1.StackOutputs, seen *rollout.Revision) error {
	health := &seen.Health
	service, err := clients.Services.Service(ctx, out.Cluster, out.ServiceName)
	if cloud.IsNotFound(err) {
		*health = rollout.Health{Known: true, Reason: "the ECS service does not exist"}
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
		*health = rollout.Health{Known: true, Reason: "the target group does not exist"}
		return nil
	}
	if err != nil {
		return err
	}
	health.Healthy, health.Reason = targets.Healthy, targets.Reason
	return nil
}

// original reads whether the target group that an adopted rule had before has
// targets that may take traffic again. Targets of a group that no rule uses are
// not checked by the load balancer, so that unused ones get the benefit of the
// doubt.
func (view *deploymentView) original(ctx context.Context) error {
	arn := view.Progress.Original
	if !view.Deleting || arn == "" {
		return nil
	}
	targets, err := view.clients.Traffic.TargetHealth(ctx, arn)
	switch {
	case cloud.IsNotFound(err):
		view.Original = rollout.Health{Known: true, Reason: "it does not exist"}
		return nil
	case err != nil:
		return err
	}
	view.Original = rollout.Health{Known: true, Healthy: targets.Healthy + targets.Initial + targets.Unused, Reason: targets.Reason}
	if view.Original.Reason == "" {
		view.Original.Reason = "it has no targets"
	}
	return nil
}
