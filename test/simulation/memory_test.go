package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// memory is what the observer knows about the state that clusters lost, and
// about what serves in spite of it.
type memory struct {
	// forgot is when the objects of an application last lost something.
	forgot map[string]time.Time
	// heirs are the UIDs of the deployments that people had adopt another UID,
	// by that UID.
	heirs map[string]string
	// unowned are the UIDs of deployments that were lost, with all their
	// records; abroad those of workers of a lost cluster, which the new one
	// can't know about.
	unowned, abroad map[string]bool
	// left are the UIDs of deployments that people deleted, but not what they
	// owned.
	left map[string]bool
	// proven are the target groups that once had all requests and answered
	// them, ran the services that once had tasks, by ARN.
	proven, ran map[string]bool
	// replaced are the revisions, by UID and number, that a restored status says to
	// serve, while Recreate had taken them away already, and requests with them.
	replaced map[string]bool
	// found are the stacks that were complete when state was lost.
	found map[string]bool
	// behind are the target groups that had all requests when an application
	// was restored to an earlier time, until somebody wants something.
	behind map[string]string
	// turns counts the turns that two clusters take in writing an application's
	// rule.
	turns map[string]*turns
	// cloned are the stacks and rules that a clone made, stranded those of which
	// nothing tells any more whose they are.
	cloned, stranded map[string]bool
	// deletions are the latest ones of stacks, by ID.
	deletions map[string]deletion
}

// revisionKey names a deployment's revision.
func revisionKey(imd *v1alpha1.ImmutableDeployment, revision int64) string {
	return fmt.Sprintf("%s %d", imd.UID, revision)
}

// deletion is when a cluster deleted a stack.
type deletion struct {
	by *cluster
	at time.Time
}

// turns counts how often a rule was written by a different cluster than before.
type turns struct {
	last          *cluster
	taken, wishes int
}

func newMemory() memory {
	return memory{forgot: map[string]time.Time{}, heirs: map[string]string{}, unowned: map[string]bool{}, abroad: map[string]bool{}, left: map[string]bool{},
		proven: map[string]bool{}, ran: map[string]bool{}, found: map[string]bool{}, behind: map[string]string{}, turns: map[string]*turns{}, cloned: map[string]bool{}, stranded: map[string]bool{},
		replaced: map[string]bool{}, deletions: map[string]deletion{}}
}

// heir returns the UID to which the resources of a UID belong now.
func (m *memory) heir(uid string) string {
	for range m.heirs {
		if m.heirs[uid] == "" {
			break
		}
		uid = m.heirs[uid]
	}
	return uid
}

// saw records what serves.
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

// forgot records that an application's objects lose something: what was counted
// for them starts over, and requests by annotation may be answered once more.
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

// wentBack records that an application is about to be restored to a time when
// its rule had the given route, if that differs from the current one.
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
	if r != nil && len(r.targets) == 0 && !t.keeps(string(then.UID), then.Status.Stable) {
		o.memory.replaced[revisionKey(then, then.Status.Stable)] = true // in the middle of a Recreate
	}
	if !slices.ContainsFunc(t.stacks, func(s stackTruth) bool { return s.uid == string(then.UID) && s.status == "CREATE_COMPLETE" }) {
		o.meddled(string(then.UID)) // what it takes to serve is gone, and nothing else is there
	}
}

// unowned records that a deployment is about to be lost.
func (o *observer) unowned(imd *v1alpha1.ImmutableDeployment, abroad bool) {
	o.memory.unowned[string(imd.UID)] = true
	if abroad && !imd.Spec.Traffic.LoadBalancer.Exists() {
		o.memory.abroad[string(imd.UID)] = true
	}
}

// regained records that a deployment which may have been lost exists again.
func (o *observer) regained(imd *v1alpha1.ImmutableDeployment) {
	delete(o.memory.unowned, string(imd.UID))
	delete(o.memory.abroad, string(imd.UID))
}

// recordLost notes that the record of a stack is about to be lost. One that was
// taken over bears the UID of its first owner for ever: once a deletion has given
// the rule back by which it was taken over, nobody knows whose it is.
func (o *observer) recordLost(imd *v1alpha1.ImmutableDeployment, imr *v1alpha1.ImmutableRevision) {
	takenOver := !strings.HasSuffix(imr.Spec.StackName, suffixOf(imd))
	if takenOver && !imd.DeletionTimestamp.IsZero() && o.truth().production(string(imd.UID)) == nil {
		o.memory.stranded[imr.Spec.StackName] = true
	}
}

// unclaimed tells whether what bears a UID may be left, since nobody was there
// who could take it over, or could know of it.
func (o *observer) unclaimed(uid string) bool {
	if !o.memory.unowned[uid] {
		return false
	}
	name := o.w.cluster.names[uid]
	gone := !slices.ContainsFunc(o.w.cluster.deployments(), func(imd *v1alpha1.ImmutableDeployment) bool { return imd.Name == name })
	return gone || o.memory.abroad[uid]
}

// adopts records that people had a deployment adopt other UIDs.
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

// wished records that somebody changed what they want from an application.
func (o *observer) wished(name string) {
	delete(o.memory.behind, name)
	o.wishes[name]++
	o.mayTurn(name)
}

// mayTurn records that people want something of one of two clusters, which it may
// write the rule for.
func (o *observer) mayTurn(name string) {
	if t := o.memory.turns[name]; t != nil {
		t.wishes++
	}
}

// wasFound reports whether a revision's stack was complete when state was lost:
// it isn't new, although its purpose may have been lost.
func (o *observer) wasFound(imr *v1alpha1.ImmutableRevision) bool {
	return slices.ContainsFunc(o.latest.stacks, func(s stackTruth) bool { return s.name == imr.Spec.StackName && o.memory.found[s.id] })
}

// exists reports whether a revision's stack exists: then its record is
// recreated, and nothing is frozen.
func (o *observer) exists(imr *v1alpha1.ImmutableRevision) bool {
	return slices.ContainsFunc(o.latest.stacks, func(s stackTruth) bool {
		return s.name == imr.Spec.StackName && s.uid != "" && s.status != "DELETE_COMPLETE"
	})
}
