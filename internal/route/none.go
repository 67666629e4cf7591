package route

import (
	"context"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/preflight"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// None is the route of workers, to which nobody sends requests.
type None struct{}

// Router works with nothing.
func (None) Router(Deployment) Router { return noRouter{} }

// Backend works with nothing.
func (None) Backend(Revision) Backend { return noBackend{} }

type noRouter struct{}

func (noRouter) Receives() bool { return false }
func (noRouter) ARNs() []string { return nil }
func (noRouter) ID() string     { return "" }

func (noRouter) Observe(context.Context, Before) (Observed, error) {
	return Observed{Route: rollout.Route{None: true}}, nil
}

func (noRouter) Tags(context.Context) (map[string]string, error) { return nil, nil }

func (noRouter) TagsBehind(context.Context, []string) (map[string]map[string]string, error) {
	return nil, nil
}

// Health is what ECS says: a worker is as healthy as its service.
func (noRouter) Health(context.Context, string, *rollout.Health) error { return nil }

func (noRouter) OriginalHealth(context.Context, string) (rollout.Health, error) {
	return rollout.Health{}, nil
}

func (noRouter) Tampered(*v1alpha1.StackOutputs) string { return "" }

func (noRouter) Preview(*v1alpha1.ImmutableRevision) *v1alpha1.PreviewStatus { return nil }

func (noRouter) Preflight(context.Context, int) (preflight.Report, preflight.Entry, error) {
	return preflight.Report{}, preflight.Entry{}, nil
}

func (noRouter) Endpoint(context.Context) (string, error) { return "", nil }

func (noRouter) Freeze(*template.Input) error { return nil }

func (noRouter) Keep(*v1alpha1.FrozenRevision) {}

func (noRouter) Apply(_ context.Context, _ *rollout.Observation, a rollout.Action) error {
	return UnknownAction(a)
}

func (noRouter) Conflict(map[string]string) error { return nil }

func (noRouter) Remainder(string) string { return "" }

type noBackend struct{}

func (noBackend) Receives() bool { return false }
func (noBackend) ARNs() []string { return nil }
func (noBackend) ID() string     { return "" }

// Drain is none: nothing waits for requests that never came.
func (noBackend) Drain() time.Duration { return 0 }

func (noBackend) Parameters(context.Context) (map[string]string, error) { return nil, nil }

func (noBackend) LostRace(string, cloud.Kind) bool { return false }

func (noBackend) Remedy(*v1alpha1.StackFailure) (string, bool) { return "", false }

func (noBackend) CheckUnused(context.Context, *cloud.Stack) error { return nil }
