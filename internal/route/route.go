// Package route owns what brings requests to the revisions of an
// ImmutableDeployment, as the controllers see it: a route divides requests
// among backends, of which each revision's stack has one.
//
// Each kind of route has a package of its own that implements Kind, with all
// that is known of it: internal/route/alb for a listener rule of an Application
// Load Balancer. None, here, is for workers, and Unknown for what only a newer
// version knows. controllers/router.go chooses.
//
// It imports the API, internal/{cloud,ownership,preflight,refusal,rollout,template}.
package route

import (
	"context"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/preflight"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// Type names a kind of route.
type Type string

// Types of routes.
const (
	// TypeNone is a worker's: there are no requests.
	TypeNone Type = ""
	// TypeLoadBalancer is a rule of an Application Load Balancer.
	TypeLoadBalancer Type = "LoadBalancer"
	// TypeUnknown is one that a newer CRD has, and this version doesn't know.
	TypeUnknown Type = "Unknown"
)

// TypeOf is the type of a deployment's route.
func TypeOf(spec *v1alpha1.ImmutableDeploymentSpec) Type {
	if spec.Traffic.LoadBalancer.Exists() {
		return TypeLoadBalancer
	}
	return withoutRoute(&spec.Template)
}

// TypeOfRevision is the type of the route that a revision was frozen for.
func TypeOfRevision(frozen *v1alpha1.FrozenRevision) Type {
	if frozen.ListenerARN != "" {
		return TypeLoadBalancer
	}
	return withoutRoute(&frozen.Template)
}

// withoutRoute is the type where no route is known here. A worker has no target:
// a template with one gets requests by a route of another type.
func withoutRoute(t *v1alpha1.RevisionTemplate) Type {
	if t.Target.ContainerPort != 0 {
		return TypeUnknown
	}
	return TypeNone
}

// Kind is a kind of route.
type Kind interface {
	// Router works with the route of a deployment.
	Router(of Deployment) Router
	// Backend works with what a revision's stack has for the route.
	Backend(of Revision) Backend
}

// Deployment is whose route a router works with.
type Deployment struct {
	*v1alpha1.ImmutableDeployment
	// Claim is what is the deployment's own in AWS.
	Claim *ownership.Claim
	// Clients of its account; without them a router knows only what it can
	// tell without AWS.
	Clients cloud.Clients
	// Neighbours are the deployments of other namespaces, as namespace/name, by
	// the IDs of their routes; nil if nobody knows them.
	Neighbours func(ctx context.Context) (map[string]string, error)
}

// Router works with the route of a deployment. Each pass makes one, which keeps
// what it read.
type Router interface {
	// Receives tells whether there are requests to divide at all.
	Receives() bool
	// ARNs are of what has to be in the account that AWS is called in; each may
	// be "".
	ARNs() []string
	// ID of the route, once it was observed or created; "" if there is none.
	ID() string

	// Observe reads the route, and tells whether it is the deployment's.
	Observe(ctx context.Context, before Before) (Observed, error)
	// Tags reads the tags of the route that was observed.
	Tags(ctx context.Context) (map[string]string, error)
	// TagsBehind reads the tags of the stacks that backends belong to, by
	// backend; of those that don't exist there are none.
	TagsBehind(ctx context.Context, backends []string) (map[string]map[string]string, error)
	// Health completes what is known of a service's health by what the route
	// says of its backend.
	Health(ctx context.Context, backend string, health *rollout.Health) error
	// OriginalHealth tells whether the backend that an adopted route had before
	// may get requests again.
	OriginalHealth(ctx context.Context, backend string) (rollout.Health, error)
	// Tampered says what someone else did to what a created stack has for the
	// route; "" if nothing is known of it.
	Tampered(out *v1alpha1.StackOutputs) string
	// Preview tells how to reach a revision whatever its share of the requests;
	// nil if there is no way.
	Preview(imr *v1alpha1.ImmutableRevision) *v1alpha1.PreviewStatus
	// Endpoint is the URL at which the route takes requests; "" if there is
	// none.
	Endpoint(ctx context.Context) (string, error)

	// Preflight reads what the route has to have for the stack of another
	// revision, while so many stacks go before that is made, and where requests
	// come from.
	Preflight(ctx context.Context, gone int) (preflight.Report, preflight.Entry, error)
	// Freeze completes what a revision's stack is made from.
	Freeze(in *template.Input) error
	// Keep completes what is kept of that.
	Keep(frozen *v1alpha1.FrozenRevision)
	// Apply has an action's effect on the route.
	Apply(ctx context.Context, o *rollout.Observation, a rollout.Action) error

	// Conflict refuses to write a route that tags mark as another deployment's
	// by now.
	Conflict(tags map[string]string) error
	// Remainder tells what stays in AWS of a deployment that goes without being
	// let in there, and what to do with it; "" if nothing does.
	Remainder(why string) string
}

// Before is what was known before the route was observed.
type Before struct {
	// Deleting is true once the deployment is to go away.
	Deleting bool
	// Begins is true when the pass may begin a rollout.
	Begins bool
	// WasBlocked is the reason that was told last for what is in the way.
	WasBlocked string
	// Written are the targets last written.
	Written rollout.Targets
	// Original is the backend that an adopted route had before, as remembered.
	Original string
}

// Observed is a route as observed.
type Observed struct {
	Route rollout.Route
	// Blocked is what is in the way of using it; nil if nothing is.
	Blocked *rollout.Blocked
	// Place is what was read as a whole, since several routes may be in it; ""
	// if nothing was. Sights are how each of all that is there is, by ID.
	Place  string
	Sights map[string]string
	// Inherits is the UID of another deployment whose route is taken over, and
	// whose stacks come with it; "" if there is none.
	Inherits string
	// Overrule is true when someone decided that this cluster goes on after the
	// route's last writer.
	Overrule bool
}

// Revision is whose backend is worked with.
type Revision struct {
	*v1alpha1.ImmutableRevision
	OwnerUID string
	// Owner is nil if there is none, or where a stack isn't to be made.
	Owner *v1alpha1.ImmutableDeployment
	// Claimed reads the priorities that ImmutableDeployments want on the
	// listener; nil where a stack isn't to be made.
	Claimed func(context.Context) ([]int32, error)
	Clients cloud.Clients
}

// Backend works with what the stack of a revision has for the route.
type Backend interface {
	// Receives tells whether it gets requests at all.
	Receives() bool
	// ARNs are of what has to be in the account that AWS is called in; each may
	// be "".
	ARNs() []string
	// ID names the backend in the route; "" while there is none.
	ID() string
	// Drain is how long requests under way may take once it is out of the
	// route.
	Drain() time.Duration
	// Parameters are those of the stack that differ whenever it is made.
	Parameters(ctx context.Context) (map[string]string, error)
	// LostRace tells whether the stack failed since someone else took meanwhile
	// what was free when its parameters were chosen: by the resource that failed
	// first, and what is at fault.
	LostRace(resource string, fault cloud.Kind) bool
	// Remedy is what helps against a failure of the stack that is the route's and
	// not the template's; "" for any other. again is true if the same template may
	// be tried again then.
	Remedy(failure *v1alpha1.StackFailure) (remedy string, again bool)
	// CheckUnused refuses while anything sends requests to the stack, which is
	// nil if it isn't there.
	CheckUnused(ctx context.Context, stack *cloud.Stack) error
}
