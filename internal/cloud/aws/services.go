package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	statusActive  = "ACTIVE"
	statusPrimary = "PRIMARY"
	// failureMissing is ECS's reason for not describing what isn't there.
	failureMissing = "MISSING"
	// describeTasksMax is the most that DescribeTasks takes, and a full page
	// of ListTasks.
	describeTasksMax = 100
	// stoppedPagesMax bounds the reading of a service whose tasks crash at
	// once; ECS shows stopped tasks for an hour.
	stoppedPagesMax = 5
)

// services implements cloud.Services.
type services struct{ api ecsAPI }

// Service takes a service that is INACTIVE or DRAINING, which is how a deleted
// one looks for a while, for one that isn't there.
func (s *services) Service(ctx context.Context, cluster, name string) (cloud.Service, error) {
	out, err := s.api.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{name}})
	if err != nil {
		return cloud.Service{}, wrap(err)
	}
	for _, f := range out.Failures {
		return cloud.Service{}, serviceFailure(awssdk.ToString(f.Reason), cluster, name)
	}
	if len(out.Services) == 0 || awssdk.ToString(out.Services[0].Status) != statusActive {
		return cloud.Service{}, notFound("ecs:DescribeServices", "ServiceNotActiveException",
			fmt.Sprintf("no active service %s in cluster %s", name, cluster))
	}
	return serviceFrom(&out.Services[0]), nil
}

// serviceFailure takes only ECS's own word for it that there is no service.
func serviceFailure(reason, cluster, name string) error {
	const op = "ecs:DescribeServices"
	if reason == failureMissing {
		return notFound(op, reason, fmt.Sprintf("no service %s in cluster %s", name, cluster))
	}
	return answerError(cloud.KindTransient, op, reason, fmt.Sprintf("service %s in cluster %s can't be described", name, cluster))
}

func serviceFrom(s *types.Service) cloud.Service {
	out := cloud.Service{
		DesiredCount:   s.DesiredCount,
		RunningCount:   s.RunningCount,
		PendingCount:   s.PendingCount,
		TaskDefinition: awssdk.ToString(s.TaskDefinition),
	}
	for _, d := range s.Deployments {
		if awssdk.ToString(d.Status) == statusPrimary {
			out.RolloutState = string(d.RolloutState)
			out.RolloutReason = clean(awssdk.ToString(d.RolloutStateReason))
			out.FailedTasks = d.FailedTasks
		}
	}
	if len(s.Events) > 0 {
		out.LastEvent = clean(awssdk.ToString(s.Events[0].Message))
	}
	return out
}

func (s *services) StoppedTasks(ctx context.Context, cluster, service string, limit int) ([]cloud.StoppedTask, error) {
	var tasks []types.Task
	pages := ecs.NewListTasksPaginator(s.api, &ecs.ListTasksInput{
		Cluster:       &cluster,
		ServiceName:   &service,
		DesiredStatus: types.DesiredStatusStopped,
		MaxResults:    new(int32(describeTasksMax)),
	})
	for n := 0; pages.HasMorePages() && n < stoppedPagesMax; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		described, err := s.describeTasks(ctx, cluster, page.TaskArns)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, described...)
	}
	slices.SortFunc(tasks, func(a, b types.Task) int {
		return cmp.Or(stoppedAt(&b).Compare(stoppedAt(&a)), cmp.Compare(awssdk.ToString(a.TaskArn), awssdk.ToString(b.TaskArn)))
	})
	var out []cloud.StoppedTask
	for i := range tasks[:min(limit, len(tasks))] {
		out = append(out, cloud.StoppedTask{
			StopCode: string(tasks[i].StopCode), Reason: stopReason(&tasks[i]),
			StoppedAt: stoppedAt(&tasks[i]), Failed: failed(&tasks[i]),
		})
	}
	return out, nil
}

