package ecs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const (
	serviceActive   = "ACTIVE"
	serviceDraining = "DRAINING"
	serviceInactive = "INACTIVE"

	platformVersion = "1.4.0"
)

// The states of a deployment's rollout.
const (
	rolloutInProgress = "IN_PROGRESS"
	rolloutCompleted  = "COMPLETED"
	rolloutFailed     = "FAILED"
)

type service struct {
	serviceInput
	arn, name     string
	cluster       *cluster
	status        string
	desired       int
	loadBalancers []loadBalancer
	created       time.Time
	createdBy     string
	tags          []Tag
	// request is what made the service, to know it again by its token.
	request createServiceInput

	// deployments holds the primary first.
	deployments []*deployment
	events      []serviceEvent
	// failures counts tasks lost in a row without one that got healthy, and
	// notBefore is when the next may be started because of it.
	failures  int
	notBefore time.Time
	// launched counts its tasks.
	launched int
	// starved is how many more tasks don't start for want of what AWS gives
	// them, and shortage what ECS says of it.
	starved  int
	shortage string
	// complaint is the last event about a task that no instance can take; "" once
	// one could.
	complaint string
	// steady is whether the last event of importance was the steady state.
	steady bool
	// loop is the scheduler's next step and loopAt when it comes.
	loop   *core.Timer
	loopAt time.Time
	// changed, if set, is told after each step of the scheduler.
	changed func()
}

type deployment struct {
	id               string
	definition       *taskDefinition
	failed           int
	state, reason    string
	created, updated time.Time
	// noticed is set once the scheduler has begun with it.
	noticed bool
}

type loadBalancer struct {
	TargetGroupArn   string `json:"targetGroupArn"`
	LoadBalancerName string `json:"loadBalancerName,omitempty"`
	ContainerName    string `json:"containerName"`
	ContainerPort    int    `json:"containerPort"`
}

type networkConfiguration struct {
	AwsvpcConfiguration *awsvpcConfiguration `json:"awsvpcConfiguration,omitempty"`
}

type awsvpcConfiguration struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups,omitempty"`
	AssignPublicIp string   `json:"assignPublicIp,omitempty"`
}

type deploymentConfiguration struct {
	DeploymentCircuitBreaker *circuitBreaker `json:"deploymentCircuitBreaker,omitempty"`
	MaximumPercent           *int            `json:"maximumPercent,omitempty"`
	MinimumHealthyPercent    *int            `json:"minimumHealthyPercent,omitempty"`
	Strategy                 string          `json:"strategy,omitempty"`
	BakeTimeInMinutes        *int            `json:"bakeTimeInMinutes,omitempty"`
}

type circuitBreaker struct {
	Enable                 bool                 `json:"enable"`
	Rollback               bool                 `json:"rollback"`
	ResetOnHealthyTask     *bool                `json:"resetOnHealthyTask,omitempty"`
	ThresholdConfiguration *thresholdOfFailures `json:"thresholdConfiguration,omitempty"`
}

// thresholdOfFailures says how many tasks a deployment may lose.
type thresholdOfFailures struct {
	Type  string `json:"type,omitempty"`
	Value *int   `json:"value,omitempty"`
}

type deploymentController struct {
	Type string `json:"type"`
}

// serviceInput is what a service keeps of its creation; the CloudFormation
// properties have the same names.
type serviceInput struct {
	LaunchType                    string                  `json:"launchType,omitempty"`
	CapacityProviderStrategy      []capacityStrategy      `json:"capacityProviderStrategy,omitempty"`
	PlatformVersion               string                  `json:"platformVersion,omitempty"`
	NetworkConfiguration          networkConfiguration    `json:"networkConfiguration,omitzero"`
	PlacementConstraints          []placementConstraint   `json:"placementConstraints"`
	PlacementStrategies           []placementStrategy     `json:"placementStrategy"`
	DeploymentConfiguration       deploymentConfiguration `json:"deploymentConfiguration"`
	DeploymentController          *deploymentController   `json:"deploymentController,omitempty"`
	HealthCheckGracePeriodSeconds *int                    `json:"healthCheckGracePeriodSeconds,omitempty"` // always answered
	PropagateTags                 string                  `json:"propagateTags,omitempty"`
	EnableECSManagedTags          bool                    `json:"enableECSManagedTags"`
	EnableExecuteCommand          bool                    `json:"enableExecuteCommand"`
	SchedulingStrategy            string                  `json:"schedulingStrategy,omitempty"`
	AvailabilityZoneRebalancing   string                  `json:"availabilityZoneRebalancing,omitempty"`
}

