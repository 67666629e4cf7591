package rollout

import (
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// State is where a deployment is. It isn't remembered: it follows from what is
// seen and what is remembered.
type State string

// States, in the order in which a rollout goes through them. states says what each
// means. A deployment that is blocked or paused stays in the one it is in.
const (
	// No rollout is under way.
	StateServing  State = "Serving"
	StateGivenUp  State = "GivenUp"
	StateStarting State = "Starting"

	// A rollout is under way, and nothing has decided its outcome.
	StateLost         State = "Lost"
	StateSuperseded   State = "Superseded"
	StateStackFailed  State = "StackFailed"
	StateUnrequested  State = "Unrequested"
	StateProvisioning State = "Provisioning"
	StateVerifying    State = "Verifying"
	StateShifting     State = "Shifting"
	StateHolding      State = "Holding"

	// The outcome is decided, and brought about.
	StatePromoting State = "Promoting"
	StateReturning State = "Returning"

	// The ImmutableDeployment is deleted.
	StateLeaving   State = "Leaving"
	StateDetaching State = "Detaching"
	StateDraining  State = "Draining"
	StateRemoving  State = "Removing"
)

// stateDef is what is done in a state.
type stateDef struct {
	means string
	// guards are asked in this order. The last one always decides.
	guards []guard
	// to are the states that follow. A deletion may begin in any.
	to []State
	// late are those that may follow, too, if passes were blocked or lost in
	// between.
	late []State
}

// failing are the guards against a revision that was healthy once.
var failing = []guard{
	(*pass).failIfTasksCrash,
	(*pass).failIfUnhealthy,
	(*pass).failIfOutOfBounds,
}

// states are what is done in each state. A rollout goes through them from top to
// bottom.
var states = map[State]stateDef{
	StateServing: {
		means: "the template in spec is the one that serves",
		guards: []guard{
			(*pass).routeToStable,
			(*pass).renewTakenBack,
			note((*pass).forgetFailure),
			(*pass).returnToPrevious,
			(*pass).reportOutage,
			(*pass).awaitCleanup,
			(*pass).reportOff,
			(*pass).reportScaling,
			(*pass).reportServing,
		},
		to: []State{StateStarting, StateReturning},
	},
	StateGivenUp: {
		means: "the template in spec is the one that failed last",
		guards: []guard{
			(*pass).routeToStable,
			(*pass).reportOutage,
			(*pass).reportGivenUp,
		},
		to: []State{StateStarting, StateServing},
	},
	StateStarting: {
		means: "a rollout of the template in spec is to start",
		guards: []guard{
			(*pass).routeToStable,
			(*pass).reportOff,
			(*pass).awaitOldStack,
			(*pass).blockIfNotAllowed,
			(*pass).blockOnPrerequisites,
			(*pass).createRevision,
			(*pass).blockIfStableUnhealthy,
			(*pass).blockOnAutoscaler,
			(*pass).blockIfAlarmed,
			(*pass).start,
		},
		to:   []State{StateUnrequested},
		late: []State{StateProvisioning, StateVerifying, StateStackFailed, StateSuperseded, StateReturning, StateServing, StateGivenUp},
	},

	StateLost: {
		means:  "the ImmutableRevision was deleted",
		guards: []guard{(*pass).failDeleted},
		to:     []State{StateReturning},
	},
	StateSuperseded: {
		means:  "spec.template asks for another revision, or spec.desiredCount for no tasks",
		guards: []guard{(*pass).supersede},
		to:     []State{StateReturning},
	},
	StateStackFailed: {
		means:  "CloudFormation gave the stack up",
		guards: []guard{(*pass).failStack},
		to:     []State{StateReturning},
	},
	StateUnrequested: {
		means: "no stack is asked for yet",
		guards: []guard{
			(*pass).failIfVulnerable,
			(*pass).awaitScan,
			note((*pass).noteUnscanned),
			(*pass).blockIfNotAllowed,
			(*pass).blockOnPrerequisites,
			note((*pass).noteUnchecked),
			(*pass).makeRoom,
			(*pass).requestStack,
		},
		to:   []State{StateProvisioning, StateSuperseded, StateReturning},
		late: []State{StateVerifying, StateStackFailed},
	},
	StateProvisioning: {
		means: "CloudFormation makes the stack",
		guards: []guard{
			(*pass).blockOnStack,
			(*pass).awaitStack,
		},
		to: []State{StateVerifying, StateStackFailed, StateSuperseded, StateReturning},
	},
	StateVerifying: {
		means: "the stack is there, its tasks were never all healthy",
		guards: []guard{
			(*pass).passGatesAfterProvision,
			(*pass).failIfGivenUpByECS,
			(*pass).awaitHealthy,
			(*pass).noteVerified,
		},
		to: []State{StateShifting, StateSuperseded, StateReturning},
	},
	StateShifting: {
		means: "the rule doesn't route yet as the step wants it",
		guards: append(slices.Clip(failing),
			(*pass).skipToLast,
			(*pass).awaitTasks,
			(*pass).blockIfNotAllowed,
			note((*pass).noteFiring),
			(*pass).awaitAlarms,
			(*pass).passGatesBeforeTraffic,
			(*pass).writeWeight,
			(*pass).awaitSpread,
			(*pass).noteReached,
		),
		to: []State{StateHolding, StateSuperseded, StateReturning},
	},
	StateHolding: {
		means: "it does, and the step is held",
		guards: append(slices.Clip(failing),
			(*pass).skipToLast,
			note((*pass).recount),
			(*pass).awaitSpread,
			(*pass).awaitHold,
			(*pass).awaitRecovery,
			(*pass).awaitShrinking,
			note((*pass).noteProven),
			(*pass).awaitEvidence,
			(*pass).passGatesAfterStep,
			(*pass).awaitApproval,
			(*pass).promote,
			(*pass).nextStep,
		),
		to: []State{StateShifting, StatePromoting, StateSuperseded, StateReturning, StateLost},
	},

	StatePromoting: {
		means: "the new revision is good",
		guards: []guard{
			(*pass).rememberRoute,
			(*pass).writeDestination,
			(*pass).awaitPropagation,
			(*pass).passGatesAfterwards,
			(*pass).finishRollout,
		},
		to: []State{StateServing, StateStarting},
	},
	StateReturning: {
		means: "traffic returns to what served before",
		guards: []guard{
			(*pass).reopen,
			note((*pass).abandonStable),
			(*pass).bringBackStable,
			(*pass).rememberRoute,
			(*pass).writeDestination,
			(*pass).deleteFailedRule,
			(*pass).awaitPropagation,
			(*pass).passGatesAfterwards,
			(*pass).finishRollout,
		},
		to: []State{StateGivenUp, StateStarting, StateServing, StateShifting},
	},

	StateLeaving: {
		means: "everything stays in AWS as it is",
		guards: []guard{
			(*pass).resumeScaling,
			(*pass).releaseLeftRule,
			(*pass).retainStack,
			(*pass).deleteRecord,
			(*pass).awaitRemoval,
			(*pass).finishDeletion,
		},
	},
	StateDetaching: {
		means: "the rule is taken from all stacks",
		guards: []guard{
			note((*pass).noteAttached),
			(*pass).awaitRouteSpread,
			(*pass).claimInheritedRule,
			(*pass).noteDetached,
			(*pass).deleteRule,
			(*pass).giveRuleBack,
			(*pass).awaitLateWeight,
			(*pass).releaseRule,
		},
		to: []State{StateDraining, StateRemoving},
	},
	StateDraining: {
		means:  "requests under way may end",
		guards: []guard{(*pass).awaitDrained},
		to:     []State{StateRemoving},
	},
	StateRemoving: {
		means: "the stacks are asked to go, and then the records",
		guards: []guard{
			(*pass).removeStack,
			(*pass).deleteRecord,
			(*pass).awaitRemoval,
			(*pass).finishDeletion,
		},
	},
}

// state tells in which state the deployment is.
func (x *pass) state() State {
	switch r := x.p.Rollout; {
	case x.o.Deleting:
		return x.stateOfDeletion()
	case r.undecided():
		return x.stateOfRollout()
	case r.active() && r.Outcome.Good():
		return StatePromoting
	case r.active():
		return StateReturning
	case x.isServed():
		return StateServing
	case x.isStuck():
		return StateGivenUp
	}
	return StateStarting
}

// stateOfRollout is that of a rollout whose outcome isn't decided.
func (x *pass) stateOfRollout() State {
	r, candidate := x.p.Rollout, x.candidate()
	switch {
	case candidate == nil || candidate.Deleting:
		return StateLost
	case x.isSuperseded(candidate):
		return StateSuperseded
	case candidate.Stack == v1alpha1.RevisionFailed:
		return StateStackFailed
	case !candidate.Wanted:
		return StateUnrequested
	case candidate.Stack != v1alpha1.RevisionCreated:
		return StateProvisioning
	case r.VerifiedAt.IsZero():
		return StateVerifying
	case r.StepReachedAt.IsZero() || !x.o.Route.Targets.Equal(x.intended()):
		return StateShifting
	}
	return StateHolding
}

// stateOfDeletion is that of a deployment that is deleted.
func (x *pass) stateOfDeletion() State {
	rule := x.o.Route
	switch {
	case x.o.Policy.Retain:
		return StateLeaving
	case x.p.DetachedAt.IsZero() || rule.Pending || rule.Exists && (rule.Owned || rule.Inherited):
		return StateDetaching
	case x.now.Before(x.drainedAt()):
		return StateDraining
	}
	return StateRemoving
}
