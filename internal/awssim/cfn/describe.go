package cfn

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type outputXML struct {
	OutputKey   string
	OutputValue string
	Description string `xml:",omitempty"`
	ExportName  string `xml:",omitempty"`
}

type parameterXML struct {
	ParameterKey   string
	ParameterValue string
}

type driftXML struct {
	StackDriftStatus string
}

// deploymentXML is how operations of a stack go on.
type deploymentXML struct {
	Mode            string
	DisableRollback bool
}

type lastOperationXML struct {
	OperationType string
	OperationID   string `xml:"OperationId"`
}

// listXML is a list. AWS leaves most of those out that are empty.
type listXML[T any] struct {
	Member []T `xml:"member"`
}

// listed is nil for an empty list.
func listed[T any](all []T) *listXML[T] {
	if len(all) == 0 {
		return nil
	}
	return &listXML[T]{all}
}

type stackXML struct {
	StackID                     string `xml:"StackId"`
	StackName                   string
	Description                 string `xml:",omitempty"`
	Parameters                  *listXML[parameterXML]
	CreationTime                time.Time
	DeletionTime                *time.Time
	LastUpdatedTime             *time.Time
	RollbackConfiguration       struct{}
	StackStatus                 string
	StackStatusReason           string `xml:",omitempty"`
	DisableRollback             bool
	DeploymentConfig            deploymentXML
	NotificationARNs            listXML[string]
	TimeoutInMinutes            int `xml:",omitempty"`
	Capabilities                *listXML[string]
	Outputs                     *listXML[outputXML]
	RoleARN                     string     `xml:",omitempty"`
	Tags                        []core.Tag `xml:"Tags>member"`
	EnableTerminationProtection bool
	RetainExceptOnCreate        bool `xml:",omitempty"`
	DriftInformation            driftXML
	LastOperations              []lastOperationXML `xml:"LastOperations>member"`
}

// optional is nil for the zero time.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (st *stack) describe() stackXML {
	out := stackXML{
		StackID: st.id, StackName: st.name, Description: st.description,
		CreationTime: st.createdAt, DeletionTime: optional(st.deletedAt), LastUpdatedTime: optional(st.updatedAt),
		StackStatus: st.status, StackStatusReason: st.reason, DisableRollback: st.onFailure == "DO_NOTHING",
		DeploymentConfig: deploymentXML{st.mode, st.onFailure == "DO_NOTHING"},
		NotificationARNs: listXML[string]{st.notificationARNs}, TimeoutInMinutes: st.timeoutInMinutes, Capabilities: listed(st.capabilities),
		Outputs: listed(st.outputs), RoleARN: st.roleARN, Tags: st.tags,
		EnableTerminationProtection: st.terminationProtection, RetainExceptOnCreate: st.retainExceptOnCreate,
		DriftInformation: driftXML{StackDriftStatus: "NOT_CHECKED"},
	}
	for _, op := range slices.Backward(st.operations) {
		out.LastOperations = append(out.LastOperations, lastOperationXML{op.kind, op.id})
		if op.kind != opRollback {
			break
		}
	}
	out.Parameters = listed(st.parametersXML())
	return out
}

func (st *stack) parametersXML() []parameterXML {
	var all []parameterXML
	for _, name := range slices.Sorted(maps.Keys(st.values)) {
		value := st.values[name]
		if st.template.Parameters[name].NoEcho {
			value = noEcho
		}
		all = append(all, parameterXML{name, value})
	}
	return all
}

// resolveOutputs evaluates the Outputs section of a complete stack.
func (st *stack) resolveOutputs() ([]outputXML, error) {
	var outputs []outputXML
	for _, name := range slices.Sorted(maps.Keys(st.template.Outputs)) {
		spec := st.template.Outputs[name]
		if spec.Condition != "" && !st.scope.conditions[spec.Condition] {
			continue
		}
		value, err := st.scope.text("Outputs", spec.Value)
		if err != nil {
			return nil, err
		}
		out := outputXML{OutputKey: name, OutputValue: value, Description: spec.Description}
		if spec.Export != nil {
			if out.ExportName, err = st.scope.text("Export", spec.Export); err != nil {
				return nil, err
			}
			if err := st.svc.refuseExport(st, out.ExportName); err != nil {
				return nil, err
			}
		}
		outputs = append(outputs, out)
	}
	return outputs, nil
}

