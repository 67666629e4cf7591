package sts_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simsts "github.com/viridian-dev/viridian/internal/awssim/sts"
)

const role = "arn:aws:iam::111122223333:role/team/deployer"

type assumeRoleInput = sts.AssumeRoleInput

// assume assumes the role for 15 minutes unless edit wants something else.
func assume(ctx context.Context, c *sts.Client, edit ...func(*assumeRoleInput)) (*sts.AssumeRoleOutput, error) {
	in := &assumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String("viridian"), DurationSeconds: aws.Int32(900)}
	for _, f := range edit {
		f(in)
	}
	return c.AssumeRole(ctx, in)
}

// with is the configuration with the credentials of a session.
func with(config aws.Config, session *types.Credentials) aws.Config {
	config.Credentials = credentials.NewStaticCredentialsProvider(*session.AccessKeyId, *session.SecretAccessKey, *session.SessionToken)
	return config
}

func lasting(seconds int32) func(*assumeRoleInput) {
	return func(in *assumeRoleInput) { in.DurationSeconds = &seconds }
}

func TestGetCallerIdentity(t *testing.T) {
	awstest.Run(t, awssim.Options{Account: "999988887777"}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		who, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || *who.Account != "999988887777" || *who.Arn != "arn:aws:iam::999988887777:user/simulated" || *who.UserId == "" {
			t.Errorf("got %v, %v", who, err)
		}
	})
}

func TestAssumeRole(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		sim.RegisterRole(role, simsts.Role{ExternalID: "shop"})
		out, err := assume(t.Context(), sts.NewFromConfig(config), func(in *assumeRoleInput) { in.ExternalId = aws.String("shop") })
		if err != nil {
			t.Fatal(err)
		}
		if *out.AssumedRoleUser.Arn != "arn:aws:sts::111122223333:assumed-role/deployer/viridian" || !strings.HasSuffix(*out.AssumedRoleUser.AssumedRoleId, ":viridian") {
			t.Errorf("assumed %v", out.AssumedRoleUser)
		}
		if lasts := time.Until(*out.Credentials.Expiration); lasts != 15*time.Minute || !strings.HasPrefix(*out.Credentials.AccessKeyId, "ASIA") {
			t.Errorf("the credentials %s last %s", *out.Credentials.AccessKeyId, lasts)
		}
		assumed := sts.NewFromConfig(with(config, out.Credentials))
		who, err := assumed.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || *who.Arn != *out.AssumedRoleUser.Arn || *who.UserId != *out.AssumedRoleUser.AssumedRoleId {
			t.Errorf("the caller is %v, %v", who, err)
		}
		if all := sim.Sessions(); len(all) != 1 || all[0].ExternalID != "shop" || all[0].AccessKeyID != *out.Credentials.AccessKeyId {
			t.Errorf("sessions are %v", all)
		}
	})
}

// TestAccountOfRole: a role of another account is that account's identity.
func TestAccountOfRole(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		out, err := assume(t.Context(), sts.NewFromConfig(config), func(in *assumeRoleInput) {
			in.RoleArn = aws.String("arn:aws:iam::444455556666:role/other")
		})
		if err != nil {
			t.Fatal(err)
		}
		who, err := sts.NewFromConfig(with(config, out.Credentials)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || *who.Account != "444455556666" {
			t.Errorf("the caller is %v, %v", who, err)
		}
	})
}

