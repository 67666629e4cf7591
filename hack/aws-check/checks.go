package main

import (
	"context"
	"slices"
)

// verdict is what was found out about an assumption.
type verdict string

const (
	agrees verdict = "agrees"
	wrong  verdict = "WRONG"
	// unseen: what would decide it didn't happen, or can't be read.
	unseen verdict = "unseen"
)

// finding is a verdict with what was seen.
type finding struct {
	verdict verdict
	seen    string
}

// check is one assumption.
type check struct {
	name string
	// assumed is what the code relies on.
	assumed string
	// first is what to do in the account beforehand.
	first string
	// flag is what the check has to be told.
	flag string
	// wrong is what would prove the assumption wrong.
	wrong string
	look  func(context.Context, *account, subject) (finding, error)
}

const (
	flagStack   = "-stack <stack>"
	flagImage   = "-image <image>@<digest>"
	flagDeleted = "-deleted <stack ID>"
	flagQuota   = "-rules-quota <number>"

	nothing = "nothing more"
)

// applies reports whether the check was told what it needs.
func (c check) applies(s subject) bool {
	return map[string]bool{flagStack: s.stack != "", flagImage: s.image != "", flagDeleted: s.deleted != "", flagQuota: s.rulesQuota > 0}[c.flag]
}

// checks are in the order in which a first rollout comes by them.
func checks() []check {
	return slices.Concat(stackChecks(), ruleChecks(), trafficChecks(), otherChecks())
}

func stackChecks() []check {
	return []check{
		{
			name: "permissions", flag: flagStack, look: permissions,
			assumed: "config/aws/policy.json is enough for CloudFormation to create every resource of a stack",
			first:   nothing,
			wrong:   "an event of the stack says \"not authorized\" or AccessDenied: it names the action that is missing",
		},
		{
			name: "failed-events", flag: flagStack, look: failedEvents,
			assumed: "DescribeEvents answers for a stack's ID, filters by FailedEvents, and can be allowed for the stack's ARN",
			first:   "use credentials of a role with policy.json only",
			wrong:   "the call is refused as invalid, or denied though DescribeStackEvents isn't, or tells events that didn't fail",
		},
		{
			name: "service", flag: flagStack, look: service,
			assumed: "an ECS service keeps the circuit breaker that its stack asks for: on, without rollback",
			first:   nothing,
			wrong:   "the service has another circuit breaker, or none",
		},
		{
			name: "targets", flag: flagStack, look: targets,
			assumed: "a target that isn't healthy has one of the reasons that Elastic Load Balancing documents",
			first:   "stop one task by hand for a draining target",
			wrong:   "a reason that is in none of its pages",
		},
		{
			name: "express", flag: flagStack, look: express,
			assumed: "a stack in express mode is complete before the deployment of its service is",
			first:   "set spec.stack.mode to Express, and roll out once more",
			wrong:   "CREATE_COMPLETE of the service after its deployment was completed: the mode saves nothing",
		},
	}
}

func ruleChecks() []check {
	return []check{
		{
			name: "rule-tags", flag: flagStack, look: ruleTags,
			assumed: "CloudFormation passes a stack's tags on to its listener rule",
			first:   nothing,
			wrong:   "the preview rule has no tag viridian.dev/uid",
		},
		{
			name: "repeated-actions", flag: flagStack, look: repeatedActions,
			assumed: "a preview rule that CloudFormation makes from what DescribeRules showed of the production rule reads back equal",
			first:   "adopt a rule that signs users in by Amazon Cognito, without saying anything of what has a default",
			wrong:   "one has a field that the other lacks: the deployment is told to be Drifted",
		},
		{
			name: "rule-behind", flag: flagStack, look: ruleBehind,
			assumed: "ECS takes a service whose target group is only in a rule behind the production rule, which takes all its requests",
			first:   "set spec.traffic.loadBalancer.preview to None on a deployment that serves, and roll out once more",
			wrong:   "the service fails: \"target group does not have an associated load balancer\"",
		},
		{
			name: "quotas", flag: flagStack, look: quotas,
			assumed: "DescribeAccountLimits tells how many rules and target groups a load balancer may have",
			first:   nothing,
			wrong:   "one of the two limits isn't in the answer",
		},
		{
			name: "raised-quota", flag: flagQuota, look: raisedQuota,
			assumed: "DescribeAccountLimits follows a quota of rules that was raised",
			first:   "have Service Quotas raise \"Rules per Application Load Balancer\", and say to how many",
			wrong:   "it tells another number: preflight finds no room where there is",
		},
	}
}

func trafficChecks() []check {
	return []check{
		{
			name: "unanswered", flag: flagStack, look: unanswered,
			assumed: "RequestCount of a target group counts requests that the load balancer answered with 502 or 504 in its target's stead",
			first: "have the application sleep for longer than the load balancer's idle timeout (60 s) at one path, and request that path ten times; " +
				"nothing else may use the load balancer",
			wrong: "HTTPCode_ELB_502_Count and HTTPCode_ELB_504_Count of the load balancer rise, but RequestCount is the sum of HTTPCode_Target_2XX to 5XX",
		},
		{
			name: "metric-delay", flag: flagStack, look: metricDelay,
			assumed: "metrics of a load balancer are complete 3 minutes after their period (--metric-delay)",
			first:   "send one request a second for ten minutes, and look while it goes on",
			wrong:   "the newest minute of RequestCount is older than that, or a minute in between changes when it is read again later",
		},
		{
			name: "alarm-types", flag: flagStack, look: alarmTypes,
			assumed: "DescribeAlarms takes the alarm types MetricAlarm, CompositeAlarm and LogAlarm in one call",
			first:   nothing,
			wrong:   "the call is refused as invalid",
		},
	}
}

func otherChecks() []check {
	return []check{
		{
			name: "scan", flag: flagImage, look: scan,
			assumed: "findings of a finished scan have imageScanCompletedAt or findingSeverityCounts, and an image index has none of its own",
			first:   "switch enhanced scanning on, push an image with docker buildx, and look at once, and again ten minutes later",
			wrong:   "status COMPLETE or ACTIVE without either of the two, after ten minutes",
		},
		{
			name: "deleted-stack", flag: flagDeleted, look: deletedStack,
			assumed: "a deleted stack is told of by its ID, as DELETE_COMPLETE, and its name is a ValidationError \"does not exist\"",
			first:   nothing,
			wrong:   "the ID isn't found within 90 days, or the name gives another error",
		},
		{
			name: "deletion", flag: flagDeleted, look: deletion,
			assumed: "the deletion of a service waits no longer than 30 minutes for its targets to be deregistered",
			first: "set spec.template.target.deregistrationDelaySeconds to 3600 in a rollout, send requests that stay open, " +
				"roll out once more and wait for the old stack to go",
			wrong: "DELETE_COMPLETE after more than 30 minutes",
		},
		{
			name: "express-deletion", flag: flagDeleted, look: expressDeletion,
			assumed: "the deletion of a stack that was created in express mode waits until the tasks have ended, if it says STANDARD",
			first:   "set spec.stack.mode to Express, roll out twice while a request stays open, and wait for the stack in between to go",
			wrong:   "CloudFormation says of the service that its deletion was completed using Express Mode",
		},
	}
}
