package ssm

import (
	"cmp"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The sizes of values by tier, and how many versions are kept (PutParameter in the
// API reference).
const (
	maxStandard = 4096
	maxAdvanced = 8192
	maxVersions = 100
)

type putIn struct {
	Name           string
	Value          string
	Type           string
	Overwrite      *bool
	Description    *string
	KeyId          *string
	AllowedPattern *string
	DataType       string
	Tier           string
	Tags           []core.Tag
}

type putOut struct {
	Version int64
	Tier    string
}

func (s *Service) putParameter(in putIn) (any, error) {
	in.Name = strings.TrimSpace(in.Name)
	if strings.HasPrefix(in.Name, "arn:") {
		return nil, invalid("%s", badPath)
	}
	if err := checkName(in.Name); err != nil {
		return nil, err
	}
	number, err := s.put(s.arn(in.Name), in.Name, in)
	if err != nil {
		return nil, err
	}
	return putOut{number, s.parameters[s.arn(in.Name)].latest().tier}, nil
}

// put makes a parameter, or a new version of one.
func (s *Service) put(arn, name string, in putIn) (int64, error) {
	if err := in.check(); err != nil {
		return 0, err
	}
	p := s.parameters[arn]
	switch overwrite := in.Overwrite != nil && *in.Overwrite; {
	case p == nil && in.Type == "":
		return 0, invalid("A parameter type is required when you create a parameter.")
	case p != nil && !overwrite:
		return 0, core.Errorf("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case p != nil && p.name != name:
		return 0, invalid("A parameter %s beside one that is named %s is not simulated: they have one ARN", name, p.name)
	case p == nil:
		p = &parameter{arn: arn, name: name, tags: in.Tags}
	}
	return s.append(p, in)
}

// append gives a parameter its next version, which may be the first.
func (s *Service) append(p *parameter, in putIn) (int64, error) {
	v, err := s.next(p, in)
	if err != nil {
		return 0, err
	}
	if err := p.makeRoom(); err != nil {
		return 0, err
	}
	p.versions = append(p.versions, v)
	s.parameters[p.arn] = p
	return v.number, nil
}

// next is the version that follows the latest, from which it takes what the
// request doesn't say.
func (s *Service) next(p *parameter, in putIn) (*version, error) {
	v := &version{number: 1, dataType: "text"}
	if len(p.versions) > 0 {
		last := *p.latest()
		v = &last
		v.number, v.labels = last.number+1, nil
	}
	tier, err := in.tier(v.tier)
	if err != nil {
		return nil, err
	}
	v.value, v.tier, v.modified, v.modifiedBy = in.Value, tier, s.world.Now(), s.caller()
	for _, set := range []struct {
		to *string
		in string
	}{{&v.kind, in.Type}, {&v.dataType, in.DataType}} {
		if set.in != "" {
			*set.to = set.in
		}
	}
	for _, set := range []struct {
		to *string
		in *string
	}{{&v.description, in.Description}, {&v.pattern, in.AllowedPattern}, {&v.keyID, in.KeyId}} {
		if set.in != nil {
			*set.to = *set.in
		}
	}
	if err := v.checkPattern(); err != nil {
		return nil, err
	}
	s.encrypt(v)
	return v, nil
}

// encrypt makes the text that stands for the value where it isn't decrypted: like
// that of KMS, it is another one each time and tells nothing.
func (s *Service) encrypt(v *version) {
	v.cipher = ""
	if v.kind != SecureString {
		v.keyID = ""
		return
	}
	if v.keyID == "" {
		v.keyID = "alias/aws/ssm"
	}
	v.cipher = "AQICAHh" + base64.StdEncoding.EncodeToString([]byte(s.world.HexID(120)))
}

func (v *version) checkPattern() error {
	if v.pattern == "" {
		return nil
	}
	pattern, err := regexp.Compile(v.pattern)
	if err != nil {
		return core.Errorf("InvalidAllowedPatternException", "The request does not meet the regular expression requirement.")
	}
	if !pattern.MatchString(v.value) {
		return core.Errorf("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", v.pattern)
	}
	return nil
}

// makeRoom forgets the oldest version if there are as many as are kept, unless it
// has a label.
func (p *parameter) makeRoom() error {
	if len(p.versions) < maxVersions {
		return nil
	}
	if oldest := p.versions[0]; len(oldest.labels) > 0 {
		return core.Errorf("ParameterMaxVersionLimitExceeded", "You attempted to create a new version of %s by calling the PutParameter API with the overwrite flag. "+
			"Version %d, the oldest version, can't be deleted because it has a label associated with it. "+
			"Move the label to another version of the parameter, and try again.", p.name, oldest.number)
	}
	p.versions = slices.Delete(p.versions, 0, 1)
	return nil
}

// check refuses what no parameter may be.
func (in *putIn) check() error {
	switch {
	case in.Value == "":
		return invalidMember("", "value", "Member must have length greater than or equal to 1.")
	case len(in.Tags) > 0 && in.Overwrite != nil && *in.Overwrite:
		return invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. " +
			"To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	case !slices.Contains([]string{"", String, StringList, SecureString}, in.Type):
		return invalidMember(in.Type, "type", "Member must satisfy enum value set: [SecureString, StringList, String]")
	case !slices.Contains([]string{"", Standard, Advanced, intelligent}, in.Tier):
		return invalidMember(in.Tier, "tier", "Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]")
	case in.DataType != "" && in.DataType != "text":
		return invalid("The data type %s is not simulated", in.DataType)
	case strings.Contains(in.Value, "{{"):
		return invalid(`Parameter value can't nest another parameter. Do not use "{{}}" in the value.`)
	default:
		return nil
	}
}

// tier is the one that the new version has, after that of the version before. An
// advanced parameter stays one.
func (in *putIn) tier(before string) (string, error) {
	tier := cmp.Or(in.Tier, before, Standard)
	if tier == intelligent {
		tier = Standard
		if before == Advanced || len(in.Value) > maxStandard {
			tier = Advanced
		}
	}
	switch {
	case in.Tier == Standard && before == Advanced:
		return "", invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. " +
			"If necessary, you can delete the advanced parameter and recreate it as a standard parameter.")
	case tier == Advanced && len(in.Value) > maxAdvanced:
		return "", invalid("Advanced tier parameters support a maximum parameter value of %d characters.", maxAdvanced)
	case tier != Advanced && len(in.Value) > maxStandard:
		return "", invalid("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. "+
			"For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", maxStandard)
	default:
		return tier, nil
	}
}
