package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// verdict is what happens to a call.
type verdict int

// Verdicts.
const (
	proceed verdict = iota
	// dieBefore: the process dies, the call has no effect.
	dieBefore
	// dieAfter: the call has its effect, the process dies without its response.
	dieAfter
	// loseAnswer: the call has its effect, its response is lost.
	loseAnswer
	loseRequest
	serverError
	throttle
	denied
	expired
	conflict
	// stale: a read returns an earlier state.
	stale
)

func (v verdict) String() string {
	return [...]string{"proceed", "dies before", "dies after", "answer lost", "request lost", "server error",
		"throttled", "denied", "credentials expired", "conflict", "stale"}[v]
}

// callID identifies a call.
type callID struct {
	api, action, about string
	writes             bool
}

// aws reports whether a call is a call to AWS.
func (c callID) aws() bool { return c.api != "kubernetes" && c.api != "webhook" }

func (c callID) String() string { return c.api + ":" + c.action + " " + c.about }

// faultKind is a way in which things go wrong.
type faultKind string

// Kinds of faults. Those of calls have a verdict.
const (
	faultCrash     faultKind = "crash"
	faultTwin      faultKind = "two processes"
	faultStop      faultKind = "process stopped"
	faultClock     faultKind = "clock jumps"
	faultCalls     faultKind = "calls fail"
	faultBucket    faultKind = "token bucket"
	faultWatch     faultKind = "watch broken"
	faultSlow      faultKind = "watch slow"
	faultRepeat    faultKind = "watch repeats"
	faultCreate    faultKind = "resources fail"
	faultHang      faultKind = "resources hang"
	faultQuota     faultKind = "quota inside a stack"
	faultRefuse    faultKind = "throttled or denied inside a stack"
	faultValidate  faultKind = "validation before creation"
	faultDelete    faultKind = "deletions fail"
	faultStarve    faultKind = "no capacity for tasks"
	faultCut       faultKind = "tasks cut off from the registry"
	faultAlarm     faultKind = "alarm goes off"
	faultTasks     faultKind = "tasks die"
	faultRule      faultKind = "rule edited by others"
	faultRuleGone  faultKind = "rule deleted by others"
	faultPreview   faultKind = "preview rule deleted by others"
	faultScale     faultKind = "service scaled by others"
	faultAutoscale faultKind = "policies scale"
	faultStack     faultKind = "stack deleted by others"
	faultName      faultKind = "stack name taken by others"
	faultScan      faultKind = "image scanned again"
	faultEmpty     faultKind = "scan without findings at first"
	faultLate      faultKind = "metrics late"
	faultDoubt     faultKind = "alarm not evaluated"
)

// Kinds of faults by which a cluster loses state.
const (
	faultStatus       faultKind = "status lost"
	faultRecordStatus faultKind = "status of revisions lost"
	faultRecord       faultKind = "revision lost"
	faultOwners       faultKind = "owner references lost"
	faultOrphan       faultKind = "deleted, its revisions orphaned"
	faultRestore      faultKind = "restored from a snapshot"
	faultAnew         faultKind = "lost, applied anew by git"
	faultVelero       faultKind = "lost, restored by Velero"
	faultClone        faultKind = "two clusters of one snapshot"
)

// fault is one fault of a plan.
type fault struct {
	Kind faultKind
	At   time.Duration
	For  time.Duration
	// API that it concerns; "" means all, "aws" all except Kubernetes.
	API string
	// Action that it concerns; "" means any.
	Action  string `json:",omitempty"`
	Verdict verdict
	P       float64
	// Nth call after At at which a process crashes.
	Nth int
	// Writes says that it concerns only calls that change something.
	Writes bool
	// Tag of the image that it concerns.
	Tag string
	App int
	By  time.Duration
	// All says that it concerns the whole cluster, Git that somebody applies
	// what is wanted afterwards, and Own that a clone has its own identity.
	All, Git, Own bool `json:",omitempty"`
}

func (f fault) String() string {
	text := fmt.Sprintf("%s at %s for %s (api %q %s, %s, p %.2f, nth %d, app %d, by %s)", f.Kind, f.At, f.For, f.API, f.Action, f.Verdict, f.P, f.Nth, f.App, f.By)
	if f.forgets() {
		text = fmt.Sprintf("%s at %s for %s (app %d, all: %t, git: %t, own: %t, image %q)", f.Kind, f.At, f.For, f.App, f.All, f.Git, f.Own, f.Tag)
	}
	return text
}

// forgets reports whether the cluster loses state by it.
func (f fault) forgets() bool {
	return slices.Contains([]faultKind{faultStatus, faultRecordStatus, faultRecord, faultOwners, faultOrphan, faultRestore, faultAnew, faultVelero, faultClone}, f.Kind)
}

// faults are the faults of a run.
type faults struct {
	w *world
	// placing are the dice of tasks that AWS starts in its own time, while others
	// roll the world's.
	placing dice
	// left counts the calls until a crash.
	left   map[int]int
	tokens float64
	filled time.Time
	over   bool
	// point is a call at which something should happen to the process.
	point *point
	calls int
	// away is true while AWS doesn't answer.
	away bool
	// wrote are the calls that were to change something.
	wrote map[int]bool
}

// point is one call of a run, and what happens to it.
type point struct {
	call    int
	verdict verdict
	// was is the call's name, once it was made.
	was string
}

func newFaults(w *world) *faults {
	return &faults{w: w, placing: newDice(w.plan.Seed, "placing"), left: map[int]int{}, tokens: 20, wrote: map[int]bool{}}
}