type serviceEvent struct {
	ID        string     `json:"id"`
	CreatedAt core.Epoch `json:"createdAt"`
	Message   string     `json:"message"`
}

type deploymentOut struct {
	ID                   string               `json:"id"`
	Status               string               `json:"status"`
	TaskDefinition       string               `json:"taskDefinition"`
	DesiredCount         int                  `json:"desiredCount"`
	PendingCount         int                  `json:"pendingCount"`
	RunningCount         int                  `json:"runningCount"`
	FailedTasks          int                  `json:"failedTasks"`
	CreatedAt            core.Epoch           `json:"createdAt"`
	UpdatedAt            core.Epoch           `json:"updatedAt"`
	LaunchType           string               `json:"launchType,omitempty"`
	CapacityProviders    []capacityStrategy   `json:"capacityProviderStrategy,omitempty"`
	PlatformVersion      string               `json:"platformVersion,omitempty"`
	PlatformFamily       string               `json:"platformFamily,omitempty"`
	NetworkConfiguration networkConfiguration `json:"networkConfiguration,omitzero"`
	RolloutState         string               `json:"rolloutState"`
	RolloutStateReason   string               `json:"rolloutStateReason"`
	ServiceConnect       *serviceConnect      `json:"serviceConnectConfiguration,omitempty"`
}

// serviceRevision is what a deployment deploys, and how far it is.
type serviceRevision struct {
	Arn                string `json:"arn"`
	RequestedTaskCount int    `json:"requestedTaskCount"`
	RunningTaskCount   int    `json:"runningTaskCount"`
	PendingTaskCount   int    `json:"pendingTaskCount"`
}

type serviceOut struct {
	serviceInput
	ServiceArn     string         `json:"serviceArn"`
	ServiceName    string         `json:"serviceName"`
	ClusterArn     string         `json:"clusterArn"`
	Status         string         `json:"status"`
	TaskDefinition string         `json:"taskDefinition"`
	DesiredCount   int            `json:"desiredCount"`
	RunningCount   int            `json:"runningCount"`
	PendingCount   int            `json:"pendingCount"`
	LoadBalancers  []loadBalancer `json:"loadBalancers"`
	// Registries is always listed.
	Registries     []serviceRegistry `json:"serviceRegistries"`
	Deployments    []deploymentOut   `json:"deployments"`
	Events         []serviceEvent    `json:"events"`
	CreatedAt      core.Epoch        `json:"createdAt"`
	PlatformFamily string            `json:"platformFamily,omitempty"`
	Tags           []Tag             `json:"tags,omitempty"`
	RoleArn        string            `json:"roleArn"`
	CreatedBy      string            `json:"createdBy"`
	ManagementType string            `json:"resourceManagementType"`
	// CurrentDeployment is there while a deployment goes on.
	CurrentDeployment string            `json:"currentServiceDeployment,omitempty"`
	CurrentRevisions  []serviceRevision `json:"currentServiceRevisions"`
}

const maxEvents = 100

// event adds a service event, the newest first.
func (s *Service) event(svc *service, format string, args ...any) {
	e := serviceEvent{ID: s.world.UUID(), CreatedAt: core.Stamp(s.world.Now()), Message: fmt.Sprintf(format, args...)}
	svc.events = append([]serviceEvent{e}, svc.events[:min(len(svc.events), maxEvents-1)]...)
}

// service is what find finds, or AWS's refusal.
func (s *Service) service(c *cluster, id string) (*service, error) {
	if svc := s.find(c, id); svc != nil {
		return svc, nil
	}
	return nil, core.Errorf("ServiceNotFoundException", "Service not found.")
}

// find finds by name or ARN, in any status; the newest of its name, nil if there
// is none.
func (s *Service) find(c *cluster, id string) *service {
	for _, svc := range slices.Backward(s.services) {
		if svc.cluster == c && (svc.name == id || svc.arn == id) {
			return svc
		}
	}
	return nil
}

// newDeployment becomes the service's primary.
func (s *Service) newDeployment(svc *service, d *taskDefinition) *deployment {
	dep := &deployment{
		id:         fmt.Sprintf("ecs-svc/%019d", s.world.Rand().Int64N(1e18)),
		definition: d,
		state:      rolloutInProgress,
		created:    s.world.Now(),
		updated:    s.world.Now(),
	}
	dep.reason = fmt.Sprintf("ECS deployment %s in progress.", dep.id)
	svc.deployments = append([]*deployment{dep}, svc.deployments...)
	svc.steady = false
	return dep
}

