package ecs

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type createServiceInput struct {
	Cluster        string         `json:"cluster"`
	ServiceName    string         `json:"serviceName"`
	TaskDefinition string         `json:"taskDefinition"`
	DesiredCount   *int           `json:"desiredCount"`
	LoadBalancers  []loadBalancer `json:"loadBalancers"`
	Tags           []Tag          `json:"tags"`
	ClientToken    string         `json:"clientToken"`

	ServiceRegistries           []serviceRegistry `json:"serviceRegistries"`
	ServiceConnectConfiguration *serviceConnect   `json:"serviceConnectConfiguration"`
	serviceInput
}

var serviceName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,254}$`)

func (s *Service) createService(in createServiceInput) (any, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	svc, err := s.addService(in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"service": s.serviceOut(svc)}, nil
}

func (s *Service) addService(in createServiceInput) (*service, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	d, err := s.activeDefinition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	request := in.identity(d)
	if existing, err := s.existing(c, request); existing != nil || err != nil {
		return existing, err
	}
	if err := s.checkService(c, d, &in); err != nil {
		return nil, err
	}
	svc := &service{
		serviceInput: in.serviceInput, arn: s.world.ARN("ecs", "service/"+c.name+"/"+in.ServiceName), name: in.ServiceName,
		cluster: c, status: serviceActive, desired: *in.DesiredCount, loadBalancers: in.LoadBalancers,
		created: s.world.Now(), createdBy: s.opts.Caller(), tags: in.Tags, events: []serviceEvent{}, request: request,
	}
	svc.complete()
	s.services = append(s.services, svc)
	s.newDeployment(svc, d)
	s.wake(svc)
	return svc, nil
}

// complete fills in AWS's defaults.
func (svc *service) complete() {
	or := func(p *string, text string) {
		if *p == "" {
			*p = text
		}
	}
	if len(svc.CapacityProviderStrategy) == 0 {
		or(&svc.LaunchType, "FARGATE")
	}
	if !svc.onInstances() {
		or(&svc.PlatformVersion, latestPlatform)
	}
	svc.PlacementConstraints, svc.PlacementStrategies = listed(svc.PlacementConstraints), listed(svc.PlacementStrategies)
	or(&svc.PropagateTags, "NONE")
	or(&svc.SchedulingStrategy, "REPLICA")
	if svc.DeploymentController == nil {
		svc.DeploymentController = &deploymentController{Type: "ECS"}
	}
	svc.HealthCheckGracePeriodSeconds = new(intOr(svc.HealthCheckGracePeriodSeconds, 0))
	config := &svc.DeploymentConfiguration
	config.MaximumPercent = new(intOr(config.MaximumPercent, 200))
	config.MinimumHealthyPercent = new(intOr(config.MinimumHealthyPercent, 100))
	or(&config.Strategy, "ROLLING")
	if *config.MaximumPercent > 100 {
		or(&svc.AvailabilityZoneRebalancing, "ENABLED")
	}
	or(&svc.AvailabilityZoneRebalancing, "DISABLED")
	config.BakeTimeInMinutes = new(intOr(config.BakeTimeInMinutes, 0))
	config.DeploymentCircuitBreaker = config.DeploymentCircuitBreaker.complete()
	if svc.loadBalancers == nil {
		svc.loadBalancers = []loadBalancer{}
	}
}

// complete is a copy with AWS's defaults; nil is one that is off.
func (b *circuitBreaker) complete() *circuitBreaker {
	if b == nil {
		b = &circuitBreaker{}
	}
	out := circuitBreaker{Enable: b.Enable, Rollback: b.Rollback, ResetOnHealthyTask: new(b.ResetOnHealthyTask == nil || *b.ResetOnHealthyTask)}
	threshold := thresholdOfFailures{Type: boundedPercent, Value: new(halfOfTasks)}
	if given := b.ThresholdConfiguration; given != nil {
		if given.Type != "" {
			threshold.Type = given.Type
		}
		threshold.Value = new(intOr(given.Value, halfOfTasks))
	}
	out.ThresholdConfiguration = &threshold
	return &out
}

func (s *Service) activeDefinition(id string) (*taskDefinition, error) {
	d, err := s.definition(id)
	if err != nil {
		return nil, clientError("TaskDefinition not found.")
	}
	if d.status != "ACTIVE" {
		return nil, clientError("TaskDefinition is inactive")
	}
	return d, nil
}

// check refuses what doesn't depend on what there is.
func (in *createServiceInput) check() error {
	if !serviceName.MatchString(in.ServiceName) {
		return invalid("Service name must match %s: '%s'", serviceName, in.ServiceName)
	}
	if in.DesiredCount == nil {
		return invalid("DesiredCount is missing")
	}
	if *in.DesiredCount < 0 {
		return invalid("DesiredCount can not be lesser than 0")
	}
	if most := in.DeploymentConfiguration.MaximumPercent; most != nil && *most < 100 {
		return invalid("maximumPercent must be at least 100")
	}
	if least := in.DeploymentConfiguration.MinimumHealthyPercent; least != nil && *least > 100 {
		return invalid("minimumHealthyPercent must be at most 100")
	}
	return nil
}

// identity is what a request with the same token must be the same in: all but
// the tags.
func (in *createServiceInput) identity(d *taskDefinition) createServiceInput {
	same := *in
	same.Cluster, same.TaskDefinition, same.Tags = "", d.arn, nil
	return same
}

// existing is the service that an earlier request with the same token made, or
// the refusal of a name that is taken. The same token with another name makes
// another service.
func (s *Service) existing(c *cluster, request createServiceInput) (*service, error) {
	svc := s.find(c, request.ServiceName)
	switch {
	case svc == nil || svc.status == serviceInactive:
		return nil, nil
	case svc.status == serviceDraining:
		return nil, invalid("Unable to Start a service that is still Draining.")
	case request.ClientToken == "" || !reflect.DeepEqual(svc.request, request):
		return nil, invalid("Creation of service was not idempotent.")
	}
	return svc, nil
}

func (s *Service) checkService(c *cluster, d *taskDefinition, in *createServiceInput) error {
	for _, check := range []func() error{
		in.checkSimulated,
		func() error { return c.checkStrategy(in.LaunchType, in.CapacityProviderStrategy) },
		func() error { return in.checkPlatform(d) },
		func() error { return in.checkExecute(d) },
		in.checkRules,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := checkPlacement(d, in); err != nil {
		return err
	}
	if vpc := in.NetworkConfiguration.AwsvpcConfiguration; vpc != nil {
		if err := s.checkNetwork(vpc); err != nil {
			return err
		}
	}
	if err := checkRegistries(d, in); err != nil {
		return err
	}
	return s.checkLoadBalancers(d, in)
}

// checkSimulated refuses kinds of services whose behaviour isn't simulated.
func (in *serviceInput) checkSimulated() error {
	if in.LaunchType != "" && in.LaunchType != launchFargate && in.LaunchType != launchEC2 {
		return invalid("Launch type '%s' is not simulated, only FARGATE and EC2 are", in.LaunchType)
	}
	if err := in.checkScheduling(); err != nil {
		return err
	}
	if in.DeploymentController != nil && in.DeploymentController.Type != "ECS" {
		return invalid("Deployment controller '%s' is not simulated, only ECS is", in.DeploymentController.Type)
	}
	if err := in.checkDeployment(); err != nil {
		return err
	}
	if strategy := in.DeploymentConfiguration.Strategy; strategy != "" && strategy != "ROLLING" {
		return invalid("Deployment strategy '%s' is not simulated, only ROLLING is", strategy)
	}
	return nil
}

func (in *serviceInput) checkScheduling() error {
	switch {
	case in.SchedulingStrategy == "", in.SchedulingStrategy == "REPLICA":
		return nil
	case in.SchedulingStrategy != "DAEMON":
		return invalid("Scheduling strategy should be one of [REPLICA,DAEMON]")
	case in.onInstances():
		return invalid("Scheduling strategy 'DAEMON' is not simulated, only REPLICA is")
	}
	return invalid("The daemon scheduling strategy does not support the FARGATE launch type. Change the launch type and try again")
}

// checkDeployment refuses percentages with which nothing could be replaced.
func (in *serviceInput) checkDeployment() error {
	most := intOr(in.DeploymentConfiguration.MaximumPercent, 200)
	least := intOr(in.DeploymentConfiguration.MinimumHealthyPercent, 100)
	switch {
	case least < 0 || least > 100:
		return invalid("minimumHealthyPercent must be between 0 and 100")
	case most < 100:
		return invalid("maximumPercent must be at least 100")
	case most == 100 && least == 100:
		return invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	case most == 100 && in.AvailabilityZoneRebalancing == "ENABLED":
		return invalid("Availability Zone Rebalancing does not support maximumPercent <= 100 %% as deployment configuration.")
	}
	return nil
}

func checkPlacement(d *taskDefinition, in *createServiceInput) error {
	vpc := in.NetworkConfiguration.AwsvpcConfiguration
	switch {
	case !in.onInstances() && !slices.Contains(d.RequiresCompatibilities, launchFargate):
		return invalid("Task definition does not support launch_type FARGATE.")
	case d.NetworkMode == networkAWSVPC:
		return in.checkInterface(vpc)
	case vpc != nil:
		return invalid("Network Configuration is not valid for the given networkMode of this task definition.")
	}
	return nil
}

// checkInterface is about the network interface that each task gets.
func (in *createServiceInput) checkInterface(vpc *awsvpcConfiguration) error {
	if vpc == nil {
		return invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	if len(vpc.Subnets) == 0 || len(vpc.Subnets) > 16 {
		return invalid("Between 1 and 16 subnets must be specified.")
	}
	if len(vpc.SecurityGroups) > 5 {
		return invalid("At most 5 security groups can be specified.")
	}
	if vpc.AssignPublicIp != "" && vpc.AssignPublicIp != "ENABLED" && vpc.AssignPublicIp != "DISABLED" {
		return invalid("assignPublicIp must be ENABLED or DISABLED, not '%s'", vpc.AssignPublicIp)
	}
	if in.onInstances() && vpc.AssignPublicIp == "ENABLED" {
		return invalid("Assign public IP is not supported for this launch type.")
	}
	return nil
}

func (s *Service) checkLoadBalancers(d *taskDefinition, in *createServiceInput) error {
	// Container health checks count, too, today (API reference, CreateService). AWS may
	// take it without either, as something unused.
	if len(in.LoadBalancers) == 0 && d.healthCheck() == nil && intOr(in.HealthCheckGracePeriodSeconds, 0) > 0 {
		return invalid("Health check grace period is only valid for services configured to use load balancers")
	}
	if len(in.LoadBalancers) > 5 {
		return invalid("load balancers can have at most 5 items.")
	}
	for _, lb := range in.LoadBalancers {
		if err := d.checkPort(lb.ContainerName, lb.ContainerPort); err != nil {
			return err
		}
		attached, err := s.lb.HasLoadBalancer(lb.TargetGroupArn)
		if err != nil {
			return invalid("Unable to describe target groups: The specified target group %s does not exist.", lb.TargetGroupArn)
		}
		if kind := s.lb.TargetType(lb.TargetGroupArn); (kind == "ip") != (d.NetworkMode == networkAWSVPC) {
			return invalid("The provided target group %s has target type %s, which is incompatible with the %s network mode specified in the task definition.",
				lb.TargetGroupArn, kind, cmp.Or(d.NetworkMode, networkBridge))
		}
		if !attached {
			return invalid("The target group with targetGroupArn %s does not have an associated load balancer.", lb.TargetGroupArn)
		}
	}
	return nil
}

// checkPort checks the port that a load balancer sends requests to.
func (d *taskDefinition) checkPort(name string, port int) error {
	c := d.container(name)
	if c == nil {
		return invalid("The container %s does not exist in the task definition.", name)
	}
	if !c.exposes(port) {
		return invalid("The container %s did not have a container port %d defined.", name, port)
	}
	return c.checkOnce(port)
}

const maxDescribeServices = 10

type describeServicesInput struct {
	Cluster  string   `json:"cluster"`
	Services []string `json:"services"`
	Include  []string `json:"include"`
}

func (s *Service) describeServices(in describeServicesInput) (any, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Services) == 0 {
		return nil, invalid("Services cannot be empty.")
	}
	if len(in.Services) > maxDescribeServices {
		return nil, invalid("Services can have at most %d items.", maxDescribeServices)
	}
	found, failures := []serviceOut{}, []failure{}
	for _, id := range in.Services {
		svc, err := s.service(c, id)
		if err != nil {
			failures = append(failures, failure{Arn: s.arnOf("service/"+c.name+"/", id), Reason: "MISSING"})
			continue
		}
		out := s.serviceOut(svc)
		if !slices.Contains(in.Include, "TAGS") {
			out.Tags = nil
		}
		found = append(found, out)
	}
	return map[string]any{"services": found, "failures": failures}, nil
}

type listServicesInput struct {
	Cluster            string `json:"cluster"`
	LaunchType         string `json:"launchType"`
	SchedulingStrategy string `json:"schedulingStrategy"`
	MaxResults         *int   `json:"maxResults"`
	NextToken          string `json:"nextToken"`
}

func (s *Service) listServices(in listServicesInput) (any, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, svc := range s.services {
		if svc.cluster == c && svc.status != serviceInactive {
			arns = append(arns, svc.arn)
		}
	}
	return listOut("serviceArns", arns, listInput{MaxResults: in.MaxResults, NextToken: in.NextToken})
}

type updateServiceInput struct {
	Cluster                       string                   `json:"cluster"`
	Service                       string                   `json:"service"`
	DesiredCount                  *int                     `json:"desiredCount"`
	TaskDefinition                string                   `json:"taskDefinition"`
	ForceNewDeployment            bool                     `json:"forceNewDeployment"`
	HealthCheckGracePeriodSeconds *int                     `json:"healthCheckGracePeriodSeconds"`
	DeploymentConfiguration       *deploymentConfiguration `json:"deploymentConfiguration"`
}

func (s *Service) updateService(in updateServiceInput) (any, error) {
	svc, err := s.serviceIn(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if svc.status != serviceActive {
		return nil, core.Errorf("ServiceNotActiveException", "Service was not ACTIVE.")
	}
	if in.DesiredCount != nil && *in.DesiredCount < 0 {
		return nil, invalid("Task count can not be lesser than 0")
	}
	next := svc.deployments[0].definition
	if in.TaskDefinition != "" {
		if next, err = s.activeDefinition(in.TaskDefinition); err != nil {
			return nil, err
		}
	}
	s.update(svc, in)
	if in.ForceNewDeployment || next != svc.deployments[0].definition {
		s.newDeployment(svc, next)
	}
	s.wake(svc)
	return map[string]any{"service": s.serviceOut(svc)}, nil
}

func (s *Service) update(svc *service, in updateServiceInput) {
	if in.DesiredCount != nil && *in.DesiredCount != svc.desired {
		svc.desired, svc.steady = *in.DesiredCount, false
	}
	if in.HealthCheckGracePeriodSeconds != nil {
		svc.HealthCheckGracePeriodSeconds = in.HealthCheckGracePeriodSeconds
	}
	if in.DeploymentConfiguration != nil {
		svc.DeploymentConfiguration = *in.DeploymentConfiguration
		svc.complete()
	}
}

func (s *Service) serviceIn(clusterID, id string) (*service, error) {
	c, err := s.cluster(clusterID)
	if err != nil {
		return nil, err
	}
	return s.service(c, id)
}

type deleteServiceInput struct {
	Cluster string `json:"cluster"`
	Service string `json:"service"`
	Force   bool   `json:"force"`
}

// deleteService drains the service; it is INACTIVE once its tasks are gone.
func (s *Service) deleteService(in deleteServiceInput) (any, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	svc, err := s.service(c, in.Service)
	if err != nil || svc.status == serviceInactive {
		// DeleteService doesn't say more.
		return nil, core.Errorf("ServiceNotFoundException", "%s", "")
	}
	if svc.desired > 0 && !in.Force {
		return nil, invalid("The service cannot be stopped while it is scaled above 0.")
	}
	s.drain(svc)
	return map[string]any{"service": s.serviceOut(svc)}, nil
}
