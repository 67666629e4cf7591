package awssim

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Effect is what a fault does to a call.
type Effect int

// The effects of a fault.
const (
	// Throttle refuses the call with the service's throttling error.
	Throttle Effect = iota + 1
	// ServerError answers 500 InternalFailure without doing anything.
	ServerError
	// TimeoutBefore loses the request: nothing happens and no answer comes.
	TimeoutBefore
	// TimeoutAfter loses the response: the call has had its effect.
	TimeoutAfter
	// AccessDenied refuses the caller. GetCallerIdentity is never refused so: no
	// policy can deny it.
	AccessDenied
	// ExpiredToken refuses the caller's credentials.
	ExpiredToken
)

// Fault is one rule of the fault plan. Empty fields match everything.
type Fault struct {
	// Service is the signing name, such as "cloudformation" or "ecs".
	Service string
	// Action is the operation, such as "CreateStack".
	Action string
	// Match narrows the rule to some calls. It runs with the world's lock
	// held.
	Match func(Call) bool
	// Nth fires at the nth matching call only, counted from 1.
	Nth int
	// Times is how often the rule fires at most; 0 is no limit.
	Times int
	// Probability fires at random; 0 is always.
	Probability float64
	// Effect is what happens.
	Effect Effect

	seen  int
	fired int
}

// Faults is the fault plan. It is empty at first and may be changed at any
// time.
type Faults struct {
	mu    sync.Mutex
	rng   *rand.Rand
	rules []*Fault
	fired int
}

func newFaults(seed uint64) *Faults {
	return &Faults{rng: rand.New(rand.NewPCG(seed, 0xfa17))} //nolint:gosec // a simulation must be repeatable, not secret
}

// Add appends a rule and returns what removes it. The first rule that fires
// decides.
func (f *Faults) Add(fault Fault) (remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rule := &fault
	f.rules = append(f.rules, rule)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.rules = slices.DeleteFunc(f.rules, func(r *Fault) bool { return r == rule })
	}
}

// Clear removes all rules.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Fired counts the calls that were hit.
func (f *Faults) Fired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// decide returns the effect on a call, 0 for none.
func (f *Faults) decide(call Call) Effect {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rule := range f.rules {
		if rule.hits(call, f.rng) {
			rule.fired++
			f.fired++
			return rule.Effect
		}
	}
	return 0
}

func (r *Fault) hits(call Call, rng *rand.Rand) bool {
	if !r.concerns(call) {
		return false
	}
	r.seen++
	if r.Nth > 0 && r.seen != r.Nth || r.Times > 0 && r.fired >= r.Times {
		return false
	}
	return r.Probability <= 0 || rng.Float64() < r.Probability
}

func (r *Fault) concerns(call Call) bool {
	switch {
	case r.Service != "" && r.Service != call.Service:
		return false
	case r.Action != "" && r.Action != call.Action:
		return false
	case r.Effect == AccessDenied && call.Action == "GetCallerIdentity":
		return false
	default:
		return r.Match == nil || r.Match(call)
	}
}

// refusal is the error answer of an effect, nil if it has none.
func (s *Sim) refusal(effect Effect, call Call, form shape) *core.APIError {
	switch effect {
	case Throttle:
		if form != xmlShape {
			return core.Errorf("ThrottlingException", "Rate exceeded")
		}
		return core.Errorf("Throttling", "Rate exceeded")
	case ServerError:
		return &core.APIError{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: "The request processing has failed because of an unknown error, exception or failure."}
	case AccessDenied:
		message := "User: " + s.sts.CallerARN(call.AccessKeyID) + " is not authorized to perform: " + permission(call)
		if form != xmlShape {
			return core.Errorf("AccessDeniedException", "%s", message)
		}
		return &core.APIError{Status: http.StatusForbidden, Code: "AccessDenied", Message: message}
	case ExpiredToken:
		return expiredToken(form)
	default:
		return nil
	}
}

// permission is what IAM calls an operation: it knows CloudWatch, alone of the
// simulated services, by another name than the signature.
func permission(call Call) string {
	if call.Service == "monitoring" {
		return "cloudwatch:" + call.Action
	}
	return call.Operation()
}

func expiredToken(form shape) *core.APIError {
	const message = "The security token included in the request is expired"
	if form != xmlShape {
		return core.Errorf("ExpiredTokenException", message)
	}
	return &core.APIError{Status: http.StatusForbidden, Code: "ExpiredToken", Message: message}
}
