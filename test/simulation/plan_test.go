package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// propagation is how long processes wait for the load balancer to apply a
// change.
const propagation = 15 * time.Second

// metricDelay is how long CloudWatch usually takes until it has all data.
const metricDelay = 3 * time.Minute

// plan is everything that happens in a run: it follows from the seed, and may
// be shortened.
type plan struct {
	Seed   uint64
	Apps   []app
	Users  []wish
	Faults []fault
	// Length is how long there are disturbances.
	Length       time.Duration
	Poll, Resync time.Duration
	// DeleteAtEnd deletes everything in the end.
	DeleteAtEnd bool
}

// app is an application and how it is deployed.
type app struct {
	Name string
	// Namespace is its tenant; "" is the one that all have who are well disposed.
	Namespace string `json:",omitempty"`
	// Hostile is what its owner does to harm others.
	Hostile hostility `json:",omitempty"`
	// Rule is how it gets requests.
	Rule     ruleKind
	Strategy v1alpha1.StrategyType
	Tag      string
	Desired  int32
	// Hold of a step, and how long the old stack is kept, in seconds.
	Hold, Keep, Drain int32
	Approval          bool
	Unhealthy         int32
	Deadline          int32
	KeepFailed        int32
	History           int32
	Surge, Missing    int32
	Enforce, Block    bool
	Retain, Protected bool
	// Min and Max bound the number of tasks where Application Auto Scaling owns it;
	// 0 where it doesn't.
	Min, Max int32 `json:",omitempty"`
	// OnChange and Secrets say how values of Systems Manager and Secrets Manager are
	// treated that it refers to; "" if it refers to none.
	OnChange v1alpha1.ChangePolicy  `json:",omitempty"`
	Secrets  v1alpha1.SecretsPolicy `json:",omitempty"`
	// Express creates its stacks in express mode.
	Express bool `json:",omitempty"`
	// Taken says that a rule of others has the priority until disturbances end.
	Taken           bool
	OnDeleteFailure v1alpha1.DeleteFailurePolicy
	// Alarm, Metric and Scan say what revisions are judged by, Gate where
	// GateBy is called, and Refuses that it fails until disturbances end.
	// OnLogs makes the alarm one on logs.
	Alarm, Metric, Scan bool
	OnLogs              bool `json:",omitempty"`
	Gate                v1alpha1.GatePoint
	GateBy              gateKind
	Refuses             bool
}

// ruleKind is how an application gets requests.
type ruleKind string

// Kinds of rules.
const (
	ruleManaged ruleKind = "managed"
	ruleAdopted ruleKind = "adopted"
	ruleNone    ruleKind = "worker"
)

// wishKind is what a user does.
type wishKind string

// What users do.
const (
	wishTemplate wishKind = "template"
	wishFlipFlop wishKind = "template to and fro"
	wishScale    wishKind = "scale"
	wishPause    wishKind = "pause"
	wishResume   wishKind = "resume"
	wishPromote  wishKind = "promote"
	wishFull     wishKind = "promote full"
	wishAbort    wishKind = "abort"
	wishRetry    wishKind = "retry"
	wishStale    wishKind = "stale request"
	wishStrategy wishKind = "strategy"
	wishDelete   wishKind = "delete"
	wishRecreate wishKind = "create again"
	wishBounds   wishKind = "bounds of scaling"
)

// wish is one thing that a user does.
type wish struct {
	At   time.Duration
	App  int
	What wishKind
	Tag  string
	N    int32
}

func (u wish) String() string {
	return fmt.Sprintf("%s at %s: app %d, %s %d", u.What, u.At, u.App, u.Tag, u.N)
}

// good and sick are images' tags.
var (
	good = []string{"1", "2", "3", "4"}
	sick = []string{"crash", "nopull", "unhealthy", "late", "flap"}
)

// bad returns the tags of images that an application must not serve.
func bad(a app) []string {
	out := slices.Clone(sick)
	if a.Metric {
		out = append(out, worse, mute)
	}
	if a.Scan {
		out = append(out, vulnerable)
	}
	return out
}

