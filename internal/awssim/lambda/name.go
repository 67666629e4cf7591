package lambda

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// functionNamePattern is the one of the API's model. Its groups are the region,
// the account, the name and the qualifier.
const functionNamePattern = `(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:((?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?`

var (
	referencePattern = regexp.MustCompile(`^` + functionNamePattern + `$`)
	namePattern      = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
	// Any case of $LATEST is taken, and only one names a version.
	qualifierPattern = regexp.MustCompile(`^((?i:\$latest)|[a-zA-Z0-9-_]{1,128})$`)
)

const latest = "$LATEST"

// reference names a function and a version of it.
type reference struct {
	name      string
	qualifier string
}

// refer reads FunctionName and Qualifier.
func (s *Service) refer(functionName, qualifier string) (reference, error) {
	m := referencePattern.FindStringSubmatch(functionName)
	if m == nil || len(functionName) > 170 {
		return reference{}, invalidMember("functionName", functionName, "Member must satisfy regular expression pattern: "+functionNamePattern)
	}
	ref := reference{name: m[3], qualifier: m[4]}
	if err := s.reach(functionName, m[1], m[2]); err != nil {
		return ref, err
	}
	if qualifier == "" {
		return ref, nil
	}
	if !qualifierPattern.MatchString(qualifier) {
		return ref, invalidMember("qualifier", qualifier, `Member must satisfy regular expression pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_]+`)
	}
	if ref.qualifier != "" && ref.qualifier != qualifier {
		return ref, core.Errorf("InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier.")
	}
	ref.qualifier = qualifier
	return ref, nil
}

// reach refuses functions elsewhere; an empty region or account is the own one.
func (s *Service) reach(functionName, region, account string) error {
	if region != "" && region != s.world.Region {
		return notFound(fmt.Sprintf("Functions from '%s' are not reachable in this region ('%s')", region, s.world.Region))
	}
	if account != "" && account != s.world.Account {
		return &core.APIError{
			Status: http.StatusForbidden, Code: "AccessDeniedException",
			Message: "The caller is not authorized to perform: lambda:InvokeFunction on resource: " + functionName + " because no resource-based policy allows the lambda:InvokeFunction action",
		}
	}
	return nil
}

// resolve finds the function and the version which a reference means.
func (s *Service) resolve(ref reference) (*function, string, error) {
	f := s.functions[ref.name]
	if f != nil && (ref.qualifier == "" || ref.qualifier == latest) {
		return f, latest, nil
	}
	if f != nil && f.Aliases[ref.qualifier] != "" {
		return f, f.Aliases[ref.qualifier], nil
	}
	if ref.qualifier == "" {
		ref.qualifier = latest
	}
	return nil, "", notFound("Function not found: " + s.world.ARN("lambda", "function:"+ref.name+":"+ref.qualifier))
}
