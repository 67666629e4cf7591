package ssm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxLevels is how deep a hierarchy of parameters may be, and maxName how long an
// ARN with the name may be (PutParameter in the API reference).
const (
	maxLevels = 15
	maxName   = 1011
)

var namePattern = regexp.MustCompile(`^[a-zA-Z0-9_./-]+$`)

// The words about names, as users have reported them (boto/boto3#1499,
// aws/aws-sdk-php#1952).
const (
	badPath   = `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`
	badPrefix = `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`
)

// checkName refuses names that no parameter of an account can have.
func checkName(name string) error {
	if err := checkReserved(name); err != nil {
		return err
	}
	switch {
	case name == "":
		return invalidMember(name, "name", "Member must have length greater than or equal to 1")
	case !namePattern.MatchString(name), strings.Contains(name, "//"), strings.HasSuffix(name, "/"):
		return invalid("%s", badPath)
	case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
		return invalid("Parameter name must be a fully qualified name.")
	case strings.Count(name, "/") > maxLevels:
		return core.Errorf("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of %d levels.", maxLevels)
	case len(name) > maxName:
		return invalidMember(name, "name", fmt.Sprintf("Member must have length less than or equal to %d", maxName))
	default:
		return nil
	}
}

// checkReserved refuses names that begin as those of AWS do.
func checkReserved(name string) error {
	bare := strings.ToLower(strings.TrimPrefix(name, "/"))
	ofAWS, ofSSM := strings.HasPrefix(bare, "aws"), strings.HasPrefix(bare, "ssm")
	isPath := strings.Count(name, "/") > 1
	switch {
	case ofAWS && isPath:
		return core.Errorf("AccessDeniedException", "No access to reserved parameter name: %s.", name)
	case ofSSM && isPath:
		return invalid("%s", badPath)
	case ofAWS || ofSSM:
		return invalid("%s", badPrefix)
	default:
		return nil
	}
}

// selection names a version of a parameter.
type selection struct {
	// reference is the parameter's name or ARN.
	reference string
	// selector is a colon with a version or a label, or nothing for the latest.
	selector string
}

// selected reads a name or an ARN, with or without a selector. Spaces around it
// don't count.
func selected(reference string) (selection, error) {
	reference = strings.TrimSpace(reference)
	name := reference
	if strings.HasPrefix(reference, "arn:") {
		parts := strings.SplitN(reference, ":", 6)
		if len(parts) < 6 || parts[2] != "ssm" || !strings.HasPrefix(parts[5], "parameter/") {
			return selection{}, invalid("%s", badPath)
		}
		name = strings.TrimPrefix(parts[5], "parameter")
	}
	bare, selector, selects := strings.Cut(name, ":")
	if !namePattern.MatchString(bare) || selects && selector == "" {
		return selection{}, invalid("%s", badPath)
	}
	if selects {
		selector = ":" + selector
	}
	return selection{strings.TrimSuffix(reference, selector), selector}, nil
}

// find finds the version of a parameter that a reference selects.
func (s *Service) find(reference string) (*parameter, *version, selection, error) {
	at, err := selected(reference)
	if err != nil {
		return nil, nil, at, err
	}
	p := s.lookup(at.reference)
	if p == nil {
		return nil, nil, at, notFound()
	}
	v := p.selected(strings.TrimPrefix(at.selector, ":"))
	if v == nil {
		return nil, nil, at, versionNotFound(strings.TrimPrefix(at.selector, ":"), p.name)
	}
	return p, v, at, nil
}

// selected is a version by its number or by a label, which never begins with a
// digit; nil if there is none.
func (p *parameter) selected(selector string) *version {
	if selector == "" {
		return p.latest()
	}
	number, err := strconv.ParseInt(selector, 10, 64)
	i := slices.IndexFunc(p.versions, func(v *version) bool {
		return err == nil && v.number == number || err != nil && slices.Contains(v.labels, selector)
	})
	if i < 0 {
		return nil
	}
	return p.versions[i]
}

func versionNotFound(selector, name string) error {
	return core.Errorf("ParameterVersionNotFound", "Systems Manager could not find version %s of %s. Verify the version and try again.", selector, name)
}
