package controllers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// effects is what managers did in the account, in order.
type effects struct {
	mu   sync.Mutex
	list []string
}

func (e *effects) add(effect string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, effect)
}

// all returns the effects so far.
func (e *effects) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.list)
}

// errDead is what a dead manager's calls return.
var errDead = errors.New("the manager is dead")

// dies kills the manager if the effect is a lethal one.
func (m *manager) dies(s *setup, effect string) bool {
	if s.lethal == nil || !s.lethal(effect) {
		return false
	}
	m.kill()
	return true
}

// kill makes a manager a dead one.
func (m *manager) kill() {
	if m.dead.CompareAndSwap(false, true) {
		close(m.killed)
	}
}

// cloudWire is between a manager and the account. It notes what the manager
// does there and checks what no manager may ever do.
type cloudWire struct {
	w    *world
	m    *manager
	s    *setup
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c *cloudWire) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.m.dead.Load() {
		return nil, errDead
	}
	if c.s.offline.Load() {
		return nil, errors.New("dial tcp: no route to host")
	}
	c.s.sends.note(r)
	action, param := readCall(r)
	if c.s.asks != nil && strings.Contains(r.URL.Path, "/operation/") {
		c.s.asks(action, members(r))
	}
	if c.s.answers != nil {
		if answer := c.s.answers(action); answer != nil {
			return answer, nil
		}
	}
	if !mutates(action) {
		return c.next.RoundTrip(r)
	}
	if action == "DeleteStack" {
		c.w.mayDelete(param("StackName"))
	}
	mark := action == "AddTags" && c.w.marked(param("ResourceArns.member.1"))
	answer, err := c.next.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK || mark {
		return answer, err // who wrote a rule last is noted on it: no effect that tests are about
	}
	effect := c.w.describe(action, param)
	c.w.log.add(effect)
	if c.m.dies(c.s, effect) {
		return nil, errDead
	}
	return answer, nil
}

// marked tells whether a rule bears ownership tags already.
func (w *world) marked(arn string) bool {
	return slices.ContainsFunc(w.sim.Snapshot().Rules, func(r elb.RuleTruth) bool { return r.RuleArn == arn && r.Tags[v1alpha1.TagUID] != "" })
}

// mutates tells whether an API call changes something.
func mutates(action string) bool {
	return !regexp.MustCompile(`^(Describe|List|Get|BatchGet|AssumeRole)`).MatchString(action)
}

// readCall tells a request's action and its scalar parameters.
func readCall(r *http.Request) (action string, param func(string) string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		members := map[string]any{}
		if err := json.Unmarshal(body, &members); err != nil {
			panic(err)
		}
		return target[strings.LastIndex(target, ".")+1:], func(name string) string { return fmt.Sprint(members[name]) }
	}
	nothing := func(string) string { return "" }
	if _, operation, rpc := strings.Cut(r.URL.Path, "/operation/"); rpc { // CloudWatch
		return operation, nothing
	}
	if _, path, rest := strings.Cut(r.URL.Path, "/functions/"); rest { // Lambda
		function, _, _ := strings.Cut(path, "/")
		return "Invoke", func(string) string { return function[strings.LastIndex(function, ":")+1:] }
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		panic(err)
	}
	return form.Get("Action"), form.Get
}

// members are those of the input of a call in Smithy's RPC protocol.
func members(r *http.Request) map[string]any {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	out := map[string]any{}
	if err := cbor.Unmarshal(body, &out); err != nil {
		panic(err)
	}
	return out
}

// describe writes an effect so that it reads the same in every run.
func (w *world) describe(action string, param func(string) string) string {
	switch action {
	case "CreateStack", "DeleteStack":
		return action + " " + stackOf(param("StackName"))
	case "CreateRule", "ModifyRule":
		return action + " " + w.route()
	case "Invoke":
		return action + " " + param("FunctionName")
	case "UpdateService":
		return action + " " + stackOf(param("service")) + " desiredCount=" + param("desiredCount")
	}
	return action
}

var stackName = regexp.MustCompile(`-([a-z0-9]+-[0-9]+)-[0-9a-f]{8}`)

// stackOf names a stack, by its name or ID, as its revision.
func stackOf(name string) string {
	if m := stackName.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return name
}

// mayDelete reports a deletion of a stack that still gets requests.
func (w *world) mayDelete(stackID string) {
	snap := w.sim.Snapshot()
	for _, group := range snap.TargetGroups {
		if group.Tags["aws:cloudformation:stack-id"] != stackID {
			continue
		}
		for _, rule := range snap.Rules {
			if rule.Tags["aws:cloudformation:stack-id"] != stackID && strings.Contains(fmt.Sprintf("%+v", targetsOf(rule)), group.ARN) {
				w.t.Errorf("Stack %s is deleted while rule %s forwards to it", stackID, rule.RuleArn)
			}
		}
	}
}

// clusterWire is between a manager and the cluster.
type clusterWire struct {
	w    *world
	m    *manager
	s    *setup
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c *clusterWire) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.m.dead.Load() {
		return nil, errDead
	}
	c.s.sends.note(r)
	ours := strings.Contains(r.URL.Path, v1alpha1.GroupVersion.Group)
	if ours && c.s.refuse != nil && c.s.refuse(r) {
		return nil, errors.New("connection refused")
	}
	answer, err := c.next.RoundTrip(r)
	if err != nil || answer.StatusCode >= http.StatusBadRequest || r.Method == http.MethodGet || !ours {
		return answer, err
	}
	if c.m.dies(c.s, r.Method+" "+r.URL.Path) {
		answer.Body.Close() //nolint:errcheck // nobody reads it
		return nil, errDead
	}
	return answer, nil
}