// now returns the active faults of a kind.
func (f *faults) now(kind faultKind) []fault {
	if f.over {
		return nil
	}
	var on []fault
	since := time.Since(began)
	for _, x := range f.w.plan.Faults {
		if x.Kind == kind && x.At <= since && since < x.At+x.For {
			on = append(on, x)
		}
	}
	return on
}

// verdict says what happens to a call.
func (f *faults) verdict(p *process, c callID) verdict {
	f.calls++
	if c.writes {
		f.wrote[f.calls] = true
	}
	if f.point != nil && f.calls == f.point.call {
		f.point.was = c.String()
		return f.hit(p, c, f.point.verdict)
	}
	if f.away && c.aws() {
		return f.hit(p, c, loseRequest)
	}
	if f.over {
		return proceed
	}
	if v := f.crash(); v != proceed {
		return f.hit(p, c, v)
	}
	for _, x := range f.now(faultCalls) {
		if concerns(x, c) && p.dice.chance(x.P) {
			return f.hit(p, c, x.Verdict)
		}
	}
	if c.aws() && len(f.now(faultBucket)) > 0 && f.empty() {
		return f.hit(p, c, throttle)
	}
	return proceed
}

func (f *faults) hit(p *process, c callID, v verdict) verdict {
	f.w.stats.faults++
	f.w.log.tell(p.name, "%s: %s", v, c)
	return v
}

// concerns reports whether a fault can affect a call.
func concerns(x fault, c callID) bool {
	if x.API == "aws" && !c.aws() || x.API != "" && x.API != "aws" && x.API != c.api || x.Action != "" && x.Action != c.action || x.Writes && !c.writes {
		return false
	}
	switch x.Verdict { //nolint:exhaustive // the others can affect any call
	case conflict:
		return c.api == "kubernetes" && c.writes
	case stale:
		return c.aws() && !c.writes
	case throttle, denied, expired:
		return c.aws()
	}
	return true
}

// crash counts calls until a process dies.
func (f *faults) crash() verdict {
	since := time.Since(began)
	for i, x := range f.w.plan.Faults {
		if x.Kind != faultCrash || x.At > since {
			continue
		}
		f.left[i]++
		if f.left[i] == x.Nth {
			return x.Verdict
		}
	}
	return proceed
}

// empty takes a token from the bucket, if there is one.
func (f *faults) empty() bool {
	now := time.Now()
	f.tokens = min(f.tokens+now.Sub(f.filled).Seconds()*0.5, 20)
	f.filled = now
	if f.tokens < 1 {
		return true
	}
	f.tokens--
	return false
}

// watchBroken returns for how long all watches are broken; 0 if they aren't.
func (f *faults) watchBroken() time.Duration {
	for _, x := range f.now(faultWatch) {
		return x.At + x.For - time.Since(began)
	}
	return 0
}

// watchDelay returns the delay of watches.
func (f *faults) watchDelay(d dice) time.Duration {
	for _, x := range f.now(faultSlow) {
		return d.between(0, x.By)
	}
	return 0
}

// repeats reports whether an event is repeated.
func (f *faults) repeats(d dice) bool { return len(f.now(faultRepeat)) > 0 && d.chance(0.3) }

// causes are those in cfn.Causes by which resources fail, although their template
// is sound.
var causes = map[faultKind][]string{
	faultQuota: {"quota", "quota by another code", "quota without a code"},
	faultRefuse: {"throttled", "throttled by another code", "denied", "denied without saying what",
		"internal error", "internal failure", "network", "no capacity"},
}

// objections returns what is objected to a resource before it is created.
func (f *faults) objections(_, logicalID string) []cfn.Objection {
	for _, x := range f.now(faultValidate) {
		if f.w.dice.chance(x.P) {
			return []cfn.Objection{pick(f.w.dice,
				cfn.Objection{Validation: cfn.NameConflict, Path: "/Resources/" + logicalID, Reason: "Resource with identifier 'x' already exists."},
				cfn.Objection{Validation: "SERVICE_QUOTA_VALIDATION", Reason: "The quota is used up"},
				cfn.Objection{Hook: "Corp::Guard::Hook", Broken: true, Reason: "simulated hook timed out"},
			)}
		}
	}
	return nil
}

// shortage returns why tasks don't start, and whether they are placed all the
// same: by chance P.
func (f *faults) shortage(string) (reason string, placed bool) {
	for _, x := range f.now(faultStarve) {
		return "Capacity is unavailable at this time. Please try again later or in a different availability zone", f.placing.chance(x.P)
	}
	return "", false
}

// cut returns why tasks that start can't reach what they start from: by chance P.
func (f *faults) cut(string) (reason string) {
	for _, x := range f.now(faultCut) {
		if f.placing.chance(x.P) {
			return ecs.Cuts[x.Action]
		}
	}
	return ""
}

// resource returns what happens to the creation or deletion of a stack's
// resource.
func (f *faults) resource(_, _ string, deleting bool) (reason string, after time.Duration) {
	if deleting {
		for _, x := range f.now(faultDelete) {
			if f.w.dice.chance(x.P) {
				return "resource has a dependent object", time.Minute
			}
		}
		return "", 0
	}
	for _, x := range f.now(faultCreate) {
		if f.w.dice.chance(x.P) {
			return cfn.Reason("InvalidRequest", "Invalid request provided: simulated"), 10 * time.Second
		}
	}
	for _, kind := range []faultKind{faultQuota, faultRefuse} {
		for _, x := range f.now(kind) {
			if f.w.dice.chance(x.P) {
				return cfn.Causes[pick(f.w.dice, causes[kind]...)], 10 * time.Second
			}
		}
	}
	for _, x := range f.now(faultHang) {
		if f.w.dice.chance(x.P) {
			return "Exceeded attempts to wait", 3 * time.Hour
		}
	}
	return "", 0
}
