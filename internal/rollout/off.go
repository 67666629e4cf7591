package rollout

import (
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// An application is switched off by spec.desiredCount: 0. What serves stays, without
// tasks, and is started again as it was. Of no tasks nothing can be verified, so no
// rollout begins meanwhile, and one under way is given up, to start anew afterwards.

// isOff tells whether no tasks are wanted.
func (x *pass) isOff() bool { return x.o.DesiredCount == 0 }

// noteOff remembers that the application was switched off, until a task of what
// serves is healthy again.
func (x *pass) noteOff() {
	stable := x.stable()
	switch {
	case x.isOff():
		x.p.Off = true
	case stable == nil || stable.Health.Known && stable.Health.Healthy > 0:
		x.p.Off = false
	}
}

// isAsleep tells whether what serves has no tasks because it was switched off, or
// those that were asked for afterwards are on their way.
func (x *pass) isAsleep() bool { return x.isOff() || x.p.Off && x.isGrowing() }

// reportOff reports that no tasks are wanted, so that there is nothing to do.
func (x *pass) reportOff() *Decision {
	if !x.isOff() {
		return nil
	}
	const because = "switched off (spec.desiredCount is 0)"
	message := "The application is " + because
	if stable := x.stable(); stable != nil {
		message = stable.Name + " is " + because
		if stable.Health.Known && stable.Health.Running > 0 {
			message += fmt.Sprintf(", %d tasks still run", stable.Health.Running)
		}
	}
	if !x.isServed() {
		message += "; spec.template is rolled out once spec.desiredCount is 1 or more"
	}
	return x.wait(words{v1alpha1.PhaseSwitchedOff, v1alpha1.ReasonSwitchedOff, message}, x.rest())
}
