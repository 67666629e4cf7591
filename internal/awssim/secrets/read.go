package secrets

import (
	"slices"
	"strconv"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type describeOut struct {
	ARN                string
	Name               string
	Description        string      `json:",omitempty"`
	KmsKeyId           string      `json:",omitempty"`
	CreatedDate        core.Epoch  `json:",omitempty"`
	LastChangedDate    core.Epoch  `json:",omitempty"`
	LastAccessedDate   *core.Epoch `json:",omitempty"`
	LastRotatedDate    *core.Epoch `json:",omitempty"`
	NextRotationDate   *core.Epoch `json:",omitempty"`
	DeletedDate        *core.Epoch `json:",omitempty"`
	OwningService      string      `json:",omitempty"`
	RotationEnabled    *bool       `json:",omitempty"`
	RotationLambdaARN  string      `json:",omitempty"`
	RotationRules      *rules      `json:",omitempty"`
	Tags               []core.Tag  `json:",omitempty"`
	VersionIdsToStages map[string][]string
}

// describeSecret tells of no version that is deprecated, and also of secrets that
// are scheduled for deletion.
func (s *Service) describeSecret(in idIn) (any, error) {
	x, err := s.find(in.SecretId)
	if err != nil {
		return nil, err
	}
	out := describeOut{
		ARN: x.arn, Name: x.name, Description: x.description, KmsKeyId: x.keyID, CreatedDate: core.Stamp(x.created),
		LastChangedDate: core.Stamp(x.changed), LastAccessedDate: core.StampOrNil(x.accessed), LastRotatedDate: core.StampOrNil(x.rotated),
		NextRotationDate: core.StampOrNil(x.rotation.next), DeletedDate: core.StampOrNil(x.deleted), OwningService: x.owner,
		RotationLambdaARN: x.rotation.function, RotationRules: x.rotation.rules, Tags: x.tags,
		VersionIdsToStages: map[string][]string{},
	}
	if x.rotation.enabled || x.rotation.rules != nil {
		out.RotationEnabled = new(x.rotation.enabled)
	}
	for _, v := range x.versions {
		if len(v.stages) > 0 {
			out.VersionIdsToStages[v.id] = v.stages
		}
	}
	return out, nil
}

type listIn struct {
	SecretId          string
	IncludeDeprecated bool
	MaxResults        *int
	NextToken         string
}

type versionOut struct {
	CreatedDate      core.Epoch
	KmsKeyIds        []string
	LastAccessedDate *core.Epoch `json:",omitempty"`
	VersionId        string
	VersionStages    []string `json:",omitempty"`
}

type listOut struct {
	ARN       string
	Name      string
	NextToken string `json:",omitempty"`
	Versions  []versionOut
}

// listSecretVersionIds lists the newest version first.
func (s *Service) listSecretVersionIds(in listIn) (any, error) {
	x, err := s.find(in.SecretId)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Clone(x.versions), func(v *version) bool { return len(v.stages) == 0 && !in.IncludeDeprecated })
	slices.Reverse(all)
	start, end, err := in.page(len(all))
	if err != nil {
		return nil, err
	}
	out := listOut{ARN: x.arn, Name: x.name, Versions: []versionOut{}}
	for _, v := range all[start:end] {
		out.Versions = append(out.Versions, versionOut{
			core.Stamp(v.created), []string{"DefaultEncryptionKey"}, core.StampOrNil(v.accessed), v.id, v.stages,
		})
	}
	if end < len(all) {
		out.NextToken = strconv.Itoa(end)
	}
	return out, nil
}

// page is where a page of so many versions starts and ends.
func (in *listIn) page(of int) (start, end int, err error) {
	size := 100
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > 100 {
		return 0, 0, invalidParameter("MaxResults must be between 1 and 100.")
	}
	if in.NextToken != "" {
		if start, err = strconv.Atoi(in.NextToken); err != nil || start < 1 || start > of {
			return 0, 0, core.Errorf("InvalidNextTokenException", "The NextToken value is invalid.")
		}
	}
	return start, min(start+size, of), nil
}

type getIn struct {
	SecretId     string
	VersionId    string
	VersionStage string
}

type getOut struct {
	ARN           string
	Name          string
	CreatedDate   core.Epoch
	SecretString  *string `json:",omitempty"`
	SecretBinary  []byte  `json:",omitempty"`
	VersionId     string
	VersionStages []string `json:",omitempty"`
}

func (s *Service) getSecretValue(in getIn) (any, error) {
	x, v, err := s.get(in)
	if err != nil {
		return nil, err
	}
	return getOut{x.arn, x.name, core.Stamp(v.created), v.text, v.binary, v.id, v.stages}, nil
}

// get finds a version with a value: that of an ID, of a staging label, of both, or
// the current one.
func (s *Service) get(in getIn) (*secret, *version, error) {
	x, err := s.usable(in.SecretId)
	if err != nil {
		return nil, nil, err
	}
	if in.VersionId == "" && in.VersionStage == "" {
		in.VersionStage = Current
	}
	v, missing := x.staged(in.VersionStage), "staging label: "+in.VersionStage
	if in.VersionId != "" {
		v, missing = x.version(in.VersionId), "VersionId: "+in.VersionId
	}
	switch {
	case v == nil || v.text == nil && v.binary == nil:
		return nil, nil, notFound(missing)
	case in.VersionId != "" && in.VersionStage != "" && !slices.Contains(v.stages, in.VersionStage):
		return nil, nil, invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.")
	}
	x.accessed = s.world.Now().Truncate(24 * time.Hour)
	v.accessed = x.accessed
	return x, v, nil
}

// Version is a version of a secret as GetSecretValue finds it: the secret's ARN, when
// it was created, and its value, which has no text if it is binary.
func (s *Service) Version(id, stage, versionID string) (arn string, created time.Time, text *string, err error) {
	x, v, err := s.get(getIn{id, versionID, stage})
	if err != nil {
		return "", time.Time{}, nil, err
	}
	return x.arn, v.created, v.text, nil
}

// Value is the value of a version of a secret as GetSecretValue finds it; an error
// is AWS's refusal. A binary value has no text.
func (s *Service) Value(id, stage, versionID string) (string, error) {
	_, v, err := s.get(getIn{id, versionID, stage})
	if err != nil || v.text == nil {
		return "", err
	}
	return *v.text, nil
}
