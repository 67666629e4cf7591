package importer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// http is the load balancer in front.
func (c *copilotManifest) http() {
	n := c.manifest.get("http")
	if n == nil || n.kind != object {
		return
	}
	group, rule := n.object(), n.object()
	group.seen, rule.seen = true, true
	port := firstOf(n.get("target_port"), c.manifest.get("image", "port"))
	container := firstOf(n.get("target_container"), n.get("targetContainer"), n.leaf(c.name))
	lb := n.object().put("containerName", container).put("targetGroupArn", n.leaf("copilot"))
	if port != nil {
		lb.put("containerPort", port)
	}
	c.service.put("loadBalancers", n.listOf(lb))
	c.healthCheck(group, n.get("healthcheck"))
	if version := n.get("version"); version != nil {
		group.put("ProtocolVersion", version.leaf(strings.ToUpper(version.str())))
	}
	attributes := n.listOf()
	attribute := func(key string, value *node) {
		attributes.items = append(attributes.items, value.object().put("Key", value.leaf(key)).put("Value", value))
	}
	if delay := n.get("deregistration_delay"); delay != nil {
		attribute("deregistration_delay.timeout_seconds", duration(delay))
	}
	if n.get("stickiness").truth() {
		attribute("stickiness.enabled", n.get("stickiness"))
	}
	group.put("TargetGroupAttributes", attributes)
	c.conditions(rule, n)
	rule.put("Actions", n.listOf(n.object().put("Type", n.leaf("forward")).put("TargetGroupArn", n.leaf("copilot"))))
	c.app.group, c.app.rules = group, []*node{rule}
	ignore(n, "hosted_zone", "redirect_to_https", "stickiness", "alias", "path", "allowed_source_ips", "ssl_policy", "public")
	if more := n.get("additional_rules"); more != nil {
		c.find(Dropped, more, "a deployment has one rule: put the values into its conditions")
	}
}

// Fields that Copilot knows of a manifest, of its network, and of the load balancer's
// health check (docs of Copilot, "Load Balanced Web Service", "Backend Service", "Worker
// Service"). It reads no others, such as those of a container's health check there
// (https://github.com/aws/copilot-cli/issues/5380).
var (
	manifestFields = []string{
		"name", "type", "image", "entrypoint", "command", "http", "nlb", "cpu", "memory", "platform", "count", "exec", "variables", "env_file", "secrets", "storage",
		"logging", "sidecars", "network", "publish", "subscribe", "taskdef_overrides", "observability", "deployment", "environments",
	}
	networkFields = []string{"vpc", "connect"}
	checkFields   = []string{"path", "port", "success_codes", "healthy_threshold", "unhealthy_threshold", "interval", "timeout", "grace_period"}
)

// unknown tells of fields that do nothing today.
func (c *copilotManifest) unknown(n *node, known []string) {
	if n == nil || n.kind != object {
		return
	}
	for _, key := range n.keys {
		if value := n.get(key); value != nil && !slices.Contains(known, key) {
			c.find(Assumed, value, "Copilot knows no such field here, and does nothing with it")
		}
	}
}

// healthCheck is a path, or more.
func (c *copilotManifest) healthCheck(group, n *node) {
	switch {
	case n == nil:
		return
	case n.kind == scalar:
		group.put("HealthCheckPath", n)
		return
	}
	c.put(group, "HealthCheckPath", n.get("path"))
	c.put(group, "HealthCheckPort", n.get("port"))
	if codes := n.get("success_codes"); codes != nil {
		group.put("Matcher", n.object().put("HttpCode", codes))
	}
	c.put(group, "HealthyThresholdCount", n.get("healthy_threshold"))
	c.put(group, "UnhealthyThresholdCount", n.get("unhealthy_threshold"))
	for key, name := range map[string]string{"interval": "HealthCheckIntervalSeconds", "timeout": "HealthCheckTimeoutSeconds"} {
		if d := n.get(key); d != nil {
			group.put(name, duration(d))
		}
	}
	if grace := n.get("grace_period"); grace != nil {
		c.service.put("healthCheckGracePeriodSeconds", duration(grace))
	}
	c.unknown(n, checkFields)
}

// conditions of the listener rule, as Copilot makes them.
func (c *copilotManifest) conditions(rule, n *node) {
	conditions := n.listOf()
	add := func(at *node, field string, values ...*node) {
		conditions.items = append(conditions.items, at.object().put("Field", at.leaf(field)).put("Values", at.listOf(values...)))
	}
	if path := n.get("path"); path != nil {
		text := "/" + strings.Trim(path.str(), "/")
		if text == "/" {
			add(path, "path-pattern", path.leaf("/*"))
		} else {
			add(path, "path-pattern", path.part(text), path.part(text+"/*"))
		}
	}
	if alias := n.get("alias"); alias != nil {
		var hosts []*node
		for _, host := range alias.list() {
			if host.kind == object {
				host.see()
				host = host.get("name").orEmpty()
			}
			for name := range strings.SplitSeq(host.str(), ",") {
				hosts = append(hosts, c.host(host, strings.TrimSpace(name)))
			}
		}
		add(alias, "host-header", hosts...)
	}
	if sources := n.get("allowed_source_ips"); sources != nil {
		add(sources, "source-ip", sources.list()...)
	}
	rule.put("Conditions", conditions)
}

