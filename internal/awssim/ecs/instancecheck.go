package ecs

import "strconv"

// What task definitions may have on instances only, and what they need there. The words
// are AWS's, as recorded by cdk-preflight (rules/ecs/pf-ecs-fargate-*, pf-ecs-awsvpc-*,
// pf-ecs-container-memory-required and others, 2026-08 and 2026-09), but for those about
// swappiness, GPUs and Docker volumes on instances, which aren't known.

// checkInstances is about definitions that needn't run on Fargate.
func (in *registerInput) checkInstances() error {
	if in.EphemeralStorage != nil {
		return clientError("Tasks using the EC2 launch type do not support EphemeralStorage")
	}
	for i := range in.ContainerDefinitions {
		c := &in.ContainerDefinitions[i]
		if in.Memory == "" && c.Memory == nil && c.MemoryReservation == nil {
			return clientError("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", c.Name)
		}
		if err := c.checkOnInstances(); err != nil {
			return err
		}
	}
	return in.checkDockerVolumes()
}

func (in *registerInput) checkDockerVolumes() error {
	for _, v := range in.Volumes {
		if d := v.DockerVolumeConfiguration; d != nil && d.Scope != "shared" && d.Autoprovision != nil && *d.Autoprovision {
			return clientError("Volume '%s' has the scope task, with which autoprovision can not be specified.", v.Name)
		}
	}
	return nil
}

func (c *container) checkOnInstances() error {
	if p := c.LinuxParameters; p != nil && p.Swappiness != nil && (*p.Swappiness < 0 || *p.Swappiness > 100) {
		return clientError("The 'swappiness' setting for container '%s' must be between 0 and 100.", c.Name)
	}
	for _, r := range c.ResourceRequirements {
		if gpus, err := strconv.Atoi(r.Value); r.Type != "GPU" || err != nil || gpus < 1 {
			return clientError("Invalid resource requirement '%s' of type '%s'.", r.Value, r.Type)
		}
	}
	return nil
}

// checkOfInstances refuses on Fargate what only instances have.
func (c *container) checkOfInstances() error {
	unsupported := func(what string) error {
		return clientError("Fargate compatible task definitions do not support %s", what)
	}
	if len(c.DockerSecurityOptions) > 0 {
		return unsupported("dockerSecurityOptions")
	}
	if len(c.ResourceRequirements) > 0 {
		return clientError("Tasks using the Fargate launch type do not support GPU resource requirements")
	}
	switch p := c.LinuxParameters; {
	case p == nil:
	case len(p.Devices) > 0:
		return unsupported("devices")
	case p.SharedMemorySize != nil:
		return unsupported("sharedMemorySize")
	case p.MaxSwap != nil:
		return unsupported("maxSwap")
	case p.Swappiness != nil:
		return unsupported("swappiness")
	}
	return nil
}

// checkNetwork refuses what a task with a network interface of its own can't have.
func (c *container) checkNetwork(networkMode string) error {
	switch {
	case networkMode != networkAWSVPC:
	case len(c.ExtraHosts) > 0:
		return clientError("Extra hosts are not supported on container when networkMode=awsvpc.")
	case c.Hostname != "":
		return clientError("hostname is not supported on container when networkMode=awsvpc.")
	case len(c.DnsServers) > 0, len(c.DnsSearchDomains) > 0:
		return clientError("DNS servers are not supported on container when networkMode=awsvpc.")
	case c.DisableNetworking:
		return clientError("Disable Networking is not supported on container when networkMode=awsvpc.")
	}
	return nil
}

// checkIsolation refuses on Fargate what tasks share with their instance.
func (in *registerInput) checkIsolation() error {
	if in.PidMode == "host" {
		return clientError("Fargate only supports PID mode 'task'.")
	}
	if in.IpcMode != "" {
		return clientError("Fargate compatible task definitions do not support ipcMode")
	}
	for _, v := range in.Volumes {
		switch {
		case v.Host != nil && v.Host.SourcePath != "":
			return clientError("Fargate compatible task definitions do not support sourcePath")
		case v.DockerVolumeConfiguration != nil:
			return clientError("Fargate compatible task definitions do not support dockerVolumeConfiguration")
		}
	}
	return nil
}
