package secrets

import (
	"bytes"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxValue is how long a secret's value may be (the quotas of Secrets Manager).
const maxValue = 65536

// forcedDeletion is how long a secret that is deleted at once is still there: "an
// asynchronous background process", says the API reference.
const forcedDeletion = 5 * time.Second

type createIn struct {
	Name               string
	ClientRequestToken string
	Description        string
	KmsKeyId           string
	SecretString       *string
	SecretBinary       []byte
	Tags               []core.Tag
}

type createdOut struct {
	ARN       string
	Name      string
	VersionId string `json:",omitempty"`
}

func (s *Service) createSecret(in createIn) (any, error) {
	if !namePattern.MatchString(in.Name) {
		return nil, badName()
	}
	hasValue := in.SecretString != nil || in.SecretBinary != nil
	if hasValue {
		if err := checkVersion(in.ClientRequestToken, in.SecretString, in.SecretBinary); err != nil {
			return nil, err
		}
	}
	if x, _ := s.find(in.Name); x != nil {
		return s.createAgain(x, in)
	}
	x := s.add(in.Name, s.world.Account, s.suffix())
	x.description, x.keyID, x.tags = in.Description, in.KmsKeyId, in.Tags
	out := createdOut{ARN: x.arn, Name: x.name}
	if hasValue {
		out.VersionId = s.addVersion(x, in.ClientRequestToken, in.SecretString, in.SecretBinary, Current).id
	}
	return out, nil
}

// createAgain answers a request for a secret that is there: it is idempotent by
// its token.
func (s *Service) createAgain(x *secret, in createIn) (any, error) {
	if !x.deleted.IsZero() {
		return nil, invalidRequest("You can't create this secret because a secret with this name is already scheduled for deletion.")
	}
	if v := x.version(in.ClientRequestToken); v != nil && v.has(in.SecretString, in.SecretBinary) {
		return createdOut{x.arn, x.name, v.id}, nil
	}
	return nil, core.Errorf("ResourceExistsException", "The operation failed because the secret %s already exists.", in.Name)
}

// Create makes a secret and returns its ARN.
func (s *Service) Create(in Secret) (string, error) {
	if in.Account == "" {
		in.Account = s.world.Account
	}
	if in.Suffix == "" {
		in.Suffix = s.suffix()
	}
	if !namePattern.MatchString(in.Name) || !wholeARN.MatchString("-"+in.Suffix) || len(in.Suffix) != 6 {
		return "", badName()
	}
	base := strings.Replace(s.own(), ":"+s.world.Account+":", ":"+in.Account+":", 1) + ":" + in.Name
	for _, x := range s.secrets {
		if x.arn[:len(x.arn)-7] == base {
			return "", core.Errorf("ResourceExistsException", "The operation failed because the secret %s already exists.", in.Name)
		}
	}
	x := s.add(in.Name, in.Account, in.Suffix)
	x.owner = in.OwningService
	if in.Value != "" {
		s.addVersion(x, s.world.UUID(), &in.Value, nil, Current)
	}
	if in.Rotation != nil {
		s.setRotation(x, *in.Rotation)
	}
	return x.arn, nil
}

func (s *Service) add(name, account, suffix string) *secret {
	arn := strings.Replace(s.own(), ":"+s.world.Account+":", ":"+account+":", 1) + ":" + name + "-" + suffix
	now := s.world.Now()
	x := &secret{name: name, arn: arn, created: now, changed: now}
	s.secrets = append(s.secrets, x)
	return x
}

// suffix is the end of a new ARN, which makes that of a secret another one than
// that of an earlier secret of the same name.
func (s *Service) suffix() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	suffix := make([]byte, 6)
	for i := range suffix {
		suffix[i] = letters[s.world.Rand().IntN(len(letters))]
	}
	return string(suffix)
}

// noToken and badToken are the words about the ID of a version to be.
const (
	noToken  = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
	badToken = "ClientRequestToken must be 32-64 characters long."
)

func validToken(token string) bool { return len(token) >= 32 && len(token) <= 64 }

// checkVersion is about a version to be.
func checkVersion(token string, text *string, binary []byte) error {
	switch {
	case token == "":
		return invalidRequest(noToken)
	case !validToken(token):
		return invalidParameter(badToken)
	}
	return checkValue(text, binary)
}

func checkValue(text *string, binary []byte) error {
	switch {
	case text != nil && binary != nil:
		return invalidParameter("You can't specify both a binary secret value and a string secret value in the same secret.")
	case text == nil && binary == nil:
		return invalidRequest("You must provide either SecretString or SecretBinary.")
	case text != nil && len(*text) > maxValue, len(binary) > maxValue:
		return invalidParameter("The secret value is longer than %d bytes.", maxValue)
	default:
		return nil
	}
}

// has tells whether a version has this value.
func (v *version) has(text *string, binary []byte) bool {
	if text == nil || v.text == nil {
		return text == v.text && bytes.Equal(v.binary, binary)
	}
	return *text == *v.text
}

type deleteIn struct {
	SecretId                   string
	RecoveryWindowInDays       *int
	ForceDeleteWithoutRecovery bool
}

type deletedOut struct {
	ARN          string
	Name         string
	DeletionDate core.Epoch
}

func (s *Service) deleteSecret(in deleteIn) (any, error) {
	days := 30
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	switch {
	case in.ForceDeleteWithoutRecovery && in.RecoveryWindowInDays != nil:
		return nil, invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case days < 7 || days > 30:
		return nil, invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	find := s.usable
	if in.ForceDeleteWithoutRecovery {
		find, days = s.find, 0
	}
	x, err := find(in.SecretId)
	if err != nil && in.ForceDeleteWithoutRecovery && namePattern.MatchString(in.SecretId) {
		// "the operation does not return ResourceNotFoundException"
		return deletedOut{s.own() + ":" + in.SecretId + "-" + s.suffix(), in.SecretId, core.Stamp(s.world.Now())}, nil
	}
	if err != nil {
		return nil, err
	}
	s.remove(x, time.Duration(days)*24*time.Hour)
	return deletedOut{x.arn, x.name, core.Stamp(x.deleted)}, nil
}

// remove schedules a secret for deletion after its recovery window.
func (s *Service) remove(x *secret, window time.Duration) {
	x.deleted, x.changed = s.world.Now().Add(s.world.Scale(window)), s.world.Now()
	x.rotation.stop()
	x.removal.Stop()
	x.removal = s.world.After(max(window, forcedDeletion), func() { s.drop(x) })
}

func (s *Service) drop(x *secret) {
	for i, other := range s.secrets {
		if other == x {
			s.secrets = append(s.secrets[:i:i], s.secrets[i+1:]...)
			return
		}
	}
}

// Delete deletes a secret: at the end of a recovery window, or with none at once.
func (s *Service) Delete(id string, window time.Duration) error {
	x, err := s.find(id)
	if err != nil {
		return err
	}
	s.remove(x, window)
	if window == 0 {
		x.removal.Stop()
		s.drop(x)
	}
	return nil
}

type idIn struct{ SecretId string }

type nameOut struct {
	ARN  string
	Name string
}

func (s *Service) restoreSecret(in idIn) (any, error) {
	x, err := s.find(in.SecretId)
	if err != nil {
		return nil, err
	}
	x.removal.Stop()
	x.deleted, x.changed = time.Time{}, s.world.Now()
	s.schedule(x)
	return nameOut{x.arn, x.name}, nil
}

// version is the one of an ID; nil if there is none.
func (x *secret) version(id string) *version {
	for _, v := range x.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}
