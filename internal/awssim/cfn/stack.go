package cfn

import (
	"maps"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Stack and resource statuses. A resource that has not begun has none.
const (
	createInProgress   = "CREATE_IN_PROGRESS"
	createComplete     = "CREATE_COMPLETE"
	createFailed       = "CREATE_FAILED"
	deleteInProgress   = "DELETE_IN_PROGRESS"
	deleteComplete     = "DELETE_COMPLETE"
	deleteFailed       = "DELETE_FAILED"
	deleteSkipped      = "DELETE_SKIPPED"
	rollbackInProgress = "ROLLBACK_IN_PROGRESS"
	rollbackComplete   = "ROLLBACK_COMPLETE"
	rollbackFailed     = "ROLLBACK_FAILED"
	updateInProgress   = "UPDATE_IN_PROGRESS"
	updateCleanup      = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
	updateComplete     = "UPDATE_COMPLETE"
)

const (
	stackType     = "AWS::CloudFormation::Stack"
	userInitiated = "User Initiated"
	cancelled     = "Resource creation cancelled"
)

// How long CloudFormation itself takes around what the resource's service
// takes.
const (
	stepMin = 500 * time.Millisecond
	stepMax = 1500 * time.Millisecond
)

// stack is one stack with its resources and history.
type stack struct {
	svc *Service
	// sequence counts the account's stacks.
	sequence int
	id       string
	name     string
	status   string
	reason   string
	template *template
	// values are the parameters' values; scope resolves with them.
	values map[string]string
	scope  *scope
	edges  map[string][]string

	resources map[string]*resource
	outputs   []outputXML
	events    []event // oldest first
	tags      []core.Tag

	createdAt time.Time
	updatedAt time.Time
	deletedAt time.Time

	description      string
	capabilities     []string
	notificationARNs []string
	roleARN          string
	onFailure        string
	// mode is the deployment mode with which it was created, deletion that of
	// the deletion under way.
	mode, deletion        string
	retainExceptOnCreate  bool
	terminationProtection bool
	timeoutInMinutes      int
	// token is the ClientRequestToken of the operation under way.
	token string
	// step is the stack's own pending callback, timeout its time limit.
	step    *core.Timer
	timeout *core.Timer
	// operations, oldest first, and what DescribeEvents tells of them.
	operations []*operation
	told       []*operationXML
	// unvalidated is true if nothing is checked before the first resource.
	unvalidated bool
	// made is the request that created it, to recognise it again.
	made createStackIn
	// keep and force are the RetainResources and the DeletionMode of the
	// deletion under way.
	keep  []string
	force bool
}

// resource is one resource of a stack.
type resource struct {
	id         string
	spec       resourceSpec
	status     string
	reason     string
	physicalID string
	attributes map[string]any
	updatedAt  time.Time
	// called tells that the provider's Create was called.
	called bool
	// pending tells that the running deletion has still to delete it.
	pending bool
	// turn counts the operations on the resource, so that an answer to an
	// earlier one is recognised and dropped.
	turn  int
	timer *core.Timer
}

// event is one line of a stack's history.
type event struct {
	id         string
	sequence   int
	at         time.Time
	logicalID  string
	physicalID string
	kind       string
	status     string
	reason     string
	token      string
	// operation is the ID of the one that it is part of, properties those of
	// the resource, detail the detailed status.
	operation, properties, detail string
}

// now is the time as CloudFormation reports it, in milliseconds.
func (st *stack) now() time.Time { return st.svc.world.Now().Truncate(time.Millisecond) }

// jitter is how long CloudFormation takes for a step of its own.
func (st *stack) jitter() time.Duration {
	return stepMin + time.Duration(st.svc.world.Rand().Int64N(int64(stepMax-stepMin)))
}

func (st *stack) setStatus(status, reason string) { st.setStatusInDetail(status, reason, "") }

func (st *stack) setStatusInDetail(status, reason, detail string) {
	st.status, st.reason = status, reason
	st.operates(status)
	e := event{id: st.svc.world.UUID(), logicalID: st.name, physicalID: st.id, kind: stackType, status: status, reason: reason, detail: detail}
	if status == createInProgress {
		e.id = st.operation().id
	}
	st.record(e)
	st.concludes(status)
}

func (st *stack) setResource(r *resource, status, reason string) {
	r.status, r.reason, r.updatedAt = status, reason, st.now()
	st.record(event{
		id:        r.id + "-" + status + "-" + r.updatedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
		logicalID: r.id, physicalID: r.physicalID, kind: r.spec.Type, status: status, reason: reason, properties: st.propertiesJSON(r),
	})
}

// record adds an event to the stack's history.
func (st *stack) record(e event) {
	e.sequence, e.at, e.token, e.operation = len(st.events), st.now(), st.token, st.operation().id
	st.events = append(st.events, e)
	st.tellResource(&e)
}

// next runs f as the stack's next step, unless another step replaces it.
func (st *stack) next(f func()) {
	st.step.Stop()
	st.step = st.svc.world.After(st.jitter(), f)
}

// ids are the logical IDs of the stack's resources in a fixed order, so that a
// seed decides the whole run.
func (st *stack) ids() []string { return slices.Sorted(maps.Keys(st.resources)) }

// withStatus are the logical IDs of the resources in a status.
func (st *stack) withStatus(status string) []string {
	return slices.DeleteFunc(st.ids(), func(id string) bool { return st.resources[id].status != status })
}

// bindScope makes the resolver see the stack's resources.
func (st *stack) bindScope(sc *scope) {
	sc.ref = func(id string) (string, error) {
		r := st.resources[id]
		if r == nil || r.physicalID == "" {
			return "", unresolved(id)
		}
		return r.physicalID, nil
	}
	sc.getAtt = func(id, attribute string) (any, error) {
		r := st.resources[id]
		if r == nil || r.physicalID == "" {
			return nil, unresolved(id)
		}
		value, known := r.attributes[attribute]
		if !known {
			return nil, invalid("Requested attribute %s does not exist in schema for %s", attribute, r.spec.Type)
		}
		return value, nil
	}
}

// stackRef is what a provider learns about the stack.
func (st *stack) stackRef(r *resource) core.StackRef {
	turn := r.turn
	tags := append(slices.Clone(st.tags),
		core.Tag{Key: "aws:cloudformation:stack-name", Value: st.name},
		core.Tag{Key: "aws:cloudformation:stack-id", Value: st.id},
		core.Tag{Key: "aws:cloudformation:logical-id", Value: r.id},
	)
	return core.StackRef{
		StackName: st.name, StackID: st.id, LogicalID: r.id, Tags: tags, Express: st.isExpress(),
		Started: func(physicalID string) {
			if r.turn == turn {
				st.announce(r, physicalID)
			}
		},
	}
}

func (st *stack) provider(r *resource) core.Provider { return st.svc.providers[r.spec.Type] }
