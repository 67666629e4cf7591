package rollout

import "github.com/viridian-dev/viridian/api/v1alpha1"

// State is where a deployment is. It isn't remembered: it follows from what is
// seen and what is remembered.
type State string

// States. A deployment that is blocked or paused stays in the one it is in.
const (
	// No rollout is under way.

	// StateServing: the template in spec is the one that serves.
	StateServing State = "Serving"
	// StateGivenUp: the template in spec is the one that failed last.
	StateGivenUp State = "GivenUp"
	// StateStarting: a rollout of the template in spec is to start.
	StateStarting State = "Starting"

	// A rollout is under way, and nothing has decided its outcome.

	// StateLost: the ImmutableRevision was deleted.
	StateLost State = "Lost"
	// StateSuperseded: spec.template asks for another revision.
	StateSuperseded State = "Superseded"
	// StateStackFailed: CloudFormation gave the stack up.
	StateStackFailed State = "StackFailed"
	// StateUnrequested: no stack is asked for yet.
	StateUnrequested State = "Unrequested"
	// StateProvisioning: CloudFormation makes the stack.
	StateProvisioning State = "Provisioning"
	// StateVerifying: the stack is there, its tasks were never all healthy.
	StateVerifying State = "Verifying"
	// StateShifting: the rule doesn't route yet as the step wants it.
	StateShifting State = "Shifting"
	// StateHolding: it does, and the step is held.
	StateHolding State = "Holding"

	// The outcome is decided, and brought about.

	// StatePromoting: the new revision is good.
	StatePromoting State = "Promoting"
	// StateReturning: traffic returns to what served before.
	StateReturning State = "Returning"

	// The ImmutableDeployment is deleted.

	// StateLeaving: everything stays in AWS as it is.
	StateLeaving State = "Leaving"
	// StateDetaching: the rule is taken from all stacks.
	StateDetaching State = "Detaching"
	// StateDraining: requests under way may end.
	StateDraining State = "Draining"
	// StateRemoving: the stacks are asked to go, and then the records.
	StateRemoving State = "Removing"
)

// stateDef is what is done in a state.
type stateDef struct {
	// guards are asked in this order. The last one always decides.
	guards []guard
	// to are the states that may follow, but for a deletion.
	to []State
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
		guards: []guard{
			(*pass).routeToStable,
			note((*pass).forgetFailure),
			(*pass).returnToPrevious,
			(*pass).awaitCleanup,
			(*pass).reportServing,
		},
		to: []State{StateStarting, StateReturning},
	},
	StateGivenUp: {
		guards: []guard{
			(*pass).routeToStable,
			(*pass).reportGivenUp,
		},
		to: []State{StateStarting, StateServing},
	},
	StateStarting: {
		guards: []guard{
			(*pass).routeToStable,
			(*pass).createRevision,
			(*pass).awaitOldStack,
			(*pass).blockIfStableUnhealthy,
			(*pass).blockIfAlarmed,
			(*pass).start,
		},
		to: []State{StateUnrequested, StateProvisioning, StateVerifying, StateServing},
	},

	StateLost:       {guards: []guard{(*pass).failDeleted}, to: []State{StateReturning}},
	StateSuperseded: {guards: []guard{(*pass).supersede}, to: []State{StateReturning}},
	StateStackFailed: {
		guards: []guard{(*pass).failStack},
		to:     []State{StateReturning},
	},
	StateUnrequested: {
		guards: []guard{
			(*pass).failIfVulnerable,
			(*pass).awaitScan,
			note((*pass).noteUnscanned),
			(*pass).makeRoom,
			(*pass).requestStack,
		},
		to: []State{StateProvisioning, StateSuperseded, StateReturning},
	},
	StateProvisioning: {
		guards: []guard{(*pass).awaitStack},
		to:     []State{StateVerifying, StateStackFailed, StateSuperseded, StateReturning},
	},
	StateVerifying: {
		guards: []guard{
			(*pass).passGatesAfterProvision,
			(*pass).failIfGivenUpByECS,
			(*pass).awaitHealthy,
			(*pass).noteVerified,
		},
		to: []State{StateShifting, StateSuperseded, StateReturning},
	},
	StateShifting: {
		guards: append(failing[:len(failing):len(failing)],
			(*pass).skipToLast,
			(*pass).awaitTasks,
			note((*pass).noteFiring),
			(*pass).awaitAlarms,
			(*pass).passGatesBeforeTraffic,
			(*pass).writeWeight,
			(*pass).noteReached,
		),
		to: []State{StateHolding, StateSuperseded, StateReturning},
	},
	StateHolding: {
		guards: append(failing[:len(failing):len(failing)],
			(*pass).skipToLast,
			note((*pass).recount),
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
		to: []State{StateShifting, StatePromoting, StateSuperseded, StateReturning},
	},

	StatePromoting: {
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
		guards: []guard{
			(*pass).releaseLeftRule,
			(*pass).retainStack,
			(*pass).deleteRecord,
			(*pass).awaitRemoval,
			(*pass).finishDeletion,
		},
	},
	StateDetaching: {
		guards: []guard{
			note((*pass).noteAttached),
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
		guards: []guard{(*pass).awaitDrained},
		to:     []State{StateDetaching, StateRemoving},
	},
	StateRemoving: {
		guards: []guard{
			(*pass).removeStack,
			(*pass).deleteRecord,
			(*pass).awaitRemoval,
			(*pass).finishDeletion,
		},
		to: []State{StateDetaching},
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
	case r.StepReachedAt.IsZero() || !x.o.Rule.Targets.Equal(x.intended()):
		return StateShifting
	}
	return StateHolding
}

// stateOfDeletion is that of a deployment that is deleted.
func (x *pass) stateOfDeletion() State {
	rule := x.o.Rule
	switch {
	case x.o.Policy.Retain:
		return StateLeaving
	case x.p.DetachedAt.IsZero() || rule.Exists && (rule.Owned || rule.Inherited):
		return StateDetaching
	case x.now.Before(x.drainedAt()):
		return StateDraining
	}
	return StateRemoving
}
