package rollout

import (
	"fmt"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// When nothing serves, although a revision is remembered to: its stack, its service
// or the production rule was deleted by someone else, or no task of it is healthy.

// isStableLost tells whether the revision that traffic returns to can't serve any
// more: someone else deleted its stack, or its service, as is seen before the
// stack is read again.
func (x *pass) isStableLost() bool {
	stable := x.stable()
	return stable != nil && stable.Wanted && (stable.Stack == v1alpha1.RevisionFailed || stable.Health.Gone)
}

// isRuleLost tells whether someone else deleted a rule that can be created anew.
func (x *pass) isRuleLost() bool {
	rule := x.o.Route
	return !rule.None && !rule.Adopted && !rule.Exists && len(x.p.Written) > 0
}

// served is the name of what people want back that lost its stack or its rule.
func (x *pass) served() string {
	number := x.p.Stable
	if number == 0 && x.p.Rollout != nil {
		number = x.p.Rollout.Revision
	}
	return fmt.Sprintf("%s-%d", x.o.Name, number)
}

// again makes the value of a request differ from one that was handled before.
const again = "/again"

// hearRestore hears that what others deleted is to be made anew, and tells whether
// that was asked for. A rule that nothing was written to is created as a matter of
// course; a revision is made anew in the place of the one whose stack is gone.
func (x *pass) hearRestore(value string) bool {
	stable, named := x.stable(), value == x.served() || value == x.served()+again
	lost := x.isBereft() && stable != nil && stable.Hash == x.o.WantHash
	if !named || !lost && !x.isRuleLost() {
		return false
	}
	if x.isRuleLost() {
		x.p.Written = nil
	}
	if x.renew = lost; lost && x.p.Rollout != nil {
		x.p.Rollout.Retried = true
	}
	x.accept(v1alpha1.AnnotationRetry, value)
	return true
}

// restoring is what to type to have made anew what others deleted.
func (x *pass) restoring() string { return restoring(x.o, x.served(), x.p.Handled.Retry) }

func restoring(o *Observation, served, handled string) string {
	if served == handled {
		served += again
	}
	return annotating(o, v1alpha1.AnnotationRetry, served)
}

// Restoring is the same for the stack of a revision whose service someone deleted;
// "" if it isn't what serves, or if a request for it wouldn't be heard.
func (o *Observation) Restoring(number int64) string {
	stable := o.revision(number)
	if stable == nil || number != o.Progress.Stable || stable.Hash != o.WantHash || o.Progress.Rollout.active() {
		return ""
	}
	return restoring(o, stable.Name, o.Progress.Handled.Retry)
}

// renewLost lets the record go of a revision that is to be made anew: what follows
// is a rollout of the same template, with the same images.
func (x *pass) renewLost() *Decision {
	if stable := x.stable(); !x.renew || stable == nil || stable.Deleting {
		return nil
	}
	return x.replaceLost()
}

// renewTakenBack does the same where the template of what is lost was applied
// again, after another one had failed.
func (x *pass) renewTakenBack() *Decision {
	last := x.p.Rollout
	if !x.isBereft() || last == nil || !last.Outcome.Bad() || last.Revision == x.p.Stable {
		return nil
	}
	return x.replaceLost()
}

func (x *pass) replaceLost() *Decision {
	stable := x.stable()
	return x.do(pending("Making a revision in the place of "+stable.Name+", whose stack is gone"),
		Action{Kind: ActionDeleteRevision, Revision: stable.Number})
}

// reportOutage reports that what should serve doesn't.
func (x *pass) reportOutage() *Decision {
	why := x.outage()
	switch {
	case why == "":
		return nil
	case !x.isBereft() && x.o.Route.Shadowed == "":
		return x.poll(words{v1alpha1.PhaseUnavailable, v1alpha1.ReasonUnhealthy, why + x.failedBesides()})
	}
	b := Blocked{Reason: v1alpha1.ReasonStackChanged, Message: why + x.failedBesides(),
		Remedy: "To have it made anew, with the same images: " + x.restoring()}
	switch {
	case !x.isBereft():
		b.Reason = v1alpha1.ReasonRouteShadowed
		b.Remedy = "Delete that rule or narrow its conditions, or create the ImmutableDeployment anew with a smaller priority"
	case x.isStuck():
		b.Remedy = "Set spec.template to one that works, or try again: " + x.command(v1alpha1.AnnotationRetry, x.p.Handled.Retry, x.p.Rollout, "")
	}
	return x.awaitOthers(v1alpha1.PhaseUnavailable, b)
}

// failedBesides tells that the template in spec has failed, too; "" if it hasn't.
func (x *pass) failedBesides() string {
	if !x.isStuck() {
		return ""
	}
	return fmt.Sprintf(". %s failed: %s", x.o.wanted().Name, x.p.Rollout.Message)
}

// outage says why nobody is served, while no rollout is under way; "" if somebody
// is, or nobody knows.
func (x *pass) outage() string {
	nothing, stable := "Nothing serves: ", x.stable()
	if x.o.Route.None {
		nothing = "Nothing works: "
	}
	switch {
	case x.p.Stable == 0:
		return ""
	case stable == nil:
		return nothing + x.served() + " is gone"
	case stable.Health.Gone:
		return fmt.Sprintf("%s%s is broken: %s", nothing, stable.Name, stable.Health.Reason)
	case x.isBereft():
		return fmt.Sprintf("%sthe stack of %s is gone (%s): %s", nothing, stable.Name, stable.Stack, stable.Cause)
	case x.o.Route.Shadowed != "":
		return fmt.Sprintf("No requests reach %s: %s", stable.Name, x.o.Route.Shadowed)
	case stable.Health.Known && stable.Health.Healthy == 0 && !x.isRelieved() && !x.isAsleep():
		return fmt.Sprintf("%s%s has no healthy task: %s", nothing, stable.Name, stable.Health)
	}
	return ""
}

// unreached says why no requests reach a revision of ours that answers them,
// although one should; "" if they do, or there are none.
func (x *pass) unreached() string {
	rule := x.o.Route
	switch {
	case rule.None:
		return ""
	case !rule.Exists:
		return "the production rule does not exist"
	case !x.routesToUs():
		return "the production rule routes " + x.nameTargets(rule.Targets)
	}
	return rule.Shadowed
}

// isAnswered tells whether requests reach a revision with healthy tasks.
func (x *pass) isAnswered() bool {
	return x.o.Route.Shadowed == "" && slices.ContainsFunc(x.o.Revisions, func(r Revision) bool {
		return x.o.Route.Targets.Share(r.Backend) > 0 && r.Health.Healthy > 0
	})
}
