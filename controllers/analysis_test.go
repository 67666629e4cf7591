package controllers_test

import (
	"regexp"
	"testing"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
)

// judgedBy makes a deployment one whose revisions are judged.
func judgedBy(a v1alpha1.Analysis) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) { s.Analysis = &a }
}

// errorRate is a check of the error rate.
func errorRate(edit ...func(*v1alpha1.MetricCheck)) v1alpha1.Analysis {
	check := v1alpha1.MetricCheck{Name: "errors", Builtin: v1alpha1.MetricErrorRate, Max: "1", MinSamples: new(int32(10))}
	for _, f := range edit {
		f(&check)
	}
	return v1alpha1.Analysis{Metrics: []v1alpha1.MetricCheck{check}, InconclusiveSeconds: new(int32(3600))}
}

// verdictsOn are what was said of a revision, as "name result".
func (w *world) verdictsOn(name string) []string {
	w.t.Helper()
	var out []string
	for _, imr := range w.revisions() {
		if imr.Name != name {
			continue
		}
		for _, v := range imr.Status.Verdicts {
			out = append(out, v.Name+" "+string(v.Result))
		}
	}
	return out
}

// condition is a condition's status and message; "" if it is absent.
func condition(imd *v1alpha1.ImmutableDeployment, kind string) (metav1.ConditionStatus, string) {
	if c := meta.FindStatusCondition(imd.Status.Conditions, kind); c != nil {
		return c.Status, c.Message
	}
	return "", ""
}