// tasksOf lists the service's tasks that are meant to run; dep nil means all
// deployments.
func (s *Service) tasksOf(svc *service, dep *deployment) []*task {
	var found []*task
	for _, t := range s.tasks {
		if t.service == svc && t.desired == taskRunning && (dep == nil || t.deployment == dep) {
			found = append(found, t)
		}
	}
	return found
}

// counts tells how many of the service's tasks are running and on their way
// there.
func (s *Service) counts(svc *service, dep *deployment) (running, pending int) {
	for _, t := range s.tasks {
		if t.service != svc || dep != nil && t.deployment != dep {
			continue
		}
		switch t.status {
		case taskRunning, taskDeactivating:
			running++
		case taskProvisioning, taskPending, taskActivating:
			pending++
		}
	}
	return running, pending
}

func (s *Service) serviceOut(svc *service) serviceOut {
	running, pending := s.counts(svc, nil)
	out := serviceOut{
		serviceInput: svc.serviceInput, ServiceArn: svc.arn, ServiceName: svc.name, ClusterArn: svc.cluster.arn, Status: svc.status,
		DesiredCount: svc.desired, RunningCount: running, PendingCount: pending, LoadBalancers: svc.loadBalancers,
		Registries: listed(svc.request.ServiceRegistries), Deployments: []deploymentOut{}, Events: listed(svc.events), CreatedAt: core.Stamp(svc.created), PlatformFamily: svc.family(), Tags: svc.tags,
		RoleArn:   fmt.Sprintf("arn:%s:iam::%s:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", s.world.Partition, s.world.Account),
		CreatedBy: svc.createdBy, ManagementType: "CUSTOMER", CurrentRevisions: []serviceRevision{},
	}
	for i, dep := range svc.deployments {
		deployment := s.deploymentOut(svc, dep, i == 0)
		out.Deployments = append(out.Deployments, deployment)
		out.CurrentRevisions = append(out.CurrentRevisions, s.revisionOut(svc, deployment))
	}
	if primary := svc.deployments[0]; primary.noticed && primary.state == rolloutInProgress {
		out.CurrentDeployment = s.partOf(svc, "service-deployment", derivedName(primary.id, 21))
	}
	out.TaskDefinition = svc.deployments[0].definition.arn
	if svc.status == serviceInactive {
		out.Deployments, out.CurrentDeployment, out.CurrentRevisions = []deploymentOut{}, "", []serviceRevision{}
	}
	return out
}

func (s *Service) revisionOut(svc *service, d deploymentOut) serviceRevision {
	number := strings.TrimPrefix(d.ID, "ecs-svc/")
	return serviceRevision{s.partOf(svc, "service-revision", number), d.DesiredCount, d.RunningCount, d.PendingCount}
}

// partOf is the ARN of something that belongs to a service.
func (s *Service) partOf(svc *service, kind, id string) string {
	return s.world.ARN("ecs", kind+"/"+svc.cluster.name+"/"+svc.name+"/"+id)
}

func (s *Service) deploymentOut(svc *service, dep *deployment, primary bool) deploymentOut {
	out := deploymentOut{
		ID: dep.id, Status: "ACTIVE", TaskDefinition: dep.definition.arn, FailedTasks: dep.failed,
		CreatedAt: core.Stamp(dep.created), UpdatedAt: core.Stamp(dep.updated), LaunchType: svc.LaunchType, CapacityProviders: svc.CapacityProviderStrategy, PlatformVersion: svc.platform(),
		PlatformFamily: svc.family(), NetworkConfiguration: svc.NetworkConfiguration, RolloutState: dep.state, RolloutStateReason: dep.reason,
		ServiceConnect: svc.request.ServiceConnectConfiguration,
	}
	out.RunningCount, out.PendingCount = s.counts(svc, dep)
	if primary {
		out.Status, out.DesiredCount = "PRIMARY", svc.desired
	}
	return out
}

// propagatedTags are those that the service's tasks get.
func (svc *service) propagatedTags(d *taskDefinition) []Tag {
	var tags []Tag
	switch svc.PropagateTags {
	case "SERVICE":
		tags = svc.tags
	case "TASK_DEFINITION":
		tags = d.tags
	}
	if svc.EnableECSManagedTags {
		tags = mergeTags(tags, []Tag{{"aws:ecs:clusterName", svc.cluster.name}, {"aws:ecs:serviceName", svc.name}})
	}
	return tags
}
