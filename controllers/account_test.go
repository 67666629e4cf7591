package controllers_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	scalingsdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	simelb "github.com/viridian-dev/viridian/internal/awssim/elb"
)

// others are people with access to the account.
type others struct {
	elb *elb.Client
	cfn *cloudformation.Client
	ecs *ecs.Client

	scaling *scalingsdk.Client

	ssm     *ssm.Client
	secrets *secretsmanager.Client
}

func newOthers(w *world) others {
	cfg := aws.Config{
		Region:           "eu-west-1",
		Credentials:      credentials.NewStaticCredentialsProvider("AKIDOTHERS", "secret", ""),
		HTTPClient:       &http.Client{Transport: w.sim.Transport()},
		RetryMaxAttempts: 1,
	}
	return others{elb.NewFromConfig(cfg), cloudformation.NewFromConfig(cfg), ecs.NewFromConfig(cfg), scalingsdk.NewFromConfig(cfg),
		ssm.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)}
}

// belongings is what others have in the account: all of it at one moment.
type belongings struct {
	// group is a target group of theirs, which a rule of theirs forwards to.
	group string
	all   []string
}

// settle makes a stack, a target group and a rule of others.
func (o others) settle(w *world) belongings {
	w.t.Helper()
	group := o.makeGroup(w, "theirs")
	o.makeRule(w, w.listener, "200", forward(group))
	_, err := o.cfn.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName: aws.String("theirs"), TemplateBody: aws.String(`{"Resources":{"Logs":{"Type":"AWS::Logs::LogGroup"}}}`),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Eventually(func() string { return w.sim.Stacks()[0].Status }).Should(gomega.Equal("CREATE_COMPLETE"))
	return belongings{group: group, all: inventory(w.sim.Snapshot(), false)}
}

// untouched checks that others still have what they had.
func (b belongings) untouched(w *world) {
	w.t.Helper()
	if diff := gocmp.Diff(b.all, inventory(w.sim.Snapshot(), false)); diff != "" {
		w.t.Errorf("What belongs to others changed (-before +after):\n%s", diff)
	}
}

// inventory lists what there is in an account: what Viridian made, or else
// what others made.
func inventory(snap awssim.Snapshot, ours bool) []string {
	var out []string
	note := func(tags map[string]string, kind, name string, detail any) {
		if (tags[v1alpha1.TagUID] != "") == ours {
			out = append(out, fmt.Sprint(kind, " ", name, " ", detail))
		}
	}
	for _, s := range snap.Stacks {
		if s.Status != "DELETE_COMPLETE" {
			note(s.Tags, "stack", s.Name, s.Status)
		}
	}
	for _, r := range snap.Rules {
		targets := targetsOf(r)
		if len(targets) == 1 {
			targets[0].weight = 100 // all requests, whatever it was
		}
		note(r.Tags, "rule", r.Priority, targets)
	}
	for _, g := range snap.TargetGroups {
		note(g.Tags, "target group", g.Name, len(g.Targets))
	}
	for _, s := range snap.Services {
		note(s.Tags, "service", s.Name, s.Desired)
	}
	for _, g := range snap.SecurityGroups {
		note(g.Tags, "security group", g.Name, g.ID)
	}
	for _, name := range snap.LogGroups {
		if strings.Contains(name, "viridian-") == ours {
			out = append(out, "log group "+name)
		}
	}
	slices.Sort(out)
	return out
}

// nothingLeft checks that the account holds nothing of Viridian's any more.
func (w *world) nothingLeft() {
	w.t.Helper()
	w.Expect(inventory(w.sim.Snapshot(), true)).To(gomega.BeEmpty())
}

// makeGroup makes a target group.
func (o others) makeGroup(w *world, name string) (arn string) {
	w.t.Helper()
	out, err := o.elb.CreateTargetGroup(w.ctx, &elb.CreateTargetGroupInput{
		Name: aws.String(name), Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp,
		TargetType: elbtypes.TargetTypeEnumIp, VpcId: aws.String("vpc-0a1b2c3d4e5f60718"),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return aws.ToString(out.TargetGroups[0].TargetGroupArn)
}

// forward is an action that forwards to one target group.
func forward(group string) elbtypes.Action {
	return elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String(group)}
}

// makeRule makes a listener rule for a host of its own.
func (o others) makeRule(w *world, listener, priority string, actions ...elbtypes.Action) (arn string) {
	w.t.Helper()
	number := int32(0)
	_, err := fmt.Sscan(priority, &number)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	out, err := o.elb.CreateRule(w.ctx, &elb.CreateRuleInput{
		ListenerArn: aws.String(listener), Priority: aws.Int32(number), Actions: actions,
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), Values: []string{"host-" + priority + ".example.com"}}},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return aws.ToString(out.Rules[0].RuleArn)
}

// setRoute changes where a rule forwards to, by hand.
func (o others) setRoute(w *world, rule string, weights map[string]int32) {
	w.t.Helper()
	var groups []elbtypes.TargetGroupTuple
	for arn, weight := range weights {
		groups = append(groups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)})
	}
	_, err := o.elb.ModifyRule(w.ctx, &elb.ModifyRuleInput{RuleArn: aws.String(rule), Actions: []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: groups},
	}}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// spoil makes all targets of a group unhealthy.
func (o others) spoil(w *world, group string) {
	w.t.Helper()
	_, err := o.elb.ModifyTargetGroup(w.ctx, &elb.ModifyTargetGroupInput{
		TargetGroupArn: aws.String(group), Matcher: &elbtypes.Matcher{HttpCode: aws.String("299")},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// production is the production rule as the account knows it.
func (w *world) production() (simelb.RuleTruth, bool) {
	rules := w.sim.Snapshot().Rules
	i := slices.IndexFunc(rules, func(r simelb.RuleTruth) bool { return r.Priority == "100" })
	if i < 0 {
		return simelb.RuleTruth{}, false
	}
	return rules[i], true
}

// route writes where the production rule forwards to, as "1:90 2:10".
func (w *world) route() string {
	rule, ok := w.production()
	if !ok {
		return "nowhere"
	}
	names := map[string]string{}
	for _, group := range w.sim.Snapshot().TargetGroups {
		names[group.ARN] = cmp.Or(group.Tags[v1alpha1.TagRevision], group.Name)
	}
	var parts []string
	for _, t := range targetsOf(rule) {
		parts = append(parts, fmt.Sprintf("%s:%d", names[t.group], t.weight))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// share is a target group and its weight.
type share struct {
	group  string
	weight int
}

// targetsOf reads a rule's forward action.
func targetsOf(rule simelb.RuleTruth) []share {
	var out []share
	for _, action := range rule.Actions {
		if action.ForwardConfig == nil {
			continue
		}
		for _, tuple := range action.ForwardConfig.TargetGroups {
			weight := 1
			if tuple.Weight != nil {
				weight = *tuple.Weight
			}
			out = append(out, share{tuple.TargetGroupArn, weight})
		}
	}
	return out
}

// stacksOf counts the stacks that ever existed for a revision, by status.
func (w *world) stacksOf(revision string) []string {
	var out []string
	for _, s := range w.sim.Stacks() {
		if s.Tags[v1alpha1.TagRevision] == revision {
			out = append(out, s.Status)
		}
	}
	return out
}
