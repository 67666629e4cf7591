package ecs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// taskDefinition is one revision of a family.
type taskDefinition struct {
	registerInput
	arn          string
	revision     int
	status       string
	registered   time.Time
	deregistered time.Time
	registeredBy string
	tags         []Tag
}

// registerInput is RegisterTaskDefinition's input and, but for the tags, the
// definition itself; the CloudFormation properties have the same names.
type registerInput struct {
	Family                  string            `json:"family"`
	TaskRoleArn             string            `json:"taskRoleArn,omitempty"`
	ExecutionRoleArn        string            `json:"executionRoleArn,omitempty"`
	NetworkMode             string            `json:"networkMode,omitempty"`
	ContainerDefinitions    []container       `json:"containerDefinitions"`
	RequiresCompatibilities []string          `json:"requiresCompatibilities,omitempty"`
	Cpu                     string            `json:"cpu,omitempty"`
	Memory                  string            `json:"memory,omitempty"`
	RuntimePlatform         *runtimePlatform  `json:"runtimePlatform,omitempty"`
	EphemeralStorage        *ephemeralStorage `json:"ephemeralStorage,omitempty"`
	Volumes                 []volume          `json:"volumes,omitempty"`
	PidMode                 string            `json:"pidMode,omitempty"`
	IpcMode                 string            `json:"ipcMode,omitempty"`
	Tags                    []Tag             `json:"tags,omitempty"`

	EnableFaultInjection *bool `json:"enableFaultInjection,omitempty"`
}

type runtimePlatform struct {
	CpuArchitecture       string `json:"cpuArchitecture,omitempty"`
	OperatingSystemFamily string `json:"operatingSystemFamily,omitempty"`
}

type container struct {
	Name                   string            `json:"name"`
	Image                  string            `json:"image"`
	Cpu                    *int              `json:"cpu,omitempty"`
	Memory                 *int              `json:"memory,omitempty"`
	MemoryReservation      *int              `json:"memoryReservation,omitempty"`
	Essential              *bool             `json:"essential,omitempty"`
	PortMappings           []portMapping     `json:"portMappings,omitzero"`
	Environment            []nameValue       `json:"environment,omitzero"`
	Secrets                []secret          `json:"secrets,omitempty"`
	Command                []string          `json:"command,omitempty"`
	EntryPoint             []string          `json:"entryPoint,omitempty"`
	WorkingDirectory       string            `json:"workingDirectory,omitempty"`
	User                   string            `json:"user,omitempty"`
	ReadonlyRootFilesystem *bool             `json:"readonlyRootFilesystem,omitempty"`
	StartTimeout           *int              `json:"startTimeout,omitempty"`
	StopTimeout            *int              `json:"stopTimeout,omitempty"`
	DependsOn              []dependency      `json:"dependsOn,omitempty"`
	DockerLabels           map[string]string `json:"dockerLabels,omitempty"`
	HealthCheck            *healthCheck      `json:"healthCheck,omitempty"`
	LogConfiguration       *logConfiguration `json:"logConfiguration,omitempty"`
	LinuxParameters        *linuxParameters  `json:"linuxParameters,omitempty"`
	MountPoints            []mountPoint      `json:"mountPoints,omitzero"`
	VolumesFrom            []volumeFrom      `json:"volumesFrom,omitzero"`
	SystemControls         []systemControl   `json:"systemControls,omitzero"`
	Ulimits                []ulimit          `json:"ulimits,omitempty"`
	VersionConsistency     string            `json:"versionConsistency,omitempty"`

	FirelensConfiguration *firelensConfiguration `json:"firelensConfiguration,omitempty"`
	RestartPolicy         *restartPolicy         `json:"restartPolicy,omitempty"`
	RepositoryCredentials *repositoryCredentials `json:"repositoryCredentials,omitempty"`
	EnvironmentFiles      []environmentFile      `json:"environmentFiles,omitempty"`
	ExtraHosts            []hostEntry            `json:"extraHosts,omitempty"`
	Interactive           bool                   `json:"interactive,omitempty"`
	PseudoTerminal        bool                   `json:"pseudoTerminal,omitempty"`
	Privileged            bool                   `json:"privileged,omitempty"`

	Links                 []string              `json:"links,omitempty"`
	Hostname              string                `json:"hostname,omitempty"`
	DnsServers            []string              `json:"dnsServers,omitempty"`
	DnsSearchDomains      []string              `json:"dnsSearchDomains,omitempty"`
	DisableNetworking     bool                  `json:"disableNetworking,omitempty"`
	DockerSecurityOptions []string              `json:"dockerSecurityOptions,omitempty"`
	ResourceRequirements  []resourceRequirement `json:"resourceRequirements,omitempty"`
}

