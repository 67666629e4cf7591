package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Questions about a pass. They change nothing.

// undecided tells whether the rollout is under way and has no outcome yet.
func (r *Rollout) undecided() bool { return r.active() && r.Outcome == "" }

// live is the backend that traffic returns to; "" if there is none.
func (x *pass) live() string {
	switch r := x.stable(); {
	case r == nil:
		return x.p.Original
	case r.Wanted && r.Stack == v1alpha1.RevisionCreated:
		return r.Backend
	}
	return ""
}

// intended is how the rule shall route now; nil when there is nothing to route
// to yet.
func (x *pass) intended() Targets {
	if r := x.p.Rollout; r.undecided() {
		return x.shifted(r)
	}
	return split(x.live(), "", 0)
}

// shifted is how the rule shall route in the rollout's step.
func (x *pass) shifted(r *Rollout) Targets {
	live := x.live()
	if x.o.Recreate && x.stable() != nil {
		live = "" // the old revision goes before the new one comes
	}
	candidate := x.o.revision(r.Revision)
	if r.VerifiedAt.IsZero() || candidate == nil {
		return split(live, "", 0)
	}
	weight := x.step(r).Weight
	if weight > 0 && x.isStableLost() {
		live = "" // no step leaves requests to what can't answer them
	}
	return split(live, candidate.Backend, weight)
}

// canReturn tells whether there is something that traffic can return to, even if
// its stack has to be made again first.
func (x *pass) canReturn() bool { return x.stable() != nil || x.p.Original != "" }

// plan is the strategy's, or the trivial one if the new revision is alone.
func (x *pass) plan() Plan {
	if x.o.leavesAlone(&x.p) {
		return firstPlan(x.o.DesiredCount)
	}
	return x.o.Plan
}

// step is the one that the rollout is at, or the last one if the plan has got
// shorter.
func (x *pass) step(r *Rollout) Step {
	plan := x.plan()
	return plan[min(r.Step, len(plan)-1)]
}

// isLast tells whether the step under way is the plan's last one.
func (x *pass) isLast(r *Rollout) bool { return r.Step >= len(x.plan())-1 }

// position says where in the plan the rollout is.
func (x *pass) position(r *Rollout) string {
	step, candidate := x.step(r), x.o.revision(r.Revision)
	at := fmt.Sprintf("Step %d/%d, ", r.Step+1, len(x.plan()))
	switch {
	case step.New == 0:
		return at + "making room for " + candidate.Name
	case step.Weight == 0 && x.o.Route.None:
		return at + fmt.Sprintf("trial of %s with %d of %d tasks", candidate.Name, step.New, x.o.DesiredCount)
	case step.Weight == 0:
		// The header's value is no news for everybody: status has it.
		return at + fmt.Sprintf("preview of %s (status.preview tells how)", candidate.Name)
	}
	return at + fmt.Sprintf("%d%% to %s", step.Weight, candidate.Name)
}

// place says how far the rollout has come.
func (x *pass) place(r *Rollout) string {
	at := fmt.Sprintf("step %d/%d", r.Step+1, len(x.plan()))
	if !x.o.Route.None {
		at += fmt.Sprintf(" (weight %d)", x.weight(x.o.revision(r.Revision)))
	}
	return at
}

// isRolling tells whether the revision is rolled out right now.
func (x *pass) isRolling(number int64) bool {
	r := x.p.Rollout
	return r.active() && r.Revision == number
}

// isServed tells whether the template in spec is the one that serves.
func (x *pass) isServed() bool {
	stable := x.stable()
	return stable != nil && stable.Hash == x.o.WantHash && !stable.Deleting
}

// isStuck tells whether the template in spec is the one that failed last, and
// nobody asked to try it again.
func (x *pass) isStuck() bool {
	last, want := x.p.Rollout, x.o.wanted()
	return last != nil && want != nil && last.Revision == want.Number && last.Outcome.Bad() && !last.Retried
}

// isStill tells whether nothing shall be moved: spec.paused, but for the way back.
func (x *pass) isStill() bool {
	r := x.p.Rollout
	return x.o.Paused && (!r.active() || r.Outcome == "")
}

