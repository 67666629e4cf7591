package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

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
	view.chooseValues(imd)
	if err != nil || !view.facts.Deleting || view.facts.Policy.Retain {
		return err
	}
	return checkDeletion(imd.Spec.DeletionPolicy)
}

// checkDeletion refuses a deletion by a policy that isn't known here, which may
// ask for something to be kept.
func checkDeletion(policy v1alpha1.DeletionPolicy) error {
	if policy == "" || policy == v1alpha1.DeletionDelete {
		return nil
	}
	return unknownValue("spec.deletionPolicy", string(policy))
}

// revisionsOf returns the deployment's revisions: from the cache, unless that
// lacks what this process wrote, or what status knows of, which perhaps another
// process wrote. What the rule forwards to has to be known before it is given up
// in a deletion: nobody would look at it again.
func (r *DeploymentReconciler) revisionsOf(ctx context.Context, imd *v1alpha1.ImmutableDeployment) (own, orphans []v1alpha1.ImmutableRevision, err error) {
	if detached := imd.Status.DetachedAt != nil; imd.DeletionTimestamp.IsZero() || detached {
		own, orphans, err = cachedRevisions(ctx, r.Client, imd)
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

// labelled finds the revisions that have a deployment's label.
func labelled(imd *v1alpha1.ImmutableDeployment) *client.ListOptions {
	var o client.ListOptions
	o.ApplyOptions([]client.ListOption{client.InNamespace(imd.Namespace), client.MatchingLabels{v1alpha1.LabelDeployment: imd.Name}})
	return &o
}

// cachedRevisions are the deployment's, and those that nobody controls, from the
// cache, which knows no pages.
func cachedRevisions(ctx context.Context, cached client.Reader, imd *v1alpha1.ImmutableDeployment) (own, orphans []v1alpha1.ImmutableRevision, err error) {
	var list v1alpha1.ImmutableRevisionList
	if err := cached.List(ctx, &list, labelled(imd)); err != nil {
		return nil, nil, fmt.Errorf("list revisions in the cache: %w", err)
	}
	own, orphans = divide(list.Items, imd)
	return own, orphans, nil
}

// listRevisions reads them from the API server itself, in pages, of which it
// keeps what the cache would: a deployment may have many, and large ones.
func listRevisions(ctx context.Context, live client.Reader, imd *v1alpha1.ImmutableDeployment) (own, orphans []v1alpha1.ImmutableRevision, err error) {
	var all []v1alpha1.ImmutableRevision
	options := labelled(imd)
	options.Limit = pageLength
	for {
		var page v1alpha1.ImmutableRevisionList
		if err := live.List(ctx, &page, options); err != nil {
			return nil, nil, fmt.Errorf("list revisions: %w", err)
		}
		for i := range page.Items {
			slimRevision(&page.Items[i])
		}
		all = append(all, page.Items...)
		if options.Continue = page.Continue; page.Continue == "" {
			own, orphans = divide(all, imd)
			return own, orphans, nil
		}
	}
}

// divide returns the revisions of a deployment in ascending order, and those that
// nobody controls.
func divide(all []v1alpha1.ImmutableRevision, imd *v1alpha1.ImmutableDeployment) (own, orphans []v1alpha1.ImmutableRevision) {
	slices.SortFunc(all, func(a, b v1alpha1.ImmutableRevision) int { return cmp.Compare(a.Spec.Revision, b.Spec.Revision) })
	for i := range all {
		switch imr := &all[i]; {
		case metav1.IsControlledBy(imr, imd):
			own = append(own, *imr)
		case metav1.GetControllerOf(imr) == nil && imr.DeletionTimestamp.IsZero():
			orphans = append(orphans, *imr)
		}
	}
	return own, orphans
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
	view.noteCopy(r.claimOf(imd))
	return nil
}

// noteCopy stops a deployment whose stacks are another cluster's: this one is a
// copy of that, with an ID of its own.
func (view *deploymentView) noteCopy(claim *ownership.Claim) {
	for i := range view.records {
		of := view.records[i].Status.ClusterID
		gone := view.records[i].Status.Phase == v1alpha1.RevisionRemoved
		if of == "" || of == claim.Cluster || gone || view.facts.Blocked != nil || slices.Contains(claim.Adopts, claim.UID) {
			continue
		}
		view.facts.Blocked = copied(claim, view.records[i].Name, of)
	}
}

// observeRevision translates a revision and, if traffic may depend on it,
// reads its health.
func (r *DeploymentReconciler) observeRevision(ctx context.Context, view *deploymentView, imr *v1alpha1.ImmutableRevision) (rollout.Revision, error) {
	seen := recorded(imr)
	seen.Hash = view.hashOf(imr)
	seen.Blocked = r.blockerOf(imr)
	if imr.Status.Outputs == nil {
		return seen, nil
	}
	seen.Tampered = tampered(imr, view)
	switch {
	case seen.Stack != v1alpha1.RevisionCreated:
		return seen, nil
	case view.facts.Deleting && view.facts.Policy.Retain && seen.Scales && !seen.Retained:
		return seen, readAutoscaler(ctx, view, imr.Status.Outputs, &seen)
	case view.facts.Deleting || !seen.Wanted || !view.matters(seen.Number):
		return seen, nil
	}
	return seen, readHealth(ctx, view, imr, &seen)
}

// matters tells whether traffic may depend on a revision's health.
func (view *deploymentView) matters(number int64) bool {
	active := view.facts.Progress.Rollout
	return number == view.facts.Progress.Stable || active != nil && active.FinishedAt.IsZero() && active.Revision == number ||
		view.facts.ForgetfulWorker() || view.facts.IsKeptIdle(number)
}

// outside are the reasons of what may keep a stack from being made, or removed,
// and isn't the fault of its template.
var outside = []string{
	v1alpha1.ReasonAccessDenied, v1alpha1.ReasonCredentials, v1alpha1.ReasonQuotaExceeded, v1alpha1.ReasonCapacityUnavailable,
	v1alpha1.ReasonNetworkUnavailable, v1alpha1.ReasonResourceConflict, v1alpha1.ReasonAWSUnavailable, v1alpha1.ReasonWrongAccount,
	v1alpha1.ReasonRoleNotAllowed, v1alpha1.ReasonPreviewPriorityUnavailable, v1alpha1.ReasonConfigurationGone,
}

// blockerOf is what is in the way of a revision's stack that isn't its template's
// fault; nil if nothing is. A call that failed isn't yet: the next one may not.
func (r *DeploymentReconciler) blockerOf(imr *v1alpha1.ImmutableRevision) *rollout.Blocked {
	b := imr.Status.BlockedBy
	if b == nil || !slices.Contains(outside, b.Reason) {
		return nil
	}
	if refused := refusedBy(imr, &imr.Status) != nil; b.Reason == v1alpha1.ReasonAWSUnavailable && !refused && r.Now().Sub(b.Since.Time) < stalledPollFactor*r.Timing.Poll {
		return nil
	}
	return &rollout.Blocked{Reason: b.Reason, Message: b.Message, Remedy: b.Remedy}
}

// recorded translates what a revision's record says.
func recorded(imr *v1alpha1.ImmutableRevision) rollout.Revision {
	backend := backendOf(imr, cloud.Clients{})
	seen := rollout.Revision{
		Number: imr.Spec.Revision,
		Name:   imr.Name,
		Hash:   imr.Spec.Frozen.TemplateHash,

		Template: imr.Spec.Frozen.TemplateHash,

		StackName: imr.Spec.StackName,

		Wanted:   imr.Spec.StackState == v1alpha1.StackPresent,
		Deleting: !imr.DeletionTimestamp.IsZero(),
		Retained: imr.Spec.StackState == v1alpha1.StackRetained,
		Stack:    imr.Status.Phase,
		Drain:    backend.Drain(),
		Sticky:   imr.Spec.Frozen.Template.Target.Stickiness != nil,

		Backend: backend.ID(),
		Retried: imr.Status.FailedAttempts > 0,
	}
	if scaling := imr.Spec.Frozen.Template.Scaling; scaling != nil {
		seen.Scales, seen.Scheduled = true, len(scaling.Schedules) > 0
	}
	if source, err := template.SourceOf(&imr.Spec.Frozen.Template); err == nil && imr.Status.LogGroup != "" {
		logs := source.Logs(&imr.Spec.Frozen.Template, imr.Spec.StackName, imr.Status.LogGroup)
		seen.Logs = command.TailLogs(logs.Group, logs.Streams, logs.Region, imr.Status.StackID)
	}
	if seen.Stack == "" {
		seen.Stack = v1alpha1.RevisionPending
	}
	if stalled := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil {
		seen.Cause = stalled.Message
	} else {
		seen.Cause = starting(imr)
	}
	if failure := imr.Status.Failure; failure != nil {
		seen.Remedy, seen.Retriable = backend.Remedy(failure)
	}
	return seen
}

// revision is a revision as observed; nil if there is none.
func (view *deploymentView) revision(number int64) *rollout.Revision {
	for i := range view.facts.Revisions {
		if view.facts.Revisions[i].Number == number {
			return &view.facts.Revisions[i]
		}
	}
	return nil
}

// reasonOf is the reason of a revision's Ready condition.
func reasonOf(imr *v1alpha1.ImmutableRevision) string {
	if ready := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}

// record is that of a revision which the decision was made about.
func (view *deploymentView) record(number int64) *v1alpha1.ImmutableRevision {
	i := slices.IndexFunc(view.records, func(imr v1alpha1.ImmutableRevision) bool { return imr.Spec.Revision == number })
	return &view.records[i]
}

// versionOf is the image that a revision is known by; the zero value if there is
// no such revision.
func (view *deploymentView) versionOf(number int64) v1alpha1.FrozenImage {
	for i := range view.records {
		if view.records[i].Spec.Revision == number {
			return template.Version(&view.records[i].Spec.Frozen)
		}
	}
	return v1alpha1.FrozenImage{}
}

// running are the images of what serves and of what is rolled out.
func (view *deploymentView) running(numbers ...int64) []v1alpha1.RunningImage {
	var out []v1alpha1.RunningImage
	for i := range view.records {
		imr := &view.records[i]
		if !slices.Contains(numbers, imr.Spec.Revision) {
			continue
		}
		for _, image := range template.FrozenImages(&imr.Spec.Frozen) {
			out = append(out, v1alpha1.RunningImage{Revision: imr.Name, Container: image.Container, Image: image.Image, Digest: image.Digest})
		}
	}
	return out
}

// nameOf is the name of a revision; "" if there is none.
func (view *deploymentView) nameOf(number int64) string {
	if seen := view.revision(number); seen != nil {
		return seen.Name
	}
	return ""
}