// newPlan makes a seed's plan.
func newPlan(seed uint64) plan {
	d := newDice(seed, "plan")
	p := plan{Seed: seed, Poll: pick(d, 15*time.Second, 30*time.Second, 60*time.Second, 60*time.Second, 120*time.Second), Resync: 10 * time.Minute,
		Length: d.between(15*time.Minute, 60*time.Minute), DeleteAtEnd: d.chance(0.5)}
	for i := range pick(d, 1, 1, 1, 1, 2, 2, 2, 3) {
		p.Apps = append(p.Apps, newApp(d, i))
	}
	p.wish(d)
	p.disturb(newDice(seed, "faults"))
	p.forget(newDice(seed, "forgetting"))
	p.mislead(newDice(seed, "evidence"))
	p.refuse(newDice(seed, "stacks"))
	p.hasten(newDice(seed, "express"))
	p.sever(newDice(seed, "network"))
	p.switchOff(newDice(seed, "off"))
	p.besiege(newDice(seed, "tenants"))
	p.autoscale(newDice(seed, "scaling"))
	p.configure(newDice(seed, "configuration"))
	slices.SortStableFunc(p.Users, func(a, b wish) int { return int(a.At - b.At) })
	slices.SortStableFunc(p.Faults, func(a, b fault) int { return int(a.At - b.At) })
	return p
}

func newApp(d dice, i int) app {
	a := app{
		Name: []string{"web", "api", "job"}[i], Rule: pick(d, ruleManaged, ruleManaged, ruleManaged, ruleAdopted, ruleNone),
		Strategy: pick(d, v1alpha1.StrategyCanary, v1alpha1.StrategyCanary, v1alpha1.StrategyBlueGreen, v1alpha1.StrategyRolling, v1alpha1.StrategyRecreate),
		Tag:      pick(d, good...), Desired: int32(1 + d.IntN(4)), Hold: int32(d.IntN(4) * 30), Keep: int32(d.IntN(4) * 60),
		Drain: int32(d.IntN(4) * 20), Approval: d.chance(0.2), Unhealthy: int32(d.IntN(3) * 60), Deadline: int32(pick(d, 900, 1800, 3600)),
		KeepFailed: int32(d.IntN(2) * d.IntN(600)), History: int32(d.IntN(4)), Surge: int32(d.IntN(3) * 50), Missing: int32(25 + d.IntN(2)*25),
		Enforce: d.chance(0.5), Block: d.chance(0.2), Protected: d.chance(0.2), Retain: d.chance(0.1), Taken: d.chance(0.1),
		OnDeleteFailure: pick(d, v1alpha1.DeleteFailureRetry, v1alpha1.DeleteFailureRetain, v1alpha1.DeleteFailureForce),
	}
	if d.chance(0.1) {
		a.Tag = pick(d, bad(a)...)
	}
	a.Alarm, a.Metric, a.Scan, a.Refuses = d.chance(0.3), d.chance(0.3), d.chance(0.2), d.chance(0.2)
	if d.chance(0.3) {
		a.GateBy = pick(d, gateWorkflow, gateFunction, gateWebhook)
		a.Gate = pick(d, v1alpha1.AfterProvision, v1alpha1.BeforeTraffic, v1alpha1.AfterStep, v1alpha1.BeforePromotion, v1alpha1.AfterPromotion, v1alpha1.OnRollback)
	}
	return a
}

// wish draws what users do.
func (p *plan) wish(d dice) {
	for range 2 + d.IntN(7) {
		u := wish{At: d.between(0, p.Length), App: d.IntN(len(p.Apps)), N: int32(1 + d.IntN(5)), Tag: pick(d, good...)}
		if d.chance(0.25) {
			u.Tag = pick(d, bad(p.Apps[u.App])...)
		}
		switch n := d.IntN(30); {
		case n < 12:
			u.What = wishTemplate
		case n < 14:
			u.What = wishFlipFlop
		default:
			u.What = []wishKind{wishScale, wishScale, wishPause, wishResume, wishPromote, wishPromote, wishFull, wishAbort, wishAbort,
				wishRetry, wishStale, wishStrategy, wishDelete, wishRecreate, wishRecreate, wishTemplate}[n-14]
		}
		p.Users = append(p.Users, u)
	}
}

// switchOff draws whether an application is switched off for some time, or until
// disturbances end.
func (p *plan) switchOff(d dice) {
	if d.chance(0.8) {
		return
	}
	u := wish{At: d.between(0, p.Length), App: d.IntN(len(p.Apps)), What: wishScale}
	if d.chance(0.6) { // in a rollout
		u.At = pick(d, p.Users...).At + d.between(0, 5*time.Minute)
	}
	p.Users = append(p.Users, u)
	if d.chance(0.7) {
		p.Users = append(p.Users, wish{At: u.At + d.between(0, 20*time.Minute), App: u.App, What: wishScale, N: int32(1 + d.IntN(4))})
	}
}

