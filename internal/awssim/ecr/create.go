package ecr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const (
	aes256   = "AES256"
	wildcard = "WILDCARD"
)

var filterPattern = regexp.MustCompile(`^[0-9a-zA-Z._*-]{1,128}$`)

// tagIn is a repository's tag; ECR begins its members with capitals.
type tagIn struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

type createRepositoryIn struct {
	RegistryID         string                   `json:"registryId"`
	RepositoryName     string                   `json:"repositoryName"`
	Tags               []tagIn                  `json:"tags"`
	ImageTagMutability string                   `json:"imageTagMutability"`
	ExclusionFilters   []exclusionFilter        `json:"imageTagMutabilityExclusionFilters"`
	Scanning           *scanningConfiguration   `json:"imageScanningConfiguration"`
	Encryption         *encryptionConfiguration `json:"encryptionConfiguration"`
}

func (s *Service) createRepository(body []byte) (any, error) {
	var in createRepositoryIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := s.checkOwn(in.RegistryID); err != nil {
		return nil, err
	}
	o, err := in.options()
	if err != nil {
		return nil, err
	}
	repo, err := s.make(in.RepositoryName, o)
	if err != nil {
		return nil, err
	}
	return map[string]repositoryOut{"repository": s.show(repo)}, nil
}

// options reads what a request wants.
func (in createRepositoryIn) options() (RepositoryOptions, error) {
	o := RepositoryOptions{TagMutability: in.ImageTagMutability, Tags: map[string]string{}}
	for i, filter := range in.ExclusionFilters {
		if filter.FilterType != wildcard {
			return o, invalidMember(fmt.Sprintf("imageTagMutabilityExclusionFilters.%d.member.filterType", i+1), "Member must satisfy enum value set: [WILDCARD]")
		}
		o.Exclusions = append(o.Exclusions, filter.Filter)
	}
	for _, tag := range in.Tags {
		if _, twice := o.Tags[tag.Key]; twice {
			return o, core.Errorf("InvalidTagParameterException", "Duplicate tag keys found. Please note that tag keys are case sensitive.")
		}
		o.Tags[tag.Key] = tag.Value
	}
	if in.Scanning != nil {
		o.ScanOnPush = in.Scanning.ScanOnPush
	}
	if in.Encryption != nil {
		o.EncryptionType, o.KMSKey = in.Encryption.EncryptionType, in.Encryption.KMSKey
		if o.EncryptionType == "" {
			return o, invalidMember("encryptionConfiguration.encryptionType", "Member must not be null")
		}
	}
	return o, nil
}

// make makes a repository if that is possible.
func (s *Service) make(name string, o RepositoryOptions) (*repository, error) {
	for _, err := range []error{checkName("repositoryName", name), o.checkMutability(), o.checkEncryption(), o.checkTags()} {
		if err != nil {
			return nil, err
		}
	}
	if s.repos[name] != nil {
		return nil, core.Errorf("RepositoryAlreadyExistsException", "The repository with name '%s' already exists in the registry with id '%s'", name, s.world.Account)
	}
	return s.add(name, o), nil
}

func (o RepositoryOptions) checkMutability() error {
	all := []string{"", Mutable, Immutable, ImmutableWithExclusion, MutableWithExclusion}
	if !slices.Contains(all, o.TagMutability) {
		return invalidMember("imageTagMutability", "Member must satisfy enum value set: ["+strings.Join(all[1:], ", ")+"]")
	}
	excludes := o.TagMutability == MutableWithExclusion || o.TagMutability == ImmutableWithExclusion
	switch {
	case excludes && (len(o.Exclusions) == 0 || len(o.Exclusions) > 5):
		return invalidMember("imageTagMutabilityExclusionFilters", "Member must have length between 1 and 5")
	case !excludes && len(o.Exclusions) > 0:
		return invalid("imageTagMutabilityExclusionFilters can only be used with IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION")
	}
	for _, filter := range o.Exclusions {
		if !filterPattern.MatchString(filter) || strings.Count(filter, "*") > 2 {
			return invalidMember("imageTagMutabilityExclusionFilters.filter", "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}' with at most two wildcards")
		}
	}
	return nil
}

func (o RepositoryOptions) checkEncryption() error {
	switch {
	case !slices.Contains([]string{"", aes256, "KMS", "KMS_DSSE"}, o.EncryptionType):
		return invalidMember("encryptionConfiguration.encryptionType", "Member must satisfy enum value set: [AES256, KMS, KMS_DSSE]")
	case o.KMSKey != "" && (o.EncryptionType == "" || o.EncryptionType == aes256):
		return invalid("A KMS key cannot be specified with the encryption type AES256")
	case len(o.KMSKey) > 2048:
		return invalidMember("encryptionConfiguration.kmsKey", "Member must have length between 1 and 2048")
	default:
		return nil
	}
}

func (o RepositoryOptions) checkTags() error {
	if len(o.Tags) > 50 {
		return core.Errorf("TooManyTagsException", "The list of tags exceeds the maximum number of 50 tags per resource")
	}
	for key, value := range o.Tags {
		if key == "" || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256 {
			return core.Errorf("InvalidTagParameterException", "A tag's key must have 1 to 128 characters and its value at most 256")
		}
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return core.Errorf("InvalidTagParameterException", "aws: prefixed tag key names are not allowed for external use.")
		}
	}
	return nil
}
