package autoscaling

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The types of policies.
const (
	stepScaling    = "StepScaling"
	targetTracking = "TargetTrackingScaling"
)

// policy is a scaling policy.
type policy struct {
	policyIn
	arn     string
	created time.Time
	// high and low are the names of the alarms of target tracking; "" is none.
	high, low string
}

type policyIn struct {
	resource
	PolicyName                               string
	PolicyType                               string
	StepScalingPolicyConfiguration           *stepConfiguration
	TargetTrackingScalingPolicyConfiguration *trackingConfiguration
}

type stepConfiguration struct {
	AdjustmentType         string
	StepAdjustments        []stepAdjustment
	MinAdjustmentMagnitude *int   `json:",omitempty"`
	Cooldown               *int   `json:",omitempty"`
	MetricAggregationType  string `json:",omitempty"`
}

type stepAdjustment struct {
	MetricIntervalLowerBound *float64 `json:",omitempty"`
	MetricIntervalUpperBound *float64 `json:",omitempty"`
	ScalingAdjustment        *int
}

type trackingConfiguration struct {
	TargetValue                   *float64
	PredefinedMetricSpecification *predefinedMetric `json:",omitempty"`
	CustomizedMetricSpecification *customizedMetric `json:",omitempty"`
	ScaleOutCooldown              *int              `json:",omitempty"`
	ScaleInCooldown               *int              `json:",omitempty"`
	DisableScaleIn                *bool             `json:",omitempty"`
}

type predefinedMetric struct {
	PredefinedMetricType string
	ResourceLabel        string `json:",omitempty"`
}

type customizedMetric struct {
	MetricName string
	Namespace  string
	Dimensions []cloudwatch.Dimension `json:",omitempty"`
	Statistic  string
	Unit       string `json:",omitempty"`
}

// defaultCooldown is that of ECS services, in seconds.
const defaultCooldown = 300

func cooldown(seconds *int) time.Duration {
	return time.Duration(*or(seconds, defaultCooldown)) * time.Second
}

type alarmOut struct {
	AlarmName string
	AlarmARN  string
}

// putScalingPolicy makes a policy or changes one.
func (s *Service) putScalingPolicy(in policyIn) (any, error) {
	t, err := s.registered(in.resource)
	if err != nil {
		return nil, err
	}
	if t.changing != nil {
		return nil, pending(t)
	}
	p, err := s.putPolicy(t, in)
	if err != nil {
		return nil, err
	}
	return struct {
		PolicyARN string
		Alarms    []alarmOut
	}{p.arn, s.alarmsOf(p)}, nil
}

