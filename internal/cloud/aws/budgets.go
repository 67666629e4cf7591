package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/viridian-dev/viridian/internal/budget"
	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	// budgetPatience is how long a call waits for its turn. It then fails as
	// throttled, so that a reconcile doesn't keep its worker.
	budgetPatience = 10 * time.Second
	// budgetsMax limits the budgets that are kept: accounts and regions come from
	// what users write.
	budgetsMax = 1024
)

// limit is what AWS allows an account in a region: calls per second in the long
// run, and at once.
type limit struct {
	perSecond float64
	burst     int
}

// limits of calls, by service and the beginning of the operation's name, the
// longest one that fits. Other calls aren't limited.
//
//   - Elastic Load Balancing: 40 calls that don't change anything at once, 10 per
//     second (User Guide, "Request throttling for the Elastic Load Balancing API").
//   - CloudWatch: 9 DescribeAlarms and 50 GetMetricData per second (User Guide,
//     "CloudWatch service quotas").
//   - Amazon ECS: services and tasks are read 100 times at once, 20 per second;
//     services are changed 50 times at once, 5 per second (API Reference, "Request
//     throttling for the Amazon ECS API").
//   - AWS CloudFormation publishes none; these are ones at which it wasn't seen to
//     refuse calls.
var limits = map[string]limit{
	"elasticloadbalancing:Describe": {10, 40},
	"cloudwatch:DescribeAlarms":     {9, 9},
	"cloudwatch:GetMetricData":      {50, 50},
	"ecs:Describe":                  {20, 100},
	"ecs:List":                      {20, 100},
	"ecs:UpdateService":             {5, 50},
	"cloudformation:Describe":       {10, 50},
	"cloudformation:List":           {10, 50},
	"cloudformation:CreateStack":    {2, 20},
	"cloudformation:DeleteStack":    {2, 20},
}

// limitOf returns the class of a call, whose members share a budget, and its limit;
// "" if it isn't limited.
func limitOf(service, operation string) (class string, of limit) {
	call := service + ":" + operation
	for prefix, l := range limits {
		if strings.HasPrefix(call, prefix) && len(prefix) > len(class) {
			class, of = prefix, l
		}
	}
	return class, of
}

// errNoTurn is why a call wasn't made.
var errNoTurn = errors.New("too many calls of this account and region are waiting for their turn")

// budgets keep the calls of each account in each region within what AWS allows,
// whatever their identities, and share that between tenants.
type budgets struct {
	// share of what AWS allows.
	share float64
	// waited counts seconds.
	waited *prometheus.CounterVec

	mu   sync.Mutex
	kept map[pool]*budget.Budget
}

// pool is what has a budget of its own.
type pool struct{ account, region, class string }

// newBudgets registers a metric in r, which may be nil.
func newBudgets(share float64, r prometheus.Registerer) (*budgets, error) {
	b := &budgets{share: share, kept: map[pool]*budget.Budget{}, waited: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "viridian_aws_waited_seconds_total",
		Help: "Seconds that AWS API calls waited for their turn, so that an account's limits are kept.",
	}, []string{"service", "operation"})}
	if r == nil {
		return b, nil
	}
	return b, register(r, &b.waited)
}

// of returns the budget of a call, nil if it isn't limited.
func (b *budgets) of(account, region, service, operation string) *budget.Budget {
	class, l := limitOf(service, operation)
	if class == "" || b.share == NoCallLimit {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := pool{account, region, class}
	if b.kept[p] == nil {
		b.makeRoom()
		b.kept[p] = budget.New(l.perSecond*b.share, max(1, int(float64(l.burst)*b.share)))
	}
	return b.kept[p]
}

// makeRoom drops budgets that are as good as new ones.
func (b *budgets) makeRoom() {
	if len(b.kept) < budgetsMax {
		return
	}
	for p, kept := range b.kept {
		if kept.Idle() {
			delete(b.kept, p)
		}
	}
}

// add has each attempt of a call wait for its turn. account is that of the
// credentials, "" for those of the default chain.
func (b *budgets) add(account string) func(*middleware.Stack) error {
	return func(s *middleware.Stack) error {
		return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("ViridianBudget", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if err := b.wait(ctx, account); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
			return next.HandleFinalize(ctx, in)
		}), retryStep, middleware.After)
	}
}

func (b *budgets) wait(ctx context.Context, account string) error {
	service, operation := names(ctx)
	of := b.of(account, awsmiddleware.GetRegion(ctx), service, operation)
	if of == nil {
		return nil
	}
	patient, cancel := context.WithTimeout(ctx, budgetPatience)
	defer cancel()
	start, waited := time.Now(), b.waited.WithLabelValues(service, operation) // from now on it is told, be it 0
	defer func() {
		if took := time.Since(start); took >= time.Millisecond {
			waited.Add(took.Seconds())
		}
	}()
	if err := of.Wait(patient, cloud.Tenant(ctx)); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("not sent: %w", errNoTurn)
	}
	return nil
}

// accountOf returns the account of a role, "" if there is none.
func accountOf(roleARN string) string {
	role, err := arn.Parse(roleARN)
	if err != nil {
		return ""
	}
	return role.AccountID
}