// A revision of which a fifth of the answers are errors is found by the real
// counts of the load balancer, at the first step, and the reason is a sentence.
func TestErrorRateRollsBack(t *testing.T) {
	w := running(t)
	// Chance decides which requests fail: of ten, one time in ten, none does.
	enough := errorRate(func(c *v1alpha1.MetricCheck) { c.MinSamples = new(int32(40)) })
	imd := w.serving(judgedBy(enough), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
	users := w.use()
	w.roll(imd, "err20")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	users.leave()
	r := now.Status.Rollout
	w.Expect(r.Outcome).To(gomega.Equal(v1alpha1.OutcomeRolledBack))
	w.Expect(r.Reason).To(gomega.Equal(v1alpha1.ReasonMetricOutOfBounds))
	// With few requests chance decides how large a part of them it is.
	w.Expect(r.Message).To(gomega.MatchRegexp(`^ErrorRate \d+(\.\d+)?% > 1% at step 1 \(weight 10\), [\d,]+ requests, stable 0%$`))
	status, message := condition(now, v1alpha1.ConditionAnalysis)
	w.Expect(status).To(gomega.Equal(metav1.ConditionFalse))
	w.Expect(message).To(gomega.ContainSubstring("ErrorRate"))
	said := w.verdictsOn("checkout-2") // too few requests come at first, on a busy machine
	w.Expect(said[len(said)-1]).To(gomega.Equal("errors Fail"))
	w.Expect(said).NotTo(gomega.ContainElement("errors Pass"))
	w.happened(imd, "Verdict: errors Fail, was ")
	w.removed("checkout-2")
	w.did("CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "ModifyRule 1:90 2:10", "ModifyRule 1:100", "DeleteStack checkout-2")
	w.Expect(now.Status.History[0].Message).To(gomega.Equal(r.Message))
}

// The same against what the old revision does in the same minutes.
func TestErrorRateAgainstStable(t *testing.T) {
	w := running(t)
	imd := w.serving(judgedBy(errorRate(func(c *v1alpha1.MetricCheck) { c.Max, c.MaxRatioToStable = "", "2" })),
		func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
	users := w.use()
	w.roll(imd, "err20")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	users.leave()
	w.Expect(now.Status.Rollout.Message).To(gomega.MatchRegexp(`^ErrorRate [\d.]+% is beyond doubt more than 2 times stable's 0% \(p.*\) at step 1 \(weight 10\)`))
}

// A good revision passes every step, and each verdict is kept.
func TestGoodRevisionPasses(t *testing.T) {
	w := running(t)
	a := errorRate(func(c *v1alpha1.MetricCheck) { c.MaxRatioToStable = "2" })
	a.Metrics = append(a.Metrics,
		v1alpha1.MetricCheck{Name: "latency", Builtin: v1alpha1.MetricLatencyP90, Max: "1000", MinSamples: new(int32(10))},
		v1alpha1.MetricCheck{Name: "arrives", Builtin: v1alpha1.MetricRequestCount, Min: "1"},
		v1alpha1.MetricCheck{Name: "hosts", Builtin: v1alpha1.MetricUnhealthyHosts, Max: "0"},
		v1alpha1.MetricCheck{Name: "cpu", Builtin: v1alpha1.MetricCPU, Max: "80", MaxRatioToStable: "3"},
		v1alpha1.MetricCheck{Name: "share", Max: "60", Query: &v1alpha1.MetricQuery{
			Expression: "100 * mine / all",
			Metrics: []v1alpha1.QueryMetric{
				{ID: "mine", Namespace: "AWS/ApplicationELB", MetricName: "RequestCount", Stat: "Sum", Dimensions: []v1alpha1.QueryDimension{
					{Name: "TargetGroup", Value: "$(targetGroup)"}, {Name: "LoadBalancer", Value: "$(loadBalancer)"}}},
				{ID: "all", Namespace: "AWS/ApplicationELB", MetricName: "RequestCount", Stat: "Sum", Dimensions: []v1alpha1.QueryDimension{
					{Name: "LoadBalancer", Value: "$(loadBalancer)"}}},
			}}})
	imd := w.serving(judgedBy(a), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(60, 60) })
	users := w.use()
	w.roll(imd, "2")
	w.until(imd, "the bake time's verdict on the share", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseRollingBack || s.Phase == v1alpha1.PhaseBaking && len(s.Rollout.Checks) == 6 && s.Rollout.Checks[5].Result == v1alpha1.ResultFail
	})
	// At 100 % the share is of course more than 60 %.
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	users.leave()
	w.Expect(now.Status.Rollout.Message).To(gomega.MatchRegexp(`^share 100 > 60 at step 3 \(weight 100\)`))
	said := w.verdictsOn("checkout-2")
	for _, name := range []string{"errors", "latency", "arrives", "hosts", "cpu"} {
		passes := 0
		for _, s := range said {
			if s == name+" Pass" {
				passes++
			}
		}
		w.Expect(passes).To(gomega.BeNumerically(">=", 2), "%s in %q", name, said)
		w.Expect(said).NotTo(gomega.ContainElement(name + " Fail"))
	}
	w.removed("checkout-2")
	w.did("CreateStack checkout-1", "CreateRule 1:100", "CreateStack checkout-2", "ModifyRule 1:90 2:10", "ModifyRule 1:50 2:50", "ModifyRule 2:100",
		"ModifyRule 1:100", "DeleteStack checkout-2")
}

// Without requests there is no evidence: the step waits, then a person is asked
// for, and may decide.
func TestInconclusivePauses(t *testing.T) {
	w := running(t)
	a := errorRate()
	a.InconclusiveSeconds = new(int32(300))
	imd := w.serving(judgedBy(a), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepOldSeconds = new(int32(0)) })
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonInconclusive)
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePaused))
	w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("errors: ErrorRate: "))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("viridian.dev/promote=checkout-2/1"))
	status, _ := condition(now, v1alpha1.ConditionAnalysis)
	w.Expect(status).To(gomega.Equal(metav1.ConditionUnknown))
	w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/full")
	now = w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeFastPromoted))
	// Once for each step that it was at for long enough.
	w.Expect(w.verdictsOn("checkout-2")).To(gomega.HaveEach("errors Inconclusive"))
}

func TestInconclusiveRollsBack(t *testing.T) {
	w := running(t)
	a := errorRate()
	a.InconclusiveSeconds, a.IfInconclusive = new(int32(300)), v1alpha1.InconclusiveRollBack
	imd := w.serving(judgedBy(a))
	w.roll(imd, "2")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonInconclusive))
	w.Expect(now.Status.Rollout.Message).To(gomega.HavePrefix("no evidence within 5m0s after the hold of step 1/3: errors: ErrorRate: "))
}

