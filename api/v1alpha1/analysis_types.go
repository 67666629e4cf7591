package v1alpha1

// Analysis says what a new revision is judged by while it gets traffic.
type Analysis struct {
	// alarms are the names of CloudWatch alarms on metrics, on logs, or
	// composite ones, in the account and region of the deployment. One in ALARM
	// during any step or the bake time rolls the new revision back. OK counts
	// for a step once the alarm has had time to see it: its evaluation periods ×
	// period. An alarm with INSUFFICIENT_DATA is inconclusive, and so is one
	// that CloudWatch can't evaluate. All must exist before the first rollout.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +listType=set
	Alarms []string `json:"alarms,omitempty"`

	// ifAlarmBefore says what to do when an alarm is in ALARM before the new
	// revision gets any traffic: Block waits until the alarm clears; Proceed
	// continues, notes it in status.rollout.note, and ignores the alarm until
	// it has cleared once.
	// +optional
	// +default="Block"
	// +kubebuilder:validation:Enum=Block;Proceed
	IfAlarmBefore AlarmPolicy `json:"ifAlarmBefore,omitempty"`

	// metrics by which the new revision is measured in each step in which it
	// gets traffic, and while it bakes.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:XValidation:rule="self.map(m, has(m.query) ? (has(m.query.expression) ? size(m.query.expression) : 0) + m.query.metrics.map(q, size(q.namespace) + size(q.metricName) + (has(q.dimensions) ? q.dimensions.map(d, size(d.name) + size(d.value)).sum() : 0)).sum() : 0).sum() <= 51200",message="the queries of all spec.analysis.metrics may have 51200 characters in all: leave out metrics and dimensions, or have an alarm compute them and name it in spec.analysis.alarms"
	Metrics []MetricCheck `json:"metrics,omitempty"`

	// inconclusiveSeconds is how much longer than its hold a step lasts, at
	// most, when evidence is missing: no data, too few samples, an alarm with
	// insufficient data. After that, ifInconclusive applies.
	// +optional
	// +default=600
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	InconclusiveSeconds *int32 `json:"inconclusiveSeconds,omitempty"`

	// ifInconclusive says what to do when a step's evidence is still missing
	// after inconclusiveSeconds: Pause waits for it, or until someone promotes
	// or aborts; RollBack rolls back.
	// +optional
	// +default="Pause"
	// +kubebuilder:validation:Enum=Pause;RollBack
	IfInconclusive InconclusivePolicy `json:"ifInconclusive,omitempty"`
}

// AlarmPolicy says what to do about an alarm that is firing before the first
// step.
type AlarmPolicy string

// Alarm policies.
const (
	// AlarmBlock waits until it clears.
	AlarmBlock AlarmPolicy = "Block"
	// AlarmProceed continues.
	AlarmProceed AlarmPolicy = "Proceed"
)

// InconclusivePolicy says what to do without evidence.
type InconclusivePolicy string

// Inconclusive policies.
const (
	// InconclusivePause waits for evidence or for a person.
	InconclusivePause InconclusivePolicy = "Pause"
	// InconclusiveRollBack rolls back.
	InconclusiveRollBack InconclusivePolicy = "RollBack"
)

// BuiltinMetric is a metric that Viridian reads for a revision by itself.
type BuiltinMetric string

// Builtin metrics.
const (
	// MetricErrorRate is the percentage of the revision's requests that its
	// targets answered with 5XX or not at all, or whose connection failed.
	MetricErrorRate BuiltinMetric = "ErrorRate"
	// MetricLatencyP50 to P99 are percentiles of the targets' response time
	// in milliseconds.
	MetricLatencyP50 BuiltinMetric = "LatencyP50"
	MetricLatencyP90 BuiltinMetric = "LatencyP90"
	MetricLatencyP99 BuiltinMetric = "LatencyP99"
	// MetricRequestCount is how many requests per minute the revision got.
	MetricRequestCount BuiltinMetric = "RequestCount"
	// MetricUnhealthyHosts is the largest number of unhealthy targets.
	MetricUnhealthyHosts BuiltinMetric = "UnhealthyHosts"
	// MetricCPU and MetricMemory are the service's average utilization as a
	// percentage of what its tasks reserve.
	MetricCPU    BuiltinMetric = "CPUUtilization"
	MetricMemory BuiltinMetric = "MemoryUtilization"
)

