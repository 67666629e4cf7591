package simulation

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// memory is what the observer knows of what clusters forgot, and of what serves
// in spite of it.
type memory struct {
	// forgot is when the objects of an application lost something last.
	forgot map[string]time.Time
	// heirs are the UIDs of deployments to whom that of another one belongs
	// now, since people said so.
	heirs map[string]string
	// unowned are the UIDs of deployments that were lost, with all their
	// records; abroad those of workers of a cluster that was lost, of whom
	// nothing in the new one can know.
	unowned, abroad map[string]bool
	// left are the UIDs of deployments that people deleted, but not what they
	// owned.
	left map[string]bool
	// proven are the target groups that once had all requests and answered, ran
	// the services that once had tasks, by ARN.
	proven, ran map[string]bool
	// found are the stacks that were complete when something was forgotten.
	found map[string]bool
	// behind are the target groups that had all requests when an application
	// was restored from a time before that, until somebody wants anything.
	behind map[string]string
	// turns are those that two clusters take in writing an application's rule.
	turns map[string]*turns
	// cloned are the stacks and rules that a clone made.
	cloned map[string]bool
}

// turns count how often another cluster wrote a rule than the one before.
type turns struct {
	last          *cluster
	taken, wishes int
}

func newMemory() memory {
	return memory{forgot: map[string]time.Time{}, heirs: map[string]string{}, unowned: map[string]bool{}, abroad: map[string]bool{}, left: map[string]bool{},
		proven: map[string]bool{}, ran: map[string]bool{}, found: map[string]bool{}, behind: map[string]string{}, turns: map[string]*turns{}, cloned: map[string]bool{}}
}

// heir is to whom what bears a UID belongs.
func (m *memory) heir(uid string) string {
	for range m.heirs {
		if m.heirs[uid] == "" {
			break
		}
		uid = m.heirs[uid]
	}
	return uid
}

// saw notes what serves.
func (m *memory) saw(t *truth) {
	for _, s := range t.services {
		if s.running > 0 {
			m.ran[s.arn] = true
		}
	}
	for _, r := range t.rules {
		for _, x := range r.targets {
			if g := t.groups[x.group]; r.preview == "" && g.uid != "" && g.healthy > 0 && share(r.targets, x.group) == 100 {
				m.proven[x.group] = true
			}
		}
	}
}

// forgot notes that an application's objects lose something: what was counted
// by them begins anew, and requests by annotation may be answered once more.
func (o *observer) forgot(app int) {
	name := o.w.plan.Apps[app].Name
	o.memory.forgot[name] = time.Now()
	maps.DeleteFunc(o.costs, func(id string, _ *spent) bool {
		uid := o.w.users.uid(app)
		return uid != "" && strings.Contains(id, uid)
	})
	for _, annotation := range []string{v1alpha1.AnnotationPromote, v1alpha1.AnnotationAbort, v1alpha1.AnnotationRetry} {
		o.requests[name+" "+annotation]++
	}
	for _, s := range o.truth().stacks {
		if s.status == "CREATE_COMPLETE" {
			o.memory.found[s.id] = true
		}
	}
}

// forgotten reports whether the objects of the deployment with a UID ever lost
// something.
func (o *observer) forgotten(uid string) bool {
	return !o.memory.forgot[o.w.cluster.names[uid]].IsZero()
}

// routeOf is how an application's production rule routes.
func (o *observer) routeOf(app int) string {
	t := o.truth()
	return t.route(t.production(o.w.users.uid(app)))
}

// wentBack notes that an application is about to be as it was when its rule
// routed so, if that was otherwise.
func (o *observer) wentBack(app int, route string, then *v1alpha1.ImmutableDeployment) {
	name, t := o.w.plan.Apps[app].Name, o.truth()
	r := t.production(o.w.users.uid(app))
	works := false
	if r != nil {
		for _, x := range r.targets {
			if share(r.targets, x.group) == 100 && t.groups[x.group].healthy > 0 && t.groups[x.group].uid != "" {
				works = true
				if t.route(r) != route {
					o.memory.behind[name] = x.group
				}
			}
		}
	}
	if then == nil || then.Status.Stable == 0 || works {
		return
	}
	if !slices.ContainsFunc(t.stacks, func(s stackTruth) bool { return s.uid == string(then.UID) && s.status == "CREATE_COMPLETE" }) {
		o.meddled(string(then.UID)) // what it takes to serve is gone, and nothing else is there
	}
}

// unowned notes that a deployment is about to be lost.
func (o *observer) unowned(imd *v1alpha1.ImmutableDeployment, abroad bool) {
	o.memory.unowned[string(imd.UID)] = true
	if abroad && !imd.Spec.Traffic.LoadBalancer.Exists() {
		o.memory.abroad[string(imd.UID)] = true
	}
}

// regained notes that a deployment which may have been lost is there again.
func (o *observer) regained(imd *v1alpha1.ImmutableDeployment) {
	delete(o.memory.unowned, string(imd.UID))
	delete(o.memory.abroad, string(imd.UID))
}

// unclaimed reports whether what bears a UID may be left, since nobody was
// there who could take it over, or could know of it.
func (o *observer) unclaimed(uid string) bool {
	if !o.memory.unowned[uid] {
		return false
	}
	name := o.w.cluster.names[uid]
	gone := !slices.ContainsFunc(o.w.cluster.deployments(), func(imd *v1alpha1.ImmutableDeployment) bool { return imd.Name == name })
	return gone || o.memory.abroad[uid]
}

// adopts notes that people said to whom belongs what bears other UIDs.
func (o *observer) adopts(imd *v1alpha1.ImmutableDeployment, value string) {
	o.wished(imd.Name)
	own := string(imd.UID)
	for part := range strings.SplitSeq(value, ",") {
		uid, _, _ := strings.Cut(part, "/")
		if uid == own {
			continue
		}
		delete(o.memory.heirs, own)
		o.memory.heirs[uid] = own
		o.changed[own] = o.changed[own] || o.changed[uid]
		o.various[own] = o.various[own] || o.various[uid]
	}
}

// wished notes that somebody wants something of an application.
func (o *observer) wished(name string) {
	delete(o.memory.behind, name)
	if t := o.memory.turns[name]; t != nil {
		t.wishes++
	}
}

// wasFound reports whether a revision's stack was complete when something was
// forgotten: it isn't new, though nobody may remember what it was for.
func (o *observer) wasFound(imr *v1alpha1.ImmutableRevision) bool {
	return slices.ContainsFunc(o.latest.stacks, func(s stackTruth) bool { return s.name == imr.Spec.StackName && o.memory.found[s.id] })
}

// exists reports whether a revision's stack does: its record is made again
// then, and nothing is frozen.
func (o *observer) exists(imr *v1alpha1.ImmutableRevision) bool {
	return slices.ContainsFunc(o.latest.stacks, func(s stackTruth) bool {
		return s.name == imr.Spec.StackName && s.uid != "" && s.status != "DELETE_COMPLETE"
	})
}
