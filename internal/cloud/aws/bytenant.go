package aws

import (
	"context"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// tenantsMax limits the readers that are kept.
const tenantsMax = 1024

// byTenant keeps a reader for each tenant. What is read for several callers at once
// is read for those of one tenant: one that asks for very much, or for what
// CloudWatch rejects, delays only itself.
type byTenant[R any] struct {
	create func() R

	mu   sync.Mutex
	kept map[string]R
}

func newByTenant[R any](create func() R) *byTenant[R] {
	return &byTenant[R]{create: create, kept: map[string]R{}}
}

// of returns the reader of the tenant for whom a call is made.
func (b *byTenant[R]) of(ctx context.Context) R {
	tenant := cloud.Tenant(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.kept[tenant]
	if !ok {
		if len(b.kept) == tenantsMax {
			clear(b.kept) // they read anew what is asked for
		}
		r = b.create()
		b.kept[tenant] = r
	}
	return r
}

// alarmsByTenant implements cloud.Alarms.
type alarmsByTenant struct{ *byTenant[*alarms] }

func (a alarmsByTenant) States(ctx context.Context, names []string) ([]cloud.Alarm, error) {
	return a.of(ctx).States(ctx, names)
}

// metricsByTenant implements cloud.Metrics.
type metricsByTenant struct{ *byTenant[*metricData] }

func (m metricsByTenant) Read(ctx context.Context, queries []cloud.MetricQuery, since time.Time) ([]cloud.Series, error) {
	return m.of(ctx).Read(ctx, queries, since)
}
