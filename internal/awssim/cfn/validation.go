package cfn

import (
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Objection is what a check before the creation of a resource says against it:
// one of CloudFormation's own validations of the whole template, or a hook.
type Objection struct {
	// Validation is its name, such as NAME_CONFLICT_VALIDATION.
	Validation string
	// Hook is the type of the hook, such as Corp::Guard::Hook; "" if it is a
	// validation that objects.
	Hook string
	// Broken says that the hook could not be run.
	Broken bool
	// Path in the template, such as /Resources/Logs/Properties/Retention.
	Path   string
	Reason string
	// Warn lets the resource be made all the same.
	Warn bool
}

// Names of CloudFormation's validations.
const (
	NameConflict   = "NAME_CONFLICT_VALIDATION"
	PropertySyntax = "PROPERTY_VALIDATION"
)

// Objector says what is objected to a resource.
type Objector func(stackName, logicalID string) []Objection

// SetObjections has checks object to resources. It is asked once for each
// resource and creation, with the world's lock held.
func (s *Service) SetObjections(f Objector) { s.objector = f }

// What CloudFormation says of a stack that doesn't pass validation, as recorded
// on AWS. What is wrong is told by DescribeEvents alone.
const (
	validationFailed    = "Validation failed with %d error(s). Call DescribeEvents to retrieve the full list of issues with resource and property details, resolve each error, then retry the operation."
	validationRollsBack = "Validation failure detected. See the operation's FAILED event for details."
	validationStatus    = "VALIDATION_FAILED"
)

// validate checks the properties and names of all resources before the first is
// made, as CloudFormation does since June 2026 unless it is told not to, and
// tells whether the creation may go on.
func (st *stack) validate() bool {
	if st.unvalidated {
		return true
	}
	failed := 0
	for _, id := range st.ids() {
		r := st.resources[id]
		for _, o := range st.objections(r) {
			st.object(r, o)
			if !o.Warn {
				failed++
			}
		}
	}
	if failed == 0 {
		return true
	}
	st.setStatusInDetail(createFailed, fmt.Sprintf(validationFailed, failed), validationStatus)
	switch st.onFailure {
	case "DO_NOTHING":
	case "DELETE":
		st.remove(deleteInProgress, validationRollsBack)
	default:
		st.remove(rollbackInProgress, validationRollsBack)
	}
	return false
}

// objections are those of CloudFormation's own checks, and what was arranged.
func (st *stack) objections(r *resource) []Objection {
	known := knownParts(r.spec.Properties, st.scope)
	var all []Objection
	if err := st.provider(r).Validate(known); err != nil {
		for line := range strings.SplitSeq(message(err), "\n") {
			all = append(all, syntaxObjection(r.id, line))
		}
	}
	if named, ok := st.provider(r).(core.Named); ok && len(all) == 0 {
		if name, taken := named.Taken(known); taken {
			all = append(all, Objection{Validation: NameConflict, Path: "/Resources/" + r.id,
				Reason: fmt.Sprintf("Resource of type '%s' with identifier '%s' already exists.", r.spec.Type, name)})
		}
	}
	for _, o := range st.arranged(r) {
		if o.Hook == "" {
			all = append(all, o)
		}
	}
	return all
}

// arranged is what a test has objected.
func (st *stack) arranged(r *resource) []Objection {
	if st.svc.objector == nil {
		return nil
	}
	return st.svc.objector(st.name, r.id)
}

// syntaxObjection is a finding of a schema, such as "#/Port: expected type …".
func syntaxObjection(id, finding string) Objection {
	path, _, _ := strings.Cut(finding, ": ")
	return Objection{Validation: PropertySyntax, Reason: finding, Path: "/Resources/" + id + "/Properties" + strings.TrimPrefix(path, "#")}
}

// object tells of an objection.
func (st *stack) object(r *resource, o Objection) {
	mode := "FAIL"
	if o.Warn {
		mode = "WARN"
	}
	none := ""
	e := &operationXML{LogicalResourceID: r.id, PhysicalResourceID: &none, ResourceType: r.spec.Type, OperationType: opCreate}
	if o.Hook == "" {
		e.EventType, e.ValidationName, e.ValidationFailureMode, e.ValidationStatus = validationError, o.Validation, mode, "FAILED"
		e.ValidationStatusReason, e.ValidationPath = o.Reason, o.Path
	} else {
		e.EventType, e.HookType, e.HookFailureMode, e.HookStatus = hookError, o.Hook, mode, "HOOK_COMPLETE_FAILED"
		e.HookStatusReason, e.HookInvocationPoint, e.ValidationPath = o.Reason, "PRE_PROVISION", o.Path
		if o.Broken {
			e.HookStatus = "HOOK_FAILED"
		}
	}
	st.tell(e)
}

// hooksObject tells whether a hook objects to a resource that is about to be
// made. The resource's own event names the hook only.
func (st *stack) hooksObject(r *resource) bool {
	var hooks []string
	for _, o := range st.arranged(r) {
		if o.Hook == "" {
			continue
		}
		st.object(r, o)
		if !o.Warn {
			hooks = append(hooks, o.Hook)
		}
	}
	if len(hooks) == 0 {
		return false
	}
	st.resourceFailed(r, fmt.Sprintf("The following hook(s) failed: [%s]", strings.Join(hooks, ", ")))
	return true
}
