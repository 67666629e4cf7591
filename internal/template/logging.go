package template

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

const (
	driverAWSLogs = "awslogs"
	optionGroup   = "awslogs-group"
	optionRegion  = "awslogs-region"
	optionPrefix  = "awslogs-stream-prefix"
)

type logGroupProperties struct {
	RetentionInDays *int32 `json:",omitempty"`
}

// logGroup has no explicit name, so that a stack can be created while another
// one with the same containers exists. It is deleted with its stack.
func logGroup(t v1alpha1.RevisionTemplate) resource {
	return resource{
		Type:                "AWS::Logs::LogGroup",
		DeletionPolicy:      "Delete",
		UpdateReplacePolicy: "Delete",
		Properties:          logGroupProperties{t.LogRetentionDays},
	}
}

type logConfiguration struct {
	LogDriver     string
	Options       map[string]any `json:",omitempty"`
	SecretOptions []secret       `json:",omitempty"`
}

type firelensConfiguration struct {
	Type    string
	Options map[string]v1alpha1.OptionValue `json:",omitempty"`
}

// logsToStack tells whether a container logs to the log group of the stack.
func logsToStack(c *v1alpha1.Container) bool {
	log := c.LogConfiguration
	return log == nil || log.LogDriver == driverAWSLogs && log.Options[optionGroup] == ""
}

// logging is where a container logs to, with what awslogs needs on Fargate: group,
// region and prefix. In a group of others the streams begin with the stack's name,
// so that those of one revision can be found among those of the others.
func logging(c *v1alpha1.Container, stack string) logConfiguration {
	out := logConfiguration{LogDriver: driverAWSLogs, Options: map[string]any{}}
	if log := c.LogConfiguration; log != nil {
		out.LogDriver = log.LogDriver
		for name, value := range log.Options {
			out.Options[name] = string(value)
		}
		for _, s := range log.SecretOptions {
			out.SecretOptions = append(out.SecretOptions, secret(s))
		}
	}
	if out.LogDriver != driverAWSLogs {
		return out
	}
	prefix := stack
	if logsToStack(c) {
		out.Options[optionGroup], prefix = ref{LogicalLogGroup}, c.Name
	}
	for name, otherwise := range map[string]any{optionRegion: ref{"AWS::Region"}, optionPrefix: prefix} {
		if out.Options[name] == nil {
			out.Options[name] = otherwise
		}
	}
	return out
}

// Logs is where output is in CloudWatch Logs. The zero value is nowhere.
type Logs struct {
	// Group is the name of the log group.
	Group string
	// Streams is how the names of the log streams begin; "" for all of the group.
	Streams string
	// Region of the group; "" for the stack's.
	Region string
}

// Logs are those of the container which gets the requests, or of the first one.
func (ecsSource) Logs(t *v1alpha1.RevisionTemplate, stack, own string) Logs {
	c := MainContainer(t)
	switch {
	case logsToStack(c):
		return Logs{Group: own}
	case c.LogConfiguration.LogDriver != driverAWSLogs:
		return Logs{}
	}
	options := c.LogConfiguration.Options
	return Logs{
		Group:   string(options[optionGroup]),
		Streams: cmp.Or(string(options[optionPrefix]), stack) + "/" + c.Name + "/",
		Region:  string(options[optionRegion]),
	}
}

// TellsLogs tells whether Logs reads an option of a container's logConfiguration.
func TellsLogs(option string) bool {
	return option == optionGroup || option == optionRegion || option == optionPrefix
}

// MainContainer is the one that gets the requests, or the first one; nil if there
// are none.
func MainContainer(t *v1alpha1.RevisionTemplate) *v1alpha1.Container {
	name, _ := targetContainer(*t) // a worker has none
	for i := range t.Containers {
		if t.Containers[i].Name == name {
			return &t.Containers[i]
		}
	}
	if len(t.Containers) == 0 {
		return nil
	}
	return &t.Containers[0]
}

// explainGroups names the log groups of others; "" if there are none.
func explainGroups(t *v1alpha1.RevisionTemplate) string {
	var groups []string
	for i := range t.Containers {
		if c := &t.Containers[i]; !logsToStack(c) && c.LogConfiguration.LogDriver == driverAWSLogs {
			groups = append(groups, string(c.LogConfiguration.Options[optionGroup]))
		}
	}
	if len(groups) == 0 {
		return ""
	}
	slices.Sort(groups)
	return fmt.Sprintf(" (awslogs-group is %s: create it, have it created by awslogs-create-group: \"true\", or leave it out)", strings.Join(slices.Compact(groups), ", "))
}