type resourceRequirement struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type device struct {
	HostPath      string   `json:"hostPath"`
	ContainerPath string   `json:"containerPath,omitempty"`
	Permissions   []string `json:"permissions,omitempty"`
}

type portMapping struct {
	ContainerPort int    `json:"containerPort"`
	HostPort      *int   `json:"hostPort,omitempty"`
	Protocol      string `json:"protocol,omitempty"`
	Name          string `json:"name,omitempty"`
	AppProtocol   string `json:"appProtocol,omitempty"`
}

type secret struct {
	Name      string `json:"name"`
	ValueFrom string `json:"valueFrom"`
}

type dependency struct {
	ContainerName string `json:"containerName"`
	Condition     string `json:"condition"`
}

type healthCheck struct {
	Command     []string `json:"command"`
	Interval    *int     `json:"interval,omitempty"`
	Timeout     *int     `json:"timeout,omitempty"`
	Retries     *int     `json:"retries,omitempty"`
	StartPeriod *int     `json:"startPeriod,omitempty"`
}

type logConfiguration struct {
	LogDriver     string            `json:"logDriver"`
	Options       map[string]string `json:"options,omitempty"`
	SecretOptions []secret          `json:"secretOptions,omitempty"`
}

type linuxParameters struct {
	InitProcessEnabled *bool         `json:"initProcessEnabled,omitempty"`
	Capabilities       *capabilities `json:"capabilities,omitempty"`
	Tmpfs              []tmpfs       `json:"tmpfs,omitempty"`
	Devices            []device      `json:"devices,omitempty"`
	SharedMemorySize   *int          `json:"sharedMemorySize,omitempty"`
	MaxSwap            *int          `json:"maxSwap,omitempty"`
	Swappiness         *int          `json:"swappiness,omitempty"`
}

type capabilities struct {
	Add  []string `json:"add,omitempty"`
	Drop []string `json:"drop,omitempty"`
}

type ulimit struct {
	Name      string `json:"name"`
	SoftLimit int    `json:"softLimit"`
	HardLimit int    `json:"hardLimit"`
}

// essential containers end the task when they stop; that is the default.
func (c *container) essential() bool { return c.Essential == nil || *c.Essential }

func (d *taskDefinition) container(name string) *container {
	for i := range d.ContainerDefinitions {
		if d.ContainerDefinitions[i].Name == name {
			return &d.ContainerDefinitions[i]
		}
	}
	return nil
}

// exposes tells whether a container answers at a port, by TCP.
func (c *container) exposes(port int) bool {
	return slices.ContainsFunc(c.PortMappings, func(m portMapping) bool { return m.ContainerPort == port && m.Protocol != "udp" })
}

type definitionOut struct {
	registerInput
	// Volumes and Constraints are listed even when there are none.
	Volumes           []volume   `json:"volumes"`
	Constraints       []struct{} `json:"placementConstraints"`
	TaskDefinitionArn string     `json:"taskDefinitionArn"`
	Revision          int        `json:"revision"`
	Status            string     `json:"status"`
	Compatibilities   []string   `json:"compatibilities"`
	// RequiresAttributes is what a container instance would have to be able to.
	RequiresAttributes []attribute `json:"requiresAttributes"`
	RegisteredBy       string      `json:"registeredBy"`
	RegisteredAt       core.Epoch  `json:"registeredAt"`
	DeregisteredAt     *core.Epoch `json:"deregisteredAt,omitempty"`
}

