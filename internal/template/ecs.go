package template

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

type taskDefinitionProperties struct {
	Family                  string
	RequiresCompatibilities []string
	NetworkMode             string
	CPU                     string           `json:"Cpu,omitempty"`
	Memory                  string           `json:",omitempty"`
	ExecutionRoleArn        string           `json:",omitempty"`
	TaskRoleArn             string           `json:",omitempty"`
	RuntimePlatform         *runtimePlatform `json:",omitempty"`
	ContainerDefinitions    []containerDefinition
	Volumes                 []volume          `json:",omitempty"`
	EphemeralStorage        *ephemeralStorage `json:",omitempty"`
	PIDMode                 string            `json:"PidMode,omitempty"`
	IPCMode                 string            `json:"IpcMode,omitempty"`
}

type runtimePlatform struct {
	CPUArchitecture       string `json:"CpuArchitecture,omitempty"`
	OperatingSystemFamily string
}

type containerDefinition struct {
	Name                   string
	Image                  string
	Essential              *bool           `json:",omitempty"`
	Command                []string        `json:",omitempty"`
	EntryPoint             []string        `json:",omitempty"`
	Environment            []keyValue      `json:",omitempty"`
	Secrets                []secret        `json:",omitempty"`
	PortMappings           []portMapping   `json:",omitempty"`
	HealthCheck            *containerCheck `json:",omitempty"`
	CPU                    *int32          `json:"Cpu,omitempty"`
	Memory                 *int32          `json:",omitempty"`
	MemoryReservation      *int32          `json:",omitempty"`
	User                   string          `json:",omitempty"`
	WorkingDirectory       string          `json:",omitempty"`
	ReadonlyRootFilesystem *bool           `json:",omitempty"`
	StartTimeout           *int32          `json:",omitempty"`
	StopTimeout            *int32          `json:",omitempty"`
	DependsOn              []dependency    `json:",omitempty"`
	MountPoints            []mountPoint    `json:",omitempty"`
	VolumesFrom            []volumeFrom    `json:",omitempty"`
	LogConfiguration       logConfiguration
	containerSettings
	instanceSettings
}

type secret struct {
	Name      string
	ValueFrom string
}

type portMapping struct {
	ContainerPort int32
	HostPort      *int32 `json:",omitempty"`
	Protocol      string
	Name          string `json:",omitempty"`
	AppProtocol   string `json:",omitempty"`
}

type containerCheck struct {
	Command     []string
	Interval    *int32 `json:",omitempty"`
	Timeout     *int32 `json:",omitempty"`
	Retries     *int32 `json:",omitempty"`
	StartPeriod *int32 `json:",omitempty"`
}

type dependency struct {
	ContainerName string
	Condition     string
}

// taskDefinition has the stack's name as its family, so that both are easy to
// find in the console.
func taskDefinition(in Input) resource {
	t := &in.Template
	p := taskDefinitionProperties{
		Family:                  StackName(in.Namespace, in.Name, in.UID, in.Revision),
		RequiresCompatibilities: []string{launchType(t)},
		NetworkMode:             cmp.Or(t.NetworkMode, v1alpha1.NetworkModeAWSVPC),
		CPU:                     t.CPU,
		Memory:                  t.Memory,
		ExecutionRoleArn:        t.ExecutionRoleARN,
		TaskRoleArn:             t.TaskRoleARN,
		Volumes:                 volumes(t),
		PIDMode:                 t.PIDMode,
		IPCMode:                 ipcMode(t),
	}
	if t.EphemeralStorage != nil {
		p.EphemeralStorage = &ephemeralStorage{t.EphemeralStorage.SizeInGiB}
	}
	if t.RuntimePlatform != nil {
		p.RuntimePlatform = &runtimePlatform{t.RuntimePlatform.CPUArchitecture, "LINUX"}
	}
	for i := range t.Containers {
		p.ContainerDefinitions = append(p.ContainerDefinitions, container(t, &t.Containers[i], in.Revision, p.Family))
	}
	return resource{Type: "AWS::ECS::TaskDefinition", Properties: p}
}

