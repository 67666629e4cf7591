package awssim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzRequest sends anything to every service: each request gets an answer that
// doesn't blame the simulator.
func FuzzRequest(f *testing.F) {
	seeds := [][3]string{
		{"cloudformation", "", "Action=CreateStack&StackName=app&TemplateBody=%7B%22Resources%22%3A%7B%22A%22%3A%7B%22Type%22%3A%22AWS%3A%3ALogs%3A%3ALogGroup%22%7D%7D%7D&Tags.member.1.Key=a&Tags.member.1.Value=b"},
		{"cloudformation", "", "Action=DescribeStackEvents&StackName=app&NextToken=x"},
		{"elasticloadbalancing", "", "Action=CreateTargetGroup&Name=a&Port=80&Protocol=HTTP&TargetType=ip&VpcId=vpc-0123456789abcdef0"},
		{"elasticloadbalancing", "", "Action=CreateRule&ListenerArn=%s&Priority=1&Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1=/*&Actions.member.1.Type=fixed-response&Actions.member.1.FixedResponseConfig.StatusCode=200"},
		{"elasticloadbalancing", "", "Action=ModifyRule&RuleArn=a&Actions.member.1.Type=forward&Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight=1"},
		{"sts", "", "Action=AssumeRole&RoleArn=arn:aws:iam::111122223333:role/a&RoleSessionName=me"},
		{"ecs", "AmazonEC2ContainerServiceV20141113.CreateService", `{"cluster":"shop","serviceName":"a","taskDefinition":"a:1","desiredCount":1,"loadBalancers":[{"targetGroupArn":"x","containerName":"a","containerPort":1}]}`},
		{"ecs", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", `{"family":"a","cpu":"256","memory":"512","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"containerDefinitions":[{"name":"a","image":"b:c"}]}`},
		{"ecs", "AmazonEC2ContainerServiceV20141113.DescribeServices", `{"cluster":"shop","services":["a",""]}`},
		{"ecr", "AmazonEC2ContainerRegistry_V20150921.DescribeImages", `{"repositoryName":"a","imageIds":[{"imageTag":"b"}],"maxResults":1}`},
		{"ecr", "AmazonEC2ContainerRegistry_V20150921.CreateRepository", `{"repositoryName":"ab","imageTagMutability":"IMMUTABLE_WITH_EXCLUSION","imageTagMutabilityExclusionFilters":[{"filter":"a*","filterType":"WILDCARD"}],"encryptionConfiguration":{"encryptionType":"KMS"},"tags":[{"Key":"a","Value":"b"}]}`},
		{"ecr", "AmazonEC2ContainerRegistry_V20150921.DescribeImageScanFindings", `{"repositoryName":"ab","imageId":{"imageTag":"b"},"nextToken":"eA=="}`},
		{"states", "AWSStepFunctions.StartExecution", `{"stateMachineArn":"arn:aws:states:eu-west-1:111122223333:stateMachine:a","name":"b","input":"{}"}`},
		{"states", "AWSStepFunctions.StopExecution", `{"executionArn":"arn:aws:states:eu-west-1:111122223333:execution:a:b"}`},
		{"lambda", "", `{}`},
	}
	for _, seed := range seeds {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, service, target, body string) {
		sim := New(Options{ECRAutoCreate: true})
		defer sim.Close()
		listener, err := sim.CreateListener("shop", 80)
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.CreateCluster("shop"); err != nil {
			t.Fatal(err)
		}
		body = strings.ReplaceAll(body, "%s", listener)
		for range 2 {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://aws.test/", strings.NewReader(body))
			r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/%s/aws4_request, SignedHeaders=host, Signature=00", service))
			if target != "" {
				r.Header.Set("X-Amz-Target", target)
			}
			answer, err := sim.serve(r)
			if err != nil || answer.status >= http.StatusInternalServerError {
				t.Fatalf("%s %s %q: %d %s, %v", service, target, body, answer.status, answer.body, err)
			}
		}
	})
}
