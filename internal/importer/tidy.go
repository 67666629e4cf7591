package importer

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// tidy sees to what rules of the CRD say of several fields at once, where taking one
// of them out isn't the answer.
func (m *mapper) tidy() {
	t := &m.object.Spec.Template
	for _, f := range []func(*v1alpha1.RevisionTemplate){
		m.tidyNames, m.tidyEssential, m.tidyDependencies, m.tidyTimeouts, m.tidyMounts, m.tidyRouters, m.tidySizes, m.tidyRoles, m.tidyVariables,
		m.tidyPorts, m.tidyCapacity, m.tidyTarget, m.tidyRule, m.tidyDeployment, m.tidyInstances,
	} {
		f(t)
	}
}

// at is where a container comes from.
func (m *mapper) at(i int) *node { return m.origins[fmt.Sprintf("spec.template.containers[%d]", i)] }

var notInName = regexp.MustCompile(`[^a-zA-Z0-9_-]`)

// tidyNames gives containers names that are valid and their own.
func (m *mapper) tidyNames(t *v1alpha1.RevisionTemplate) {
	seen := map[string]bool{}
	renamed := map[string]string{}
	for i := range t.Containers {
		c := &t.Containers[i]
		name := cmp.Or(strings.TrimLeft(notInName.ReplaceAllString(c.Name, "-"), "-_"), "app")
		for n := 2; seen[name]; n++ {
			name = fmt.Sprintf("%s-%d", strings.TrimSuffix(name, fmt.Sprintf("-%d", n-1)), n)
		}
		seen[name] = true
		if name == c.Name {
			continue
		}
		m.assumed(m.at(i), "the container is called %s", name)
		if renamed[c.Name] == "" && named(t, c.Name) == c {
			renamed[c.Name] = name
		}
		c.Name = name
	}
	rename(t, renamed)
}

// rename follows containers that have another name where others name them.
func rename(t *v1alpha1.RevisionTemplate, names map[string]string) {
	follow := func(name *string) { *name = cmp.Or(names[*name], *name) }
	follow(&t.Target.ContainerName)
	for i := range t.ServiceRegistries {
		follow(&t.ServiceRegistries[i].ContainerName)
	}
	for i := range t.Containers {
		c := &t.Containers[i]
		for j := range c.DependsOn {
			follow(&c.DependsOn[j].ContainerName)
		}
		for j := range c.VolumesFrom {
			follow(&c.VolumesFrom[j].SourceContainer)
		}
		for j, link := range c.Links {
			name, alias, _ := strings.Cut(link, ":")
			c.Links[j] = linkTo(cmp.Or(names[name], name), cmp.Or(alias, name))
		}
	}
}

// tidyEssential: one container is.
func (m *mapper) tidyEssential(t *v1alpha1.RevisionTemplate) {
	if !slices.ContainsFunc(t.Containers, func(c v1alpha1.Container) bool { return essential(&c) }) && len(t.Containers) > 0 {
		t.Containers[0].Essential = nil
		m.assumed(m.at(0), "the container is essential, since one has to be")
	}
	for i := range t.Containers {
		if essential(&t.Containers[i]) {
			t.Containers[i].Essential = nil // the default
		}
	}
}

func essential(c *v1alpha1.Container) bool { return c.Essential == nil || *c.Essential }

func named(t *v1alpha1.RevisionTemplate, name string) *v1alpha1.Container {
	for i := range t.Containers {
		if t.Containers[i].Name == name {
			return &t.Containers[i]
		}
	}
	return nil
}

// tidyDependencies leaves out what ECS refuses.
func (m *mapper) tidyDependencies(t *v1alpha1.RevisionTemplate) {
	for i := range t.Containers {
		c := &t.Containers[i]
		c.DependsOn = slices.DeleteFunc(c.DependsOn, func(d v1alpha1.ContainerDependency) bool {
			reason := refusedDependency(t, c, d)
			if reason != "" {
				m.dropped(m.at(i).get("dependsOn"), "%s", reason)
			}
			return reason != ""
		})
		c.VolumesFrom = slices.DeleteFunc(c.VolumesFrom, func(from v1alpha1.VolumeFrom) bool {
			bad := named(t, from.SourceContainer) == nil || from.SourceContainer == c.Name
			if bad {
				m.dropped(m.at(i).get("volumesFrom"), "there is no other container %q", from.SourceContainer)
			}
			return bad
		})
		m.tidyLinks(m.at(i), t, c)
	}
	m.untangle(t)
}

