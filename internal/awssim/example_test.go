package awssim_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/viridian-dev/viridian/internal/awssim"
	simlambda "github.com/viridian-dev/viridian/internal/awssim/lambda"
)

// In process, without sockets: the simulator is the transport of the SDK's HTTP
// client.
func ExampleSim_Transport() {
	sim := awssim.New(awssim.Options{})
	defer sim.Close()
	sim.PutImage("checkout", "1.0", "")

	client := ecr.NewFromConfig(aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:  &http.Client{Transport: sim.Transport()},
	})
	out, err := client.DescribeImages(context.Background(), &ecr.DescribeImagesInput{
		RepositoryName: aws.String("checkout"),
		ImageIds:       []types.ImageIdentifier{{ImageTag: aws.String("1.0")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.ImageDetails[0].ImageTags, *out.ImageDetails[0].ImageDigest)
	// Output: [1.0] sha256:2ad501c4af91b4673dafb15dc055eaa8f736cdf901112fadac85b0c424c333cc
}

// Over a socket: the simulator is an http.Handler, and the SDK gets its address.
func ExampleSim_ServeHTTP() {
	sim := awssim.New(awssim.Options{Speed: 100})
	defer sim.Close()
	server := httptest.NewServer(sim)
	defer server.Close()
	err := sim.RegisterFunction("greet", simlambda.Function{
		Duration: time.Second,
		Handler:  func(payload []byte) ([]byte, error) { return append([]byte(`"hello "`), payload...), nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	client := lambda.NewFromConfig(aws.Config{
		Region:       "eu-west-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: aws.String(server.URL),
	})
	out, err := client.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: aws.String("greet"), Payload: []byte("7")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d %s\n", out.StatusCode, out.Payload)
	// Output: 200 "hello "7
}

// TestStackInABubble: in a synctest bubble a stack takes as long as AWS would
// take for it, and the test takes no time.
func TestStackInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New(awssim.Options{})
		defer sim.Close()
		client := cloudformation.NewFromConfig(aws.Config{
			Region:      "eu-west-1",
			Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
			HTTPClient:  &http.Client{Transport: sim.Transport()},
		})
		_, err := client.CreateStack(t.Context(), &cloudformation.CreateStackInput{
			StackName:    aws.String("app"),
			TemplateBody: aws.String(`{"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		waiter := cloudformation.NewStackCreateCompleteWaiter(client)
		if err := waiter.Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("app")}, time.Hour); err != nil {
			t.Fatal(err)
		}
		if groups := sim.Snapshot().LogGroups; len(groups) != 1 {
			t.Errorf("log groups are %v", groups)
		}
	})
}

// TestLostAnswer: the first CreateStack makes the stack, but its answer gets
// lost, and the SDK tries again with the same token: the answer is the same stack.
func TestLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New(awssim.Options{})
		defer sim.Close()
		sim.Faults.Add(awssim.Fault{
			Service: "cloudformation", Action: "CreateStack", Nth: 1, Effect: awssim.TimeoutAfter,
		})
		client := cloudformation.NewFromConfig(aws.Config{
			Region:      "eu-west-1",
			Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
			HTTPClient:  &http.Client{Transport: sim.Transport()},
		})
		_, err := client.CreateStack(t.Context(), &cloudformation.CreateStackInput{
			StackName:          aws.String("app"),
			ClientRequestToken: aws.String("once"),
			TemplateBody:       aws.String(`{"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}}`),
		})
		if err != nil {
			t.Error(err)
		}
		if calls := sim.Calls(); len(calls) != 2 || calls[0].ErrorCode != "Timeout" {
			t.Errorf("calls are %+v", calls)
		}
		if stacks := sim.Stacks(); len(stacks) != 1 {
			t.Errorf("stacks are %+v", stacks)
		}
	})
}
