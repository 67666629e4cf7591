package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	"github.com/go-logr/logr"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// A reconcile must never hang: a call lasts at most attempts × attemptTimeout
// plus the backoffs between them, about 70 seconds with the defaults. Functions
// are the exception: their caller limits them.
const (
	connectTimeout     = 5 * time.Second
	attemptTimeout     = 20 * time.Second
	maxBackoff         = 5 * time.Second
	defaultMaxAttempts = 3
	// appID is shown in the user agent, for example in CloudTrail.
	appID = "viridian"
)

// loadConfig loads what all identities have in common.
func loadConfig(ctx context.Context, o Options) (awssdk.Config, error) {
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return awssdk.Config{}, fmt.Errorf("register AWS metrics: %w", err)
	}
	options := []func(*config.LoadOptions) error{
		config.WithAppID(appID),
		config.WithHTTPClient(defaultHTTPClient()),
		config.WithRetryer(func() awssdk.Retryer { return newRetryer(o.MaxAttempts) }),
		config.WithAPIOptions([]func(*middleware.Stack) error{m.add}),
		config.WithCredentialsCacheOptions(refreshEarly),
		config.WithLogger(sdkLogger{o.Logger}),
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	if o.BaseEndpoint != "" {
		options = append(options, config.WithBaseEndpoint(o.BaseEndpoint))
	}
	if c := o.StaticCredentials; c != nil {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return awssdk.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if o.HTTPClient != nil {
		// Not a load option: with AWS_CA_BUNDLE set, loading fails for clients
		// whose transport can't use the bundle.
		cfg.HTTPClient = bounded(o.HTTPClient)
	}
	return cfg, nil
}

// configFor returns base with the identity's region and credentials. Its calls
// wait for their turn.
func configFor(base awssdk.Config, id cloud.Identity, b *budgets) awssdk.Config {
	base.Region = id.Region
	cfg := withCredentials(base, base.Credentials)
	if id.RoleARN != "" {
		// The role is assumed by a separate client with the credentials of the
		// chain.
		cfg = withCredentials(base, assumeRole(cfg, id))
	}
	cfg.APIOptions = append(cfg.APIOptions, b.add(accountOf(id.RoleARN)))
	return cfg
}

// defaultHTTPClient limits each attempt.
func defaultHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithTimeout(attemptTimeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout })
}

// bounded limits each attempt of a given client.
func bounded(c *http.Client) *http.Client {
	copied := *c
	copied.Timeout = cmp.Or(c.Timeout, attemptTimeout)
	return &copied
}

// patientHTTPClient returns c without any limits except the caller's, for
// functions, which respond when they are done.
func patientHTTPClient(c awssdk.HTTPClient) awssdk.HTTPClient {
	switch c := c.(type) {
	case *http.Client:
		copied := *c
		copied.Timeout = 0
		return &copied
	case *awshttp.BuildableClient:
		// Frozen, so that all of its users share the connections.
		return c.WithTimeout(0).WithReadTimeout(0).Freeze()
	default:
		return c
	}
}

// newRetryer returns the SDK's standard retryer with few attempts, because the
// reconciler has its own backoff. It may repeat mutations whose response was
// lost: all of them are absolute or have a token, except CreateRule, whose
// repetition is rejected as PriorityInUse so that the caller reads the rules
// again.
func newRetryer(maxAttempts int) awssdk.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = cmp.Or(maxAttempts, defaultMaxAttempts)
		o.MaxBackoff = maxBackoff
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(isFinal)}, o.Retryables...)
	})
}

// isFinal returns false for errors that the SDK would retry in vain, and
// otherwise leaves the decision to others.
func isFinal(err error) awssdk.Ternary {
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "LimitExceededException" {
		return awssdk.FalseTernary // a quota, which the SDK treats as throttling
	}
	if _, ok := errors.AsType[*credentialsError](err); ok {
		return awssdk.FalseTernary // retried by the client that retrieves them
	}
	if errors.Is(err, errNoTurn) {
		return awssdk.FalseTernary // it has waited long enough
	}
	return awssdk.UnknownTernary
}

// sdkLogger writes the SDK's messages to the controller's log.
type sdkLogger struct{ logr.Logger }

func (l sdkLogger) Logf(c logging.Classification, format string, v ...any) {
	level := 1
	if c == logging.Warn {
		level = 0
	}
	l.V(level).Info("AWS SDK message", "text", fmt.Sprintf(format, v...))
}
