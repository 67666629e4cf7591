package v1alpha1

// Scaling bounds the number of tasks where Application Auto Scaling owns it.
//
// +kubebuilder:validation:XValidation:rule="self.min <= self.max",message="spec.scaling.min is greater than spec.scaling.max: exchange them"
type Scaling struct {
	// min is the smallest number of tasks, 1 to 5000.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5000
	Min int32 `json:"min,omitempty"`

	// max is the largest number of tasks, 1 to 5000.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5000
	Max int32 `json:"max,omitempty"`
}

// AutoScaling says by what Application Auto Scaling sets the number of tasks. Its
// terms are those of scaling policies and scheduled actions.
//
// +kubebuilder:validation:XValidation:rule="has(self.targets) || has(self.steps) || has(self.schedules)",message="spec.template.scaling needs targets, steps or schedules to scale by: add one, such as targets: [{metric: CPU, value: \"60\"}]"
type AutoScaling struct {
	// targets are what target tracking keeps a metric at.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +listType=map
	// +listMapKey=metric
	Targets []TargetTracking `json:"targets,omitempty"`

	// steps add or remove tasks by how far an alarm's metric is from its
	// threshold.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	Steps []StepScaling `json:"steps,omitempty"`

	// schedules change the smallest and largest number of tasks at set times,
	// until spec.scaling or another schedule changes them again.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	Schedules []ScheduledScaling `json:"schedules,omitempty"`
}

// ScalingMetric is a metric that target tracking knows by itself.
type ScalingMetric string

// Metrics of target tracking.
const (
	// ScalingCPU and ScalingMemory are the service's average utilization as a
	// percentage of what its tasks reserve.
	ScalingCPU    ScalingMetric = "CPU"
	ScalingMemory ScalingMetric = "Memory"
	// ScalingRequests is how many requests a target gets per minute.
	ScalingRequests ScalingMetric = "RequestsPerTarget"
)

// TargetTracking is a target tracking scaling policy.
type TargetTracking struct {
	// metric that is kept at value: CPU and Memory are percentages,
	// RequestsPerTarget is per minute.
	// +required
	// +kubebuilder:validation:Enum=CPU;Memory;RequestsPerTarget
	Metric ScalingMetric `json:"metric,omitempty"`

	// value to keep the metric at.
	// +required
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,9}([.][0-9]{1,3})?$') && double(self) > 0.0",message="value is a number above 0 in quotes, without a unit, such as \"60\""
	Value string `json:"value,omitempty"`

	// scaleInCooldownSeconds is how long no tasks are removed after some were;
	// AWS's default is 300.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	ScaleInCooldownSeconds *int32 `json:"scaleInCooldownSeconds,omitempty"`

	// scaleOutCooldownSeconds is how long no tasks are added after some were,
	// unless even more are needed; AWS's default is 300.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	ScaleOutCooldownSeconds *int32 `json:"scaleOutCooldownSeconds,omitempty"`

	// disableScaleIn true only ever adds tasks because of this metric.
	// +optional
	DisableScaleIn *bool `json:"disableScaleIn,omitempty"`
}

// StepScaling is a step scaling policy and the alarm that starts it.
type StepScaling struct {
	// name of the policy, unique in the template.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name of spec.template.scaling.steps has a-z, 0-9 and '-', and begins with a letter"
	Name string `json:"name,omitempty"`

	// alarm that starts the policy. It is made in the stack.
	// +required
	Alarm ScalingAlarm `json:"alarm,omitzero"`

	// adjustmentType says what scalingAdjustment is: tasks more or fewer, percent
	// more or fewer, or their number.
	// +optional
	// +default="ChangeInCapacity"
	// +kubebuilder:validation:Enum=ChangeInCapacity;PercentChangeInCapacity;ExactCapacity
	AdjustmentType string `json:"adjustmentType,omitempty"`

	// cooldownSeconds is how long after tasks were added or removed no more
	// are; AWS's default is 300.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	CooldownSeconds *int32 `json:"cooldownSeconds,omitempty"`

	// minAdjustmentMagnitude is the smallest number of tasks that a
	// PercentChangeInCapacity adds or removes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5000
	MinAdjustmentMagnitude *int32 `json:"minAdjustmentMagnitude,omitempty"`

	// stepAdjustments by how far the metric is from the alarm's threshold. Their
	// intervals may neither overlap nor have gaps.
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	StepAdjustments []StepAdjustment `json:"stepAdjustments,omitempty"`
}

