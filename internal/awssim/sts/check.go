package sts

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The patterns are those of AssumeRole in the API reference.
const (
	namePattern       = `[\w+=,.@-]*`
	externalIDPattern = `[\w+=,.@:\/-]*`
)

var (
	roleARN    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`)
	name       = regexp.MustCompile(`^` + namePattern + `$`)
	externalID = regexp.MustCompile(`^` + externalIDPattern + `$`)
)

// The quotas of a session's tags and policy.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
	maxPolicy   = 2048
)

func invalid(format string, args ...any) error {
	return core.Errorf("ValidationError", format, args...)
}

// invalidMember is a value that the API's model refuses.
func invalidMember(member, value, constraint string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}

// checkAssumeRole returns how long the session lasts, or the refusal.
func (s *Service) checkAssumeRole(in assumeRoleIn) (time.Duration, error) {
	duration := defaultSession
	if in.DurationSeconds != nil {
		duration = time.Duration(*in.DurationSeconds) * time.Second
	}
	if err := in.check(duration); err != nil {
		return 0, err
	}
	role := s.roles[in.RoleArn]
	if role.Denied || role.ExternalID != "" && role.ExternalID != in.ExternalId {
		return 0, &core.APIError{
			Status: http.StatusForbidden, Code: "AccessDenied",
			Message: fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", s.CallerARN(s.world.Caller), in.RoleArn),
		}
	}
	return duration, s.checkDuration(role, duration)
}

// checkDuration refuses a session that is longer than it may be.
func (s *Service) checkDuration(role Role, duration time.Duration) error {
	if _, chained := s.byKey[s.world.Caller]; chained && duration > defaultSession {
		return invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	if duration > max(role.MaxSession, defaultSession) {
		return invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return nil
}

// check refuses what the API's model does.
func (in assumeRoleIn) check(duration time.Duration) error {
	if !roleARN.MatchString(in.RoleArn) {
		return invalid("%s is invalid", in.RoleArn)
	}
	if duration < 15*time.Minute || duration > 12*time.Hour {
		return invalidMember("durationSeconds", fmt.Sprint(int(duration.Seconds())), "Member must have value between 900 and 43200")
	}
	for _, err := range []error{
		checkText("roleSessionName", in.RoleSessionName, 64, name, namePattern),
		in.checkExternalID(), in.checkSource(), in.checkPolicy(), in.checkTags(),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkText(member, text string, most int, pattern *regexp.Regexp, constraint string) error {
	if n := utf8.RuneCountInString(text); n < 2 || n > most {
		return invalidMember(member, text, fmt.Sprintf("Member must have length between 2 and %d", most))
	}
	if !pattern.MatchString(text) {
		return invalidMember(member, text, "Member must satisfy regular expression pattern: "+constraint)
	}
	return nil
}

func (in assumeRoleIn) checkExternalID() error {
	if in.ExternalId == "" {
		return nil
	}
	return checkText("externalId", in.ExternalId, 1224, externalID, externalIDPattern)
}

func (in assumeRoleIn) checkSource() error {
	if in.SourceIdentity == "" {
		return nil
	}
	if strings.HasPrefix(in.SourceIdentity, "aws:") {
		return invalidMember("sourceIdentity", in.SourceIdentity, "Member must not begin with aws:")
	}
	return checkText("sourceIdentity", in.SourceIdentity, 64, name, namePattern)
}

// checkPolicy looks at the form of a session policy; nobody's permissions are
// simulated.
func (in assumeRoleIn) checkPolicy() error {
	if len(in.Policy) > maxPolicy {
		return invalidMember("policy", in.Policy, fmt.Sprintf("Member must have length less than or equal to %d", maxPolicy))
	}
	var document map[string]any
	if in.Policy != "" && json.Unmarshal([]byte(in.Policy), &document) != nil {
		return core.Errorf("MalformedPolicyDocument", "This policy contains invalid Json")
	}
	return nil
}

func (in assumeRoleIn) checkTags() error {
	if len(in.Tags) > maxTags {
		return invalidMember("tags", fmt.Sprint(len(in.Tags)), fmt.Sprintf("Member must have length less than or equal to %d", maxTags))
	}
	seen := map[string]bool{}
	for i, tag := range in.Tags {
		if key := strings.ToLower(tag.Key); seen[key] {
			return core.Errorf("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[strings.ToLower(tag.Key)] = true
		member := fmt.Sprintf("tags.%d.member.", i+1)
		if n := utf8.RuneCountInString(tag.Key); n < 1 || n > maxTagKey {
			return invalidMember(member+"key", tag.Key, fmt.Sprintf("Member must have length between 1 and %d", maxTagKey))
		}
		if utf8.RuneCountInString(tag.Value) > maxTagValue {
			return invalidMember(member+"value", tag.Value, fmt.Sprintf("Member must have length less than or equal to %d", maxTagValue))
		}
	}
	return nil
}
