// Package ecr simulates what Amazon ECR tells about images: which tags a
// repository holds, whether they can move, their digests and what scans found
// in them. It stores no layers and finds nothing by itself.
//
// It imports the standard library and internal/awssim/core only.
package ecr

import (
	"bytes"
	"cmp"
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
	RepositoryOptions
	name      string
	createdAt time.Time
	pushedAt  map[string]time.Time // by digest
	byTag     map[string]string    // tag to digest
	scans     map[string]scan      // by digest
	indexes   map[string]index     // by digest
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
// tag moves it, unless it is immutable. The caller holds the world's lock.
func (s *Service) PutImage(repo, tag, digest string) (string, error) {
	if digest == "" {
		digest = Digest(repo, tag)
	}
	now := s.world.Now().Truncate(time.Second)
	r := s.repos[repo]
	if r == nil {
		r = s.add(repo, RepositoryOptions{})
	}
	if old := r.byTag[tag]; old != "" && old != digest && r.immutable(tag) {
		return "", core.Errorf("ImageTagAlreadyExistsException", "The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the tag is immutable.", tag, repo)
	}
	if _, there := r.pushedAt[digest]; !there {
		r.pushedAt[digest] = now
	}
	if tag != "" {
		r.byTag[tag] = digest
	}
	s.scanOnPush(r, digest)
	return digest, nil
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
		"BatchGetImage":             s.batchGetImage,
		"CreateRepository":          s.createRepository,
		"DescribeImageScanFindings": s.describeImageScanFindings,
		"DescribeImages":            s.describeImages,
		"DescribeRepositories":      s.describeRepositories,
	}
}

type imageID struct {
	ImageDigest string `json:"imageDigest,omitempty"`
	ImageTag    string `json:"imageTag,omitempty"`
}

// String words an ID as ECR's errors do.
func (id imageID) String() string {
	digest, tag := cmp.Or(id.ImageDigest, "null"), cmp.Or(id.ImageTag, "null")
	return "{imageDigest:'" + digest + "', imageTag:'" + tag + "'}"
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
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.Filter != nil {
		return nil, invalid("filter is not simulated")
	}
	s.create(in.RepositoryName, in.ImageIDs...)
	repo, err := s.repository(in.RegistryID, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	var out struct {
		ImageDetails []imageDetail `json:"imageDetails"`
		NextToken    string        `json:"nextToken,omitempty"`
	}
	if in.ImageIDs == nil {
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
	if registry == "" {
		registry = s.world.Account
	}
	repo := s.repos[name]
	if repo == nil || registry != s.world.Account {
		return nil, core.Errorf("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", name, registry)
	}
	return repo, nil
}

// create makes the tags that a request looks for, if the account is to have
// every tag.
func (s *Service) create(name string, ids ...imageID) {
	if !s.autoCreate || checkName("repositoryName", name) != nil {
		return
	}
	for _, id := range ids {
		repo := s.repos[name]
		if id.ImageTag != "" && (repo == nil || repo.byTag[id.ImageTag] == "") {
			_, _ = s.PutImage(name, id.ImageTag, "") // a new tag is never refused
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
	size, err := pageSize(in.MaxResults)
	if err != nil {
		return nil, "", err
	}
	start, err := position("images", in.NextToken)
	if err != nil {
		return nil, "", err
	}
	details := []imageDetail{}
	for _, digest := range slices.Sorted(maps.Keys(repo.pushedAt)) {
		if digest < start {
			continue
		}
		if len(details) == size {
			return details, token("images", digest), nil
		}
		details = append(details, s.detail(repo, digest))
	}
	return details, "", nil
}

func (s *Service) detail(repo *repository, digest string) imageDetail {
	return imageDetail{
		RegistryID: s.world.Account, RepositoryName: repo.name, ImageDigest: digest,
		ImageTags: s.Tags(repo.name, digest), ImageSizeInBytes: 10_485_760, ImagePushedAt: repo.pushedAt[digest].Unix(),
		ImageManifestMediaType: repo.mediaType(digest),
	}
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

func invalid(format string, args ...any) error {
	return core.Errorf("InvalidParameterException", format, args...)
}

func invalidMember(member, constraint string) error {
	return invalid("Invalid parameter at '%s' failed to satisfy constraint: '%s'", member, constraint)
}