func (d *taskDefinition) out() definitionOut {
	return definitionOut{
		registerInput: d.registerInput, Volumes: listed(d.Volumes), Constraints: []struct{}{}, TaskDefinitionArn: d.arn, Revision: d.revision, Status: d.status,
		Compatibilities: d.compatibilities(), RequiresAttributes: d.attributes(), RegisteredBy: d.registeredBy, RegisteredAt: core.Stamp(d.registered), DeregisteredAt: core.StampOrNil(d.deregistered),
	}
}

func (s *Service) registerTaskDefinition(in registerInput) (any, error) {
	d, err := s.addDefinition(in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"taskDefinition": d.out(), "tags": listed(d.tags)}, nil
}

func (s *Service) addDefinition(in registerInput) (*taskDefinition, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	in.complete()
	d := &taskDefinition{registerInput: in, status: "ACTIVE", registered: s.world.Now(), registeredBy: s.opts.Caller(), tags: in.Tags}
	d.Tags = nil
	s.revisions[in.Family]++
	d.revision = s.revisions[in.Family]
	d.arn = s.world.ARN("ecs", fmt.Sprintf("task-definition/%s:%d", in.Family, d.revision))
	s.definitions = append(s.definitions, d)
	return d, nil
}

// complete fills in AWS's defaults without writing to what the caller shares.
func (in *registerInput) complete() {
	if slices.Contains(in.RequiresCompatibilities, "FARGATE") {
		in.RuntimePlatform = in.RuntimePlatform.complete()
	}
	in.Volumes = slices.Clone(in.Volumes)
	for i := range in.Volumes {
		in.Volumes[i] = in.Volumes[i].complete()
	}
	in.ContainerDefinitions = slices.Clone(in.ContainerDefinitions)
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		if c.Essential == nil {
			c.Essential = new(true)
		}
		if c.Cpu == nil {
			c.Cpu = new(0)
		}
		c.Environment, c.MountPoints, c.VolumesFrom = listed(c.Environment), listed(c.MountPoints), listed(c.VolumesFrom)
		c.PortMappings, c.SystemControls = listed(c.PortMappings), listed(c.SystemControls)
		for j := range c.PortMappings {
			m := &c.PortMappings[j]
			if in.NetworkMode == networkAWSVPC || in.NetworkMode == networkHost {
				m.HostPort = &m.ContainerPort
			} else {
				m.HostPort = new(intOr(m.HostPort, 0))
			}
			if m.Protocol == "" {
				m.Protocol = "tcp"
			}
		}
	}
}

// definition finds by ARN, family:revision or family (the newest active one).
func (s *Service) definition(id string) (*taskDefinition, error) {
	if i := strings.Index(id, "task-definition/"); i >= 0 {
		id = id[i+len("task-definition/"):]
	}
	family, revision, exact := strings.Cut(id, ":")
	for _, d := range slices.Backward(s.definitions) {
		if d.Family != family {
			continue
		}
		if exact && strconv.Itoa(d.revision) == revision || !exact && d.status == "ACTIVE" {
			return d, nil
		}
	}
	return nil, clientError("Unable to describe task definition.")
}

type describeDefinitionInput struct {
	TaskDefinition string   `json:"taskDefinition"`
	Include        []string `json:"include"`
}

func (s *Service) describeTaskDefinition(in describeDefinitionInput) (any, error) {
	d, err := s.definition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"taskDefinition": d.out()}
	if slices.Contains(in.Include, "TAGS") {
		out["tags"] = listed(d.tags)
	}
	return out, nil
}

type deregisterInput struct {
	TaskDefinition string `json:"taskDefinition"`
}

func (s *Service) deregisterTaskDefinition(in deregisterInput) (any, error) {
	d, err := s.definition(in.TaskDefinition)
	if err != nil {
		return nil, clientError("The specified task definition does not exist.")
	}
	if d.status == "ACTIVE" {
		d.status, d.deregistered = "INACTIVE", s.world.Now()
	}
	return map[string]any{"taskDefinition": d.out()}, nil
}
