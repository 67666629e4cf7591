package simulation

import (
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/awssim/ecr"
	"github.com/viridian-dev/viridian/internal/template"
)

// others are people with access to the account.
type others struct {
	w   *world
	elb *elb.Client
	cfn *cloudformation.Client
	ecs *ecs.Client
	sm  *secretsmanager.Client

	listener string
	group    string
	// adopted are the rules that existed before, by application.
	adopted map[int]string
	// legacy are the target groups to which they forwarded.
	legacy map[int]string
	// tags of images by digest.
	tags map[string]string
	// taken are the rules that block deployments.
	taken []string
	// edited counts what was edited in production rules, by application.
	edited map[int]time.Time
	// secrets are the ARNs of secrets by their names, values those of parameters by
	// application, changes how often what it refers to has changed, and missing what is
	// deleted, since goneSince.
	secrets   map[string]string
	values    map[int]string
	changes   map[int]int
	missing   map[string]bool
	goneSince map[string]time.Time
}

func newOthers(w *world) *others {
	cfg := aws.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAOTHERS", "theirs", ""),
		HTTPClient: &http.Client{Transport: w.sim.Transport()}, RetryMaxAttempts: 1,
	}
	return &others{w: w, elb: elb.NewFromConfig(cfg), cfn: cloudformation.NewFromConfig(cfg), ecs: ecs.NewFromConfig(cfg), sm: secretsmanager.NewFromConfig(cfg),
		secrets: map[string]string{}, values: map[int]string{}, changes: map[int]int{}, missing: map[string]bool{}, goneSince: map[string]time.Time{},
		adopted: map[int]string{}, legacy: map[int]string{}, tags: map[string]string{}, edited: map[int]time.Time{}}
}

// must panics on an error: calls of others always succeed.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// settle creates what exists before Viridian.
func (o *others) settle() {
	must(o.w.sim.CreateCluster("shop"))
	var err error
	o.listener, err = o.w.sim.CreateListener("shop", 80)
	must(err)
	o.push()
	o.group = o.makeGroup("theirs")
	o.makeRule(200, o.group)
	o.serve("theirs", o.group) // else it couldn't take the requests of a rule that was edited
	_, err = o.cfn.CreateStack(nobody, &cloudformation.CreateStackInput{
		StackName: aws.String("theirs"), TemplateBody: aws.String(`{"Resources":{"Logs":{"Type":"AWS::Logs::LogGroup"}}}`),
	})
	must(err)
	for i, a := range o.w.plan.Apps {
		o.alarm(i, "OK")
		o.w.gates.settle(i)
		o.provide(i)
		if a.Metric && a.Rule != ruleNone {
			o.load(i)
		}
		if a.Taken && a.Rule == ruleManaged {
			o.taken = append(o.taken, o.makeRule(int32(100+i), o.group))
		}
		if a.Rule == ruleAdopted {
			o.legacy[i] = o.makeGroup("legacy-" + a.Name)
			o.adopted[i] = o.makeRule(adoptedPriority(i), o.legacy[i])
			o.serve("legacy-"+a.Name, o.legacy[i])
		}
	}
}

// serve runs a service behind a target group.
func (o *others) serve(name, group string) {
	out, err := o.ecs.RegisterTaskDefinition(nobody, &ecs.RegisterTaskDefinitionInput{
		Family: &name, NetworkMode: ecstypes.NetworkModeAwsvpc, RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		Cpu: aws.String("256"), Memory: aws.String("512"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("app"), Image: aws.String(image("1")), PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(8080)}},
		}},
		ExecutionRoleArn: aws.String("arn:aws:iam::111122223333:role/ecs-execution"),
	})
	must(err)
	_, err = o.ecs.CreateService(nobody, &ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: &name, TaskDefinition: out.TaskDefinition.TaskDefinitionArn, DesiredCount: aws.Int32(2),
		LaunchType: ecstypes.LaunchTypeFargate, LoadBalancers: []ecstypes.LoadBalancer{{
			TargetGroupArn: &group, ContainerName: aws.String("app"), ContainerPort: aws.Int32(8080),
		}},
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{"subnet-0a1b2c3d4e5f60711"}}},
	})
	must(err)
}