// ScalingAlarm is a CloudWatch alarm on a metric of the service itself, or on any
// other.
//
// +kubebuilder:validation:XValidation:rule="has(self.metric) != has(self.metricName) && has(self.metricName) == has(self.namespace)",message="the alarm of spec.template.scaling.steps needs either metric, one of the service's own (CPU or Memory), or namespace and metricName"
// +kubebuilder:validation:XValidation:rule="!has(self.dimensions) || has(self.metricName)",message="dimensions go with namespace and metricName: those of metric are the service's own"
// +kubebuilder:validation:XValidation:rule="!has(self.datapointsToAlarm) || self.datapointsToAlarm <= (has(self.evaluationPeriods) ? self.evaluationPeriods : 1)",message="datapointsToAlarm is more than evaluationPeriods: lower it, or raise evaluationPeriods"
type ScalingAlarm struct {
	// metric of the service itself.
	// +optional
	// +kubebuilder:validation:Enum=CPU;Memory
	Metric ScalingMetric `json:"metric,omitempty"`

	// namespace of another metric, such as AWS/SQS.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^:]+$')",message="namespace is that of a CloudWatch metric, such as AWS/SQS, and has no ':'"
	Namespace string `json:"namespace,omitempty"`

	// metricName in the namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	MetricName string `json:"metricName,omitempty"`

	// dimensions of the metric.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=30
	// +listType=map
	// +listMapKey=name
	Dimensions []MetricDimension `json:"dimensions,omitempty"`

	// statistic of each period.
	// +optional
	// +default="Average"
	// +kubebuilder:validation:Enum=Average;Maximum;Minimum;SampleCount;Sum
	Statistic string `json:"statistic,omitempty"`

	// periodSeconds is how long a period is: 10, 20, 30 or a multiple of 60.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=86400
	// +kubebuilder:validation:XValidation:rule="self in [10, 20, 30] || self % 60 == 0",message="periodSeconds is 10, 20, 30 or a multiple of 60"
	PeriodSeconds *int32 `json:"periodSeconds,omitempty"`

	// evaluationPeriods is how many periods are looked at.
	// +optional
	// +default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	EvaluationPeriods *int32 `json:"evaluationPeriods,omitempty"`

	// datapointsToAlarm is how many of them have to be beyond the threshold; all
	// if omitted.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	DatapointsToAlarm *int32 `json:"datapointsToAlarm,omitempty"`

	// comparisonOperator between the statistic and the threshold.
	// +required
	// +kubebuilder:validation:Enum=GreaterThanOrEqualToThreshold;GreaterThanThreshold;LessThanThreshold;LessThanOrEqualToThreshold
	ComparisonOperator string `json:"comparisonOperator,omitempty"`

	// threshold of the alarm.
	// +required
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]{1,12}([.][0-9]{1,6})?$')",message="threshold is a number in quotes, without a unit, such as \"100\""
	Threshold string `json:"threshold,omitempty"`

	// treatMissingData says what periods without data count as; missing, which
	// changes nothing, if omitted.
	// +optional
	// +kubebuilder:validation:Enum=breaching;notBreaching;ignore;missing
	TreatMissingData string `json:"treatMissingData,omitempty"`
}

// MetricDimension is a dimension of a CloudWatch metric.
type MetricDimension struct {
	// name of the dimension.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// value of the dimension.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value,omitempty"`
}

// StepAdjustment is what a step scaling policy does in one interval of the
// difference between the metric and the alarm's threshold.
//
// +kubebuilder:validation:XValidation:rule="has(self.metricIntervalLowerBound) || has(self.metricIntervalUpperBound)",message="a step adjustment needs metricIntervalLowerBound or metricIntervalUpperBound, such as metricIntervalLowerBound: \"0\""
// +kubebuilder:validation:XValidation:rule="!has(self.metricIntervalLowerBound) || !has(self.metricIntervalUpperBound) || double(self.metricIntervalLowerBound) < double(self.metricIntervalUpperBound)",message="metricIntervalLowerBound of a step adjustment must be less than its metricIntervalUpperBound"
type StepAdjustment struct {
	// metricIntervalLowerBound is the smallest difference that it is for; minus
	// infinity if omitted.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]{1,12}([.][0-9]{1,6})?$')",message="metricIntervalLowerBound is a number in quotes, such as \"0\""
	MetricIntervalLowerBound string `json:"metricIntervalLowerBound,omitempty"`

	// metricIntervalUpperBound is where it ends; infinity if omitted.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]{1,12}([.][0-9]{1,6})?$')",message="metricIntervalUpperBound is a number in quotes, such as \"0\""
	MetricIntervalUpperBound string `json:"metricIntervalUpperBound,omitempty"`

	// scalingAdjustment is by how much, in terms of adjustmentType; below 0 to
	// remove tasks.
	// +required
	// +kubebuilder:validation:Minimum=-5000
	// +kubebuilder:validation:Maximum=5000
	ScalingAdjustment *int32 `json:"scalingAdjustment,omitempty"`
}

// ScheduledScaling is a scheduled action.
//
// +kubebuilder:validation:XValidation:rule="has(self.min) || has(self.max)",message="a schedule of spec.template.scaling needs min or max: the number of tasks from then on"
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",message="min of a schedule of spec.template.scaling is greater than its max: exchange them"
type ScheduledScaling struct {
	// name of the scheduled action, unique in the template.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name of spec.template.scaling.schedules has a-z, 0-9 and '-', and begins with a letter"
	Name string `json:"name,omitempty"`

	// schedule is a cron, rate or at expression of Application Auto Scaling, such
	// as cron(0 7 ? * MON-FRI *).
	// +required
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^(cron[(][^ ()]+( [^ ()]+){5}[)]|rate[(][1-9][0-9]* (minute|minutes|hour|hours|day|days)[)]|at[(][0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[)])$')",message="schedule is cron(<minutes> <hours> <day of month> <month> <day of week> <year>), rate(<n> minutes) or at(<yyyy>-<mm>-<dd>T<hh>:<mm>:<ss>)"
	Schedule string `json:"schedule,omitempty"`

	// timezone of the schedule, such as Europe/Berlin; UTC if omitted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Timezone string `json:"timezone,omitempty"`

	// min is the smallest number of tasks from then on. 0 is not possible: switch an
	// application off by spec.desiredCount.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5000
	Min *int32 `json:"min,omitempty"`

	// max is the largest number of tasks from then on.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5000
	Max *int32 `json:"max,omitempty"`
}
