package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// The kinds that are watched.
const (
	deployments = "imd"
	revisions   = "imr"
)

// resources of the kinds.
var resources = map[string]schema.GroupVersionResource{
	deployments: v1alpha1.GroupVersion.WithResource("immutabledeployments"),
	revisions:   v1alpha1.GroupVersion.WithResource("immutablerevisions"),
}

// namespace of all objects.
const namespace = "shop"

var scheme = newScheme()

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := corev1.AddToScheme(s); err != nil {
		panic(err)
	}
	if err := v1alpha1.AddToScheme(s); err != nil {
		panic(err)
	}
	return s
}

// cluster is the API server: the fake client and what it lacks, which are
// UIDs, generations, the garbage collector and an ordered watch of each kind.
type cluster struct {
	client.WithWatch
	// name distinguishes clusters; id is what its processes use as the
	// cluster's identity.
	name, id string
	// gone is true once it no longer exists.
	gone bool
	// names of all deployments that ever existed, by UID.
	names map[string]string
	// forced is when somebody wrote or removed an object behind the API
	// server's back.
	forced map[types.NamespacedName]time.Time
	// tracker is below the client.
	tracker clienttesting.ObjectTracker
	uids    int
	// store has all objects, so that reading them doesn't always need JSON.
	store map[string]map[types.NamespacedName]client.Object
	// changes are what watches show, in order; a nil object is a deletion.
	changes map[string][]change
	// changed is called after each change.
	changed func(kind string)
}

// change is one event of a watch.
type change struct {
	key    types.NamespacedName
	object client.Object
}

func newCluster(name, id string) *cluster {
	// A tracker without managed fields, which nobody reads and which are slow.
	tracker := clienttesting.NewObjectTracker(scheme, serializer.NewCodecFactory(scheme).UniversalDecoder())
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjectTracker(tracker).
		WithStatusSubresource(&v1alpha1.ImmutableDeployment{}, &v1alpha1.ImmutableRevision{}).
		WithObjects(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: hostileNamespace}}).Build()
	store := map[string]map[types.NamespacedName]client.Object{deployments: {}, revisions: {}}
	return &cluster{WithWatch: c, name: name, id: id, tracker: tracker, store: store, changes: map[string][]change{}, changed: func(string) {},
		names: map[string]string{}, forced: map[types.NamespacedName]time.Time{}}
}

// kindOf names a kind.
func kindOf(object client.Object) string {
	switch object.(type) {
	case *v1alpha1.ImmutableDeployment:
		return deployments
	case *v1alpha1.ImmutableRevision:
		return revisions
	}
	return fmt.Sprintf("%T", object)
}

// sameSpec reports whether two objects of a kind have the same spec.
func sameSpec(a, b client.Object) bool {
	switch a := a.(type) {
	case *v1alpha1.ImmutableDeployment:
		b, ok := b.(*v1alpha1.ImmutableDeployment)
		return ok && equality.Semantic.DeepEqual(a.Spec, b.Spec)
	case *v1alpha1.ImmutableRevision:
		b, ok := b.(*v1alpha1.ImmutableRevision)
		return ok && equality.Semantic.DeepEqual(a.Spec, b.Spec)
	}
	return false
}

// find returns an object, which must not be changed; nil if there is none.
func (c *cluster) find(kind string, key types.NamespacedName) client.Object {
	return c.store[kind][key]
}

// reread reads an object after it was written; nil if there is none.
func (c *cluster) reread(kind string, key types.NamespacedName) client.Object {
	object, err := c.tracker.Get(resources[kind], key.Namespace, key.Name)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		panic(err)
	}
	return object.(client.Object) //nolint:forcetypeassert // it's of one of our kinds
}

// show copies an object to where a caller wants it.
func (c *cluster) show(key types.NamespacedName, into client.Object) error {
	kind := kindOf(into)
	if kind != deployments && kind != revisions {
		return c.Get(context.Background(), key, into)
	}
	object := c.store[kind][key]
	if object == nil {
		return apierrors.NewNotFound(resources[kind].GroupResource(), key.Name)
	}
	copyInto(object, into)
	return nil
}

// list returns all objects of a kind in the order of their names.
func (c *cluster) list(kind string) []client.Object {
	var out []client.Object
	for _, key := range slices.SortedFunc(maps.Keys(c.store[kind]), byName) {
		out = append(out, c.store[kind][key])
	}
	return out
}

