package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
)

// Ways in which policies of Application Auto Scaling ask for desired counts.
const (
	autoscaleFlap    = "to and fro"
	autoscaleMinimum = "to the minimum"
	autoscaleMaximum = "to the maximum"
)

// scales tells whether Application Auto Scaling owns the number of tasks.
func (a app) scales() bool { return a.Max > 0 }

// autoscale draws which applications Application Auto Scaling scales, when it does,
// mostly in a rollout, and that users change the bounds.
func (p *plan) autoscale(d dice) {
	for i := range p.Apps {
		if d.chance(0.7) {
			continue
		}
		a := &p.Apps[i]
		a.Min = int32(1 + d.IntN(3))
		a.Max = a.Min + int32(1+d.IntN(4))
		for range 1 + d.IntN(3) {
			f := fault{Kind: faultAutoscale, App: i, At: d.between(0, p.Length), For: d.between(time.Minute, 30*time.Minute),
				By: d.between(10*time.Second, 3*time.Minute), Action: pick(d, autoscaleFlap, autoscaleMinimum, autoscaleMaximum)}
			if d.chance(0.7) {
				f.At = pick(d, p.Users...).At + d.between(0, 5*time.Minute)
			}
			p.Faults = append(p.Faults, f)
		}
		if d.chance(0.4) {
			p.Users = append(p.Users, wish{At: d.between(0, p.Length), App: i, What: wishBounds, N: int32(1 + d.IntN(4))})
		}
	}
}

// scale sets by what an application is scaled. The policy itself never acts: the plan
// says when one does.
func (u *users) scale(imd *v1alpha1.ImmutableDeployment, a app) {
	if !a.scales() {
		return
	}
	imd.Spec.Scaling = &v1alpha1.Scaling{Min: a.Min, Max: a.Max}
	imd.Spec.Template.Scaling = &v1alpha1.AutoScaling{Targets: []v1alpha1.TargetTracking{{
		Metric: v1alpha1.ScalingCPU, Value: "95", DisableScaleIn: new(true),
	}}}
}

// bounds has a user change the bounds of an application that is scaled.
func (u *users) bounds(i int, lowest int32) {
	if !u.w.plan.Apps[i].scales() {
		return
	}
	u.edit(i, fmt.Sprintf("scaling from %d to %d", lowest, lowest+2), func(imd *v1alpha1.ImmutableDeployment) {
		imd.Spec.Scaling = &v1alpha1.Scaling{Min: lowest, Max: lowest + 2}
	})
}

// autoscale has policies of an application's services ask for desired counts, again
// and again.
func (o *others) autoscale(f fault) {
	until := time.Now().Add(f.For)
	var act func()
	act = func() {
		if o.w.faults.over || time.Now().After(until) {
			return
		}
		o.policies(f.App, f.Action)
		o.w.after(f.By, act)
	}
	act()
}

// policies has the policies of all services of an application act once.
func (o *others) policies(i int, how string) {
	for _, s := range o.w.observer.truth().services {
		if s.uid == "" || s.uid != o.w.users.uid(i) {
			continue
		}
		want := map[string]int{autoscaleMinimum: 0, autoscaleMaximum: 1000, autoscaleFlap: o.w.dice.IntN(10)}[how]
		if o.w.sim.Autoscale(s.cluster, s.name, want) {
			o.w.log.tell("autoscaling", "scales %s of %s from %d, %s", s.name, o.w.observer.nameOf(s.uid), s.desired, how)
		}
	}
	o.w.observer.look()
}

// scalable is a service's scalable target; nil if it has none.
func (t *truth) scalable(s *serviceTruth) *autoscaling.Target {
	i := slices.IndexFunc(t.targets, func(x autoscaling.Target) bool { return x.Cluster == s.cluster && x.Service == s.name })
	if i < 0 {
		return nil
	}
	return &t.targets[i]
}

// checkScaled checks that a count which Application Auto Scaling owns is set lower
// only where nothing of it acts, unless it acted since the pass began, or the pass
// may have read something older.
func (o *observer) checkScaled(at *pass, s *serviceTruth, t *truth, count int) {
	target := t.scalable(s)
	if target == nil || count >= s.desired || target.In && target.Out && target.Scheduled || o.w.past.wanted() {
		return
	}
	if _, acted := o.since(at, s); acted {
		return
	}
	if imd := at.imd(); o.w.clone != nil && imd != nil && !imd.Spec.Traffic.LoadBalancer.Exists() {
		return // a worker has no rule by which two clusters of one snapshot would notice each other
	}
	o.fail("scaled", "%s sets %s from %d to %d tasks, which its policies are to do", at.about(), s.name, s.desired, count)
}

// since finds what a service's desired count was when a pass began, if its policies
// acted since.
func (o *observer) since(at *pass, s *serviceTruth) (count int, acted bool) {
	for _, a := range slices.Backward(o.w.sim.ScalingActivities()) {
		if a.At.Before(at.began) {
			break
		}
		if a.Cluster == s.cluster && a.Service == s.name {
			count, acted = a.From, true
		}
	}
	return count, acted
}

// needed is how many tasks an application needs, at least, as far as a pass can know:
// where policies own the count, as many as the stable revision has, unless that is
// shrunk.
func (o *observer) needed(at *pass) int32 {
	imd := at.imd()
	bounds := imd.Spec.Scaling
	if bounds == nil {
		return *imd.Spec.DesiredCount
	}
	need := int32(1)
	t := o.truth()
	for i := range t.services {
		s := &t.services[i]
		target := t.scalable(s)
		shrunk := target == nil || target.In && target.Out && target.Scheduled
		if s.uid != string(imd.UID) || s.revision != fmt.Sprint(imd.Status.Stable) || shrunk || o.w.past.wanted() {
			continue
		}
		count := s.desired
		if before, acted := o.since(at, s); acted {
			count = min(count, before)
		}
		need = max(need, min(int32(count), bounds.Max))
	}
	return need
}

// resumed checks at rest that the policies of what serves act again, within the
// bounds that users want.
func (o *observer) resumed() {
	for _, imd := range o.w.cluster.deployments() {
		if imd.Spec.Scaling == nil || isOff(imd) || o.changed[string(imd.UID)] || imd.Status.Stable == 0 {
			continue
		}
		for i := range o.latest.services {
			s := &o.latest.services[i]
			target := o.latest.scalable(s)
			if s.uid != string(imd.UID) || s.revision != fmt.Sprint(imd.Status.Stable) || target == nil {
				continue
			}
			if target.In || target.Out || target.Scheduled {
				o.fail("suspended", "at rest the scaling of %s is suspended: %+v", s.name, *target)
			}
			if int32(target.Min) != imd.Spec.Scaling.Min || int32(target.Max) != imd.Spec.Scaling.Max {
				o.fail("suspended", "%s has from %d to %d tasks, and not from %d to %d", s.name, target.Min, target.Max, imd.Spec.Scaling.Min, imd.Spec.Scaling.Max)
			}
		}
	}
}

// runsAsWanted tells whether a service at rest has as many tasks as are wanted.
func runsAsWanted(s *serviceTruth, imd *v1alpha1.ImmutableDeployment) bool {
	if bounds := imd.Spec.Scaling; bounds != nil {
		return s.running == s.desired && int32(s.running) >= bounds.Min && int32(s.running) <= bounds.Max
	}
	return s.running == int(*imd.Spec.DesiredCount)
}
