package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Analysis is what alarms and metrics say.
type Analysis struct {
	// Checks are the newest verdicts on the step under way, one for each
	// alarm and metric.
	Checks []v1alpha1.Verdict
	// Firing tells which alarms are on; "" if none is.
	Firing string
	// Unread is true when alarms were asked for and nobody knows yet.
	Unread bool
	// Trouble is what has to be put right before anything can be judged: an
	// alarm that doesn't exist; nil if nothing is.
	Trouble *Blocked
}

// Stage tells what of Analysis, Answers and Images a pass needs, since reading
// costs calls.
type Stage struct {
	// Alarms is true when it matters whether alarms are on.
	Alarms bool
	// Measured is the step whose traffic is measured; nil when none is.
	Measured *Measured
	// Vetted is the revision whose images are to be judged; 0 is none.
	Vetted int64
	// Rolled is the revision that was verified and is rolled out; 0 is none.
	Rolled int64
}

// Measured is a step whose traffic is measured.
type Measured struct {
	// Step counted from 1, and the new revision's percentage of the requests.
	Step, Weight int32
	// Since is when the weight is in effect on every load balancer node.
	Since time.Time
	// Started is when the rollout did.
	Started time.Time
	// Revision that is measured, and that which it's compared with; 0 is none.
	Revision, Stable int64
	// Before are the last verdicts.
	Before []v1alpha1.Verdict
}

// Stage tells what to read for a decision about what was observed so far.
func (o *Observation) Stage() Stage {
	x := &decider{o: o}
	x.d.Progress = o.Progress.clone()
	r := x.d.Progress.Rollout
	var s Stage
	switch {
	case o.Deleting:
	case !r.active():
		s.Alarms = x.returnable() && !x.served() && !x.stuck()
	case r.Outcome == "":
		s = x.stage(r)
	}
	return s
}

// stage is that of a rollout which isn't decided.
func (x *decider) stage(r *Rollout) Stage {
	candidate := x.o.revision(r.Revision)
	if candidate == nil {
		return Stage{}
	}
	s := Stage{Alarms: x.judges(r)}
	if !candidate.Wanted && candidate.Hash == x.o.WantHash {
		s.Vetted = r.Revision
	}
	if r.VerifiedAt.IsZero() {
		return s
	}
	s.Rolled = r.Revision
	if step := x.plan()[r.Step]; x.judges(r) && step.Weight > 0 && !r.StepReachedAt.IsZero() {
		s.Measured = &Measured{
			Step: int32(r.Step) + 1, Weight: step.Weight, //nolint:gosec // a plan has few steps
			Since: r.StepReachedAt.Add(x.o.Policy.Propagation), Started: r.StartedAt,
			Revision: r.Revision, Stable: x.d.Progress.Stable, Before: r.Checks,
		}
	}
	return s
}

// judges tells whether alarms and metrics decide: not where there is nothing to
// go back to, or not any more, nor on the way back to what served just before.
func (x *decider) judges(r *Rollout) bool {
	return x.returnable() && !x.alone() && r.Cause != v1alpha1.CauseRevert
}

// judged keeps the newest verdicts, and fails a rollout that one of them speaks
// against. It tells whether one does.
func (x *decider) judged(r *Rollout) bool {
	if len(x.o.Analysis.Checks) > 0 {
		r.Checks = x.o.Analysis.Checks
	}
	check := x.failing()
	switch {
	case check == nil:
		return false
	case check.Source == v1alpha1.SourceAlarm:
		x.fail(r, v1alpha1.ReasonAlarmFiring, fmt.Sprintf("alarm %s: %s, at step %d/%d (weight %d)",
			check.Name, check.Message, check.Step, len(x.plan()), check.Weight))
	default:
		x.fail(r, v1alpha1.ReasonMetricOutOfBounds, check.Message)
	}
	return true
}

// failing is the first check that speaks against the new revision; nil if none
// does.
func (x *decider) failing() *v1alpha1.Verdict {
	for i, check := range x.o.Analysis.Checks {
		if check.Result == v1alpha1.ResultFail && x.judges(x.d.Progress.Rollout) {
			return &x.o.Analysis.Checks[i]
		}
	}
	return nil
}

// unproven waits with the end of a step until every check of it has passed. It
// tells whether one hasn't. After some time, someone has to decide. They have to
// pass but once: while a gate or a person is waited for there may be less to
// measure.
func (x *decider) unproven(r *Rollout, end time.Time, position string) bool {
	missing := x.missing()
	if !x.judges(r) || r.Full || r.ApprovedStep > r.Step || r.ProvenStep > r.Step {
		return false
	}
	if missing == "" {
		if len(x.o.Analysis.Checks) > 0 {
			r.ProvenStep = r.Step + 1
		}
		return false
	}
	deadline := end.Add(x.o.Policy.Inconclusive)
	message := fmt.Sprintf("%s: waiting for evidence until %s: %s", position, clock(deadline), missing)
	switch {
	case x.now.Before(deadline):
		phase := v1alpha1.PhaseShifting
		if r.Step == len(x.plan())-1 {
			phase = v1alpha1.PhaseBaking
		}
		x.tell(phase, v1alpha1.ReasonInconclusive, message)
		x.until(deadline)
	case x.o.Policy.RollBackInconclusive:
		x.fail(r, v1alpha1.ReasonInconclusive, fmt.Sprintf("no evidence within %s after the hold of step %d/%d: %s",
			x.o.Policy.Inconclusive, r.Step+1, len(x.plan()), missing))
	default:
		x.await(v1alpha1.ReasonInconclusive, position+" lacks evidence: "+missing, r, fmt.Sprintf("/%d", r.Step+1))
	}
	return true
}