func (s *Service) putPolicy(t *target, in policyIn) (*policy, error) {
	p := t.policy(in.PolicyName)
	if p != nil {
		in = in.over(p)
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if p == nil {
		if len(t.policies) >= maxPolicies {
			return nil, core.Errorf("LimitExceededException", "The limit of %d scaling policies has been reached for %s", maxPolicies, t.ResourceId)
		}
		p = &policy{created: s.world.Now(), arn: s.world.ARN("autoscaling",
			"scalingPolicy:"+s.world.UUID()+":resource/ecs/"+t.ResourceId+":policyName/"+in.PolicyName)}
		t.policies = append(t.policies, p)
	}
	p.policyIn = in
	if in.PolicyType == targetTracking {
		return p, s.track(p)
	}
	return p, nil
}

// over keeps of a policy what a change of it doesn't give.
func (in policyIn) over(p *policy) policyIn {
	if in.PolicyType == "" {
		in.PolicyType = p.PolicyType
	}
	if in.StepScalingPolicyConfiguration == nil {
		in.StepScalingPolicyConfiguration = p.StepScalingPolicyConfiguration
	}
	if in.TargetTrackingScalingPolicyConfiguration == nil {
		in.TargetTrackingScalingPolicyConfiguration = p.TargetTrackingScalingPolicyConfiguration
	}
	return in
}

func (t *target) policy(name string) *policy {
	for _, p := range t.policies {
		if p.PolicyName == name {
			return p
		}
	}
	return nil
}

func (in policyIn) check() error {
	if in.PolicyName == "" || len(in.PolicyName) > 256 {
		return invalidMember(in.PolicyName, "policyName", "Member must have length between 1 and 256, inclusive")
	}
	switch in.PolicyType {
	case "PredictiveScaling":
		return invalid("The policy type %s is not simulated", in.PolicyType)
	case targetTracking:
		if in.TargetTrackingScalingPolicyConfiguration == nil || in.StepScalingPolicyConfiguration != nil {
			return invalid("Exactly a TargetTrackingScalingPolicyConfiguration must be specified for policy type %s", in.PolicyType)
		}
		return in.TargetTrackingScalingPolicyConfiguration.check()
	case stepScaling, "":
		if in.StepScalingPolicyConfiguration == nil || in.TargetTrackingScalingPolicyConfiguration != nil {
			return invalid("Exactly a StepScalingPolicyConfiguration must be specified for policy type %s", stepScaling)
		}
		return in.StepScalingPolicyConfiguration.check()
	default:
		return invalidMember(in.PolicyType, "policyType", "Member must satisfy enum value set: [PredictiveScaling, StepScaling, TargetTrackingScaling]")
	}
}

// resourceLabel names a load balancer and a target group of it.
var resourceLabel = regexp.MustCompile(`^app/[^/]+/[0-9a-f]+/targetgroup/[^/]+/[0-9a-f]+$`)

func (c *trackingConfiguration) check() error {
	predefined, customized := c.PredefinedMetricSpecification, c.CustomizedMetricSpecification
	switch {
	case c.TargetValue == nil:
		return invalidMember("null", "targetTrackingScalingPolicyConfiguration.targetValue", "Member must not be null")
	case *c.TargetValue <= 0:
		return invalid("TargetValue must be greater than 0, not %v", *c.TargetValue)
	case (predefined == nil) == (customized == nil):
		return invalid("Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified")
	case negative(c.ScaleInCooldown), negative(c.ScaleOutCooldown):
		return invalid("A cooldown must not be negative")
	case customized != nil:
		return customized.check()
	default:
		return predefined.check()
	}
}

func (m *customizedMetric) check() error {
	if m.MetricName == "" || m.Namespace == "" || m.Statistic == "" {
		return invalid("MetricName, Namespace and Statistic of CustomizedMetricSpecification are required; metric math is not simulated")
	}
	return nil
}

func (m *predefinedMetric) check() error {
	switch kind, label := m.PredefinedMetricType, m.ResourceLabel; {
	case predefinedMetrics[kind] == "" && kind != requestsPerTarget:
		return invalid("The metric type %s is not simulated or not known for %s", kind, namespace)
	case kind == requestsPerTarget && !resourceLabel.MatchString(label):
		return invalid("The resource label '%s' must have the form app/<load-balancer-name>/<load-balancer-id>/targetgroup/<target-group-name>/<target-group-id>", label)
	case kind != requestsPerTarget && label != "":
		return invalid("ResourceLabel can't be specified with the metric type %s", kind)
	}
	return nil
}

func negative(n *int) bool { return n != nil && *n < 0 }

type deletePolicyIn struct {
	resource
	PolicyName string
}

// deleteScalingPolicy deletes a policy. The alarms that a step policy is invoked by
// stay, without that action.
func (s *Service) deleteScalingPolicy(in deletePolicyIn) (any, error) {
	if _, _, err := in.parse(); err != nil {
		return nil, err
	}
	t := s.find(in.ResourceId)
	if t == nil || t.policy(in.PolicyName) == nil {
		return nil, notFound("No scaling policy found for %s, policy name: %s", in.resource, in.PolicyName)
	}
	if t.changing != nil {
		return nil, pending(t)
	}
	s.removePolicy(t, t.policy(in.PolicyName))
	return struct{}{}, nil
}

func (s *Service) removePolicy(t *target, p *policy) {
	s.dropAlarms(p)
	t.policies = slices.DeleteFunc(t.policies, func(o *policy) bool { return o == p })
}

type describePoliciesIn struct {
	listing
	ResourceId  string
	PolicyNames []string
}

type policyOut struct {
	resource
	PolicyARN                                string
	PolicyName                               string
	PolicyType                               string
	StepScalingPolicyConfiguration           *stepConfiguration     `json:",omitempty"`
	TargetTrackingScalingPolicyConfiguration *trackingConfiguration `json:",omitempty"`
	Alarms                                   []alarmOut
	CreationTime                             core.Epoch
}

func (s *Service) describeScalingPolicies(in describePoliciesIn) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := checkIDs(in.PolicyNames, "policyNames"); err != nil {
		return nil, err
	}
	var all []policyOut
	for _, t := range s.targets {
		for _, p := range t.policies {
			if in.ResourceId != "" && in.ResourceId != t.ResourceId || len(in.PolicyNames) > 0 && !slices.Contains(in.PolicyNames, p.PolicyName) {
				continue
			}
			all = append(all, policyOut{
				resource: t.resource, PolicyARN: p.arn, PolicyName: p.PolicyName, PolicyType: p.kind(),
				StepScalingPolicyConfiguration: p.StepScalingPolicyConfiguration, Alarms: s.alarmsOf(p),
				TargetTrackingScalingPolicyConfiguration: p.TargetTrackingScalingPolicyConfiguration, CreationTime: core.Stamp(p.created),
			})
		}
	}
	items, next, err := page(in.listing, all)
	if err != nil {
		return nil, err
	}
	return struct {
		ScalingPolicies []policyOut
		NextToken       string `json:",omitempty"`
	}{items, next}, nil
}

// kind is the type of the policy, which is that of steps unless it says otherwise.
func (p *policy) kind() string {
	if p.PolicyType == "" {
		return stepScaling
	}
	return p.PolicyType
}

// alarmsOf lists the alarms that invoke a policy.
func (s *Service) alarmsOf(p *policy) []alarmOut {
	alarms := []alarmOut{}
	for _, name := range s.alarms.Invoking(p.arn) {
		alarms = append(alarms, alarmOut{name, s.alarms.AlarmARN(name)})
	}
	return alarms
}

// invoked is told when an alarm invokes a policy.
func (s *Service) invoked(a cloudwatch.Action) {
	for _, t := range s.targets {
		for _, p := range t.policies {
			if p.arn != a.Policy {
				continue
			}
			if p.kind() == targetTracking {
				s.tracked(t, p, a)
			} else {
				s.stepped(t, p, a)
			}
			return
		}
	}
}

// causedBy are AWS's words for why a policy did something.
func causedBy(alarm string, p *policy) string {
	return strings.Join([]string{"monitor alarm", alarm, "in state ALARM triggered policy", p.PolicyName}, " ")
}
