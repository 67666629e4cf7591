package aws

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// The code of the handler decides, before it is taken out of the text; where it
// says nothing, AWS's words do.
func TestKindOfFailure(t *testing.T) {
	want := map[string]cloud.Kind{
		"quota": cloud.KindQuota, "quota by another code": cloud.KindQuota, "quota without a code": cloud.KindQuota,
		"throttled": cloud.KindThrottled, "throttled by another code": cloud.KindThrottled,
		"denied": cloud.KindDenied, "denied without saying what": cloud.KindDenied,
		"internal error": cloud.KindTransient, "internal failure": cloud.KindTransient, "network": cloud.KindTransient,
		"no capacity": cloud.KindCapacity, "taken": cloud.KindConflict,
	}
	got := map[string]cloud.Kind{}
	for name, reason := range cfn.Causes {
		got[name] = kindOfFailure(reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for reason, want := range map[string]cloud.Kind{
		"Priority '26' is currently in use (Service: AmazonElasticLoadBalancingV2; Status Code: 400; Error Code: PriorityInUse; Request ID: 8293)":                                                                                                                                    cloud.KindConflict,
		"Request limit exceeded. (Service: AmazonEC2; Status Code: 503; Error Code: RequestLimitExceeded; Request ID: 7fd6)":                                                                                                                                                          cloud.KindThrottled,
		"Something broke (Service: Ecs, Status Code: 500, Request ID: 7fd6)":                                                                                                                                                                                                          cloud.KindTransient,
		cfn.Reason("GeneralServiceException", "Unable to assume the service linked role. Please verify that the ECS service linked role exists."):                                                                                                                                     cloud.KindDenied,
		cfn.Reason("InvalidRequest", "Unable to assume IAM role: arn:aws:iam::111122223333:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService (Service: ApplicationAutoScaling, Status Code: 400, Request ID: 8e0a)"): cloud.KindDenied,
		cfn.Reason("UnauthorizedTaggingOperation", "not allowed to tag"):                                                                                                                                                                                                              cloud.KindDenied,
		cfn.Reason("InvalidRequest", "Invalid request provided: Rate exceeded"):                                                                                                                                                                                                       cloud.KindThrottled,
		cfn.Reason("GeneralServiceException", "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."):                                                                                                                                                      "",
		cfn.Reason("NotStabilized", "Exceeded attempts to wait"):                                                                                                                                                                                                                      "",
		cfn.Reason("NotStabilized", `{"message":"role x is not authorized to perform: bedrock:ListModels"}`):                                                                                                                                                                          "",
		cfn.Reason("InvalidRequest", "Cluster not found. (Service: Ecs, Status Code: 400, Request ID: 1)"):                                                                                                                                                                            "",
		cfn.Reason("NotFound", "The subnet ID 'subnet-1' does not exist"):                                                                                                                                                                                                             "",
		cfn.Reason("InvalidRequest", "A rule can only have '5' condition values"):                                                                                                                                                                                                     "",
		"You can apply at most 50 tags to a resource (Service: Elb; Status Code: 400; Error Code: TooManyTags; Request ID: 1)":                                                                                                                                                        "",
		cfn.Reason("ServiceLimitExceeded", "There are too many of them"):                                                                                                                                                                                                              cloud.KindQuota,
		"Resource creation cancelled": "",
		"":                            "",
	} {
		if got := kindOfFailure(reason); got != want {
			t.Errorf("%s is %q, want %q", reason, got, want)
		}
	}
}

// failing makes a stack of one log group that fails, and returns what is known of it.
func (w *world) failing(t *testing.T) (cloud.Stack, []cloud.StackEvent) {
	t.Helper()
	stack := w.settle(t, w.create(t, "checkout-1", logsTemplate))
	if stack.Status != cloud.StackCreateFailed {
		t.Fatalf("stack is %s", stack.Status)
	}
	events, err := w.Stacks.FailureEvents(t.Context(), stack.ID)
	check(t, err)
	return stack, events
}

// Events have the kind of their reasons, which are clean.
func TestFailureKinds(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.SetTrouble(func(_, _ string, _ bool) (string, time.Duration) { return cfn.Causes["throttled"], time.Second })
		_, events := w.failing(t)
		if first := events[0]; first.Kind != cloud.KindThrottled || first.Reason != "Rate exceeded" {
			t.Errorf("the cause is %+v", first)
		}
		if n := w.sim.CallCounts()["cloudformation:DescribeEvents"]; n > 0 {
			t.Errorf("%d calls for what the stack's events say", n)
		}
	})
}

