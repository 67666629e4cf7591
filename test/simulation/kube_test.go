package simulation

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// errLost is the error of a call whose response was lost.
var errLost = errors.New("Client.Timeout exceeded while awaiting headers")

// call makes one call to the API server, with its faults.
func (p *process) call(ctx context.Context, verb string, object client.Object, do func() error) error {
	at := p.passOf(ctx)
	c := callID{api: "kubernetes", action: verb, about: kindOf(object) + " " + object.GetName(), writes: verb != "get" && verb != "list"}
	verdict := p.gate(at, c, "")
	if err := p.refusal(verdict, object); err != nil {
		return err
	}
	if p.dead {
		return errDead
	}
	if verdict == dieBefore {
		p.die("before " + c.String())
		return errDead
	}
	err := do()
	p.told(at, c, err)
	switch verdict { //nolint:exhaustive // the others are over
	case dieAfter:
		p.die("after " + c.String())
		return errDead
	case loseAnswer:
		return errLost
	}
	return err
}

// refusal is the error of a call that has no effect.
func (p *process) refusal(verdict verdict, object client.Object) error {
	resource := schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: kindOf(object)}
	switch verdict { //nolint:exhaustive // the others don't refuse
	case conflict:
		return apierrors.NewConflict(resource, object.GetName(), errModified)
	case serverError:
		return apierrors.NewInternalError(errors.New("etcdserver: leader changed"))
	case loseRequest, throttle, denied, expired:
		return errLost
	}
	return nil
}

// told logs a call.
func (p *process) told(at *pass, c callID, err error) {
	tell := p.w.log.whisper
	if c.writes {
		tell = p.w.log.tell
		if err == nil {
			at.effects++
			p.w.stats.writes++
			p.w.lastWrite = c.String() + " by " + at.about()
		}
	}
	suffix := ""
	if err != nil {
		suffix = ": " + err.Error()
	}
	tell(p.name, "%s: %s%s", at.about(), c, suffix)
}

// live reads and writes at the API server itself.
func (p *process) live() client.Client { return interceptor.NewClient(p.cluster, p.funcs()) }

// cached reads lists from the cache.
func (p *process) cached() client.Client {
	funcs := p.funcs()
	funcs.List = func(_ context.Context, _ client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
		if p.dead {
			return errDead
		}
		switch list := list.(type) {
		case *v1alpha1.ImmutableRevisionList:
			p.caches[revisions].listRevisions(list, opts...)
		case *v1alpha1.ImmutableDeploymentList:
			p.caches[deployments].listDeployments(list)
		case *v1alpha1.DeploymentPolicyList: // there are none
		default:
			return fmt.Errorf("%T is not cached", list)
		}
		return nil
	}
	funcs.Get = func(ctx context.Context, _ client.WithWatch, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
		if p.dead {
			return errDead
		}
		err := p.caches[kindOf(object)].get(key, object)
		if err == nil {
			p.passOf(ctx).read(object)
		}
		return err
	}
	return interceptor.NewClient(p.cluster, funcs)
}

// funcs returns the interceptors between a process and the API server.
func (p *process) funcs() interceptor.Funcs {
	c := p.cluster
	return interceptor.Funcs{
		Get: func(ctx context.Context, _ client.WithWatch, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
			object.SetName(key.Name)
			err := p.call(ctx, "get", object, func() error { return c.show(key, object) })
			if err == nil {
				p.passOf(ctx).read(object)
			}
			return err
		},
		List: func(ctx context.Context, _ client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			return p.call(ctx, "list", &v1alpha1.ImmutableRevision{}, func() error { return c.List(ctx, list, opts...) })
		},
		Create: func(ctx context.Context, _ client.WithWatch, object client.Object, _ ...client.CreateOption) error {
			return p.call(ctx, "create", object, func() error {
				err := c.create(ctx, object)
				if imr, ok := object.(*v1alpha1.ImmutableRevision); ok && err == nil {
					p.w.observer.checkFrozen(c, imr)
				}
				return err
			})
		},
		Delete: func(ctx context.Context, _ client.WithWatch, object client.Object, opts ...client.DeleteOption) error {
			return p.call(ctx, "delete", object, func() error { return c.remove(ctx, object, opts...) })
		},
		Patch: func(ctx context.Context, _ client.WithWatch, object client.Object, patch client.Patch, _ ...client.PatchOption) error {
			return p.call(ctx, "patch", object, func() error {
				c.complete(object, patch)
				return c.put(object, theSpec)
			})
		},
		SubResourceUpdate: func(ctx context.Context, _ client.Client, _ string, object client.Object, _ ...client.SubResourceUpdateOption) error {
			return p.call(ctx, "update status", object, func() error { return p.status(ctx, object) })
		},
		SubResourcePatch: func(ctx context.Context, _ client.Client, _ string, object client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
			return p.call(ctx, "patch status", object, func() error {
				c.complete(object, patch)
				return p.status(ctx, object)
			})
		},
	}
}

// status writes a status and has it checked.
func (p *process) status(ctx context.Context, object client.Object) error {
	before := p.cluster.find(kindOf(object), client.ObjectKeyFromObject(object))
	if err := p.cluster.put(object, theStatus); err != nil {
		return err
	}
	now := p.cluster.find(kindOf(object), client.ObjectKeyFromObject(object))
	p.w.observer.status(p.passOf(ctx), before, now)
	return nil
}