func refusedDependency(t *v1alpha1.RevisionTemplate, c *v1alpha1.Container, d v1alpha1.ContainerDependency) string {
	on := named(t, d.ContainerName)
	switch {
	case on == nil || on.Name == c.Name:
		return fmt.Sprintf("there is no other container %q to wait for", d.ContainerName)
	case (d.Condition == "SUCCESS" || d.Condition == "COMPLETE") && essential(on):
		return fmt.Sprintf("%s of %q, which is essential: the task would end with it", d.Condition, d.ContainerName)
	case d.Condition == "HEALTHY" && on.HealthCheck == nil:
		return fmt.Sprintf("HEALTHY of %q, which has no healthCheck", d.ContainerName)
	}
	return ""
}

// untangle removes what makes containers wait for each other.
func (m *mapper) untangle(t *v1alpha1.RevisionTemplate) {
	reaches := func(from, to string) bool {
		seen := map[string]bool{}
		var walk func(string) bool
		walk = func(name string) bool {
			if name == to {
				return true
			}
			c := named(t, name)
			if c == nil || seen[name] {
				return false
			}
			seen[name] = true
			for _, d := range c.DependsOn {
				if walk(d.ContainerName) {
					return true
				}
			}
			return slices.ContainsFunc(c.VolumesFrom, func(f v1alpha1.VolumeFrom) bool { return walk(f.SourceContainer) }) ||
				slices.ContainsFunc(c.Links, func(link string) bool { return walk(linked(link)) })
		}
		return walk(from)
	}
	for i := range t.Containers {
		c := &t.Containers[i]
		circle := func(key, on string) bool {
			found := reaches(on, c.Name)
			if found {
				m.dropped(m.at(i).get(key), "the containers wait for each other")
			}
			return found
		}
		c.DependsOn = slices.DeleteFunc(c.DependsOn, func(d v1alpha1.ContainerDependency) bool { return circle("dependsOn", d.ContainerName) })
		c.VolumesFrom = slices.DeleteFunc(c.VolumesFrom, func(f v1alpha1.VolumeFrom) bool { return circle("volumesFrom", f.SourceContainer) })
		c.Links = slices.DeleteFunc(c.Links, func(link string) bool { return circle("links", linked(link)) })
	}
}

// tidyMounts: each needs a volume.
func (m *mapper) tidyMounts(t *v1alpha1.RevisionTemplate) {
	for i := range t.Containers {
		c := &t.Containers[i]
		for j := range c.MountPoints {
			if p := &c.MountPoints[j]; p.ReadOnly != nil && !*p.ReadOnly {
				p.ReadOnly = nil
			}
		}
		c.MountPoints = slices.DeleteFunc(c.MountPoints, func(p v1alpha1.MountPoint) bool {
			known := slices.ContainsFunc(t.Volumes, func(v v1alpha1.Volume) bool { return v.Name == p.SourceVolume })
			if !known {
				m.dropped(m.at(i).get("mountPoints"), "there is no volume %q", p.SourceVolume)
			}
			return !known
		})
	}
	for i := range t.Volumes {
		if host := t.Volumes[i].Host; host != nil && host.SourcePath == "" {
			t.Volumes[i].Host = nil
		}
	}
}

// tidyRouters: FireLens has a router if and only if containers use it.
func (m *mapper) tidyRouters(t *v1alpha1.RevisionTemplate) {
	uses := func(c v1alpha1.Container) bool {
		return c.LogConfiguration != nil && c.LogConfiguration.LogDriver == "awsfirelens"
	}
	routes := func(c v1alpha1.Container) bool { return c.FirelensConfiguration != nil }
	used, routed := slices.ContainsFunc(t.Containers, uses), slices.ContainsFunc(t.Containers, routes)
	for i := range t.Containers {
		c := &t.Containers[i]
		switch {
		case used && !routed && uses(*c):
			m.dropped(m.at(i).get("logConfiguration"), "no container is a log router (firelensConfiguration): the output goes to a log group of the stack")
			c.LogConfiguration = nil
		case !used && routes(*c):
			m.dropped(m.at(i).get("firelensConfiguration"), "no container logs by it (awsfirelens)")
			c.FirelensConfiguration = nil
		}
	}
}

