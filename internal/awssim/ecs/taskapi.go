package ecs

import (
	"slices"
	"strconv"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const maxDescribeTasks = 100

type listTasksInput struct {
	Cluster       string `json:"cluster"`
	ServiceName   string `json:"serviceName"`
	Family        string `json:"family"`
	DesiredStatus string `json:"desiredStatus"`
	LaunchType    string `json:"launchType"`
	StartedBy     string `json:"startedBy"`
	MaxResults    *int   `json:"maxResults"`
	NextToken     string `json:"nextToken"`
}

// listTasks shows, unless asked otherwise, the tasks that are meant to run.
func (s *Service) listTasks(in listTasksInput) (any, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.ServiceName != "" {
		if _, err := s.service(c, in.ServiceName); err != nil {
			return nil, err
		}
	}
	switch in.DesiredStatus {
	case "":
		in.DesiredStatus = taskRunning
	case taskRunning, taskStopped:
	default:
		return nil, invalid("Invalid desired status '%s': use RUNNING or STOPPED", in.DesiredStatus)
	}
	var arns []string
	for _, t := range s.tasks {
		if t.cluster == c && in.selects(t) {
			arns = append(arns, t.arn)
		}
	}
	return listOut("taskArns", arns, listInput{MaxResults: in.MaxResults, NextToken: in.NextToken})
}

func (in *listTasksInput) selects(t *task) bool {
	return t.desired == in.DesiredStatus &&
		(in.ServiceName == "" || in.ServiceName == t.service.name || in.ServiceName == t.service.arn) &&
		(in.Family == "" || in.Family == t.definition.Family) &&
		(in.StartedBy == "" || in.StartedBy == t.deployment.id) &&
		(in.LaunchType == "" || in.LaunchType == t.launchType())
}

type describeTasksInput struct {
	Cluster string   `json:"cluster"`
	Tasks   []string `json:"tasks"`
	Include []string `json:"include"`
}

type containerOut struct {
	ContainerArn      string             `json:"containerArn"`
	TaskArn           string             `json:"taskArn"`
	Name              string             `json:"name"`
	Image             string             `json:"image"`
	LastStatus        string             `json:"lastStatus"`
	HealthStatus      string             `json:"healthStatus"`
	ExitCode          *int               `json:"exitCode,omitempty"`
	Reason            string             `json:"reason,omitempty"`
	NetworkInterfaces []networkInterface `json:"networkInterfaces"`
	// NetworkBindings are there once the container has begun, and always empty
	// for a task with a network interface of its own.
	NetworkBindings   []networkBinding `json:"networkBindings,omitzero"`
	ImageDigest       string           `json:"imageDigest,omitempty"`
	RuntimeID         string           `json:"runtimeId,omitempty"`
	CPU               string           `json:"cpu"`
	Memory            string           `json:"memory,omitempty"`
	MemoryReservation string           `json:"memoryReservation,omitempty"`
}

type networkBinding struct {
	BindIP        string `json:"bindIP"`
	ContainerPort int    `json:"containerPort"`
	HostPort      int    `json:"hostPort"`
	Protocol      string `json:"protocol"`
}

type networkInterface struct {
	AttachmentID       string `json:"attachmentId"`
	PrivateIPv4Address string `json:"privateIpv4Address"`
}

type taskOut struct {
	TaskArn           string         `json:"taskArn"`
	ClusterArn        string         `json:"clusterArn"`
	TaskDefinitionArn string         `json:"taskDefinitionArn"`
	Group             string         `json:"group"`
	StartedBy         string         `json:"startedBy"`
	LaunchType        string         `json:"launchType"`
	CapacityProvider  string         `json:"capacityProviderName,omitempty"`
	ContainerInstance string         `json:"containerInstanceArn,omitempty"`
	PlatformVersion   string         `json:"platformVersion,omitempty"`
	Cpu               string         `json:"cpu"`
	Memory            string         `json:"memory"`
	LastStatus        string         `json:"lastStatus"`
	DesiredStatus     string         `json:"desiredStatus"`
	HealthStatus      string         `json:"healthStatus"`
	StopCode          string         `json:"stopCode,omitempty"`
	StoppedReason     string         `json:"stoppedReason,omitempty"`
	CreatedAt         core.Epoch     `json:"createdAt"`
	StartedAt         *core.Epoch    `json:"startedAt,omitempty"`
	StoppedAt         *core.Epoch    `json:"stoppedAt,omitempty"`
	Containers        []containerOut `json:"containers"`
	Tags              []Tag          `json:"tags,omitempty"`

	Attachments             []attachment      `json:"attachments"`
	Attributes              []nameValue       `json:"attributes"`
	AvailabilityZone        string            `json:"availabilityZone"`
	Connectivity            string            `json:"connectivity,omitempty"`
	ConnectivityAt          *core.Epoch       `json:"connectivityAt,omitempty"`
	PullStartedAt           *core.Epoch       `json:"pullStartedAt,omitempty"`
	PullStoppedAt           *core.Epoch       `json:"pullStoppedAt,omitempty"`
	StoppingAt              *core.Epoch       `json:"stoppingAt,omitempty"`
	ExecutionStoppedAt      *core.Epoch       `json:"executionStoppedAt,omitempty"`
	EnableExecuteCommand    bool              `json:"enableExecuteCommand"`
	Overrides               overrides         `json:"overrides"`
	PlatformFamily          string            `json:"platformFamily,omitempty"`
	Version                 int               `json:"version"`
	EphemeralStorage        *ephemeralStorage `json:"ephemeralStorage,omitempty"`
	FargateEphemeralStorage *ephemeralStorage `json:"fargateEphemeralStorage,omitempty"`
}

// overrides name each container; a service overrides nothing.
type overrides struct {
	Containers   []containerOverride `json:"containerOverrides"`
	Accelerators []struct{}          `json:"inferenceAcceleratorOverrides"`
}

type containerOverride struct {
	Name string `json:"name"`
}

// usualStorage is what Fargate gives a task that asks for nothing.
const usualStorage = 20

func (s *Service) describeTasks(in describeTasksInput) (any, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if n := len(in.Tasks); n == 0 || n > maxDescribeTasks {
		return nil, invalid("Tasks must have between 1 and %d entries, got %d", maxDescribeTasks, n)
	}
	found, failures := []taskOut{}, []failure{}
	for _, id := range in.Tasks {
		t := s.task(c, id)
		if t == nil {
			failures = append(failures, failure{Arn: s.arnOf("task/"+c.name+"/", id), Reason: "MISSING"})
			continue
		}
		out := s.taskOut(t)
		if !slices.Contains(in.Include, "TAGS") {
			out.Tags = nil
		}
		found = append(found, out)
	}
	return map[string]any{"tasks": found, "failures": failures}, nil
}

func (s *Service) taskOut(t *task) taskOut {
	storage := t.storage()
	out := taskOut{
		TaskArn: t.arn, ClusterArn: t.cluster.arn, TaskDefinitionArn: t.definition.arn,
		Group: "service:" + t.service.name, StartedBy: t.deployment.id, LaunchType: t.launchType(), CapacityProvider: t.provider, PlatformVersion: t.service.platform(),
		Cpu: t.definition.Cpu, Memory: t.definition.Memory,
		LastStatus: t.status, DesiredStatus: t.desired, HealthStatus: t.health,
		StopCode: t.stopCode, StoppedReason: t.stoppedReason,
		CreatedAt: core.Stamp(t.created), StartedAt: core.StampOrNil(t.startedAt), StoppedAt: core.StampOrNil(t.stopped), Tags: t.tags,
		Attachments: t.attachments(), Attributes: []nameValue{{"ecs.cpu-architecture", t.definition.architecture()}},
		AvailabilityZone: t.subnet.Zone, ConnectivityAt: core.StampOrNil(t.connected), PullStartedAt: core.StampOrNil(t.pulling),
		PullStoppedAt: core.StampOrNil(t.pulled), StoppingAt: core.StampOrNil(t.stopping), ExecutionStoppedAt: core.StampOrNil(t.exited),
		EnableExecuteCommand: t.service.EnableExecuteCommand, Overrides: overrides{Accelerators: []struct{}{}}, PlatformFamily: t.service.family(),
		Version: t.version + 1, EphemeralStorage: storage, FargateEphemeralStorage: storage,
	}
	if !t.connected.IsZero() {
		out.Connectivity = "CONNECTED"
	}
	if t.instance != nil {
		out.ContainerInstance = t.instance.arn
		needs := t.definition.needs()
		out.Cpu, out.Memory = strconv.Itoa(needs.cpu), strconv.Itoa(needs.memory)
	}
	for i := range t.definition.ContainerDefinitions {
		d := &t.definition.ContainerDefinitions[i]
		out.Containers = append(out.Containers, s.containerOut(t, d))
		out.Overrides.Containers = append(out.Overrides.Containers, containerOverride{d.Name})
	}
	return out
}

func (s *Service) containerOut(t *task, d *container) containerOut {
	c := containerOut{
		ContainerArn: s.world.ARN("ecs", "container/"+t.cluster.name+"/"+t.id+"/"+derivedUUID(t.id+"/"+d.Name)),
		TaskArn:      t.arn, Name: d.Name, Image: d.Image,
		LastStatus: t.containerStatus(), HealthStatus: healthUnknown, ExitCode: t.exitCode, Reason: t.failure,
		NetworkInterfaces: []networkInterface{}, CPU: strconv.Itoa(intOr(d.Cpu, 0)),
		Memory: sizeText(d.Memory), MemoryReservation: sizeText(d.MemoryReservation),
	}
	if !t.connected.IsZero() && t.ownInterface() {
		c.NetworkInterfaces = []networkInterface{{AttachmentID: t.attachmentID(), PrivateIPv4Address: t.ip}}
	}
	if !t.pulled.IsZero() && !t.behaves.noPull {
		c.ImageDigest, c.RuntimeID = digestOf(d.Image), t.runtimeID(d.Name)
	}
	if !t.startedAt.IsZero() {
		c.NetworkBindings = t.bindingsOf(d.Name)
	}
	if d.HealthCheck != nil {
		c.HealthStatus = t.health
	}
	return c
}

// launchType is what a task runs on.
func (t *task) launchType() string {
	if t.instance != nil {
		return launchEC2
	}
	return launchFargate
}

// ownInterface tells whether a task has a network interface of its own.
func (t *task) ownInterface() bool { return t.definition.NetworkMode == networkAWSVPC }

// storage is Fargate's.
func (t *task) storage() *ephemeralStorage {
	switch {
	case t.instance != nil:
		return nil
	case t.definition.EphemeralStorage != nil:
		return t.definition.EphemeralStorage
	}
	return &ephemeralStorage{SizeInGiB: usualStorage}
}

// bindingsOf are the ports of one container on the instance.
func (t *task) bindingsOf(container string) []networkBinding {
	out := []networkBinding{}
	for _, b := range t.bindings {
		if b.container == container {
			out = append(out, networkBinding{"0.0.0.0", b.containerPort, b.hostPort, b.protocol})
		}
	}
	return out
}

// sizeText leaves out what isn't set.
func sizeText(size *int) string {
	if size == nil {
		return ""
	}
	return strconv.Itoa(*size)
}

func (t *task) containerStatus() string {
	switch t.status {
	case taskProvisioning, taskPending:
		return taskPending
	case taskDeprovisioning, taskStopped:
		return taskStopped
	default:
		return taskRunning
	}
}

type stopTaskInput struct {
	Cluster string `json:"cluster"`
	Task    string `json:"task"`
	Reason  string `json:"reason"`
}

func (s *Service) stopTask(in stopTaskInput) (any, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t := s.task(c, in.Task)
	if t == nil {
		return nil, invalid("The referenced task was not found.")
	}
	if in.Reason == "" {
		in.Reason = "Task stopped by user"
	}
	s.stop(t, stopUser, in.Reason)
	return map[string]any{"task": s.taskOut(t)}, nil
}
