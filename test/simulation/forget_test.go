package simulation

import (
	"reflect"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// force writes an object as it is, bypassing the API server.
func (c *cluster) force(object client.Object) {
	kind, key := kindOf(object), client.ObjectKeyFromObject(object)
	c.forced[key] = time.Now()
	stored := c.find(kind, key)
	version := versionOf(object) + 1000 // newer than any version before it was deleted
	if stored != nil {
		version = max(versionOf(object), versionOf(stored)) + 1
	}
	next, _ := object.DeepCopyObject().(client.Object)
	next.SetResourceVersion(strconv.Itoa(version))
	if stored == nil {
		must(c.tracker.Create(resources[kind], next, key.Namespace))
	} else {
		must(c.tracker.Update(resources[kind], next, key.Namespace))
	}
	c.note(kind, key, next)
}

// drop removes an object, whatever finalizers it has.
func (c *cluster) drop(object client.Object) {
	kind, key := kindOf(object), client.ObjectKeyFromObject(object)
	c.forced[key] = time.Now()
	must(c.tracker.Delete(resources[kind], key.Namespace, key.Name))
	c.note(kind, key, nil)
}

// records returns the revisions of a deployment by its name, with or without an
// owner.
func (c *cluster) records(name string) []*v1alpha1.ImmutableRevision {
	var out []*v1alpha1.ImmutableRevision
	for _, object := range c.list(revisions) {
		if imr, _ := object.(*v1alpha1.ImmutableRevision); imr.Labels[v1alpha1.LabelDeployment] == name {
			out = append(out, imr.DeepCopy())
		}
	}
	return out
}

// copied returns another cluster with the same state.
func (c *cluster) copied(name string) *cluster {
	out := newCluster(name, c.id)
	out.uids = c.uids + 1_000_000
	for _, kind := range []string{deployments, revisions} {
		for _, object := range c.list(kind) {
			key := client.ObjectKeyFromObject(object)
			must(out.tracker.Create(resources[kind], object, key.Namespace))
			out.note(kind, key, object)
		}
	}
	return out
}

// forget makes the cluster lose state.
func (w *world) forget(f fault) {
	apps := []int{f.App}
	if f.All {
		apps = nil
		for i := range w.plan.Apps {
			apps = append(apps, i)
		}
	}
	switch f.Kind {
	case faultRestore:
		s := w.snapshot(apps)
		w.after(f.For, func() {
			if !w.faults.over {
				w.restore(s, f)
			}
		})
		return
	case faultClone:
		w.split(f)
		return
	case faultAnew, faultVelero:
		w.migrate(apps, f)
	default:
		w.lose(f)
	}
	for _, i := range apps {
		w.users.attend(i)
	}
}

// lose makes an application's objects lose a part of their state.
func (w *world) lose(f fault) {
	imd := w.users.get(f.App)
	if imd == nil {
		return
	}
	w.observer.forgot(f.App)
	records := w.cluster.records(imd.Name)
	switch f.Kind { //nolint:exhaustive // these are all
	case faultStatus:
		imd.Status = v1alpha1.ImmutableDeploymentStatus{}
		w.cluster.force(imd)
		if f.All {
			w.loseStatus(records)
		}
	case faultRecordStatus:
		w.loseStatus(records)
	case faultRecord:
		if imr := w.victim(f, imd, records); imr != nil {
			w.log.tell("faults", "%s is gone", imr.Name)
			w.observer.recordLost(imd, imr)
			w.cluster.drop(imr)
		}
	case faultOwners:
		w.loseOwners(records)
	case faultOrphan:
		w.orphan(f, imd)
	}
}

func (w *world) loseStatus(records []*v1alpha1.ImmutableRevision) {
	for _, imr := range records {
		imr.Status = v1alpha1.ImmutableRevisionStatus{}
		w.cluster.force(imr)
	}
}

func (w *world) loseOwners(records []*v1alpha1.ImmutableRevision) {
	for _, imr := range records {
		imr.OwnerReferences = nil
		w.cluster.force(imr)
	}
}

// victim returns the revision that is lost: usually the one that serves; nil if
// there is none.
func (w *world) victim(f fault, imd *v1alpha1.ImmutableDeployment, records []*v1alpha1.ImmutableRevision) *v1alpha1.ImmutableRevision {
	if len(records) == 0 {
		return nil
	}
	i := slices.IndexFunc(records, func(x *v1alpha1.ImmutableRevision) bool { return x.Spec.Revision == imd.Status.Stable })
	if i >= 0 && w.dice.chance(f.P) {
		return records[i]
	}
	return pick(w.dice, records...)
}

// orphanFinalizer makes the garbage collector only remove the owner references
// from what an object owns.
const orphanFinalizer = "orphan"

// orphan deletes an application's object, but not what it owns: kubectl delete
// --cascade=orphan. Git may apply it again.
func (w *world) orphan(f fault, imd *v1alpha1.ImmutableDeployment) {
	i, newest := f.App, imd.DeepCopy()
	if !imd.DeletionTimestamp.IsZero() {
		return
	}
	if f.Git {
		w.after(w.dice.between(time.Minute, 5*time.Minute), func() { w.applyAgain(i, newest) })
	}
	w.users.left[i], w.observer.memory.left[string(imd.UID)] = true, true
	imd.Finalizers = append(imd.Finalizers, orphanFinalizer)
	w.cluster.force(imd)
	must(w.cluster.remove(nobody, w.users.get(i)))
	w.after(w.dice.between(0, 2*time.Second), func() {
		w.loseOwners(w.cluster.records(imd.Name))
		if now := w.users.get(i); now != nil && now.UID == imd.UID {
			now.Finalizers = slices.DeleteFunc(now.Finalizers, func(x string) bool { return x == orphanFinalizer })
			must(w.cluster.put(now, theSpec))
		}
	})
}

// applyAgain has Git apply an orphaning deployment again, once it is gone.
func (w *world) applyAgain(i int, newest *v1alpha1.ImmutableDeployment) {
	switch {
	case w.faults.over:
	case w.users.get(i) != nil:
		w.after(w.plan.Poll, func() { w.applyAgain(i, newest) })
	default:
		w.users.left[i] = false
		w.users.apply(i, newest)
		w.users.attend(i)
	}
}

// snapshot is an earlier state of some applications.
type snapshot struct {
	apps []int
	// identity is what processes used as the cluster's identity.
	identity string
	objects  map[int]*v1alpha1.ImmutableDeployment
	records  map[int][]*v1alpha1.ImmutableRevision
	// routes are how their production rules routed.
	routes map[int]string
}

func (w *world) snapshot(apps []int) snapshot {
	s := snapshot{apps: apps, identity: w.cluster.id, objects: map[int]*v1alpha1.ImmutableDeployment{}, records: map[int][]*v1alpha1.ImmutableRevision{}, routes: map[int]string{}}
	for _, i := range apps {
		s.objects[i], s.records[i] = w.users.get(i), w.cluster.records(w.plan.Apps[i].Name)
		s.routes[i] = w.observer.routeOf(i)
	}
	return s
}

// restore restores applications from a snapshot. Git may apply what was wanted
// before. If the whole cluster is restored, it also has its earlier identity,
// which is the UID of one of its namespaces.
func (w *world) restore(s snapshot, f fault) {
	w.log.tell("faults", "back to the snapshot")
	abroad := f.All && w.cluster.id != s.identity
	if f.All {
		w.fell(w.cluster, "with the API server")
		w.cluster.id = s.identity
	}
	for _, i := range s.apps {
		newest := w.users.get(i)
		w.bring(s, i, abroad)
		if f.Git || newest == nil { // what users deleted, they delete again
			w.after(w.dice.between(0, 5*time.Minute), func() { w.users.apply(i, newest) })
		}
		w.users.attend(i)
	}
}

// bring restores an application's objects: those created since are gone, those
// deleted since exist again. What was created abroad belongs to another
// cluster.
func (w *world) bring(s snapshot, i int, abroad bool) {
	then, now := s.objects[i], w.users.get(i)
	if then == nil && now == nil {
		return
	}
	w.observer.forgot(i)
	w.observer.wentBack(i, s.routes[i], then)
	for _, imr := range w.cluster.records(w.plan.Apps[i].Name) {
		if !slices.ContainsFunc(s.records[i], func(x *v1alpha1.ImmutableRevision) bool { return x.Name == imr.Name }) {
			w.cluster.drop(imr)
		}
	}
	if now != nil && (then == nil || then.UID != now.UID) {
		w.observer.unowned(now, abroad)
	}
	if then == nil {
		w.cluster.drop(now)
		return
	}
	w.observer.regained(then)
	w.users.removed[i] = !then.DeletionTimestamp.IsZero()
	w.cluster.force(then)
	for _, imr := range s.records[i] {
		w.cluster.force(imr)
	}
}

// fell ends the processes of a cluster.
func (w *world) fell(c *cluster, why string) {
	for _, p := range w.living(c) {
		p.die(why)
	}
}

// migrate removes applications' objects and creates them again with other UIDs.
// If a whole cluster is lost, the new one has another identity.
func (w *world) migrate(apps []int, f fault) {
	if f.All {
		w.fell(w.cluster, "with its cluster")
	}
	for _, i := range apps {
		imd := w.users.get(i)
		if imd == nil || !imd.DeletionTimestamp.IsZero() && !f.All {
			continue
		}
		records := w.vanish(i, imd, f.All)
		switch {
		case !imd.DeletionTimestamp.IsZero(): // what was to be deleted isn't made again
		case f.Kind == faultAnew:
			w.after(w.dice.between(0, 3*time.Minute), func() { w.users.apply(i, imd) })
		default:
			w.velero(imd, records)
		}
	}
	if f.All {
		w.cluster.id = "another"
	}
}

// vanish removes an application's objects, and returns its records.
func (w *world) vanish(i int, imd *v1alpha1.ImmutableDeployment, abroad bool) []*v1alpha1.ImmutableRevision {
	w.observer.forgot(i)
	w.observer.unowned(imd, abroad)
	records := w.cluster.records(imd.Name)
	for _, imr := range records {
		w.cluster.drop(imr)
	}
	w.cluster.drop(imd)
	return records
}

// velero creates objects again, in any order: as they were, except for status,
// owners and UIDs.
func (w *world) velero(imd *v1alpha1.ImmutableDeployment, records []*v1alpha1.ImmutableRevision) {
	again := func(from metav1.ObjectMeta) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: from.Namespace, Name: from.Name, Labels: from.Labels, Annotations: from.Annotations, Finalizers: from.Finalizers}
	}
	objects := []client.Object{&v1alpha1.ImmutableDeployment{ObjectMeta: again(imd.ObjectMeta), Spec: imd.Spec}}
	for _, imr := range records {
		objects = append(objects, &v1alpha1.ImmutableRevision{ObjectMeta: again(imr.ObjectMeta), Spec: imr.Spec})
	}
	for _, object := range objects {
		w.after(w.dice.between(0, 30*time.Second), func() {
			if w.cluster.find(kindOf(object), client.ObjectKeyFromObject(object)) == nil {
				must(w.cluster.create(nobody, object))
				w.log.tell("velero", "restores %s", object.GetName())
			}
		})
	}
}

