package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
	"github.com/viridian-dev/viridian/internal/awssim/lambda"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
)

const (
	region = "eu-west-1"
	// simSpeed is how much faster than AWS the simulated one is. A minute of
	// CloudWatch's metrics is shorter by the same factor, and must be a period
	// that CloudWatch supports.
	simSpeed = 12
	// clusterName is the ECS cluster of the sample.
	clusterName = "shop"
	// functionName is the Lambda function that is used as the sample's gate
	// here. The manager's policy allows names with this prefix.
	functionName = "viridian-smoke-test"
	functionARN  = "arn:aws:lambda:" + region + ":111122223333:function:" + functionName
	// managerKey and ownKey are access keys that distinguish the manager's
	// calls from our own.
	managerKey = "AKIAMANAGER"
	ownKey     = "AKIADEMO"
)

// account is the simulated AWS account, its API and its load balancer on local
// ports.
type account struct {
	sim    *awssim.Sim
	server *http.Server
	// endpoint of the API, listenerARN of the load balancer's listener and
	// listenerURL where it takes requests.
	endpoint, listenerARN, listenerURL string

	config aws.Config
}

// openAccount creates an account with what the sample expects to exist: a load
// balancer with a listener, an ECS cluster, a secret, and a Lambda function.
func openAccount() (*account, error) {
	a := &account{sim: awssim.New(awssim.Options{
		Region: region, Speed: simSpeed, ECRAutoCreate: true,
		DataPlane: dataplane.Options{Sockets: true},
	})}
	if err := a.open(); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *account) open() (err error) {
	if a.listenerARN, err = a.sim.CreateListener("shop", 80); err != nil {
		return fmt.Errorf("create the listener: %w", err)
	}
	if a.listenerURL, err = a.sim.ListenerURL(a.listenerARN); err != nil {
		return fmt.Errorf("port of the listener: %w", err)
	}
	if err = a.sim.CreateCluster(clusterName); err != nil {
		return fmt.Errorf("create the ECS cluster: %w", err)
	}
	secret := secrets.Secret{Name: "checkout/db", Suffix: "AbCdEf", Value: `{"password":"demonstration"}`}
	if _, err = a.sim.CreateSecret(secret); err != nil {
		return fmt.Errorf("make the secret: %w", err)
	}
	test := lambda.Function{Duration: time.Second, Timeout: time.Minute, Handler: smokeTest(a.listenerURL)}
	if err = a.sim.RegisterFunction(functionName, test); err != nil {
		return fmt.Errorf("make the Lambda function: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // local and immediate
	if err != nil {
		return fmt.Errorf("port of the simulated AWS: %w", err)
	}
	a.endpoint = "http://" + listener.Addr().String()
	a.server = &http.Server{Handler: a.sim, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = a.server.Serve(listener) }() // returns once it is closed
	a.config = aws.Config{
		Region:       region,
		BaseEndpoint: &a.endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider(ownKey, "secret", ""),
	}
	return nil
}

func (a *account) close() {
	if a.server != nil {
		_ = a.server.Close() // it only closes connections
	}
	a.sim.Close()
}

// environment makes the AWS SDK of a process use this account.
func (a *account) environment(accessKey string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + a.endpoint, "AWS_REGION=" + region,
		"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// managerCalls counts the manager's calls since a time, by operation.
func (a *account) managerCalls(since time.Time) map[string]int {
	counts := map[string]int{}
	for _, call := range a.sim.Calls() {
		if call.AccessKeyID == managerKey && call.At.After(since) {
			counts[call.Operation()]++
		}
	}
	return counts
}

// leftovers lists everything in the account that didn't exist at first, as
// AWS's own APIs return it.
func (a *account) leftovers(ctx context.Context) ([]string, error) {
	var all []string
	for _, list := range []func(context.Context) ([]string, error){
		a.stacks, a.targetGroups, a.rules, a.services,
	} {
		some, err := list(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// stacks lists the stacks that are not deleted.
func (a *account) stacks(ctx context.Context) ([]string, error) {
	var names []string
	pages := cloudformation.NewListStacksPaginator(cloudformation.NewFromConfig(a.config), &cloudformation.ListStacksInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list stacks: %w", err)
		}
		for i := range page.StackSummaries {
			if s := &page.StackSummaries[i]; s.StackStatus != cfntypes.StackStatusDeleteComplete {
				names = append(names, fmt.Sprintf("stack %s (%s)", *s.StackName, s.StackStatus))
			}
		}
	}
	return names, nil
}

func (a *account) targetGroups(ctx context.Context) ([]string, error) {
	out, err := elbv2.NewFromConfig(a.config).DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{})
	if err != nil {
		return nil, fmt.Errorf("describe target groups: %w", err)
	}
	var names []string
	for i := range out.TargetGroups {
		names = append(names, "target group "+*out.TargetGroups[i].TargetGroupName)
	}
	return names, nil
}

func (a *account) rules(ctx context.Context) ([]string, error) {
	out, err := elbv2.NewFromConfig(a.config).DescribeRules(ctx, &elbv2.DescribeRulesInput{ListenerArn: &a.listenerARN})
	if err != nil {
		return nil, fmt.Errorf("describe rules: %w", err)
	}
	var names []string
	for i := range out.Rules {
		if r := &out.Rules[i]; !aws.ToBool(r.IsDefault) {
			names = append(names, "rule "+*r.RuleArn)
		}
	}
	return names, nil
}

func (a *account) services(ctx context.Context) ([]string, error) {
	cluster := clusterName
	out, err := ecs.NewFromConfig(a.config).ListServices(ctx, &ecs.ListServicesInput{Cluster: &cluster})
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	var names []string
	for _, arn := range out.ServiceArns {
		names = append(names, "service "+arn)
	}
	return names, nil
}

// stackID looks up a stack's ID by its name.
func (a *account) stackID(ctx context.Context, name string) (string, error) {
	out, err := cloudformation.NewFromConfig(a.config).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return "", fmt.Errorf("describe stack %s: %w", name, err)
	}
	if len(out.Stacks) != 1 {
		return "", errors.New("describe stack " + name + ": not one stack")
	}
	return *out.Stacks[0].StackId, nil
}
