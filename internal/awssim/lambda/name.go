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
	qualifierPattern = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9-_]{1,128})$`)
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
	region, account, ref := m[1], m[2], reference{name: m[3], qualifier: m[4]}
	switch {
	case len(ref.name) > 64:
		return ref, invalidMember("functionName", functionName, "Member must have length less than or equal to 64")
	case region != "" && region != s.world.Region:
		return ref, notFound(fmt.Sprintf("Functions from '%s' are not reachable in this region ('%s')", region, s.world.Region))
	case account != "" && account != s.world.Account:
		return ref, &core.APIError{
			Status: http.StatusForbidden, Code: "AccessDeniedException",
			Message: "The caller is not authorized to perform: lambda:InvokeFunction on resource: " + functionName + " because no resource-based policy allows the lambda:InvokeFunction action",
		}
	case qualifier != "" && !qualifierPattern.MatchString(qualifier):
		return ref, invalidMember("qualifier", qualifier, `Member must satisfy regular expression pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_]+`)
	case qualifier != "" && ref.qualifier != "" && qualifier != ref.qualifier:
		return ref, core.Errorf("InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier.")
	}
	if ref.qualifier == "" {
		ref.qualifier = qualifier
	}
	return ref, nil
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
	resource := "function:" + ref.name
	if ref.qualifier != "" {
		resource += ":" + ref.qualifier
	}
	return nil, "", notFound("Function not found: " + s.world.ARN("lambda", resource))
}
