package ssm

import (
	"cmp"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// secretPath is where secrets of Secrets Manager are read by names of parameters
// (Systems Manager user guide, "Referencing AWS Secrets Manager secrets from Parameter
// Store parameters"). What is answered is as Floci's tests say that AWS answered in
// eu-west-1 on 2026-09-28 (SsmSecretsManagerReferenceIntegrationTest.java); the words
// of needsDecryption are also in sous-chefs/aws#419 and in moto. SourceResult isn't
// simulated.
const secretPath = "/aws/reference/secretsmanager/"

const (
	needsDecryption = "WithDecryption flag must be True for retrieving a Secret Manager secret."
	badSelector     = "Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>"
	absentSecret    = "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret %s not found." //nolint:gosec // no credentials
	unusableSecret  = "Invalid Request to Secrets Manager"
)

// Secret is a version of a secret with its value; no text if that is binary.
type Secret struct {
	ARN     string
	Text    *string
	Created time.Time
}

var versionID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// isSecret tells whether a name or an ARN refers to a secret.
func isSecret(reference string) bool { return strings.HasPrefix(bareName(reference), secretPath) }

// bareName is the name in an ARN, or a name as it is.
func bareName(reference string) string {
	if parts := strings.SplitN(reference, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return strings.TrimPrefix(parts[5], "parameter")
	}
	return reference
}

// referenced is the secret that a name or an ARN refers to, as GetParameter shows it.
func (s *Service) referenced(reference string, decrypt bool) (parameterOut, error) {
	name, selector, selects := strings.Cut(bareName(strings.TrimSpace(reference)), ":")
	switch {
	case strings.Contains(selector, ":"), selects && selector == "":
		return parameterOut{}, invalid("%s", badSelector)
	case !decrypt:
		return parameterOut{}, invalid("%s", needsDecryption)
	}
	stage, version := selector, ""
	if versionID.MatchString(selector) {
		stage, version = "", selector
	}
	is, err := s.secret(strings.TrimPrefix(name, secretPath), stage, version)
	at := ""
	if selects {
		at = ":" + selector
	}
	if err != nil {
		return parameterOut{}, unread(err, strings.TrimPrefix(name, "/")+cmp.Or(at, "null"))
	}
	return parameterOut{ARN: is.ARN, LastModifiedDate: core.Stamp(is.Created), Name: name, Selector: at, Type: SecureString, Value: is.Text}, nil
}

// unread says why Secrets Manager didn't tell a secret.
func unread(err error, name string) error {
	if refusal, ok := errors.AsType[*core.APIError](err); ok && refusal.Code == "InvalidRequestException" {
		return invalid("%s", unusableSecret)
	}
	return core.Errorf("ParameterNotFound", absentSecret, name)
}
