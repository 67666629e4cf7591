package cfn

import (
	"fmt"
	"slices"
	"strings"
)

// remove starts deleting the stack's resources: for a rollback
// (ROLLBACK_IN_PROGRESS) or for good (DELETE_IN_PROGRESS). A running removal is
// taken over.
func (st *stack) remove(status, reason string) {
	st.deletedAt = st.now() // AWS shows the time as soon as it begins
	st.setStatus(status, reason)
	for _, r := range st.resources {
		switch r.status {
		case "", deleteComplete, deleteSkipped, deleteInProgress:
		default:
			r.pending = true
		}
	}
	st.next(st.advanceRemoval)
}

// advanceRemoval starts deleting every resource on which no other depends any
// more, and concludes when nothing is left to do.
func (st *stack) advanceRemoval() {
	for st.startRemovals() {
	}
	if len(st.withStatus(deleteInProgress)) == 0 {
		st.next(st.concludeRemoval)
	}
}

// startRemovals tells whether a resource was skipped, which may free others at
// once.
func (st *stack) startRemovals() bool {
	skipped := false
	for _, id := range st.ids() {
		r := st.resources[id]
		if !r.pending || !st.dependantsGone(id) {
			continue
		}
		r.pending = false
		if st.isRetained(r) {
			st.setResource(r, deleteSkipped, "")
			skipped = true
			continue
		}
		st.deleteResource(r)
	}
	return skipped
}

func (st *stack) dependantsGone(id string) bool {
	for other, deps := range st.edges {
		if !slices.Contains(deps, id) {
			continue
		}
		switch st.resources[other].status {
		case "", deleteComplete, deleteSkipped:
		default:
			return false
		}
	}
	return true
}

func (st *stack) deleteResource(r *resource) {
	r.timer.Stop()
	r.turn++
	st.setResource(r, deleteInProgress, "")
	turn := r.turn
	r.timer = st.svc.world.After(st.jitter(), func() {
		if !r.called {
			st.resourceDeleted(r, nil)
			return
		}
		if st.fails(r, true) {
			return
		}
		st.provider(r).Delete(st.stackRef(r), r.physicalID, func(err error) {
			if r.turn == turn {
				st.resourceDeleted(r, err)
			}
		})
	})
}

// isRetained tells whether the resource outlives the stack or the rollback.
func (st *stack) isRetained(r *resource) bool {
	if slices.Contains(st.keep, r.id) {
		return true
	}
	switch r.spec.DeletionPolicy {
	case "Retain":
		return st.status == deleteInProgress || !st.retainExceptOnCreate
	case "RetainExceptOnCreate":
		return st.status == deleteInProgress
	default:
		return false
	}
}

func (st *stack) resourceDeleted(r *resource, err error) {
	r.turn++
	switch {
	case err == nil:
		st.setResource(r, deleteComplete, st.expressReason())
	case st.force:
		st.setResource(r, deleteSkipped, st.handlerReason(err))
	default:
		st.setResource(r, deleteFailed, st.handlerReason(err))
	}
	st.advanceRemoval()
}

func (st *stack) concludeRemoval() {
	rollback := st.status == rollbackInProgress
	if failed := st.withStatus(deleteFailed); len(failed) > 0 {
		status := deleteFailed
		if rollback {
			status = rollbackFailed
		}
		st.setStatus(status, fmt.Sprintf("The following resource(s) failed to delete: [%s]. ", strings.Join(failed, ", ")))
		return
	}
	if rollback {
		st.setStatus(rollbackComplete, "")
		return
	}
	st.deletedAt = st.now()
	st.setStatus(deleteComplete, "")
	delete(st.svc.byName, st.name)
}

type deleteStackIn struct {
	StackName          string
	ClientRequestToken string
	DeletionMode       string
	DeploymentConfig   *deploymentConfigIn
	RetainResources    []string
	RoleARN            string
}

func (s *Service) deleteStack(in deleteStackIn) (any, error) {
	if err := checkDeleteStack(in); err != nil {
		return nil, err
	}
	st := s.find(in.StackName)
	if st == nil || st.status == deleteComplete || st.status == deleteInProgress {
		return nil, nil
	}
	if err := st.refuseDeletion(in); err != nil {
		return nil, err
	}
	if err := st.refuseOtherMode(in); err != nil {
		return nil, err
	}
	st.deletion = st.deletionMode(in)
	st.token, st.keep, st.force = in.ClientRequestToken, in.RetainResources, in.DeletionMode == "FORCE_DELETE_STACK"
	st.cancelCreation()
	st.remove(deleteInProgress, userInitiated)
	return nil, nil
}

func (st *stack) refuseDeletion(in deleteStackIn) error {
	if st.terminationProtection {
		return invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", st.name)
	}
	if st.status == updateInProgress || st.status == updateCleanup {
		return invalid("Stack [%s] cannot be deleted while in status %s", st.name, st.status)
	}
	if st.status != deleteFailed && len(in.RetainResources) > 0 {
		return invalid("Invalid operation on stack [%s]. Specify RetainResources only when the stack is in the DELETE_FAILED state", st.id)
	}
	if st.status != deleteFailed && in.DeletionMode == "FORCE_DELETE_STACK" {
		return invalid("Invalid operation on stack [%s]. FORCE_DELETE_STACK is only allowed when the stack is in the DELETE_FAILED state", st.id)
	}
	for _, id := range in.RetainResources {
		if st.resources[id] == nil {
			return invalid("The specified resources to retain do not exist in the template: [%s]", id)
		}
		if status := st.resources[id].status; status != deleteFailed {
			return invalid("The specified resources to retain must be in a valid state: resource [%s] is %s", id, status)
		}
	}
	return nil
}
