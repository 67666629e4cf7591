package controllers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// mark is by what this process marks the rule that it writes: who it is, how far
// the deployment has come, since when. Each step of a rollout has a mark of its
// own, so that status from before it is known to be older than the rule. A
// process goes on with the mark of another one that was made a moment ago: if
// each dies after its first write, they still come along.
func (r *DeploymentReconciler) mark(imd *v1alpha1.ImmutableDeployment) string {
	reached := reached(imd)
	if t := imd.Status.Traffic; t != nil && len(t.Writers) > 0 {
		last := t.Writers[len(t.Writers)-1]
		process, rest, _ := strings.Cut(last, ".")
		count, made, _ := strings.Cut(rest, ".")
		since, err := strconv.ParseInt(made, 10, 64)
		fresh := err == nil && r.Now().Sub(time.Unix(since, 0)) < markLasts
		if count == reached && (process == r.Process || fresh) {
			return last
		}
	}
	return fmt.Sprintf("%s.%s.%d", r.Process, reached, r.Now().Unix())
}

// reached is how far a deployment has come: the number of its rollout, and the
// step while that isn't decided, 0 before the new revision may get requests.
func reached(imd *v1alpha1.ImmutableDeployment) string {
	n := strconv.FormatInt(imd.Status.RolloutCount, 10)
	switch ro := imd.Status.Rollout; {
	case ro == nil || ro.FinishedAt != nil || ro.Outcome != "":
		return n
	case ro.VerifiedAt == nil:
		return n + "-0"
	default:
		return fmt.Sprintf("%s-%d", n, ro.Step+1)
	}
}

// markLasts is for how long a mark serves processes that didn't make it. A copy
// of the cluster that comes up within that time isn't noticed before its end.
const markLasts = 10 * time.Minute

// authorise lets a decision have its effect only if the production rule is still
// the deployment's, and was written last by a process of this cluster. The rule
// bears the mark of its last writer; one that status doesn't know is that of a
// copy of this cluster, or of this one before it was restored. Without a rule
// there is nothing by which two clusters could tell.
func (r *DeploymentReconciler) authorise(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, d rollout.Decision) (rollout.Decision, error) {
	unmarked := !view.facts.Route.Exists || d.Action.Kind == rollout.ActionClaimRule
	marking := d.Action.Kind != rollout.ActionReleaseRule // which takes the mark off
	switch marks := view.facts.Progress.Writers; {
	case !d.Action.Guarded() || view.facts.Route.None:
		return d, nil
	case marking && !slices.Contains(marks, view.facts.Writer) && (len(marks) > 0 || unmarked):
		return d.Marking(&view.facts, r.Now()), nil
	case unmarked:
		return d, nil
	}
	return r.compareMarks(ctx, imd, view, d)
}

// compareMarks reads whose the rule is and who wrote it last.
func (r *DeploymentReconciler) compareMarks(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, d rollout.Decision) (rollout.Decision, error) {
	tags, err := view.router.Tags(ctx)
	if err != nil {
		return d, err
	}
	stripped := tags[v1alpha1.TagUID] == "" && view.facts.Route.Owned // what it forwards to says that it is ours
	if !r.claimOf(imd).Owns(tags) && !stripped {
		if !view.facts.Route.Owned {
			return d, nil // known not to be ours, and left alone
		}
		return d, view.router.Conflict(tags)
	}
	switch mark := tags[v1alpha1.TagWriter]; {
	case mark == view.facts.Writer:
		return d, nil
	case mark == "" || slices.Contains(view.facts.Progress.Writers, mark):
		if d.Action.Kind == rollout.ActionReleaseRule {
			return d, nil
		}
		return d.Marking(&view.facts, r.Now()), nil
	default:
		return r.reconsider(ctx, imd, view, d, mark)
	}
}

// reconsider decides again, now that the rule turned out to bear a mark that
// status doesn't know. A deletion that leaves everything leaves the rule to who
// marked it.
func (r *DeploymentReconciler) reconsider(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, d rollout.Decision, mark string) (rollout.Decision, error) {
	view.facts.Route.Writer, view.facts.Overrule = mark, r.claimOf(imd).Overrules(mark)
	if view.facts.Route.Owned = !view.facts.Deleting || !view.facts.Policy.Retain; view.facts.Route.Owned {
		if err := r.audit(ctx, imd, view); err != nil {
			return d, err
		}
	}
	again := rollout.Decide(view.facts, r.Now())
	switch {
	case !again.Action.Guarded():
		return again, nil
	case slices.Contains(again.Progress.Writers, mark) || view.facts.Overrule || view.onlyStatusLost():
		return d.Noting(&view.facts, r.Now(), mark, false), nil
	}
	return d, statusBehind(r.claimOf(imd), mark)
}

// onlyStatusLost tells whether no mark is remembered, although the records know
// all that the rule forwards to: those of a copy made before that wouldn't.
func (view *deploymentView) onlyStatusLost() bool {
	unknown := func(t rollout.Target) bool {
		return !slices.ContainsFunc(view.facts.Revisions, func(seen rollout.Revision) bool { return seen.Backend == t.Backend })
	}
	return len(view.facts.Progress.Writers) == 0 && len(view.facts.Route.Targets) > 0 && !slices.ContainsFunc(view.facts.Route.Targets, unknown)
}
