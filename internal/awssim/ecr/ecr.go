// Package ecr simulates what Amazon ECR tells about images: which tags a
// repository holds and their digests. It stores no layers.
//
// It imports the standard library and internal/awssim/core only.
package ecr

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Service is ECR in one account and region.
type Service struct {
	world      *core.World
	autoCreate bool
	repos      map[string]*repository
}

type repository struct {
	name      string
	createdAt time.Time
	pushedAt  map[string]time.Time // by digest
	byTag     map[string]string    // tag to digest
}

// New returns ECR without repositories. With autoCreate, looking at a tag
// makes it exist, so that a demonstration needs no preparation.
func New(w *core.World, autoCreate bool) *Service {
	return &Service{world: w, autoCreate: autoCreate, repos: map[string]*repository{}}
}

// Digest is the digest that an image has unless it is set: it follows from the
// repository and the tag alone.
func Digest(repo, tag string) string {
	sum := sha256.Sum256([]byte(repo + ":" + tag))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// PutImage pushes an image, creates the repository if it is missing and returns
// the image's digest, which is made up if none is given. Pushing an existing
// tag moves it. The caller holds the world's lock.
func (s *Service) PutImage(repo, tag, digest string) string {
	if digest == "" {
		digest = Digest(repo, tag)
	}
	now := s.world.Now().Truncate(time.Second)
	r := s.repos[repo]
	if r == nil {
		r = &repository{name: repo, createdAt: now, pushedAt: map[string]time.Time{}, byTag: map[string]string{}}
		s.repos[repo] = r
	}
	if _, there := r.pushedAt[digest]; !there {
		r.pushedAt[digest] = now
	}
	r.byTag[tag] = digest
	return digest
}

// Tags are the tags of an image by its digest. The caller holds the world's
// lock.
func (s *Service) Tags(repo, digest string) []string {
	r := s.repos[repo]
	if r == nil {
		return nil
	}
	var tags []string
	for _, tag := range slices.Sorted(maps.Keys(r.byTag)) {
		if r.byTag[tag] == digest {
			tags = append(tags, tag)
		}
	}
	return tags
}

// SigningName implements core.JSONService.
func (s *Service) SigningName() string { return "ecr" }

// TargetPrefix implements core.JSONService.
func (s *Service) TargetPrefix() string { return "AmazonEC2ContainerRegistry_V20150921" }

// JSON implements core.JSONService.
func (s *Service) JSON() map[string]core.JSONFunc {
	return map[string]core.JSONFunc{
		"DescribeImages":       s.describeImages,
		"DescribeRepositories": s.describeRepositories,
	}
}

type imageID struct {
	ImageDigest string `json:"imageDigest,omitempty"`
	ImageTag    string `json:"imageTag,omitempty"`
}

func (id imageID) String() string {
	digest, tag := "null", "null"
	if id.ImageDigest != "" {
		digest = "'" + id.ImageDigest + "'"
	}
	if id.ImageTag != "" {
		tag = "'" + id.ImageTag + "'"
	}
	return "{imageDigest:" + digest + ", imageTag:" + tag + "}"
}

type describeImagesIn struct {
	RegistryID     string          `json:"registryId"`
	RepositoryName string          `json:"repositoryName"`
	ImageIDs       []imageID       `json:"imageIds"`
	MaxResults     *int            `json:"maxResults"`
	NextToken      string          `json:"nextToken"`
	Filter         json.RawMessage `json:"filter"`
}

type imageDetail struct {
	RegistryID             string   `json:"registryId"`
	RepositoryName         string   `json:"repositoryName"`
	ImageDigest            string   `json:"imageDigest"`
	ImageTags              []string `json:"imageTags,omitempty"`
	ImageSizeInBytes       int64    `json:"imageSizeInBytes"`
	ImagePushedAt          int64    `json:"imagePushedAt"`
	ImageManifestMediaType string   `json:"imageManifestMediaType"`
}

func (s *Service) describeImages(body []byte) (any, error) {
	var in describeImagesIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if in.Filter != nil {
		return nil, core.Errorf("InvalidParameterException", "filter is not simulated")
	}
	if s.autoCreate {
		s.create(in)
	}
	repo, err := s.repository(in.RegistryID, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	var out struct {
		ImageDetails []imageDetail `json:"imageDetails"`
		NextToken    string        `json:"nextToken,omitempty"`
	}
	if len(in.ImageIDs) == 0 {
		out.ImageDetails, out.NextToken, err = s.list(repo, in)
		return out, err
	}
	for _, id := range in.ImageIDs {
		digest, err := repo.find(id, s.world.Account)
		if err != nil {
			return nil, err
		}
		out.ImageDetails = append(out.ImageDetails, s.detail(repo, digest))
	}
	return out, nil
}

// repository finds a repository; an empty registry is the account's own.
func (s *Service) repository(registry, name string) (*repository, error) {
	if name == "" {
		return nil, core.Errorf("InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'Member must not be null'")
	}
	if registry == "" {
		registry = s.world.Account
	}
	repo := s.repos[name]
	if repo == nil || registry != s.world.Account {
		return nil, core.Errorf("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", name, registry)
	}
	return repo, nil
}

// create makes the tags that a request looks for.
func (s *Service) create(in describeImagesIn) {
	for _, id := range in.ImageIDs {
		repo := s.repos[in.RepositoryName]
		if in.RepositoryName != "" && id.ImageTag != "" && (repo == nil || repo.byTag[id.ImageTag] == "") {
			s.PutImage(in.RepositoryName, id.ImageTag, "")
		}
	}
}

func (r *repository) find(id imageID, registry string) (string, error) {
	digest := id.ImageDigest
	if id.ImageTag != "" {
		digest = r.byTag[id.ImageTag]
	}
	_, there := r.pushedAt[digest]
	if !there || id.ImageDigest != "" && id.ImageDigest != digest {
		return "", core.Errorf("ImageNotFoundException", "The image with imageId %s does not exist within the repository with name '%s' in the registry with id '%s'", id, r.name, registry)
	}
	return digest, nil
}

// list is one page of all images, by digest.
func (s *Service) list(repo *repository, in describeImagesIn) ([]imageDetail, string, error) {
	size := 100
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > 1000 {
		return nil, "", core.Errorf("InvalidParameterException", "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value between 1 and 1000'")
	}
	details := []imageDetail{}
	for _, digest := range slices.Sorted(maps.Keys(repo.pushedAt)) {
		if digest < in.NextToken {
			continue
		}
		if len(details) == size {
			return details, digest, nil
		}
		details = append(details, s.detail(repo, digest))
	}
	return details, "", nil
}

func (s *Service) detail(repo *repository, digest string) imageDetail {
	return imageDetail{
		RegistryID: s.world.Account, RepositoryName: repo.name, ImageDigest: digest,
		ImageTags: s.Tags(repo.name, digest), ImageSizeInBytes: 10_485_760, ImagePushedAt: repo.pushedAt[digest].Unix(),
		ImageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
	}
}

type describeRepositoriesIn struct {
	RegistryID      string   `json:"registryId"`
	RepositoryNames []string `json:"repositoryNames"`
}

type repositoryOut struct {
	RepositoryArn      string `json:"repositoryArn"`
	RegistryID         string `json:"registryId"`
	RepositoryName     string `json:"repositoryName"`
	RepositoryURI      string `json:"repositoryUri"`
	CreatedAt          int64  `json:"createdAt"`
	ImageTagMutability string `json:"imageTagMutability"`
}

func (s *Service) describeRepositories(body []byte) (any, error) {
	var in describeRepositoriesIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	names := in.RepositoryNames
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(s.repos))
	}
	out := struct {
		Repositories []repositoryOut `json:"repositories"`
	}{[]repositoryOut{}}
	for _, name := range names {
		repo, err := s.repository(in.RegistryID, name)
		if err != nil {
			return nil, err
		}
		out.Repositories = append(out.Repositories, repositoryOut{
			RepositoryArn: s.world.ARN("ecr", "repository/"+name), RegistryID: s.world.Account, RepositoryName: name,
			RepositoryURI: s.world.Account + ".dkr.ecr." + s.world.Region + ".amazonaws.com/" + name,
			CreatedAt:     repo.createdAt.Unix(), ImageTagMutability: "MUTABLE",
		})
	}
	return out, nil
}

// decode refuses what the simulation does not understand instead of ignoring
// it.
func decode(body []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return core.Errorf("SerializationException", "%v", err)
	}
	return nil
}
