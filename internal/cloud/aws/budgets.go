package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/viridian-dev/viridian/internal/budget"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/measures"
)

const (
	// budgetPatience is how long a call waits for its turn. It then fails as
	// throttled, so that a reconcile doesn't keep its worker.
	budgetPatience = 10 * time.Second
	// budgetsMax limits the budgets that are kept: accounts and regions come from
	// what users write.
	budgetsMax = 1024
)

// class is a group of calls that AWS counts together, for an account in a region.
type class struct {
	name string
	// perSecond is how many calls AWS allows in the long run, burst how many at
	// once.
	perSecond float64
	burst     int
	// calls are the beginnings of a service and an operation.
	calls []string
}

// classes of calls. One may be in several, and waits for its turn in each, in this
// order. Calls that are in none aren't limited.
//
//   - Elastic Load Balancing: 20 changes at once, 3 per second; and 40 calls of any
//     kind at once, 10 per second (User Guide, "Request throttling for the Elastic
//     Load Balancing API").
//   - CloudWatch: 9 DescribeAlarms and 50 GetMetricData per second (User Guide,
//     "CloudWatch service quotas").
//   - Amazon ECS: services and tasks are read 100 times at once, 20 per second;
//     services are changed 50 times at once, 5 per second (API Reference, "Request
//     throttling for the Amazon ECS API").
//   - Systems Manager: GetParameters shares the throughput of Parameter Store with
//     GetParameter and PutParameter, 40 per second unless it was raised (General
//     Reference, "AWS Systems Manager endpoints and quotas"); and Secrets Manager that
//     of DescribeSecret with GetSecretValue. Tasks that start need both, so only a
//     part is used.
//   - AWS CloudFormation publishes none; these are ones at which it wasn't seen to
//     refuse calls. Application Auto Scaling publishes none either; these are few
//     enough for any of its calls to share one limit.
var classes = []class{
	{"elasticloadbalancing changes", 3, 20, []string{
		"elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags",
		"elasticloadbalancing:Create", "elasticloadbalancing:Modify", "elasticloadbalancing:Delete",
	}},
	{"elasticloadbalancing", 10, 40, []string{"elasticloadbalancing:"}},
	{"cloudwatch:DescribeAlarms", 9, 9, []string{"cloudwatch:DescribeAlarms"}},
	{"cloudwatch:GetMetricData", 50, 50, []string{"cloudwatch:GetMetricData"}},
	{"ecs:Describe", 20, 100, []string{"ecs:Describe"}},
	{"ecs:List", 20, 100, []string{"ecs:List"}},
	{"ecs:UpdateService", 5, 50, []string{"ecs:UpdateService"}},
	{"application-autoscaling", 5, 20, []string{"application-autoscaling:"}},
	{"ssm:GetParameters", 10, 10, []string{"ssm:GetParameters"}},
	{"secretsmanager:DescribeSecret", 50, 50, []string{"secretsmanager:DescribeSecret"}},
	{"cloudformation:Describe", 10, 50, []string{"cloudformation:Describe"}},
	{"cloudformation:List", 10, 50, []string{"cloudformation:List"}},
	{"cloudformation:CreateStack", 2, 20, []string{"cloudformation:CreateStack"}},
	{"cloudformation:DeleteStack", 2, 20, []string{"cloudformation:DeleteStack"}},
}

// classesOf returns the classes of a call, none if it isn't limited.
func classesOf(service, operation string) (of []*class) {
	begins := func(prefix string) bool { return strings.HasPrefix(service+":"+operation, prefix) }
	for i := range classes {
		if slices.ContainsFunc(classes[i].calls, begins) {
			of = append(of, &classes[i])
		}
	}
	return of
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
	// own is the account of the default chain's credentials, "" while it isn't
	// known: roles may be in the same one.
	own string
}

// pool is what has a budget of its own.
type pool struct{ account, region, class string }

// newBudgets registers a metric in r, which may be nil.
func newBudgets(share float64, r prometheus.Registerer) (*budgets, error) {
	b := &budgets{share: share, kept: map[pool]*budget.Budget{}, waited: measures.AWSWaited.CounterVec()}
	if r == nil {
		return b, nil
	}
	return b, register(r, &b.waited)
}

// note notes the account of the default chain's credentials.
func (b *budgets) note(account string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.own = account
}

// of returns the budgets of a call, none if it isn't limited.
func (b *budgets) of(account, region, service, operation string) (of []*budget.Budget) {
	if b.share == NoCallLimit {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range classesOf(service, operation) {
		p := pool{cmp.Or(account, b.own), region, c.name}
		if b.kept[p] == nil {
			b.makeRoom()
			b.kept[p] = budget.New(c.perSecond*b.share, max(1, int(float64(c.burst)*b.share)))
		}
		of = append(of, b.kept[p])
	}
	return of
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
	if len(of) == 0 {
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
	for _, each := range of {
		if err := each.Wait(patient, cloud.Tenant(ctx)); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("not sent: %w", errNoTurn)
		}
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