// TestAssumeRoleRefusals: the constraints are those of the API reference,
// AssumeRole.
func TestAssumeRoleRefusals(t *testing.T) {
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	tests := map[string]struct {
		edit   func(*assumeRoleInput)
		status int
		code   string
		want   string
	}{
		"denied":       {func(in *assumeRoleInput) { in.RoleArn = aws.String(role + "-denied") }, 403, "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: " + role + "-denied"},
		"external ID":  {func(*assumeRoleInput) {}, 403, "AccessDenied", "sts:AssumeRole"},
		"no role":      {func(in *assumeRoleInput) { in.RoleArn = aws.String("deployer-is-not-an-arn") }, 400, "ValidationError", "is invalid"},
		"user":         {func(in *assumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::111122223333:user/jo") }, 400, "ValidationError", "is invalid"},
		"name":         {func(in *assumeRoleInput) { in.RoleSessionName = aws.String("a b") }, 400, "ValidationError", "'roleSessionName'"},
		"short name":   {func(in *assumeRoleInput) { in.RoleSessionName = aws.String("a") }, 400, "ValidationError", "'roleSessionName'"},
		"long name":    {func(in *assumeRoleInput) { in.RoleSessionName = aws.String(strings.Repeat("a", 65)) }, 400, "ValidationError", "'roleSessionName'"},
		"short":        {lasting(899), 400, "ValidationError", "'durationSeconds'"},
		"long":         {lasting(43201), 400, "ValidationError", "'durationSeconds'"},
		"short ID":     {func(in *assumeRoleInput) { in.ExternalId = aws.String("x") }, 400, "ValidationError", "'externalId'"},
		"bad ID":       {func(in *assumeRoleInput) { in.ExternalId = aws.String("x y") }, 400, "ValidationError", "'externalId'"},
		"source":       {func(in *assumeRoleInput) { in.SourceIdentity = aws.String("a b") }, 400, "ValidationError", "'sourceIdentity'"},
		"reserved":     {func(in *assumeRoleInput) { in.SourceIdentity = aws.String("aws:jo") }, 400, "ValidationError", "'sourceIdentity'"},
		"policy":       {func(in *assumeRoleInput) { in.Policy = aws.String("{") }, 400, "MalformedPolicyDocument", "invalid Json"},
		"long policy":  {func(in *assumeRoleInput) { in.Policy = aws.String("{" + strings.Repeat(" ", 2047) + "}") }, 400, "ValidationError", "'policy'"},
		"empty key":    {func(in *assumeRoleInput) { in.Tags = []types.Tag{tag("", "b")} }, 400, "ValidationError", "'tags.1.member.key'"},
		"long key":     {func(in *assumeRoleInput) { in.Tags = []types.Tag{tag(strings.Repeat("a", 129), "b")} }, 400, "ValidationError", "'tags.1.member.key'"},
		"long value":   {func(in *assumeRoleInput) { in.Tags = []types.Tag{tag("a", strings.Repeat("b", 257))} }, 400, "ValidationError", "'tags.1.member.value'"},
		"many tags":    {func(in *assumeRoleInput) { in.Tags = slices.Repeat([]types.Tag{tag("a", "")}, 51) }, 400, "ValidationError", "'tags'"},
		"same tag":     {func(in *assumeRoleInput) { in.Tags = []types.Tag{tag("team", "a"), tag("Team", "b")} }, 400, "InvalidParameterValue", "Duplicate tag keys found"},
		"not imitated": {func(in *assumeRoleInput) { in.TokenCode = aws.String("123456") }, 400, "ValidationError", "Unknown parameter: TokenCode"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				sim.RegisterRole(role, simsts.Role{ExternalID: "shop"})
				sim.RegisterRole(role+"-denied", simsts.Role{Denied: true})
				_, err := assume(t.Context(), sts.NewFromConfig(config), tc.edit)
				awstest.Refused(t, err, tc.status, tc.code, tc.want)
				if all := sim.Sessions(); len(all) != 0 {
					t.Errorf("sessions are %v", all)
				}
			})
		})
	}
}

