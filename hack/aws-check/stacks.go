package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/internal/template"
)

func permissions(ctx context.Context, a *account, s subject) (finding, error) {
	events, err := a.events(ctx, s.stack)
	if err != nil {
		return finding{}, err
	}
	for i := range events {
		reason := aws.ToString(events[i].ResourceStatusReason)
		if strings.Contains(reason, "not authorized") || strings.Contains(reason, "AccessDenied") {
			return finding{wrong, aws.ToString(events[i].LogicalResourceId) + ": " + reason}, nil
		}
	}
	stack, err := a.stack(ctx, s.stack)
	if err != nil {
		return finding{}, err
	}
	seen := "the stack is " + string(stack.StackStatus)
	if stack.StackStatus != cfntypes.StackStatusCreateComplete {
		return finding{unseen, seen}, nil
	}
	return finding{agrees, seen}, nil
}

func failedEvents(ctx context.Context, a *account, s subject) (finding, error) {
	stack, err := a.stack(ctx, s.stack)
	if err != nil {
		return finding{}, err
	}
	if _, err := a.events(ctx, *stack.StackId); err != nil {
		return finding{}, err
	}
	count := 0
	pages := cfn.NewDescribeEventsPaginator(a.stacks, &cfn.DescribeEventsInput{
		StackName: stack.StackId, Filters: &cfntypes.EventFilter{FailedEvents: aws.Bool(true)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		switch {
		case isInvalid(err) || strings.HasPrefix(refusal(err), "AccessDenied"):
			return finding{wrong, err.Error()}, nil
		case err != nil:
			return finding{}, err
		}
		for i := range page.OperationEvents {
			if e := &page.OperationEvents[i]; !failed(e) {
				return finding{wrong, fmt.Sprintf("it tells of %s %s %s%s, which didn't fail", e.EventType, aws.ToString(e.LogicalResourceId), e.ResourceStatus, e.OperationStatus)}, nil
			}
		}
		count += len(page.OperationEvents)
	}
	return finding{agrees, fmt.Sprintf("%d events", count)}, nil
}

func failed(e *cfntypes.OperationEvent) bool {
	kinds := []cfntypes.EventType{cfntypes.EventTypeValidationError, cfntypes.EventTypeProvisioningError, cfntypes.EventTypeHookInvocationError}
	return slices.Contains(kinds, e.EventType) || strings.HasSuffix(string(e.ResourceStatus), "FAILED") || strings.HasSuffix(string(e.OperationStatus), "FAILED")
}

func service(ctx context.Context, a *account, s subject) (finding, error) {
	cluster, err := a.output(ctx, s.stack, template.OutputCluster)
	if err != nil {
		return finding{}, err
	}
	name, err := a.output(ctx, s.stack, template.OutputService)
	if err != nil {
		return finding{}, err
	}
	out, err := a.tasks.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{name}})
	if err != nil {
		return finding{}, err
	}
	if len(out.Services) != 1 || out.Services[0].DeploymentConfiguration == nil {
		return finding{unseen, "no service " + name + " with a deployment configuration"}, nil
	}
	breaker := out.Services[0].DeploymentConfiguration.DeploymentCircuitBreaker
	switch {
	case breaker == nil:
		return finding{wrong, "there is no circuit breaker"}, nil
	case !breaker.Enable || breaker.Rollback:
		return finding{wrong, fmt.Sprintf("it is on: %t, with rollback: %t", breaker.Enable, breaker.Rollback)}, nil
	}
	return finding{agrees, fmt.Sprintf("it is on, without rollback; availabilityZoneRebalancing is %s", out.Services[0].AvailabilityZoneRebalancing)}, nil
}

func targets(ctx context.Context, a *account, s subject) (finding, error) {
	arn, err := a.output(ctx, s.stack, template.OutputTargetGroup)
	if err != nil {
		return finding{}, err
	}
	out, err := a.balance.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &arn})
	if err != nil {
		return finding{}, err
	}
	var reasons []string
	for _, d := range out.TargetHealthDescriptions {
		if d.TargetHealth == nil || d.TargetHealth.Reason == "" {
			continue
		}
		if !slices.Contains(elbtypes.TargetHealthReasonEnum("").Values(), d.TargetHealth.Reason) {
			return finding{wrong, "unknown reason " + string(d.TargetHealth.Reason)}, nil
		}
		reasons = append(reasons, string(d.TargetHealth.Reason))
	}
	seen := fmt.Sprintf("%d targets, reasons %q", len(out.TargetHealthDescriptions), reasons)
	if len(reasons) == 0 {
		return finding{unseen, seen}, nil
	}
	return finding{agrees, seen}, nil
}

func deletedStack(ctx context.Context, a *account, s subject) (finding, error) {
	stack, err := a.stack(ctx, s.deleted)
	switch {
	case isInvalid(err):
		return finding{wrong, err.Error()}, nil
	case err != nil:
		return finding{}, err
	case stack.StackStatus != cfntypes.StackStatusDeleteComplete:
		return finding{unseen, "the stack is " + string(stack.StackStatus)}, nil
	}
	_, err = a.stack(ctx, *stack.StackName)
	switch {
	case err == nil:
		return finding{unseen, "there is another stack of this name"}, nil
	case refusal(err) == "ValidationError" && strings.Contains(err.Error(), "does not exist"):
		return finding{agrees, fmt.Sprintf("it was deleted at %s", aws.ToTime(stack.DeletionTime))}, nil
	case refusal(err) == "":
		return finding{}, err
	}
	return finding{wrong, err.Error()}, nil
}

// handler is how long CloudFormation's handler of a service waits for it to go.
const handler = 30 * time.Minute

func deletion(ctx context.Context, a *account, s subject) (finding, error) {
	events, err := a.events(ctx, s.deleted)
	if err != nil {
		return finding{}, err
	}
	var began time.Time
	for i := range events {
		e := &events[i]
		switch {
		case aws.ToString(e.ResourceType) != "AWS::ECS::Service":
		case e.ResourceStatus == cfntypes.ResourceStatusDeleteInProgress && began.IsZero():
			began = *e.Timestamp
		case began.IsZero():
		case e.ResourceStatus == cfntypes.ResourceStatusDeleteFailed, e.ResourceStatus == cfntypes.ResourceStatusDeleteComplete:
			return judgeDeletion(e, e.Timestamp.Sub(began)), nil
		}
	}
	return finding{unseen, "no service was deleted with this stack"}, nil
}

func judgeDeletion(e *cfntypes.StackEvent, took time.Duration) finding {
	seen := fmt.Sprintf("%s %s after %s %s", aws.ToString(e.LogicalResourceId), e.ResourceStatus, took.Round(time.Second), aws.ToString(e.ResourceStatusReason))
	switch {
	case took < handler-time.Minute:
		return finding{unseen, seen + ": too soon to tell"}
	case e.ResourceStatus == cfntypes.ResourceStatusDeleteFailed:
		return finding{agrees, seen}
	case took > handler+time.Minute:
		return finding{wrong, seen}
	}
	return finding{unseen, seen}
}