func (o *others) makeGroup(name string) string {
	out, err := o.elb.CreateTargetGroup(nobody, &elb.CreateTargetGroupInput{
		Name: &name, Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp,
		TargetType: elbtypes.TargetTypeEnumIp, VpcId: aws.String("vpc-0a1b2c3d4e5f60718"),
	})
	must(err)
	return aws.ToString(out.TargetGroups[0].TargetGroupArn)
}

// hostOf a rule of others, and the priority and host of one to be adopted.
func hostOf(priority int32) string  { return fmt.Sprintf("host-%d.example.com", priority) }
func adoptedPriority(app int) int32 { return int32(300 + app) }
func adoptedHost(app int) string    { return hostOf(adoptedPriority(app)) }

func (o *others) makeRule(priority int32, group string) string {
	out, err := o.elb.CreateRule(nobody, &elb.CreateRuleInput{
		ListenerArn: &o.listener, Priority: &priority,
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group}},
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), Values: []string{hostOf(priority)}}},
	})
	must(err)
	return aws.ToString(out.Rules[0].RuleArn)
}

// meddle changes what belongs to Viridian, if it exists.
func (o *others) meddle(f fault) {
	uid := o.w.users.uid(f.App)
	if uid == "" {
		return
	}
	t := o.w.observer.truth()
	switch f.Kind { //nolint:exhaustive // the others aren't made by people
	case faultScan:
		must(o.w.sim.SetScan("checkout", f.Tag, ecr.Scan{PendingFor: f.For}))
	case faultEmpty:
		scan := scanOf(f.Tag)
		scan.Enhanced, scan.EmptyFor = true, f.For
		must(o.w.sim.SetScan("checkout", f.Tag, scan))
	case faultTasks:
		o.stopTasks(t, uid)
	case faultRule:
		o.editRule(t, f.App, uid)
	case faultRuleGone:
		if r := t.production(uid); r != nil && o.adopted[f.App] == "" {
			o.edited[f.App] = time.Now()
			_, err := o.elb.DeleteRule(nobody, &elb.DeleteRuleInput{RuleArn: &r.arn})
			must(err)
		}
	case faultPreview:
		for _, r := range t.rules {
			if r.preview == uid {
				o.w.observer.meddled(uid)
				_, err := o.elb.DeleteRule(nobody, &elb.DeleteRuleInput{RuleArn: aws.String(r.arn)})
				must(err)
				return
			}
		}
	case faultName:
		o.takeName(f.App, uid)
	case faultScale:
		for _, s := range t.services {
			if s.uid == uid {
				_, err := o.ecs.UpdateService(nobody, &ecs.UpdateServiceInput{Cluster: &s.cluster, Service: &s.name, DesiredCount: aws.Int32(int32(o.w.dice.IntN(6)))})
				if err != nil {
					o.w.log.tell("others", "can't scale %s: %v", s.name, err) // it is being deleted
				}
				return
			}
		}
	case faultStack:
		for _, s := range t.stacks {
			if s.uid == uid && s.status == "CREATE_COMPLETE" {
				o.w.observer.meddled(uid)
				o.w.observer.exempt(s.id)
				_, err := o.cfn.DeleteStack(nobody, &cloudformation.DeleteStackInput{StackName: &s.id})
				if err != nil {
					o.w.log.tell("others", "can't delete %s: %v", s.name, err)
				}
				return
			}
		}
	}
	o.w.observer.look()
}

