package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// The cache holds all objects of the cluster, whoever made them, so it holds no
// more of each than is read from it. What a pass is about is read from the API
// server itself. A test lists who reads the cache.

// pageLength is how many objects are read at once where all are listed: an API
// server sends objects of up to 1.5 MiB each, which is what etcd takes.
const pageLength = 25

// CacheOptions are those of a manager's cache: what it keeps of each object, and
// that it never has many whole ones at once.
func CacheOptions() cache.Options {
	return cache.Options{DefaultTransform: Slim, NewInformer: newInformer}
}

// Slim takes from an object what nobody reads from the cache, and returns the
// object; anything else it returns as it is. To do it twice is to do it once.
// The error is always nil: the type is that of informers.
//
// An object from the cache can be patched, by a merge patch from a copy of it: what
// is missing on both sides stays as it is. It must not be updated as a whole.
func Slim(object any) (any, error) {
	switch o := object.(type) {
	case *v1alpha1.ImmutableDeployment:
		slimDeployment(o)
	case *v1alpha1.ImmutableRevision:
		slimRevision(o)
	case client.Object:
		o.SetManagedFields(nil)
		annotations := maps.Clone(o.GetAnnotations())
		delete(annotations, corev1.LastAppliedConfigAnnotation)
		o.SetAnnotations(annotations)
	}
	return object, nil
}

// slimDeployment keeps what claimed, otherNamespaces, hasWork, DeploymentPredicate
// and the collector of metrics read.
func slimDeployment(imd *v1alpha1.ImmutableDeployment) {
	lb, blocked := imd.Spec.Traffic.LoadBalancer, imd.Status.BlockedBy
	if blocked != nil {
		blocked = &v1alpha1.BlockedBy{Reason: blocked.Reason, Since: blocked.Since}
	}
	traffic := imd.Status.Traffic
	if traffic != nil {
		traffic = &v1alpha1.TrafficStatus{RuleARN: traffic.RuleARN}
	}
	*imd = v1alpha1.ImmutableDeployment{
		TypeMeta: imd.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace: imd.Namespace, Name: imd.Name, UID: imd.UID, ResourceVersion: imd.ResourceVersion, Generation: imd.Generation,
			CreationTimestamp: imd.CreationTimestamp, DeletionTimestamp: imd.DeletionTimestamp, Annotations: digested(imd.Annotations),
		},
		Spec: v1alpha1.ImmutableDeploymentSpec{
			Strategy: v1alpha1.Strategy{Type: imd.Spec.Strategy.Type},
			Traffic:  v1alpha1.Traffic{LoadBalancer: v1alpha1.LoadBalancer{ListenerARN: lb.ListenerARN, Priority: lb.Priority}},
		},
		Status: v1alpha1.ImmutableDeploymentStatus{
			ObservedGeneration: imd.Status.ObservedGeneration, Phase: imd.Status.Phase, BlockedBy: blocked, Traffic: traffic,
			Weight: imd.Status.Weight, Totals: imd.Status.Totals,
		},
	}
}

// digestAnnotation is the only annotation of deployments in the cache. The API
// server takes no name with spaces, so nobody can have written it.
const digestAnnotation = "digest of all annotations"

// digested stands for annotations, which may have 256 KiB, and of which only a
// change matters. What kubectl apply keeps there is no request.
func digested(annotations map[string]string) map[string]string {
	if _, done := annotations[digestAnnotation]; done {
		return annotations
	}
	sum, some := sha256.New(), false
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		if name != corev1.LastAppliedConfigAnnotation {
			some = true
			fmt.Fprintf(sum, "%q %q\n", name, annotations[name])
		}
	}
	if !some {
		return nil
	}
	return map[string]string{digestAnnotation: hex.EncodeToString(sum.Sum(nil))}
}

