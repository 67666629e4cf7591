package importer

import (
	"maps"
	"regexp"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// untold keeps quiet of what the stack says by itself.
func (m *mapper) untold(task *node) {
	for _, c := range task.values["containerdefinitions"].list() {
		options := c.get("logConfiguration", "options")
		for _, key := range []string{"awslogs-group", "awslogs-region"} {
			if n := options.get(key); n != nil {
				m.told[n] = true
			}
		}
	}
}

var groupForm = regexp.MustCompile(`^[A-Za-z0-9._/#-]{1,512}$`)

// drivers are those that the API has.
var (
	drivers         = []string{"awslogs", "splunk", "awsfirelens"}
	instanceDrivers = []string{"fluentd", "gelf", "journald", "json-file", "syslog"}
)

// logging leaves out what the stack says by itself.
func (m *mapper) logging(n *node, c *v1alpha1.Container) {
	log := c.LogConfiguration
	if log == nil {
		return
	}
	known := slices.Contains(drivers, log.LogDriver) || m.onInstances() && slices.Contains(instanceDrivers, log.LogDriver)
	if !known {
		m.dropped(n, "the log driver %s isn't there: the output goes to a log group of the stack in CloudWatch Logs", log.LogDriver)
		c.LogConfiguration = nil
		return
	}
	m.secrets(n.get("secretOptions").list(), log.SecretOptions)
	if log.LogDriver == "awslogs" {
		m.cloudWatch(n, c)
	}
}

// cloudWatch leaves out of the driver awslogs what is so without it.
func (m *mapper) cloudWatch(n *node, c *v1alpha1.Container) {
	options, log := n.get("options"), c.LogConfiguration
	if len(log.SecretOptions) > 0 {
		m.dropped(n.get("secretOptions"), "the driver awslogs has no secret options")
		log.SecretOptions = nil
	}
	m.logGroup(options, c)
	m.logOptions(options, log.Options)
	if region := string(log.Options["awslogs-region"]); region == m.region || !regionForm.MatchString(region) {
		delete(log.Options, "awslogs-region") // the stack's
	}
	if log.Options["awslogs-create-group"] != "true" {
		delete(log.Options, "awslogs-create-group")
	}
	if log.Options["awslogs-group"] == "" {
		// The stack's own group is in its region.
		delete(log.Options, "awslogs-region")
		delete(log.Options, "awslogs-create-group")
		if string(log.Options["awslogs-stream-prefix"]) == c.Name {
			delete(log.Options, "awslogs-stream-prefix")
		}
	}
	if len(log.Options) == 0 {
		c.LogConfiguration = nil
	}
}

// awslogs are the options of the driver, and what their values look like.
var awslogs = map[string]*regexp.Regexp{
	"awslogs-group": nil, "awslogs-region": nil, "awslogs-create-group": nil, "awslogs-datetime-format": nil, "awslogs-multiline-pattern": nil,
	"awslogs-stream-prefix": regexp.MustCompile(`^[^:*]{1,256}$`),
	"mode":                  regexp.MustCompile(`^(non-)?blocking$`),
	"max-buffer-size":       regexp.MustCompile(`^[0-9]{1,10}([.][0-9]{1,3})? ?([kmgtKMGT]i?)?[bB]?$`),
}

// logOptions leaves out those that ECS refuses.
func (m *mapper) logOptions(n *node, options map[string]v1alpha1.OptionValue) {
	for _, key := range slices.Sorted(maps.Keys(options)) {
		form, known := awslogs[key]
		switch value := string(options[key]); {
		case !known:
			m.dropped(n.get(key), "the driver awslogs has no such option")
		case form != nil && !form.MatchString(value):
			m.dropped(n.get(key), "%q isn't a value that it can have", value)
		case key == "awslogs-multiline-pattern" && options["awslogs-datetime-format"] != "":
			m.dropped(n.get(key), "it can't be had with awslogs-datetime-format")
		case key == "max-buffer-size" && options["mode"] == "blocking":
			m.dropped(n.get(key), "there is no buffer with mode blocking")
		default:
			continue
		}
		delete(options, key)
	}
}

// logGroup is an existing log group, or else the stack's own in the place of one that a
// CloudFormation template makes.
func (m *mapper) logGroup(options *node, c *v1alpha1.Container) {
	n := options.get("awslogs-group")
	if n == nil {
		return
	}
	made := m.madeGroup(n)
	switch {
	case made != nil:
		if name := made.properties.get("LogGroupName"); name != nil {
			m.assumed(n, "the log group that the template makes is replaced by one of each stack: name it in awslogs-group to keep it")
		}
		m.retention(made.properties.get("RetentionInDays"))
		if !m.told[made.properties] {
			m.told[made.properties] = true
			m.patchAll(made.properties, "LogGroup", "KmsKeyId", "LogGroupClass", "FieldIndexPolicies")
			if policy := made.properties.get("DataProtectionPolicy"); !policy.empty() {
				m.dropped(policy, "the log groups of stacks mask nothing: name a group of your own in awslogs-group to keep the policy")
			}
		}
		delete(c.LogConfiguration.Options, "awslogs-group")
	case len(n.open) > 0 || isPlaceholder(n.text) || !groupForm.MatchString(n.text):
		m.assumed(n, "the name of the log group isn't in the input: the output goes to a log group of the stack")
		delete(c.LogConfiguration.Options, "awslogs-group")
	}
}

// madeGroup is the resource by which a template makes a log group, found by reference
// or by name.
func (m *mapper) madeGroup(n *node) *resource {
	if r := m.app.resources[n.ref]; r != nil && r.kind == typeLogGroup {
		return r
	}
	for _, id := range slices.Sorted(maps.Keys(m.app.resources)) {
		r := m.app.resources[id]
		if r.kind == typeLogGroup && n.text != "" && len(n.open) == 0 && r.properties.get("LogGroupName").str() == n.text {
			return r
		}
	}
	return nil
}

func (m *mapper) retention(n *node) {
	if days, ok := n.number(); ok {
		m.object.Spec.Template.LogRetentionDays = new(int32of(days))
	}
}
