package simulation

import (
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	updates "sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/controllers"
)

// informer is a process's cache of a kind, and the watch that updates it.
type informer struct {
	p    *process
	kind string
	// seen is how many of the cluster's changes were seen.
	seen  int
	store map[types.NamespacedName]client.Object
}

func newInformer(p *process, kind string) *informer {
	return &informer{p: p, kind: kind, store: map[types.NamespacedName]client.Object{}}
}

// relist reads everything, as at the start and after a watch broke: only the
// result of what happened meanwhile is seen.
func (i *informer) relist() {
	if i.p.dead {
		return
	}
	now := map[types.NamespacedName]client.Object{}
	for _, object := range i.p.cluster.list(i.kind) {
		now[client.ObjectKeyFromObject(object)] = object
	}
	i.seen = len(i.p.cluster.changes[i.kind])
	keys := slices.SortedFunc(maps.Keys(i.store), byName)
	for _, key := range slices.SortedFunc(maps.Keys(now), byName) {
		i.apply(change{key, now[key]})
	}
	for _, key := range keys {
		if now[key] == nil {
			i.apply(change{key, nil})
		}
	}
}

// notice delivers a change of the cluster after a while: watches are ordered
// only within a kind.
func (i *informer) notice() {
	delay := i.p.dice.between(time.Millisecond, 100*time.Millisecond)
	delay += i.p.w.faults.watchDelay(i.p.dice)
	until := len(i.p.cluster.changes[i.kind])
	i.p.w.after(delay, func() { i.see(until) })
}

// see processes changes, unless the watch is broken.
func (i *informer) see(until int) {
	if i.p.dead || i.seen >= until {
		return
	}
	if stalled := i.p.w.faults.watchBroken(); stalled > 0 {
		i.p.w.after(stalled, i.relist)
		return
	}
	for _, c := range i.p.cluster.changes[i.kind][i.seen:until] {
		i.seen++
		i.apply(c)
	}
}

// apply stores a change and enqueues the objects that it concerns.
func (i *informer) apply(c change) {
	before := i.store[c.key]
	if c.object == nil {
		delete(i.store, c.key)
	} else {
		c.object = slim(c.object)
		i.store[c.key] = c.object
	}
	if before == nil && c.object == nil {
		return
	}
	if i.concerns(before, c.object) {
		i.enqueue(i.kind, c.key)
	}
	if i.kind != revisions {
		return
	}
	for _, object := range []client.Object{before, c.object} {
		if object == nil {
			continue
		}
		if ref := metav1.GetControllerOf(object); ref != nil {
			i.enqueue(deployments, types.NamespacedName{Namespace: c.key.Namespace, Name: ref.Name})
		}
	}
}

// slim is what the cache keeps of an object.
func slim(object client.Object) client.Object {
	kept, err := controllers.Slim(object.DeepCopyObject())
	must(err)
	return kept.(client.Object) //nolint:forcetypeassert // it is of the same kind
}

// enqueue adds a key, sometimes twice.
func (i *informer) enqueue(kind string, key types.NamespacedName) {
	q := i.p.queues[kind]
	q.add(key, 0)
	if i.p.w.faults.repeats(i.p.dice) {
		i.p.w.after(i.p.dice.between(0, time.Minute), func() { q.add(key, 0) })
	}
}

// concerns evaluates the predicates of SetupWithManager.
func (i *informer) concerns(before, now client.Object) bool {
	if before == nil || now == nil {
		return true // they only filter updates
	}
	update := updates.UpdateEvent{ObjectOld: before, ObjectNew: now}
	if i.kind == deployments {
		return controllers.DeploymentPredicate().Update(update)
	}
	return controllers.RevisionPredicate().Update(update)
}

// get answers from the cache.
func (i *informer) get(key types.NamespacedName, into client.Object) error {
	switch object := i.store[key].(type) {
	case *v1alpha1.ImmutableDeployment:
		object.DeepCopyInto(into.(*v1alpha1.ImmutableDeployment)) //nolint:forcetypeassert // it is of this kind
	case *v1alpha1.ImmutableRevision:
		object.DeepCopyInto(into.(*v1alpha1.ImmutableRevision)) //nolint:forcetypeassert // it is of this kind
	default:
		return apierrors.NewNotFound(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: i.kind}, key.Name)
	}
	return nil
}

// listRevisions answers a list from the cache.
func (i *informer) listRevisions(list *v1alpha1.ImmutableRevisionList, opts ...client.ListOption) {
	var o client.ListOptions
	o.ApplyOptions(opts)
	for _, key := range slices.SortedFunc(maps.Keys(i.store), byName) {
		imr, _ := i.store[key].(*v1alpha1.ImmutableRevision)
		if key.Namespace == o.Namespace && (o.LabelSelector == nil || o.LabelSelector.Matches(labelSet(imr.Labels))) {
			list.Items = append(list.Items, *imr.DeepCopy())
		}
	}
}

// listDeployments answers a list of all from the cache.
func (i *informer) listDeployments(list *v1alpha1.ImmutableDeploymentList) {
	for _, key := range slices.SortedFunc(maps.Keys(i.store), byName) {
		imd, _ := i.store[key].(*v1alpha1.ImmutableDeployment)
		list.Items = append(list.Items, *imd.DeepCopy())
	}
}

type labelSet map[string]string

// Has implements labels.Labels.
func (l labelSet) Has(name string) bool { _, ok := l[name]; return ok }

// Get implements labels.Labels.
func (l labelSet) Get(name string) string { return l[name] }

// Lookup implements labels.Labels.
func (l labelSet) Lookup(name string) (string, bool) { v, ok := l[name]; return v, ok }
