package template_test

import (
	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// options are a map with one entry.
func options(name string, value v1alpha1.OptionValue) map[string]v1alpha1.OptionValue {
	return map[string]v1alpha1.OptionValue{name: value}
}

func fullMapping(port int32, protocol string) v1alpha1.PortMapping {
	return v1alpha1.PortMapping{
		ContainerPort: port, HostPort: new(port), Protocol: protocol, Name: "web-" + protocol, AppProtocol: "http2", ContainerPortRange: "1-2",
	}
}

func fullLogs() *v1alpha1.LogConfiguration {
	return &v1alpha1.LogConfiguration{
		LogDriver:     "awslogs",
		Options:       options("awslogs-group", "/ecs/checkout"),
		SecretOptions: []v1alpha1.Secret{{Name: "token", ValueFrom: "/prod/token"}},
	}
}

func fullLinux() *v1alpha1.LinuxParameters {
	return &v1alpha1.LinuxParameters{
		InitProcessEnabled: new(true),
		Capabilities:       &v1alpha1.KernelCapabilities{Add: []string{"SYS_PTRACE"}, Drop: []string{"NET_RAW"}},
		Tmpfs:              []v1alpha1.Tmpfs{{ContainerPath: "/tmp", Size: 64, MountOptions: []string{"noexec"}}},
		Devices:            []v1alpha1.Device{{HostPath: "/dev/fuse", ContainerPath: "/dev/fuse0", Permissions: []string{"read", "write"}}},
		SharedMemorySize:   new(int32(128)),
		MaxSwap:            new(int32(512)),
		Swappiness:         new(int32(10)),
	}
}

// firstContainer takes from a container the fields that the API did not have at
// first.
func firstContainer(c *v1alpha1.Container) {
	for i := range c.PortMappings {
		c.PortMappings[i] = v1alpha1.PortMapping{ContainerPort: c.PortMappings[i].ContainerPort}
	}
	c.LogConfiguration, c.FirelensConfiguration, c.Ulimits, c.LinuxParameters, c.DockerLabels, c.SystemControls = nil, nil, nil, nil, nil, nil
	c.RestartPolicy, c.RepositoryCredentials, c.EnvironmentFiles, c.Interactive, c.PseudoTerminal = nil, nil, nil, nil, nil
	c.Privileged, c.ExtraHosts, c.StartTimeout, c.Links = nil, nil, nil, nil
	c.Hostname, c.DNSServers, c.DNSSearchDomains, c.DisableNetworking = "", nil, nil, nil
	c.DockerSecurityOptions, c.ResourceRequirements = nil, nil
}

// checked is a worker whose container has a health check, and a port by TCP and UDP. Its
// container waits for one that prepares something.
func checked(t *v1alpha1.RevisionTemplate) {
	t.HealthCheckGracePeriodSeconds = new(int32(120))
	app := &t.Containers[0]
	app.HealthCheck = &v1alpha1.ContainerHealthCheck{Command: []string{"CMD", "/bin/alive"}}
	app.PortMappings = []v1alpha1.PortMapping{{ContainerPort: 53, Protocol: "tcp"}, {ContainerPort: 53, Protocol: "udp"}}
	app.DependsOn = []v1alpha1.ContainerDependency{{ContainerName: "prepare", Condition: "SUCCESS"}}
	t.Containers = append(t.Containers, v1alpha1.Container{
		Name: "prepare", Image: app.Image, Essential: new(false), StartTimeout: new(int32(60)), StopTimeout: new(int32(10)),
	})
}

// quietTemplate has a container that logs to a group of others, and one that has
// a router send what it writes.
func quietTemplate() v1alpha1.RevisionTemplate {
	return with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) {
		t.Containers[0].LogConfiguration = &v1alpha1.LogConfiguration{
			LogDriver: "awsfirelens", Options: options("Name", "datadog"),
			SecretOptions: []v1alpha1.Secret{{Name: "apikey", ValueFrom: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:datadog-AbCdEf"}},
		}
		t.Containers = append(t.Containers, v1alpha1.Container{
			Name: "router", Image: registry + "router@" + digestB,
			FirelensConfiguration: &v1alpha1.FirelensConfiguration{Type: "fluentbit"},
			LogConfiguration: &v1alpha1.LogConfiguration{LogDriver: "awslogs", Options: map[string]v1alpha1.OptionValue{
				"awslogs-group": "/ecs/routers", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "shop", "awslogs-create-group": "true",
			}},
		})
	})
}