// disturb draws what goes wrong.
func (p *plan) disturb(d dice) {
	for range d.IntN(9) {
		f := fault{At: d.between(0, p.Length), App: d.IntN(len(p.Apps))}
		if d.chance(0.6) { // while something is in progress that can go wrong
			f.At = pick(d, p.Users...).At + d.between(0, 5*time.Minute)
		}
		switch n := d.IntN(37); {
		case n < 9:
			f.Kind, f.Nth, f.Verdict, f.For = faultCrash, 1+d.IntN(60), pick(d, dieBefore, dieAfter, loseAnswer), time.Hour
		case n < 17:
			f.Kind, f.For, f.P = faultCalls, d.between(time.Minute, 10*time.Minute), pick(d, 0.1, 0.3, 0.6)
			f.Verdict = pick(d, loseAnswer, loseRequest, serverError, throttle, conflict, stale, stale)
			f.API = pick(d, "", "aws", "kubernetes", "cloudformation", "elasticloadbalancing", "ecs", "monitoring", "ecr", "states", "lambda", "webhook")
		case n < 20:
			f.Kind, f.P, f.For = faultCalls, 1, d.between(10*time.Minute, 3*time.Hour)
			f.Verdict, f.API = pick(d, loseRequest, serverError, expired, denied), pick(d, "aws", "kubernetes", "ecs", "elasticloadbalancing", "cloudformation", "monitoring", "ecr", "states", "lambda", "webhook")
		default:
			p.rare(d, &f, n-20)
		}
		p.Faults = append(p.Faults, f)
	}
}

// rare draws one of the less usual faults.
func (p *plan) rare(d dice, f *fault, n int) {
	if n > 13 {
		p.lose(d, f, n > 15)
		return
	}
	f.Kind = []faultKind{faultTwin, faultTwin, faultStop, faultClock, faultBucket, faultWatch, faultSlow, faultRepeat,
		faultCreate, faultHang, faultDelete, pick(d, faultTasks, faultAlarm, faultScan), pick(d, faultRule, faultRuleGone), pick(d, faultPreview, faultScale, faultStack, faultName)}[n]
	f.For, f.P = d.between(time.Minute, 15*time.Minute), pick(d, 0.1, 0.3)
	f.By = d.between(time.Second, 2*time.Minute)
	switch f.Kind { //nolint:exhaustive // only these differ
	case faultClock:
		f.By = d.between(time.Minute, 5*time.Hour)
	case faultStop:
		f.For = d.between(time.Second, 3*time.Hour)
	case faultDelete:
		f.P = pick(d, 0.3, 1.0)
		if d.chance(0.5) { // a deployment that has to stay until its stacks are gone
			p.Users = append(p.Users, wish{At: f.At + d.between(0, f.For), App: f.App, What: pick(d, wishDelete, wishRecreate)})
		}
	case faultScan:
		f.Tag = pick(d, good...)
	}
}

// mislead draws what makes evidence look other than it is.
func (p *plan) mislead(d dice) {
	for i := range p.Apps {
		p.Apps[i].OnLogs = d.chance(0.4)
	}
	for range d.IntN(4) {
		f := fault{At: d.between(0, p.Length), App: d.IntN(len(p.Apps)), For: d.between(time.Minute, 15*time.Minute), Tag: pick(d, good...)}
		if d.chance(0.6) { // while there may be something to judge
			f.At = pick(d, p.Users...).At + d.between(0, 5*time.Minute)
		}
		f.Kind = pick(d, faultEmpty, faultEmpty, faultLate, faultLate, faultDoubt)
		u := wish{At: f.At + d.between(0, time.Minute), App: f.App, What: wishTemplate, Tag: f.Tag, N: 1}
		switch f.Kind { //nolint:exhaustive // only these need something to judge
		case faultEmpty:
			p.Apps[f.App].Scan = true
			if d.chance(0.5) {
				f.Tag, u.Tag = vulnerable, vulnerable
			}
			p.Users = append(p.Users, u)
		case faultLate: // but never so late that it may be taken for missing
			p.Apps[f.App].Metric = true
			f.At = d.between(0, p.Length/2) // early enough to measure something
			f.For, f.By, u.At = p.Length, d.between(metricDelay/2, metricDelay), f.At+d.between(0, p.Length/4)
			p.Users = append(p.Users, u)
		}
		p.Faults = append(p.Faults, f)
	}
}

