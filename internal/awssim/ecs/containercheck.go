package ecs

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// awslogsOptions are the options that ECS takes for the driver (API reference,
// LogConfiguration).
var awslogsOptions = []string{
	"awslogs-create-group", "awslogs-region", "awslogs-group", "awslogs-stream-prefix", "awslogs-datetime-format",
	"awslogs-multiline-pattern", "mode", "max-buffer-size",
}

var (
	portName        = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]{0,63}$`)
	environmentFrom = regexp.MustCompile(`^arn:aws[a-z-]*:s3:::[^/]+/.*\.env$`)
	ipcParameters   = []string{
		"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
	}
)

// checkLogging compares log drivers with log routers, in AWS's words.
func (in *registerInput) checkLogging() error {
	sends, routes := false, false
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		sends = sends || c.usesFirelens()
		routes = routes || c.FirelensConfiguration != nil
		if err := c.LogConfiguration.check(); err != nil {
			return err
		}
	}
	switch {
	case sends && !routes:
		return clientError("When awsfirelens log driver is specified in log configuration, a firelens configuration object must be configured in one of the containers.")
	case routes && !sends:
		return clientError("When a firelensConfiguration object is specified, at least one container has to be configured with the awsfirelens log driver.")
	}
	return nil
}

// check is about options. The words are AWS's: reported by users, or recorded by
// cdk-preflight (rules/ecs, 2026-09-08).
func (l *logConfiguration) check() error {
	if l == nil || l.LogDriver != "awslogs" {
		return nil
	}
	var unknown, missing []string
	for _, name := range slices.Sorted(maps.Keys(l.Options)) {
		if !slices.Contains(awslogsOptions, name) {
			unknown = append(unknown, name)
		}
	}
	for _, name := range []string{"awslogs-region", "awslogs-group"} {
		if l.Options[name] == "" {
			missing = append(missing, name)
		}
	}
	switch create, set := l.Options["awslogs-create-group"]; {
	case len(unknown) > 0:
		return clientError("Log driver awslogs disallows options: %s", strings.Join(unknown, ", "))
	case len(missing) > 0:
		return clientError("Log driver awslogs requires options: %s", strings.Join(missing, ", "))
	case set && create != "true":
		return clientError("Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit option.")
	}
	return nil
}

// checkFargate refuses what Fargate has not, in AWS's words (cdk-preflight,
// rules/ecs/pf-ecs-fargate-*).
func (c *container) checkFargate() error {
	if f := c.FirelensConfiguration; f != nil && f.Options["config-file-type"] == "s3" {
		return clientError("Invalid arn syntax.")
	}
	if c.Privileged {
		return clientError("Fargate requires that the ‘privileged’ setting be ‘false’ at the container level.")
	}
	if p := c.LinuxParameters; p != nil && p.Capabilities != nil {
		for _, name := range p.Capabilities.Add {
			if name != "SYS_PTRACE" {
				return clientError("%s is not allowed on Fargate.", name)
			}
		}
	}
	if err := c.checkTimeouts(); err != nil {
		return err
	}
	if err := c.checkOfInstances(); err != nil {
		return err
	}
	return c.LogConfiguration.checkFargate()
}

// checkTimeouts refuses what Fargate doesn't take (API reference, ContainerDefinition: 2 to
// 120 seconds). AWS's words aren't known.
func (c *container) checkTimeouts() error {
	unfit := func(seconds *int) bool { return seconds != nil && (*seconds < 2 || *seconds > 120) }
	switch {
	case unfit(c.StartTimeout):
		return clientError("The 'startTimeout' setting for container '%s' must be between 2 and 120 on Fargate.", c.Name)
	case unfit(c.StopTimeout):
		return clientError("The 'stopTimeout' setting for container '%s' must be between 2 and 120 on Fargate.", c.Name)
	}
	return nil
}

func (l *logConfiguration) checkFargate() error {
	switch {
	case l == nil:
	case !slices.Contains([]string{"awslogs", "splunk", "awsfirelens"}, l.LogDriver):
		return clientError("%s is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]", l.LogDriver)
	case l.LogDriver == "awslogs" && l.Options["awslogs-stream-prefix"] == "":
		return clientError("Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.")
	}
	return nil
}

// checkSettings refuses what no container may have, in AWS's words (cdk-preflight,
// rules/ecs) but for system controls.
func (c *container) checkSettings(networkMode string) error {
	if err := c.checkNetwork(networkMode); err != nil {
		return err
	}
	if p := c.RestartPolicy; p != nil && p.RestartAttemptPeriod != nil && (*p.RestartAttemptPeriod < 60 || *p.RestartAttemptPeriod > 1800) {
		return clientError("The 'restartAttemptPeriod' setting for container '%s' must be between 60 and 1800.", c.Name)
	}
	for _, f := range c.EnvironmentFiles {
		if f.Type != "s3" || !environmentFrom.MatchString(f.Value) {
			return clientError("Invalid arn syntax.")
		}
	}
	return c.checkKernel()
}

// checkKernel refuses limits and parameters of the kernel.
func (c *container) checkKernel() error {
	for _, u := range c.Ulimits {
		if u.HardLimit >= 0 && (u.SoftLimit < 0 || u.SoftLimit > u.HardLimit) {
			return clientError("Soft limit exceeds hard limit for ulimit %s", u.Name)
		}
	}
	for _, control := range c.SystemControls {
		if n := control.Namespace; !strings.HasPrefix(n, "net.") && !strings.HasPrefix(n, "fs.mqueue.") && !slices.Contains(ipcParameters, n) {
			return clientError("Invalid systemControls namespace '%s'.", n)
		}
	}
	return nil
}

// checkPorts refuses a port that is mapped twice for one protocol, and a name that is
// there already. AWS's words are those about names.
func (in *registerInput) checkPorts() error {
	names := map[string]bool{}
	for i := range in.ContainerDefinitions {
		ports := map[portOf]bool{}
		for _, m := range in.ContainerDefinitions[i].PortMappings {
			port := portOf{m.ContainerPort, cmp.Or(m.Protocol, "tcp")}
			if ports[port] {
				return clientError("Container port %d is mapped more than once.", m.ContainerPort)
			}
			if m.Name != "" && in.NetworkMode == "awsvpc" && names[m.Name] {
				return clientError("When networkMode=awsvpc, port mapping name is already used")
			}
			if err := m.checkWords(); err != nil {
				return err
			}
			ports[port], names[m.Name] = true, true
		}
	}
	return nil
}

func (m *portMapping) checkWords() error {
	switch {
	case !slices.Contains([]string{"", "tcp", "udp"}, m.Protocol):
		return clientError("Invalid protocol '%s' of a port mapping.", m.Protocol)
	case m.Name != "" && !portName.MatchString(m.Name):
		return clientError("Invalid name '%s' of a port mapping.", m.Name)
	}
	return nil
}
