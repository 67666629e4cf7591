// Package refusal owns the error that says why nothing goes on until someone
// puts something right, and how. Whoever observes or has an effect returns it;
// the controllers put it into status as it is. It is pure.
//
// It imports internal/rollout only.
package refusal

import "github.com/viridian-dev/viridian/internal/rollout"

// Error is a refusal that only someone else can lift.
type Error struct{ rollout.Blocked }

// Error is the message without the remedy.
func (e *Error) Error() string { return e.Message }

// New makes a refusal. Neither message nor remedy ends with a full stop.
func New(reason, message, remedy string) error {
	return &Error{rollout.Blocked{Reason: reason, Message: message, Remedy: remedy}}
}
