package gate

import (
	"context"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// approval is a person. Nobody asks them but status, and they answer by an
// annotation, which internal/rollout hears.
type approval struct{}

// Start asks nobody.
func (approval) Start(context.Context, Call, hook.Question) error { return nil }

// Answer is none but the annotation.
func (approval) Answer(context.Context, Call) (rollout.Answer, error) { return rollout.Answer{}, nil }

// approvalFromSpec translates for how long a person is waited for.
func approvalFromSpec(gate *rollout.Gate, a *v1alpha1.ApprovalGate) {
	gate.Approval, gate.Expiry, gate.Lenient = true, seconds(a.ExpirySeconds, 86400), a.IfExpired == v1alpha1.ExpiryProceed
}
