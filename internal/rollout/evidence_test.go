package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// smoke and others are gates for stories.
var (
	smoke   = Gate{Name: "smoke", At: v1alpha1.BeforeTraffic, Timeout: 5 * time.Minute, Retries: 1}
	signOff = Gate{Name: "sign-off", At: v1alpha1.BeforePromotion, Approval: true, Expiry: 2 * time.Hour}
	tell    = Gate{Name: "tell", At: v1alpha1.OnRollback, Timeout: time.Minute}
)

func TestEvidenceStories(t *testing.T) { play(t, evidenceStories()) }

func evidenceStories() map[string]func(s *story) {
	return map[string]func(s *story){
		"metric-fails": func(s *story) {
			s.served()
			s.measures = true
			s.bad["v2"] = "ErrorRate 4.2% > 1% at step 1 (weight 10), 1,312 requests, stable 0.3%"
			s.apply("v2")
			s.finish()
		},
		"no-evidence": func(s *story) {
			s.served()
			s.measures, s.blind = true, true
			s.policy.Inconclusive = 10 * time.Minute
			s.apply("v2")
			s.run("paused", paused)
			s.now = s.now.Add(time.Hour)
			s.note("an hour later someone promotes step 1")
			s.requests.Promote = "shop-2/1"
			s.run("at step 2", holding(2))
			s.note("there are data again")
			s.blind = false
			s.finish()
		},
		"no-evidence-in-the-end": func(s *story) {
			s.served()
			s.measures, s.plan = true, Plan{{Weight: 100}}
			s.policy.Inconclusive = 10 * time.Minute
			s.apply("v2")
			s.finish()
		},
		"no-evidence-rolls-back": func(s *story) {
			s.served()
			s.measures, s.blind = true, true
			s.policy.Inconclusive, s.policy.RollBackInconclusive = 10*time.Minute, true
			s.apply("v2")
			s.finish()
		},
		"alarm-before": func(s *story) {
			s.served()
			s.alarm = "checkout-5xx: Threshold Crossed"
			s.apply("v2")
			s.run("paused", paused)
			s.now = s.now.Add(3 * time.Hour)
			s.note("three hours later the alarm is over")
			s.alarm = ""
			s.run("provisioning", func(d Decision) bool { return d.Phase == v1alpha1.PhaseProvisioning })
			s.note("the alarm is on again")
			s.alarm = "checkout-5xx: Threshold Crossed"
			s.run("paused", paused)
			s.now = s.now.Add(3 * time.Hour)
			s.note("three hours later it is over again")
			s.alarm = ""
			s.finish()
		},
		"alarm-before-proceed": func(s *story) {
			s.served()
			s.policy.ProceedInAlarm = true
			s.alarm = "checkout-5xx: Threshold Crossed"
			s.apply("v2")
			s.finish()
			s.note("noted: %s", s.progress.Rollout.Note)
		},
		"gates": func(s *story) {
			s.served()
			s.gates = []Gate{smoke, {Name: "migrate", At: v1alpha1.AfterProvision, Timeout: time.Minute},
				{Name: "load", At: v1alpha1.AfterStep, Steps: []int32{2}, Timeout: 10 * time.Minute}, signOff, tell,
				{Name: "announce", At: v1alpha1.AfterPromotion, Timeout: time.Minute}}
			s.answers["smoke/1/0"] = Answer{State: AnswerNo, Message: "HTTP 503"}
			s.answers["load/2/1/0"] = Answer{State: AnswerLater, Message: "IN_PROGRESS", Delay: 30 * time.Second}
			s.apply("v2")
			s.run("paused", paused)
			s.note("someone signs it off")
			s.requests.Promote = "shop-2/sign-off"
			s.finish()
		},
		"gate-fails": func(s *story) {
			s.served()
			s.gates = []Gate{smoke, tell}
			s.answers["smoke"] = Answer{State: AnswerNo, Message: "the function failed: checkout answers 500"}
			s.answers["tell"] = Answer{State: AnswerNo, Message: "HTTP 410"}
			s.apply("v2")
			s.finish()
		},
		"approval-expires": func(s *story) {
			s.served()
			s.gates = []Gate{signOff}
			s.apply("v2")
			s.finish()
		},
		"vulnerable": func(s *story) {
			s.served()
			s.policy.ScanPending = 10 * time.Minute
			s.images["v2"] = Images{Result: v1alpha1.ResultPending, Message: "shop:v2 is IN_PROGRESS"}
			s.apply("v2")
			s.run("waiting", func(d Decision) bool { return d.Reason == v1alpha1.ReasonImageNotScanned })
			s.note("the scan is over")
			s.images["v2"] = Images{Result: v1alpha1.ResultFail, Message: "shop:v2 has 1 CRITICAL: CVE-2026-1 in openssl 3.0.1"}
			s.finish()
		},
		"restless": func(s *story) {
			s.served()
			s.policy.TaskRestarts = 3
			s.apply("v2")
			s.run("at step 2", holding(2))
			s.note("tasks of shop-2 stop and are replaced")
			s.restless["v2"] = 4
			s.finish()
		},
	}
}