// What was found before a resource was made is read from DescribeEvents, oldest
// first, without warnings, and with all its pages.
func TestObjections(t *testing.T) {
	for name, c := range map[string]struct {
		objection cfn.Objection
		want      cloud.StackEvent
	}{
		"name": {cfn.Objection{Validation: cfn.NameConflict, Path: "/Resources/Logs", Reason: "Resource … already exists."},
			cloud.StackEvent{Kind: cloud.KindConflict, Check: cfn.NameConflict, Path: "/Resources/Logs", Reason: "Resource … already exists."}},
		"property": {cfn.Objection{Validation: cfn.PropertySyntax, Path: "/Resources/Logs/Properties/X", Reason: "#: bad"},
			cloud.StackEvent{Check: cfn.PropertySyntax, Path: "/Resources/Logs/Properties/X", Reason: "#: bad"}},
		"quota": {cfn.Objection{Validation: "SERVICE_QUOTA_VALIDATION", Reason: "used up"}, cloud.StackEvent{Kind: cloud.KindQuota, Check: "SERVICE_QUOTA_VALIDATION", Reason: "used up"}},
		"hook": {cfn.Objection{Hook: "Corp::Guard::Hook", Path: "/Resources/Logs", Reason: "Encrypt it"},
			cloud.StackEvent{Check: "Corp::Guard::Hook", Hook: true, Path: "/Resources/Logs", Reason: "Encrypt it"}},
		"broken hook": {cfn.Objection{Hook: "Corp::Guard::Hook", Broken: true, Reason: "timed out"},
			cloud.StackEvent{Kind: cloud.KindTransient, Check: "Corp::Guard::Hook", Hook: true, Reason: "timed out"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, awssim.Options{CloudFormation: cfn.Limits{PageSize: 1}}, func(t *testing.T, w *world) {
				w.sim.SetObjections(func(_, _ string) []cfn.Objection {
					return []cfn.Objection{{Validation: "OTHER", Reason: "mind that", Warn: true}, c.objection}
				})
				_, events := w.failing(t)
				c.want.LogicalID, c.want.ResourceType, c.want.Status = "Logs", "AWS::Logs::LogGroup", "CREATE_FAILED"
				if diff := cmp.Diff(c.want, events[0], cmpopts.IgnoreFields(cloud.StackEvent{}, "StackID")); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				for _, e := range events {
					if strings.Contains(e.Reason, "mind that") {
						t.Errorf("a warning is told: %+v", e)
					}
				}
			})
		})
	}
}

// A denial of DescribeEvents is told as such: without it nobody knows the cause.
// Where AWS doesn't have the call, what is known is enough.
func TestObjectionsUnread(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.SetObjections(func(_, _ string) []cfn.Objection {
			return []cfn.Objection{{Validation: cfn.NameConflict, Reason: "taken"}}
		})
		id := w.create(t, "checkout-1", logsTemplate)
		w.settle(t, id)
		end := w.sim.Faults.Add(awssim.Fault{Action: "DescribeEvents", Effect: awssim.AccessDenied})
		_, err := w.Stacks.FailureEvents(t.Context(), id)
		if e := failure(t, err, cloud.KindDenied); e.Op != "cloudformation:DescribeEvents" {
			t.Errorf("denied is %s", e.Op)
		}
		end()
		events, err := w.Stacks.FailureEvents(t.Context(), id)
		if err != nil || events[0].Kind != cloud.KindConflict {
			t.Errorf("%+v, %v", events, err)
		}
	})
}