// missing tells which checks of the step have not passed; "" if all have.
func (x *decider) missing() string {
	var parts []string
	for _, check := range x.o.Analysis.Checks {
		if check.Result != v1alpha1.ResultPass && check.Result != v1alpha1.ResultSkipped {
			parts = append(parts, check.Name+": "+check.Message)
		}
	}
	return strings.Join(parts, "; ")
}

// blockedByAlarms doesn't let a rollout start while an alarm is on, unless the
// user wants it so: what is wrong already would be blamed on the new revision.
func (x *decider) blockedByAlarms(want *Revision) bool {
	switch a := x.o.Analysis; {
	case x.cause(want) == v1alpha1.CauseRevert:
		return false
	case a.Unread:
		x.tell(v1alpha1.PhasePending, v1alpha1.ReasonPending, "Reading the alarms before the rollout of "+want.Name)
		x.wait(x.o.Policy.Poll)
		return true
	case a.Firing == "" || x.o.Policy.ProceedInAlarm:
		return false
	}
	x.blockAlarms("The rollout does not start")
	return true
}

// premature holds the first traffic back until the gates before it are passed
// and no alarm is on. It tells whether it does.
func (x *decider) premature(r *Rollout, candidate *Revision, step Step) bool {
	skipped := r.Full && !x.gradual() // the steps before this one were no steps
	for _, earlier := range x.plan()[:r.Step] {
		if earlier.Weight > 0 && !skipped {
			return false
		}
	}
	if step.Weight == 0 || x.o.Rule.Targets.Share(candidate.TargetGroup) > 0 {
		return false
	}
	return x.alarmed(r, candidate) || x.gates(r, v1alpha1.BeforeTraffic, 0)
}

// alarmed holds the first traffic back while an alarm is on.
func (x *decider) alarmed(r *Rollout, candidate *Revision) bool {
	switch a := x.o.Analysis; {
	case !x.judges(r):
		return false
	case a.Unread:
		x.tell(v1alpha1.PhaseVerifying, v1alpha1.ReasonVerifying, "Reading the alarms before "+candidate.Name+" gets traffic")
		x.wait(x.o.Policy.Poll)
		return true
	case a.Firing == "":
		return false
	case x.o.Policy.ProceedInAlarm:
		r.remark(a.Firing)
		return false
	}
	x.blockAlarms("No traffic goes to " + candidate.Name)
	return true
}

// troubled stops a rollout whose evidence can't be had before someone puts
// something right. What can be judged still rolls it back.
func (x *decider) troubled() bool {
	r, trouble := x.d.Progress.Rollout, x.o.Analysis.Trouble
	if trouble == nil || r.active() && r.Outcome != "" {
		return false
	}
	if r.active() {
		candidate := x.o.revision(r.Revision)
		if candidate == nil || candidate.Hash != x.o.WantHash || candidate.Stack == v1alpha1.RevisionFailed {
			return false // given up anyway
		}
		if candidate.Stack == v1alpha1.RevisionCreated && !r.VerifiedAt.IsZero() && x.condemned(r, candidate) {
			return true
		}
	}
	x.block(*trouble)
	return true
}

// blockAlarms says that alarms are in the way.
func (x *decider) blockAlarms(what string) {
	x.block(Blocked{
		Reason:  v1alpha1.ReasonAlarmFiring,
		Message: what + " while an alarm is on: " + x.o.Analysis.Firing,
		Cure:    "It goes on once the alarm is over; or set spec.analysis.ifAlarmBefore: Proceed",
	})
}

// remark adds to what was remarkable at the start.
func (r *Rollout) remark(what string) {
	switch {
	case strings.Contains(r.Note, what):
	case r.Note == "":
		r.Note = what
	default:
		r.Note += "; " + what
	}
}

// restless fails a revision whose tasks stop again and again: at any single
// moment it may look healthy.
func (x *decider) restless(r *Rollout, candidate *Revision) bool {
	h := candidate.Health
	if !h.Known || h.Restarts <= x.o.Policy.TaskRestarts || x.alone() {
		return false
	}
	x.fail(r, v1alpha1.ReasonTaskRestarts, fmt.Sprintf("%d tasks of %s stopped by themselves since it was verified, at %s (spec.rollback.taskRestartLimit is %d): %s",
		h.Restarts, candidate.Name, x.place(r, candidate), x.o.Policy.TaskRestarts, h.RestartCause))
	return true
}

// unscanned begins the remark that a stack is made without a scan. Asking for it
// is repeated if it fails, the wait for the scan isn't.
const unscanned = "not scanned: "

// unvetted waits for the scan of a revision's images before its stack is made,
// and fails one that has vulnerabilities. It tells whether the stack can't be
// made yet.
func (x *decider) unvetted(r *Rollout, candidate *Revision) bool {
	images := candidate.Images
	overdue := !x.now.Before(r.ProgressedAt.Add(x.o.Policy.ScanPending)) || strings.Contains(r.Note, unscanned)
	switch {
	case images.Result == v1alpha1.ResultFail:
		x.fail(r, v1alpha1.ReasonImageVulnerable, images.Message)
		return true
	case images.Result == v1alpha1.ResultPending && !overdue:
		x.tell(v1alpha1.PhaseProvisioning, v1alpha1.ReasonImageNotScanned, "Waiting for the scan of the images: "+images.Message)
		x.until(r.ProgressedAt.Add(x.o.Policy.ScanPending))
		return true
	case images.Result != v1alpha1.ResultPending && images.Result != v1alpha1.ResultInconclusive:
		return false
	case !x.o.Policy.ProceedUnscanned:
		x.fail(r, v1alpha1.ReasonImageNotScanned, images.Message)
		return true
	}
	r.remark(unscanned + images.Message)
	return false
}