// host is the name of a host; one without a dot is a placeholder of others.
func (*copilotManifest) host(at *node, name string) *node {
	out := at.part(name)
	if !strings.Contains(out.text, ".") || len(out.open) > 0 {
		out.text, out.open = placeholder, []string{"the name of the host " + name}
	}
	return out
}

var rangeForm = regexp.MustCompile(`^([0-9]+)\s*-\s*([0-9]+)$`)

// counts are how many tasks run, and on what.
func (c *copilotManifest) counts() {
	n := c.manifest.get("count")
	switch {
	case n == nil:
		c.service.put("desiredCount", c.manifest.leaf("1"))
		return
	case n.kind == scalar:
		c.service.put("desiredCount", n)
		return
	}
	if spot := n.get("spot"); spot != nil {
		c.service.put("desiredCount", spot)
		c.service.put("capacityProviderStrategy", spot.listOf(spot.object().put("capacityProvider", spot.leaf("FARGATE_SPOT")).put("weight", spot.leaf("1"))))
		return
	}
	least, most := c.bounds(n.get("range"))
	if least == "" {
		n.see()
		return
	}
	c.service.put("desiredCount", n.get("range").leaf(least))
	c.app.scaling = append(c.app.scaling, n.object().put("MinCapacity", n.leaf(least)).put("MaxCapacity", n.leaf(most)))
	for _, key := range []string{"cpu_percentage", "memory_percentage", "requests"} {
		if by := n.get(key); by != nil {
			c.app.scaling = append(c.app.scaling, c.policy(n, by, key))
		}
	}
	ignore(n, "cooldown")
}

// bounds of a range such as 1-10; "" if there is none.
func (c *copilotManifest) bounds(n *node) (least, most string) {
	switch {
	case n == nil:
	case n.kind == object:
		if from, ok := n.get("spot_from").number(); ok {
			c.spotFrom(n, from)
		}
		return n.get("min").str(), n.get("max").str()
	default:
		if found := rangeForm.FindStringSubmatch(n.str()); found != nil {
			return found[1], found[2]
		}
	}
	return "", ""
}

// spotFrom has tasks from this number on run on Fargate Spot.
func (c *copilotManifest) spotFrom(at *node, from int) {
	provider := func(name, key, value string) *node {
		return at.object().put("capacityProvider", at.leaf(name)).put(key, at.leaf(value))
	}
	c.service.put("capacityProviderStrategy", at.listOf(
		provider("FARGATE", "base", strconv.Itoa(max(0, from-1))).put("weight", at.leaf("0")), provider("FARGATE_SPOT", "weight", "1")))
}

// predefinedMetrics are what Copilot scales by.
var predefinedMetrics = map[string]string{
	"cpu_percentage": "ECSServiceAverageCPUUtilization", "memory_percentage": "ECSServiceAverageMemoryUtilization", "requests": "ALBRequestCountPerTarget",
}

// policy of target tracking. Its cooldown is its own, or that of all.
func (c *copilotManifest) policy(count, n *node, key string) *node {
	value, cooldown := n, count.get("cooldown")
	if n.kind == object {
		value, cooldown = n.get("value"), firstOf(n.get("cooldown"), cooldown)
	}
	config := n.object().put("PredefinedMetricSpecification", n.object().put("PredefinedMetricType", n.leaf(predefinedMetrics[key])))
	c.put(config, "TargetValue", value)
	for from, to := range map[string]string{"in": "ScaleInCooldown", "out": "ScaleOutCooldown"} {
		if d := cooldown.get(from); d != nil {
			config.put(to, duration(d))
		}
	}
	return n.object().put("TargetTrackingScalingPolicyConfiguration", config)
}

// network is that of Copilot's environment, of which the manifest knows nothing.
func (c *copilotManifest) network() {
	n := c.manifest.get("network")
	vpc := n.get("vpc")
	at := firstOf(vpc, n, c.manifest)
	config := at.object()
	c.placement(config, vpc.get("placement"))
	groups := vpc.get("security_groups")
	if groups != nil && groups.kind == object {
		groups = groups.get("groups")
	}
	if groups != nil {
		config.put("securityGroups", c.exported(groups))
	}
	c.service.put("networkConfiguration", at.object().put("awsvpcConfiguration", config))
	c.connect(n.get("connect"))
	if exec := c.manifest.get("exec"); exec.truth() {
		c.service.put("enableExecuteCommand", exec)
	}
	cluster := c.manifest.leaf(placeholder)
	cluster.open = []string{"the cluster of Copilot's environment (copilot env show --resources)"}
	c.service.put("cluster", cluster)
	if c.service.get("capacityProviderStrategy") == nil {
		c.service.put("launchType", c.manifest.leaf("FARGATE"))
	}
}

// exported puts placeholders in the place of values that another stack exports.
func (*copilotManifest) exported(n *node) *node {
	out := n.listOf()
	for _, item := range n.list() {
		if from := item.get("from_cfn"); from != nil {
			item = from.leaf(placeholder)
			item.open = []string{"the export " + from.str()}
		}
		out.items = append(out.items, item)
	}
	return out
}