func (s *services) describeTasks(ctx context.Context, cluster string, arns []string) ([]types.Task, error) {
	if len(arns) == 0 {
		return nil, nil
	}
	out, err := s.api.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: arns})
	if err != nil {
		return nil, wrap(err)
	}
	return out.Tasks, nil
}

// stoppedAt of a task that is still stopping is when it began to, or when it
// was created if ECS does not say more.
func stoppedAt(t *types.Task) time.Time {
	switch {
	case t.StoppedAt != nil:
		return *t.StoppedAt
	case t.StoppingAt != nil:
		return *t.StoppingAt
	default:
		return awssdk.ToTime(t.CreatedAt)
	}
}

// failed reports whether a task stopped for a fault of its own. The scheduler
// stops tasks for two reasons that only its words tell apart: health checks
// that fail, and a count that got smaller.
func failed(t *types.Task) bool {
	switch t.StopCode { //nolint:exhaustive // others are nobody's fault
	case types.TaskStopCodeEssentialContainerExited:
		return true
	case types.TaskStopCodeTaskFailedToStart:
		return !starved(awssdk.ToString(t.StoppedReason))
	case types.TaskStopCodeServiceSchedulerInitiated:
		return strings.Contains(awssdk.ToString(t.StoppedReason), "health checks")
	}
	return false
}

// shortages are how ECS's reasons begin where AWS had no room, no address, no
// network interface or no disk for a task, whose image and secrets were not even
// asked for then. ECS has no code for that. Of the Developer Guide are the first
// ("Service event messages"), the next two ("Troubleshooting Amazon ECS
// TaskFailedToStart errors": EC2 refuses a network interface, as when a subnet
// has no address left, or tells of it too late) and RESOURCE, such as
// RESOURCE:ENI ("API failure reasons"). The others people have met and told of,
// as in aws/amazon-ecs-agent#4825, apache/airflow#15000, aws-samples and what
// Dagster and users of AWS Batch take for worth another try.
var shortages = []string{
	"capacity is unavailable at this time",
	"unexpected ec2 error while attempting to ",
	"internalerror:",
	"resource:",
	"timeout waiting for network interface provisioning",
	"network interface provision complete error timeout",
	"rate limit exceeded while preparing network interface",
	"timeout waiting for ephemeralstorage provisioning",
	"resourceinitializationerror: failed to configure eni",
}

// starved reports whether a task could not start for want of what AWS gives it,
// which says nothing of its template.
func starved(reason string) bool {
	reason = strings.TrimPrefix(strings.ToLower(clean(reason)), "taskfailedtostart: ")
	return slices.ContainsFunc(shortages, func(beginning string) bool { return strings.HasPrefix(reason, beginning) })
}

// stopReason is ECS's reason with what the first failed container adds:
// "Essential container in task exited (app: exit code 1)".
func stopReason(t *types.Task) string {
	reason := clean(awssdk.ToString(t.StoppedReason))
	for i := range t.Containers {
		detail := containerFailure(&t.Containers[i], reason)
		switch {
		case detail == "":
			continue
		case reason == "":
			return detail
		default:
			return reason + " (" + detail + ")"
		}
	}
	return reason
}

// containerFailure is "" for a container that did not fail, or of which known
// says the same already.
func containerFailure(c *types.Container, known string) string {
	var parts []string
	if reason := clean(awssdk.ToString(c.Reason)); reason != "" && !strings.Contains(known, reason) {
		parts = append(parts, reason)
	}
	if code := awssdk.ToInt32(c.ExitCode); code != 0 {
		parts = append(parts, fmt.Sprintf("exit code %d", code))
	}
	if len(parts) == 0 {
		return ""
	}
	return awssdk.ToString(c.Name) + ": " + strings.Join(parts, ", ")
}

func (s *services) Scale(ctx context.Context, cluster, service string, desiredCount int32) error {
	_, err := s.api.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: &cluster, Service: &service, DesiredCount: &desiredCount,
	})
	return wrap(err)
}