// A first revision has nothing to go back to, so no metric is asked for, and an
// alarm that is on doesn't matter.
func TestFirstRevisionIsNotJudged(t *testing.T) {
	w := running(t)
	w.alarm("ALARM")
	a := errorRate()
	a.Alarms = []string{"checkout-5xx"}
	imd := w.serving(judgedBy(a))
	w.Expect(w.sim.CallCounts()).NotTo(gomega.HaveKey("monitoring:GetMetricData"))
	w.Expect(imd.Status.Rollout.Note).To(gomega.BeEmpty())
}

// Requests that a revision lets hang, and connections that it resets, are errors,
// although no target group counts an answer for them.
func TestUnansweredRollsBack(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"hang50", "reset50"} {
		t.Run(tag, func(t *testing.T) {
			w := running(t)
			w.sim.PutImage("checkout", tag, "")
			imd := w.serving(judgedBy(errorRate()), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
			users := w.use()
			w.roll(imd, tag)
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			users.leave()
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonMetricOutOfBounds))
			w.Expect(now.Status.Rollout.Message).To(gomega.MatchRegexp(`^ErrorRate [\d.]+% > 1% at step 1 \(weight 10\), [\d,]+ requests, [\d,]+ of them without an answer, stable 0%$`))
		})
	}
}

// What CloudWatch refuses is the user's to correct, and no reason to roll back.
func TestQueryRefused(t *testing.T) {
	w := running(t)
	imd := w.serving(judgedBy(v1alpha1.Analysis{Metrics: []v1alpha1.MetricCheck{{Name: "odd", Max: "1", Query: &v1alpha1.MetricQuery{
		Expression: "a / b", Metrics: []v1alpha1.QueryMetric{{ID: "a", Namespace: "Shop", MetricName: "M", Stat: "Sum"}}}}}}))
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonMetricInvalid)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.HavePrefix("CloudWatch refuses the query of metric odd: "))
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
}

// alarmed makes a deployment one with an alarm in the account.
func alarmed(edit ...func(*v1alpha1.Analysis)) func(*v1alpha1.ImmutableDeploymentSpec) {
	a := v1alpha1.Analysis{Alarms: []string{"checkout-5xx"}, InconclusiveSeconds: new(int32(3600))}
	for _, f := range edit {
		f(&a)
	}
	return judgedBy(a)
}

// alarm sets the alarm's state.
func (w *world) alarm(state string) {
	w.t.Helper()
	w.Expect(w.sim.SetAlarm("checkout-5xx", state, "Threshold Crossed: 1 datapoint was greater than the threshold")).To(gomega.Succeed())
}

// That an alarm doesn't exist is told before the first rollout, not only when the
// next one is urgent.
func TestAlarmMissingAtFirst(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	alarmed()(&imd.Spec)
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonAlarmNotFound)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.Equal("CloudWatch has no alarm named checkout-5xx"))
	w.did()
	w.alarm("ALARM") // it is there, and there is nothing to go back to
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// An alarm on logs is an alarm, and one that CloudWatch can't evaluate says
// nothing.
func TestLogAlarm(t *testing.T) {
	w := running(t)
	w.Expect(w.sim.SetAlarm("checkout-5xx", "OK", "a test", cloudwatch.AlarmShape{Log: true})).To(gomega.Succeed())
	w.Expect(w.sim.SetAlarmEvaluation("checkout-5xx", cloudwatch.EvaluationError)).To(gomega.Succeed())
	imd := w.serving(alarmed(func(a *v1alpha1.Analysis) { a.InconclusiveSeconds = new(int32(60)) }))
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonInconclusive)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("checkout-5xx: OK can't be relied on: EVALUATION_ERROR"))
	w.Expect(w.sim.SetAlarmEvaluation("checkout-5xx", "")).To(gomega.Succeed())
	w.eventually(imd, v1alpha1.PhaseComplete)
}

func TestAlarmMissing(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.update(imd, alarmed())
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonAlarmNotFound)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.Equal("CloudWatch has no alarm named checkout-5xx"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.And(gomega.ContainSubstring("spec.analysis.alarms"),
		gomega.MatchRegexp(`It is looked for again by itself\. The alarms there: aws cloudwatch describe-alarms .* --region eu-west-1$`)))
	w.did("CreateStack checkout-1", "CreateRule 1:100")
	w.alarm("OK")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.verdictsOn("checkout-2")).To(gomega.Equal([]string{"checkout-5xx Pass", "checkout-5xx Pass", "checkout-5xx Pass"}))
}

