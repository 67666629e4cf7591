package aws

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// readerIdle is how long a reader is kept for which nobody asks: it keeps all that
// it read last.
const readerIdle = 10 * time.Minute

// byTenant keeps a reader for each tenant. What is read for several callers at once
// is read for those of one tenant: one that asks for very much, or for what
// CloudWatch rejects, delays only itself.
type byTenant[R any] struct {
	create func() R

	mu    sync.Mutex
	kept  map[string]*reader[R]
	swept time.Time
}

// reader is that of a tenant, and when it was last asked for.
type reader[R any] struct {
	is    R
	asked time.Time
}

func newByTenant[R any](create func() R) *byTenant[R] {
	return &byTenant[R]{create: create, kept: map[string]*reader[R]{}}
}

// of returns the reader of the tenant for whom a call is made.
func (b *byTenant[R]) of(ctx context.Context) R {
	tenant, now := cloud.Tenant(ctx), time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.swept) >= readerIdle {
		b.swept = now
		maps.DeleteFunc(b.kept, func(_ string, r *reader[R]) bool { return now.Sub(r.asked) >= readerIdle })
	}
	if b.kept[tenant] == nil {
		b.kept[tenant] = &reader[R]{is: b.create()}
	}
	b.kept[tenant].asked = now
	return b.kept[tenant].is
}

// alarmsByTenant implements cloud.Alarms.
type alarmsByTenant struct{ *byTenant[*alarms] }

func (a alarmsByTenant) States(ctx context.Context, names []string) ([]cloud.Alarm, error) {
	return a.of(ctx).States(ctx, names)
}

// scalingByTenant implements cloud.Scaling.
type scalingByTenant struct{ *byTenant[*scaling] }

func (s scalingByTenant) Targets(ctx context.Context, services []cloud.ServiceID) (map[cloud.ServiceID]cloud.ScalableTarget, error) {
	return s.of(ctx).Targets(ctx, services)
}

func (s scalingByTenant) SetTarget(ctx context.Context, service cloud.ServiceID, change cloud.TargetChange) error {
	return s.of(ctx).SetTarget(ctx, service, change)
}

// parametersByTenant implements cloud.Parameters.
type parametersByTenant struct{ *byTenant[*parameters] }

func (p parametersByTenant) Get(ctx context.Context, names []string) map[string]cloud.Reading[cloud.Parameter] {
	return p.of(ctx).Get(ctx, names)
}

func (p parametersByTenant) Watch(ctx context.Context, names []string) map[string]cloud.Reading[cloud.Parameter] {
	return p.of(ctx).Watch(ctx, names)
}

// secretsByTenant implements cloud.Secrets.
type secretsByTenant struct{ *byTenant[*secrets] }

func (s secretsByTenant) Describe(ctx context.Context, secretARNs []string) map[string]cloud.Reading[cloud.Secret] {
	return s.of(ctx).Describe(ctx, secretARNs)
}

func (s secretsByTenant) Watch(ctx context.Context, secretARNs []string) map[string]cloud.Reading[cloud.Secret] {
	return s.of(ctx).Watch(ctx, secretARNs)
}

// metricsByTenant implements cloud.Metrics.
type metricsByTenant struct{ *byTenant[*metricData] }

func (m metricsByTenant) Read(ctx context.Context, queries []cloud.MetricQuery, since time.Time) ([]cloud.Series, error) {
	return m.of(ctx).Read(ctx, queries, since)
}
