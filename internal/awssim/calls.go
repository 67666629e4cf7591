package awssim

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// maxCalls is how many calls the record keeps; older ones are forgotten, but
// still counted.
const maxCalls = 10_000

// maxParam is the length from which a parameter is left out of Call.Params.
const maxParam = 2048

// Call is one API call that reached the simulator.
type Call struct {
	At time.Time
	// Service is the signing name, such as "cloudformation".
	Service string
	Action  string
	// Key names what the call is about: a stack name, a rule ARN.
	Key string
	// AccessKeyID is the caller's.
	AccessKeyID string
	RequestID   string
	// ErrorCode is empty for success and "Timeout" for a lost answer.
	ErrorCode string
	// Params are the short scalar parameters, for a Fault's Match; the record
	// doesn't keep them.
	Params map[string]string
}

// Operation is the call's operation, such as "cloudformation:CreateStack".
func (c Call) Operation() string { return c.Service + ":" + c.Action }

// keyParams are the parameters which tell best what a call is about, the most
// telling first.
func keyParams() []string {
	return []string{
		"StackName", "RuleArn", "TargetGroupArn", "ListenerArn", "LoadBalancerArn", "RoleArn", "AlarmName", "ResourceId",
		"service", "taskDefinition", "cluster", "repositoryName",
		"FunctionName", "SecretId", "executionArn", "stateMachineArn",
		"RuleArns.member.1", "TargetGroupArns.member.1", "ListenerArns.member.1", "LoadBalancerArns.member.1",
		"ResourceArns.member.1", "Name", "Names.member.1",
	}
}

func keyOf(params map[string]string) string {
	for _, name := range keyParams() {
		if params[name] != "" {
			return params[name]
		}
	}
	return ""
}

// recorder keeps the latest calls and counts all.
type recorder struct {
	mu     sync.Mutex
	calls  []Call
	counts map[string]int
}

func (r *recorder) add(call Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	call.Params = nil
	if len(r.calls) == maxCalls {
		r.calls = slices.Delete(r.calls, 0, maxCalls/2)
	}
	r.calls = append(r.calls, call)
	r.counts[call.Operation()]++
}

// Calls returns the latest calls, at most 10,000, oldest first.
func (s *Sim) Calls() []Call {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return slices.Clone(s.calls.calls)
}

// CallCounts counts all calls by operation ("ecs:DescribeServices") since the
// start or the last reset.
func (s *Sim) CallCounts() map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return maps.Clone(s.calls.counts)
}

// ResetCalls forgets all calls and counts.
func (s *Sim) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.calls = nil
	clear(s.calls.counts)
}