func TestAlarmBefore(t *testing.T) {
	w := running(t)
	w.alarm("ALARM")
	imd := w.serving(alarmed())
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonAlarmFiring)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.HavePrefix("The rollout does not start while an alarm is firing: checkout-5xx (Threshold Crossed"))
	w.notPassing(now, v1alpha1.ReasonAlarmFiring)
	w.did("CreateStack checkout-1", "CreateRule 1:100")
	w.alarm("OK")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(canaryEffects...)
}

// notPassing checks that what was measured is told to be out of bounds, and why.
func (w *world) notPassing(imd *v1alpha1.ImmutableDeployment, reason string) {
	w.t.Helper()
	c := meta.FindStatusCondition(imd.Status.Conditions, v1alpha1.ConditionAnalysis)
	w.Expect(c).NotTo(gomega.BeNil(), w.explain)
	w.Expect(c.Status).To(gomega.Equal(metav1.ConditionFalse), w.explain)
	w.Expect(c.Reason).To(gomega.Equal(reason), w.explain)
	w.Expect(c.Message).To(gomega.ContainSubstring("checkout-5xx"), w.explain)
}

// With Proceed the alarm is noted, and doesn't count before it was over once.
func TestAlarmBeforeProceeds(t *testing.T) {
	w := running(t)
	w.alarm("ALARM")
	imd := w.serving(alarmed(func(a *v1alpha1.Analysis) { a.IfAlarmBefore = v1alpha1.AlarmProceed }), func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = canary(0, forever)
	})
	w.roll(imd, "2")
	now := w.reached(imd, "2/3")
	w.Expect(now.Status.Rollout.Note).To(gomega.HavePrefix("checkout-5xx (Threshold Crossed"))
	w.Expect(w.verdictsOn("checkout-2")).To(gomega.HaveEach("checkout-5xx Skipped")) // one a step
	w.alarm("OK")
	w.until(imd, "the alarm to pass", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Rollout.Checks[0].Result == v1alpha1.ResultPass
	})
	w.alarm("ALARM")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
}

// An alarm that goes off in a step or while the new revision bakes rolls back.
func TestAlarmDuring(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]string{"a step": "2/3", "the bake time": "3/3"} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			w.alarm("OK")
			imd := w.serving(alarmed(), func(s *v1alpha1.ImmutableDeploymentSpec) {
				s.Strategy, s.Rollback.KeepOldSeconds = canary(0, 0), new(int32(forever))
				if at == "2/3" {
					s.Strategy = canary(0, forever)
				}
			})
			w.roll(imd, "2")
			w.reached(imd, at)
			w.alarm("ALARM")
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonAlarmFiring))
			w.Expect(now.Status.Rollout.Message).To(gomega.And(gomega.ContainSubstring("checkout-5xx"), gomega.ContainSubstring("Threshold Crossed")))
			w.notPassing(now, v1alpha1.ReasonAlarmFiring)
			w.Expect(w.route()).To(gomega.Equal("1:100"))
		})
	}
}

// What was said in an earlier try of the same revision stays, and what is said
// in the next one is added.
func TestVerdictsOfEachTry(t *testing.T) {
	w := running(t)
	w.alarm("OK")
	imd := w.serving(alarmed(), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
	w.roll(imd, "2")
	passed := func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Step == "1/3" && len(s.Rollout.Checks) == 1 && s.Rollout.Checks[0].Result == v1alpha1.ResultPass
	}
	for _, end := range []func(){
		func() { w.request(imd, v1alpha1.AnnotationAbort, "checkout-2") },
		func() { w.alarm("ALARM") },
	} {
		w.until(imd, "the alarm to pass", passed)
		end()
		now := w.eventually(imd, v1alpha1.PhaseRolledBack)
		w.alarm("OK")
		w.obey(imd, v1alpha1.AnnotationRetry, readyMessage(now))
	}
	w.until(imd, "the alarm to pass", passed)
	w.Eventually(func() []string { return w.verdictsOn("checkout-2") }).Should(gomega.Equal([]string{
		"checkout-5xx Pass", "checkout-5xx Pass", "checkout-5xx Fail", "checkout-5xx Pass"}))
}

