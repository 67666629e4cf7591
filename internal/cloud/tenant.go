package cloud

import "context"

type tenantKey struct{}

// WithTenant returns a context whose calls are made for a tenant: a namespace. Calls of
// AWS and what is read for several callers at once are shared between tenants.
func WithTenant(ctx context.Context, tenant string) context.Context {
	return context.WithValue(ctx, tenantKey{}, tenant)
}

// Tenant returns for whom calls are made, "" if nobody said.
func Tenant(ctx context.Context) string {
	tenant, _ := ctx.Value(tenantKey{}).(string)
	return tenant
}
