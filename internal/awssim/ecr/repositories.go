package ecr

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"time"
)

// How tags of a repository can be moved.
const (
	Mutable                = "MUTABLE"
	Immutable              = "IMMUTABLE"
	MutableWithExclusion   = "MUTABLE_WITH_EXCLUSION"
	ImmutableWithExclusion = "IMMUTABLE_WITH_EXCLUSION"
)

// RepositoryOptions are the settings of a repository.
type RepositoryOptions struct {
	// TagMutability is one of the constants. Default Mutable.
	TagMutability string
	// Exclusions are wildcards, such as "dev-*", for the tags to which the
	// opposite applies. Exactly the ones WithExclusion need them.
	Exclusions []string
	// ScanOnPush scans each image that is pushed.
	ScanOnPush bool
	// EncryptionType is AES256, the default, KMS or KMS_DSSE.
	EncryptionType string
	// KMSKey is the key's alias, ID or ARN.
	KMSKey string
	// Tags are the repository's tags.
	Tags map[string]string
}

// CreateRepository makes a repository. The caller holds the world's lock.
func (s *Service) CreateRepository(name string, o RepositoryOptions) error {
	_, err := s.make(name, o)
	return err
}

// add makes a repository whose options are good.
func (s *Service) add(name string, o RepositoryOptions) *repository {
	if o.TagMutability == "" {
		o.TagMutability = Mutable
	}
	if o.EncryptionType == "" {
		o.EncryptionType = aes256
	}
	if o.EncryptionType != aes256 && o.KMSKey == "" {
		o.KMSKey = s.world.ARN("kms", "key/"+s.world.UUID()) // AWS's own key for ECR
	}
	r := &repository{
		RepositoryOptions: o, name: name, createdAt: s.world.Now().Truncate(time.Second),
		pushedAt: map[string]time.Time{}, byTag: map[string]string{}, scans: map[string]scan{}, indexes: map[string]index{},
	}
	s.repos[name] = r
	return r
}

// immutable tells whether a tag can't be moved.
func (r *repository) immutable(tag string) bool {
	excluded := slices.ContainsFunc(r.Exclusions, func(filter string) bool {
		matched, err := path.Match(filter, tag)
		return err == nil && matched
	})
	switch r.TagMutability {
	case Immutable, ImmutableWithExclusion:
		return !excluded
	default:
		return excluded
	}
}

type describeRepositoriesIn struct {
	RegistryID      string   `json:"registryId"`
	RepositoryNames []string `json:"repositoryNames"`
	MaxResults      *int     `json:"maxResults"`
	NextToken       string   `json:"nextToken"`
}

type exclusionFilter struct {
	Filter     string `json:"filter"`
	FilterType string `json:"filterType"`
}

type scanningConfiguration struct {
	ScanOnPush bool `json:"scanOnPush"`
}

type encryptionConfiguration struct {
	EncryptionType string `json:"encryptionType"`
	KMSKey         string `json:"kmsKey,omitempty"`
}

type repositoryOut struct {
	RepositoryArn      string                  `json:"repositoryArn"`
	RegistryID         string                  `json:"registryId"`
	RepositoryName     string                  `json:"repositoryName"`
	RepositoryURI      string                  `json:"repositoryUri"`
	CreatedAt          int64                   `json:"createdAt"`
	ImageTagMutability string                  `json:"imageTagMutability"`
	ExclusionFilters   []exclusionFilter       `json:"imageTagMutabilityExclusionFilters,omitempty"`
	Scanning           scanningConfiguration   `json:"imageScanningConfiguration"`
	Encryption         encryptionConfiguration `json:"encryptionConfiguration"`
}

type describeRepositoriesOut struct {
	Repositories []repositoryOut `json:"repositories"`
	NextToken    string          `json:"nextToken,omitempty"`
}

func (s *Service) describeRepositories(body []byte) (any, error) {
	var in describeRepositoriesIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if in.RepositoryNames != nil {
		return s.namedRepositories(in)
	}
	size, err := pageSize(in.MaxResults)
	if err != nil {
		return nil, err
	}
	start, err := position("repositories", in.NextToken)
	if err != nil {
		return nil, err
	}
	if err := s.checkOwn(in.RegistryID); err != nil {
		return nil, err
	}
	out := describeRepositoriesOut{Repositories: []repositoryOut{}}
	for _, name := range slices.Sorted(maps.Keys(s.repos)) {
		if name < start {
			continue
		}
		if len(out.Repositories) == size {
			out.NextToken = token("repositories", name)
			break
		}
		out.Repositories = append(out.Repositories, s.show(s.repos[name]))
	}
	return out, nil
}

// namedRepositories are exactly those asked for, on one page.
func (s *Service) namedRepositories(in describeRepositoriesIn) (any, error) {
	if err := checkRegistry(in.RegistryID); err != nil {
		return nil, err
	}
	if len(in.RepositoryNames) == 0 || len(in.RepositoryNames) > maxIDs {
		return nil, invalidMember("repositoryNames", fmt.Sprintf("Member must have length between 1 and %d", maxIDs))
	}
	if in.MaxResults != nil || in.NextToken != "" {
		return nil, invalid("maxResults and nextToken cannot be used together with repositoryNames")
	}
	out := describeRepositoriesOut{}
	for i, name := range in.RepositoryNames {
		if err := checkName(fmt.Sprintf("repositoryNames.%d.member", i+1), name); err != nil {
			return nil, err
		}
		repo, err := s.repository(in.RegistryID, name)
		if err != nil {
			return nil, err
		}
		out.Repositories = append(out.Repositories, s.show(repo))
	}
	return out, nil
}

// show is a repository on the wire.
func (s *Service) show(r *repository) repositoryOut {
	var filters []exclusionFilter
	for _, filter := range r.Exclusions {
		filters = append(filters, exclusionFilter{filter, wildcard})
	}
	return repositoryOut{
		RepositoryArn: s.world.ARN("ecr", "repository/"+r.name), RegistryID: s.world.Account, RepositoryName: r.name,
		RepositoryURI: s.world.Account + ".dkr.ecr." + s.world.Region + ".amazonaws.com/" + r.name,
		CreatedAt:     r.createdAt.Unix(), ImageTagMutability: r.TagMutability, ExclusionFilters: filters,
		Scanning: scanningConfiguration{r.ScanOnPush}, Encryption: encryptionConfiguration{r.EncryptionType, r.KMSKey},
	}
}
