// Package ssm simulates the Parameter Store of AWS Systems Manager: parameters
// with their versions and labels, by name and by ARN. SecureStrings are shown in
// plain text only to who asks for decryption.
//
// The words of refusals are those of the API reference and of AWS's answers as
// moto 5.1.0 (moto/ssm/models.py) and the recordings of LocalStack's tests have
// them.
//
// It imports the standard library and internal/awssim/core only.
package ssm

import (
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The types of parameters.
const (
	String       = "String"
	StringList   = "StringList"
	SecureString = "SecureString"
)

// The tiers of parameters.
const (
	Standard    = "Standard"
	Advanced    = "Advanced"
	intelligent = "Intelligent-Tiering"
)

// Parameter is a parameter as a test puts it.
type Parameter struct {
	// Name is its name, or the ARN of a parameter of another account or region
	// that is shared with this one.
	Name string
	// Type is String, the default, StringList or SecureString.
	Type string
	// Value is its new value.
	Value string
	// Tier is Standard, the default, or Advanced.
	Tier string
}

// Truth is the truth about one parameter. It has no value.
type Truth struct {
	ARN     string
	Name    string
	Type    string
	Version int64
}

// Options say what the service asks of others.
type Options struct {
	// Caller names who makes the call that is being handled. Default nobody.
	Caller func() string
	// Secret finds a version of a secret of Secrets Manager by the secret's name, and
	// a staging label or the version's ID. Default none.
	Secret func(name, stage, versionID string) (Secret, error)
}

// Service is the Parameter Store of one account and region. All methods expect the
// world's lock to be held.
type Service struct {
	world  *core.World
	caller func() string
	secret func(name, stage, versionID string) (Secret, error)
	// parameters are those of the account, and what others share with it, by ARN.
	parameters map[string]*parameter
}

type parameter struct {
	arn, name string
	// versions are those that are kept, the oldest first.
	versions []*version
	tags     []core.Tag
}

type version struct {
	number                      int64
	kind, value, cipher, tier   string
	description, pattern, keyID string
	dataType, modifiedBy        string
	modified                    time.Time
	labels                      []string
}

// New returns a Parameter Store without parameters.
func New(w *core.World, o Options) *Service {
	if o.Caller == nil {
		o.Caller = func() string { return "" }
	}
	if o.Secret == nil {
		o.Secret = func(string, string, string) (Secret, error) { return Secret{}, notFound() }
	}
	return &Service{world: w, caller: o.Caller, secret: o.Secret, parameters: map[string]*parameter{}}
}

// SigningName implements core.JSONService.
func (s *Service) SigningName() string { return "ssm" }

// TargetPrefix implements core.JSONService.
func (s *Service) TargetPrefix() string { return "AmazonSSM" }

// JSON implements core.JSONService.
func (s *Service) JSON() map[string]core.JSONFunc {
	return map[string]core.JSONFunc{
		"AddTagsToResource":     core.Action(s.addTags),
		"DeleteParameter":       core.Action(s.deleteParameter),
		"DeleteParameters":      core.Action(s.deleteParameters),
		"GetParameter":          core.Action(s.getParameter),
		"GetParameterHistory":   core.Action(s.getParameterHistory),
		"GetParameters":         core.Action(s.getParameters),
		"LabelParameterVersion": core.Action(s.labelParameterVersion),
		"ListTagsForResource":   core.Action(s.listTags),
		"PutParameter":          core.Action(s.putParameter),
	}
}

// Put makes a parameter, or gives one a new version, and returns the version.
func (s *Service) Put(p Parameter) (int64, error) {
	in := putIn{Name: p.Name, Value: p.Value, Type: p.Type, Tier: p.Tier, Overwrite: new(true)}
	if in.Type == "" && s.lookup(p.Name) == nil {
		in.Type = String
	}
	if strings.HasPrefix(p.Name, "arn:") {
		_, resource, _ := strings.Cut(p.Name, ":parameter")
		return s.put(p.Name, nameOf(resource), in)
	}
	if err := checkName(p.Name); err != nil {
		return 0, err
	}
	return s.put(s.arn(p.Name), p.Name, in)
}

// Delete deletes a parameter, by name or ARN, and tells whether there was one.
func (s *Service) Delete(name string) bool {
	p := s.lookup(name)
	if p == nil {
		return false
	}
	delete(s.parameters, p.arn)
	return true
}

// Value is the latest value of a parameter, decrypted, by name or ARN. Nothing
// that selects a version is understood, but of a secret that is referred to.
func (s *Service) Value(reference string) (value string, found bool) {
	if isSecret(reference) {
		is, err := s.referenced(reference, true)
		if err != nil || is.Value == nil {
			return "", false
		}
		return *is.Value, true
	}
	p := s.lookup(reference)
	if p == nil {
		return "", false
	}
	return p.latest().value, true
}

// lookup finds a parameter by its name or ARN. "x" and "/x" have one ARN, so only
// the ARN finds both.
func (s *Service) lookup(reference string) *parameter {
	p := s.parameters[s.arn(reference)]
	if p == nil || p.name != reference && p.arn != reference {
		return nil
	}
	return p
}

// Parameters returns all parameters, by ARN.
func (s *Service) Parameters() []Truth {
	all := make([]Truth, 0, len(s.parameters))
	for _, p := range s.parameters {
		all = append(all, Truth{ARN: p.arn, Name: p.name, Type: p.latest().kind, Version: p.latest().number})
	}
	slices.SortFunc(all, func(a, b Truth) int { return strings.Compare(a.ARN, b.ARN) })
	return all
}

// arn is that of a parameter by its name, or of what is one already. A slash
// stands between "parameter" and the name, also for names that begin with one.
func (s *Service) arn(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return s.world.ARN("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

// nameOf is the name of a parameter by what follows "parameter" in its ARN: it
// begins with a slash if it has another one.
func nameOf(resource string) string {
	if name := strings.TrimPrefix(resource, "/"); !strings.Contains(name, "/") {
		return name
	}
	return resource
}

func (p *parameter) latest() *version { return p.versions[len(p.versions)-1] }

func invalid(format string, args ...any) error {
	return core.Errorf("ValidationException", format, args...)
}

// invalidMember is a value that the API's model refuses.
func invalidMember(value, member, constraint string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}

// notFound has no message, as recorded from AWS by LocalStack's tests
// (test_parameter.snapshot.json).
func notFound() error { return core.Errorf("ParameterNotFound", "") }
