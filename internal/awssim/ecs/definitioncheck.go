package ecs

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	familyPattern    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	containerPattern = familyPattern
	rolePattern      = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$`)
	imagePattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`)
)

// fargateMemory lists for each CPU value the memory in MiB that Fargate
// offers: from, to and in steps of.
var fargateMemory = map[int]struct{ from, to, step int }{
	512:   {1024, 4096, 1024},
	1024:  {2048, 8192, 1024},
	2048:  {4096, 16384, 1024},
	4096:  {8192, 30720, 1024},
	8192:  {16384, 61440, 4096},
	16384: {32768, 122880, 8192},
}

func fargateOffers(cpu, memory int) bool {
	if cpu == 256 {
		return slices.Contains([]int{512, 1024, 2048}, memory)
	}
	m, known := fargateMemory[cpu]
	return known && memory >= m.from && memory <= m.to && (memory-m.from)%m.step == 0
}

// units reads a task size: "256" or ".25 vCPU", "512" or "0.5 GB".
func units(text, unit string) (int, bool) {
	number, hasUnit := text, false
	if i := strings.Index(strings.ToLower(text), strings.ToLower(unit)); i >= 0 {
		number, hasUnit = strings.TrimSpace(text[:i]), true
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, false
	}
	if hasUnit {
		f *= 1024
	}
	return int(f), f == float64(int(f))
}

func (in *registerInput) check() error {
	if !familyPattern.MatchString(in.Family) {
		return clientError("Family contains invalid characters when it should match pattern '%s': '%s'", familyPattern, in.Family)
	}
	if len(in.ContainerDefinitions) == 0 {
		return clientError("Container list cannot be empty.")
	}
	for _, role := range []string{in.TaskRoleArn, in.ExecutionRoleArn} {
		if role != "" && !rolePattern.MatchString(role) && strings.HasPrefix(role, "arn:") {
			return clientError("Role is not valid: '%s'", role)
		}
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	if err := in.checkContainers(); err != nil {
		return err
	}
	if slices.Contains(in.RequiresCompatibilities, launchFargate) {
		return in.checkFargate()
	}
	return in.checkInstances()
}

func (in *registerInput) checkFargate() error {
	if in.NetworkMode != "awsvpc" {
		return clientError("Fargate only supports network mode ‘awsvpc’.")
	}
	if in.Cpu == "" || in.Memory == "" {
		return clientError("Fargate requires that 'cpu' and 'memory' be defined at the task level.")
	}
	cpu, okCPU := units(in.Cpu, "vcpu")
	memory, okMemory := units(in.Memory, "gb")
	if !okCPU || !okMemory || !fargateOffers(cpu, memory) {
		return clientError("No Fargate configuration exists for given values: %s CPU, %s memory. See the Amazon ECS documentation for the valid values.", in.Cpu, in.Memory)
	}
	for i := range in.ContainerDefinitions {
		if err := in.ContainerDefinitions[i].checkFargate(); err != nil {
			return err
		}
	}
	if err := in.checkIsolation(); err != nil {
		return err
	}
	if in.ExecutionRoleArn == "" {
		return in.checkRoleless()
	}
	return nil
}

// checkRoleless refuses what Fargate can't do without an execution role. AWS's words
// about secret options, registries and environment files aren't known.
func (in *registerInput) checkRoleless() error {
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		log := c.LogConfiguration
		switch {
		case strings.Contains(c.Image, ".dkr.ecr."):
			return clientError("Fargate requires task definition to have execution role ARN to support ECR images.")
		case log != nil && log.LogDriver == "awslogs":
			return clientError("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
		case log != nil && len(log.SecretOptions) > 0, c.RepositoryCredentials != nil, len(c.EnvironmentFiles) > 0:
			return clientError("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
		}
	}
	return nil
}

func (in *registerInput) checkContainers() error {
	seen, essential := map[string]bool{}, false
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		if seen[c.Name] {
			return clientError("Container name '%s' is not unique.", c.Name)
		}
		seen[c.Name] = true
		essential = essential || c.essential()
		if err := c.check(in); err != nil {
			return err
		}
	}
	if !essential {
		return clientError("At least one container in the task definition must be marked as essential.")
	}
	for _, check := range []func() error{in.checkLogging, in.checkPorts, in.checkLinks} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := in.checkSizes(); err != nil {
		return err
	}
	if err := in.checkVolumes(); err != nil {
		return err
	}
	return in.checkDependencies()
}

// checkSizes compares the containers' sizes with the task's.
func (in *registerInput) checkSizes() error {
	memory, hasMemory := units(in.Memory, "gb")
	cpu, hasCPU := units(in.Cpu, "vcpu")
	reserved := 0
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		reserved += intOr(c.Cpu, 0)
		if c.Memory != nil && c.MemoryReservation != nil && *c.MemoryReservation > *c.Memory {
			return clientError("Invalid setting for container '%s'. 'memory' must be greater than or equal to 'memoryReservation'.", c.Name)
		}
		if hasMemory && intOr(c.Memory, 0) > memory {
			return clientError("The 'memory' setting for container '%s' is greater than for the task.", c.Name)
		}
	}
	if hasCPU && reserved > cpu {
		return clientError("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.")
	}
	return nil
}

