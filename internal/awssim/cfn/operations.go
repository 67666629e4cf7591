package cfn

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// operation is one attempt to change a stack. DescribeEvents tells what happened
// by operation, and more than DescribeStackEvents does.
type operation struct {
	id, kind  string
	startedAt time.Time
	over      bool
}

// Kinds of operations, and of what they tell.
const (
	opCreate   = "CREATE_STACK"
	opUpdate   = "UPDATE_STACK"
	opDelete   = "DELETE_STACK"
	opRollback = "ROLLBACK"

	operationEvent    = "STACK_EVENT"
	progressEvent     = "PROGRESS" // AWS doesn't say PROGRESS_EVENT, as its model has it
	validationError   = "VALIDATION_ERROR"
	provisioningError = "PROVISIONING_ERROR"
	hookError         = "HOOK_INVOCATION_ERROR"
)

// operationXML is one event of an operation. Which members are there, and in
// which order, is from a recording of DescribeEvents on AWS.
type operationXML struct {
	EventID                string `xml:"EventId"`
	StackID                string `xml:"StackId"`
	OperationID            string `xml:"OperationId"`
	OperationType          string `xml:",omitempty"`
	OperationStatus        string `xml:",omitempty"`
	EventType              string
	LogicalResourceID      string  `xml:"LogicalResourceId,omitempty"`
	PhysicalResourceID     *string `xml:"PhysicalResourceId"`
	ResourceType           string  `xml:",omitempty"`
	Timestamp              time.Time
	StartTime              *time.Time
	EndTime                *time.Time
	ResourceStatus         string `xml:",omitempty"`
	ResourceStatusReason   string `xml:",omitempty"`
	ResourceProperties     string `xml:",omitempty"`
	ClientRequestToken     string `xml:",omitempty"`
	DetailedStatus         string `xml:",omitempty"`
	HookType               string `xml:",omitempty"`
	HookStatus             string `xml:",omitempty"`
	HookStatusReason       string `xml:",omitempty"`
	HookInvocationPoint    string `xml:",omitempty"`
	HookFailureMode        string `xml:",omitempty"`
	ValidationFailureMode  string `xml:",omitempty"`
	ValidationName         string `xml:",omitempty"`
	ValidationStatus       string `xml:",omitempty"`
	ValidationStatusReason string `xml:",omitempty"`
	ValidationPath         string `xml:",omitempty"`

	sequence int
}

// failed tells whether the event is among those that the filter FailedEvents
// leaves.
func (e *operationXML) failed() bool {
	return e.OperationStatus == "FAILED" || slices.Contains([]string{validationError, provisioningError, hookError}, e.EventType)
}

// operates has the stack's status begin or end an operation.
func (st *stack) operates(status string) {
	switch status {
	case createInProgress:
		st.operate(opCreate)
	case updateInProgress:
		st.operate(opUpdate)
	case rollbackInProgress:
		st.operate(opRollback)
	case deleteInProgress:
		st.operate(opDelete)
	}
}

// operate begins an operation; one that is under way has failed.
func (st *stack) operate(kind string) {
	st.endOperation("FAILED")
	op := &operation{id: st.svc.world.UUID(), kind: kind, startedAt: st.now()}
	st.operations = append(st.operations, op)
	st.tell(&operationXML{EventType: operationEvent, OperationType: kind, OperationStatus: "IN_PROGRESS", StartTime: &op.startedAt})
}

// concludes ends the operation under way, if the stack's status does.
func (st *stack) concludes(status string) {
	switch {
	case strings.HasSuffix(status, "_FAILED"):
		st.endOperation("FAILED")
	case strings.HasSuffix(status, "_COMPLETE"):
		st.endOperation("SUCCEEDED")
	}
}

func (st *stack) endOperation(status string) {
	op := st.operation()
	if op == nil || op.over {
		return
	}
	op.over = true
	now := st.now()
	st.tell(&operationXML{EventType: operationEvent, OperationType: op.kind, OperationStatus: status, StartTime: &op.startedAt, EndTime: &now})
}

// operation is the last one; nil if there was none.
func (st *stack) operation() *operation {
	if len(st.operations) == 0 {
		return nil
	}
	return st.operations[len(st.operations)-1]
}

// tell adds an event of the operation under way.
func (st *stack) tell(e *operationXML) {
	e.EventID, e.StackID, e.OperationID = st.svc.world.UUID(), st.id, st.operation().id
	e.Timestamp, e.sequence = st.now(), len(st.told)
	st.told = append(st.told, e)
}

// tellResource tells of a change that DescribeStackEvents shows too.
func (st *stack) tellResource(e *event) {
	kind := progressEvent
	if strings.HasSuffix(e.status, "_FAILED") {
		kind = provisioningError
	}
	st.tell(&operationXML{
		EventType: kind, LogicalResourceID: e.logicalID, PhysicalResourceID: &e.physicalID, ResourceType: e.kind,
		ResourceStatus: e.status, ResourceStatusReason: e.reason, ResourceProperties: e.properties,
		ClientRequestToken: e.token, DetailedStatus: e.detail,
	})
}

// propertiesJSON are a resource's properties as events show them; "" where a
// parameter is secret, which AWS would mask.
func (st *stack) propertiesJSON(r *resource) string {
	for _, p := range st.template.Parameters {
		if p.NoEcho {
			return ""
		}
	}
	resolved, err := st.scope.resolve(r.spec.Properties)
	if err != nil || r.spec.Properties == nil {
		return ""
	}
	text, err := json.Marshal(resolved)
	if err != nil {
		return ""
	}
	return string(text)
}

type describeEventsIn struct {
	ChangeSetName string
	OperationId   string
	StackName     string
	Filters       struct{ FailedEvents bool }
	NextToken     string
}

type operationEventsOut struct {
	OperationEvents []*operationXML `xml:"OperationEvents>member"`
	NextToken       string          `xml:",omitempty"`
}

func (s *Service) describeEvents(in describeEventsIn) (any, error) {
	if in.ChangeSetName != "" {
		return nil, invalid("Change sets are not simulated")
	}
	if in.StackName == "" && in.OperationId == "" {
		return nil, invalid("One of ChangeSetName, OperationId or StackName must be specified")
	}
	told, err := s.toldOf(in)
	if err != nil {
		return nil, err
	}
	told = slices.DeleteFunc(told, func(e *operationXML) bool {
		return in.OperationId != "" && e.OperationID != in.OperationId || in.Filters.FailedEvents && !e.failed()
	})
	events, next, err := page(told, func(e *operationXML) int { return -e.sequence }, in.NextToken, s.limits.PageSize)
	return operationEventsOut{OperationEvents: events, NextToken: next}, err
}

// toldOf are the events of the stack that is meant, newest first.
func (s *Service) toldOf(in describeEventsIn) ([]*operationXML, error) {
	for _, st := range s.stacks {
		runs := slices.ContainsFunc(st.operations, func(op *operation) bool { return op.id == in.OperationId })
		if in.StackName == "" && runs {
			told := slices.Clone(st.told)
			slices.Reverse(told)
			return told, nil
		}
	}
	st, err := s.known(in.StackName, "Stack [%s] does not exist")
	if err != nil {
		return nil, err
	}
	told := slices.Clone(st.told)
	slices.Reverse(told)
	return told, nil
}
