package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
)

// Analysis is what alarms and metrics say.
type Analysis struct {
	// Checks are the newest verdicts on the step under way, one for each
	// alarm and metric.
	Checks []v1alpha1.Verdict
	// Firing tells which alarms are on, and FiringARNs names them; "" and nil if
	// none is.
	Firing     string
	FiringARNs []string
	// Unread is true when alarms were asked for and nobody knows yet.
	Unread bool
	// Trouble is what has to be put right before anything can be judged: an
	// alarm that doesn't exist; nil if nothing is.
	Trouble *Blocked
}

// Evidence tells what of Analysis, Share, Answers and Images a pass needs, since reading
// costs calls.
type Evidence struct {
	// Alarms is true when it matters whether alarms are on.
	Alarms bool
	// Measured is the step whose traffic is measured; nil when none is.
	Measured *Measured
	// Shared is the step in which requests aren't shared out as its weight says, so
	// that the real share is to be read; nil when there is none.
	Shared *Measured
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

// EvidenceNeeded tells what to read for a decision about what was observed so far.
func (o *Observation) EvidenceNeeded() Evidence {
	x := newPass(o, time.Time{}, o.Progress)
	x.clampStep()
	switch r := x.p.Rollout; {
	case o.Deleting:
		return Evidence{}
	case !r.active():
		// Before the first rollout it only matters whether they exist: to be told
		// of that by the second, which may be urgent, is too late.
		return Evidence{Alarms: !x.isServed() && !x.isStuck()}
	case r.Outcome == "":
		return x.evidenceOfRollout()
	}
	return Evidence{}
}

// evidenceOfRollout is that of a rollout which isn't decided.
func (x *pass) evidenceOfRollout() Evidence {
	r, candidate := x.p.Rollout, x.candidate()
	if candidate == nil {
		return Evidence{}
	}
	s := Evidence{Alarms: x.isJudged()}
	if !candidate.Wanted && candidate.Hash == x.o.WantHash {
		s.Vetted = r.Revision
	}
	if r.VerifiedAt.IsZero() {
		return s
	}
	s.Rolled = r.Revision
	step := x.step(r)
	if step.Weight == 0 || r.StepReachedAt.IsZero() {
		return s
	}
	m := &Measured{
		Step: int32(r.Step) + 1, Weight: step.Weight, //nolint:gosec // a plan has few steps
		Since: r.StepReachedAt.Add(x.o.Policy.Propagation), Started: r.StartedAt,
		Revision: r.Revision, Stable: x.p.Stable, Before: r.Checks,
	}
	if x.isJudged() {
		s.Measured = m
	}
	if x.keepsClients() && x.stable() != nil {
		s.Shared = m
	}
	return s
}

// keepsClients tells whether the route is to share out requests in the step under
// way, and keeps clients with the revision that answered them first.
func (x *pass) keepsClients() bool {
	weight := x.step(x.p.Rollout).Weight
	return x.o.Route.Sticky && weight > 0 && weight < 100
}

// isJudged tells whether alarms and metrics decide: not where there is nothing to
// go back to, or not any more, nor on the way back to what served just before.
func (x *pass) isJudged() bool {
	return x.canReturn() && !x.isStableLost() && x.p.Rollout.Cause != v1alpha1.CauseRevert
}

// failIfOutOfBounds fails a revision that an alarm or a metric speaks against.
func (x *pass) failIfOutOfBounds() *Decision {
	r, check := x.rollout(), x.failingCheck()
	switch {
	case check == nil:
		return nil
	case check.Source == v1alpha1.SourceAlarm:
		message := fmt.Sprintf("alarm %s: %s, at step %d/%d (weight %d)", check.Name, check.Message, check.Step, len(x.plan()), check.Weight)
		if arns := x.o.Analysis.FiringARNs; len(arns) > 0 {
			message += "; " + command.DescribeAlarms(arns) + " shows it"
		}
		return x.fail(r, v1alpha1.ReasonAlarmFiring, message)
	}
	return x.fail(r, v1alpha1.ReasonMetricOutOfBounds, check.Message)
}

// failingCheck is the first check that speaks against the new revision; nil if
// none does.
func (x *pass) failingCheck() *v1alpha1.Verdict {
	for i, check := range x.o.Analysis.Checks {
		if check.Result == v1alpha1.ResultFail && x.isJudged() {
			return &x.o.Analysis.Checks[i]
		}
	}
	return nil
}

// needsEvidence tells whether the step's end has still to be proven by checks.
// They have to pass but once: while a gate or a person is waited for there may be
// less to measure.
func (x *pass) needsEvidence() bool {
	r := x.p.Rollout
	return x.isJudged() && !r.Full && r.ApprovedStep <= r.Step && r.ProvenStep <= r.Step
}

// noteProven remembers that every check of the step has passed.
func (x *pass) noteProven() {
	if x.needsEvidence() && x.missingEvidence() == "" && len(x.o.Analysis.Checks) > 0 {
		x.p.Rollout.ProvenStep = x.p.Rollout.Step + 1
	}
}

// awaitEvidence waits with the end of a step until every check of it has passed.
// After some time, someone has to decide.
func (x *pass) awaitEvidence() *Decision {
	r, missing := x.rollout(), x.missingEvidence()
	if missing == "" || !x.needsEvidence() {
		return nil
	}
	deadline := x.holdEnd().Add(x.o.Policy.Inconclusive)
	switch {
	case x.now.Before(deadline):
		phase := v1alpha1.PhaseShifting
		if x.isLast(&r) {
			phase = v1alpha1.PhaseBaking
		}
		message := fmt.Sprintf("%s: waiting for evidence until %s: %s", x.position(&r), clock(deadline), missing)
		return x.until(words{phase, v1alpha1.ReasonInconclusive, message}, deadline)
	case x.o.Policy.RollBackInconclusive:
		return x.fail(r, v1alpha1.ReasonInconclusive, fmt.Sprintf("no evidence within %s after the hold of step %d/%d: %s",
			x.o.Policy.Inconclusive, r.Step+1, len(x.plan()), missing))
	}
	return x.awaitPerson(v1alpha1.ReasonInconclusive, x.position(&r)+" lacks evidence: "+missing, fmt.Sprintf("/%d", r.Step+1))
}

// missingEvidence tells which checks of the step have not passed; "" if all have.
func (x *pass) missingEvidence() string {
	var parts []string
	for _, check := range x.o.Analysis.Checks {
		if check.Result != v1alpha1.ResultPass && check.Result != v1alpha1.ResultSkipped {
			parts = append(parts, check.Name+": "+check.Message)
		}
	}
	return strings.Join(parts, "; ")
}

// blockIfAlarmed doesn't let a rollout start while an alarm is on, unless the
// user wants it so: what is wrong already would be blamed on the new revision.
func (x *pass) blockIfAlarmed() *Decision {
	want := x.o.wanted()
	switch a := x.o.Analysis; {
	case x.cause(want) == v1alpha1.CauseRevert, x.isStableLost(): // an outage is over the sooner
		return nil
	case a.Unread:
		return x.poll(words{v1alpha1.PhasePending, v1alpha1.ReasonPending, "Reading the alarms before the rollout of " + want.Name})
	case a.Firing == "" || x.o.Policy.ProceedInAlarm || !x.canReturn():
		return nil
	}
	return x.blockOnAlarms("The rollout does not start")
}

// noteFiring remembers that the first traffic came although an alarm was on.
func (x *pass) noteFiring() {
	a := x.o.Analysis
	if x.isBeforeTraffic() && x.isJudged() && !a.Unread && a.Firing != "" && x.o.Policy.ProceedInAlarm {
		x.p.Rollout.remark(a.Firing)
	}
}

// awaitAlarms holds the first traffic back while an alarm is on.
func (x *pass) awaitAlarms() *Decision {
	if !x.isBeforeTraffic() || !x.isJudged() {
		return nil
	}
	switch a, candidate := x.o.Analysis, x.candidate(); {
	case a.Unread:
		return x.poll(verifying("Reading the alarms before " + candidate.Name + " gets traffic"))
	case a.Firing == "" || x.o.Policy.ProceedInAlarm:
		return nil
	default:
		return x.blockOnAlarms("No traffic goes to " + candidate.Name)
	}
}

// blockOnAlarms says that alarms are in the way.
func (x *pass) blockOnAlarms(what string) *Decision {
	return x.block(Blocked{
		Reason:  v1alpha1.ReasonAlarmFiring,
		Message: what + " while an alarm is firing: " + x.o.Analysis.Firing,
		Remedy: "Wait until the alarm clears (" + command.DescribeAlarms(x.o.Analysis.FiringARNs) + " shows it), or go on all the same: " +
			command.Patch(x.o.Namespace, x.o.Name, `{"analysis":{"ifAlarmBefore":"Proceed"}}`),
	})
}

// failInTrouble still rolls back what can be judged without the evidence that
// can't be had.
func (x *pass) failInTrouble() *Decision {
	candidate := x.candidate()
	if x.o.Analysis.Trouble == nil || !x.p.Rollout.undecided() || candidate == nil || candidate.Hash != x.o.WantHash {
		return nil
	}
	return x.failIfBad()
}

// blockOnTrouble stops a rollout whose evidence can't be had before someone puts
// something right. A revision that is given up anyway isn't kept waiting.
func (x *pass) blockOnTrouble() *Decision {
	r, candidate, trouble := x.p.Rollout, x.candidate(), x.o.Analysis.Trouble
	switch {
	case trouble == nil || r.active() && r.Outcome != "":
		return nil
	case r.active() && (candidate == nil || candidate.Hash != x.o.WantHash || candidate.Stack == v1alpha1.RevisionFailed):
		return nil
	}
	return x.block(*trouble)
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

// failIfTasksCrash fails a revision whose tasks stop again and again: at any
// single moment it may look healthy.
func (x *pass) failIfTasksCrash() *Decision {
	r, candidate := x.rollout(), x.candidate()
	h := candidate.Health
	if !h.Known || h.Restarts <= x.o.Policy.TaskRestarts || x.hasNoWayBack() {
		return nil
	}
	return x.fail(r, v1alpha1.ReasonTaskRestarts, fmt.Sprintf("%d tasks of %s stopped on their own since it was verified, at %s (spec.rollback.taskRestartLimit is %d): %s",
		h.Restarts, candidate.Name, x.place(&r), x.o.Policy.TaskRestarts, h.RestartCause))
}

// unscanned begins the remark that a stack is made without a scan. Asking for it
// is repeated if it fails, the wait for the scan isn't.
const unscanned = "not scanned: "

// isScanLate tells whether the scan of the images was waited for long enough.
func (x *pass) isScanLate() bool {
	r := x.p.Rollout
	return !x.now.Before(r.ProgressedAt.Add(x.o.Policy.ScanPending)) || strings.Contains(r.Note, unscanned)
}

// isUnscanned tells whether there will be no findings to judge the images by.
func (x *pass) isUnscanned() bool {
	result := x.candidate().Images.Result
	return result == v1alpha1.ResultInconclusive || result == v1alpha1.ResultPending && x.isScanLate()
}

// failIfVulnerable fails a revision whose images have vulnerabilities, or none
// that could be looked for, before its stack is made.
func (x *pass) failIfVulnerable() *Decision {
	images := x.candidate().Images
	switch {
	case images.Result == v1alpha1.ResultFail:
		return x.fail(x.rollout(), v1alpha1.ReasonImageVulnerable, images.Message)
	case x.isUnscanned() && !x.o.Policy.ProceedUnscanned:
		return x.fail(x.rollout(), v1alpha1.ReasonImageNotScanned, images.Message)
	}
	return nil
}

// awaitScan waits for the scan of a revision's images before its stack is made.
func (x *pass) awaitScan() *Decision {
	r, images := x.p.Rollout, x.candidate().Images
	if images.Result != v1alpha1.ResultPending || x.isScanLate() {
		return nil
	}
	return x.until(words{v1alpha1.PhaseProvisioning, v1alpha1.ReasonImageNotScanned, "Waiting for the scan of the images: " + images.Message},
		r.ProgressedAt.Add(x.o.Policy.ScanPending))
}

// noteUnscanned remembers that a stack is made without a scan.
func (x *pass) noteUnscanned() {
	if x.isUnscanned() && x.o.Policy.ProceedUnscanned {
		x.p.Rollout.remark(unscanned + x.candidate().Images.Message)
	}
}
