package v1alpha1

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Bounds returns, for a desired number of tasks, how many more and how many
// fewer there may be, and the pause between two batches. At least one of the
// counts is positive.
func (r *Rolling) Bounds(desired int32) (surge, unavailable int32, pause time.Duration) {
	surgePercent, unavailablePercent := int32(25), int32(0)
	if r != nil && r.MaxSurgePercent != nil {
		surgePercent = *r.MaxSurgePercent
	}
	if r != nil && r.MaxUnavailablePercent != nil {
		unavailablePercent = *r.MaxUnavailablePercent
	}
	if r != nil && r.PauseSeconds != nil {
		pause = time.Duration(*r.PauseSeconds) * time.Second
	}
	surge = (desired*surgePercent + 99) / 100
	unavailable = desired * unavailablePercent / 100
	if surge+unavailable == 0 {
		unavailable = 1
	}
	return surge, unavailable, pause
}

// AllowsTag reports whether an image outside of Amazon ECR's private registries
// may be named by a tag.
func (p *ImagePolicy) AllowsTag(image string) bool {
	repository := RepositoryOf(image)
	return p.ForeignTags == TagAllow || slices.ContainsFunc(p.ForeignRegistries, func(registry string) bool {
		return repository == registry || strings.HasPrefix(repository, registry+"/")
	})
}

// RepositoryOf returns an image's repository with its registry: docker.io if the
// image names none, and library there if it is a single word.
func RepositoryOf(image string) string {
	name, _, _ := strings.Cut(image, "@")
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		name = name[:i]
	}
	registry, rest, found := strings.Cut(name, "/")
	switch {
	case !found:
		return "docker.io/library/" + name
	case !strings.ContainsAny(registry, ".:") && registry != "localhost":
		return "docker.io/" + name
	case registry == "docker.io" && !strings.Contains(rest, "/"):
		return "docker.io/library/" + rest
	}
	return name
}

// Host is the host that url names, read as it is when it is called, without its
// port and in lower case; url itself if it can't be read.
func (w *WebhookGate) Host() string {
	u, err := url.Parse(w.URL)
	if err != nil || u.Hostname() == "" {
		return w.URL
	}
	return strings.ToLower(u.Hostname())
}

// Exists reports whether there is a load balancer at all.
func (lb *LoadBalancer) Exists() bool { return lb.ListenerARN != "" || lb.RuleARN != "" }

// Count returns how many tasks a new stack starts with.
func (s *ImmutableRevisionSpec) Count() int32 {
	if s.DesiredCount == nil {
		return 1
	}
	return *s.DesiredCount
}

// Bounds returns those of the number of tasks of a new stack: a fixed number unless
// they are set.
func (s *ImmutableRevisionSpec) Bounds() Scaling {
	if s.Scaling == nil {
		return Scaling{Min: max(s.Count(), 1), Max: max(s.Count(), 1)}
	}
	return *s.Scaling
}

// All returns the steps, whether they are listed or come from a preset. Each is
// held until the next; the step to 100% isn't included.
func (c *Canary) All() []CanaryStep {
	var percent, minutes int32
	switch {
	case c == nil:
		return nil
	case scan(c.Preset, "Canary%dPercent%dMinutes", &percent, &minutes):
		return []CanaryStep{{Weight: percent, HoldSeconds: new(minutes * 60)}}
	case scan(c.Preset, "Linear%dPercentEvery%dMinutes", &percent, &minutes):
		var steps []CanaryStep
		for weight := percent; weight < 100; weight += percent {
			steps = append(steps, CanaryStep{Weight: weight, HoldSeconds: new(minutes * 60)})
		}
		return steps
	}
	return c.Steps
}

// scan reads the numbers out of a preset's name.
func scan(preset CanaryPreset, format string, percent, minutes *int32) bool {
	n, err := fmt.Sscanf(string(preset), format, percent, minutes)
	return err == nil && n == 2 && *percent > 0
}

// OnInstances reports whether the tasks run on container instances of EC2 rather than
// on Fargate.
func (t *RevisionTemplate) OnInstances() bool { return t.LaunchType == LaunchTypeEC2 }

// OwnInterface reports whether each task has a network interface of its own, with its
// own address and security groups, rather than ports of its instance.
func (t *RevisionTemplate) OwnInterface() bool {
	return t.NetworkMode != NetworkModeBridge && t.NetworkMode != NetworkModeHost
}
