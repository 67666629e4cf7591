package stack

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/command"
)

// Failure is why a stack could not be created.
type Failure struct {
	// Resource is the logical ID of the one that failed first, and Type its
	// type; "" if it was none.
	Resource, Type string
	// Message is the cause, without a final period.
	Message string
	// Kind is what other than the template is at fault; "" if the template is.
	Kind cloud.Kind
	// Hook is the one that could not be run; "" if that wasn't it.
	Hook string
}

// Diagnose finds the root cause in what is known of a stack that failed: its
// events, oldest first, and the reason of its status.
func Diagnose(s *cloud.Stack, events []cloud.StackEvent) Failure {
	if objections := slices.DeleteFunc(slices.Clone(events), func(e cloud.StackEvent) bool { return e.Check == "" }); len(objections) > 0 {
		return objected(objections)
	}
	for _, e := range events {
		if strings.Contains(e.Reason, "Resource creation cancelled") || e.PhysicalID == s.ID {
			continue
		}
		return Failure{Resource: e.LogicalID, Type: e.ResourceType, Message: e.LogicalID + ": " + sentence(e.Reason), Kind: e.Kind}
	}
	for _, e := range events { // the stack's own
		if e.Kind != "" {
			return Failure{Message: sentence(e.Reason), Kind: e.Kind}
		}
	}
	return Failure{Message: cmp.Or(sentence(s.StatusReason), "CloudFormation gives no reason"), Kind: s.StatusKind}
}

// GivenUp is the failure of a stack whose service ECS gave up after CloudFormation
// had called it complete. resource is the logical ID of the service.
func GivenUp(resource string, service *cloud.Service) Failure {
	reason := cmp.Or(sentence(service.RolloutReason), "ECS gives no reason")
	return Failure{Resource: resource, Type: "AWS::ECS::Service", Message: resource + ": " + reason}
}

// Unsteady is the same of a service that ECS still works on, as long as nothing
// else is known of it.
func Unsteady(resource string, service *cloud.Service) Failure {
	return Failure{Resource: resource, Type: "AWS::ECS::Service", Message: progress(service)}
}

func progress(service *cloud.Service) string {
	return fmt.Sprintf("%d of %d tasks run", service.RunningCount, service.DesiredCount)
}

// noCapacity finds in ECS's event that it could place no task: for want of Fargate's
// capacity, or of a container instance that has room and is what the task needs.
var noCapacity = regexp.MustCompile(`(?i)capacity is unavailable|insufficient capacity|no container instance met all of its requirements|no container instances were found`)

// Consider adds what ECS says of a service that failed: why its tasks stopped. If
// none failed, but the network cut some off, or AWS lacked resources for them, that
// is what is at fault. Of both the network is: a person has to look there.
func (f *Failure) Consider(tasks []cloud.StoppedTask, lastEvent string) {
	failed := func(t cloud.StoppedTask) bool { return t.Failed }
	if noCapacity.MatchString(lastEvent) && !slices.ContainsFunc(tasks, failed) {
		tasks = append(slices.Clone(tasks), cloud.StoppedTask{Reason: sentence(lastEvent), Starved: true})
	}
	var causes []string
	for _, task := range tasks {
		if !strings.Contains(strings.Join(causes, "; "), task.Reason) {
			causes = append(causes, task.Reason)
		}
	}
	if len(causes) > 0 {
		f.Message += " (tasks stopped: " + strings.Join(causes, "; ") + ")"
	}
	if f.Kind == "" {
		f.Kind = hindrance(tasks)
	}
}

// hindrance is what kept tasks from starting, none of which failed itself; "" if
// one did, or nothing is known.
func hindrance(tasks []cloud.StoppedTask) cloud.Kind {
	switch {
	case slices.ContainsFunc(tasks, func(t cloud.StoppedTask) bool { return t.Failed }):
		return ""
	case slices.ContainsFunc(tasks, func(t cloud.StoppedTask) bool { return t.CutOff }):
		return cloud.KindUnreachable
	case slices.ContainsFunc(tasks, func(t cloud.StoppedTask) bool { return t.Starved }):
		return cloud.KindCapacity
	}
	return ""
}

// objected sums up what validations and hooks have against a stack. Only if all
// of it is something else's fault isn't the template at fault.
func objected(objections []cloud.StackEvent) Failure {
	first := objections[0]
	out := Failure{Resource: first.LogicalID, Type: first.ResourceType, Kind: first.Kind}
	var parts []string
	for _, e := range objections {
		parts = append(parts, fmt.Sprintf("%s: %s (%s)", e.LogicalID, sentence(e.Reason), origin(e)))
		if e.Kind == "" {
			out.Kind = ""
		}
	}
	if first.Hook && out.Kind != "" {
		out.Hook = first.Check
	}
	out.Message = strings.Join(slices.Compact(parts), "; ")
	return out
}

// origin says who objects, and to what.
func origin(e cloud.StackEvent) string {
	who := e.Check
	if e.Hook {
		who = "hook " + e.Check
	}
	if e.Path != "" {
		who += " at " + e.Path
	}
	return who
}

// sentence is a text in the middle of others, without the period at its end.
func sentence(text string) string { return strings.TrimSuffix(strings.TrimSpace(text), ".") }

// Context is what a remedy names.
type Context struct {
	// ListenerARN of the load balancer's listener; "" for a worker.
	ListenerARN string
	// RoleARN is spec.aws.roleARN; "" where the controller's own role is used.
	RoleARN string
	// Spot is true where tasks run on Fargate Spot.
	Spot bool
	// Instances is true where tasks run on container instances of EC2.
	Instances bool
	// Trying is true while ECS itself goes on trying, so that the stack stays.
	Trying bool
}

