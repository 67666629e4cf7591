package importer

import (
	"fmt"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// schedules are scheduled actions, of a template's scalable target or by themselves.
func (m *mapper) schedules(actions []*node, by *v1alpha1.AutoScaling) {
	for _, n := range actions {
		name := scalingName(n.get("ScheduledActionName").str())
		s := v1alpha1.ScheduledScaling{Name: ownName(name, by.Schedules), Schedule: m.trimmed(n.get("Schedule")), Timezone: m.trimmed(n.get("Timezone"))}
		if s.Name != name {
			m.assumed(n, "the schedule is called %s, since another one is called %s", s.Name, name)
		}
		m.scheduled(n.get("ScalableTargetAction", "MinCapacity"), &s.Min)
		m.scheduled(n.get("ScalableTargetAction", "MaxCapacity"), &s.Max)
		for _, once := range []string{"StartTime", "EndTime"} {
			if at := n.get(once); at != nil {
				m.dropped(at, "schedules have neither begin nor end")
			}
		}
		by.Schedules = append(by.Schedules, s)
	}
}

// ownName is a name that no schedule has yet.
func ownName(base string, schedules []v1alpha1.ScheduledScaling) string {
	name := base
	for i := 2; slices.ContainsFunc(schedules, func(o v1alpha1.ScheduledScaling) bool { return o.Name == name }); i++ {
		suffix := fmt.Sprintf("-%d", i)
		name = base[:min(len(base), maxName-len(suffix))] + suffix
	}
	return name
}

// scheduled is a bound from a time on, which is 1 at least.
func (m *mapper) scheduled(n *node, to **int32) {
	m.copyNumber(n, to)
	if *to != nil && **to < 1 {
		m.assumed(n, "1 in the place of %d, since Viridian takes a service without tasks for one that is switched off", **to)
		**to = 1
	}
}