// UnansweredPolicy says what requests without an answer count as.
type UnansweredPolicy string

// Unanswered policies.
const (
	// UnansweredCount counts them as errors; the default.
	UnansweredCount UnansweredPolicy = "Count"
	// UnansweredIgnore ignores them.
	UnansweredIgnore UnansweredPolicy = "Ignore"
)

// MetricCheck is a metric with bounds.
//
// +kubebuilder:validation:XValidation:rule="has(self.builtin) != has(self.query)",message="a metric of spec.analysis.metrics needs exactly one of builtin and query"
// +kubebuilder:validation:XValidation:rule="has(self.max) || has(self.min) || has(self.maxRatioToStable)",message="a metric of spec.analysis.metrics needs a bound: max, min or maxRatioToStable"
// +kubebuilder:validation:XValidation:rule="!has(self.unanswered) || has(self.builtin) && self.builtin == 'ErrorRate'",message="unanswered says how ErrorRate counts: leave it out of other metrics of spec.analysis.metrics"
// +kubebuilder:validation:XValidation:rule="!has(self.max) || !has(self.min) || double(self.min) <= double(self.max)",message="min of a metric of spec.analysis.metrics is greater than its max, so every value is bad: exchange them"
// +kubebuilder:validation:XValidation:rule="!has(self.builtin) || !has(self.max) || double(self.max) >= 0.0",message="max of a builtin metric of spec.analysis.metrics is negative, so every value is bad: set it to 0 or more"
// +kubebuilder:validation:XValidation:rule="!has(self.builtin) || self.builtin != 'ErrorRate' || !has(self.max) || double(self.max) < 100.0",message="ErrorRate is a percentage and never exceeds 100: set max of the metric in spec.analysis.metrics to what you tolerate, such as '1'"
// +kubebuilder:validation:XValidation:rule="!has(self.builtin) || !(self.builtin in ['UnhealthyHosts', 'CPUUtilization', 'MemoryUtilization']) || !has(self.minSamples) || self.minSamples * 60 <= (has(self.windowSeconds) ? self.windowSeconds : 600) + 59",message="minSamples of a metric of spec.analysis.metrics is more than one data point a minute of windowSeconds, so it is never reached: lower it or raise windowSeconds"
// +kubebuilder:validation:XValidation:rule="!has(self.maxRatioToStable) || !has(self.builtin) || !(self.builtin in ['RequestCount', 'UnhealthyHosts'])",message="maxRatioToStable makes no sense for RequestCount and UnhealthyHosts, which follow from the revision's share: use max or min"
type MetricCheck struct {
	// name of the check, unique in the deployment.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name of a metric has a-z, 0-9 and '-', and begins with a letter"
	Name string `json:"name,omitempty"`

	// builtin metric, read for each revision from the dimensions of its own
	// target group or service. ErrorRate, CPUUtilization and
	// MemoryUtilization are percentages, LatencyP50 to LatencyP99
	// milliseconds, RequestCount is per minute.
	// +optional
	// +kubebuilder:validation:Enum=ErrorRate;LatencyP50;LatencyP90;LatencyP99;RequestCount;UnhealthyHosts;CPUUtilization;MemoryUtilization
	Builtin BuiltinMetric `json:"builtin,omitempty"`

	// query reads CloudWatch metrics of your own.
	// +optional
	Query *MetricQuery `json:"query,omitempty"`

	// max is the largest value that is good.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]{1,12}(\\\\.[0-9]{1,6})?$')",message="max is a number in quotes, without a unit, such as \"1\" or \"0.5\""
	Max string `json:"max,omitempty"`

	// min is the smallest value that is good.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]{1,12}(\\\\.[0-9]{1,6})?$')",message="min is a number in quotes, without a unit, such as \"1\" or \"0.5\""
	Min string `json:"min,omitempty"`

	// maxRatioToStable is the largest ratio of the new revision's value to that
	// of the stable one in the same minutes, such as "1.5". For ErrorRate the
	// check doesn't fail because the measured ratio is larger, which is a
	// matter of chance with few errors, but only when the ratio is larger
	// beyond reasonable doubt: by an exact test with a probability of a false
	// alarm of 1 % for a whole rollout. It doesn't apply while the old revision
	// has no traffic.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^[1-9][0-9]{0,5}(\\\\.[0-9]{1,6})?$')",message="maxRatioToStable is a number of 1 or more in quotes, such as \"1.5\""
	MaxRatioToStable string `json:"maxRatioToStable,omitempty"`

	// unanswered says whether ErrorRate counts the requests that a target got
	// and that no answer of it is counted for: those that the load balancer
	// answered with 502 or 504 because the target hung or reset the connection.
	// Count counts them, and so those whose client went away first, and
	// WebSockets. Ignore doesn't: for a service with many of these.
	// +optional
	// +kubebuilder:validation:Enum=Count;Ignore
	Unanswered UnansweredPolicy `json:"unanswered,omitempty"`

	// minSamples is how many samples a measurement needs to count: requests for
	// ErrorRate and latencies (default 50), data points for others (default 1).
	// With fewer it is inconclusive.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	MinSamples *int32 `json:"minSamples,omitempty"`

	// failureLimit is how many bad measurements are tolerated in a step.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	FailureLimit *int32 `json:"failureLimit,omitempty"`

	// intervalSeconds between two measurements.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`

	// windowSeconds is how far back a measurement looks, within the step.
	// +optional
	// +default=600
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=10800
	WindowSeconds *int32 `json:"windowSeconds,omitempty"`
}