// An alarm without data is no evidence.
func TestAlarmWithoutData(t *testing.T) {
	w := running(t)
	w.alarm("INSUFFICIENT_DATA")
	imd := w.serving(alarmed(func(a *v1alpha1.Analysis) { a.InconclusiveSeconds = new(int32(60)) }))
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonInconclusive)
	w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
	w.alarm("OK")
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// Every sentence that people may read begins with what was measured.
var sentence = regexp.MustCompile(`^[A-Za-z]`)

func TestVerdictsAreSentences(t *testing.T) {
	w := running(t)
	w.alarm("OK")
	a := errorRate()
	a.Alarms = []string{"checkout-5xx"}
	imd := w.serving(judgedBy(a), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(0, forever) })
	users := w.use()
	w.roll(imd, "2")
	now := w.until(imd, "both to pass", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Step == "2/3" && len(s.Rollout.Checks) == 2 && s.Rollout.Checks[1].Step == 2 && s.Rollout.Checks[0].Result == v1alpha1.ResultPass && s.Rollout.Checks[1].Result == v1alpha1.ResultPass
	})
	users.leave()
	for _, v := range now.Status.Rollout.Checks {
		w.Expect(v.Message).To(gomega.MatchRegexp(sentence.String()))
		w.Expect(v.Since.IsZero()).To(gomega.BeFalse())
	}
	check := now.Status.Rollout.Checks[1]
	w.Expect(check.Message).To(gomega.MatchRegexp(`^ErrorRate 0% ≤ 1% at step 2 \(weight 50\), [\d,]+ requests, stable 0%$`))
	w.Expect(check.From).NotTo(gomega.BeNil())
	w.Expect(check.To.After(check.From.Time)).To(gomega.BeTrue())
	w.Expect(check.Samples).To(gomega.BeNumerically(">=", 10))
	status, message := condition(now, v1alpha1.ConditionAnalysis)
	w.Expect(status).To(gomega.Equal(metav1.ConditionTrue))
	w.Expect(message).To(gomega.And(gomega.ContainSubstring("checkout-5xx: "), gomega.ContainSubstring("errors: ErrorRate 0%")))
}

// While CloudWatch refuses to answer, nothing is judged, but health is watched
// on: a revision that dies is rolled back all the same.
func TestHealthCountsWithoutCloudWatch(t *testing.T) {
	w := running(t)
	w.alarm("OK")
	imd := w.serving(alarmed(), restful, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(0, forever) })
	w.roll(imd, "2")
	w.reached(imd, "2/3")
	w.until(imd, "the alarm to pass", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return len(s.Rollout.Checks) == 1 && s.Rollout.Checks[0].Result == v1alpha1.ResultPass
	})
	w.sim.Faults.Add(awssim.Fault{Service: "monitoring", Effect: awssim.AccessDenied})
	now := w.blocked(imd, v1alpha1.ReasonAccessDenied)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.BeEmpty())
	w.others.spoil(w, w.groupOf("checkout-2"))
	now = w.until(imd, "a rollback", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Phase == v1alpha1.PhaseRolledBack })
	w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonUnhealthy))
}

// An outage of CloudWatch is no evidence either way: the step waits.
func TestCloudWatchOutage(t *testing.T) {
	w := running(t)
	w.alarm("OK")
	imd := w.serving(alarmed(), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, 0) })
	w.roll(imd, "2")
	w.reached(imd, "1/3")
	remove := w.sim.Faults.Add(awssim.Fault{Service: "monitoring", Effect: awssim.ServerError})
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(0, 0) })
	now := w.until(imd, "no verdict", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return len(s.Rollout.Checks) == 1 && s.Rollout.Checks[0].Result == v1alpha1.ResultInconclusive
	})
	w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
	w.Expect(now.Status.Rollout.Checks[0].Message).To(gomega.HavePrefix("not read: cloudwatch:DescribeAlarms"))
	remove()
	w.eventually(imd, v1alpha1.PhaseComplete)
}