// Blocked says why a stack that failed is made again, and what helps; reason is
// "" if the template is at fault.
func (f *Failure) Blocked(c Context) (reason, remedy string) {
	again := "The stack is created again by itself"
	if c.Trying {
		again = "ECS goes on trying by itself"
	}
	switch f.Kind { //nolint:exhaustive // no other kind has an event
	case cloud.KindQuota:
		return v1alpha1.ReasonQuotaExceeded, f.quotaRemedy(c) + ". " + again
	case cloud.KindDenied:
		return v1alpha1.ReasonAccessDenied, f.deniedRemedy(c) + ". " + again
	case cloud.KindCredentials:
		return v1alpha1.ReasonCredentials, "Give the controller credentials that AWS takes, or correct spec.aws.roleARN and the role's trust policy. " + again
	case cloud.KindCapacity:
		return v1alpha1.ReasonCapacityUnavailable, f.capacityRemedy(c) + ". " + again
	case cloud.KindUnreachable:
		return v1alpha1.ReasonNetworkUnavailable, f.networkRemedy() + ". " + again
	case cloud.KindConflict:
		return v1alpha1.ReasonResourceConflict, f.conflictRemedy() + ". " + again
	case cloud.KindTransient, cloud.KindThrottled:
		if f.Hook != "" {
			return v1alpha1.ReasonAWSUnavailable, "Have whoever runs the hook " + f.Hook + " repair it. " + again
		}
		return v1alpha1.ReasonAWSUnavailable, "Nothing to do if it passes. " + again
	}
	return "", ""
}

// capacityRemedy tells what else tasks could run on: Fargate never takes the place of
// Spot by itself.
func (f *Failure) capacityRemedy(c Context) string {
	if c.Instances {
		return placementRemedy(f.Message)
	}
	const remedy = "Nothing to do if AWS has capacity again soon; else name subnets in other Availability Zones in spec.template.network.subnetIDs"
	if c.Spot {
		return remedy + ", or give FARGATE a base or a weight in spec.template.capacityProviderStrategy"
	}
	return remedy
}

// quotaRemedy names what takes room of the quota, where that is known.
func (f *Failure) quotaRemedy(c Context) string {
	quota := cloud.ParseQuota(f.Message)
	raise := quota.Remedy()
	switch {
	case f.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && c.ListenerARN != "":
		return raise + "; the listener's rules: " + command.DescribeRules(c.ListenerARN)
	case f.Type != "" && quota.Name == "":
		return raise + " (" + f.Type + ")"
	}
	return raise
}

var (
	serviceLinked  = regexp.MustCompile(`(?i)service[- ]linked role`)
	linkedServices = map[string]string{
		"AWS::ECS::Cluster": "ecs.amazonaws.com", "AWS::ECS::Service": "ecs.amazonaws.com",
		"AWS::ElasticLoadBalancingV2::TargetGroup":  "elasticloadbalancing.amazonaws.com",
		"AWS::ElasticLoadBalancingV2::ListenerRule": "elasticloadbalancing.amazonaws.com",
	}
)

// deniedRemedy names the permission that is missing, if AWS does.
func (f *Failure) deniedRemedy(c Context) string {
	if service := linkedServices[f.Type]; service != "" && serviceLinked.MatchString(f.Message) {
		return "Create the role: aws iam create-service-linked-role --aws-service-name " + service
	}
	said := cloud.ParseDenial(f.Message)
	if said.Action == "" {
		return "Compare the IAM policy of " + cmp.Or(c.RoleARN, "the controller's role") + " with config/aws/policy.json; CloudTrail has the call that was denied"
	}
	action := said.Action
	if said.Resource != "" {
		action += " on " + said.Resource
	}
	return command.Allow(action, said.Role, c.RoleARN, said.Explicit)
}

// unknownHost is what a resolver says of a name that doesn't exist, in the words of
// Go's net package, on which the ECS agent is built.
var unknownHost = regexp.MustCompile(`lookup (\S+?)(?: on \S+)?: no such host`)

// networkRemedy names both who may be at fault: the network, which worked before,
// and the template, by which it never did.
func (f *Failure) networkRemedy() string {
	if host := unknownHost.FindStringSubmatch(f.Message); host != nil {
		return "If " + host[1] + " is misspelt, correct it in spec.template; else have the VPC's DNS resolve it"
	}
	return "Look for what keeps the tasks from it: the subnets need a route there (a NAT gateway, an internet gateway with " +
		"assignPublicIP: ENABLED, or VPC endpoints), and their security groups have to let port 443 out, and those of the endpoints in. " +
		"If tasks never could reach it from these subnets, name others, or other security groups, in spec.template.network"
}

func (f *Failure) conflictRemedy() string {
	if f.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" {
		return "Nothing to do if it passes, since each attempt chooses another priority; else give the preview rules priorities of their own, " +
			"by spec.traffic.loadBalancer.previewPriorities"
	}
	return "Delete what exists under that name, if nobody needs it"
}

// maxRaces bounds how often a stack is made again at once after a race.
const maxRaces = 5

// Pause is how long to wait before a stack is made again: longer each time, from
// step to ten times that. The first attempts after a race don't wait: they differ.
func Pause(failedAttempts int32, raced bool, step time.Duration) time.Duration {
	if raced && failedAttempts < maxRaces {
		return 0
	}
	return min(step<<min(max(failedAttempts-1, 0), 4), 10*step)
}