// measured is a rollout at a step's end with a check.
func measured(step int, result v1alpha1.Result) Observation {
	o := rolling(step, 10*time.Minute)
	o.Analysis.Checks = []v1alpha1.Verdict{{Source: v1alpha1.SourceMetric, Name: "errors", Result: result, Message: "the evidence"}}
	o.Policy.Inconclusive = time.Hour
	return o
}

// A step ends only with every check passed, unless someone says so.
func TestEvidence(t *testing.T) {
	edit := func(o Observation, edits ...func(*Observation)) Observation {
		for _, f := range edits {
			f(&o)
		}
		return o
	}
	alarm := func(o *Observation) { o.Analysis.Checks[0].Source = v1alpha1.SourceAlarm }
	tests := map[string]struct {
		seen    Observation
		step    int
		outcome v1alpha1.Outcome
		reason  string
		blocked string
	}{
		"passed":                    {measured(0, v1alpha1.ResultPass), 1, "", "", ""},
		"skipped":                   {measured(0, v1alpha1.ResultSkipped), 1, "", "", ""},
		"pending":                   {measured(0, v1alpha1.ResultPending), 0, "", "", ""},
		"inconclusive":              {measured(0, v1alpha1.ResultInconclusive), 0, "", "", ""},
		"failed":                    {measured(0, v1alpha1.ResultFail), 0, v1alpha1.OutcomeRolledBack, v1alpha1.ReasonMetricOutOfBounds, ""},
		"alarm":                     {edit(measured(0, v1alpha1.ResultFail), alarm), 0, v1alpha1.OutcomeRolledBack, v1alpha1.ReasonAlarmFiring, ""},
		"passed, baked":             {measured(2, v1alpha1.ResultPass), 2, v1alpha1.OutcomePromoted, v1alpha1.ReasonComplete, ""},
		"inconclusive, baked":       {measured(2, v1alpha1.ResultInconclusive), 2, "", "", ""},
		"failed, baking":            {measured(2, v1alpha1.ResultFail), 2, v1alpha1.OutcomeRolledBack, v1alpha1.ReasonMetricOutOfBounds, ""},
		"inconclusive for too long": {edit(measured(0, v1alpha1.ResultInconclusive), func(o *Observation) { o.Policy.Inconclusive = time.Minute }), 0, "", "", v1alpha1.ReasonInconclusive},
		"inconclusive, rolled back": {edit(measured(0, v1alpha1.ResultInconclusive), func(o *Observation) {
			o.Policy.Inconclusive, o.Policy.RollBackInconclusive = time.Minute, true
		}), 0, v1alpha1.OutcomeRolledBack, v1alpha1.ReasonInconclusive, ""},
		"inconclusive, promoted": {edit(measured(0, v1alpha1.ResultInconclusive), func(o *Observation) { o.Progress.Rollout.ApprovedStep = 1 }), 1, "", "", ""},
		"failed, promoted":       {edit(measured(0, v1alpha1.ResultFail), func(o *Observation) { o.Progress.Rollout.ApprovedStep = 1 }), 0, v1alpha1.OutcomeRolledBack, v1alpha1.ReasonMetricOutOfBounds, ""},
		"failed, no way back":    {edit(measured(2, v1alpha1.ResultFail), func(o *Observation) { o.Revisions[0].Stack = v1alpha1.RevisionFailed }), 2, v1alpha1.OutcomePromoted, v1alpha1.ReasonComplete, ""},
		"failed, going back":     {edit(measured(2, v1alpha1.ResultFail), func(o *Observation) { o.Progress.Rollout.Cause = v1alpha1.CauseRevert }), 2, v1alpha1.OutcomeFastRolledBack, v1alpha1.ReasonComplete, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.seen.Progress.Rollout.Cause == v1alpha1.CauseRevert {
				tt.seen.Progress.Rollout.Full = true
			}
			d := Decide(tt.seen, start)
			r := d.Progress.Rollout
			blocked := ""
			if d.Blocked != nil {
				blocked = d.Blocked.Reason
			}
			if r.Step != tt.step || r.Outcome != tt.outcome || r.Reason != tt.reason || blocked != tt.blocked {
				t.Errorf("step %d, outcome %q, reason %q, blocked by %q: %s", r.Step, r.Outcome, r.Reason, blocked, d.Message)
			}
			if tt.outcome == v1alpha1.OutcomeRolledBack && !strings.Contains(r.Message, "the evidence") {
				t.Errorf("the outcome's message is %q", r.Message)
			}
		})
	}
}

