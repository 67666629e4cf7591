package awssim

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// bubble runs f against a simulated account in virtual time.
func bubble(t *testing.T, o Options, f func(t *testing.T, sim *Sim)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := New(o)
		defer sim.Close()
		f(t, sim)
	})
}

// sdkConfig makes the real SDK talk to the simulator, without its retries
// unless attempts says so.
func sdkConfig(sim *Sim, attempts int) aws.Config {
	return aws.Config{
		Region:           "eu-west-1",
		Credentials:      credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		HTTPClient:       &http.Client{Transport: sim.Transport()},
		RetryMaxAttempts: attempts,
	}
}

func cfnClient(sim *Sim) *cloudformation.Client {
	return cloudformation.NewFromConfig(sdkConfig(sim, 1))
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// describe returns a stack by name or ID.
func describe(t *testing.T, c *cloudformation.Client, stack string) cfntypes.Stack {
	t.Helper()
	out, err := c.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		t.Fatal(err)
	}
	return out.Stacks[0]
}

// settle waits until a stack is in none of the IN_PROGRESS states.
func settle(t *testing.T, c *cloudformation.Client, stack string) cfntypes.Stack {
	t.Helper()
	for range 10_000 {
		st := describe(t, c, stack)
		if s := string(st.StackStatus); len(s) < 12 || s[len(s)-12:] != "_IN_PROGRESS" {
			return st
		}
		time.Sleep(time.Second)
	}
	t.Fatalf("stack %s does not settle", stack)
	return cfntypes.Stack{}
}

func create(t *testing.T, c *cloudformation.Client, name, template string, edit ...func(*cloudformation.CreateStackInput)) string {
	t.Helper()
	in := &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &template}
	for _, f := range edit {
		f(in)
	}
	out, err := c.CreateStack(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *out.StackId
}
