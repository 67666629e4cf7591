package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/viridian-dev/viridian/internal/template"
)

// inExpressMode is in CloudFormation's words about a resource that it didn't wait
// for.
const inExpressMode = "Express Mode"

func express(ctx context.Context, a *account, s subject) (finding, error) {
	stack, err := a.stack(ctx, s.stack)
	if err != nil {
		return finding{}, err
	}
	if stack.DeploymentConfig == nil || stack.DeploymentConfig.Mode != cfntypes.DeploymentConfigModeExpress {
		return finding{unseen, "the stack was created in standard mode"}, nil
	}
	complete, err := a.serviceEvent(ctx, s.stack, cfntypes.ResourceStatusCreateComplete)
	if err != nil || complete == nil {
		return finding{unseen, "no service was created with this stack"}, err
	}
	steady, err := a.steadySince(ctx, s.stack)
	if err != nil {
		return finding{}, err
	}
	seen := fmt.Sprintf("the service was %s at %s, its deployment completed at %s", complete.ResourceStatus, complete.Timestamp, steady)
	switch {
	case steady.IsZero():
		return finding{agrees, "the stack is complete, and the deployment of its service isn't"}, nil
	case steady.Before(*complete.Timestamp):
		return finding{wrong, seen}, nil
	}
	return finding{agrees, seen}, nil
}

// steadySince is when the deployment of a stack's service was completed; zero if it
// isn't.
func (a *account) steadySince(ctx context.Context, stack string) (time.Time, error) {
	cluster, err := a.output(ctx, stack, template.OutputCluster)
	if err != nil {
		return time.Time{}, err
	}
	name, err := a.output(ctx, stack, template.OutputService)
	if err != nil {
		return time.Time{}, err
	}
	out, err := a.tasks.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{name}})
	if err != nil {
		return time.Time{}, err
	}
	for i := range out.Services {
		for _, d := range out.Services[i].Deployments {
			if aws.ToString(d.Status) == "PRIMARY" && d.RolloutState == "COMPLETED" {
				return aws.ToTime(d.UpdatedAt), nil
			}
		}
	}
	return time.Time{}, nil
}

// serviceEvent is the event of a stack's service that has a status; nil if there is
// none.
func (a *account) serviceEvent(ctx context.Context, stack string, status cfntypes.ResourceStatus) (*cfntypes.StackEvent, error) {
	events, err := a.events(ctx, stack)
	if err != nil {
		return nil, err
	}
	for i := range events {
		if e := &events[i]; aws.ToString(e.ResourceType) == "AWS::ECS::Service" && e.ResourceStatus == status {
			return e, nil
		}
	}
	return nil, nil
}

func expressDeletion(ctx context.Context, a *account, s subject) (finding, error) {
	created, err := a.serviceEvent(ctx, s.deleted, cfntypes.ResourceStatusCreateComplete)
	if err != nil {
		return finding{}, err
	}
	if created == nil || !strings.Contains(aws.ToString(created.ResourceStatusReason), inExpressMode) {
		return finding{unseen, "no service was created in express mode with this stack"}, nil
	}
	gone, err := a.serviceEvent(ctx, s.deleted, cfntypes.ResourceStatusDeleteComplete)
	switch {
	case err != nil:
		return finding{}, err
	case gone == nil:
		return finding{unseen, "the service wasn't deleted with this stack"}, nil
	case strings.Contains(aws.ToString(gone.ResourceStatusReason), inExpressMode):
		return finding{wrong, aws.ToString(gone.ResourceStatusReason)}, nil
	}
	return finding{agrees, fmt.Sprintf("the service was gone at %s", gone.Timestamp)}, nil
}
