package route

import (
	"context"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Unknown is a route that only a newer version knows. Requests may come by it, so
// nothing is decided, and no stack is created or deleted, as if there were none.
type Unknown struct{}

// Router refuses.
func (Unknown) Router(Deployment) Router { return unknownRouter{} }

// Backend refuses.
func (Unknown) Backend(Revision) Backend { return unknownBackend{} }

type unknownRouter struct{ noRouter }

func (unknownRouter) Receives() bool { return true }

func (unknownRouter) Observe(context.Context, Before) (Observed, error) {
	return Observed{}, errUnknown
}

func (unknownRouter) Apply(context.Context, *rollout.Observation, rollout.Action) error {
	return errUnknown
}

type unknownBackend struct{ noBackend }

func (unknownBackend) Receives() bool { return true }

func (unknownBackend) Parameters(context.Context) (map[string]string, error) { return nil, errUnknown }

func (unknownBackend) CheckUnused(context.Context, *cloud.Stack) error { return errUnknown }

// errUnknown refuses to work with a route that isn't known here.
var errUnknown = refusal.New(v1alpha1.ReasonRouteUnsupported,
	"spec.template.target gets requests by a route that this version of the manager does not know",
	"Upgrade the manager to the version of the CRDs")
