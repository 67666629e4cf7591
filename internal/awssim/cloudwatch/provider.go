package cloudwatch

import (
	"errors"
	"fmt"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Providers implements core.ProviderSet.
func (s *Service) Providers() []core.Provider { return []core.Provider{alarmProvider{s}} }

func alarmSchema() core.Schema {
	text, number := core.String(), core.Int()
	return core.Object(map[string]core.Schema{
		"AlarmName": text, "AlarmDescription": text, "ActionsEnabled": core.Bool(), "AlarmActions": core.ListOf(text),
		"Namespace": text, "MetricName": text, "Statistic": text, "ExtendedStatistic": text, "Period": number,
		"Dimensions":        core.ListOf(core.Object(map[string]core.Schema{"Name": core.Must(text), "Value": core.Must(text)})),
		"EvaluationPeriods": number, "DatapointsToAlarm": number, "Threshold": {Kind: core.KindNumber},
		"ComparisonOperator": text, "TreatMissingData": text, "Tags": core.TagList(),
	}).With("EvaluateLowSampleCountPercentile", "InsufficientDataActions", "Metrics", "OKActions", "ThresholdMetricId", "Unit",
		"EvaluationCriteria", "EvaluationInterval")
}

// alarmProvider is the resource type of metric alarms.
type alarmProvider struct{ s *Service }

// Type implements core.Provider.
func (p alarmProvider) Type() string { return "AWS::CloudWatch::Alarm" }

// Validate implements core.Provider.
func (p alarmProvider) Validate(properties map[string]any) error {
	return alarmSchema().Validate(properties)
}

// Taken implements core.Named.
func (p alarmProvider) Taken(properties map[string]any) (name string, taken bool) {
	name, _ = properties["AlarmName"].(string)
	return name, p.s.alarms[name] != nil
}

type alarmProperties struct {
	putMetricAlarmIn
	Tags []core.Tag
}

// Create implements core.Provider.
func (p alarmProvider) Create(ref core.StackRef, properties map[string]any, done func(core.Created, error)) {
	done(p.create(ref, properties))
}

func (p alarmProvider) create(ref core.StackRef, properties map[string]any) (core.Created, error) {
	if err := alarmSchema().CheckSimulated(properties); err != nil {
		return core.Created{}, err
	}
	var in alarmProperties
	if err := core.DecodeProperties(properties, &in); err != nil {
		return core.Created{}, err
	}
	if in.AlarmName == "" {
		in.AlarmName = fmt.Sprintf("%s-%s-%s", ref.StackName, ref.LogicalID, p.s.world.HexID(12))
	}
	if p.s.alarms[in.AlarmName] != nil {
		return core.Created{}, core.Errorf("AlreadyExists", "Resource of type 'AWS::CloudWatch::Alarm' with identifier '%s' already exists.", in.AlarmName)
	}
	p.s.catchUp()
	if _, err := p.s.putMetricAlarm(in.putMetricAlarmIn); err != nil {
		return core.Created{}, p.handlerError(err)
	}
	return core.Created{PhysicalID: in.AlarmName, Attributes: map[string]any{"Arn": p.s.AlarmARN(in.AlarmName)}}, nil
}

// handlerError adds to a refusal what the resource handler tells of the call.
func (p alarmProvider) handlerError(err error) error {
	refused, ok := errors.AsType[*core.APIError](err)
	if !ok {
		return err
	}
	return &core.APIError{Status: refused.Status, Code: refused.Code, Message: fmt.Sprintf(
		"%s (Service: CloudWatch, Status Code: %d, Request ID: %s)", refused.Message, refused.Status, p.s.world.UUID())}
}

// Delete implements core.Provider.
func (p alarmProvider) Delete(_ core.StackRef, physicalID string, done func(error)) {
	p.s.Delete(physicalID)
	done(nil)
}