// tidySizes: containers don't have more than the task.
func (m *mapper) tidySizes(t *v1alpha1.RevisionTemplate) {
	cpu, memory := int32of(amount(t.CPU, "vcpu")), int32of(amount(t.Memory, "gb"))
	m.tidyCPU(t, cpu)
	for i := range t.Containers {
		c := &t.Containers[i]
		if deref(c.Memory) > memory && memory > 0 {
			m.assumed(m.at(i).get("memory"), "left out, since it is more than the task has")
			c.Memory = nil
		}
		if deref(c.MemoryReservation) > memory && memory > 0 || c.Memory != nil && deref(c.MemoryReservation) > *c.Memory {
			m.assumed(m.at(i).get("memoryReservation"), "left out, since it is more than there is")
			c.MemoryReservation = nil
		}
	}
}

func (m *mapper) tidyCPU(t *v1alpha1.RevisionTemplate, of int32) {
	var sum int64
	for i := range t.Containers {
		sum += int64(deref(t.Containers[i].CPU))
	}
	if of == 0 || sum <= int64(of) {
		return
	}
	for i := range t.Containers {
		if t.Containers[i].CPU != nil {
			m.assumed(m.at(i).get("cpu"), "left out, since the containers have more in all than the task")
			t.Containers[i].CPU = nil
		}
	}
}

// tidyRoles: what needs a role gets a placeholder.
func (m *mapper) tidyRoles(t *v1alpha1.RevisionTemplate) {
	role := "arn:aws:iam::" + cmp.Or(m.account, placeholderAccount) + ":role/"
	if t.ExecutionRoleARN == "" && slices.ContainsFunc(t.Containers, m.needsExecutionRole) {
		m.find(Missing, m.app.task, "spec.template.executionRoleARN: a role with which ECS pulls images, reads secrets and writes logs")
		t.ExecutionRoleARN = role + placeholder
	}
	byIAM := slices.ContainsFunc(t.Volumes, func(v v1alpha1.Volume) bool {
		efs := v.EFSVolumeConfiguration
		return efs != nil && efs.AuthorizationConfig != nil && efs.AuthorizationConfig.IAM == v1alpha1.Enabled
	})
	if t.TaskRoleARN == "" && (byIAM || t.EnableExecuteCommand != nil && *t.EnableExecuteCommand) {
		m.find(Missing, m.app.task, "spec.template.taskRoleARN: enableExecuteCommand and volumes by IAM need a task role")
		t.TaskRoleARN = role + placeholder
	}
}

// needsExecutionRole is what the CRD's rule says: instances have a role of their own
// for images and logs.
func (m *mapper) needsExecutionRole(c v1alpha1.Container) bool {
	log := c.LogConfiguration
	onFargate := m.object.Spec.Template.LaunchType != v1alpha1.LaunchTypeEC2
	return onFargate && (log == nil || log.LogDriver == "awslogs" || ecrPlace.MatchString(c.Image)) ||
		log != nil && len(log.SecretOptions) > 0 || len(c.Secrets) > 0 || c.RepositoryCredentials != nil || len(c.EnvironmentFiles) > 0
}

// tidyVariables: a name is a variable or a secret, once.
func (m *mapper) tidyVariables(t *v1alpha1.RevisionTemplate) {
	for i := range t.Containers {
		c := &t.Containers[i]
		at := m.at(i).get("environment")
		m.tidyTwice(at, i, c)
		m.without(i, c, func(_ int, e v1alpha1.KeyValue) bool {
			secret := slices.ContainsFunc(c.Secrets, func(s v1alpha1.Secret) bool { return s.Name == e.Name })
			if secret {
				m.assumed(at, "%s is one of the secrets, too: that one is kept", e.Name)
			}
			return secret
		})
	}
}

// tidyTwice keeps the last of several variables with one name. A container gets one of
// them: ECS hands its agent the variables by their names (Environment of a container in
// the agent's ecs-agent/acs/model is a map).
func (m *mapper) tidyTwice(at *node, i int, c *v1alpha1.Container) {
	last := map[string]int{}
	for j, e := range c.Environment {
		if before, twice := last[e.Name]; twice {
			kind, what := Note, "with the same value"
			if c.Environment[before].Value != e.Value {
				kind, what = Assumed, "and the last one is kept: a container gets only one of them"
			}
			m.find(kind, at, "several variables are called %s, %s", e.Name, what)
		}
		last[e.Name] = j
	}
	m.without(i, c, func(j int, e v1alpha1.KeyValue) bool { return last[e.Name] != j })
}

// without leaves variables out, and notes where the others were.
func (m *mapper) without(i int, c *v1alpha1.Container, drop func(int, v1alpha1.KeyValue) bool) {
	var kept []v1alpha1.KeyValue
	for j, e := range c.Environment {
		if drop(j, e) {
			m.removed = append(m.removed, removal{parts(fmt.Sprintf("spec.template.containers[%d].environment", i)), len(kept)})
			continue
		}
		kept = append(kept, e)
	}
	c.Environment = kept
}

