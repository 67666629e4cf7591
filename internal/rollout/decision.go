package rollout

import (
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// ActionKind is one of the effects that a decision can ask for.
type ActionKind string

// Effects. Each can be done again without harm.
const (
	// ActionNone: nothing but to remember and to wait.
	ActionNone ActionKind = ""
	// ActionCreateRevision makes an ImmutableRevision of the template in spec.
	ActionCreateRevision ActionKind = "CreateRevision"
	// ActionRecall makes the record of Revision again from its stack, or has
	// the record that there is ask for it.
	ActionRecall ActionKind = "Recall"
	// ActionProvision asks for Revision's stack.
	ActionProvision ActionKind = "Provision"
	// ActionRemoveStack asks for Revision's stack to be deleted.
	ActionRemoveStack ActionKind = "RemoveStack"
	// ActionDeleteRevision deletes the ImmutableRevision Revision.
	ActionDeleteRevision ActionKind = "DeleteRevision"
	// ActionRetainStack leaves Revision's stack to others.
	ActionRetainStack ActionKind = "RetainStack"
	// ActionScale sets Revision's desired count to Count.
	ActionScale ActionKind = "Scale"
	// ActionSetScaling has the autoscaler of Revision suspend what Suspended says,
	// and nothing else, and bounds it by Limits unless they are nil.
	ActionSetScaling ActionKind = "SetScaling"
	// ActionClaimRule puts our ownership tags on an adopted rule.
	ActionClaimRule ActionKind = "ClaimRule"
	// ActionCreateRule creates the production rule with Targets.
	ActionCreateRule ActionKind = "CreateRule"
	// ActionSetTargets makes the production rule forward to Targets.
	ActionSetTargets ActionKind = "SetTargets"
	// ActionReleaseRule takes our ownership tags off an adopted rule.
	ActionReleaseRule ActionKind = "ReleaseRule"
	// ActionDeleteRule deletes the production rule.
	ActionDeleteRule ActionKind = "DeleteRule"
	// ActionStartGate starts, or calls again, the gate of Run.
	ActionStartGate ActionKind = "StartGate"
	// ActionMarkRule marks the production rule as written by this process.
	ActionMarkRule ActionKind = "MarkRule"
	// ActionFinishDeletion lets the deployment go.
	ActionFinishDeletion ActionKind = "FinishDeletion"
)

// Action is one effect.
type Action struct {
	Kind     ActionKind
	Revision int64
	Targets  Targets
	Count    int32
	Run      GateRun
	// Suspended is for ActionSetScaling, Limits for that and ActionProvision.
	Suspended Suspension
	Limits    *Limits
}

// Decision is how to go on.
type Decision struct {
	// State whose guards decided; "" if one did that is asked in every state.
	State State
	// Action is the one effect to have now.
	Action Action
	// Progress is what to remember, after the effect.
	Progress Progress
	// Phase, Reason and Message sum it up for people.
	Phase   v1alpha1.Phase
	Reason  string
	Message string
	// Step under way, from 1, of Steps; 0 when no rollout is under way.
	Step, Steps int
	// Subject is the number of the revision that is rolled out, or else of
	// the one that serves; 0 is none.
	Subject int64
	// Weight is the subject's observed percentage of the requests.
	Weight int32
	// Intended is how the rule shall route now.
	Intended Targets
	// InSync tells whether the rule routes as intended.
	InSync bool
	// Blocked is what only someone else can put right; nil if nothing is.
	Blocked *Blocked
	// StillBlocked is true if what was in the way may still be: this pass
	// didn't get to look.
	StillBlocked bool
	// Notices are news for people.
	Notices []Notice
	// Drifted says what someone else changed; "" if nothing.
	Drifted string
	// Available tells whether the stable revision is healthy; nil when there
	// is none or it was not looked at.
	Available *bool
	// Unreached says why no requests reach it; "" if they do.
	Unreached string
	// Shadowed says what takes all requests before the route does, Shadows of
	// which others it does; "" if nothing is known of it.
	Shadowed, Shadows string
	// PartlyShadowed and PartlyShadows say the same of a part of the requests.
	PartlyShadowed, PartlyShadows string
	// Degraded says how the stable revision is short of healthy tasks; "" if
	// it isn't.
	Degraded string
	// ScalingReason and ScalingMessage tell what of autoscaling others made
	// otherwise than spec says; "" if nothing.
	ScalingReason, ScalingMessage string
	// CleaningUp names the revisions whose stacks are still to go.
	CleaningUp []string
	// After is when to look again at the latest.
	After time.Duration
}
