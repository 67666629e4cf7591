package view

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// State is where a deployment is on the way to what its spec asks for.
type State string

// States.
const (
	// Serving: the template in spec serves.
	Serving State = "Serving"
	// InProgress: it may yet come to serve, perhaps once a person has acted.
	InProgress State = "InProgress"
	// NotServing: it was turned down, or nobody is served.
	NotServing State = "NotServing"
)

// Deployment is what is told of an ImmutableDeployment, also as JSON.
type Deployment struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	State     State  `json:"state"`
	// Observed is false while spec has a change that the controller hasn't seen.
	Observed bool                  `json:"observed"`
	Phase    v1alpha1.Phase        `json:"phase,omitempty"`
	Strategy v1alpha1.StrategyType `json:"strategy"`
	// Step such as 2/4.
	Step    string `json:"step,omitempty"`
	Paused  bool   `json:"paused"`
	Message string `json:"message,omitempty"`
	// Image of the revision that serves.
	Image string `json:"image,omitempty"`
	// Blocked is what is waited for.
	Blocked  *v1alpha1.BlockedBy `json:"blocked,omitempty"`
	Warnings []Warning           `json:"warnings,omitempty"`
	Rollout  *Rollout            `json:"rollout,omitempty"`
	// Revisions that have something in AWS or fail to, newest first.
	Revisions   []Revision              `json:"revisions"`
	LastRequest *v1alpha1.RequestAnswer `json:"lastRequest,omitempty"`
}

// Warning is a condition that isn't as it should be.
type Warning struct {
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Rollout is the current rollout, or the last one.
type Rollout struct {
	ID      string                `json:"id"`
	Cause   v1alpha1.RolloutCause `json:"cause,omitempty"`
	Request string                `json:"request,omitempty"`
	Note    string                `json:"note,omitempty"`
	Outcome v1alpha1.Outcome      `json:"outcome,omitempty"`
	Reason  string                `json:"reason,omitempty"`
	Message string                `json:"message,omitempty"`

	StartedAt  metav1.Time  `json:"startedAt"`
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// Steps are there while a rollout is under way.
	Steps  []Step             `json:"steps,omitempty"`
	Checks []v1alpha1.Verdict `json:"checks,omitempty"`
	Gates  []v1alpha1.GateRun `json:"gates,omitempty"`
}

// Step is a step of a rollout, counted from 1.
type Step struct {
	Number   int   `json:"number"`
	Weight   int32 `json:"weight"`
	Hold     int64 `json:"holdSeconds"`
	Approval bool  `json:"approval,omitempty"`
	// Progress is Done, Current or Ahead.
	Progress string `json:"progress"`
}

// Progress of a step.
const (
	StepDone    = "Done"
	StepCurrent = "Current"
	StepAhead   = "Ahead"
)

// Role is what a revision is in a deployment.
type Role string

// Roles.
const (
	RoleNew      Role = "New"
	RoleStable   Role = "Stable"
	RoleRetiring Role = "Retiring"
	RoleOther    Role = "Other"
)

// Revision is what is told of an ImmutableRevision.
type Revision struct {
	Name   string `json:"name"`
	Number int64  `json:"number"`
	Role   Role   `json:"role"`
	// Weight is its share of the requests in percent; absent where it isn't known.
	Weight *int32                 `json:"weight,omitempty"`
	Image  string                 `json:"image,omitempty"`
	Phase  v1alpha1.RevisionPhase `json:"phase,omitempty"`
	Stack  Stack                  `json:"stack"`
	// Cluster and Service of Amazon ECS.
	Cluster  string                 `json:"cluster,omitempty"`
	Service  string                 `json:"service,omitempty"`
	LogGroup string                 `json:"logGroup,omitempty"`
	Failure  *v1alpha1.StackFailure `json:"failure,omitempty"`
	Blocked  *v1alpha1.BlockedBy    `json:"blocked,omitempty"`
	// region that spec names, for commands.
	region string
}

// Stack is a CloudFormation stack.
type Stack struct {
	Name   string `json:"name"`
	ID     string `json:"id,omitempty"`
	Status string `json:"status,omitempty"`
}

// Of says what is told of a deployment and its revisions.
func Of(imd *v1alpha1.ImmutableDeployment, revisions []v1alpha1.ImmutableRevision) Deployment {
	s := &imd.Status
	d := Deployment{
		Namespace: imd.Namespace, Name: imd.Name, State: stateOf(imd), Observed: observed(imd),
		Phase: s.Phase, Strategy: imd.Spec.Strategy.Type, Step: s.Step, Paused: imd.Spec.Paused != nil && *imd.Spec.Paused,
		Image: s.Image, Blocked: s.BlockedBy, Warnings: warnings(s), Rollout: rolloutOf(imd),
		Revisions: []Revision{}, LastRequest: s.LastRequest,
	}
	if ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady); ready != nil {
		d.Message = ready.Message
	}
	shares := shares(imd)
	for i := range revisions {
		r := revisionOf(&revisions[i], s)
		if share, known := shares[r.Number]; known {
			r.Weight = &share
		}
		if r.Role != RoleOther || r.Phase != v1alpha1.RevisionRemoved {
			d.Revisions = append(d.Revisions, r)
		}
	}
	slices.SortFunc(d.Revisions, func(a, b Revision) int { return cmp.Compare(b.Number, a.Number) })
	return d
}

