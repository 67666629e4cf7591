package cfn

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// begin starts the creation of a stack that was accepted.
func (st *stack) begin() {
	st.setStatus(createInProgress, userInitiated)
	if st.timeoutInMinutes > 0 {
		limit := time.Duration(st.timeoutInMinutes) * time.Minute
		st.timeout = st.svc.world.After(limit, st.timedOut)
	}
	st.next(func() {
		if st.validate() {
			st.advanceCreation()
		}
	})
}

// knownParts resolves what can be resolved before any resource exists; what
// depends on one stays an intrinsic function.
func knownParts(v map[string]any, sc *scope) map[string]any {
	out := map[string]any{}
	for key, value := range v {
		resolved := knownPart(value, sc)
		if _, gone := resolved.(noValue); !gone {
			out[key] = resolved
		}
	}
	return out
}

func knownPart(v any, sc *scope) any {
	switch v := v.(type) {
	case map[string]any:
		if !core.IsIntrinsic(v) {
			return knownParts(v, sc)
		}
		if args, ok := v["Fn::If"].([]any); ok && len(args) == 3 {
			return knownPart(takenBranches(v, sc.conditions), sc)
		}
		if resolved, err := sc.resolve(v); err == nil {
			return resolved
		}
		return v
	case []any:
		out := make([]any, 0, len(v))
		for _, elem := range v {
			resolved := knownPart(elem, sc)
			if _, gone := resolved.(noValue); !gone {
				out = append(out, resolved)
			}
		}
		return out
	default:
		return v
	}
}

// advanceCreation starts every resource whose dependencies are complete and
// finishes the stack when all are.
func (st *stack) advanceCreation() {
	complete := true
	for _, id := range st.ids() {
		r := st.resources[id]
		if r.status == "" && st.dependenciesComplete(id) {
			st.startResource(r)
		}
		complete = complete && r.status == createComplete
	}
	if complete {
		st.next(st.finishCreation)
	}
}

func (st *stack) dependenciesComplete(id string) bool {
	for _, dep := range st.edges[id] {
		if st.resources[dep].status != createComplete {
			return false
		}
	}
	return true
}

func (st *stack) startResource(r *resource) {
	st.setResource(r, createInProgress, "")
	r.timer = st.svc.world.After(st.jitter(), func() { st.callCreate(r) })
}

func (st *stack) callCreate(r *resource) {
	resolved, err := st.scope.resolve(r.spec.Properties)
	if err == nil {
		err = checkDynamic(resolved)
	}
	if err != nil {
		st.resourceFailed(r, message(err))
		return
	}
	properties, _ := resolved.(map[string]any)
	if err := st.provider(r).Validate(properties); err != nil {
		st.resourceFailed(r, fmt.Sprintf("Properties validation failed for resource %s with message:\n%s", r.id, message(err)))
		return
	}
	if st.hooksObject(r) || st.fails(r, false) {
		return
	}
	r.called = true
	turn := r.turn
	st.provider(r).Create(st.stackRef(r), properties, func(c core.Created, err error) {
		if r.turn == turn {
			st.resourceCreated(r, c, err)
		}
	})
}

// announce records the physical ID of a resource that exists but isn't stable.
func (st *stack) announce(r *resource, physicalID string) {
	if r.physicalID != "" || physicalID == "" {
		return
	}
	r.physicalID = physicalID
	st.setResource(r, createInProgress, "Resource creation Initiated")
}

func (st *stack) resourceCreated(r *resource, c core.Created, err error) {
	if err != nil {
		if r.physicalID == "" {
			r.physicalID = c.PhysicalID
		}
		r.called = r.physicalID != "" // nothing was made, so nothing to delete
		st.resourceFailed(r, st.handlerReason(err))
		return
	}
	st.announce(r, c.PhysicalID)
	r.physicalID, r.attributes = c.PhysicalID, c.Attributes
	r.timer = st.svc.world.After(st.jitter(), func() {
		st.setResource(r, createComplete, st.expressReason())
		st.advanceCreation()
	})
}

func (st *stack) resourceFailed(r *resource, reason string) {
	r.turn++
	st.setResource(r, createFailed, reason)
	st.cancelCreation()
	st.failCreation(st.failedReason())
}

// failedReason names every failed resource, the cancelled ones too, as AWS
// does.
func (st *stack) failedReason() string {
	return fmt.Sprintf("The following resource(s) failed to create: [%s]. ", strings.Join(st.withStatus(createFailed), ", "))
}

// cancelCreation stops every creation under way.
func (st *stack) cancelCreation() {
	st.step.Stop()
	st.timeout.Stop()
	for _, id := range st.withStatus(createInProgress) {
		r := st.resources[id]
		r.turn++
		r.timer.Stop()
		st.setResource(r, createFailed, cancelled)
	}
}

func (st *stack) timedOut() {
	st.cancelCreation()
	st.failCreation("Stack creation time exceeded the specified timeout. ")
}

// failCreation ends a failed creation as OnFailure says.
func (st *stack) failCreation(reason string) {
	st.timeout.Stop()
	switch st.onFailure {
	case "DO_NOTHING":
		st.setStatus(createFailed, reason)
	case "DELETE":
		st.remove(deleteInProgress, reason+"Delete requested by user.")
	default:
		st.remove(rollbackInProgress, reason+"Rollback requested by user.")
	}
}

func (st *stack) finishCreation() {
	outputs, err := st.resolveOutputs()
	if err != nil {
		st.failCreation(message(err) + ". ")
		return
	}
	st.timeout.Stop()
	st.outputs = outputs
	st.setStatus(createComplete, "")
}

// handlerReason words a provider's refusal as CloudFormation's resource
// handlers do; other errors are reasons already.
func (st *stack) handlerReason(err error) string {
	refused, ok := errors.AsType[*core.APIError](err)
	if !ok {
		return err.Error()
	}
	return fmt.Sprintf("Resource handler returned message: %q (RequestToken: %s, HandlerErrorCode: %s)",
		refused.Message, st.svc.world.UUID(), handlerErrorCode(refused.Code))
}

// handlerErrorCode maps a service's error code to the handler contract's.
func handlerErrorCode(code string) string {
	switch {
	case strings.Contains(code, "AlreadyExists"), strings.Contains(code, "Duplicate"):
		return "AlreadyExists"
	case strings.Contains(code, "NotFound"), strings.Contains(code, "NotExist"):
		return "NotFound"
	case strings.Contains(code, "AccessDenied"):
		return "AccessDenied"
	case strings.Contains(code, "LimitExceeded"), strings.HasPrefix(code, "TooMany"):
		return "ServiceLimitExceeded"
	case strings.Contains(code, "Throttl"):
		return "Throttling"
	case strings.Contains(code, "InUse"), strings.Contains(code, "Conflict"):
		return "ResourceConflict"
	case code == "NotStabilized":
		return "NotStabilized"
	case strings.Contains(code, "Invalid"), strings.Contains(code, "Validation"), strings.Contains(code, "ClientException"):
		return "InvalidRequest"
	default:
		return "GeneralServiceException"
	}
}

// message is an error's text without its code.
func message(err error) string {
	if refused, ok := errors.AsType[*core.APIError](err); ok {
		return refused.Message
	}
	return err.Error()
}
