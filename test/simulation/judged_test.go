package simulation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// app is the plan's entry for a deployment.
func (o *observer) app(name string) app {
	for _, a := range o.w.plan.Apps {
		if a.Name == name {
			return a
		}
	}
	return app{}
}

// tagIn is the tag of the image with which a revision is frozen.
func (o *observer) tagIn(imr *v1alpha1.ImmutableRevision) string {
	if imr == nil {
		return ""
	}
	_, digest, _ := strings.Cut(imr.Spec.Frozen.Template.Containers[0].Image, "@")
	return o.w.others.tags[digest]
}

// checkJudged checks an outcome against what the plan knows about the revision:
// a bad one isn't promoted, and one that is given up is bad.
func (o *observer) checkJudged(at *pass, was, now *v1alpha1.ImmutableDeployment) {
	a, b := was.Status.Rollout, now.Status.Rollout
	if b == nil {
		return
	}
	if b.Outcome == "" {
		o.checkHeeded(now, b)
		return
	}
	if b.FinishedAt != nil && (a == nil || a.FinishedAt == nil) {
		o.checkEvidence(at, now, b)
	}
	if a != nil && a.ID == b.ID && a.Outcome == b.Outcome {
		return
	}
	plan, tag := o.app(now.Name), o.tagIn(at.p.cluster.revision(now, b.Revision))
	if b.Outcome == v1alpha1.OutcomePromoted && b.Cause != v1alpha1.CauseRevert && !o.asked[b.ID] {
		o.checkPromoted(plan, tag, was, b)
	}
	alarms := slices.ContainsFunc(o.w.plan.Faults, func(f fault) bool { return f.Kind == faultAlarm && o.w.plan.Apps[f.App].Name == now.Name })
	switch {
	case b.Reason == v1alpha1.ReasonAlarmFiring && !alarms && !o.w.story:
		o.fail("judged", "%s of %s is given up for an alarm that never was on: %s", b.ID, now.Name, b.Message)
	case b.Reason == v1alpha1.ReasonMetricOutOfBounds && tag != worse && tag != mute && !o.sickly(tag):
		o.fail("judged", "%s of %s, image %s, is given up for a metric: %s", b.ID, now.Name, tag, b.Message)
	case b.Reason == v1alpha1.ReasonImageVulnerable && tag != vulnerable:
		o.fail("judged", "%s of %s, image %s, is given up for a vulnerability: %s", b.ID, now.Name, tag, b.Message)
	}
}

// sickly tells whether an image's tasks may stop by themselves.
func (o *observer) sickly(tag string) bool {
	return slices.Contains(sick, tag) || slices.ContainsFunc(o.w.plan.Faults, func(f fault) bool { return f.Kind == faultTasks })
}

// checkHeeded checks that no rollout goes on in spite of a verdict, where there
// is something to go back to. One that is paused doesn't go on: what speaks
// against its revision is told, and it is rolled back once the pause is over.
func (o *observer) checkHeeded(now *v1alpha1.ImmutableDeployment, b *v1alpha1.Rollout) {
	paused := now.Spec.Paused != nil && *now.Spec.Paused
	if now.Status.Stable == 0 || b.Cause == v1alpha1.CauseRevert || o.changed[string(now.UID)] || paused {
		return
	}
	for _, check := range b.Checks {
		if check.Result == v1alpha1.ResultFail {
			o.fail("judged", "%s of %s goes on in spite of %s %s: %s", b.ID, now.Name, check.Source, check.Name, check.Message)
		}
	}
}

// checkPromoted checks that a revision which nobody promoted manually passed
// its checks.
func (o *observer) checkPromoted(plan app, tag string, was *v1alpha1.ImmutableDeployment, b *v1alpha1.Rollout) {
	if tag == vulnerable && plan.Scan {
		o.fail("judged", "%s of %s is promoted with a vulnerable image", b.ID, plan.Name)
	}
	if was.Status.Stable == 0 || o.changed[string(was.UID)] {
		return // with nothing to return to, or no longer, what serves continues
	}
	if (tag == worse || tag == mute) && plan.Metric {
		o.fail("judged", "%s of %s is promoted though it answers nothing but errors, or nothing", b.ID, plan.Name)
	}
	stands := plan.Gate.Decisive() && (plan.Gate != v1alpha1.AfterStep || plan.Strategy == v1alpha1.StrategyCanary && !o.various[string(was.UID)])
	if plan.Gate != "" && stands && !o.w.gates.passed[fmt.Sprintf("%s %s %s", was.UID, b.ID, plan.Gate)] {
		o.fail("judged", "%s of %s is promoted though its gate %s never said yes", b.ID, plan.Name, plan.Gate)
	}
}

// checkEvidence checks that the evidence against a revision is kept with it.
func (o *observer) checkEvidence(at *pass, imd *v1alpha1.ImmutableDeployment, r *v1alpha1.Rollout) {
	source := map[string]v1alpha1.VerdictSource{
		v1alpha1.ReasonAlarmFiring: v1alpha1.SourceAlarm, v1alpha1.ReasonMetricOutOfBounds: v1alpha1.SourceMetric,
		v1alpha1.ReasonGateFailed: v1alpha1.SourceGate, v1alpha1.ReasonImageVulnerable: v1alpha1.SourceImages,
	}[r.Reason]
	imr := at.p.cluster.revision(imd, r.Revision)
	if source == "" || imr == nil || o.memory.forgot[imd.Name].After(r.StartedAt.Time) {
		return
	}
	if !slices.ContainsFunc(imr.Status.Verdicts, func(v v1alpha1.Verdict) bool { return v.Source == source && v.Result == v1alpha1.ResultFail }) {
		o.fail("evidence", "%s of %s is over for %s, but %s has no such verdict", r.ID, imd.Name, r.Reason, imr.Name)
	}
}
