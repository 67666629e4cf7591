package ecs

import (
	"slices"
	"strings"
)

type attribute struct {
	Name string `json:"name"`
}

// The platform of a task that asks for none.
const (
	usualArchitecture = "X86_64"
	usualSystem       = "LINUX"
)

// complete is a copy with Fargate's defaults.
func (p *runtimePlatform) complete() *runtimePlatform {
	out := runtimePlatform{CpuArchitecture: usualArchitecture, OperatingSystemFamily: usualSystem}
	if p != nil && p.CpuArchitecture != "" {
		out.CpuArchitecture = p.CpuArchitecture
	}
	if p != nil && p.OperatingSystemFamily != "" {
		out.OperatingSystemFamily = p.OperatingSystemFamily
	}
	return &out
}

// architecture is as tasks tell it.
func (d *taskDefinition) architecture() string {
	return strings.ToLower(d.RuntimePlatform.complete().CpuArchitecture)
}

// compatibilities are the launch types that a definition fits.
func (d *taskDefinition) compatibilities() []string {
	if d.NetworkMode != "awsvpc" {
		return []string{"EXTERNAL", "EC2"}
	}
	if d.Cpu == "" || d.Memory == "" {
		return []string{"EC2"}
	}
	return []string{"EC2", "FARGATE", "MANAGED_INSTANCES"}
}

const capability = "com.amazonaws.ecs.capability."

// attributes are what the definition needs, as ECS names it.
func (d *taskDefinition) attributes() []attribute {
	var names []string
	add := func(wanted bool, attributes ...string) {
		for _, name := range attributes {
			if wanted && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for i := range d.ContainerDefinitions {
		d.ContainerDefinitions[i].require(add)
	}
	add(d.TaskRoleArn != "", capability+"task-iam-role")
	add(d.NetworkMode == "awsvpc", capability+"docker-remote-api.1.18", "ecs.capability.task-eni")
	out := make([]attribute, len(names))
	for i, name := range names {
		out[i] = attribute{name}
	}
	return out
}

// require adds what one container needs.
func (c *container) require(add func(wanted bool, attributes ...string)) {
	logs := c.LogConfiguration != nil && c.LogConfiguration.LogDriver == "awslogs"
	add(logs, capability+"logging-driver.awslogs", "ecs.capability.execution-role-awslogs", capability+"docker-remote-api.1.19")
	add(strings.Contains(c.Image, ".dkr.ecr."), capability+"ecr-auth", "ecs.capability.execution-role-ecr-pull")
	for _, s := range c.Secrets {
		store := "ssm"
		if strings.Contains(s.ValueFrom, ":secretsmanager:") {
			store = "asm"
		}
		add(true, "ecs.capability.secrets."+store+".environment-variables")
	}
	add(c.HealthCheck != nil, "ecs.capability.container-health-check")
	add(len(c.DependsOn) > 0 || c.StartTimeout != nil || c.StopTimeout != nil, "ecs.capability.container-ordering")
	add(strings.Contains(c.Image, "@sha256:"), capability+"docker-remote-api.1.21")
}