func (in *registerInput) checkDependencies() error {
	named := map[string]*container{}
	for i := range in.ContainerDefinitions {
		named[in.ContainerDefinitions[i].Name] = &in.ContainerDefinitions[i]
	}
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		for _, d := range c.DependsOn {
			if err := d.check(c, named[d.ContainerName]); err != nil {
				return err
			}
		}
	}
	return nil
}

// check is about a dependency of c on another container, nil if there is none of
// its name. AWS's words were recorded from failed stacks, but for those about a
// container that waits for itself.
func (d *dependency) check(c, on *container) error {
	switch on {
	case nil:
		return clientError("Cannot depend on container + '%s' because it does not exist", d.ContainerName)
	case c:
		return clientError("A container cannot depend on itself: '%s'", c.Name)
	}
	switch d.Condition {
	case "START":
	case "HEALTHY":
		if on.HealthCheck == nil {
			return clientError("A dependency container with HEALTHY condition must have health check configured")
		}
	case "SUCCESS", "COMPLETE":
		if on.essential() {
			return clientError("A dependency container with SUCCESS or COMPLETE condition cannot be an essential container")
		}
	default:
		return clientError("Invalid dependency condition '%s'", d.Condition)
	}
	return nil
}

func (c *container) check(in *registerInput) error {
	if !containerPattern.MatchString(c.Name) {
		return clientError("Container.name contains invalid characters: '%s'", c.Name)
	}
	if !imagePattern.MatchString(c.Image) {
		return clientError("Container.image is not valid: '%s'", c.Image)
	}
	for _, m := range c.PortMappings {
		if err := m.check(in.NetworkMode); err != nil {
			return err
		}
	}
	if len(c.Secrets) > 0 && in.ExecutionRoleArn == "" {
		return clientError("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
	}
	for i := range c.Secrets {
		if err := c.Secrets[i].check(); err != nil {
			return err
		}
	}
	if err := c.checkSettings(in.NetworkMode); err != nil {
		return err
	}
	return c.checkHealthCheck()
}

func (m *portMapping) check(networkMode string) error {
	if m.ContainerPort < 1 || m.ContainerPort > 65535 {
		return clientError("Container port %d must be between 1 and 65535.", m.ContainerPort)
	}
	if (networkMode == networkAWSVPC || networkMode == networkHost) && m.HostPort != nil && *m.HostPort != m.ContainerPort {
		return clientError("When networkMode=%s, the host ports and container ports in port mappings must match.", networkMode)
	}
	return nil
}

func (c *container) checkHealthCheck() error {
	h := c.HealthCheck
	if h == nil {
		return nil
	}
	if len(h.Command) < 2 || h.Command[0] != "CMD" && h.Command[0] != "CMD-SHELL" {
		return clientError("Container health check command must begin with CMD or CMD-SHELL and name a command.")
	}
	for _, r := range []struct {
		name      string
		value     *int
		low, high int
	}{
		{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 60}, {"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300},
	} {
		if r.value != nil && (*r.value < r.low || *r.value > r.high) {
			return clientError("Container health check %s must be between %d and %d.", r.name, r.low, r.high)
		}
	}
	return nil
}