// slimRevision drops the template that the stack is created from, which is read
// live when that is done, and keeps of the containers what tells which image is
// which. Owners and finalizers stay whole: a merge patch replaces lists.
func slimRevision(imr *v1alpha1.ImmutableRevision) {
	imr.ManagedFields, imr.Annotations = nil, nil
	maps.DeleteFunc(imr.Labels, func(name, _ string) bool {
		return name != v1alpha1.LabelDeployment && name != v1alpha1.LabelTemplateHash
	})
	frozen := &imr.Spec.Frozen
	frozen.TemplateBody, frozen.Template.Tags, frozen.Template.Volumes, frozen.Template.Patches = "", nil, nil, nil
	frozen.Provenance = nil
	if held := frozen.Configuration; held != nil {
		frozen.Configuration = &v1alpha1.FrozenConfiguration{State: held.State, SHA256: held.SHA256}
	}
	frozen.Template.Scaling = slimScaling(frozen.Template.Scaling)
	main := template.MainContainer(&frozen.Template)
	for i := range frozen.Template.Containers {
		c := &frozen.Template.Containers[i]
		slim := v1alpha1.Container{Name: c.Name, Image: c.Image}
		if c == main { // where requests and logs go
			slim.PortMappings, slim.LogConfiguration = c.PortMappings, slimLogs(c.LogConfiguration)
		}
		*c = slim
	}
	imr.Status.Retained = nil
}

// slimScaling keeps whether there is any, and whether by schedules.
func slimScaling(scaling *v1alpha1.AutoScaling) *v1alpha1.AutoScaling {
	if scaling == nil {
		return nil
	}
	slim := &v1alpha1.AutoScaling{}
	if len(scaling.Schedules) > 0 {
		slim.Schedules = []v1alpha1.ScheduledScaling{{Name: scaling.Schedules[0].Name}}
	}
	return slim
}

// slimLogs keeps what tells where a container's log is.
func slimLogs(log *v1alpha1.LogConfiguration) *v1alpha1.LogConfiguration {
	if log == nil {
		return nil
	}
	options := maps.Clone(log.Options)
	maps.DeleteFunc(options, func(name string, _ v1alpha1.OptionValue) bool { return !template.TellsLogs(name) })
	return &v1alpha1.LogConfiguration{LogDriver: log.LogDriver, Options: options}
}

// newInformer makes an informer that lists in pages.
func newInformer(from toolscache.ListerWatcher, object runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	return toolscache.NewSharedIndexInformer(inPages(from), object, resync, indexers)
}

// inPages lists in pages, and makes each slim before it reads the next. An API
// server that doesn't stream lists object by object (WatchList) sends an informer
// all objects together: it knows pages only of the newest state.
func inPages(from toolscache.ListerWatcher) toolscache.ListerWatcher {
	lister := toolscache.ToListerWithContext(from)
	return &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return listSlim(ctx, lister, options)
		},
		WatchFuncWithContext: toolscache.ToWatcherWithContext(from).WatchWithContext,
	}
}

// listSlim lists all objects in pages. The list says that it is complete.
func listSlim(ctx context.Context, lister toolscache.ListerWithContext, options metav1.ListOptions) (runtime.Object, error) {
	options.ResourceVersion, options.ResourceVersionMatch, options.Limit, options.Continue = "", "", pageLength, ""
	var all []runtime.Object
	for {
		page, err := lister.ListWithContext(ctx, options)
		if err != nil {
			return nil, err
		}
		err = meta.EachListItem(page, func(object runtime.Object) error {
			_, err := Slim(object)
			all = append(all, object)
			return err
		})
		list, notList := meta.ListAccessor(page)
		if err := errors.Join(err, notList); err != nil {
			return nil, fmt.Errorf("read a page of a list: %w", err)
		}
		if options.Continue = list.GetContinue(); options.Continue != "" {
			continue
		}
		list.SetRemainingItemCount(nil)
		return page, meta.SetList(page, all)
	}
}
