package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes files in a directory, and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const task = `{"family": "checkout", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
 "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
 "containerDefinitions": [{"name": "app", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:1"}]}`

const service = `{"services": [{"serviceName": "checkout", "taskDefinition": "checkout", "launchType": "FARGATE", "desiredCount": 2, "cluster": "shop",
 "deploymentController": {"type": "CODE_DEPLOY"}, "loadBalancers": [],
 "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": []}}}]}`

func TestRun(t *testing.T) {
	dir := write(t, map[string]string{
		"task.json": task, "service.json": service, "text": "hello", "task.jsonnet": "{}", "broken.json": "{\n\"family\": [}",
		"ecspresso.yml":    "region: eu-west-1\ncluster: shop\nservice: checkout\nservice_definition: service-def.json\ntask_definition: task.json\n",
		"service-def.json": `{"launchType": "FARGATE", "desiredCount": 3, "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}`,
		"rest.yml":         "region: eu-west-1\ncluster: shop\nservice: checkout\nservice_definition: none.json\ntask_definition: task.json\n",
	})
	tests := map[string]struct {
		args           []string
		stdin          string
		status         int
		stdout, stderr string
	}{
		"help":           {args: []string{"-h"}, status: exitOK, stderr: "Usage: viridian-import"},
		"nothing":        {status: exitFailed, stderr: "Usage: viridian-import"},
		"unknown flag":   {args: []string{"-nope"}, status: exitFailed, stderr: "flag provided but not defined"},
		"parameter":      {args: []string{"-parameter", "x", "task.json"}, status: exitFailed, stderr: "want name=value"},
		"no such file":   {args: []string{"none.json"}, status: exitFailed, stderr: "none.json: no such file"},
		"not an input":   {args: []string{"text"}, status: exitFailed, stderr: "text is none of: a task definition"},
		"Jsonnet":        {args: []string{"task.jsonnet"}, status: exitFailed, stderr: "ecspresso render"},
		"broken":         {args: []string{"broken.json"}, status: exitFailed, stderr: "broken.json:2"},
		"task":           {args: []string{"task.json"}, status: exitLook, stdout: "name: checkout\n", stderr: "checkout: full\n"},
		"standard input": {args: []string{"-"}, stdin: task, status: exitLook, stdout: "name: checkout\n", stderr: "stdin:"},
		"service": {
			args:   []string{"-name", "shop", "-namespace", "team", "task.json", "service.json"},
			status: exitLook, stdout: "  name: shop\n  namespace: team\n", stderr: "service.json:3: services[0].networkConfiguration",
		},
		"ecspresso":            {args: []string{"ecspresso.yml"}, status: exitLook, stdout: "desiredCount: 3\n", stderr: "checkout: full\n"},
		"what ecspresso names": {args: []string{"rest.yml"}, status: exitFailed, stderr: "none.json: no such file"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(dir)
			var stdout, stderr bytes.Buffer
			if got := run(tc.args, strings.NewReader(tc.stdin), &stdout, &stderr); got != tc.status {
				t.Errorf("status %d, want %d", got, tc.status)
			}
			if !strings.Contains(stdout.String(), tc.stdout) {
				t.Errorf("stdout is\n%s\nwant %q", stdout.String(), tc.stdout)
			}
			if !strings.Contains(stderr.String(), tc.stderr) {
				t.Errorf("stderr is\n%s\nwant %q", stderr.String(), tc.stderr)
			}
		})
	}
}

// Nothing to look at is a status of its own.
func TestStatusOfAWholeInput(t *testing.T) {
	const group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/1"
	t.Chdir(write(t, map[string]string{
		"task.json":    strings.Replace(task, `checkout:1"`, `checkout:1", "portMappings": [{"containerPort": 80}]`, 1),
		"service.json": strings.Replace(service, `"loadBalancers": []`, `"loadBalancers": [{"targetGroupArn": "`+group+`", "containerName": "app", "containerPort": 80}]`, 1),
		"groups.json":  `{"TargetGroups": [{"TargetGroupArn": "` + group + `", "Protocol": "HTTP", "VpcId": "vpc-1", "LoadBalancerArns": ["arn:lb"]}]}`,
		"lbs.json":     `{"LoadBalancers": [{"LoadBalancerArn": "arn:lb", "VpcId": "vpc-1", "SecurityGroups": ["sg-1"]}, {"LoadBalancerArn": "arn:other", "VpcId": "vpc-1", "SecurityGroups": ["sg-2"]}]}`,
		"deploy.json":  `{"deploymentGroupInfo": {"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}}`,
	}))
	var stdout, stderr bytes.Buffer
	args := []string{"-rule-arn", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/shop/1/2/3", "task.json", "service.json", "groups.json", "lbs.json", "deploy.json"}
	if got := run(args, nil, &stdout, &stderr); got != exitOK || !strings.Contains(stdout.String(), "- sg-1\n") {
		t.Errorf("status %d\n%s%s", got, stderr.String(), stdout.String())
	}
}
