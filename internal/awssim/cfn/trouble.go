package cfn

import (
	"errors"
	"time"
)

// Trouble says what befalls the creation or deletion of a resource: the reason
// for which it fails after a while, "" if it doesn't.
type Trouble func(stackName, logicalID string, deleting bool) (reason string, after time.Duration)

// SetTrouble has resources fail. It is asked once for each creation and
// deletion, with the world's lock held.
func (s *Service) SetTrouble(t Trouble) { s.trouble = t }

// fails tells whether the resource's creation or deletion fails, and has it do
// so after its time.
func (st *stack) fails(r *resource, deleting bool) bool {
	if st.svc.trouble == nil {
		return false
	}
	reason, after := st.svc.trouble(st.name, r.id, deleting)
	if reason == "" {
		return false
	}
	turn := r.turn
	r.timer = st.svc.world.After(after, func() {
		switch {
		case r.turn != turn:
		case deleting:
			st.resourceDeleted(r, errors.New(reason))
		default:
			st.resourceFailed(r, reason)
		}
	})
	return true
}