func container(t *v1alpha1.RevisionTemplate, c *v1alpha1.Container, revision int64, stack string) containerDefinition {
	d := containerDefinition{
		Name:                   c.Name,
		Image:                  c.Image,
		Essential:              c.Essential,
		Command:                c.Command,
		EntryPoint:             c.EntryPoint,
		Environment:            environment(c, revision),
		CPU:                    reserved(c.CPU),
		Memory:                 c.Memory,
		MemoryReservation:      c.MemoryReservation,
		User:                   c.User,
		WorkingDirectory:       c.WorkingDirectory,
		ReadonlyRootFilesystem: c.ReadonlyRootFilesystem,
		StartTimeout:           c.StartTimeout,
		StopTimeout:            c.StopTimeout,
		LogConfiguration:       logging(c, stack),
		containerSettings:      settings(t, c),
		instanceSettings:       onInstances(t, c),
	}
	for _, s := range c.Secrets {
		d.Secrets = append(d.Secrets, secret(s))
	}
	for i := range c.PortMappings {
		p := &c.PortMappings[i]
		d.PortMappings = append(d.PortMappings, portMapping{p.ContainerPort, hostPort(t, p), cmp.Or(p.Protocol, "tcp"), p.Name, p.AppProtocol})
	}
	for _, on := range c.DependsOn {
		d.DependsOn = append(d.DependsOn, dependency(on))
	}
	for _, m := range c.MountPoints {
		d.MountPoints = append(d.MountPoints, mountPoint(m))
	}
	for _, from := range c.VolumesFrom {
		d.VolumesFrom = append(d.VolumesFrom, volumeFrom(from))
	}
	if c.HealthCheck != nil {
		check := containerCheck(*c.HealthCheck)
		d.HealthCheck = &check
	}
	return d
}

// reserved is no reservation for 0, as the console and describe-task-definition
// write "none".
func reserved(cpu *int32) *int32 {
	if cpu != nil && *cpu == 0 {
		return nil
	}
	return cpu
}

func environment(c *v1alpha1.Container, revision int64) []keyValue {
	env := make([]keyValue, 0, len(c.Environment)+1)
	own := slices.ContainsFunc(c.Secrets, func(s v1alpha1.Secret) bool { return s.Name == EnvRevision })
	for _, e := range c.Environment {
		env = append(env, keyValue{e.Name, e.Value})
		own = own || e.Name == EnvRevision
	}
	if own {
		return env
	}
	return append(env, keyValue{EnvRevision, strconv.FormatInt(revision, 10)})
}

// targetContainer returns the name of the container that the load balancer
// sends requests to.
func targetContainer(t v1alpha1.RevisionTemplate) (string, error) {
	for _, c := range t.Containers {
		if t.Target.ContainerName != "" && t.Target.ContainerName != c.Name {
			continue
		}
		for _, p := range c.PortMappings {
			if p.ContainerPort == t.Target.ContainerPort && p.Protocol != "udp" {
				return c.Name, nil
			}
		}
	}
	by := "any container"
	if name := t.Target.ContainerName; name != "" {
		by = fmt.Sprintf("container %q", name)
	}
	return "", fmt.Errorf("spec.template.target: port %d is not mapped by %s", t.Target.ContainerPort, by)
}

type serviceProperties struct {
	Cluster                       any
	TaskDefinition                ref
	DesiredCount                  ref
	LaunchType                    string             `json:",omitempty"`
	CapacityProviderStrategy      []capacityProvider `json:",omitempty"`
	PlatformVersion               string             `json:",omitempty"`
	DeploymentConfiguration       deploymentConfiguration
	AvailabilityZoneRebalancing   string                `json:",omitempty"`
	NetworkConfiguration          *networkConfiguration `json:",omitempty"`
	PlacementConstraints          []placementConstraint `json:",omitempty"`
	PlacementStrategies           []placementStrategy   `json:",omitempty"`
	LoadBalancers                 []serviceLoadBalancer `json:",omitempty"`
	HealthCheckGracePeriodSeconds *int32                `json:",omitempty"`
	ServiceRegistries             []serviceRegistry     `json:",omitempty"`
	ServiceConnectConfiguration   *serviceConnect       `json:",omitempty"`
	EnableECSManagedTags          bool
	EnableExecuteCommand          *bool `json:",omitempty"`
	PropagateTags                 string
}