// observed reports whether status is about spec as it is.
func observed(imd *v1alpha1.ImmutableDeployment) bool {
	return imd.Status.ObservedGeneration == imd.Generation
}

// stateOf judges a deployment. A promoted revision serves already while the old
// stack is cleaned up; one that was turned down is decided once traffic is back.
func stateOf(imd *v1alpha1.ImmutableDeployment) State {
	if !observed(imd) || !imd.DeletionTimestamp.IsZero() {
		return InProgress
	}
	switch imd.Status.Phase {
	case v1alpha1.PhaseComplete:
		if meta.IsStatusConditionFalse(imd.Status.Conditions, v1alpha1.ConditionAvailable) {
			return NotServing
		}
		return Serving
	case v1alpha1.PhaseCleaningUp, v1alpha1.PhaseScaling, v1alpha1.PhaseSwitchedOff:
		return Serving
	case v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed, v1alpha1.PhaseUnavailable:
		return NotServing
	default:
		return InProgress
	}
}

// alarming are the conditions that are bad news, by the status in which they are.
var alarming = []struct {
	condition string
	status    metav1.ConditionStatus
}{
	{v1alpha1.ConditionAvailable, metav1.ConditionFalse},
	{v1alpha1.ConditionDegraded, metav1.ConditionTrue},
	{v1alpha1.ConditionDrifted, metav1.ConditionTrue},
	{v1alpha1.ConditionOverlapping, metav1.ConditionTrue},
	{v1alpha1.ConditionAutoscalerDiffers, metav1.ConditionTrue},
	{v1alpha1.ConditionConfigurationCurrent, metav1.ConditionFalse},
}

func warnings(s *v1alpha1.ImmutableDeploymentStatus) (out []Warning) {
	for _, bad := range alarming {
		c := meta.FindStatusCondition(s.Conditions, bad.condition)
		if c != nil && c.Status == bad.status {
			out = append(out, Warning{c.Type, c.Reason, c.Message})
		}
	}
	return out
}

func rolloutOf(imd *v1alpha1.ImmutableDeployment) *Rollout {
	r := imd.Status.Rollout
	if r == nil {
		return nil
	}
	return &Rollout{
		ID: r.ID, Cause: r.Cause, Request: r.Request, Note: r.Note, Outcome: r.Outcome, Reason: r.Reason, Message: r.Message,
		StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Steps: stepsOf(imd), Checks: r.Checks, Gates: r.Gates,
	}
}

// stepsOf are the steps of the strategy in spec, if those are the ones that the
// controller goes by: it takes another plan where there is nothing to go back to.
func stepsOf(imd *v1alpha1.ImmutableDeployment) (out []Step) {
	var current, all int
	if n, err := fmt.Sscanf(imd.Status.Step, "%d/%d", &current, &all); err != nil || n != 2 {
		return nil
	}
	desired := int32(1)
	if scaled := imd.Status.Scaling; scaled != nil {
		desired = scaled.Count
	} else if imd.Spec.DesiredCount != nil {
		desired = *imd.Spec.DesiredCount
	}
	plan := rollout.Compile(&imd.Spec, desired, imd.Spec.Traffic.LoadBalancer.Exists())
	if len(plan) != all {
		return nil
	}
	for i, step := range plan {
		progress := StepAhead
		switch {
		case i+1 < current:
			progress = StepDone
		case i+1 == current:
			progress = StepCurrent
		}
		out = append(out, Step{i + 1, step.Weight, int64(step.Hold.Seconds()), step.Approval, progress})
	}
	return out
}

// shares are the parts of the requests that revisions get, in percent, as last
// read. Of workers the controller tells that of one revision only.
func shares(imd *v1alpha1.ImmutableDeployment) map[int64]int32 {
	out := map[int64]int32{}
	if t := imd.Status.Traffic; t != nil && len(t.Observed) > 0 {
		var sum int32
		for _, target := range t.Observed {
			sum += target.Weight
		}
		for _, target := range t.Observed {
			if target.Revision != 0 && sum > 0 {
				out[target.Revision] += target.Weight * 100 / sum
			}
		}
	}
	return out
}

func revisionOf(imr *v1alpha1.ImmutableRevision, s *v1alpha1.ImmutableDeploymentStatus) Revision {
	r := Revision{
		Name: imr.Name, Number: imr.Spec.Revision, Role: roleOf(imr, s), Image: imr.Status.Image, Phase: imr.Status.Phase,
		Stack:    Stack{imr.Spec.StackName, imr.Status.StackID, imr.Status.StackStatus},
		LogGroup: imr.Status.LogGroup, Failure: imr.Status.Failure, Blocked: imr.Status.BlockedBy, region: imr.Spec.Frozen.AWS.Region,
	}
	if out := imr.Status.Outputs; out != nil {
		r.Cluster, r.Service = out.Cluster, out.ServiceName
	}
	return r
}

func roleOf(imr *v1alpha1.ImmutableRevision, s *v1alpha1.ImmutableDeploymentStatus) Role {
	number, r := imr.Spec.Revision, s.Rollout
	retiring := func(old v1alpha1.RetiringRevision) bool { return old.Revision == number }
	switch {
	case number == s.Stable:
		return RoleStable
	case r != nil && r.FinishedAt == nil && number == r.Revision:
		return RoleNew
	case slices.ContainsFunc(s.Retiring, retiring):
		return RoleRetiring
	}
	return RoleOther
}