// isReturning tells whether a rollout was given up and isn't over yet.
func (x *pass) isReturning() bool {
	r := x.p.Rollout
	return r.active() && r.Outcome != "" && !r.Outcome.Good()
}

// isSuperseded tells whether a revision's template isn't wanted any more, or nothing
// is to run. It goes on all the same where nothing else answers.
func (x *pass) isSuperseded(candidate *Revision) bool {
	return (candidate.Hash != x.o.WantHash || x.isOff()) && !x.hasNoWayBack() && !x.isOnlyHealthy()
}

// hasNoWayBack tells whether the new revision serves already and nothing could
// take its place: there is no way but forward. What served before can't if it was
// lost.
func (x *pass) hasNoWayBack() bool {
	candidate := x.candidate()
	return (!x.canReturn() || x.isStableLost()) && candidate != nil && x.serves(candidate)
}

// serves tells whether the new revision does the work: it gets requests, or did
// until someone else deleted the rule; of a worker, it was verified and has
// healthy tasks.
func (x *pass) serves(candidate *Revision) bool {
	switch rule := x.o.Route; {
	case rule.None:
		return !x.p.Rollout.VerifiedAt.IsZero() && candidate.Health.Healthy > 0
	case !rule.Exists:
		return x.p.Written.Share(candidate.Backend) > 0
	default:
		return rule.Targets.Share(candidate.Backend) > 0
	}
}

// isOnlyHealthy tells whether the new revision is all that answers: it gets
// requests, and the old one, though it should, has no healthy task. It may be
// what was made to heal that.
func (x *pass) isOnlyHealthy() bool {
	candidate, stable := x.candidate(), x.stable()
	if candidate == nil || stable == nil || stable.Stack != v1alpha1.RevisionCreated {
		return false
	}
	serves := x.o.Route.Targets.Share(candidate.Backend) > 0 && candidate.Health.Healthy > 0
	return serves && stable.Health.Known && stable.Health.Desired > 0 && stable.Health.Healthy == 0
}

// weakness says how the revision that serves is short of healthy tasks; "" if
// it isn't, or nobody looked. More tasks than ever are waited for first.
func (x *pass) weakness() string {
	stable := x.stable()
	switch {
	case stable == nil:
		return ""
	case stable.Stack != v1alpha1.RevisionCreated:
		return fmt.Sprintf("the stack of %s is not there (%s)", stable.Name, stable.Stack)
	case stable.Health.Known && stable.Health.Healthy < x.needed(stable) && !x.isGrowing():
		return fmt.Sprintf("%s is short of healthy tasks: %s", stable.Name, stable.Health)
	}
	return ""
}

// load is what revisions share.
func (x *pass) load() string {
	if x.o.Route.None {
		return "work"
	}
	return "traffic"
}

// serving names what traffic goes to without a rollout.
func (x *pass) serving() string {
	switch r := x.stable(); {
	case r != nil:
		return r.Name
	case x.p.Original != "":
		return "the original target group"
	}
	return "nothing"
}

// nameTargets writes targets with the names of revisions, as percentages.
func (x *pass) nameTargets(targets Targets) string {
	parts := make([]string, 0, len(targets))
	for _, t := range targets.normal() {
		name := t.Backend
		for _, r := range x.o.Revisions {
			if r.Backend == t.Backend {
				name = r.Name
			}
		}
		parts = append(parts, fmt.Sprintf("%d%% to %s", targets.Share(t.Backend), name))
	}
	if len(parts) == 0 {
		return "nowhere"
	}
	return list(parts)
}

// routesToUs tells whether the rule forwards to a stack of ours.
func (x *pass) routesToUs() bool {
	return slices.ContainsFunc(x.o.Revisions, func(r Revision) bool {
		return r.Backend != "" && x.o.Route.Targets.Contains(r.Backend)
	})
}

// list joins words for a sentence.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}

// uncapitalised is a message for the middle of a sentence.
func uncapitalised(message string) string { return strings.ToLower(message[:1]) + message[1:] }

// clock writes a time of day for messages.
func clock(t time.Time) string { return t.UTC().Format("15:04:05 MST") }

// date writes a time for messages about days to come.
func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }
