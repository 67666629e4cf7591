package awssim

import (
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
	"github.com/viridian-dev/viridian/internal/awssim/ec2"
	"github.com/viridian-dev/viridian/internal/awssim/ecr"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
	"github.com/viridian-dev/viridian/internal/awssim/iam"
	"github.com/viridian-dev/viridian/internal/awssim/lambda"
	"github.com/viridian-dev/viridian/internal/awssim/logs"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
	"github.com/viridian-dev/viridian/internal/awssim/sfn"
	"github.com/viridian-dev/viridian/internal/awssim/ssm"
	"github.com/viridian-dev/viridian/internal/awssim/sts"
)

// Options describe a simulated account. Zero values are usable.
type Options struct {
	// Account is the 12-digit account ID. Default 111122223333.
	Account string
	// Region is the only region of the account. Default eu-west-1.
	Region string
	// Speed divides AWS's own delays. Default 1, as slow as AWS.
	Speed float64
	// Seed decides every choice.
	Seed uint64
	// ECRAutoCreate makes every tag exist that is looked for.
	ECRAutoCreate bool
	// AnyNetwork lets load balancers and target groups be in VPCs, subnets and
	// security groups that the account doesn't have.
	AnyNetwork bool
	// CloudFormation are CloudFormation's quotas and page size.
	CloudFormation cfn.Limits
	// LoadBalancing are Elastic Load Balancing's quotas and delays.
	LoadBalancing elb.Options
	// DataPlane says whether listeners and tasks are real local ports. Without
	// them, as in a synctest bubble, Route takes requests in process.
	DataPlane dataplane.Options
	// TaskClock is what the timestamps of ECS tasks are on. Default the
	// account's own clock.
	TaskClock func() time.Time
	// CloudWatch is the clock of metrics and alarms and how fast it turns.
	CloudWatch cloudwatch.Options
}

// Sim is a simulated AWS account in one region.
type Sim struct {
	// Faults is the plan of what goes wrong.
	Faults *Faults

	world     *core.World
	calls     *recorder
	endpoints map[string]endpoint

	cfn  *cfn.Service
	elb  *elb.Service
	ecs  *ecs.Service
	ecr  *ecr.Service
	ec2  *ec2.Service
	logs *logs.Service
	sts  *sts.Service
	iam  *iam.Service

	lambda  *lambda.Service
	sfn     *sfn.Service
	ssm     *ssm.Service
	secrets *secrets.Service

	plane       *dataplane.Plane
	cloudwatch  *cloudwatch.Service
	autoscaling *autoscaling.Service
}

// New returns an account with nothing but VPCs and roles. Close it in the end.
func New(o Options) *Sim {
	if o.Account == "" {
		o.Account = "111122223333"
	}
	if o.Region == "" {
		o.Region = "eu-west-1"
	}
	w := core.NewWorld(o.Account, o.Region, o.Speed, o.Seed)
	o.LoadBalancing.Subnets, o.LoadBalancing.SecurityGroups = ec2.ShopSubnets(), []string{ec2.ShopGroup}
	s := &Sim{
		Faults: newFaults(o.Seed), world: w, calls: &recorder{counts: map[string]int{}},
		endpoints: map[string]endpoint{},
		elb:       elb.New(w, o.LoadBalancing), ecr: ecr.New(w, o.ECRAutoCreate),
		logs: logs.New(w), sts: sts.New(w), iam: iam.New(w),
		lambda: lambda.New(w), sfn: sfn.New(w),
	}
	s.ec2 = ec2.New(w, func(groupID string) bool { return s.ecs.Attached(groupID) || s.elb.Attached(groupID) })
	if !o.AnyNetwork {
		s.elb.SetNetwork(s.ec2)
	}
	s.secrets = secrets.New(w, secrets.Options{Function: s.lambda.Exists})
	s.ssm = ssm.New(w, ssm.Options{Caller: s.caller, Secret: func(name, stage, versionID string) (is ssm.Secret, err error) {
		is.ARN, is.Created, is.Text, err = s.secrets.Version(name, stage, versionID)
		return is, err
	}})
	s.ecs = ecs.New(w, s.elb, ecs.Options{
		TagResolver: s.ecr.Tags, Network: s.ec2, Assumable: s.iam.Assumable, LogGroup: s.logs.Use, Clock: o.TaskClock,
		Parameter: s.ssm.Value, Secret: s.secrets.Value, Caller: s.caller,
	})
	s.plane = dataplane.New(w, s.elb, s.ecs, o.DataPlane)
	s.cloudwatch = cloudwatch.New(w, s.elb, s.ecs, o.CloudWatch)
	s.autoscaling = autoscaling.New(w, s.ecs, s.cloudwatch)
	s.cfn = cfn.New(w, o.CloudFormation, s.elb, s.ecs, s.ec2, s.logs, s.cloudwatch, s.autoscaling)
	for _, q := range []core.QueryService{s.cfn, s.elb, s.sts, s.iam} {
		s.endpoints[q.SigningName()] = queryEndpoint{q.Namespace(), q.Query()}
	}
	s.endpoints[s.ec2.SigningName()] = ec2Endpoint{queryEndpoint{s.ec2.Namespace(), s.ec2.Query()}}
	for _, j := range []core.JSONService{s.ecs, s.ecr, s.autoscaling, s.ssm, s.secrets} {
		s.endpoints[j.SigningName()] = jsonEndpoint{j.TargetPrefix(), j.JSON()}
	}
	s.endpoints[s.sfn.SigningName()] = json10Endpoint{jsonEndpoint{s.sfn.TargetPrefix(), s.sfn.JSON()}}
	s.endpoints[s.lambda.SigningName()] = restEndpoint{s.lambda}
	s.endpoints[s.cloudwatch.SigningName()] = cborEndpoint{newCodec(), s.cloudwatch}
	s.Do(func() {
		s.plane.OnOutcome(s.cloudwatch.Observe)
		s.cloudwatch.Start()
	})
	return s
}

// caller names who makes the call that is being handled.
func (s *Sim) caller() string { return s.sts.CallerARN(s.world.Caller) }

// Close stops everything; nothing happens in the account afterwards.
func (s *Sim) Close() {
	s.plane.Close()
	s.world.Close()
	s.lambda.Close()
}

// Do runs f with the account's lock held, so that what it reads is one moment.
func (s *Sim) Do(f func()) {
	s.world.Lock()
	defer s.world.Unlock()
	f()
}