// lose draws the loss of all responses, or all requests, of changes for a time
// in which there are some: the SDK itself retries a call twice.
func (p *plan) lose(d dice, f *fault, requests bool) {
	f.Kind, f.Verdict, f.Writes, f.P, f.For = faultCalls, loseAnswer, true, 1, d.between(30*time.Second, 5*time.Minute)
	if requests {
		f.Verdict = loseRequest
	}
	f.API = pick(d, "cloudformation", "cloudformation", "elasticloadbalancing", "ecs", "kubernetes")
	f.At = pick(d, p.Users...).At + d.between(0, 30*time.Second)
	if f.API == "cloudformation" && d.chance(0.5) { // so that the response to a retry arrives
		f.Action, f.P, f.At, f.For = "CreateStack", 0.5, 0, p.Length
	}
}

// refuse draws what AWS refuses inside of stacks, mostly while there is one to be
// created, for short and for longer than a deadline.
func (p *plan) refuse(d dice) {
	for range pick(d, 0, 0, 1, 1, 2) {
		f := fault{Kind: pick(d, faultQuota, faultRefuse, faultValidate), P: pick(d, 0.1, 0.3, 1)}
		f.At, f.For = d.between(0, p.Length), d.between(time.Minute, 15*time.Minute)
		if d.chance(0.6) {
			f.At = pick(d, p.Users...).At
		}
		if d.chance(0.3) {
			f.For = d.between(15*time.Minute, time.Hour)
		}
		p.Faults = append(p.Faults, f)
	}
}

// hasten draws whose stacks are created in express mode, and, as ECS decides about
// those, that it lacks what tasks run on.
func (p *plan) hasten(d dice) {
	express := false
	for i := range p.Apps {
		p.Apps[i].Express = d.chance(0.4)
		express = express || p.Apps[i].Express
	}
	if !express || d.chance(0.6) {
		return
	}
	p.Faults = append(p.Faults, fault{Kind: faultStarve, P: pick(d, 0, 0.5, 1),
		At: pick(d, p.Users...).At, For: pick(d, d.between(time.Minute, 10*time.Minute), d.between(10*time.Minute, time.Hour))})
}

// sever draws that the network keeps new tasks from what they start from, while a
// stack is created, for short and for longer than a deadline.
func (p *plan) sever(d dice) {
	if d.chance(0.8) {
		return
	}
	p.Faults = append(p.Faults, fault{Kind: faultCut, Action: pick(d, "registry", "registry auth", "secret", "logs"), P: pick(d, 0.5, 1),
		At: pick(d, p.Users...).At, For: pick(d, d.between(time.Minute, 10*time.Minute), d.between(10*time.Minute, time.Hour))})
}

// forget draws what state the cluster loses, mostly when there is something to
// lose, and that users continue.
func (p *plan) forget(d dice) {
	for range pick(d, 0, 0, 0, 1, 1, 1, 1, 2) {
		f := fault{App: d.IntN(len(p.Apps)), All: d.chance(0.3), Git: d.chance(0.6), P: 0.7}
		f.At = d.between(min(5*time.Minute, p.Length/2), p.Length)
		if d.chance(0.5) {
			f.At = max(min(pick(d, p.Users...).At+d.between(0, 10*time.Minute), p.Length-time.Minute), time.Minute)
		}
		f.Kind = pick(d, faultStatus, faultStatus, faultRecordStatus, faultRecord, faultRecord, faultOwners, faultOrphan,
			faultRestore, faultRestore, faultRestore, faultAnew, faultAnew, faultVelero, faultVelero, faultClone, faultClone)
		f.For, f.By = d.between(5*time.Minute, 40*time.Minute), d.between(time.Minute, 10*time.Minute)
		after := f.At
		switch f.Kind { //nolint:exhaustive // only these differ
		case faultRestore: // an hour or a rollout old
			f.For = d.between(0, f.At)
			f.At -= f.For
		case faultClone:
			f.All, f.Own = true, d.chance(0.3)
			if d.chance(0.4) {
				f.Tag = pick(d, good...)
			}
		}
		p.Faults = append(p.Faults, f)
		for range d.IntN(3) {
			u := wish{At: after + d.between(0, 15*time.Minute), App: f.App, What: wishTemplate, Tag: pick(d, good...), N: 1}
			if d.chance(0.25) {
				u.Tag = pick(d, bad(p.Apps[u.App])...)
			}
			p.Users = append(p.Users, u)
		}
	}
}

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, disturbed for %s, poll %s, deleted in the end: %t\n", p.Seed, p.Length, p.Poll, p.DeleteAtEnd)
	for i, a := range p.Apps {
		fmt.Fprintf(&b, "  app %d: %+v\n", i, a)
	}
	for _, u := range p.Users {
		fmt.Fprintf(&b, "  user:  %s\n", u)
	}
	for _, f := range p.Faults {
		fmt.Fprintf(&b, "  fault: %s\n", f)
	}
	return b.String()
}