type deploymentConfiguration struct {
	DeploymentCircuitBreaker circuitBreaker
	MaximumPercent           int32
	MinimumHealthyPercent    int32
}

type circuitBreaker struct {
	Enable             bool
	Rollback           bool
	ResetOnHealthyTask *bool `json:",omitempty"`
}

type networkConfiguration struct {
	AwsvpcConfiguration awsvpcConfiguration
}

type awsvpcConfiguration struct {
	AssignPublicIP string `json:"AssignPublicIp,omitempty"`
	SecurityGroups []any
	Subnets        []string
}

type serviceLoadBalancer struct {
	ContainerName  string
	ContainerPort  int32
	TargetGroupArn ref
}

// deployment says how ECS replaces tasks of the service, and whether it moves
// them to other availability zones. The template's own fields win.
func deployment(in Input) (config deploymentConfiguration, rebalancing string) {
	config = deploymentConfiguration{
		// Without the circuit breaker CloudFormation waits for hours for tasks
		// that can't start. The service has no earlier deployment to roll back
		// to.
		DeploymentCircuitBreaker: circuitBreaker{Enable: true, Rollback: false},
		MaximumPercent:           200,
		MinimumHealthyPercent:    100,
	}
	rebalancing = in.Template.AvailabilityZoneRebalancing
	if in.StopFirst && rebalancing != azRebalancingEnabled {
		config.MaximumPercent, config.MinimumHealthyPercent = 100, 0
	}
	if own := in.Template.DeploymentConfiguration; own != nil {
		if own.MaximumPercent != nil {
			config.MaximumPercent = *own.MaximumPercent
		}
		if own.MinimumHealthyPercent != nil {
			config.MinimumHealthyPercent = *own.MinimumHealthyPercent
		}
		if own.DeploymentCircuitBreaker != nil {
			config.DeploymentCircuitBreaker.ResetOnHealthyTask = own.DeploymentCircuitBreaker.ResetOnHealthyTask
		}
	}
	if config.MaximumPercent == 100 && rebalancing == "" {
		// ECS refuses to move tasks without starting another one first, which it
		// otherwise does for new services.
		rebalancing = "DISABLED"
	}
	return config, rebalancing
}

const azRebalancingEnabled = "ENABLED"

// service sends requests to the container target, which is "" for a worker.
func service(in Input, cluster any, target string) resource {
	t := &in.Template
	config, rebalancing := deployment(in)
	p := serviceProperties{
		Cluster:                     cluster,
		TaskDefinition:              ref{logicalTaskDefinition},
		DesiredCount:                ref{ParamDesiredCount},
		PlatformVersion:             t.PlatformVersion,
		DeploymentConfiguration:     config,
		AvailabilityZoneRebalancing: rebalancing,
		NetworkConfiguration:        networkOf(t),
		ServiceRegistries:           registries(t.ServiceRegistries),
		ServiceConnectConfiguration: connect(t.ServiceConnectConfiguration),
		EnableECSManagedTags:        true,
		EnableExecuteCommand:        t.EnableExecuteCommand,
		PropagateTags:               "SERVICE",
	}
	// Of a worker; behind a load balancer it is the target's.
	p.HealthCheckGracePeriodSeconds = t.HealthCheckGracePeriodSeconds
	p.LaunchType, p.CapacityProviderStrategy = capacity(t)
	p.PlacementConstraints, p.PlacementStrategies = placement(t)
	r := resource{Type: "AWS::ECS::Service"}
	if target != "" {
		p.LoadBalancers = []serviceLoadBalancer{{
			ContainerName:  target,
			ContainerPort:  t.Target.ContainerPort,
			TargetGroupArn: ref{LogicalTargetGroup},
		}}
		p.HealthCheckGracePeriodSeconds = t.Target.HealthCheckGracePeriodSeconds
		// ECS rejects a target group that no listener rule forwards to.
		r.DependsOn = []string{LogicalPreviewRule}
	}
	r.Properties = p
	return r
}
