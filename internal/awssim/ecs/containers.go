package ecs

import (
	"slices"
	"time"
)

// What few container definitions have.

type firelensConfiguration struct {
	Type    string            `json:"type"`
	Options map[string]string `json:"options,omitempty"`
}

type tmpfs struct {
	ContainerPath string   `json:"containerPath"`
	Size          int      `json:"size"`
	MountOptions  []string `json:"mountOptions,omitempty"`
}

type systemControl struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
}

type restartPolicy struct {
	Enabled              bool  `json:"enabled"`
	IgnoredExitCodes     []int `json:"ignoredExitCodes,omitempty"`
	RestartAttemptPeriod *int  `json:"restartAttemptPeriod,omitempty"`
}

type repositoryCredentials struct {
	CredentialsParameter string `json:"credentialsParameter"`
}

type environmentFile struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

type hostEntry struct {
	Hostname  string `json:"hostname"`
	IPAddress string `json:"ipAddress"`
}

// unlogged is why a task can't log, in ECS's words; "" if it can. Log groups of
// other regions are taken for granted.
func (s *Service) unlogged(d *taskDefinition) string {
	for i := range d.ContainerDefinitions {
		log := d.ContainerDefinitions[i].LogConfiguration
		if s.opts.LogGroup == nil || log == nil || log.LogDriver != "awslogs" || log.Options["awslogs-region"] != s.world.Region {
			continue
		}
		if !s.opts.LogGroup(log.Options["awslogs-group"], log.Options["awslogs-create-group"] == "true") {
			return "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: " +
				"failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"
		}
	}
	return ""
}

const restartTime = time.Second

// restart starts the container of a task that exited in the same task, if its
// policy says so: it must be enabled, not ignore the code, and the container must
// have run for some time.
func (s *Service) restart(t *task, exitCode int) (restarted bool) {
	policy := t.definition.restartPolicy()
	if policy == nil || !policy.Enabled || slices.Contains(policy.IgnoredExitCodes, exitCode) {
		return false
	}
	if ran := s.unscale(s.world.Now().Sub(t.started)); ran < time.Duration(intOr(policy.RestartAttemptPeriod, 300))*time.Second {
		return false
	}
	t.serving = false
	for _, e := range t.endpoints() {
		s.onClose(e)
	}
	s.in(t, restartTime, func() {
		t.started, t.serving = s.world.Now(), true
		for _, e := range t.endpoints() {
			s.onOpen(e)
		}
	})
	return true
}

// restartPolicy is the first essential container's.
func (d *taskDefinition) restartPolicy() *restartPolicy {
	for i := range d.ContainerDefinitions {
		if c := &d.ContainerDefinitions[i]; c.essential() {
			return c.RestartPolicy
		}
	}
	return nil
}

// usesFirelens tells whether what a container writes goes through a log router.
func (c *container) usesFirelens() bool {
	return c.LogConfiguration != nil && c.LogConfiguration.LogDriver == "awsfirelens"
}
