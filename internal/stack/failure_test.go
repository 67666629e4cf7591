package stack_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/stack"
)

const rule, service = "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::ECS::Service"

func event(id, reason string, kind cloud.Kind) cloud.StackEvent {
	return cloud.StackEvent{StackID: "stack", LogicalID: id, PhysicalID: id + "-1", ResourceType: service, Reason: reason, Kind: kind}
}

// However the cause arrives, the oldest one that says something is it.
func TestDiagnose(t *testing.T) {
	own := cloud.StackEvent{StackID: "stack", LogicalID: "app", PhysicalID: "stack", Reason: "The following resource(s) failed to create: [Service]."}
	objection := func(kind cloud.Kind) cloud.StackEvent {
		return cloud.StackEvent{StackID: "stack", LogicalID: "Logs", ResourceType: "AWS::Logs::LogGroup", Reason: "exists already.", Kind: kind, Check: "NAME", Path: "/Resources/Logs"}
	}
	hook := cloud.StackEvent{LogicalID: "Logs", Reason: "timed out", Kind: cloud.KindTransient, Check: "A::B::C", Hook: true}
	for name, c := range map[string]struct {
		status cloud.Stack
		events []cloud.StackEvent
		want   stack.Failure
	}{
		"oldest": {cloud.Stack{}, []cloud.StackEvent{event("Service", "Rate exceeded.", cloud.KindThrottled), event("Logs", "invalid", ""), own},
			stack.Failure{Resource: "Service", Type: service, Message: "Service: Rate exceeded", Kind: cloud.KindThrottled}},
		"cancelled": {cloud.Stack{}, []cloud.StackEvent{event("Logs", "Resource creation cancelled", ""), event("Service", "invalid", ""), own},
			stack.Failure{Resource: "Service", Type: service, Message: "Service: invalid"}},
		"the stack's own event": {cloud.Stack{StatusReason: "x"}, []cloud.StackEvent{{StackID: "stack", PhysicalID: "stack", Reason: "Rate exceeded", Kind: cloud.KindThrottled}},
			stack.Failure{Message: "Rate exceeded", Kind: cloud.KindThrottled}},
		"status":  {cloud.Stack{StatusReason: "no permission. ", StatusKind: cloud.KindDenied}, nil, stack.Failure{Message: "no permission", Kind: cloud.KindDenied}},
		"nothing": {cloud.Stack{}, nil, stack.Failure{Message: "CloudFormation gives no reason"}},
		"objection": {cloud.Stack{}, []cloud.StackEvent{objection(cloud.KindConflict), own},
			stack.Failure{Resource: "Logs", Type: "AWS::Logs::LogGroup", Message: "Logs: exists already (NAME at /Resources/Logs)", Kind: cloud.KindConflict}},
		"objections, one to the template": {cloud.Stack{}, []cloud.StackEvent{objection(cloud.KindConflict), objection(""), own},
			stack.Failure{Resource: "Logs", Type: "AWS::Logs::LogGroup", Message: "Logs: exists already (NAME at /Resources/Logs)"}},
		"broken hook": {cloud.Stack{}, []cloud.StackEvent{hook, event("Logs", "The following hook(s) failed: [A::B::C]", "")},
			stack.Failure{Resource: "Logs", Message: "Logs: timed out (hook A::B::C)", Kind: cloud.KindTransient, Hook: "A::B::C"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.status.ID = "stack"
			if diff := cmp.Diff(c.want, stack.Diagnose(&c.status, c.events)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// placing begins what ECS says of a task that no instance can take.
const placing = "(service checkout-2) was unable to place a task because no container instance met all of its requirements."

// On instances the remedy is what their owner can do, by what is missing.
func TestPlacementRemedies(t *testing.T) {
	for event, want := range map[string]string{
		" Reason: No Container Instances were found in your cluster.":                                           "Register instances with the cluster",
		" The closest matching (container-instance 0123) has insufficient CPU units available.":                 "Add instances to the cluster",
		" The closest matching (container-instance 0123) is already using a port required by your task.":        "networkMode: bridge without hostPort",
		" The closest matching (container-instance 0123) is missing an attribute required by your task.":        "placementConstraints",
		` The closest matching (container-instance 0123) encountered error "AGENT".`:                            "Restart the ECS agent",
		" The closest matching (container-instance 0123) has insufficient network interfaces or something new.": "Add instances to the cluster",
	} {
		f := stack.Failure{Message: "Service: failed"}
		f.Consider(nil, placing+event)
		reason, remedy := f.Blocked(stack.Context{Instances: true})
		if reason != v1alpha1.ReasonCapacityUnavailable || !strings.Contains(remedy, want) || strings.Contains(remedy, "FARGATE") {
			t.Errorf("%s: %s, %s", event, reason, remedy)
		}
	}
}

// Tasks that AWS had nothing for, or that the network cut off, say nothing of the
// template; those that failed do.
func TestConsider(t *testing.T) {
	cutOff := cloud.StoppedTask{Reason: "CannotPullContainerError: i/o timeout", CutOff: true}
	starved, crashed := cloud.StoppedTask{Reason: "Capacity is unavailable", Starved: true}, cloud.StoppedTask{Reason: "exit 1", Failed: true}
	for name, c := range map[string]struct {
		kind  cloud.Kind
		tasks []cloud.StoppedTask
		event string
		want  cloud.Kind
	}{
		"crashed":           {"", []cloud.StoppedTask{crashed}, "", ""},
		"starved":           {"", []cloud.StoppedTask{starved, starved}, "", cloud.KindCapacity},
		"both":              {"", []cloud.StoppedTask{starved, crashed}, "", ""},
		"cut off":           {"", []cloud.StoppedTask{cutOff, cutOff}, "", cloud.KindUnreachable},
		"cut off, starved":  {"", []cloud.StoppedTask{starved, cutOff}, "", cloud.KindUnreachable},
		"cut off, crashed":  {"", []cloud.StoppedTask{cutOff, crashed}, "", ""},
		"cut off, denied":   {cloud.KindDenied, []cloud.StoppedTask{cutOff}, "", cloud.KindDenied},
		"not even started":  {"", nil, "(service checkout-2) was unable to place a task. Reason: Capacity is unavailable at this time.", cloud.KindCapacity},
		"no room":           {"", nil, placing + " The closest matching (container-instance 0123) has insufficient memory available.", cloud.KindCapacity},
		"no instances":      {"", nil, "(service checkout-2) was unable to reach steady state. Reason: No Container Instances were found in your capacity provider.", cloud.KindCapacity},
		"others stopped":    {"", []cloud.StoppedTask{{Reason: "Host EC2 (instance i-1) terminated"}}, placing, cloud.KindCapacity},
		"nothing known":     {"", nil, "has started 1 tasks", ""},
		"something else":    {cloud.KindDenied, []cloud.StoppedTask{starved}, "", cloud.KindDenied},
		"a person stopped":  {"", []cloud.StoppedTask{{Reason: "stopped by a person"}}, "", ""},
		"event of long ago": {"", []cloud.StoppedTask{crashed}, "Capacity is unavailable", ""},
	} {
		f := stack.Failure{Message: "Service: failed", Kind: c.kind}
		if f.Consider(c.tasks, c.event); f.Kind != c.want {
			t.Errorf("%s is %q, want %q", name, f.Kind, c.want)
		}
		for _, task := range c.tasks {
			if !strings.Contains(f.Message, task.Reason) || strings.Count(f.Message, task.Reason) > 1 {
				t.Errorf("%s: %s", name, f.Message)
			}
		}
	}
}

// Each kind has its reason, and a remedy that is possible and may help.
func TestRemedies(t *testing.T) {
	const denied = "Service: User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/task because no policy allows it"
	for name, c := range map[string]struct {
		failure        stack.Failure
		reason, remedy string
	}{
		"template":     {stack.Failure{Message: "invalid"}, "", ""},
		"rules":        {stack.Failure{Kind: cloud.KindQuota, Type: rule}, v1alpha1.ReasonQuotaExceeded, "aws elbv2 describe-rules --listener-arn arn:listener"},
		"fixed quota":  {stack.Failure{Kind: cloud.KindQuota, Type: rule, Message: "unique target groups"}, v1alpha1.ReasonQuotaExceeded, `"Target Groups per Application Load Balancer" can't be raised`},
		"other quota":  {stack.Failure{Kind: cloud.KindQuota, Type: "AWS::EC2::SecurityGroup"}, v1alpha1.ReasonQuotaExceeded, "AWS::EC2::SecurityGroup"},
		"permission":   {stack.Failure{Kind: cloud.KindDenied, Message: denied}, v1alpha1.ReasonAccessDenied, "Allow iam:PassRole on arn:aws:iam::1:role/task"},
		"no details":   {stack.Failure{Kind: cloud.KindDenied, Message: "Access denied"}, v1alpha1.ReasonAccessDenied, "CloudTrail"},
		"first in ECS": {stack.Failure{Kind: cloud.KindDenied, Type: service, Message: "verify that the ECS service linked role exists"}, v1alpha1.ReasonAccessDenied, "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"},
		"credentials":  {stack.Failure{Kind: cloud.KindCredentials}, v1alpha1.ReasonCredentials, "credentials"},
		"capacity":     {stack.Failure{Kind: cloud.KindCapacity}, v1alpha1.ReasonCapacityUnavailable, "spec.template.network.subnetIDs"},
		"cut off":      {stack.Failure{Kind: cloud.KindUnreachable, Message: "dial tcp 10.0.0.1:443: i/o timeout"}, v1alpha1.ReasonNetworkUnavailable, "a route there (a NAT gateway"},
		"never linked": {stack.Failure{Kind: cloud.KindUnreachable}, v1alpha1.ReasonNetworkUnavailable, "in spec.template.network"},
		"unknown host": {stack.Failure{Kind: cloud.KindUnreachable, Message: "dial tcp: lookup registy.example on 10.0.0.2:53: no such host"}, v1alpha1.ReasonNetworkUnavailable, "If registy.example is misspelt, correct it"},
		"unknown name": {stack.Failure{Kind: cloud.KindUnreachable, Message: "dial tcp: lookup registy.example: no such host"}, v1alpha1.ReasonNetworkUnavailable, "If registy.example is misspelt, correct it"},
		"priority":     {stack.Failure{Kind: cloud.KindConflict, Type: rule}, v1alpha1.ReasonResourceConflict, "previewPriorities"},
		"name":         {stack.Failure{Kind: cloud.KindConflict}, v1alpha1.ReasonResourceConflict, "Delete what exists"},
		"throttled":    {stack.Failure{Kind: cloud.KindThrottled}, v1alpha1.ReasonAWSUnavailable, "passes"},
		"hook":         {stack.Failure{Kind: cloud.KindTransient, Hook: "A::B::C"}, v1alpha1.ReasonAWSUnavailable, "A::B::C"},
	} {
		reason, remedy := c.failure.Blocked(stack.Context{ListenerARN: "arn:listener"})
		if reason != c.reason || !strings.Contains(remedy, c.remedy) || strings.Contains(remedy, "hange spec.template,") {
			t.Errorf("%s: %s, %s", name, reason, remedy)
		}
		if reason != "" && !strings.HasSuffix(remedy, "by itself") {
			t.Errorf("%s: %s", name, remedy)
		}
	}
}

// Whose policy lacks a permission, and how it gets it, is told as for the calls of
// the controller itself.
func TestRemedyNamesTheRole(t *testing.T) {
	const denied = "Service: User: arn:aws:sts::111122223333:assumed-role/viridian-shop/1 is not authorized to perform: ecs:CreateService on resource: arn:aws:ecs:eu-west-1:111122223333:service/shop/app"
	failure := stack.Failure{Kind: cloud.KindDenied, Message: denied}
	const put = "aws iam put-role-policy --role-name viridian-shop --policy-name viridian --policy-document file://config/aws/policy.json"
	for roleARN, want := range map[string]string{
		"arn:aws:iam::111122223333:role/viridian-shop": "the role viridian-shop, which is spec.aws.roleARN, as config/aws/policy.json does: " + put,
		"": "the role viridian-shop, which is the controller's own, as config/aws/policy.json does: " + put,
	} {
		if _, remedy := failure.Blocked(stack.Context{RoleARN: roleARN}); !strings.Contains(remedy, want) {
			t.Errorf("%q: %s", roleARN, remedy)
		}
	}
}

// A service that ECS gave up is told by its reason, one that it works on by how far
// it is; the stack of the second stays.
func TestFailureOfAService(t *testing.T) {
	reason := &cloud.Service{RolloutReason: "tasks failed to start.", RunningCount: 1, DesiredCount: 3}
	for want, got := range map[string]stack.Failure{
		"Service: tasks failed to start": stack.GivenUp("Service", reason),
		"Service: ECS gives no reason":   stack.GivenUp("Service", &cloud.Service{}),
		"1 of 3 tasks run":               stack.Unsteady("Service", reason),
	} {
		if got.Message != want || got.Resource != "Service" || got.Kind != "" {
			t.Errorf("%+v, want %q", got, want)
		}
	}
	starved := stack.Failure{Kind: cloud.KindCapacity}
	for spot, want := range map[bool]string{
		true:  "in spec.template.network.subnetIDs, or give FARGATE a base or a weight in spec.template.capacityProviderStrategy. The stack",
		false: "in spec.template.network.subnetIDs. The stack",
	} {
		if _, remedy := starved.Blocked(stack.Context{Spot: spot}); !strings.Contains(remedy, want) {
			t.Errorf("on Spot %t: %s", spot, remedy)
		}
	}
	if _, remedy := starved.Blocked(stack.Context{Trying: true}); !strings.HasSuffix(remedy, "ECS goes on trying by itself") {
		t.Error(remedy)
	}
}

// The pause grows, but not for ever. After a race nothing is waited for at first.
func TestPause(t *testing.T) {
	var got []time.Duration
	for n := range int32(8) {
		got = append(got, stack.Pause(n, false, time.Minute))
	}
	m := time.Minute
	if diff := cmp.Diff([]time.Duration{m, m, 2 * m, 4 * m, 8 * m, 10 * m, 10 * m, 10 * m}, got); diff != "" {
		t.Error(diff)
	}
	if stack.Pause(4, true, m) != 0 || stack.Pause(5, true, m) != 10*m {
		t.Error("races are wrong")
	}
}

// While AWS is in the way the stack isn't created, but what exists is looked at.
func TestWaiting(t *testing.T) {
	o := stack.Observation{Wanted: true, Phase: pending, Waiting: "The next attempt is at noon"}
	if d := stack.Decide(o); d.Action != stack.ActionNone || d.Phase != pending || d.Settled || d.Message != o.Waiting {
		t.Errorf("%+v", d)
	}
	o.Stack, o.Owned = &cloud.Stack{Status: cloud.StackCreateInProgress}, true
	if d := stack.Decide(o); d.Phase != creating {
		t.Errorf("%+v", d)
	}
	o.Wanted, o.Stack, o.Owned = false, nil, false
	if d := stack.Decide(o); !d.Gone() {
		t.Errorf("%+v", d)
	}
}
