package mainjob_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const (
	awsRegion  = "eu-west-1"
	awsAccount = "111122223333"
	// tasks is the desiredCount of everything here: moto's services have a
	// fixed number of running tasks.
	tasks = 2
)

// account is moto's simulated account, with the network that it requires.
type account struct {
	// moto is the address of moto itself, endpoint that of the bridge in front.
	moto, endpoint string
	elb            *elbv2.Client
	cfn            *cloudformation.Client

	Listener string   `json:"listener"`
	VPC      string   `json:"vpc"`
	Subnets  []string `json:"subnets"`
	Group    string   `json:"group"`
	// Secret is the ARN of one with the key password.
	Secret string `json:"secret"`
}

// openAccount starts moto and the bridge in front of it.
func openAccount(t *testing.T, images ...string) *account {
	t.Helper()
	py, address := python(t), freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	env := append(awsEnvironment("http://"+address),
		"MOTO_ACCOUNT_ID="+awsAccount, fmt.Sprintf("MOTO_ECS_SERVICE_RUNNING=%d", tasks))
	startProcess(t, env, py, "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
	await(t, address)
	a := &account{moto: "http://" + address}
	a.prepare(t, py, images)
	config := aws.Config{
		Region: awsRegion, BaseEndpoint: &a.moto,
		Credentials: credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
	}
	a.elb, a.cfn = elbv2.NewFromConfig(config), cloudformation.NewFromConfig(config)
	server := httptest.NewServer(newBridge(t, a.moto))
	t.Cleanup(server.Close)
	a.endpoint = server.URL
	return a
}

// prepare creates the network, the load balancer and the images, as the
// conformance suite does.
func (a *account) prepare(t *testing.T, py string, images []string) {
	t.Helper()
	dir, err := filepath.Abs("../suite")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(py, append([]string{"-m", "world", a.moto}, images...)...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, awsEnvironment(a.moto), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("prepare moto: %v", err)
	}
	if err := json.Unmarshal(out, a); err != nil {
		t.Fatal(err)
	}
}

// awsEnvironment makes an AWS SDK use one endpoint and nothing of this machine.
func awsEnvironment(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=" + awsRegion, "AWS_DEFAULT_REGION=" + awsRegion,
		"AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
	}
}

// actAsECS registers targets with each new target group until the test ends:
// moto's services register none. moto reports registered targets as healthy.
func (a *account) actAsECS(t *testing.T) {
	t.Helper()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		seen := map[string]bool{}
		for again := time.Tick(100 * time.Millisecond); t.Context().Err() == nil; {
			if err := a.register(t, seen); err != nil && t.Context().Err() == nil {
				t.Errorf("register targets: %v", err)
				return
			}
			select {
			case <-again:
			case <-t.Context().Done():
			}
		}
	}()
	t.Cleanup(func() { <-stopped })
}

func (a *account) register(t *testing.T, seen map[string]bool) error {
	groups, err := a.elb.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{})
	if err != nil {
		return err
	}
	for i := range groups.TargetGroups {
		g := &groups.TargetGroups[i]
		if seen[*g.TargetGroupArn] {
			continue
		}
		seen[*g.TargetGroupArn] = true
		var targets []elbtypes.TargetDescription
		for n := range tasks {
			targets = append(targets, elbtypes.TargetDescription{Id: aws.String(fmt.Sprintf("10.0.%d.%d", n, len(seen)+10)), Port: g.Port})
		}
		_, err := a.elb.RegisterTargets(t.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: g.TargetGroupArn, Targets: targets})
		gone := &elbtypes.TargetGroupNotFoundException{}
		if err != nil && !errors.As(err, &gone) {
			return err
		}
	}
	return nil
}

// rules lists the listener's rules of a priority.
func (a *account) rules(t *testing.T, priority string) []elbtypes.Rule {
	t.Helper()
	out, err := a.elb.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: &a.Listener})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(out.Rules, func(r elbtypes.Rule) bool { return aws.ToString(r.Priority) != priority })
}

// weights of the rule at a priority, the target groups by their names, such as
// "checkout-1-…=90 checkout-2-…=10" without the part that no two runs share.
func (a *account) weights(t *testing.T, priority string) string {
	t.Helper()
	var parts []string
	for _, r := range a.rules(t, priority) {
		for i := range r.Actions {
			if r.Actions[i].ForwardConfig == nil {
				continue
			}
			for _, g := range r.Actions[i].ForwardConfig.TargetGroups {
				name := strings.Split(*g.TargetGroupArn, "/")[1]
				parts = append(parts, fmt.Sprintf("%s=%d", name[:strings.LastIndex(name, "-")], aws.ToInt32(g.Weight)))
			}
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// stacks counts the stacks by status.
func (a *account) stacks(t *testing.T) map[cfntypes.StackStatus]int {
	t.Helper()
	out, err := a.cfn.ListStacks(t.Context(), &cloudformation.ListStacksInput{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[cfntypes.StackStatus]int{}
	for i := range out.StackSummaries {
		found[out.StackSummaries[i].StackStatus]++
	}
	return found
}
