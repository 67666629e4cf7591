package controllers

import (
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// fromSpec translates spec and what status remembers.
func (r *DeploymentReconciler) fromSpec(imd *v1alpha1.ImmutableDeployment) rollout.Observation {
	spec := imd.Spec
	o := rollout.Observation{
		Namespace:    imd.Namespace,
		Name:         imd.Name,
		UID:          string(imd.UID),
		Writer:       r.mark(imd),
		Adopted:      r.claimOf(imd).Adopted(),
		Deleting:     !imd.DeletionTimestamp.IsZero(),
		WantTemplate: template.Hash(spec.Template),
		DesiredCount: 1,
		Recreate:     spec.Strategy.Type == v1alpha1.StrategyRecreate,
		Policy: rollout.Policy{
			ProgressDeadline: seconds(spec.ProgressDeadlineSeconds, 3600),
			Unhealthy:        seconds(spec.Rollback.UnhealthySeconds, 60),
			Propagation:      r.Timing.Propagation,
			Poll:             r.Timing.Poll,
			Resync:           r.Timing.Resync,
			Stalled:          stalledPollFactor * r.Timing.Poll,
			Enforce:          spec.Traffic.OnDrift == v1alpha1.DriftEnforce,
			HistoryLimit:     5,
			KeepFailed:       seconds(spec.Rollback.KeepFailedSeconds, 3600),
			KeepFailedTasks:  spec.Rollback.KeepFailedTasks != nil && *spec.Rollback.KeepFailedTasks,
			BlockUnhealthy:   spec.Rollback.IfStableUnhealthy == v1alpha1.UnhealthyBlock,
			Retain:           spec.DeletionPolicy == v1alpha1.DeletionRetain,
		},
		Paused:   spec.Paused != nil && *spec.Paused,
		Requests: requestsOf(imd),
		Progress: remembered(&imd.Status),
	}
	o.WantHash = o.WantTemplate
	if o.Deleting {
		o.DeletedAt = imd.DeletionTimestamp.Time
	}
	if was := imd.Status.BlockedBy; was != nil {
		o.WasBlocked = was.Reason
		o.Told = rollout.Blocked{Reason: was.Reason, Message: was.Message, Remedy: was.Remedy}
	}
	o.Scaling = limitsOf(spec.Scaling)
	if spec.DesiredCount != nil {
		o.DesiredCount = *spec.DesiredCount
	}
	receives := r.routerOf(imd, cloud.Clients{}).Receives()
	o.Route.None = !receives
	o.Plan = rollout.Compile(&spec, o.DesiredCount, receives)
	judgingFromSpec(&o.Policy, &spec)
	if spec.RevisionHistoryLimit != nil {
		o.Policy.HistoryLimit = int(*spec.RevisionHistoryLimit)
	}
	return o
}

// judgingFromSpec translates by what a new revision is judged.
func judgingFromSpec(policy *rollout.Policy, spec *v1alpha1.ImmutableDeploymentSpec) {
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
		Unknown: truncate(strings.Join(unknownAnnotations(imd), ", "), 200),
	}
}

// unknownAnnotations are those that are named like ours and aren't any.
func unknownAnnotations(imd *v1alpha1.ImmutableDeployment) []string {
	var names []string
	for name := range imd.Annotations {
		if strings.HasPrefix(name, v1alpha1.AnnotationPrefix) && !slices.Contains(v1alpha1.AnnotationsOfDeployment(), name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// awsOf is spec.aws, or the default.
func awsOf(imd *v1alpha1.ImmutableDeployment) v1alpha1.AWS {
	if imd.Spec.AWS == nil {
		return v1alpha1.AWS{}
	}
	return *imd.Spec.AWS
}

// seconds turns a field in seconds into a duration, with its default for
// objects that the API server did not fill in.
func seconds(n *int32, otherwise int32) time.Duration {
	if n == nil {
		return time.Duration(otherwise) * time.Second
	}
	return time.Duration(*n) * time.Second
}
