package template_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

func fullDockerVolume() *v1alpha1.DockerVolumeConfiguration {
	return &v1alpha1.DockerVolumeConfiguration{
		Scope: "shared", Autoprovision: new(true), Driver: "local",
		DriverOpts: map[string]v1alpha1.VolumeOption{"type": "tmpfs"}, Labels: map[string]v1alpha1.VolumeOption{"team": "payments"},
	}
}

// onInstances has a template run on instances, with whatever it has besides that goes
// together with the network mode.
func onInstances(mode string) func(*v1alpha1.RevisionTemplate) {
	return func(t *v1alpha1.RevisionTemplate) {
		t.LaunchType, t.NetworkMode = "EC2", mode
		t.CapacityProviderStrategy, t.EphemeralStorage, t.PlatformVersion = nil, nil, ""
		t.CPU, t.Memory = "", ""
		for i := range t.Containers {
			t.Containers[i].MemoryReservation = new(int32(256))
		}
		if mode == "awsvpc" {
			return
		}
		t.Network = v1alpha1.Network{VPCID: t.Network.VPCID}
		t.Target.HealthCheck.Port = ""
		t.ServiceConnectConfiguration = nil
		if len(t.Volumes) > 0 {
			t.PIDMode, t.IPCMode = "host", "host"
			t.Containers[0].PortMappings[0].HostPort, t.Containers[0].PortMappings[1].HostPort = new(int32(9090)), nil
			t.Containers[0].DisableNetworking = nil // which would leave nothing to map
			t.Volumes = []v1alpha1.Volume{
				{Name: "data", Host: &v1alpha1.HostVolume{SourcePath: "/srv/data"}}, {Name: "shared", DockerVolumeConfiguration: fullDockerVolume()},
			}
		}
	}
}

// onProvider is a worker on instances of a capacity provider.
func onProvider(t *v1alpha1.RevisionTemplate) {
	t.LaunchType, t.NetworkMode = "EC2", "bridge"
	t.Network = v1alpha1.Network{}
	t.CapacityProviderStrategy = []v1alpha1.CapacityProviderStrategyItem{{CapacityProvider: "spot-instances", Weight: new(int32(1))}}
	t.PlacementConstraints = []v1alpha1.PlacementConstraint{{Type: "distinctInstance"}}
	t.PlacementStrategy = []v1alpha1.PlacementStrategy{{Type: "spread", Field: "attribute:ecs.availability-zone"}, {Type: "random"}}
}

// What only instances have is left out on Fargate, where the API takes it as far as
// it says nothing.
func TestFargateHasNothingOfInstances(t *testing.T) {
	body := build(t, input(fullTemplate()))
	_, resources, _ := strings.Cut(body, `"Resources"`) // the record has it all
	for _, property := range []string{
		"Privileged", "ExtraHosts", "Links", "Hostname", "DnsServers", "DnsSearchDomains", "DisableNetworking", "DockerSecurityOptions", "ResourceRequirements",
		"Devices", "SharedMemorySize", "MaxSwap", "Swappiness", "Host", "DockerVolumeConfiguration", "PlacementConstraints", "PlacementStrategies", "HostPort", "IpcMode",
	} {
		if strings.Contains(resources, `"`+property+`"`) {
			t.Errorf("%s is in the stack's resources", property)
		}
	}
}

// A task without a network interface of its own is named by its instance, and has no
// security group; ECS refuses a network configuration for it.
func TestNetworkOfTasks(t *testing.T) {
	for mode, own := range map[string]bool{"awsvpc": true, "bridge": false, "host": false} {
		var doc struct {
			Resources struct {
				SecurityGroup, TargetGroup, Service *struct{ Properties map[string]any }
				TaskDefinition                      struct {
					Properties struct {
						ContainerDefinitions []struct{ PortMappings []map[string]any }
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(build(t, input(with(minimalTemplate(), onInstances(mode))))), &doc); err != nil {
			t.Fatal(err)
		}
		r := doc.Resources
		_, configured := r.Service.Properties["NetworkConfiguration"]
		port, mapped := r.TaskDefinition.Properties.ContainerDefinitions[0].PortMappings[0]["HostPort"]
		if (r.SecurityGroup != nil) != own || configured != own || (r.TargetGroup.Properties["TargetType"] == "ip") != own {
			t.Errorf("%s: security group %v, configuration %v, target type %v", mode, r.SecurityGroup, configured, r.TargetGroup.Properties["TargetType"])
		}
		if mapped != (mode == "bridge") || mapped && port != 0.0 {
			t.Errorf("%s: host port %v", mode, port)
		}
	}
}

// Only bridge networks have links.
func TestLinksOfBridges(t *testing.T) {
	for mode, has := range map[string]bool{"awsvpc": false, "bridge": true, "host": false} {
		linked := with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) {
			t.Containers[0].Links = []string{"db:sql"}
			t.Containers = append(t.Containers, v1alpha1.Container{Name: "db", Image: "db@" + digestB})
		})
		if body := build(t, input(with(linked, onInstances(mode)))); strings.Contains(body, `"Links":["db:sql"]`) != has {
			t.Errorf("%s: %s", mode, body)
		}
	}
}

// Of bad health, the message says where requests may be stuck on their way to an
// instance.
func TestExplainNamesTheInstances(t *testing.T) {
	const failure, want = "Health checks failed", "the security group of the instances"
	for mode, says := range map[string]bool{"awsvpc": false, "bridge": true} {
		of := with(minimalTemplate(), onInstances(mode))
		source, err := template.SourceOf(&of)
		if err != nil {
			t.Fatal(err)
		}
		if got := source.Explain(&of, template.LogicalService, failure); strings.Contains(got, want) != says {
			t.Errorf("%s: %s", mode, got)
		}
	}
}
