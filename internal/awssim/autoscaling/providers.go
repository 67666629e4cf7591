package autoscaling

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Providers implements core.ProviderSet.
func (s *Service) Providers() []core.Provider {
	return []core.Provider{targetProvider{s}, policyProvider{s}}
}

// handlerError adds to a refusal what the resource handlers tell of the call.
func (s *Service) handlerError(err error) error {
	refused, ok := errors.AsType[*core.APIError](err)
	if !ok {
		return err
	}
	return &core.APIError{Status: refused.Status, Code: refused.Code, Message: fmt.Sprintf(
		"%s (Service: ApplicationAutoScaling, Status Code: %d, Request ID: %s)", refused.Message, refused.Status, s.world.UUID())}
}

var number = core.Schema{Kind: core.KindNumber}

func targetSchema() core.Schema {
	text, whole, flag := core.String(), core.Int(), core.Bool()
	return core.Object(map[string]core.Schema{
		"MaxCapacity": core.Must(whole), "MinCapacity": core.Must(whole), "ResourceId": core.Must(text), "RoleARN": text,
		"ScalableDimension": core.Must(text), "ServiceNamespace": core.Must(text),
		"ScheduledActions": core.ListOf(core.Object(map[string]core.Schema{
			"ScheduledActionName": core.Must(text), "Schedule": core.Must(text), "Timezone": text, "StartTime": text, "EndTime": text,
			"ScalableTargetAction": core.Object(map[string]core.Schema{"MinCapacity": whole, "MaxCapacity": whole}),
		})),
		"SuspendedState": core.Object(map[string]core.Schema{
			"DynamicScalingInSuspended": flag, "DynamicScalingOutSuspended": flag, "ScheduledScalingSuspended": flag,
		}),
	})
}

// targetProvider is the resource type of scalable targets. Its physical ID is
// "service/<cluster>/<service>|ecs:service:DesiredCount|ecs".
type targetProvider struct{ s *Service }

// Type implements core.Provider.
func (p targetProvider) Type() string { return "AWS::ApplicationAutoScaling::ScalableTarget" }

// Validate implements core.Provider.
func (p targetProvider) Validate(properties map[string]any) error {
	return targetSchema().Validate(properties)
}

type targetProperties struct {
	registerIn
	ScheduledActions []scheduledProperties
}

type scheduledProperties struct {
	ScheduledActionName  string
	Schedule             string
	Timezone             string
	StartTime, EndTime   string
	ScalableTargetAction *targetAction
}

// Create implements core.Provider.
func (p targetProvider) Create(_ core.StackRef, properties map[string]any, done func(core.Created, error)) {
	created, err := p.create(properties)
	done(created, p.s.handlerError(err))
}

func (p targetProvider) create(properties map[string]any) (core.Created, error) {
	var in targetProperties
	if err := core.DecodeProperties(properties, &in); err != nil {
		return core.Created{}, err
	}
	cluster, service, err := in.parse()
	if err != nil {
		return core.Created{}, err
	}
	if p.s.find(in.ResourceId) != nil {
		return core.Created{}, core.Errorf("AlreadyExists", "Resource of type '%s' with identifier '%s' already exists.", p.Type(), physicalID(in.resource))
	}
	t, err := p.s.register(in.registerIn, cluster, service)
	if err != nil {
		return core.Created{}, err
	}
	created := core.Created{PhysicalID: physicalID(in.resource), Attributes: map[string]any{"Id": physicalID(in.resource)}}
	for _, a := range in.ScheduledActions {
		from, err := parseTime(a.StartTime)
		if err != nil {
			return created, err
		}
		until, err := parseTime(a.EndTime)
		if err != nil {
			return created, err
		}
		err = p.s.putSchedule(t, scheduleIn{
			resource: in.resource, ScheduledActionName: a.ScheduledActionName, Schedule: a.Schedule, Timezone: a.Timezone,
			StartTime: from, EndTime: until, ScalableTargetAction: a.ScalableTargetAction,
		})
		if err != nil {
			return created, err
		}
	}
	return created, nil
}

func parseTime(text string) (*core.Epoch, error) {
	if text == "" {
		return nil, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, invalid("The time %s is not valid", text)
	}
	return core.StampOrNil(t), nil
}

func physicalID(r resource) string {
	return strings.Join([]string{r.ResourceId, r.ScalableDimension, r.ServiceNamespace}, "|")
}

