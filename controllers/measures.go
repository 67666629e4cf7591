package controllers

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/measures"
)

// collectPatience is how long a reader of metrics waits for the cache.
const collectPatience = 5 * time.Second

// measure has metrics tell of all deployments. Only the active manager tells: the
// others have the same objects, and whoever adds up the metrics of all managers
// would count them several times.
func (o *Options) measure(mgr ctrl.Manager) error {
	if o.Metrics == nil {
		return nil
	}
	return o.Metrics.Register(measures.NewCollector(func() (measures.Objects, bool) {
		select {
		case <-mgr.Elected():
			return o.measured()
		default:
			return measures.Objects{}, false
		}
	}))
}

// measured are the objects in the cache, as they are in there: nobody may change
// them.
func (o *Options) measured() (measures.Objects, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), collectPatience)
	defer cancel()
	var deployments v1alpha1.ImmutableDeploymentList
	var revisions v1alpha1.ImmutableRevisionList
	err := o.Client.List(ctx, &deployments, client.UnsafeDisableDeepCopy)
	if err == nil {
		err = o.Client.List(ctx, &revisions, client.UnsafeDisableDeepCopy)
	}
	if err != nil {
		// An error to the registry would take all other metrics away as well.
		ctrl.Log.WithName("metrics").Error(err, "Deployments can't be measured")
		return measures.Objects{}, false
	}
	return measures.Objects{Deployments: deployments.Items, Revisions: revisions.Items}, true
}
