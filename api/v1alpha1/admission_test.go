package v1alpha1_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// spec.template.containers as lists are replaced whole by a patch.
const app = "name: app, image: 'app:1', portMappings: [{containerPort: 8080}]"

func containers(more string) string {
	return "spec: {template: {containers: [{" + app + ", " + more + "}]}}"
}

func loadBalancer(patch string) string { return "spec: {traffic: {loadBalancer: {" + patch + "}}}" }

func template(patch string) string { return "spec: {template: {" + patch + "}}" }

func steps(list string) string {
	return "spec: {strategy: {type: Canary, canary: {steps: [" + list + "]}}}"
}

const asWorker = "{template: {target: null, network: {loadBalancerSecurityGroupIDs: null}}, traffic: null}"

const adopted = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"

const fargate = "spec.template.memory doesn't fit spec.template.cpu on Fargate"

// refusal is a patch that makes a valid ImmutableDeployment invalid, with the
// expected messages.
type refusal struct {
	patch string
	want  []string
}

var refusals = map[string]refusal{
	"name too long":        {"metadata: {name: " + strings.Repeat("a", 41) + "}", []string{"metadata.name must be at most 40 characters"}},
	"name with a hyphen":   {"metadata: {name: -a}", []string{"metadata.name must be at most 40 characters of a-z, 0-9 and '-'"}},
	"name with a dot":      {"metadata: {name: a.b}", []string{"metadata.name must be"}},
	"unknown field":        {"spec: {replicas: 3}", []string{`unknown field "spec.replicas"`}},
	"too much to run":      {"spec: {desiredCount: 5001}", []string{"spec.desiredCount", "less than or equal to 5000"}},
	"hasty deadline":       {"spec: {progressDeadlineSeconds: 59}", []string{"spec.progressDeadlineSeconds", "greater than or equal to 60"}},
	"endless deadline":     {"spec: {progressDeadlineSeconds: 86401}", []string{"spec.progressDeadlineSeconds"}},
	"too much history":     {"spec: {revisionHistoryLimit: 51}", []string{"spec.revisionHistoryLimit"}},
	"region":               {"spec: {aws: {region: Ireland}}", []string{"spec.aws.region is a region's code, such as eu-west-1"}},
	"role":                 {"spec: {aws: {roleARN: 'arn:aws:iam::1:role/x'}}", []string{"spec.aws.roleARN"}},
	"external ID":          {"spec: {aws: {externalID: 'a b'}}", []string{"spec.aws.externalID has at least 2 letters, digits and + = , . @ : / - _"}},
	"kept for ever":        {"spec: {rollback: {keepOldSeconds: 604801}}", []string{"spec.rollback.keepOldSeconds"}},
	"long unhealthy":       {"spec: {rollback: {unhealthySeconds: 3601}}", []string{"spec.rollback.unhealthySeconds"}},
	"drift policy":         {"spec: {traffic: {onDrift: Ignore}}", []string{"spec.traffic.onDrift", `"Pause", "Enforce"`}},
	"stack mode":           {"spec: {stack: {mode: Fast}}", []string{"spec.stack.mode", `"Standard", "Express"`}},
	"strategy":             {"spec: {strategy: {type: Magic}}", []string{"spec.strategy.type", "Unsupported value"}},
	"no strategy":          {"spec: {strategy: null}", []string{"spec.strategy: Required value"}},
	"canary, no steps":     {"spec: {strategy: {type: Canary}}", []string{"spec.strategy.canary with its steps goes with type Canary"}},
	"steps, no canary":     {"spec: {strategy: {canary: {steps: [{weight: 1}]}}}", []string{"spec.strategy.canary with its steps goes with type Canary, and only with it"}},
	"no steps":             {"spec: {strategy: {type: Canary, canary: {}}}", []string{"spec.strategy.canary needs exactly one of steps and preset"}},
	"steps twice":          {"spec: {strategy: {type: Canary, canary: {preset: Canary10Percent5Minutes, steps: [{weight: 1}]}}}", []string{"spec.strategy.canary needs exactly one of steps and preset"}},
	"preset":               {"spec: {strategy: {type: Canary, canary: {preset: Canary}}}", []string{"spec.strategy.canary.preset"}},
	"empty steps":          {steps(""), []string{"spec.strategy.canary.steps", "at least 1 items"}},
	"too many steps":       {steps(strings.TrimSuffix(strings.Repeat("{weight: 1},", 21), ",")), []string{"spec.strategy.canary.steps: Too many: 21"}},
	"weight 0":             {steps("{weight: 0}"), []string{"spec.strategy.canary.steps[0].weight"}},
	"weight 100":           {steps("{weight: 50}, {weight: 100}"), []string{"spec.strategy.canary.steps[1].weight", "weight of a step in spec.strategy.canary.steps is at most 99: leave a step of 100 out, since the final step to 100 is added by itself"}},
	"weights go down":      {steps("{weight: 50}, {weight: 25}"), []string{"spec.strategy.canary.steps must have ascending weights; the final step to 100 is added by itself"}},
	"weights repeat":       {steps("{weight: 25}, {weight: 25}"), []string{"spec.strategy.canary.steps must have ascending weights"}},
	"hold below nothing":   {steps("{weight: 25, holdSeconds: -1}"), []string{"holdSeconds"}},
	"hold beyond a week":   {steps("{weight: 25, holdSeconds: 604801}"), []string{"holdSeconds"}},
	"approval":             {steps("{weight: 25, approval: Maybe}"), []string{"steps[0].approval", "Manual"}},
	"blue, not green":      {"spec: {strategy: {type: Rolling, blueGreen: {previewSeconds: 1}}}", []string{"spec.strategy.blueGreen goes with type BlueGreen only"}},
	"rolling, not Rolling": {"spec: {strategy: {rolling: {pauseSeconds: 1}}}", []string{"spec.strategy.rolling goes with type Rolling only"}},
	"nothing moves":        {"spec: {strategy: {type: Rolling, rolling: {maxSurgePercent: 0}}}", []string{"spec.strategy.rolling.maxSurgePercent and maxUnavailablePercent can't both be 0"}},

	"neither rule":         {loadBalancer("listenerARN: null"), []string{"needs exactly one of ruleARN (adopt a rule) and listenerARN"}},
	"both rules":           {loadBalancer("ruleARN: '" + adopted + "'"), []string{"needs exactly one of ruleARN"}},
	"rule with priority":   {loadBalancer("listenerARN: null, conditions: null, ruleARN: '" + adopted + "'"), []string{"priority and conditions go with listenerARN"}},
	"rule with conditions": {loadBalancer("listenerARN: null, priority: null, ruleARN: '" + adopted + "'"), []string{"priority and conditions go with listenerARN"}},
	"no priority":          {loadBalancer("priority: null"), []string{"spec.traffic.loadBalancer.priority and conditions go with listenerARN, both of them"}},
	"no conditions":        {loadBalancer("conditions: null"), []string{"spec.traffic.loadBalancer.priority and conditions go with listenerARN, both of them"}},
	"empty conditions":     {loadBalancer("conditions: []"), []string{"spec.traffic.loadBalancer.conditions", "at least 1 items"}},
	"listener of an NLB":   {loadBalancer("listenerARN: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/net/shop/50dc6c495c0c9188/f2f7dc8efc522ab2'"), []string{"spec.traffic.loadBalancer.listenerARN"}},
	"listener of any":      {loadBalancer("listenerARN: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/*/50dc6c495c0c9188/f2f7dc8efc522ab2'"), []string{"spec.traffic.loadBalancer.listenerARN is the ARN of a listener of an Application Load Balancer"}},
	"rule of any":          {loadBalancer("listenerARN: null, priority: null, conditions: null, ruleARN: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/a b;*/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee'"), []string{"spec.traffic.loadBalancer.ruleARN is the ARN of a rule of an Application Load Balancer"}},
	"listener for a rule":  {loadBalancer("listenerARN: null, priority: null, conditions: null, ruleARN: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2'"), []string{"spec.traffic.loadBalancer.ruleARN is the ARN of a rule of an Application Load Balancer: arn:aws:elasticloadbalancing:<region>:<account>:listener-rule/app/..."}},
	"rule for a listener":  {loadBalancer("listenerARN: '" + adopted + "'"), []string{"spec.traffic.loadBalancer.listenerARN"}},
	"priority 0":           {loadBalancer("priority: 0"), []string{"spec.traffic.loadBalancer.priority"}},
	"priority 50001":       {loadBalancer("priority: 50001"), []string{"spec.traffic.loadBalancer.priority"}},
	"priority 1":           {loadBalancer("priority: 1"), []string{"spec.traffic.loadBalancer.priority must be 3 or more, since the preview rules of two stacks need free priorities below it", "aws elbv2 set-rule-priorities"}},
	"room for one preview": {loadBalancer("priority: 2"), []string{"spec.traffic.loadBalancer.priority must be 3 or more"}},
	"previews above":       {loadBalancer("previewPriorities: {first: 101, last: 200}"), []string{"spec.traffic.loadBalancer.previewPriorities must lie below priority"}},
	"previews up to it":    {loadBalancer("previewPriorities: {last: 100}"), []string{"spec.traffic.loadBalancer.previewPriorities must lie below priority"}},
	"unknown preview":      {loadBalancer("preview: Cookie"), []string{"Unsupported value"}},
	"previews upside down": {loadBalancer("previewPriorities: {first: 50, last: 49}"), []string{"previewPriorities.first must not be greater than previewPriorities.last"}},
	"five values":          {loadBalancer("conditions: [{field: host-header, values: [a.io, b.io]}, {field: path-pattern, values: [/a, /b, /c]}]"), []string{"conditions may hold 4 values in all: a rule takes 5 and the preview rule adds one"}},
	"five in one":          {loadBalancer("conditions: [{field: host-header, values: [a.io, b.io, c.io, d.io, e.io]}]"), []string{"conditions[0].values: Too many: 5"}},
	"no value":             {loadBalancer("conditions: [{field: host-header, values: []}]"), []string{"conditions[0].values"}},
	"value twice":          {loadBalancer("conditions: [{field: host-header, values: [a.io, a.io]}]"), []string{"conditions[0].values[1]: Duplicate value"}},
	"field twice":          {loadBalancer("conditions: [{field: host-header, values: [a.io]}, {field: host-header, values: [b.io]}]"), []string{"conditions may hold each field but http-header once: put the values in one condition"}},
	"unknown condition":    {loadBalancer("conditions: [{field: moon-phase, values: [full]}]"), []string{"conditions[0].field", "Unsupported value"}},
	"header without name":  {loadBalancer("conditions: [{field: http-header, values: [a]}]"), []string{"httpHeaderName goes with field http-header"}},
	"name without header":  {loadBalancer("conditions: [{field: host-header, httpHeaderName: x, values: [a.io]}]"), []string{"httpHeaderName goes with field http-header, and only with it"}},
	"our own header":       {loadBalancer("conditions: [{field: http-header, httpHeaderName: X-Viridian-Revision, values: ['1']}]"), []string{"the header x-viridian-revision is the preview rules' own"}},
	"traffic, no target":   {template("target: null"), []string{"spec.traffic.loadBalancer needs spec.template.target and spec.template.network.loadBalancerSecurityGroupIDs: add both"}},
	"traffic, no groups":   {template("network: {loadBalancerSecurityGroupIDs: null}"), []string{"spec.traffic.loadBalancer needs spec.template.target"}},
	"worker with target":   {"spec: {traffic: null}", []string{"a worker without spec.traffic.loadBalancer takes no requests: leave out spec.template.target"}},

	"no container":         {template("containers: []"), []string{"spec.template.containers", "at least 1 items"}},
	"container twice":      {template("containers: [{" + app + "}, {" + app + "}]"), []string{"spec.template.containers[1]: Duplicate value"}},
	"container name":       {template("containers: [{name: -app, image: 'app:1', portMappings: [{containerPort: 8080}]}]"), []string{"spec.template.containers[0].name"}},
	"image with a space":   {image("a b:1"), []string{imageShape}},
	"image placeholder":    {image("<IMAGE1_NAME>"), []string{imageShape}},
	"image of a scheme":    {image("https://example.com/shop:1"), []string{imageShape}},
	"image in capitals":    {image("example.com/Shop:1"), []string{imageShape}},
	"image of a variable":  {image("example.com/shop:${TAG}"), []string{imageShape}},
	"image with no tag":    {image("example.com/shop:"), []string{imageShape}},
	"image, short digest":  {image("example.com/shop@sha256:0123"), []string{imageShape}},
	"image without a tag":  {image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop"), []string{"image has neither a tag nor a digest: name the version, or append :latest if whatever is newest is meant"}},
	"image, word only":     {image("nginx"), []string{"image has neither a tag nor a digest"}},
	"port not mapped":      {template("target: {containerPort: 8081}"), []string{"spec.template.target must name a container and a containerPort that one of spec.template.containers maps"}},
	"container not there":  {template("target: {containerName: web}"), []string{"spec.template.target must name a container"}},
	"port 0":               {template("target: {containerPort: 0}"), []string{"spec.template.target.containerPort"}},
	"port twice":           {containers("portMappings: [{containerPort: 8080}, {containerPort: 8080, protocol: tcp}]"), []string{"containers[0].portMappings", "two of a container's portMappings have the same containerPort and protocol: leave one out"}},
	"nothing essential":    {containers("essential: false"), []string{"spec.template.containers needs at least one container with essential: true"}},
	"variable twice":       {containers("environment: [{name: A, value: '1'}, {name: A, value: '2'}]"), []string{"environment[1]: Duplicate value"}},
	"secret twice":         {containers("secrets: [{name: A, valueFrom: 'arn:aws:ssm:eu-west-1:111122223333:parameter/a'}, {name: A, valueFrom: 'arn:aws:ssm:eu-west-1:111122223333:parameter/b'}]"), []string{"secrets[1]: Duplicate value"}},
	"variable and secret":  {containers("environment: [{name: A, value: '1'}], secrets: [{name: A, valueFrom: 'arn:aws:ssm:eu-west-1:111122223333:parameter/a'}]"), []string{"a name stands in both environment and secrets: keep it in one of them"}},
	"secret in plain":      {containers("secrets: [{name: A, valueFrom: hunter2}]"), []string{"valueFrom of a secret says where its value is"}},
	"health check command": {containers("healthCheck: {command: [curl, localhost]}"), []string{"healthCheck.command must begin with CMD or CMD-SHELL"}},
	"health check time":    {template("target: {healthCheck: {intervalSeconds: 10, timeoutSeconds: 10}}"), []string{"healthCheck.timeoutSeconds must be smaller than healthCheck.intervalSeconds"}},
	"health check path":    {template("target: {healthCheck: {path: healthz}}"), []string{"spec.template.target.healthCheck.path"}},
	"health check codes":   {template("target: {healthCheck: {successCodes: OK}}"), []string{"spec.template.target.healthCheck.successCodes"}},
	"no execution role":    {template("executionRoleARN: null"), []string{"a container needs spec.template.executionRoleARN, the role with which ECS pulls images, reads secrets and writes logs: arn:aws:iam::<account>:role/<name>. It may be left out if each container has an image outside of Amazon ECR's private registries, a logConfiguration with another logDriver than awslogs, and no secrets, secretOptions, repositoryCredentials and environmentFiles"}},
	"execution role":       {template("executionRoleARN: ecs-execution"), []string{"spec.template.executionRoleARN"}},
	"task role":            {template("taskRoleARN: ''"), []string{"spec.template.taskRoleARN"}},
	"VPC":                  {template("network: {vpcID: main}"), []string{"spec.template.network.vpcID"}},
	"subnet twice":         {template("network: {subnetIDs: [subnet-0a1b2c3d, subnet-0a1b2c3d]}"), []string{"subnetIDs[1]: Duplicate value"}},
	"subnet":               {template("network: {subnetIDs: [subnet-0a1b2c3d, private]}"), []string{"spec.template.network.subnetIDs[1]"}},
	"security group":       {template("network: {loadBalancerSecurityGroupIDs: [default]}"), []string{"spec.template.network.loadBalancerSecurityGroupIDs[0]"}},
	"own security group":   {template("network: {securityGroupIDs: [default]}"), []string{"spec.template.network.securityGroupIDs[0]", "spec.template.network.securityGroupIDs are the security groups' IDs, sg-..., not their names"}},
	"CPU":                  {template("cpu: '300'"), []string{"spec.template.cpu is one of Fargate's sizes"}},
	"memory with a unit":   {template("memory: 512Mi"), []string{"spec.template.memory"}},
	"log retention":        {template("logRetentionDays: 2"), []string{"spec.template.logRetentionDays"}},
	"cluster":              {template("cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/shop'"), []string{"spec.template.cluster"}},
	"AWS's tag":            {template("tags: [{key: 'aws:x', value: v}]"), []string{"tag keys that begin with aws: or viridian.dev/ are reserved"}},
	"our tag":              {template("tags: [{key: viridian.dev/uid, value: v}]"), []string{"tag keys that begin with aws: or viridian.dev/ are reserved"}},
	"tag twice":            {template("tags: [{key: a, value: b}, {key: a, value: c}]"), []string{"tags[1]: Duplicate value"}},

	"alarm twice":          {"spec: {analysis: {alarms: [a, a]}}", []string{"spec.analysis.alarms[1]: Duplicate value"}},
	"alarm policy":         {"spec: {analysis: {ifAlarmBefore: Ignore}}", []string{"spec.analysis.ifAlarmBefore", `"Block", "Proceed"`}},
	"no metric":            {metrics("max: '1'"), []string{"a metric of spec.analysis.metrics needs exactly one of builtin and query"}},
	"two metrics in one":   {metrics("builtin: ErrorRate, max: '1', query: " + query("")), []string{"a metric of spec.analysis.metrics needs exactly one of builtin and query"}},
	"no bound":             {metrics("builtin: ErrorRate"), []string{"a metric of spec.analysis.metrics needs a bound: max, min or maxRatioToStable"}},
	"bound with a unit":    {metrics("builtin: ErrorRate, max: 1%"), []string{"spec.analysis.metrics[0].max"}},
	"floor with a unit":    {metrics("builtin: ErrorRate, min: 1%"), []string{`min is a number in quotes, without a unit, such as "1" or "0.5"`}},
	"metric in capitals":   {"spec: {analysis: {metrics: [{name: Errors, builtin: ErrorRate, max: '1'}]}}", []string{"the name of a metric has a-z, 0-9 and '-', and begins with a letter"}},
	"id in capitals":       {metrics("max: '1', query: {metrics: [{id: A, namespace: Shop, metricName: M, stat: Sum}]}"), []string{"the id of a query's metric has letters, digits and _, and begins with a lower-case letter"}},
	"dollar in namespace":  {metrics("max: '1', query: {metrics: [{id: a, namespace: $(pod), metricName: M, stat: Sum}]}"), []string{"the namespace of a query's metric doesn't begin with ':', and may hold $(targetGroup), $(loadBalancer), $(cluster), $(service) and $(revision), but no other $"}},
	"bound as a number":    {metrics("builtin: ErrorRate, max: 1"), []string{"spec.analysis.metrics[0].max"}},
	"bound of no rate":     {metrics("builtin: ErrorRate, max: '500'"), []string{"ErrorRate is a percentage and never exceeds 100: set max of the metric in spec.analysis.metrics to what you tolerate, such as '1'"}},
	"bound of all":         {metrics("builtin: ErrorRate, max: '100.0'"), []string{"ErrorRate is a percentage"}},
	"negative bound":       {metrics("builtin: LatencyP90, max: '-0.1'"), []string{"max of a builtin metric of spec.analysis.metrics is negative, so every value is bad: set it to 0 or more"}},
	"bounds exchanged":     {metrics("builtin: RequestCount, min: '2', max: '1.5'"), []string{"min of a metric of spec.analysis.metrics is greater than its max, so every value is bad: exchange them"}},
	"too many samples":     {metrics("builtin: ErrorRate, max: '1', minSamples: 1000000"), []string{"spec.analysis.metrics[0].minSamples", "less than or equal to 100000"}},
	"points in no window":  {metrics("builtin: CPUUtilization, max: '80', minSamples: 11"), []string{"minSamples of a metric of spec.analysis.metrics is more than one data point a minute of windowSeconds, so it is never reached: lower it or raise windowSeconds"}},
	"unanswered latency":   {metrics("builtin: LatencyP90, max: '80', unanswered: Ignore"), []string{"unanswered says how ErrorRate counts: leave it out of other metrics of spec.analysis.metrics"}},
	"unanswered":           {metrics("builtin: ErrorRate, max: '1', unanswered: 'Maybe'"), []string{"spec.analysis.metrics[0].unanswered", `"Count", "Ignore"`}},
	"registry, URL":        {"spec: {imagePolicy: {foreignRegistries: ['https://gcr.io']}}", []string{"spec.imagePolicy.foreignRegistries[0]", "as images name them: example.com or example.com:5000/team, without https://, a tag, * or a final /"}},
	"registry twice":       {"spec: {imagePolicy: {foreignRegistries: [gcr.io, gcr.io]}}", []string{"spec.imagePolicy.foreignRegistries[1]: Duplicate value"}},
	"ratio below one":      {metrics("builtin: ErrorRate, maxRatioToStable: '0.5'"), []string{"spec.analysis.metrics[0].maxRatioToStable"}},
	"ratio of counts":      {metrics("builtin: RequestCount, maxRatioToStable: '2'"), []string{"maxRatioToStable makes no sense for RequestCount and UnhealthyHosts, which follow from the revision's share: use max or min"}},
	"unknown metric":       {metrics("builtin: Happiness, min: '1'"), []string{"spec.analysis.metrics[0].builtin", "Unsupported value"}},
	"metric twice":         {"spec: {analysis: {metrics: [{name: a, builtin: ErrorRate, max: '1'}, {name: a, builtin: ErrorRate, max: '2'}]}}", []string{"spec.analysis.metrics[1]: Duplicate value"}},
	"worker with requests": {"spec: {template: {target: null, network: {loadBalancerSecurityGroupIDs: null}}, traffic: null, analysis: {metrics: [{name: a, builtin: ErrorRate, max: '1'}]}}", []string{"a worker without spec.traffic.loadBalancer has no requests to measure: of the builtin metrics, spec.analysis.metrics may hold CPUUtilization and MemoryUtilization"}},
	"several, no math":     {metrics("max: '1', query: {metrics: [{id: a, namespace: Shop, metricName: M, stat: Sum}, {id: b, namespace: Shop, metricName: M, stat: Sum}]}"), []string{"a query of several metrics needs an expression"}},
	"search":               {metrics("max: '1', query: " + query("expression: \"SEARCH('x', 'Sum', 60)\"")), []string{"expression may use the ids of metrics, numbers, + - * / ^, comparisons, AND, OR, ABS, CEIL, FLOOR, FILL, IF, and SUM, AVG, MIN, MAX of a list such as SUM([a, b])"}},
	"all metrics":          {metrics("max: '1', query: " + query("expression: 'SUM(METRICS())'")), []string{"expression may use the ids of metrics"}},
	"mean of a series":     {metrics("max: '1', query: " + query("expression: 'a / AVG(a)'")), []string{"expression may use the ids of metrics"}},
	"statistic":            {metrics("max: '1', query: {metrics: [{id: a, namespace: Shop, metricName: M, stat: Mode}]}"), []string{"query.metrics[0].stat"}},
	"unknown placeholder":  {metrics("max: '1', query: {metrics: [{id: a, namespace: Shop, metricName: M, stat: Sum, dimensions: [{name: D, value: $(pod)}]}]}"), []string{"dimensions[0].value"}},

	"nothing to ask":     {gate("at: AfterStep"), []string{"a gate of spec.gates needs exactly one of lambda, stepFunctions, webhook and approval"}},
	"two to ask":         {gate("at: AfterStep, approval: {}, webhook: {url: 'https://example.com/'}"), []string{"a gate of spec.gates needs exactly one of lambda, stepFunctions, webhook and approval"}},
	"gate nowhere":       {gate("approval: {}"), []string{"spec.gates[0].at: Required value"}},
	"gate point":         {gate("at: Whenever, approval: {}"), []string{"spec.gates[0].at", "Unsupported value"}},
	"gate named full":    {"spec: {gates: [{name: full, at: AfterStep, approval: {}}]}", []string{"'full' is what the annotation viridian.dev/promote calls the way to 100%: choose another name"}},
	"gate named 2":       {"spec: {gates: [{name: '2', at: AfterStep, approval: {}}]}", []string{"spec.gates[0].name"}},
	"gate twice":         {"spec: {gates: [{name: a, at: AfterStep, approval: {}}, {name: a, at: AfterStep, approval: {}}]}", []string{"spec.gates[1]: Duplicate value"}},
	"steps elsewhere":    {gate("at: BeforeTraffic, steps: [1], approval: {}"), []string{"steps goes with at: AfterStep"}},
	"late approval":      {gate("at: AfterPromotion, approval: {}"), []string{"nobody can approve what has happened already: an approval can't be at AfterPromotion or OnRollback"}},
	"approval, retried":  {gate("at: AfterStep, approval: {}, retries: 2"), []string{"timeoutSeconds and retries don't go with approval: use approval.expirySeconds"}},
	"plain HTTP":         {gate("at: AfterStep, webhook: {url: 'http://example.com/'}"), []string{"webhook.url must be an https:// address"}},
	"option for a name":  {gate("at: AfterStep, webhook: {url: 'https://example.com/', secretName: '--from-file=/etc/passwd'}"), []string{"webhook.secretName is the name of a Secret in the namespace of the ImmutableDeployment"}},
	"any host":           {gate("at: AfterStep, webhook: {url: 'https://*.example.com/'}"), []string{"webhook.url names one host"}},
	"command for a host": {gate("at: AfterStep, webhook: {url: 'https://;id>$IFS;.example.com/'}"), []string{"webhook.url names one host"}},
	"no address":         {gate("at: AfterStep, webhook: {url: 'hook'}"), []string{"webhook.url must be an https:// address"}},
	"function by name":   {gate("at: AfterStep, lambda: {functionARN: smoke}"), []string{"spec.gates[0].lambda.functionARN"}},
	"state machine":      {gate("at: AfterStep, stepFunctions: {stateMachineARN: 'arn:aws:states:eu-west-1:111122223333:execution:a:b'}"), []string{"spec.gates[0].stepFunctions.stateMachineARN"}},

	"severity":           {"spec: {imagePolicy: {scan: {severity: BAD}}}", []string{"spec.imagePolicy.scan.severity", "Unsupported value"}},
	"allowed, no reason": {"spec: {imagePolicy: {scan: {severity: HIGH, allow: [{id: CVE-1, expires: '2027-01-31T00:00:00Z'}]}}}", []string{"spec.imagePolicy.scan.allow[0].reason: Required value"}},
	"allowed for ever":   {"spec: {imagePolicy: {scan: {severity: HIGH, allow: [{id: CVE-1, reason: r}]}}}", []string{"spec.imagePolicy.scan.allow[0].expires: Required value"}},
	"restarts":           {"spec: {rollback: {taskRestartLimit: -1}}", []string{"spec.rollback.taskRestartLimit"}},
}

// image is that of the only container.
func image(ref string) string {
	return template(fmt.Sprintf("containers: [{name: app, image: %q, portMappings: [{containerPort: 8080}]}]", ref))
}

const imageShape = "image must read [registry/]repository[:tag][@sha256:digest], such as 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1.0, without spaces or placeholders"

func metrics(m string) string {
	return "spec: {analysis: {metrics: [{name: errors, " + m + "}]}}"
}

func query(more string) string {
	return "{metrics: [{id: a, namespace: Shop, metricName: M, stat: Sum}], " + more + "}"
}

func gate(g string) string { return "spec: {gates: [{name: sign-off, " + g + "}]}" }

func TestRefused(t *testing.T) {
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
}

// What is just inside the bounds.
func TestAdmitted(t *testing.T) {
	for name, patch := range map[string]string{
		"as it is":           "{}",
		"longest name":       "metadata: {name: " + strings.Repeat("a", 40) + "}",
		"shortest name":      "metadata: {name: a}",
		"all counts":         "spec: {desiredCount: 5000, progressDeadlineSeconds: 60, revisionHistoryLimit: 0}",
		"the weights":        steps("{weight: 1}, {weight: 98}, {weight: 99, holdSeconds: 0}"),
		"preset":             "spec: {strategy: {type: Canary, canary: {preset: Canary10Percent5Minutes}}}",
		"approval":           steps("{weight: 50, approval: Manual}"),
		"rolling":            "spec: {strategy: {type: Rolling, rolling: {maxSurgePercent: 0, maxUnavailablePercent: 1}}}",
		"recreate":           "spec: {strategy: {type: Recreate}}",
		"adopted rule":       loadBalancer("listenerARN: null, priority: null, conditions: null, ruleARN: '" + adopted + "'"),
		"other partitions":   loadBalancer("listenerARN: 'arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:111122223333:listener/app/a/0/1'"),
		"four values":        loadBalancer("conditions: [{field: host-header, values: [a.io, b.io]}, {field: path-pattern, values: [/a, /b]}]"),
		"two headers":        loadBalancer("conditions: [{field: http-header, httpHeaderName: a, values: [c]}, {field: http-header, httpHeaderName: b, values: [d]}]"),
		"previews just left": loadBalancer("previewPriorities: {first: 99, last: 99}"),
		"lowest priority":    loadBalancer("priority: 3"),
		"no previews":        loadBalancer("priority: 1, preview: None"),
		"previews from 50":   loadBalancer("previewPriorities: {first: 50}"),
		"previews up to 50":  loadBalancer("previewPriorities: {last: 50}"),
		"highest priority":   loadBalancer("priority: 50000, previewPriorities: {first: 49999, last: 49999}"),
		"worker":             "spec: " + asWorker,
		"sidecar":            template("containers: [{" + app + "}, {name: log, image: 'log:1', essential: false, dependsOn: [{containerName: app, condition: START}]}]"),
		"named target":       template("target: {containerName: app}"),
		"own cluster":        template("cluster: null"),
		"secrets":            containers("environment: [{name: A, value: ''}], secrets: [{name: B, valueFrom: 'arn:aws:ssm:eu-west-1:111122223333:parameter/b'}]"),
		"alarms":             "spec: {analysis: {alarms: [checkout-5xx], ifAlarmBefore: Proceed, inconclusiveSeconds: 0, ifInconclusive: RollBack}}",
		"metric":             metrics("builtin: ErrorRate, max: '0.5', maxRatioToStable: '1.5', minSamples: 1, failureLimit: 0, intervalSeconds: 1, windowSeconds: 60"),
		"unanswered":         metrics("builtin: ErrorRate, max: '99.9', unanswered: Ignore"),
		"ten points":         metrics("builtin: CPUUtilization, max: '250', minSamples: 10"),
		"an image by tag":    image("localhost:5000/a.b/c__d-e/f:V1.0_x-y"),
		"an image by digest": image("nginx@sha256:" + strings.Repeat("0", 64)),
		"an image by both":   image("public.ecr.aws/nginx/nginx:1.29@sha256:" + strings.Repeat("a", 64)),
		"registries":         "spec: {imagePolicy: {foreignRegistries: [public.ecr.aws/datadog, docker.io, 'registry.example.com:5000/a/b-c']}}",
		"query":              metrics("max: '-1.5', query: {aggregate: Maximum, expression: 'IF(a > 0, 100 * SUM([a, b]) / FILL(b, 1), ABS(a))', metrics: [{id: a, namespace: 'Shop/$(service)', metricName: M, stat: p99.9, dimensions: [{name: D, value: 'x-$(targetGroup)-y'}]}, {id: b, namespace: Shop, metricName: M, stat: Sum}]}"),
		"worker's metric":    "spec: {template: {target: null, network: {loadBalancerSecurityGroupIDs: null}}, traffic: null, analysis: {metrics: [{name: a, builtin: CPUUtilization, max: '80'}]}}",
		"gates":              "spec: {gates: [{name: a, at: AfterStep, steps: [1], lambda: {functionARN: 'arn:aws:lambda:eu-west-1:111122223333:function:viridian-smoke:live', payload: CodeDeploy}, timeoutSeconds: 1, retries: 10}, {name: b, at: OnRollback, stepFunctions: {stateMachineARN: 'arn:aws:states:eu-west-1:111122223333:stateMachine:viridian-load'}}, {name: c, at: BeforeTraffic, webhook: {url: 'https://example.com:8443/a?b=c', secretName: hook}}, {name: d, at: BeforePromotion, approval: {expirySeconds: 60, ifExpired: Proceed}}]}",
		"images":             "spec: {imagePolicy: {foreignTags: Allow, mutableTags: Deny, missingRepository: Create, scan: {severity: HIGH, ifUnavailable: Proceed, allow: [{id: CVE-2026-1, reason: not reachable, expires: '2027-01-31T00:00:00Z'}]}}}",
		"role":               "spec: {aws: {region: us-gov-west-1, roleARN: 'arn:aws-us-gov:iam::111122223333:role/path/x'}}",
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Fargate's sizes: the least and the most memory for each CPU, and what is just
// outside.
func TestFargate(t *testing.T) {
	for cpu, memory := range map[string]struct{ good, bad []int }{
		"256":   {[]int{512, 1024, 2048}, []int{256, 1536, 3072}},
		"512":   {[]int{1024, 4096}, []int{512, 1536, 5120}},
		"1024":  {[]int{2048, 3072, 8192}, []int{1024, 2560, 9216}},
		"2048":  {[]int{4096, 16384}, []int{3072, 4608, 17408}},
		"4096":  {[]int{8192, 30720}, []int{7168, 8704, 31744}},
		"8192":  {[]int{16384, 61440}, []int{12288, 17408, 65536}},
		"16384": {[]int{32768, 122880}, []int{24576, 36864, 131072}},
	} {
		size := func(m int) *unstructured.Unstructured {
			return base(t, "deployment.yaml", template(fmt.Sprintf("cpu: '%s', memory: '%d'", cpu, m)))
		}
		for _, m := range memory.good {
			if err := create(t, size(m)); err != nil {
				t.Errorf("%s with %d: %v", cpu, m, err)
			}
		}
		for _, m := range memory.bad {
			refused(t, create(t, size(m)), fargate)
		}
	}
}

// What may change later, and what may not.
func TestUpdates(t *testing.T) {
	for name, c := range map[string]struct {
		file, before, after string
		want                string
	}{
		"template":               {"deployment.yaml", "{}", template("cpu: '512', memory: '1024'"), ""},
		"strategy":               {"deployment.yaml", "{}", steps("{weight: 10}"), ""},
		"preview rules":          {"deployment.yaml", "{}", loadBalancer("previewPriorities: {first: 10, last: 20}, preview: None"), ""},
		"drift policy":           {"deployment.yaml", "{}", "spec: {traffic: {onDrift: Enforce}}", ""},
		"rule":                   {"deployment.yaml", "{}", loadBalancer("priority: 101"), "spec.traffic.loadBalancer can't be added, removed or changed"},
		"made a worker":          {"deployment.yaml", "{}", "spec: " + asWorker, "spec.traffic.loadBalancer can't be added, removed or changed"},
		"the stack's state":      {"revision.yaml", "{}", "spec: {stackState: Absent}", ""},
		"the revision's number":  {"revision.yaml", "{}", "spec: {revision: 2}", "an ImmutableRevision can't change: edit spec.template of its ImmutableDeployment"},
		"the stack's name":       {"revision.yaml", "{}", "spec: {stackName: x}", "an ImmutableRevision can't change"},
		"the frozen template":    {"revision.yaml", "{}", "spec: {frozen: {template: {cpu: '512', memory: '1024'}}}", "an ImmutableRevision can't change"},
		"the frozen body":        {"revision.yaml", "{}", "spec: {frozen: {templateBody: '{}'}}", "an ImmutableRevision can't change"},
		"the frozen credentials": {"revision.yaml", "{}", "spec: {frozen: {aws: {region: eu-west-2}}}", "an ImmutableRevision can't change"},
	} {
		t.Run(name, func(t *testing.T) {
			object := base(t, c.file, c.before)
			object.SetName("")
			object.SetGenerateName("updated-")
			if err := admission.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			merge(object.Object, parse(t, c.after))
			err := admission.Update(t.Context(), object)
			if c.want == "" && err != nil {
				t.Error(err)
			}
			if c.want != "" {
				refused(t, err, c.want)
			}
		})
	}
}

// spec.aws may be corrected until something was made with it.
func TestUpdateOfAWS(t *testing.T) {
	const refusal = "spec.aws can't change any more, since the ImmutableDeployment has made something in AWS and its stacks stay where they are: delete it and create it anew"
	for name, c := range map[string]struct {
		before, status, after string
		want                  string
	}{
		"nothing was looked at":      {"spec: {aws: {region: eu-west-1}}", "", "spec: {aws: {region: eu-west-2}}", ""},
		"nothing could be made":      {"spec: {aws: {region: eu-west-1}}", "{phase: Pending, observedGeneration: 1}", "spec: {aws: null}", ""},
		"nothing was made of a rule": {"{}", "{traffic: {inSync: true}}", "spec: {aws: {region: eu-west-2}}", ""},
		"changed":                    {"spec: {aws: {region: eu-west-1}}", "{latestRevision: 1}", "spec: {aws: {region: eu-west-2}}", refusal},
		"added":                      {"{}", "{latestRevision: 1}", "spec: {aws: {region: eu-west-2}}", refusal},
		"removed":                    {"spec: {aws: {region: eu-west-1}}", "{latestRevision: 1}", "spec: {aws: null}", refusal},
		"a rollout was begun":        {"{}", "{rolloutCount: 1}", "spec: {aws: {region: eu-west-2}}", refusal},
		"the rule was marked":        {"{}", "{traffic: {writers: [me.1.0]}}", "spec: {aws: {region: eu-west-2}}", refusal},
		"the rule was looked up":     {"{}", "{traffic: {originalTargetGroupARN: 'arn:x'}}", "spec: {aws: {region: eu-west-2}}", refusal},
		"something else changes":     {"spec: {aws: {region: eu-west-1}}", "{latestRevision: 1}", "spec: {desiredCount: 3}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			object := base(t, "deployment.yaml", c.before)
			object.SetName("")
			object.SetGenerateName("updated-")
			if err := admission.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			if c.status != "" {
				object.Object["status"] = parse(t, c.status)
				if err := admission.Status().Update(t.Context(), object); err != nil {
					t.Fatal(err)
				}
			}
			merge(object.Object, parse(t, c.after))
			object.Object["status"] = map[string]any{} // which nobody can change in this way
			err := admission.Update(t.Context(), object)
			if c.want == "" && err != nil {
				t.Error(err)
			}
			if c.want != "" {
				refused(t, err, c.want)
			}
		})
	}
}

// Every rule is tested: each one's message is among the refusals.
func TestEveryRuleRefuses(t *testing.T) {
	var said strings.Builder
	for _, table := range []map[string]refusal{refusals, fromECS, containerFields, tooLarge, targetRefusals, discoveryRefusals, scalingRefusals, patchRefusals, instanceRefusals, configurationRefusals, togetherRefusals} {
		for _, c := range table {
			if err := create(t, base(t, "deployment.yaml", c.patch)); err != nil {
				said.WriteString(err.Error())
			}
		}
	}
	said.WriteString(fargateMessage(t))
	for _, message := range rules(t, "immutabledeployments") {
		changes := strings.Contains(message, "can't be added, removed or changed") || strings.Contains(message, "can't change")
		if !changes && !strings.Contains(said.String(), message) {
			t.Errorf("No refusal says %q", message)
		}
	}
}

// fargateMessage is the message about a size that Fargate doesn't have.
func fargateMessage(t *testing.T) string {
	t.Helper()
	err := create(t, base(t, "deployment.yaml", template("memory: '256'")))
	refused(t, err, fargate)
	return err.Error()
}

func TestSamples(t *testing.T) {
	samples, err := filepath.Glob(filepath.Join("..", "..", "config", "samples", "*.yaml"))
	samples = append(samples, filepath.Join("..", "..", "config", "samples", "environments", "base", "deployment.yaml"))
	if err != nil || len(samples) < 3 {
		t.Fatalf("%d samples: %v", len(samples), err)
	}
	for _, sample := range samples {
		if filepath.Base(sample) == "kustomization.yaml" {
			continue
		}
		t.Run(filepath.Base(sample), func(t *testing.T) {
			body, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			object := &unstructured.Unstructured{Object: parse(t, string(body))}
			object.SetNamespace("default")
			if err := create(t, object); err != nil {
				t.Error(err)
			}
		})
	}
}