// Who reads why a revision was rolled back can paste what shows the alarm.
func TestAlarmIsShown(t *testing.T) {
	o := measured(0, v1alpha1.ResultFail)
	o.Analysis.Checks[0].Source = v1alpha1.SourceAlarm
	o.Analysis.FiringARNs = []string{"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-5xx"}
	const want = "aws cloudwatch describe-alarms --alarm-types MetricAlarm CompositeAlarm LogAlarm --alarm-names 'shop-5xx' --region eu-west-1 shows it"
	if d := Decide(o, start); !strings.HasSuffix(d.Progress.Rollout.Message, "; "+want) {
		t.Errorf("the outcome's message is %q", d.Progress.Rollout.Message)
	}
}

// A scan may take longer than a rollout may go without progress: the stack has
// its time after it.
func TestScanTakesLong(t *testing.T) {
	for name, images := range map[string]Images{
		"passed":           {Result: v1alpha1.ResultPass},
		"never over":       {Result: v1alpha1.ResultPending, Message: "shop:v2 is IN_PROGRESS"},
		"without findings": {Result: v1alpha1.ResultInconclusive, Message: "shop:v2 is FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			o := unverified(v1alpha1.RevisionPending)
			o.Revisions[1].Wanted, o.Revisions[1].Images = false, images
			o.Policy.ScanPending, o.Policy.ProceedUnscanned = time.Hour, true
			o.Progress.Rollout.ProgressedAt = ago(time.Hour)
			for range 2 { // asking for the stack may end in a conflict
				d := Decide(o, start)
				if d.Action.Kind != ActionProvision {
					t.Fatalf("%s, action %+v", d.Message, d.Action)
				}
				o.Progress = d.Progress
			}
			o.Revisions[1].Wanted, o.Revisions[1].Stack = true, v1alpha1.RevisionCreating
			if d := Decide(o, start.Add(time.Minute)); d.Phase != v1alpha1.PhaseProvisioning {
				t.Errorf("%s: %s", d.Phase, d.Message)
			}
		})
	}
}