// MetricQuery reads CloudWatch metrics, or computes from several. In
// namespaces and dimension values, $(targetGroup), $(loadBalancer), $(cluster),
// $(service) and $(revision) stand for what belongs to the revision that is
// measured, as CloudWatch writes it.
//
// +kubebuilder:validation:XValidation:rule="has(self.expression) || size(self.metrics) == 1",message="a query of several metrics needs an expression"
type MetricQuery struct {
	// metrics that are read.
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=id
	Metrics []QueryMetric `json:"metrics,omitempty"`

	// expression in metric math over the ids of metrics, computed period by
	// period.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z][a-zA-Z0-9_]*|[0-9]+([.][0-9]+)?|(ABS|CEIL|FLOOR|FILL|IF)[(]|(SUM|AVG|MIN|MAX)[(][[]|REPEAT|AND|OR|&&|[|][|]|[-+*/^(),<>=!]|[]]| )+$')",message="expression may use the ids of metrics, numbers, + - * / ^, comparisons, AND, OR, ABS, CEIL, FLOOR, FILL, IF, and SUM, AVG, MIN, MAX of a list such as SUM([a, b])"
	Expression string `json:"expression,omitempty"`

	// aggregate combines the data points of a measurement's window into one
	// value.
	// +optional
	// +default="Average"
	// +kubebuilder:validation:Enum=Average;Minimum;Maximum;Sum
	Aggregate string `json:"aggregate,omitempty"`
}

// QueryMetric is a CloudWatch metric with a statistic.
type QueryMetric struct {
	// id in the expression.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z][a-zA-Z0-9_]*$')",message="the id of a query's metric has letters, digits and _, and begins with a lower-case letter"
	ID string `json:"id,omitempty"`

	// namespace such as AWS/ApplicationELB.
	// +required
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^:$]([^$]|[$][(](targetGroup|loadBalancer|cluster|service|revision)[)])*$')",message="the namespace of a query's metric doesn't begin with ':', and may hold $(targetGroup), $(loadBalancer), $(cluster), $(service) and $(revision), but no other $"
	Namespace string `json:"namespace,omitempty"`

	// metricName in the namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	MetricName string `json:"metricName,omitempty"`

	// dimensions of the metric.
	// +optional
	// +kubebuilder:validation:MaxItems=30
	// +listType=map
	// +listMapKey=name
	Dimensions []QueryDimension `json:"dimensions,omitempty"`

	// stat is the statistic of each period: Sum, Average, Minimum, Maximum,
	// SampleCount or a percentile such as p99.
	// +required
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^(Sum|Average|Minimum|Maximum|SampleCount|p[0-9]{1,2}([.][0-9]{1,2})?)$')",message="stat is Sum, Average, Minimum, Maximum, SampleCount or a percentile such as p99"
	Stat string `json:"stat,omitempty"`
}

// QueryDimension is a dimension of a CloudWatch metric.
type QueryDimension struct {
	// name of the dimension.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// value of the dimension.
	// +required
	// +kubebuilder:validation:Pattern=`^([^$]|[$][(](targetGroup|loadBalancer|cluster|service|revision)[)])+$`
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value,omitempty"`
}