// deployments returns all ImmutableDeployments in the order of their names.
func (c *cluster) deployments() []*v1alpha1.ImmutableDeployment {
	var out []*v1alpha1.ImmutableDeployment
	for _, object := range c.list(deployments) {
		imd, _ := object.(*v1alpha1.ImmutableDeployment)
		out = append(out, imd)
	}
	return out
}

// owner finds the deployment with a UID; nil if it is gone.
func (c *cluster) owner(uid string) *v1alpha1.ImmutableDeployment {
	for _, imd := range c.deployments() {
		if string(imd.UID) == uid {
			return imd
		}
	}
	return nil
}

// revision finds a deployment's; nil if it is gone.
func (c *cluster) revision(imd *v1alpha1.ImmutableDeployment, number int64) *v1alpha1.ImmutableRevision {
	for _, object := range c.list(revisions) {
		if imr, _ := object.(*v1alpha1.ImmutableRevision); imr.Spec.Revision == number && metav1.IsControlledBy(imr, imd) {
			return imr
		}
	}
	return nil
}

// ownerOf is the UID of a revision's owner; "" if it has none.
func ownerOf(imr client.Object) string {
	if ref := metav1.GetControllerOf(imr); ref != nil {
		return string(ref.UID)
	}
	return ""
}

// create makes an object.
func (c *cluster) create(ctx context.Context, object client.Object) error {
	c.uids++
	object.SetUID(types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", c.uids)))
	object.SetGeneration(1)
	object.SetCreationTimestamp(metav1.Now())
	if err := c.Create(ctx, object); err != nil {
		return err
	}
	kind, key := kindOf(object), client.ObjectKeyFromObject(object)
	c.note(kind, key, c.reread(kind, key))
	return nil
}

// write changes an object, with a new generation if spec changes.
func (c *cluster) write(ctx context.Context, object client.Object, do func() error) error {
	before := c.find(kindOf(object), client.ObjectKeyFromObject(object))
	if err := do(); err != nil {
		return err
	}
	now := c.reread(kindOf(object), client.ObjectKeyFromObject(object))
	if before != nil && now != nil && !sameSpec(before, now) {
		if err := c.raise(ctx, now); err != nil {
			return err
		}
		object.SetGeneration(now.GetGeneration())
		object.SetResourceVersion(now.GetResourceVersion())
	}
	if before != nil && now != nil && before.GetResourceVersion() == now.GetResourceVersion() {
		return nil
	}
	c.note(kindOf(object), client.ObjectKeyFromObject(object), now)
	return nil
}

// part is what a write is about.
type part bool

// Parts of an object.
const (
	theSpec   part = false
	theStatus part = true
)

var errModified = errors.New("the object has been modified")

// put makes a process's write, which has a resource version: an update, or a
// merge patch with optimistic lock once it is complete, which is equivalent. The
// fake client takes nearly a millisecond for each, most of a run's time.
func (c *cluster) put(object client.Object, what part) error {
	kind, key := kindOf(object), client.ObjectKeyFromObject(object)
	stored, resource := c.find(kind, key), resources[kind].GroupResource()
	switch {
	case stored == nil:
		return apierrors.NewNotFound(resource, key.Name)
	case object.GetResourceVersion() != stored.GetResourceVersion():
		return apierrors.NewConflict(resource, key.Name, errModified)
	}
	next := merged(stored, object, what)
	switch {
	case equality.Semantic.DeepEqual(stored, next):
	case len(next.GetFinalizers()) == 0 && !next.GetDeletionTimestamp().IsZero():
		if err := c.tracker.Delete(resources[kind], key.Namespace, key.Name); err != nil {
			return err
		}
		c.note(kind, key, nil)
	default:
		version, err := strconv.Atoi(stored.GetResourceVersion())
		if err != nil {
			return err
		}
		next.SetResourceVersion(strconv.Itoa(version + 1))
		if !sameSpec(stored, next) {
			next.SetGeneration(stored.GetGeneration() + 1)
		}
		if err := c.tracker.Update(resources[kind], next, key.Namespace); err != nil {
			return err
		}
		c.note(kind, key, next)
	}
	copyInto(next, object)
	return nil
}

// merged is an object after a write of a part of it, as it comes out of JSON:
// times, for example, are in whole seconds.
func merged(stored, object client.Object, what part) client.Object {
	switch stored := stored.(type) {
	case *v1alpha1.ImmutableDeployment:
		next, written := stored.DeepCopy(), object.(*v1alpha1.ImmutableDeployment) //nolint:forcetypeassert // both are of a kind
		if what == theStatus {
			next.Status = v1alpha1.ImmutableDeploymentStatus{}
			through(&written.Status, &next.Status)
			return next
		}
		mergeMeta(&next.ObjectMeta, &written.ObjectMeta)
		next.Spec = v1alpha1.ImmutableDeploymentSpec{}
		through(&written.Spec, &next.Spec)
		return next
	case *v1alpha1.ImmutableRevision:
		next, written := stored.DeepCopy(), object.(*v1alpha1.ImmutableRevision) //nolint:forcetypeassert // both are of a kind
		if what == theStatus {
			next.Status = v1alpha1.ImmutableRevisionStatus{}
			through(&written.Status, &next.Status)
			return next
		}
		mergeMeta(&next.ObjectMeta, &written.ObjectMeta)
		next.Spec = v1alpha1.ImmutableRevisionSpec{}
		through(&written.Spec, &next.Spec)
		return next
	}
	panic(fmt.Sprintf("%T isn't written by processes", stored))
}

func mergeMeta(next, written *metav1.ObjectMeta) {
	next.Labels, next.Annotations = maps.Clone(written.Labels), maps.Clone(written.Annotations)
	next.Finalizers, next.OwnerReferences = slices.Clone(written.Finalizers), slices.Clone(written.OwnerReferences)
}

// through converts a value through JSON.
func through(from, into any) {
	text, err := json.Marshal(from)
	must(err)
	must(json.Unmarshal(text, into))
}

// copyInto copies an object of our kinds.
func copyInto(from, into client.Object) {
	switch from := from.(type) {
	case *v1alpha1.ImmutableDeployment:
		from.DeepCopyInto(into.(*v1alpha1.ImmutableDeployment)) //nolint:forcetypeassert // both are of a kind
	case *v1alpha1.ImmutableRevision:
		from.DeepCopyInto(into.(*v1alpha1.ImmutableRevision)) //nolint:forcetypeassert // both are of a kind
	}
}

// raise increments the generation.
func (c *cluster) raise(ctx context.Context, object client.Object) error {
	object.SetGeneration(object.GetGeneration() + 1)
	return c.Update(ctx, object)
}

// remove asks for an object to be deleted.
func (c *cluster) remove(ctx context.Context, object client.Object, opts ...client.DeleteOption) error {
	before := c.find(kindOf(object), client.ObjectKeyFromObject(object))
	var o client.DeleteOptions
	o.ApplyOptions(opts)
	if p := o.Preconditions; before != nil && p != nil && (*p.UID != before.GetUID() || *p.ResourceVersion != before.GetResourceVersion()) {
		return apierrors.NewConflict(resources[kindOf(object)].GroupResource(), object.GetName(), errModified)
	}
	if err := c.Delete(ctx, object); err != nil {
		return err
	}
	kind, key := kindOf(object), client.ObjectKeyFromObject(object)
	now := c.reread(kind, key)
	if now != nil && before.GetDeletionTimestamp().IsZero() {
		if err := c.raise(ctx, now); err != nil {
			return err
		}
	}
	c.note(kind, key, now)
	return nil
}

// note shows a change to watches, and garbage-collects what lost its owner.
func (c *cluster) note(kind string, key types.NamespacedName, now client.Object) {
	if c.store[kind][key] = now; now == nil {
		delete(c.store[kind], key)
	}
	c.changes[kind] = append(c.changes[kind], change{key, now})
	c.changed(kind)
	switch {
	case kind == deployments && now == nil:
		c.collect()
	case kind == deployments:
		c.names[string(now.GetUID())] = now.GetName()
	}
}

// collect deletes the revisions whose owner is gone.
func (c *cluster) collect() {
	var owners []types.UID
	for _, imd := range c.deployments() {
		owners = append(owners, imd.UID)
	}
	for _, object := range c.list(revisions) {
		imr, _ := object.DeepCopyObject().(client.Object)
		ref := metav1.GetControllerOf(imr)
		if ref == nil || slices.Contains(owners, ref.UID) || !imr.GetDeletionTimestamp().IsZero() {
			continue
		}
		if err := c.remove(context.Background(), imr); err != nil {
			panic(err)
		}
	}
}
