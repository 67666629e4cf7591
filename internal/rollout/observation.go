package rollout

import (
	"fmt"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Observation is everything that a decision rests on.
type Observation struct {
	// Namespace, Name and UID of the deployment, for messages.
	Namespace, Name, UID string
	// Deleting is true once the deployment is to go away.
	Deleting bool
	// DeletedAt is when it was deleted; zero if it wasn't.
	DeletedAt time.Time
	// WantHash tells the revision that is wanted from others: it is the hash of the
	// template in spec, with that of the values that it refers to where changes of
	// these are rolled out, too.
	WantHash string
	// WantTemplate is the hash of the template in spec.
	WantTemplate string
	// DesiredCount is how many tasks a revision shall run; 0 switches the
	// application off. Where an autoscaler decides that, it is LiveCount.
	DesiredCount int32
	// Scaling bounds the tasks where an autoscaler sets their number; nil where
	// spec.desiredCount does.
	Scaling *Limits
	// Plan is the compiled strategy.
	Plan Plan
	// Policy holds the time limits and choices.
	Policy Policy
	// Revisions in ascending order of their numbers.
	Revisions []Revision
	// Route is what brings requests to the revisions.
	Route Route
	// Original is the health of the backend that an adopted route had before;
	// read when OriginalMatters.
	Original Health
	// Blocked is what only someone else can put right; nil if nothing is.
	Blocked *Blocked
	// WasBlocked is the reason that was told last for what is in the way; ""
	// if nothing was.
	WasBlocked string
	// Told is all that was told last of what is in the way.
	Told Blocked
	// Recreate is true when the old revision goes before the new one comes.
	Recreate bool
	// Paused is true while nothing shall move.
	Paused bool
	// Requests are what people ask for by annotation.
	Requests Requests
	// Analysis is what alarms and metrics say; read as EvidenceNeeded says.
	Analysis Analysis
	// Prerequisites are what the stack of a revision needs in AWS; read as
	// NeedsPreflight says.
	Prerequisites Prerequisites
	// NotAllowed is what of spec the namespace may not use, nil if it may use all;
	// read as NeedsPolicy says.
	NotAllowed *Blocked
	// Gates are those of spec, in their order.
	Gates []Gate
	// Share is what the new revision got in the step that Evidence.Shared names,
	// as far as it is known; read as EvidenceNeeded says.
	Share *v1alpha1.MeasuredShare
	// Answers are what gates that were started say, by GateRun.Key.
	Answers map[string]Answer
	// Lost are the numbers of revisions whose stacks exist in AWS, although no
	// record asks for them, in ascending order.
	Lost []int64
	// Writer is the mark by which this process writes the rule.
	Writer string
	// Adopted lists, each with a comma after it, the UIDs of others that may be
	// taken over, for remedies that must not forget them.
	Adopted string
	// Overrule is true when someone decided that this cluster goes on although
	// the rule's last writer is another.
	Overrule bool
	// Progress is what was remembered.
	Progress Progress
}

// Policy holds time limits and choices.
type Policy struct {
	// ProgressDeadline is how long a rollout may go without progress.
	ProgressDeadline time.Duration
	// Unhealthy is how long a new revision may be short of healthy tasks.
	Unhealthy time.Duration
	// Propagation is how long a rule change takes to reach every load
	// balancer node.
	Propagation time.Duration
	// Poll is how often AWS is looked at while something goes on.
	Poll time.Duration
	// Resync is how often AWS is looked at while nothing goes on.
	Resync time.Duration
	// Stalled is how often AWS is looked at while something is missing there.
	Stalled time.Duration
	// Enforce is true when a rule that others changed is written again.
	Enforce bool
	// KeepFailed is how long the stack of a bad revision is kept.
	KeepFailed time.Duration
	// KeepFailedTasks is true when its tasks go on running meanwhile.
	KeepFailedTasks bool
	// BlockUnhealthy is true when no rollout starts while what serves is
	// short of healthy tasks.
	BlockUnhealthy bool
	// Retain is true when a deletion leaves everything as it is.
	Retain bool
	// TaskRestarts is how many tasks of a new revision may stop by themselves.
	TaskRestarts int32
	// Inconclusive is how much longer than its hold a step lasts for want of
	// evidence.
	Inconclusive time.Duration
	// RollBackInconclusive is true when a step whose evidence is still missing
	// then is a reason to roll back, not to wait for someone.
	RollBackInconclusive bool
	// ProceedInAlarm is true when a rollout goes on although an alarm is on
	// before it gets traffic.
	ProceedInAlarm bool
	// ScanPending is how long the scan of an image is waited for.
	ScanPending time.Duration
	// ProceedUnscanned is true when a revision without findings to judge by is
	// made all the same.
	ProceedUnscanned bool
	// HistoryLimit is how many revisions without a stack are kept.
	HistoryLimit int
}

// Revision is an ImmutableRevision as observed.
type Revision struct {
	Number int64
	Name   string
	// Hash tells it from others, as Observation.WantHash does, and Template is the
	// hash of its template.
	Hash, Template string
	// StackName of its stack, for messages.
	StackName string
	// Wanted is true when its stack shall be there.
	Wanted bool
	// Retained is true when its stack was left to others.
	Retained bool
	// Deleting is true once the ImmutableRevision itself is to go away.
	Deleting bool
	// Stack is how its stack is.
	Stack v1alpha1.RevisionPhase
	// Cause is the first cause of the stack's failure, or what it waits for.
	Cause string
	// Remedy is what helps against a failure that no other template would help
	// against; "" where one may. Retriable is true if the same template may be
	// tried again then.
	Remedy    string
	Retriable bool
	// Blocked is what is in the way of its stack and isn't the template's fault;
	// nil if nothing is. It is created again by itself.
	Blocked *Blocked
	// Retried is true while its stack is created again after that.
	Retried bool
	// Tampered says what someone else did to its stack or service; "" if
	// nothing.
	Tampered string
	// Backend names it in the route once the stack is created: the ARN of its
	// target group.
	Backend string
	// Drain is how long requests under way may take once it is out of the
	// rule.
	Drain time.Duration
	// Sticky is true when its tasks keep their clients.
	Sticky bool
	// Health is read for the stable revision and the one rolled out.
	Health Health
	// Scales is true when its template says how it is scaled; Scheduled when
	// schedules are part of that.
	Scales, Scheduled bool
	// Autoscaler is what sets its service's desired count, read with Health; nil if
	// nothing does. AutoscalerPending is true while that isn't known yet.
	Autoscaler        *Autoscaler
	AutoscalerPending bool
	// Images is what the scan of its images says; read as EvidenceNeeded says.
	Images Images
	// Logs is the command that shows its containers' logs; "" if there are none.
	Logs string
}

// Images is what the scan of a revision's images says.
type Images struct {
	// Result is Pass, Fail, Pending, or Inconclusive where there are no
	// findings; "" when nobody asked.
	Result v1alpha1.Result
	// Message tells why.
	Message string
}

// absent tells whether it has no stack and none is asked for.
func (r *Revision) absent() bool {
	return !r.Wanted && (r.Stack == v1alpha1.RevisionRemoved || r.Stack == v1alpha1.RevisionPending)
}

// Health is a service's health as observed.
type Health struct {
	// Known is true when it was read.
	Known bool
	// Desired and Running tasks, and how many targets are healthy.
	Desired, Running, Healthy int32
	// Steady is true when ECS calls the deployment completed.
	Steady bool
	// Failed is true when ECS gave the deployment up.
	Failed bool
	// Gone is true when AWS doesn't have the service, or its target group.
	Gone bool
	// Restarts is how many tasks stopped on their own or for failing health
	// checks since the revision was verified, and RestartCause why the last
	// one did.
	Restarts     int32
	RestartCause string
	// Reason is why targets aren't healthy or tasks don't run.
	Reason string
}

func (h Health) String() string {
	s := fmt.Sprintf("%d of %d tasks running, %d healthy", h.Running, h.Desired, h.Healthy)
	if h.Reason != "" {
		s += ": " + h.Reason
	}
	return s
}

// Route is what brings requests to revisions, as observed. An adopted one was
// there before the deployment.
type Route struct {
	// None is true for workers: no route, no requests.
	None bool
	// Adopted is true when the user named an existing route.
	Adopted bool
	// ID of the route, for messages.
	ID string
	// Exists is true when there is such a route.
	Exists bool
	// Owned is true when it carries our ownership tags.
	Owned bool
	// Inherited is true when it is that of another ImmutableDeployment which
	// this one may take over.
	Inherited bool
	// Unfamiliar is true when it sends requests to a backend of ours whose
	// revision isn't known yet.
	Unfamiliar bool
	// Writer is the mark of who wrote it last; "" if there is none, or nobody
	// looked.
	Writer string
	// Original is the backend that an adopted route had before, as it is
	// marked; "" if it isn't.
	Original string
	// OriginalIdle are the backends that an adopted route listed with weight 0
	// before, as it is marked.
	OriginalIdle []string
	// Targets that it divides the requests among.
	Targets Targets
	// Plain is true when it does nothing but that, so that a command which
	// writes the targets alone loses nothing.
	Plain bool
	// Sticky is true when it keeps clients with a backend, whatever the shares are.
	Sticky bool
	// Shadowed says what takes all requests before this route does; "" if nothing
	// is known to. Shadows says of which others it does.
	Shadowed, Shadows string
	// PartlyShadowed and PartlyShadows say the same of a part of the requests,
	// between namespaces.
	PartlyShadowed, PartlyShadows string
	// Pending is true while not all that divides the requests does so by Targets
	// yet, as far as that can be observed. What can't is Policy.Propagation.
	Pending bool
}

// Blocked is what only someone else can put right.
type Blocked struct {
	Reason  string
	Message string
	// Remedy is what to type or to change.
	Remedy string
	// Awaited is true when someone meant it so: an approval, spec.paused.
	Awaited bool
}

// Progress is what can't be observed and so is remembered.
type Progress struct {
	// Stable is the number of the last promoted revision; 0 is none.
	Stable int64
	// Rollout under way, or the last one.
	Rollout *Rollout
	// Rollouts counts the rollouts started so far.
	Rollouts int64
	// Handled are the requests last handled.
	Handled Requests
	// Waiting are those that were read and not heard yet, since something is in
	// the way. They are remembered: the annotation may be removed meanwhile.
	Waiting Requests
	// Written are the targets last written to the rule.
	Written Targets
	// Observed are the targets last seen there, and since when.
	Observed Targets
	Since    time.Time
	// Original is the backend that an adopted route had before, and
	// OriginalIdle those that it listed with weight 0. They get them back.
	Original     string
	OriginalIdle []string
	// Writers are the marks that the rule may bear, the newest last.
	Writers []string
	// Retiring are revisions out of the rule, and since when.
	Retiring []Retiring
	// Reached is how many healthy tasks the stable revision has had, of those that
	// it needs now; ScalingSince is since when it needs more.
	Reached      int32
	ScalingSince time.Time
	// Scaling is what is remembered of autoscalers; nil if nothing is.
	Scaling *Scaling
	// Off is true while the application is switched off, and then until a task is
	// healthy again.
	Off bool
	// DetachedAt is when, in a deletion, the rule was taken from all stacks.
	DetachedAt time.Time
	// BlockedSince is since when something is in the way; zero if nothing is.
	BlockedSince time.Time
}

// Retiring is a revision whose stack goes once its requests have ended.
type Retiring struct {
	Revision int64
	Since    time.Time
	// Keep is how much longer it is kept for people to look into.
	Keep time.Duration
}

// Rollout is one attempt to make a revision serve. Zero times are unset.
type Rollout struct {
	// ID names it in requests.
	ID       string
	Cause    v1alpha1.RolloutCause
	Revision int64
	From     int64

	// Request is what was carried out last, as annotation=value.
	Request string
	// Note is what was remarkable at the start.
	Note string
	// ApprovedStep is the last step, from 1, whose end was asked for.
	ApprovedStep int
	// ProvenStep is the last step, from 1, at whose end all checks had passed.
	ProvenStep int
	// Full is true once someone asked to go to 100% at once.
	Full bool
	// Retried is true once someone asked to try it again.
	Retried bool

	StartedAt    time.Time
	ProgressedAt time.Time
	VerifiedAt   time.Time
	// VerifiedCount is how many healthy tasks it has proven to have.
	VerifiedCount int32
	// AskedCount is the most tasks that it was seen asked to run, by the rollout or by
	// its autoscaler.
	AskedCount     int32
	Step           int
	StepReachedAt  time.Time
	UnhealthySince time.Time

	// Share is what the new revision really got in the step under way, where that
	// isn't its weight; nil if it is, or isn't known.
	Share *v1alpha1.MeasuredShare
	// Checks are the newest verdicts of alarms and metrics.
	Checks []v1alpha1.Verdict
	// Gates are those that were started.
	Gates []GateRun

	Outcome    v1alpha1.Outcome
	Reason     string
	Message    string
	DecidedAt  time.Time
	FinishedAt time.Time
}

// active tells whether the rollout still has something to do.
func (r *Rollout) active() bool { return r != nil && r.FinishedAt.IsZero() }

// ForgetfulWorker tells whether it is a worker of which nothing is remembered to
// work: then the health of every revision matters.
func (o *Observation) ForgetfulWorker() bool {
	return o.Route.None && o.Progress.Stable == 0 && !o.Progress.Rollout.active()
}

// revision finds a revision by number; nil if there is none.
func (o *Observation) revision(number int64) *Revision {
	for i := range o.Revisions {
		if o.Revisions[i].Number == number {
			return &o.Revisions[i]
		}
	}
	return nil
}

// wanted finds the newest revision of the template in spec; nil if there is
// none.
func (o *Observation) wanted() *Revision {
	for i := len(o.Revisions) - 1; i >= 0; i-- {
		if r := &o.Revisions[i]; r.Hash == o.WantHash && !r.Deleting {
			return r
		}
	}
	return nil
}
