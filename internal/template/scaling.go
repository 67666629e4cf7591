package template

import (
	"encoding/json"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

const logicalScalableTarget = "ScalableTarget"

// What Application Auto Scaling calls the number of a service's tasks.
const (
	scalableNamespace = "ecs"
	scalableDimension = "ecs:service:DesiredCount"
)

type scalableTargetProperties struct {
	MaxCapacity       ref
	MinCapacity       ref
	ResourceID        join `json:"ResourceId"`
	ScalableDimension string
	ScheduledActions  []scheduledAction `json:",omitempty"`
	ServiceNamespace  string
	SuspendedState    suspendedState
}

type suspendedState struct {
	DynamicScalingInSuspended bool
}

type scheduledAction struct {
	ScheduledActionName  string
	Schedule             string
	Timezone             string `json:",omitempty"`
	ScalableTargetAction scalableTargetAction
}

type scalableTargetAction struct {
	MinCapacity *int32 `json:",omitempty"`
	MaxCapacity *int32 `json:",omitempty"`
}

type scalingPolicyProperties struct {
	PolicyName                               string
	PolicyType                               string
	ScalingTargetID                          ref             `json:"ScalingTargetId"`
	TargetTrackingScalingPolicyConfiguration *targetTracking `json:",omitempty"`
	StepScalingPolicyConfiguration           *stepScaling    `json:",omitempty"`
}

type targetTracking struct {
	PredefinedMetricSpecification predefinedMetric
	TargetValue                   json.Number
	ScaleInCooldown               *int32 `json:",omitempty"`
	ScaleOutCooldown              *int32 `json:",omitempty"`
	DisableScaleIn                *bool  `json:",omitempty"`
}

type predefinedMetric struct {
	PredefinedMetricType string
	ResourceLabel        *join `json:",omitempty"`
}

type stepScaling struct {
	AdjustmentType         string
	Cooldown               *int32 `json:",omitempty"`
	MinAdjustmentMagnitude *int32 `json:",omitempty"`
	StepAdjustments        []stepAdjustment
}

type stepAdjustment struct {
	MetricIntervalLowerBound json.Number `json:",omitempty"`
	MetricIntervalUpperBound json.Number `json:",omitempty"`
	ScalingAdjustment        int32
}

type alarmProperties struct {
	AlarmActions       []ref
	AlarmDescription   string
	ComparisonOperator string
	DatapointsToAlarm  *int32      `json:",omitempty"`
	Dimensions         []dimension `json:",omitempty"`
	EvaluationPeriods  *int32
	MetricName         string
	Namespace          string
	Period             *int32
	Statistic          string
	Threshold          json.Number
	TreatMissingData   string `json:",omitempty"`
}

// dimension has a value that is a string, a ref or a getAtt.
type dimension struct {
	Name  string
	Value any
}

// scale adds what has Application Auto Scaling set the number of tasks. It begins
// suspended: no requests come yet, so it would remove tasks that are needed as soon
// as they do. The controller resumes it.
func scale(doc *document, in Input, cluster any) {
	scaling := in.Template.Scaling
	if scaling == nil {
		return
	}
	doc.Parameters[ParamMinCapacity] = parameter{
		Type: "Number", MinValue: 0, MaxValue: 5000, Description: "Smallest number of tasks.",
	}
	doc.Parameters[ParamMaxCapacity] = parameter{
		Type: "Number", MinValue: 0, MaxValue: 5000, Description: "Largest number of tasks.",
	}
	name := getAtt{[2]string{LogicalService, "Name"}}
	doc.Resources[logicalScalableTarget] = resource{
		Type: "AWS::ApplicationAutoScaling::ScalableTarget",
		Properties: scalableTargetProperties{
			MaxCapacity:       ref{ParamMaxCapacity},
			MinCapacity:       ref{ParamMinCapacity},
			ResourceID:        joined("service", cluster, name),
			ScalableDimension: scalableDimension,
			ScheduledActions:  scheduledActions(scaling.Schedules),
			ServiceNamespace:  scalableNamespace,
			SuspendedState:    suspendedState{DynamicScalingInSuspended: true},
		},
	}
	for i := range scaling.Targets {
		t := &scaling.Targets[i]
		doc.Resources["Scale"+string(t.Metric)] = tracking(t, in.ListenerARN)
	}
	for i := range scaling.Steps {
		s := &scaling.Steps[i]
		policy := "Step" + logicalPart(s.Name)
		doc.Resources[policy] = stepping(s)
		doc.Resources["Alarm"+logicalPart(s.Name)] = alarm(s, policy, cluster, name)
	}
}

func scheduledActions(schedules []v1alpha1.ScheduledScaling) (out []scheduledAction) {
	for _, s := range schedules {
		out = append(out, scheduledAction{s.Name, s.Schedule, s.Timezone, scalableTargetAction{s.Min, s.Max}})
	}
	return out
}

// tracking keeps a metric at a value.
func tracking(t *v1alpha1.TargetTracking, listenerARN string) resource {
	var metric predefinedMetric
	r := resource{Type: "AWS::ApplicationAutoScaling::ScalingPolicy"}
	switch t.Metric {
	case v1alpha1.ScalingCPU, v1alpha1.ScalingMemory:
		metric.PredefinedMetricType = "ECSServiceAverage" + string(t.Metric) + "Utilization"
	case v1alpha1.ScalingRequests:
		label := joined(loadBalancerOf(listenerARN), getAtt{[2]string{LogicalTargetGroup, "TargetGroupFullName"}})
		metric = predefinedMetric{PredefinedMetricType: "ALBRequestCountPerTarget", ResourceLabel: &label}
	}
	r.Properties = scalingPolicyProperties{
		PolicyName: string(t.Metric), PolicyType: "TargetTrackingScaling", ScalingTargetID: ref{logicalScalableTarget},
		TargetTrackingScalingPolicyConfiguration: &targetTracking{
			metric, json.Number(t.Value), t.ScaleInCooldownSeconds, t.ScaleOutCooldownSeconds, t.DisableScaleIn,
		},
	}
	return r
}

// loadBalancerOf names a listener's load balancer as metrics do: app/<name>/<id>.
func loadBalancerOf(listenerARN string) string {
	_, path, _ := strings.Cut(listenerARN, ":listener/")
	if parts := strings.Split(path, "/"); len(parts) > 3 {
		parts = parts[:3]
		return strings.Join(parts, "/")
	}
	return path
}

// stepping adds or removes tasks when an alarm goes off.
func stepping(s *v1alpha1.StepScaling) resource {
	config := &stepScaling{
		AdjustmentType: s.AdjustmentType, Cooldown: s.CooldownSeconds, MinAdjustmentMagnitude: s.MinAdjustmentMagnitude,
	}
	for _, a := range s.StepAdjustments {
		config.StepAdjustments = append(config.StepAdjustments, stepAdjustment{
			json.Number(a.MetricIntervalLowerBound), json.Number(a.MetricIntervalUpperBound), *a.ScalingAdjustment,
		})
	}
	return resource{
		Type: "AWS::ApplicationAutoScaling::ScalingPolicy",
		Properties: scalingPolicyProperties{
			PolicyName: s.Name, PolicyType: "StepScaling", ScalingTargetID: ref{logicalScalableTarget},
			StepScalingPolicyConfiguration: config,
		},
	}
}

// alarm starts the policy.
func alarm(s *v1alpha1.StepScaling, policy string, cluster any, service getAtt) resource {
	a := &s.Alarm
	p := alarmProperties{
		AlarmActions:       []ref{{policy}},
		AlarmDescription:   "Starts the scaling policy " + s.Name + ".",
		ComparisonOperator: a.ComparisonOperator,
		DatapointsToAlarm:  a.DatapointsToAlarm,
		EvaluationPeriods:  a.EvaluationPeriods,
		MetricName:         a.MetricName,
		Namespace:          a.Namespace,
		Period:             a.PeriodSeconds,
		Statistic:          a.Statistic,
		Threshold:          json.Number(a.Threshold),
		TreatMissingData:   a.TreatMissingData,
	}
	for _, d := range a.Dimensions {
		p.Dimensions = append(p.Dimensions, dimension{d.Name, d.Value})
	}
	if a.Metric != "" {
		p.Namespace, p.MetricName = "AWS/ECS", string(a.Metric)+"Utilization"
		p.Dimensions = []dimension{{"ClusterName", cluster}, {"ServiceName", service}}
	}
	return resource{Type: "AWS::CloudWatch::Alarm", Properties: p}
}

// logicalPart makes a name of a-z, 0-9 and '-' part of a logical ID, which has
// letters and digits only; no two names become the same.
func logicalPart(name string) string { return strings.ReplaceAll(name, "-", "X") }

// join is the intrinsic function Fn::Join with "/".
type join struct {
	Join [2]any `json:"Fn::Join"`
}

func joined(parts ...any) join { return join{[2]any{"/", parts}} }
