package secrets

import (
	"fmt"
	"slices"
	"time"
)

// How many versions are kept, and for how long all are: "Secrets Manager keeps 100
// of the most recent versions, but it keeps all secret versions created in the last
// 24 hours" (PutSecretValue in the API reference).
const (
	maxVersions = 100
	keptTime    = 24 * time.Hour
)

type putIn struct {
	SecretId           string
	ClientRequestToken string
	SecretString       *string
	SecretBinary       []byte
	VersionStages      []string
}

type putOut struct {
	ARN           string
	Name          string
	VersionId     string
	VersionStages []string
}

func (s *Service) putSecretValue(in putIn) (any, error) {
	x, err := s.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(in.ClientRequestToken, in.SecretString, in.SecretBinary); err != nil {
		return nil, err
	}
	if err := checkStages(in.VersionStages); err != nil {
		return nil, err
	}
	v := x.version(in.ClientRequestToken)
	switch {
	case v == nil:
		stages := in.VersionStages
		if stages == nil {
			stages = []string{Current}
		}
		v = s.addVersion(x, in.ClientRequestToken, in.SecretString, in.SecretBinary, stages...)
	case v.text == nil && v.binary == nil: // that of a rotation
		v.text, v.binary = in.SecretString, in.SecretBinary
	case !v.has(in.SecretString, in.SecretBinary):
		return nil, errExists(x, in.ClientRequestToken)
	}
	return putOut{x.arn, x.name, v.id, v.stages}, nil
}

// Put gives a secret a new value, which is current from now on, and returns its
// version.
func (s *Service) Put(id, value string) (string, error) {
	x, err := s.usable(id)
	if err != nil {
		return "", err
	}
	return s.addVersion(x, s.world.UUID(), &value, nil, Current).id, nil
}

func checkStages(stages []string) error {
	if stages != nil && len(stages) == 0 || len(stages) > 20 {
		return invalidParameter("VersionStages must have between 1 and 20 staging labels.")
	}
	for _, stage := range stages {
		if stage == "" || len(stage) > 256 {
			return invalidParameter("A staging label must be 1-256 characters long.")
		}
	}
	return nil
}

// addVersion adds a version. The first one is always current.
func (s *Service) addVersion(x *secret, id string, text *string, binary []byte, stages ...string) *version {
	v := &version{id: id, text: text, binary: binary, created: s.world.Now()}
	if len(x.versions) == 0 && !slices.Contains(stages, Current) {
		stages = append(slices.Clone(stages), Current)
	}
	x.versions, x.changed = append(x.versions, v), s.world.Now()
	for _, stage := range stages {
		s.attach(x, v, stage)
	}
	s.thin(x)
	return v
}

// attach moves a staging label to a version. The version that was current becomes
// the previous one, and is pending no more, as recorded from AWS
// (test_update_secret_version_stages_current_pending).
func (s *Service) attach(x *secret, to *version, stage string) {
	from := x.staged(stage)
	if from == to {
		return
	}
	s.detach(x, from, stage)
	to.stages = append(to.stages, stage)
	slices.Sort(to.stages)
	to.removal.Stop()
	if stage != Current {
		return
	}
	s.detach(x, x.staged(Previous), Previous)
	if from != nil {
		from.stages = append(without(from.stages, Pending), Previous)
		from.removal.Stop()
		slices.Sort(from.stages)
	}
}

// detach takes a staging label from a version. Without any, it is deprecated.
func (s *Service) detach(x *secret, from *version, stage string) {
	if from == nil {
		return
	}
	from.stages = without(from.stages, stage)
	if len(from.stages) == 0 && s.deprecatedFor > 0 {
		s.expire(x, from)
	}
}

func without(stages []string, stage string) []string {
	return slices.DeleteFunc(slices.Clone(stages), func(one string) bool { return one == stage })
}

// expire deletes a deprecated version after a while, but keeps those of a day.
func (s *Service) expire(x *secret, v *version) {
	young := v.created.Add(s.world.Scale(keptTime)).Sub(s.world.Now())
	wait := max(s.deprecatedFor, time.Duration(float64(young)/float64(s.world.Scale(time.Hour))*float64(time.Hour)))
	v.removal.Stop()
	v.removal = s.world.After(wait, func() {
		x.versions = slices.DeleteFunc(x.versions, func(other *version) bool { return other == v && len(v.stages) == 0 })
	})
}

// SetDeprecatedLife has versions of secrets deleted once they were without staging
// labels for so long, but never in the first 24 hours of their life; 0 keeps them as
// long as there are at most 100. AWS promises nothing: a deprecated version "can be
// deleted by Secrets Manager".
func (s *Service) SetDeprecatedLife(d time.Duration) {
	s.deprecatedFor = d
	for _, x := range s.secrets {
		for _, v := range x.versions {
			v.removal.Stop()
			if len(v.stages) == 0 && d > 0 {
				s.expire(x, v)
			}
		}
	}
}

// DeleteVersion deletes a deprecated version of a secret, as Secrets Manager may at
// any time.
func (s *Service) DeleteVersion(id, versionID string) error {
	x, err := s.find(id)
	if err != nil {
		return err
	}
	v := x.version(versionID)
	if v == nil {
		return notFound("VersionId: " + versionID)
	}
	if len(v.stages) > 0 {
		return fmt.Errorf("version %s has staging labels: %v", versionID, v.stages)
	}
	v.removal.Stop()
	x.versions = slices.DeleteFunc(x.versions, func(other *version) bool { return other == v })
	return nil
}

// thin deletes the oldest deprecated versions if there are too many, but keeps
// those of a day.
func (s *Service) thin(x *secret) {
	old := s.world.Now().Add(-s.world.Scale(keptTime))
	for len(x.versions) > maxVersions {
		i := slices.IndexFunc(x.versions, func(v *version) bool { return len(v.stages) == 0 && v.created.Before(old) })
		if i < 0 {
			return
		}
		x.versions[i].removal.Stop()
		x.versions = slices.Delete(x.versions, i, i+1)
	}
}

// staged is the version that a staging label is attached to; nil if there is none.
func (x *secret) staged(stage string) *version {
	for _, v := range x.versions {
		if slices.Contains(v.stages, stage) {
			return v
		}
	}
	return nil
}

type stageIn struct {
	SecretId            string
	VersionStage        string
	MoveToVersionId     string
	RemoveFromVersionId string
}

func (s *Service) updateSecretVersionStage(in stageIn) (any, error) {
	x, err := s.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := checkStages([]string{in.VersionStage}); err != nil {
		return nil, err
	}
	to, from := x.version(in.MoveToVersionId), x.staged(in.VersionStage)
	if err := checkMove(in, to, from); err != nil {
		return nil, err
	}
	if to == nil {
		s.detach(x, from, in.VersionStage)
	} else {
		s.attach(x, to, in.VersionStage)
	}
	x.changed = s.world.Now()
	return nameOut{x.arn, x.name}, nil
}

// checkMove is about moving a staging label from one version to another, of which
// either may be nil.
func checkMove(in stageIn, to, from *version) error {
	remove, attached := in.RemoveFromVersionId, ""
	if from != nil {
		attached = from.id
	}
	switch {
	case to == nil && in.MoveToVersionId != "":
		return notFound("VersionId: " + in.MoveToVersionId)
	case remove == "" && from != nil && from != to:
		return invalidParameter("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", in.VersionStage, attached)
	case remove != "" && remove != attached:
		return invalidParameter("Version stage %s not found in version %s", in.VersionStage, remove)
	case to == nil && in.VersionStage == Current:
		return invalidParameter("You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
	default:
		return nil
	}
}
