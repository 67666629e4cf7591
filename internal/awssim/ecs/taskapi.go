package ecs

import (
	"slices"
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
		(in.LaunchType == "" || in.LaunchType == "FARGATE")
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
	PlatformVersion   string         `json:"platformVersion"`
	Cpu               string         `json:"cpu"`
	Memory            string         `json:"memory"`
	LastStatus        string         `json:"lastStatus"`
	DesiredStatus     string         `json:"desiredStatus"`
	HealthStatus      string         `json:"healthStatus"`
	StopCode          string         `json:"stopCode,omitempty"`
	StoppedReason     string         `json:"stoppedReason,omitempty"`
	CreatedAt         epoch          `json:"createdAt"`
	StartedAt         *epoch         `json:"startedAt,omitempty"`
	StoppedAt         *epoch         `json:"stoppedAt,omitempty"`
	Containers        []containerOut `json:"containers"`
	Tags              []Tag          `json:"tags,omitempty"`
}

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
		out := t.out()
		if !slices.Contains(in.Include, "TAGS") {
			out.Tags = nil
		}
		found = append(found, out)
	}
	return map[string]any{"tasks": found, "failures": failures}, nil
}

func (t *task) out() taskOut {
	out := taskOut{
		TaskArn: t.arn, ClusterArn: t.cluster.arn, TaskDefinitionArn: t.definition.arn,
		Group: "service:" + t.service.name, StartedBy: t.deployment.id, LaunchType: "FARGATE", PlatformVersion: platformVersion,
		Cpu: t.definition.Cpu, Memory: t.definition.Memory,
		LastStatus: t.status, DesiredStatus: t.desired, HealthStatus: t.health,
		StopCode: t.stopCode, StoppedReason: t.stoppedReason,
		CreatedAt: stamp(t.created), StartedAt: stampOrNil(t.startedAt), StoppedAt: stampOrNil(t.stopped), Tags: t.tags,
	}
	for i := range t.definition.ContainerDefinitions {
		d := &t.definition.ContainerDefinitions[i]
		c := containerOut{
			ContainerArn: t.arn + "/" + d.Name, TaskArn: t.arn, Name: d.Name, Image: d.Image,
			LastStatus: t.containerStatus(), HealthStatus: healthUnknown, ExitCode: t.exitCode, Reason: t.failure,
			NetworkInterfaces: []networkInterface{{AttachmentID: t.id[:8], PrivateIPv4Address: t.ip}},
		}
		if d.HealthCheck != nil {
			c.HealthStatus = t.health
		}
		out.Containers = append(out.Containers, c)
	}
	return out
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
	return map[string]any{"task": t.out()}, nil
}