// tidyCapacity: one provider has a weight, and one at most a base.
func (m *mapper) tidyCapacity(t *v1alpha1.RevisionTemplate) {
	items := t.CapacityProviderStrategy
	if len(items) == 0 {
		return
	}
	at := m.app.service.get("capacityProviderStrategy")
	if !slices.ContainsFunc(items, func(i v1alpha1.CapacityProviderStrategyItem) bool { return deref(i.Weight) > 0 }) {
		m.assumed(at, "weight 1, since a provider needs one")
		items[0].Weight = new(int32(1))
	}
	based := false
	for i := range items {
		if deref(items[i].Base) > 0 && based {
			m.dropped(at, "only one provider may have a base")
			items[i].Base = nil
		}
		based = based || deref(items[i].Base) > 0
	}
}

// tidyTarget: what the target group says fits together.
func (m *mapper) tidyTarget(t *v1alpha1.RevisionTemplate) {
	target, at := &t.Target, m.app.group
	if target.ContainerPort == 0 {
		return
	}
	check := &target.HealthCheck
	if target.ProtocolVersion == v1alpha1.ProtocolVersionGRPC {
		check.SuccessCodes = ""
		if check.Path == "/AWS.ALB/healthcheck" {
			check.Path = ""
		}
	} else {
		check.GRPCCodes = ""
	}
	interval, timeout := percent(check.IntervalSeconds, 10), percent(check.TimeoutSeconds, 5)
	if timeout >= interval {
		m.assumed(at, "an interval of %d seconds for the health check, since it is longer than the timeout", timeout+5)
		check.IntervalSeconds = new(min(timeout+5, 300))
	}
	if target.SlowStartSeconds != nil && target.LoadBalancingAlgorithm != "" {
		m.dropped(at, "a slow start needs the algorithm round_robin")
		target.SlowStartSeconds = nil
	}
	if target.Stickiness != nil && (target.CrossZone == v1alpha1.Disabled || target.LoadBalancingAlgorithm == "weighted_random") {
		m.dropped(at, "stickiness can't be had with crossZone: DISABLED and weighted_random")
		target.Stickiness = nil
	}
}

// tidyRule: a rule of Viridian's own keeps clients if its target groups do, and has
// four values.
func (m *mapper) tidyRule(t *v1alpha1.RevisionTemplate) {
	balancer := &m.object.Spec.Traffic.LoadBalancer
	at := m.origins["spec.traffic.loadBalancer"]
	if t.Target.Stickiness != nil && balancer.ListenerARN != "" && balancer.Stickiness == nil {
		balancer.Stickiness = &v1alpha1.RuleStickiness{DurationSeconds: percent(t.Target.Stickiness.DurationSeconds, 86400)}
		m.assumed(at, "clients that stay with a task stay with its revision, too (spec.traffic.loadBalancer.stickiness)")
	}
	values, fields := 0, map[string]bool{}
	var conditions []v1alpha1.RuleCondition
	for _, c := range balancer.Conditions {
		if fields[c.Field] && c.Field != "http-header" || len(c.Values) == 0 {
			m.dropped(at, "a rule has one condition of each field")
			continue
		}
		fields[c.Field] = true
		slices.Sort(c.Values)
		c.Values = slices.Compact(c.Values)
		if room := max(0, 4-values); len(c.Values) > room {
			m.dropped(at, "a rule holds five values, and previews need one: the others are left out")
			c.Values = c.Values[:room]
		}
		values += len(c.Values)
		if len(c.Values) > 0 {
			conditions = append(conditions, c)
		}
	}
	balancer.Conditions = conditions
}

// tidyDeployment: what can replace a task.
func (m *mapper) tidyDeployment(t *v1alpha1.RevisionTemplate) {
	d := t.DeploymentConfiguration
	if d == nil || d.MaximumPercent == nil || *d.MaximumPercent > 100 {
		return
	}
	if percent(d.MinimumHealthyPercent, 100) >= 100 {
		m.assumed(m.origins["spec.template.deploymentConfiguration"], "minimumHealthyPercent 0, since no task could be replaced otherwise")
		d.MinimumHealthyPercent = new(int32(0))
	}
	if t.AvailabilityZoneRebalancing == v1alpha1.Enabled {
		m.assumed(m.app.service.get("availabilityZoneRebalancing"), "left out, since it needs a maximumPercent above 100")
		t.AvailabilityZoneRebalancing = ""
	}
}
