package cloud

import "context"

// Scaling is Application Auto Scaling, as far as it sets the desired counts of ECS
// services.
type Scaling interface {
	// Targets returns the scalable targets of services as last read, at most a
	// batch window ago, or as SetTarget wrote them since; services without one
	// are left out. Readings of all callers are batched, so the error is
	// ErrPending if one of the services wasn't read yet.
	Targets(ctx context.Context, services []ServiceID) (map[ServiceID]ScalableTarget, error)
	// SetTarget changes the scalable target of a service. AWS then brings the
	// service's desired count between its bounds, whatever is suspended. A
	// scalable target is never created: if there is none, the error is
	// KindNotFound. If another change of it is in progress, the error is
	// KindTransient.
	SetTarget(ctx context.Context, service ServiceID, change TargetChange) error
}

// ServiceID is an ECS service.
type ServiceID struct {
	// Cluster is its name or ARN.
	Cluster string
	// Name of the service.
	Name string
}

// ScalableTarget is a service whose desired count Application Auto Scaling sets.
type ScalableTarget struct {
	Bounds    Bounds
	Suspended Suspended
}

// Bounds are between which desired counts scaling policies choose. Scheduled
// actions change them.
type Bounds struct {
	Min, Max int32
}

// Suspended are the kinds of scaling that a scalable target doesn't do. The zero
// value suspends nothing.
type Suspended struct {
	// In and Out are scale-in and scale-out by scaling policies.
	In, Out bool
	// Scheduled is scaling by scheduled actions. One that is due meanwhile is
	// not made up for.
	Scheduled bool
}

// TargetChange is what a scalable target becomes.
type TargetChange struct {
	// Bounds stay as they are if nil: scheduled actions may have changed them.
	Bounds *Bounds
	// Suspended replaces what is suspended, all three kinds of it.
	Suspended Suspended
}