// placement of the tasks: in public subnets, unless the manifest says something else.
func (*copilotManifest) placement(config, n *node) {
	if n == nil || n.str() == "public" {
		config.put("assignPublicIp", config.leaf("ENABLED")) // Copilot's default
		return
	}
	if subnets := n.get("subnets"); n.kind == object && subnets != nil && subnets.kind == list {
		config.put("subnets", subnets)
	}
}

// connect is Service Connect, by which Copilot's services reach each other.
func (c *copilotManifest) connect(n *node) {
	if n == nil || n.kind == scalar && !n.truth() {
		return
	}
	c.find(Assumed, n, "the tasks reach others by Service Connect, in the cluster's default namespace; they are not reached by it")
	c.service.put("serviceConnectConfiguration", n.object().put("enabled", n.leaf("true")))
}

// deployment is how the tasks are replaced.
func (c *copilotManifest) deployment() {
	n := c.manifest.get("deployment")
	if n == nil {
		return
	}
	config := n.object()
	if rolling := n.get("rolling"); rolling.str() == "recreate" {
		config.put("maximumPercent", rolling.leaf("100")).put("minimumHealthyPercent", rolling.leaf("0"))
	}
	if alarms := n.get("rollback_alarms"); alarms != nil {
		if alarms.kind == list {
			config.put("alarms", alarms.object().put("alarmNames", alarms).put("enable", alarms.leaf("true")))
		} else {
			c.find(Dropped, alarms, "Copilot makes these alarms: make them in a stack of your own, and name them in spec.analysis.alarms")
		}
	}
	c.service.put("deploymentConfiguration", config)
}

// notCarried are fields of manifests that can't be had, and why.
var notCarried = map[string]string{
	"nlb":           "Network Load Balancers aren't in the API",
	"publish":       "Copilot makes the topics: keep them in a stack of your own, and give the containers their ARNs (COPILOT_SNS_TOPIC_ARNS)",
	"subscribe":     "Copilot makes the queues: keep them in a stack of your own, and give the containers their URLs (COPILOT_QUEUE_URI)",
	"observability": "add the collector as a container of its own",
}

// lost are fields that can't be had.
func (c *copilotManifest) lost() {
	for key, reason := range notCarried {
		if n := c.manifest.get(key); n != nil {
			if tracing := n.get("tracing"); key == "observability" && tracing.str() == "" {
				n.see()
				continue
			}
			c.find(Dropped, n, "%s", reason)
		}
	}
	c.app.findings = append(c.app.findings, Finding{Kind: Assumed, File: c.manifest.file,
		Text: "Copilot makes the roles, and sets the variables COPILOT_APPLICATION_NAME, COPILOT_ENVIRONMENT_NAME, COPILOT_SERVICE_NAME, COPILOT_LB_DNS and COPILOT_SERVICE_DISCOVERY_ENDPOINT: add those that the application reads"})
	c.unknown(c.manifest.get("network"), networkFields)
	c.unknown(c.manifest, manifestFields)
	ignore(c.manifest, "name", "type", "image", "sidecars", "environments")
	c.app.roots = append(c.app.roots, c.manifest)
}

var overridePart = regexp.MustCompile(`^([A-Za-z0-9_-]+)?((?:\[(?:[0-9]+|-)\])*)$`)

// overrides writes taskdef_overrides into the task definition.
func (c *copilotManifest) overrides() {
	for _, n := range c.manifest.get("taskdef_overrides").list() {
		n.see()
		if !c.override(n.get("path").str(), n.get("value")) {
			c.find(Dropped, n, "the path %q can't be followed", n.get("path").str())
		}
	}
}

// override follows a path such as ContainerDefinitions[0].Ulimits[-].Name, and makes
// what isn't there.
func (c *copilotManifest) override(path string, value *node) bool {
	at := c.task
	if value == nil {
		return false
	}
	for part := range strings.SplitSeq(path, ".") {
		found := overridePart.FindStringSubmatch(part)
		if found == nil {
			return false
		}
		at = at.child(found[1], found[2], value)
		for index := range strings.FieldsFuncSeq(found[2], func(r rune) bool { return r == '[' || r == ']' }) {
			at = element(at, index, value)
		}
		if at == nil {
			return false
		}
	}
	*at = *value
	return true
}

// child of an object, which is made if it isn't there; nil if there can't be one.
func (n *node) child(key, index string, like *node) *node {
	if n.kind != object {
		return nil
	}
	if n.values[strings.ToLower(key)] == nil {
		made := like.object()
		if index != "" {
			made = like.listOf()
		}
		n.put(key, made)
	}
	return n.values[strings.ToLower(key)]
}

// element of a list by its index; - is a new one.
func element(of *node, index string, at *node) *node {
	if of == nil || of.kind != list {
		return nil
	}
	if index == "-" {
		of.items = append(of.items, at.object())
		return of.items[len(of.items)-1]
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(of.items) {
		return nil
	}
	return of.items[i]
}
