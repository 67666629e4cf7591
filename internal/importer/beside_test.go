package importer

import (
	"slices"
	"strings"
	"testing"
)

// Whatever is given beside a template is used, or said not to be.
func TestUnusedBesideATemplate(t *testing.T) {
	template := File{Name: "template.yml", Body: []byte(`
Resources:
  Group: {Type: "AWS::ElasticLoadBalancingV2::TargetGroup", Properties: {HealthCheckPath: /live}}
  Task: {Type: "AWS::ECS::TaskDefinition", Properties: {Family: web, ContainerDefinitions: [{Name: web, Image: "nginx:1", PortMappings: [{ContainerPort: 80}]}]}}
  Web:
    Type: AWS::ECS::Service
    Properties: {TaskDefinition: !Ref Task, LaunchType: FARGATE, LoadBalancers: [{ContainerName: web, ContainerPort: 80, TargetGroupArn: !Ref Group}]}
`)}
	for name, body := range map[string]string{
		"target group":    `{"TargetGroups": [{"TargetGroupArn": "arn", "HealthCheckPath": "/other"}]}`,
		"attributes":      `{"Attributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]}`,
		"rules":           `{"Rules": [{"RuleArn": "arn", "Actions": [{"Type": "forward", "TargetGroupArn": "arn"}]}]}`,
		"service":         `{"services": [{"serviceName": "web", "taskDefinition": "web:1", "desiredCount": 7}]}`,
		"task definition": `{"family": "web", "containerDefinitions": [{"name": "web", "image": "nginx:2"}]}`,
		"scalable target": `{"ScalableTargets": [{"ResourceId": "service/a/b", "MinCapacity": 1, "MaxCapacity": 2}, {"ResourceId": "service/a/c", "MinCapacity": 1, "MaxCapacity": 2}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			deployments, err := Import([]File{template, {Name: "beside.json", Body: []byte(body)}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			told := func(f Finding) bool { return f.Kind == Dropped && f.File == "beside.json" }
			if len(deployments) != 1 || !slices.ContainsFunc(deployments[0].Findings, told) {
				t.Errorf("nothing says that it isn't used: %v", deployments[0].Findings)
			}
			if deployments[0].Class != Lossy || !strings.Contains(string(deployments[0].YAML), "/live") {
				t.Errorf("got %s:\n%s", deployments[0].Class, deployments[0].YAML)
			}
		})
	}
}
