package aws

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// roles implements cloud.Roles.
type roles struct {
	api  iamAPI
	kept kept[cloud.Role]
}

// Role looks the role up by its name, and compares its ARN: a role of the same
// name may be in another account, or have another path.
func (r *roles) Role(ctx context.Context, roleARN string) (cloud.Role, error) {
	return r.kept.or(roleARN, func() (cloud.Role, error) {
		name := roleARN[strings.LastIndex(roleARN, "/")+1:]
		out, err := r.api.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if err != nil {
			return cloud.Role{}, wrap(err)
		}
		if out.Role == nil || awssdk.ToString(out.Role.Arn) != roleARN {
			return cloud.Role{}, notFound("iam:GetRole", "NoSuchEntity", "no role "+roleARN)
		}
		return cloud.Role{Trusted: trusted(awssdk.ToString(out.Role.AssumeRolePolicyDocument))}, nil
	})
}

// trusted returns the principals that a trust policy allows to assume its role;
// nil if that can't be told. IAM returns it percent-encoded.
func trusted(document string) []string {
	text, err := url.PathUnescape(document)
	if err != nil {
		return nil
	}
	type statement struct {
		Effect    string
		Principal json.RawMessage
	}
	var policy struct{ Statement oneOrMore[statement] }
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return nil
	}
	var all []string
	for _, s := range policy.Statement {
		var byKind map[string]oneOrMore[string]
		var everybody string
		switch {
		case s.Effect != "Allow":
		case json.Unmarshal(s.Principal, &byKind) == nil:
			for _, names := range byKind {
				all = append(all, names...)
			}
		case json.Unmarshal(s.Principal, &everybody) == nil:
			all = append(all, everybody)
		default: // such as NotPrincipal: it may trust anybody
			return nil
		}
	}
	return all
}

// oneOrMore is a list that IAM writes without brackets if it has one element.
type oneOrMore[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *oneOrMore[T]) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*l = oneOrMore[T]{one}
	return nil
}
