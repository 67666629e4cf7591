package template_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

var stackName = template.StackName("shop", "checkout", uid, 3)

// What a container of its own log configuration gets besides: what Fargate needs
// and the configuration leaves out.
func TestLogConfiguration(t *testing.T) {
	own, here := map[string]any{"Ref": "LogGroup"}, map[string]any{"Ref": "AWS::Region"}
	for name, tt := range map[string]struct {
		options map[string]v1alpha1.OptionValue
		want    map[string]any
		group   bool
		logs    template.Logs
	}{
		"none": {nil, map[string]any{"awslogs-group": own, "awslogs-region": here, "awslogs-stream-prefix": "app"}, true, template.Logs{Group: "own"}},
		"mode of the stack's group": {
			options("mode", "blocking"),
			map[string]any{"awslogs-group": own, "awslogs-region": here, "awslogs-stream-prefix": "app", "mode": "blocking"}, true, template.Logs{Group: "own"},
		},
		"prefix in the stack's group": {
			options("awslogs-stream-prefix", "ecs"),
			map[string]any{"awslogs-group": own, "awslogs-region": here, "awslogs-stream-prefix": "ecs"}, true, template.Logs{Group: "own"},
		},
		"a group of others": {
			options("awslogs-group", "/ecs/shop"),
			map[string]any{"awslogs-group": "/ecs/shop", "awslogs-region": here, "awslogs-stream-prefix": stackName}, false,
			template.Logs{Group: "/ecs/shop", Streams: stackName + "/app/"},
		},
		"in full": {
			map[string]v1alpha1.OptionValue{"awslogs-group": "/ecs/shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"},
			map[string]any{"awslogs-group": "/ecs/shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}, false,
			template.Logs{Group: "/ecs/shop", Streams: "ecs/app/", Region: "us-east-1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			of := with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) {
				if tt.options != nil {
					t.Containers[0].LogConfiguration = &v1alpha1.LogConfiguration{LogDriver: "awslogs", Options: tt.options}
				}
			})
			var doc struct {
				Resources struct {
					LogGroup       any
					TaskDefinition struct {
						Properties struct {
							ContainerDefinitions []struct {
								LogConfiguration struct{ Options map[string]any }
							}
						}
					}
				}
				Outputs struct{ LogGroupName any }
			}
			if err := json.Unmarshal([]byte(build(t, input(of))), &doc); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, doc.Resources.TaskDefinition.Properties.ContainerDefinitions[0].LogConfiguration.Options); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if there, told := doc.Resources.LogGroup != nil, doc.Outputs.LogGroupName != nil; there != tt.group || told != tt.group {
				t.Errorf("stack has a log group: %v, and tells of one: %v", there, told)
			}
			source, err := template.SourceOf(&of)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.logs, source.Logs(&of, stackName, "own")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The logs are those of the container that gets the requests, wherever others log.
func TestLogsOfTheMainContainer(t *testing.T) {
	for name, tt := range map[string]struct {
		of   v1alpha1.RevisionTemplate
		want template.Logs
	}{
		"by a router": {quietTemplate(), template.Logs{}},
		"the second": {with(quietTemplate(), func(t *v1alpha1.RevisionTemplate) {
			t.Target.ContainerName, t.Target.ContainerPort = "router", 24224
			t.Containers[1].PortMappings = []v1alpha1.PortMapping{{ContainerPort: 24224}}
		}), template.Logs{Group: "/ecs/routers", Streams: "shop/router/", Region: "us-east-1"}},
		"the first of a worker": {workerTemplate(), template.Logs{Group: "own"}},
	} {
		source, err := template.SourceOf(&tt.of)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, source.Logs(&tt.of, stackName, "own")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// The load balancer sends requests by TCP: another container may have the same
// port for UDP.
func TestTargetIsByTCP(t *testing.T) {
	quic := v1alpha1.Container{Name: "quic", Image: registry + "quic@" + digestB, PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080, Protocol: "udp"}}}
	of := with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) { t.Containers = []v1alpha1.Container{quic, t.Containers[0]} })
	var doc struct {
		Resources struct {
			Service struct {
				Properties struct {
					LoadBalancers []struct{ ContainerName string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(build(t, input(of))), &doc); err != nil {
		t.Fatal(err)
	}
	if got := doc.Resources.Service.Properties.LoadBalancers; len(got) != 1 || got[0].ContainerName != "app" {
		t.Errorf("requests go to %+v", got)
	}
	of.Containers = of.Containers[:1]
	if _, err := template.Build(input(of)); err == nil {
		t.Error("requests go to a port for UDP")
	}
}
