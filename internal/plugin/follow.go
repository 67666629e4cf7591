package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// errTimeout ends what waits longer than --timeout.
var errTimeout = errors.New("timeout")

// limited bounds a wait; 0 is no limit.
func limited(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, limit, errTimeout)
}

// follow calls see with a deployment and its revisions as they are, and again
// whenever they have changed, until it is done. The deployment is nil once it is
// deleted. The API server tells of changes: nothing is polled. It returns the
// cause of the context's end, which is errTimeout after a time limit.
func (c *cluster) follow(ctx context.Context, name string, see func(*v1alpha1.ImmutableDeployment, []v1alpha1.ImmutableRevision) (done bool, err error)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	changed := make(chan struct{}, 1)
	mirror, err := c.mirror(ctx, name, changed, stop)
	if err != nil {
		return err
	}
	go func() {
		if err := mirror.Start(ctx); err != nil {
			stop(err)
		}
	}()
	if !mirror.WaitForCacheSync(ctx) {
		return c.explain(ctx, name, context.Cause(ctx))
	}
	for {
		imd, revisions, err := mirrored(ctx, mirror, client.ObjectKey{Namespace: c.namespace, Name: name})
		if err != nil {
			return err
		}
		if done, err := see(imd, revisions); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return c.explain(ctx, name, context.Cause(ctx))
		case <-changed:
		}
	}
}

// mirror is a copy of a deployment and its revisions that follows what happens to
// them. A sign in changed says that something did. It ends the context if the user
// may not watch them.
func (c *cluster) mirror(ctx context.Context, name string, changed chan<- struct{}, stop context.CancelCauseFunc) (cache.Cache, error) {
	mirror, err := cache.New(c.config, cache.Options{
		Scheme: scheme, Mapper: mapper, DefaultNamespaces: map[string]cache.Config{c.namespace: {}},
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.ImmutableDeployment{}: {Field: fields.OneTermEqualSelector("metadata.name", name)},
			&v1alpha1.ImmutableRevision{}:   {Label: labels.SelectorFromSet(labels.Set{v1alpha1.LabelDeployment: name})},
		},
		DefaultWatchErrorHandler: func(_ context.Context, _ *toolscache.Reflector, err error) {
			if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
				stop(err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	sign := func() {
		select {
		case changed <- struct{}{}:
		default: // one is there already
		}
	}
	for _, object := range []client.Object{&v1alpha1.ImmutableDeployment{}, &v1alpha1.ImmutableRevision{}} {
		informer, err := mirror.GetInformer(ctx, object)
		if err != nil {
			return nil, err
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { sign() }, UpdateFunc: func(any, any) { sign() }, DeleteFunc: func(any) { sign() },
		}); err != nil {
			return nil, err
		}
	}
	return mirror, nil
}

// mirrored reads a deployment, nil if there is none, and its revisions.
func mirrored(ctx context.Context, from client.Reader, key client.ObjectKey) (*v1alpha1.ImmutableDeployment, []v1alpha1.ImmutableRevision, error) {
	imd := &v1alpha1.ImmutableDeployment{}
	if err := from.Get(ctx, key, imd); apierrors.IsNotFound(err) {
		imd = nil
	} else if err != nil {
		return nil, nil, err
	}
	var revisions v1alpha1.ImmutableRevisionList
	if err := from.List(ctx, &revisions, client.InNamespace(key.Namespace)); err != nil {
		return nil, nil, err
	}
	return imd, revisions.Items, nil
}

// gone says that a deployment was deleted while it was followed.
func (c *cluster) gone(name string) error {
	return &exit{ExitFailed, fmt.Sprintf("Error: %s/%s was deleted", c.namespace, name)}
}
