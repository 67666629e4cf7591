// Package secrets simulates AWS Secrets Manager: secrets with their versions and
// staging labels, rotation, and deletion with a recovery window.
//
// The words of refusals are those that LocalStack's tests recorded from AWS
// (test_secretsmanager.snapshot.json), those of moto 5.1.0, and of the API
// reference.
//
// It imports the standard library and internal/awssim/core only.
package secrets

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The staging labels that Secrets Manager moves by itself.
const (
	Current  = "AWSCURRENT"
	Previous = "AWSPREVIOUS"
	Pending  = "AWSPENDING"
)

// Secret is a secret as a test makes it.
type Secret struct {
	Name string
	// Suffix is the end of its ARN: six letters and digits. Default any.
	Suffix string
	// Account that it belongs to, which shares it with this one. Default this one.
	Account string
	// Value is its first one. Without it, the secret has no version.
	Value string
	// OwningService is the AWS service that manages it, such as rds.
	OwningService string
	// Rotation says that it rotates by itself.
	Rotation *Rotation
}

// Rotation is how a secret rotates.
type Rotation struct {
	// Every is the time between rotations. Default none by itself.
	Every time.Duration
	// Fails leaves rotations unfinished: the new version stays AWSPENDING and has
	// no value, until a later rotation doesn't fail.
	Fails bool
}

// Truth is the truth about one secret. It has no values.
type Truth struct {
	ARN  string
	Name string
	// Stages are the staging labels of each version; a deprecated one has none.
	Stages map[string][]string
	// DeletedDate is when its recovery window ends; zero unless it is scheduled
	// for deletion.
	DeletedDate time.Time
}

// Options say what the service asks of others.
type Options struct {
	// Function tells whether there is a Lambda function that can be invoked, by
	// its ARN. Nil has all.
	Function func(arn string) bool
}

// Service is Secrets Manager in one account and region. All methods expect the
// world's lock to be held.
type Service struct {
	world   *core.World
	opts    Options
	secrets []*secret
	// deprecatedFor is how long versions without staging labels are kept at most;
	// zero is for ever, or until there are too many.
	deprecatedFor time.Duration
}

type secret struct {
	name, arn, description, keyID, owner string

	created, changed, accessed, rotated time.Time
	// deleted is the end of the recovery window; zero for a secret that isn't
	// scheduled for deletion. removal deletes it then.
	deleted time.Time
	removal *core.Timer

	rotation rotation
	tags     []core.Tag
	// versions are those that are kept, the oldest first.
	versions []*version
}

type version struct {
	id string
	// text or binary is its value. A version that a rotation has begun may have
	// none.
	text   *string
	binary []byte

	created, accessed time.Time
	stages            []string
	// removal deletes a deprecated version.
	removal *core.Timer
}

// New returns Secrets Manager without secrets.
func New(w *core.World, o Options) *Service {
	if o.Function == nil {
		o.Function = func(string) bool { return true }
	}
	return &Service{world: w, opts: o}
}

// SigningName implements core.JSONService.
func (s *Service) SigningName() string { return "secretsmanager" }

// TargetPrefix implements core.JSONService.
func (s *Service) TargetPrefix() string { return "secretsmanager" }

// JSON implements core.JSONService.
func (s *Service) JSON() map[string]core.JSONFunc {
	return map[string]core.JSONFunc{
		"CancelRotateSecret":       core.Action(s.cancelRotateSecret),
		"CreateSecret":             core.Action(s.createSecret),
		"DeleteSecret":             core.Action(s.deleteSecret),
		"DescribeSecret":           core.Action(s.describeSecret),
		"GetSecretValue":           core.Action(s.getSecretValue),
		"ListSecretVersionIds":     core.Action(s.listSecretVersionIds),
		"PutSecretValue":           core.Action(s.putSecretValue),
		"RestoreSecret":            core.Action(s.restoreSecret),
		"RotateSecret":             core.Action(s.rotateSecret),
		"UpdateSecretVersionStage": core.Action(s.updateSecretVersionStage),
	}
}

var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!:-]+$`)
	// wholeARN is an ARN that ends as only whole ones do. What a name that ends so
	// is part of isn't found by a partial ARN: "If your secret has a name that ends
	// in a hyphen followed by six characters", in Troubleshoot AWS Secrets Manager.
	wholeARN = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
)

// find finds a secret by its name, its ARN, or its ARN without the hyphen and the
// six characters at the end.
func (s *Service) find(id string) (*secret, error) {
	if !idPattern.MatchString(id) {
		return nil, badName()
	}
	isARN := strings.HasPrefix(id, "arn:")
	for _, x := range s.secrets {
		switch {
		case !isARN && x.name == id && x.arn[:strings.LastIndex(x.arn, ":")] == s.own():
			return x, nil
		case isARN && x.arn == id:
			return x, nil
		case isARN && !wholeARN.MatchString(id) && x.arn[:len(x.arn)-7] == id:
			return x, nil
		}
	}
	return nil, notFound("")
}

// own is what the ARNs of the account's own secrets begin with.
func (s *Service) own() string { return s.world.ARN("secretsmanager", "secret") }

// usable finds a secret that isn't scheduled for deletion.
func (s *Service) usable(id string) (*secret, error) {
	x, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if !x.deleted.IsZero() {
		return nil, core.Errorf("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	return x, nil
}

// Secrets returns all secrets in the order of their creation.
func (s *Service) Secrets() []Truth {
	all := make([]Truth, 0, len(s.secrets))
	for _, x := range s.secrets {
		truth := Truth{ARN: x.arn, Name: x.name, Stages: map[string][]string{}, DeletedDate: x.deleted}
		for _, v := range x.versions {
			truth.Stages[v.id] = slices.Clone(v.stages)
		}
		all = append(all, truth)
	}
	return all
}

func badName() error {
	return core.Errorf("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
}

// notFound is about a secret, or about one of its versions.
func notFound(version string) error {
	if version != "" {
		return core.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for %s", version)
	}
	return core.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

func invalidRequest(format string, args ...any) error {
	return core.Errorf("InvalidRequestException", format, args...)
}

func invalidParameter(format string, args ...any) error {
	return core.Errorf("InvalidParameterException", format, args...)
}
