// Package stack decides what to do about one revision's CloudFormation stack.
// It is pure: its input is what was observed, its output is one effect, a phase
// and a message. A record doesn't show whether its stack is in use: the code
// that carries out a deletion has to ask AWS first.
//
// It imports only the standard library, the API's constants, the plain types of
// internal/cloud, and internal/command.
package stack

import (
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// Observation is everything that a decision rests on.
type Observation struct {
	// Wanted is true if the stack should exist.
	Wanted bool
	// Deleting is true once the record itself is to be deleted.
	Deleting bool
	// Phase is the recorded phase of the revision.
	Phase v1alpha1.RevisionPhase
	// Stack as reported by CloudFormation; nil if there is none.
	Stack *cloud.Stack
	// Retained is true if the stack is no longer managed.
	Retained bool
	// Attempted tells whether the stack was ever asked for.
	Attempted bool
	// DeleteAttempts is how often its deletion was attempted.
	DeleteAttempts int32
	// OnDeleteFailure says what to do when that keeps failing.
	OnDeleteFailure v1alpha1.DeleteFailurePolicy
	// Listed is true if the resources that can't be deleted are recorded.
	Listed bool
	// Foreign is true if the stack was considered someone else's before.
	Foreign bool
	// Waiting says why the stack isn't created again yet: AWS or someone else
	// was in the way; "" if it may be.
	Waiting string
	// Service is how the stack's ECS service is, where CloudFormation didn't wait
	// for it (express mode) and the stack wasn't taken for created before, or where
	// it waits, and only ECS tells for what (instances of EC2); nil otherwise. It has
	// no RolloutState while ECS doesn't show it.
	Service *cloud.Service
	// Owned is true if the stack has the revision's tags, or those of an owner
	// whose resources the deployment may adopt, or if it has the recorded ID.
	Owned bool
}

// Action is the one effect to carry out.
type Action string

// Actions. Each can safely be repeated.
const (
	// ActionNone: only record the phase.
	ActionNone Action = ""
	// ActionCreate creates the stack.
	ActionCreate Action = "Create"
	// ActionDelete deletes the stack, unless a rule still forwards to it.
	ActionDelete Action = "Delete"
	// ActionList finds the resources that can't be deleted, to be recorded
	// before they are left behind.
	ActionList Action = "List"
	// ActionAccount finds what a deletion left behind, to be recorded.
	ActionAccount Action = "Account"
	// ActionDeleteRetaining deletes the stack without those resources.
	ActionDeleteRetaining Action = "DeleteRetaining"
	// ActionForceDelete has CloudFormation leave whatever it can't delete.
	ActionForceDelete Action = "ForceDelete"
	// ActionDiagnose finds the root cause of the failure, to be recorded before
	// anything is deleted.
	ActionDiagnose Action = "Diagnose"
	// ActionCollect reads the stack's outputs, to be recorded.
	ActionCollect Action = "Collect"
	// ActionAttend finds out why tasks of the service don't run yet, to be
	// recorded.
	ActionAttend Action = "Attend"
)

// Decision is what to do.
type Decision struct {
	Action Action
	// Phase to record after the effect.
	Phase v1alpha1.RevisionPhase
	// Reason and Message describe it for people.
	Reason  string
	Message string
	// Settled is true if nothing is in progress, so there is no need to poll
	// soon.
	Settled bool
}

// Gone reports whether there is no stack, or none of ours, and none is wanted.
func (d Decision) Gone() bool {
	return d.Settled && d.Reason != v1alpha1.ReasonStackFound && (d.Phase == v1alpha1.RevisionRemoved || d.Phase == v1alpha1.RevisionPending)
}

// Decide returns what to do about the stack.
func Decide(o Observation) Decision {
	if o.Retained {
		return Decision{Phase: o.Phase, Reason: v1alpha1.ReasonRetained, Settled: true,
			Message: "The stack stays as it is and is no longer managed"}
	}
	removing := o.Phase == v1alpha1.RevisionDeleting || o.Phase == v1alpha1.RevisionDeleteFailed
	if !o.Wanted || removing {
		return remove(o)
	}
	return provide(o)
}

// known reports whether the stack was requested and not given up, so that it is
// looked up by its ID.
func (o *Observation) known() bool {
	return o.Phase == v1alpha1.RevisionCreating || o.Phase == v1alpha1.RevisionCreated
}

// provide creates the stack. A failure is recorded until the stack is no longer
// wanted, so that it isn't created and deleted in a loop.
func provide(o Observation) Decision {
	if adopted := o.Foreign && o.Owned; o.Phase == v1alpha1.RevisionFailed && !adopted {
		return Decision{Phase: v1alpha1.RevisionFailed, Reason: v1alpha1.ReasonStackFailed, Settled: true}
	}
	if o.Phase == v1alpha1.RevisionRemoved {
		// The stack of a revision in this phase is looked up rarely, so a stack
		// that is requested from here would be found late after a crash.
		return Decision{Phase: v1alpha1.RevisionPending, Reason: v1alpha1.ReasonProvisioning, Message: "Recreating the stack"}
	}
	known := o.known()
	switch {
	case o.Stack == nil && known:
		// CloudFormation sometimes shows a new stack late. A deleted one is
		// still shown by its ID.
		return Decision{Phase: o.Phase, Reason: v1alpha1.ReasonProvisioning, Message: "Waiting for CloudFormation to show the stack"}
	case o.Stack == nil && o.Waiting != "":
		return Decision{Phase: v1alpha1.RevisionPending, Reason: v1alpha1.ReasonProvisioning, Message: o.Waiting}
	case o.Stack == nil:
		return Decision{Action: ActionCreate, Phase: v1alpha1.RevisionCreating,
			Reason: v1alpha1.ReasonProvisioning, Message: "CloudFormation creates the stack"}
	case !o.Owned:
		return Decision{Phase: v1alpha1.RevisionFailed, Reason: v1alpha1.ReasonForeignStack, Settled: true,
			Message: "A stack named " + o.Stack.Name + " exists that isn't this revision's: it is left alone, and a changed spec.template gets another number"}
	}
	return follow(o, known)
}

// follow evaluates the status of an owned stack that is wanted.
func follow(o Observation, known bool) Decision {
	switch status := o.Stack.Status; status {
	case cloud.StackCreateInProgress:
		return creating(o.Service)
	case cloud.StackCreateComplete:
		if o.Phase == v1alpha1.RevisionCreated {
			return Decision{Phase: o.Phase, Reason: v1alpha1.ReasonStackCreated, Message: "The stack is created", Settled: true}
		}
		return complete(o.Service)
	case cloud.StackCreateFailed, cloud.StackRollbackInProgress, cloud.StackRollbackComplete, cloud.StackRollbackFailed:
		return failed()
	case cloud.StackDeleteInProgress, cloud.StackDeleteFailed, cloud.StackDeleteComplete:
		if known {
			return changed(v1alpha1.RevisionFailed, "deleted", status)
		}
		// Left by an earlier attempt: delete it first.
		return Decision{Phase: v1alpha1.RevisionDeleting, Reason: v1alpha1.ReasonCleaningUp, Message: "Deleting what an earlier attempt left"}
	default:
		if o.Phase == v1alpha1.RevisionCreated {
			return changed(v1alpha1.RevisionCreated, "changed", status)
		}
		return changed(v1alpha1.RevisionFailed, "changed", status)
	}
}

// creating waits for CloudFormation, and looks what it waits for itself.
func creating(service *cloud.Service) Decision {
	d := Decision{Phase: v1alpha1.RevisionCreating, Reason: v1alpha1.ReasonProvisioning, Message: "CloudFormation creates the stack"}
	if service != nil {
		d.Action = ActionAttend
		d.Message += ": " + progress(service)
	}
	return d
}

// complete decides about a stack that is complete, and whose service CloudFormation
// may not have waited for: then it is created once ECS calls the deployment of that
// completed, as a stack in standard mode would be.
func complete(service *cloud.Service) Decision {
	switch {
	case service == nil, service.RolloutState == cloud.RolloutCompleted:
		return Decision{Action: ActionCollect, Phase: v1alpha1.RevisionCreated, Settled: true,
			Reason: v1alpha1.ReasonStackCreated, Message: "The stack is created"}
	case service.RolloutState == cloud.RolloutFailed:
		return failed()
	}
	return Starting(progress(service))
}

// Starting is the decision to look why tasks don't run yet; progress is what is
// known of that.
func Starting(progress string) Decision {
	return Decision{Action: ActionAttend, Phase: v1alpha1.RevisionCreating, Reason: v1alpha1.ReasonProvisioning, Message: "ECS starts the tasks: " + progress}
}

func failed() Decision {
	return Decision{Action: ActionDiagnose, Phase: v1alpha1.RevisionFailed, Reason: v1alpha1.ReasonStackFailed, Settled: true}
}

// Again is the decision to create a stack again for whose failure the template
// isn't at fault.
func Again(why string) Decision {
	return Decision{Phase: v1alpha1.RevisionDeleting, Reason: v1alpha1.ReasonProvisioning, Message: "Recreating the stack: " + why}
}

// changed reports that someone else changed the stack.
func changed(phase v1alpha1.RevisionPhase, what string, status cloud.StackStatus) Decision {
	return Decision{Phase: phase, Reason: v1alpha1.ReasonStackChanged, Settled: true,
		Message: "Someone else " + what + " the stack (" + string(status) + "): apply a new template to replace it"}
}

// remove deletes the stack. A stack that isn't owned stays.
func remove(o Observation) Decision {
	removed := Decision{Phase: v1alpha1.RevisionRemoved, Reason: v1alpha1.ReasonStackRemoved, Message: "The stack is removed", Settled: true}
	deleting := Decision{Phase: v1alpha1.RevisionDeleting, Reason: v1alpha1.ReasonCleaningUp, Message: "CloudFormation deletes the stack"}
	switch known := o.known(); {
	case o.surprising():
		return found(o)
	case (o.Stack == nil || !o.Owned) && o.unasked() && !o.Attempted:
		return Decision{Phase: v1alpha1.RevisionPending, Reason: v1alpha1.ReasonPending, Message: "No stack is asked for", Settled: true}
	case o.Stack == nil && known:
		// Perhaps it isn't shown yet: deleting by ID is safe either way.
		deleting.Action = ActionDelete
		return deleting
	case o.Stack == nil, !o.Owned:
		return removed
	}
	return dismantle(o, removed, deleting)
}

// unasked reports whether no stack was requested according to the record.
func (o *Observation) unasked() bool {
	return o.Phase == "" || o.Phase == v1alpha1.RevisionPending
}

// surprising reports whether the stack is complete although the record has
// none: one that wasn't requested, or one that was removed. Without outputs it
// can't work.
func (o *Observation) surprising() bool {
	return (o.unasked() || o.Phase == v1alpha1.RevisionRemoved) && o.Owned && o.whole() && len(o.Stack.Outputs) > 0 && !o.Deleting
}

// whole reports whether the stack exists and is complete.
func (o *Observation) whole() bool {
	return o.Stack != nil && o.Stack.Status.Whole()
}

// found keeps a complete stack that the record doesn't know of: the record may
// be outdated, restored from before the stack was created. The deployment
// decides what happens to it.
func found(o Observation) Decision {
	return Decision{Action: ActionCollect, Phase: v1alpha1.RevisionPending, Reason: v1alpha1.ReasonStackFound, Settled: true,
		Message: "The stack " + o.Stack.Name + " of this revision exists, although none was asked for"}
}

// dismantle deletes an owned stack, whatever state it is in.
func dismantle(o Observation, removed, deleting Decision) Decision {
	switch o.Stack.Status { //nolint:exhaustive // every other status is that of a stack to be deleted
	case cloud.StackDeleteComplete:
		if o.Listed {
			removed.Action = ActionAccount
		}
		return removed
	case cloud.StackDeleteInProgress:
		return deleting
	case cloud.StackDeleteFailed:
		if o.Phase != v1alpha1.RevisionDeleteFailed {
			// A pause before the next attempt.
			return Decision{Phase: v1alpha1.RevisionDeleteFailed, Reason: v1alpha1.ReasonStackDeleteFailed, Settled: true,
				Message: "CloudFormation could not delete the stack, trying again: " + strings.TrimSpace(o.Stack.StatusReason)}
		}
		return insist(o, deleting)
	}
	deleting.Action = ActionDelete
	return deleting
}

// patience is how often a deletion is attempted before the policy decides.
const patience = 3

// insist retries a failed deletion, eventually by other means.
func insist(o Observation, deleting Decision) Decision {
	stubborn := o.DeleteAttempts >= patience
	switch {
	case !stubborn || o.OnDeleteFailure == v1alpha1.DeleteFailureRetry || o.OnDeleteFailure == "":
		deleting.Action = ActionDelete
	case !o.Listed:
		return Decision{Action: ActionList, Phase: v1alpha1.RevisionDeleteFailed, Reason: v1alpha1.ReasonStackDeleteFailed,
			Message: "Listing what can't be deleted: " + strings.TrimSpace(o.Stack.StatusReason)}
	case o.OnDeleteFailure == v1alpha1.DeleteFailureForce:
		deleting.Action = ActionForceDelete
	default:
		deleting.Action = ActionDeleteRetaining
	}
	return deleting
}
