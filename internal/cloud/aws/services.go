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
	// failureMissing is ECS's reason for not describing what doesn't exist.
	failureMissing = "MISSING"
	// describeTasksMax is the maximum that DescribeTasks accepts, and a full
	// page of ListTasks.
	describeTasksMax = 100
	// stoppedPagesMax limits the pages for a service whose tasks crash
	// immediately; ECS shows stopped tasks for an hour.
	stoppedPagesMax = 5
)

// services implements cloud.Services.
type services struct {
	api      ecsAPI
	clusters kept[cloud.Cluster]
}

// Service treats a service that is INACTIVE or DRAINING, as a deleted one is
// for a while, as not found.
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

// Cluster describes a cluster. One that isn't active, or lacks a provider or
// instances, may become or get it at any moment, so that is asked for anew.
func (s *services) Cluster(ctx context.Context, cluster string, needs cloud.Capacity) (cloud.Cluster, error) {
	if known, ok := s.clusters.get(cluster); ok && known.Meets(needs) {
		return known, nil
	}
	out, err := s.api.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{cluster}})
	if err != nil {
		return cloud.Cluster{}, wrap(err)
	}
	if len(out.Clusters) == 0 {
		return cloud.Cluster{}, notFound("ecs:DescribeClusters", failureMissing, "no cluster "+cluster)
	}
	found := clusterFrom(&out.Clusters[0])
	if found.Status == cloud.ClusterActive {
		s.clusters.put(cluster, found)
	}
	return found, nil
}

func clusterFrom(c *types.Cluster) cloud.Cluster {
	out := cloud.Cluster{Status: awssdk.ToString(c.Status), CapacityProviders: c.CapacityProviders, Instances: c.RegisteredContainerInstancesCount}
	for _, item := range c.DefaultCapacityProviderStrategy {
		out.DefaultStrategy = append(out.DefaultStrategy, cloud.CapacityShare{
			Provider: awssdk.ToString(item.CapacityProvider), Base: item.Base, Weight: item.Weight,
		})
	}
	return out
}

// serviceFailure returns "not found" only if ECS says so explicitly.
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
	out.LastEvent = lastEvent(s.Events)
	return out
}

// lastEvent is the newest event, or that by which ECS said that it can't place a task,
// as long as no task was started since: others come after it, and for six hours it
// isn't repeated (ECS developer guide, "Service event messages").
func lastEvent(newestFirst []types.ServiceEvent) string {
	for i := range newestFirst {
		message := clean(awssdk.ToString(newestFirst[i].Message))
		if strings.Contains(message, "was unable to place a task") {
			return message
		}
		if strings.Contains(message, "has started ") || strings.Contains(message, "has reached a steady state") {
			break
		}
	}
	if len(newestFirst) == 0 {
		return ""
	}
	return clean(awssdk.ToString(newestFirst[0].Message))
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
		reason, unstarted := awssdk.ToString(tasks[i].StoppedReason), tasks[i].StopCode == types.TaskStopCodeTaskFailedToStart
		out = append(out, cloud.StoppedTask{
			StopCode: string(tasks[i].StopCode), Reason: stopReason(&tasks[i]),
			StoppedAt: stoppedAt(&tasks[i]), Failed: failed(&tasks[i]),
			Starved: unstarted && starved(reason), CutOff: unstarted && cutOff(reason),
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

// stoppedAt of a task that is still stopping is when it began to stop, or when
// it was created if ECS doesn't say more.
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

// failed reports whether a task stopped because of a fault of its own. The
// scheduler stops tasks for two reasons that only its message distinguishes:
// failing health checks, and a smaller count.
func failed(t *types.Task) bool {
	switch t.StopCode { //nolint:exhaustive // others are not failures
	case types.TaskStopCodeEssentialContainerExited:
		return !strings.HasPrefix(awssdk.ToString(t.StoppedReason), hostGone)
	case types.TaskStopCodeTaskFailedToStart:
		reason := awssdk.ToString(t.StoppedReason)
		return !starved(reason) && !cutOff(reason)
	case types.TaskStopCodeServiceSchedulerInitiated:
		return strings.Contains(awssdk.ToString(t.StoppedReason), "health checks")
	}
	return false
}

// hostGone begins the reason of tasks whose instance was stopped or terminated, as users
// have reported it. The code beside it is TerminationNotice in the reports that have one.
const hostGone = "Host EC2 (instance "

// shortages are the beginnings of ECS's reasons if AWS had no capacity, no
// address, no network interface or no disk for a task; in that case not even
// its image and secrets were read. ECS has no code for that. From the Developer
// Guide are the first ("Service event messages"), the next two
// ("Troubleshooting Amazon ECS TaskFailedToStart errors": EC2 rejects a network
// interface, for example because a subnet has no address left, or reports it
// too late) and RESOURCE, such as RESOURCE:ENI ("API failure reasons"). The
// others were reported by users, as in aws/amazon-ecs-agent#4825,
// apache/airflow#15000, aws-samples and what Dagster and users of AWS Batch
// retry.
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

// starved reports whether a task could not start because AWS lacked resources,
// which says nothing about its template.
func starved(reason string) bool {
	reason = strings.TrimPrefix(strings.ToLower(clean(reason)), "taskfailedtostart: ")
	return slices.ContainsFunc(shortages, func(beginning string) bool { return strings.HasPrefix(reason, beginning) })
}

// fetches are the beginnings of ECS's reasons if a task couldn't get what it
// needs before it starts: its image, secrets, credentials of its registry, its
// log stream. The last one was reported by users as what a VPC without a way to
// CloudWatch Logs leads to.
var fetches = []string{
	"cannotpullcontainererror", "resourceinitializationerror: unable to pull ", "resourceinitializationerror: unable to retrieve ",
	"resourceinitializationerror: failed to validate logger args",
}

// disconnections are how the network is to blame for that: words of Go's net
// package, on which the ECS agent is built, of the AWS SDK, and of ECS itself
// ("There is a connection issue between the task and Amazon ECR"), as users have
// reported them.
var disconnections = []string{
	"dial tcp", "i/o timeout", "tls handshake timeout", "context deadline exceeded", "request canceled", "connection reset by peer",
	"connection refused", "requesterror: send request failed", "there is a connection issue between the task and",
}

// cutOff reports whether a task could not start because the network didn't let it
// reach a registry, a store of secrets or its logs. Restarts are counted once some
// tasks of the revision were healthy, so its network and roles are right; while its
// stack is created nobody knows, and a person has to look.
func cutOff(reason string) bool {
	reason = strings.TrimPrefix(strings.ToLower(clean(reason)), "taskfailedtostart: ")
	return slices.ContainsFunc(fetches, func(beginning string) bool { return strings.HasPrefix(reason, beginning) }) &&
		slices.ContainsFunc(disconnections, func(words string) bool { return strings.Contains(reason, words) })
}

// stopReason returns ECS's reason with that of the first failed container:
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

// containerFailure returns "" for a container that did not fail, or whose
// failure is already part of known.
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
