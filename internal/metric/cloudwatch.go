package metric

import (
	"context"
	"strconv"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/analysis"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// cloudWatch reads metrics of Amazon CloudWatch.
type cloudWatch struct {
	metrics cloud.Metrics
}

// Read reads the builtin metric, or the query, for both revisions at once.
func (c *cloudWatch) Read(ctx context.Context, check *v1alpha1.MetricCheck, candidate, stable *v1alpha1.ImmutableRevision, since time.Time) (analysis.Readings, error) {
	queries := analysis.Queries(*check, subject(candidate))
	own := len(queries)
	if stable != nil {
		queries = append(queries, analysis.Queries(*check, subject(stable))...)
	}
	series, err := c.metrics.Read(ctx, queries, since)
	if err != nil {
		return analysis.Readings{}, err
	}
	out := analysis.Readings{Candidate: series[:own]}
	if stable != nil {
		out.Stable = series[own:]
	}
	return out, nil
}

// subject is a revision that has a stack in the words of CloudWatch's
// dimensions.
func subject(imr *v1alpha1.ImmutableRevision) analysis.Subject {
	out := imr.Status.Outputs
	return analysis.Subject{
		TargetGroup:  analysis.TargetGroupDimension(out.TargetGroupARN),
		LoadBalancer: analysis.LoadBalancerDimension(imr.Spec.Frozen.ListenerARN),
		Cluster:      out.Cluster,
		Service:      out.ServiceName,
		Revision:     strconv.FormatInt(imr.Spec.Revision, 10),
	}
}
