package aws

import (
	"context"
	"errors"
	"regexp"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/viridian-dev/viridian/internal/measures"
)

// retryStep is the SDK's middleware that makes the attempts of a call.
const retryStep = "Retry"

// outcomeSuccess is the outcome of successful calls; that of others is their
// cloud.Kind.
const outcomeSuccess = "Success"

// metrics count calls to AWS.
type metrics struct {
	calls    *prometheus.CounterVec
	attempts *prometheus.CounterVec
	failures *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newMetrics registers the metrics, or reuses those that another Provider has
// already registered. r may be nil.
func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		calls: measures.AWSCalls.CounterVec(), attempts: measures.AWSAttempts.CounterVec(), failures: measures.AWSErrors.CounterVec(),
		duration: measures.AWSDuration.HistogramVec([]float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80}),
	}
	if r == nil {
		return m, nil
	}
	return m, errors.Join(register(r, &m.calls), register(r, &m.attempts), register(r, &m.failures), register(r, &m.duration))
}

func register[C prometheus.Collector](r prometheus.Registerer, c *C) error {
	err := r.Register(*c)
	there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err)
	if !ok {
		return err
	}
	existing, ok := there.ExistingCollector.(C)
	if !ok {
		return err
	}
	*c = existing
	return nil
}

// add adds the counters to a client's middleware: around the whole call and
// around each attempt.
func (m *metrics) add(s *middleware.Stack) error {
	if err := s.Initialize.Add(middleware.InitializeMiddlewareFunc("ViridianCalls", m.countCall), middleware.After); err != nil {
		return err
	}
	return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("ViridianAttempts", m.countAttempt), retryStep, middleware.After)
}

func (m *metrics) countCall(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	start := time.Now()
	out, meta, err := next.HandleInitialize(ctx, in)
	service, operation := names(ctx)
	m.calls.WithLabelValues(service, operation, outcome(err)).Inc()
	m.duration.WithLabelValues(service, operation).Observe(time.Since(start).Seconds())
	return out, meta, err
}

func (m *metrics) countAttempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	out, meta, err := next.HandleFinalize(ctx, in)
	service, operation := names(ctx)
	m.attempts.WithLabelValues(service, operation, outcome(err)).Inc()
	if err != nil {
		m.failures.WithLabelValues(service, operation, code(err)).Inc()
	}
	return out, meta, err
}

func names(ctx context.Context) (service, operation string) {
	return servicePrefix(awsmiddleware.GetServiceID(ctx)), awsmiddleware.GetOperationName(ctx)
}

func outcome(err error) string {
	if err == nil {
		return outcomeSuccess
	}
	return string(kindOf(err))
}

// codeShape is what AWS's error codes look like. Anything else may be of any
// length and number, and must not become a label.
var codeShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.]{0,99}$`)

// codeNone stands for the code of an error that has none: AWS didn't answer, or
// wasn't asked.
const codeNone = "none"

// code is AWS's error code.
func code(err error) string {
	failed, ok := errors.AsType[smithy.APIError](err)
	if !ok || !codeShape.MatchString(failed.ErrorCode()) {
		return codeNone
	}
	return failed.ErrorCode()
}