func fromPhysicalID(id string) resource {
	parts := append(strings.Split(id, "|"), "", "")
	return resource{ResourceId: parts[0], ScalableDimension: parts[1], ServiceNamespace: parts[2]}
}

// Delete implements core.Provider.
func (p targetProvider) Delete(_ core.StackRef, id string, done func(error)) {
	if t := p.s.find(fromPhysicalID(id).ResourceId); t != nil {
		p.s.remove(t)
	}
	done(nil)
}

func policySchema() core.Schema {
	text, whole, flag := core.String(), core.Int(), core.Bool()
	return core.Object(map[string]core.Schema{
		"PolicyName": core.Must(text), "PolicyType": core.Must(core.String("PredictiveScaling", stepScaling, targetTracking)),
		"ScalingTargetId": text, "ResourceId": text, "ScalableDimension": text, "ServiceNamespace": text,
		"StepScalingPolicyConfiguration": core.Object(map[string]core.Schema{
			"AdjustmentType": text, "Cooldown": whole, "MetricAggregationType": text, "MinAdjustmentMagnitude": whole,
			"StepAdjustments": core.ListOf(core.Object(map[string]core.Schema{
				"MetricIntervalLowerBound": number, "MetricIntervalUpperBound": number, "ScalingAdjustment": core.Must(whole),
			})),
		}),
		"TargetTrackingScalingPolicyConfiguration": core.Object(map[string]core.Schema{
			"TargetValue": core.Must(number), "DisableScaleIn": flag, "ScaleInCooldown": whole, "ScaleOutCooldown": whole,
			"PredefinedMetricSpecification": core.Object(map[string]core.Schema{"PredefinedMetricType": core.Must(text), "ResourceLabel": text}),
			"CustomizedMetricSpecification": core.Object(map[string]core.Schema{
				"MetricName": text, "Namespace": text, "Statistic": text, "Unit": text,
				"Dimensions": core.ListOf(core.Object(map[string]core.Schema{"Name": core.Must(text), "Value": core.Must(text)})),
			}).With("Metrics"),
		}),
	}).With("PredictiveScalingPolicyConfiguration")
}

// policyProvider is the resource type of scaling policies. Its physical ID is the
// policy's ARN.
type policyProvider struct{ s *Service }

// Type implements core.Provider.
func (p policyProvider) Type() string { return "AWS::ApplicationAutoScaling::ScalingPolicy" }

// Validate implements core.Provider.
func (p policyProvider) Validate(properties map[string]any) error {
	return policySchema().Validate(properties)
}

type policyProperties struct {
	policyIn
	ScalingTargetId string
}

// Create implements core.Provider.
func (p policyProvider) Create(_ core.StackRef, properties map[string]any, done func(core.Created, error)) {
	created, err := p.create(properties)
	done(created, p.s.handlerError(err))
}

func (p policyProvider) create(properties map[string]any) (core.Created, error) {
	if err := policySchema().CheckSimulated(properties); err != nil {
		return core.Created{}, err
	}
	var in policyProperties
	if err := core.DecodeProperties(properties, &in); err != nil {
		return core.Created{}, err
	}
	whole := in.ResourceId != "" && in.ScalableDimension != "" && in.ServiceNamespace != ""
	if (in.ScalingTargetId == "") != whole {
		return core.Created{}, invalid("Either ScalingTargetId or all three of [ResourceId, ScalableDimension, ServiceNamespace] must be specified")
	}
	if in.ScalingTargetId != "" {
		in.resource = fromPhysicalID(in.ScalingTargetId)
	}
	t, err := p.s.registered(in.resource)
	if err != nil {
		return core.Created{}, err
	}
	if t.policy(in.PolicyName) != nil {
		return core.Created{}, core.Errorf("AlreadyExists", "Resource of type '%s' with identifier '%s' already exists.", p.Type(), in.PolicyName)
	}
	made, err := p.s.putPolicy(t, in.policyIn)
	if err != nil {
		return core.Created{}, err
	}
	return core.Created{PhysicalID: made.arn, Attributes: map[string]any{"Arn": made.arn}}, nil
}

// Delete implements core.Provider.
func (p policyProvider) Delete(_ core.StackRef, arn string, done func(error)) {
	for _, t := range p.s.targets {
		for _, each := range t.policies {
			if each.arn == arn {
				p.s.removePolicy(t, each)
				done(nil)
				return
			}
		}
	}
	done(nil)
}