// What costs calls is read only where something depends on it.
func TestEvidenceNeeded(t *testing.T) {
	measuring := func(s Evidence) bool { return s.Measured != nil }
	preview := rolling(0, time.Minute)
	preview.Plan[0].Weight = 0
	revert := rolling(0, time.Minute)
	revert.Progress.Rollout.Cause = v1alpha1.CauseRevert
	deleting := rolling(0, time.Minute)
	deleting.Deleting = true
	asked := unverified(v1alpha1.RevisionPending)
	asked.Revisions[1].Wanted = false
	changed := serving()
	changed.WantHash = "v2"
	tests := map[string]struct {
		seen                     Observation
		alarms, measured, rolled bool
		vetted                   int64
	}{
		"nothing under way":       {serving(), false, false, false, 0},
		"about to start":          {changed, true, false, false, 0},
		"about to start as first": {fresh(), true, false, false, 0},
		"before the stack":        {asked, true, false, false, 2},
		"while the stack is made": {unverified(v1alpha1.RevisionCreating), true, false, false, 0},
		"while it is verified":    {unverified(v1alpha1.RevisionCreated), true, false, false, 0},
		"before the first weight": {rolling(0, -1), true, false, true, 0},
		"in a step":               {rolling(0, time.Minute), true, true, true, 0},
		"in the last step":        {rolling(2, time.Minute), true, true, true, 0},
		"in a preview":            {preview, true, false, true, 0},
		"going back":              {revert, false, false, true, 0},
		"decided":                 {decided(v1alpha1.OutcomeRolledBack, at(10), time.Second), false, false, false, 0},
		"the first one":           {alone(), false, false, true, 0},
		"deleted":                 {deleting, false, false, false, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.seen.EvidenceNeeded()
			if s.Alarms != tt.alarms || measuring(s) != tt.measured || (s.Rolled != 0) != tt.rolled || s.Vetted != tt.vetted {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// Before the first rollout alarms have to exist, and needn't be silent.
func TestAlarmsBeforeTheFirstRollout(t *testing.T) {
	missing := &Blocked{Reason: v1alpha1.ReasonAlarmNotFound, Message: "CloudWatch has no alarm named a"}
	first := func(a Analysis) Observation {
		return with(fresh(), func(o *Observation) {
			o.Revisions, o.Analysis = []Revision{{Number: 1, Name: "shop-1", Hash: o.WantHash, Stack: v1alpha1.RevisionPending}}, a
		})
	}
	if d := Decide(first(Analysis{Unread: true}), start); d.Progress.Rollout != nil || d.Reason != v1alpha1.ReasonPending {
		t.Errorf("unread: %s: %s", d.Reason, d.Message)
	}
	if d := Decide(first(Analysis{Trouble: missing}), start); d.Progress.Rollout != nil || d.Reason != v1alpha1.ReasonAlarmNotFound {
		t.Errorf("missing: %s: %s", d.Reason, d.Message)
	}
	if d := Decide(first(Analysis{Firing: "a (so)"}), start); d.Progress.Rollout == nil || d.Progress.Rollout.Note != "" {
		t.Errorf("firing: %s: %s, %+v", d.Reason, d.Message, d.Progress.Rollout)
	}
}

// What a step has proven isn't taken back when little is measured while a person
// takes their time, but it is when someone else had the rule route otherwise.
func TestProvenOnce(t *testing.T) {
	o := measured(1, v1alpha1.ResultPass)
	o.Plan[1].Approval, o.Policy.RollBackInconclusive = true, true
	d := Decide(o, start)
	if d.Reason != v1alpha1.ReasonAwaitingApproval {
		t.Fatalf("%s: %s", d.Reason, d.Message)
	}
	later := measured(1, v1alpha1.ResultInconclusive)
	later.Plan, later.Policy, later.Progress = o.Plan, o.Policy, d.Progress
	if d := Decide(later, start.Add(3*time.Hour)); d.Reason != v1alpha1.ReasonAwaitingApproval {
		t.Errorf("%s: %s", d.Reason, d.Message)
	}
	later.Progress.Since = start // put right again by now
	if d := Decide(later, start.Add(3*time.Hour)); d.Reason != v1alpha1.ReasonRollingBack {
		t.Errorf("after an edit by others: %s: %s", d.Reason, d.Message)
	}
	later.Analysis.Checks[0].Result = v1alpha1.ResultFail
	later.Progress = d.Progress
	if d := Decide(later, start.Add(3*time.Hour)); d.Reason != v1alpha1.ReasonRollingBack {
		t.Errorf("bad after all: %s: %s", d.Reason, d.Message)
	}
}