// TestAssumeRoleLimits: what lies on the bounds is taken.
func TestAssumeRoleLimits(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		out, err := assume(t.Context(), sts.NewFromConfig(config), func(in *assumeRoleInput) {
			in.RoleSessionName = aws.String(strings.Repeat("a", 64))
			in.ExternalId = aws.String("x:/" + strings.Repeat("y", 1221))
			in.SourceIdentity = aws.String("jo@example.com")
			in.Policy = aws.String(`{"Version":"2012-10-17","Statement":[]}`)
			in.Tags = []types.Tag{{Key: aws.String(strings.Repeat("a", 128)), Value: aws.String("")}}
			in.TransitiveTagKeys = []string{strings.Repeat("a", 128)}
		})
		if err != nil {
			t.Fatal(err)
		}
		// Like every unique ID of IAM.
		if id, _, _ := strings.Cut(*out.AssumedRoleUser.AssumedRoleId, ":"); len(id) != 21 || !strings.HasPrefix(id, "AROA") {
			t.Errorf("the role's ID is %s, want AROA and 17 more characters", id)
		}
	})
}

// TestMaxSessionDuration: a session lasts an hour at most, unless the role
// allows more; one that was reached from another session never does
// (AssumeRole, DurationSeconds).
func TestMaxSessionDuration(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		c := sts.NewFromConfig(config)
		_, err := assume(t.Context(), c, lasting(3601))
		awstest.Refused(t, err, 400, "ValidationError", "exceeds the MaxSessionDuration set for this role")
		sim.RegisterRole(role, simsts.Role{MaxSession: 2 * time.Hour})
		_, err = assume(t.Context(), c, lasting(7201))
		awstest.Refused(t, err, 400, "ValidationError", "exceeds the MaxSessionDuration set for this role")
		out, err := assume(t.Context(), c, lasting(7200))
		if err != nil {
			t.Fatal(err)
		}
		chained := sts.NewFromConfig(with(config, out.Credentials))
		_, err = assume(t.Context(), chained, lasting(3601))
		awstest.Refused(t, err, 400, "ValidationError", "exceeds the 1 hour session limit for roles assumed by role chaining")
		if out, err = assume(t.Context(), chained, func(in *assumeRoleInput) { in.DurationSeconds = nil }); err != nil || time.Until(*out.Credentials.Expiration) != time.Hour {
			t.Errorf("got %v, %v", out, err)
		}
	})
}

// TestSessionToken: the credentials of a session are nothing without their
// token, and nothing once they have expired (Common Errors).
func TestSessionToken(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		out, err := assume(t.Context(), sts.NewFromConfig(config))
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{"", *out.Credentials.SessionToken + "x"} {
			other := *out.Credentials
			other.SessionToken = &token
			config := with(config, &other)
			const text = "The security token included in the request is invalid"
			_, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			awstest.Refused(t, err, 403, "InvalidClientTokenId", text)
			_, err = ecr.NewFromConfig(config).DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{})
			awstest.Refused(t, err, 400, "UnrecognizedClientException", text)
			_, err = lambda.NewFromConfig(config).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("nope")})
			awstest.Refused(t, err, 403, "UnrecognizedClientException", text)
		}
		time.Sleep(16 * time.Minute)
		sim.ResetCalls()
		_, err = sts.NewFromConfig(with(config, out.Credentials)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		awstest.Refused(t, err, 403, "ExpiredToken", "The security token included in the request is expired")
		if calls := sim.Calls(); len(calls) != 1 || calls[0].ErrorCode != "ExpiredToken" {
			t.Errorf("recorded %+v", calls)
		}
	})
}

// TestGetCallerIdentityParameters: there are none.
func TestGetCallerIdentityParameters(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		answer := awstest.Send(t, sim, awstest.Request{Service: "sts", Body: "Action=GetCallerIdentity&Version=2011-06-15&Verbose=1"})
		if answer.Status != 400 || !strings.Contains(answer.Body, "Unknown parameter: Verbose") {
			t.Errorf("got %+v", answer)
		}
	})
}

// TestUnknownActions names what STS has besides.
func TestUnknownActions(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		_, err := sts.NewFromConfig(config).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
		awstest.Refused(t, err, 400, "InvalidAction", "GetSessionToken")
	})
}
