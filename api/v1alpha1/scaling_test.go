package v1alpha1_test

import "testing"

// scaling has the tasks scaled between 3 and 30.
func scaling(fields string) string {
	return "spec: {scaling: {min: 3, max: 30}, template: {scaling: {" + fields + "}}}"
}

func stepping(alarm, adjustments string) string {
	return scaling("steps: [{name: queue, alarm: {comparisonOperator: GreaterThanThreshold, threshold: '100', " + alarm + "}, stepAdjustments: [" + adjustments + "]}]")
}

const (
	onQueue = "namespace: AWS/SQS, metricName: ApproximateNumberOfMessagesVisible, dimensions: [{name: QueueName, value: jobs}]"
	oneMore = "{metricIntervalLowerBound: '0', scalingAdjustment: 1}"
)

var scalingRefusals = map[string]refusal{
	"bounds alone":          {"spec: {scaling: {min: 3, max: 30}}", []string{"spec.scaling, which bounds the number of tasks, and spec.template.scaling, which says what they are scaled by, go together"}},
	"policies alone":        {"spec: {template: {scaling: {targets: [{metric: CPU, value: '60'}]}}}", []string{"spec.scaling, which bounds the number of tasks, and spec.template.scaling"}},
	"bounds exchanged":      {"spec: {scaling: {min: 30, max: 3}, template: {scaling: {targets: [{metric: CPU, value: '60'}]}}}", []string{"spec.scaling.min is greater than spec.scaling.max: exchange them"}},
	"down to none":          {"spec: {scaling: {min: 0, max: 3}, template: {scaling: {targets: [{metric: CPU, value: '60'}]}}}", []string{"spec.scaling.min"}},
	"by nothing":            {scaling(""), []string{"spec.template.scaling needs targets, steps or schedules to scale by: add one, such as targets"}},
	"a percentage":          {scaling("targets: [{metric: CPU, value: '60%'}]"), []string{"value is a number above 0 in quotes, without a unit"}},
	"at nothing":            {scaling("targets: [{metric: CPU, value: '0'}]"), []string{"value is a number above 0 in quotes, without a unit"}},
	"another metric":        {scaling("targets: [{metric: Disk, value: '60'}]"), []string{"spec.template.scaling.targets", "Unsupported value"}},
	"twice":                 {scaling("targets: [{metric: CPU, value: '60'}, {metric: CPU, value: '50'}]"), []string{"Duplicate value"}},
	"requests of a worker":  {"spec: {traffic: null, scaling: {min: 1, max: 2}, template: {target: null, network: {loadBalancerSecurityGroupIDs: null}, scaling: {targets: [{metric: RequestsPerTarget, value: '100'}]}}}", []string{"a worker without spec.traffic.loadBalancer has no requests to scale by"}},
	"alarm on nothing":      {stepping("", oneMore), []string{"the alarm of spec.template.scaling.steps needs either metric, one of the service's own (CPU or Memory), or namespace and metricName"}},
	"alarm on two metrics":  {stepping("metric: CPU, "+onQueue, oneMore), []string{"the alarm of spec.template.scaling.steps needs either metric"}},
	"alarm on half a name":  {stepping("namespace: AWS/SQS", oneMore), []string{"the alarm of spec.template.scaling.steps needs either metric"}},
	"dimensions of its own": {stepping("metric: CPU, dimensions: [{name: a, value: b}]", oneMore), []string{"dimensions go with namespace and metricName"}},
	"odd period":            {stepping("periodSeconds: 45, "+onQueue, oneMore), []string{"periodSeconds is 10, 20, 30 or a multiple of 60"}},
	"too many data points":  {stepping("evaluationPeriods: 2, datapointsToAlarm: 3, "+onQueue, oneMore), []string{"datapointsToAlarm is more than evaluationPeriods"}},
	"step without bounds":   {stepping(onQueue, "{scalingAdjustment: 1}"), []string{"a step adjustment needs metricIntervalLowerBound or metricIntervalUpperBound"}},
	"step backwards":        {stepping(onQueue, "{metricIntervalLowerBound: '5', metricIntervalUpperBound: '1', scalingAdjustment: 1}"), []string{"metricIntervalLowerBound of a step adjustment must be less than its metricIntervalUpperBound"}},
	"schedule, plain cron":  {scaling("schedules: [{name: morning, schedule: '0 7 * * *', min: 10}]"), []string{"schedule is cron(<minutes> <hours> <day of month> <month> <day of week> <year>), rate(<n> minutes) or at("}},
	"schedule of nothing":   {scaling("schedules: [{name: morning, schedule: 'rate(1 day)'}]"), []string{"a schedule of spec.template.scaling needs min or max"}},
	"schedule by a capital": {scaling("schedules: [{name: Morning, schedule: 'rate(1 day)', min: 5}]"), []string{"the name of spec.template.scaling.schedules has a-z, 0-9 and '-'"}},
	"step by a capital":     {scaling("steps: [{name: Queue, alarm: {metric: CPU, comparisonOperator: LessThanThreshold, threshold: '1'}, stepAdjustments: [" + oneMore + "]}]"), []string{"the name of spec.template.scaling.steps has a-z, 0-9 and '-'"}},
	"namespace":             {stepping("namespace: ':a', metricName: b", oneMore), []string{"namespace is that of a CloudWatch metric, such as AWS/SQS"}},
	"threshold":             {scaling("steps: [{name: queue, alarm: {metric: CPU, comparisonOperator: LessThanThreshold, threshold: '1%'}, stepAdjustments: [" + oneMore + "]}]"), []string{"threshold is a number in quotes, without a unit"}},
	"lower bound":           {stepping(onQueue, "{metricIntervalLowerBound: '1%', scalingAdjustment: 1}"), []string{"metricIntervalLowerBound is a number in quotes"}},
	"upper bound":           {stepping(onQueue, "{metricIntervalUpperBound: '1%', scalingAdjustment: 1}"), []string{"metricIntervalUpperBound is a number in quotes"}},
	"schedule exchanged":    {scaling("schedules: [{name: morning, schedule: 'rate(1 day)', min: 5, max: 4}]"), []string{"min of a schedule of spec.template.scaling is greater than its max"}},
}

func TestScalingRefused(t *testing.T) {
	for name, c := range scalingRefusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
}

func TestScalingAdmitted(t *testing.T) {
	for name, patch := range map[string]string{
		"all targets": scaling("targets: [{metric: CPU, value: '60'}, {metric: Memory, value: '75.5', disableScaleIn: true}, {metric: RequestsPerTarget, value: '1000', scaleInCooldownSeconds: 0, scaleOutCooldownSeconds: 60}]"),
		"steps":       stepping("evaluationPeriods: 3, datapointsToAlarm: 2, treatMissingData: notBreaching, statistic: Maximum, "+onQueue, "{metricIntervalLowerBound: '0', metricIntervalUpperBound: '50', scalingAdjustment: 1}, {metricIntervalLowerBound: '50', scalingAdjustment: 3}"),
		"own metric":  stepping("metric: Memory, periodSeconds: 30", oneMore),
		"schedules":   scaling("schedules: [{name: morning, schedule: 'cron(0 7 ? * MON-FRI *)', timezone: Europe/Berlin, min: 10, max: 50}, {name: once, schedule: 'at(2026-12-24T18:00:00)', max: 3}]"),
		"a worker":    "spec: {traffic: null, scaling: {min: 1, max: 1}, template: {target: null, network: {loadBalancerSecurityGroupIDs: null}, scaling: {targets: [{metric: CPU, value: '60'}]}}}",
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}