// giveWay removes what blocks deployments.
func (o *others) giveWay() {
	for _, arn := range o.taken {
		_, err := o.elb.DeleteRule(nobody, &elb.DeleteRuleInput{RuleArn: &arn})
		must(err)
	}
	o.taken = nil
	o.heal()
	o.w.sim.SetMetricsLate(0)
	for i := range o.w.plan.Apps {
		o.alarm(i, "OK")
		o.doubt(i, "")
	}
	for _, s := range o.w.observer.truth().stacks {
		if s.uid == "" && s.name != "theirs" {
			_, err := o.cfn.DeleteStack(nobody, &cloudformation.DeleteStackInput{StackName: &s.id})
			must(err)
		}
	}
}

// takeName creates a stack with the name that a deployment's next one would
// have.
func (o *others) takeName(app int, uid string) {
	imd := o.w.users.get(app)
	name := template.StackName(imd.Namespace, imd.Name, uid, imd.Status.LatestRevision+1)
	_, err := o.cfn.CreateStack(nobody, &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: aws.String(`{"Resources":{"Logs":{"Type":"AWS::Logs::LogGroup"}}}`),
	})
	if err != nil {
		o.w.log.tell("others", "can't take the name %s: %v", name, err)
		return
	}
	o.w.observer.look()
	o.w.observer.foreign = o.w.observer.belongings()
}

// alarm sets the state of an application's alarm.
func (o *others) alarm(app int, state string) {
	a := o.w.plan.Apps[app]
	must(o.w.sim.SetAlarm(a.Name+"-5xx", state, "as the plan has it", cloudwatch.AlarmShape{Log: a.OnLogs}))
}

// doubt says what is wrong with the state of an application's alarm.
func (o *others) doubt(app int, evaluation string) {
	must(o.w.sim.SetAlarmEvaluation(o.w.plan.Apps[app].Name+"-5xx", evaluation))
}

// stopTasks stops some tasks of an application.
func (o *others) stopTasks(t *truth, uid string) {
	for _, s := range t.services {
		if s.uid != uid {
			continue
		}
		for _, task := range o.tasks(s) {
			if o.w.dice.chance(0.7) {
				o.stopTask(s, task)
			}
		}
	}
}

// stopOne stops one task of a revision.
func (o *others) stopOne(app int, revision string) {
	uid := o.w.users.uid(app)
	for _, s := range o.w.observer.truth().services {
		if s.uid == uid && s.revision == revision {
			o.stopTask(s, o.tasks(s)[0])
		}
	}
}

// tasks of a service.
func (o *others) tasks(s serviceTruth) []string {
	out, err := o.ecs.ListTasks(nobody, &ecs.ListTasksInput{Cluster: &s.cluster, ServiceName: &s.name})
	must(err)
	return out.TaskArns
}

func (o *others) stopTask(s serviceTruth, task string) {
	_, err := o.ecs.StopTask(nobody, &ecs.StopTaskInput{Cluster: &s.cluster, Task: &task})
	must(err)
}

// restore makes a rule that is to be adopted forward as in the beginning.
func (o *others) restore(app int) {
	arn, group := o.adopted[app], o.legacy[app]
	_, err := o.elb.ModifyRule(nobody, &elb.ModifyRuleInput{RuleArn: &arn, Actions: []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group,
	}}})
	must(err)
	o.w.observer.look()
}

// editRule changes how a production rule routes.
func (o *others) editRule(t *truth, app int, uid string) {
	r := t.production(uid)
	if r == nil {
		return
	}
	groups := []elbtypes.TargetGroupTuple{{TargetGroupArn: &o.group, Weight: aws.Int32(int32(1 + o.w.dice.IntN(5)))}}
	for _, x := range r.targets {
		if x.group != o.group && o.w.dice.chance(0.5) {
			groups = append(groups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(x.group), Weight: aws.Int32(int32(o.w.dice.IntN(3)))})
		}
	}
	o.edited[app] = time.Now()
	_, err := o.elb.ModifyRule(nobody, &elb.ModifyRuleInput{RuleArn: &r.arn, Actions: []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: groups},
	}}})
	must(err)
}