// split starts another cluster with a copy of this one's state, which
// disappears for good after a while. It may have its own identity. Its Git may
// apply the same as this one's, or something else.
func (w *world) split(f fault) {
	if w.clone != nil {
		return
	}
	w.clone = w.cluster.copied("clone ")
	if f.Own {
		w.clone.id = "copy"
	}
	w.watch(w.clone)
	w.startIn(w.clone)
	for i, a := range w.plan.Apps {
		w.observer.forgot(i)
		w.observer.memory.turns[a.Name] = &turns{}
		w.users.attend(i)
	}
	if f.Git {
		w.after(f.By, func() { w.applyInClone(f) })
	}
	w.after(f.For, w.unsplit)
}

// unsplit ends the clone.
func (w *world) unsplit() {
	if w.clone == nil || w.clone.gone {
		return
	}
	w.clone.gone = true
	w.fell(w.clone, "with its cluster")
}

// applyInClone has the clone's Git apply templates from time to time.
func (w *world) applyInClone(f fault) {
	if w.clone.gone {
		return
	}
	for i := range w.plan.Apps {
		imd, _ := w.clone.find(deployments, w.users.key(i)).(*v1alpha1.ImmutableDeployment)
		if imd == nil || !imd.DeletionTimestamp.IsZero() {
			continue
		}
		before := imd.Spec.Template
		imd = imd.DeepCopy()
		if here := w.users.get(i); here != nil {
			imd.Spec.Template = *here.Spec.Template.DeepCopy()
		}
		if f.Tag != "" {
			imd.Spec.Template.Containers[0].Image = image(f.Tag)
		}
		if reflect.DeepEqual(imd.Spec.Template, before) {
			continue
		}
		w.log.tell("clone's git", "%s: %s", imd.Name, imd.Spec.Template.Containers[0].Image)
		w.observer.wished(imd.Name)
		must(w.clone.write(nobody, imd, func() error { return w.clone.Update(nobody, imd) }))
	}
	w.after(f.By, func() { w.applyInClone(f) })
}