// refuseExport refuses a name that another stack exports.
func (s *Service) refuseExport(st *stack, name string) error {
	for _, other := range s.stacks {
		taken := func(o outputXML) bool { return o.ExportName == name }
		if other != st && other.status != deleteComplete && slices.ContainsFunc(other.outputs, taken) {
			return invalid("Export with name %s is already exported by stack %s", name, other.name)
		}
	}
	return nil
}

// page cuts one page out of items, whose ranks rise. The token is the rank at
// which the page starts, so that pages stay right while items come and go.
func page[T any](items []T, rank func(T) int, token string, size int) ([]T, string, error) {
	start := 0
	if token != "" {
		raw, err := base64.URLEncoding.DecodeString(token)
		first, numErr := strconv.Atoi(string(raw))
		if err != nil || numErr != nil {
			return nil, "", invalid("Invalid nextToken")
		}
		start = slices.IndexFunc(items, func(item T) bool { return rank(item) >= first })
		if start < 0 {
			return nil, "", nil
		}
	}
	end := min(start+size, len(items))
	next := ""
	if end < len(items) {
		next = base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(rank(items[end]))))
	}
	return items[start:end], next, nil
}

// newestFirst ranks stacks in listings.
func newestFirst(st *stack) int { return -st.sequence }

type namedIn struct {
	StackName string
	NextToken string
}

// known looks a stack up for a description; deleted ones by ID only.
func (s *Service) known(nameOrID, refusal string) (*stack, error) {
	if nameOrID == "" {
		return nil, constraint("", "stackName", "Member must have length greater than or equal to 1")
	}
	st := s.find(nameOrID)
	if st == nil {
		return nil, invalid(refusal, nameOrID)
	}
	return st, nil
}

func (s *Service) describeStacks(in namedIn) (any, error) {
	type out struct {
		Stacks    []stackXML `xml:"Stacks>member"`
		NextToken string     `xml:",omitempty"`
	}
	if in.StackName != "" {
		st, err := s.known(in.StackName, "Stack with id %s does not exist")
		if err != nil {
			return nil, err
		}
		return out{Stacks: []stackXML{st.describe()}}, nil
	}
	var live []*stack
	for _, st := range slices.Backward(s.stacks) {
		if st.status != deleteComplete {
			live = append(live, st)
		}
	}
	stacks, next, err := page(live, newestFirst, in.NextToken, s.limits.PageSize)
	if err != nil {
		return nil, err
	}
	result := out{NextToken: next}
	for _, st := range stacks {
		result.Stacks = append(result.Stacks, st.describe())
	}
	return result, nil
}

type eventXML struct {
	EventID              string `xml:"EventId"`
	StackID              string `xml:"StackId"`
	StackName            string
	OperationID          string `xml:"OperationId"`
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId"`
	ResourceType         string
	Timestamp            time.Time
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	ResourceProperties   string `xml:",omitempty"`
	ClientRequestToken   string `xml:",omitempty"`
	DetailedStatus       string `xml:",omitempty"`
}

func (s *Service) describeStackEvents(in namedIn) (any, error) {
	st, err := s.known(in.StackName, "Stack [%s] does not exist")
	if err != nil {
		return nil, err
	}
	events := slices.Clone(st.events)
	slices.Reverse(events)
	events, next, err := page(events, func(e event) int { return -e.sequence }, in.NextToken, s.limits.PageSize)
	if err != nil {
		return nil, err
	}
	var out struct {
		StackEvents []eventXML `xml:"StackEvents>member"`
		NextToken   string     `xml:",omitempty"`
	}
	out.NextToken = next
	for _, e := range events {
		out.StackEvents = append(out.StackEvents, eventXML{
			EventID: e.id, StackID: st.id, StackName: st.name, OperationID: e.operation, LogicalResourceID: e.logicalID,
			PhysicalResourceID: e.physicalID, ResourceType: e.kind, Timestamp: e.at,
			ResourceStatus: e.status, ResourceStatusReason: e.reason, ClientRequestToken: e.token,
			ResourceProperties: e.properties, DetailedStatus: e.detail,
		})
	}
	return out, nil
}
