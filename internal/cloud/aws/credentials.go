package aws

import (
	"context"
	"errors"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	// sessionName is shown by CloudTrail for an assumed role.
	sessionName = "viridian"
	// sessionDuration is allowed by every role and by role chaining.
	sessionDuration = time.Hour
	// expiryWindow is how long before they expire credentials are renewed.
	expiryWindow = 5 * time.Minute
)

// refreshEarly spreads renewals, so that many identities don't renew at once.
func refreshEarly(o *awssdk.CredentialsCacheOptions) {
	o.ExpiryWindow = expiryWindow
	o.ExpiryWindowJitterFrac = 0.5
}

// assumeRole returns credentials of the identity's role, obtained with those of
// cfg.
func assumeRole(cfg awssdk.Config, id cloud.Identity) awssdk.CredentialsProvider {
	role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), id.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		o.Duration = sessionDuration
		if id.ExternalID != "" {
			o.ExternalID = &id.ExternalID
		}
	})
	return awssdk.NewCredentialsCache(role, refreshEarly)
}

// withCredentials makes the clients of cfg use c, and c drop its cached
// credentials if AWS rejects them.
func withCredentials(cfg awssdk.Config, c awssdk.CredentialsProvider) awssdk.Config {
	cfg.Credentials = markedCredentials{c}
	// A new slice, because that of cfg is shared.
	cfg.APIOptions = append([]func(*middleware.Stack) error{}, cfg.APIOptions...)
	cfg.APIOptions = append(cfg.APIOptions, func(s *middleware.Stack) error {
		return s.Finalize.Insert(invalidateRefused(c), retryStep, middleware.After)
	})
	return cfg
}

// markedCredentials marks the errors of a provider, which otherwise look like
// those of any other call.
type markedCredentials struct{ awssdk.CredentialsProvider }

// Retrieve returns the provider's credentials or a *credentialsError.
func (m markedCredentials) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	c, err := m.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return c, &credentialsError{err}
	}
	return c, nil
}

// credentialsError means that a call was not made because there are no
// credentials.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// invalidateRefused drops cached credentials that AWS rejected, so that the
// next call retrieves new ones. It wraps each attempt.
func invalidateRefused(c awssdk.CredentialsProvider) middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc("ViridianInvalidateCredentials",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, meta, err := next.HandleFinalize(ctx, in)
			if api, ok := errors.AsType[smithy.APIError](err); ok && kindOfCode(api.ErrorCode(), api.ErrorMessage()) == cloud.KindCredentials {
				if cache, ok := c.(*awssdk.CredentialsCache); ok {
					cache.Invalidate()
				}
			}
			return out, meta, err
		})
}
