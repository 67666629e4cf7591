package ecr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The media types of what a digest stands for.
const (
	mediaImage  = "application/vnd.oci.image.manifest.v1+json"
	mediaIndex  = "application/vnd.oci.image.index.v1+json"
	mediaConfig = "application/vnd.oci.image.config.v1+json"
)

// index is an image index: the manifests of the same image for several
// platforms, and others that only say something about them.
type index struct {
	Schema    int          `json:"schemaVersion"`
	MediaType string       `json:"mediaType"`
	Manifests []descriptor `json:"manifests"`
}

// descriptor is how an index names one of its manifests.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    platform          `json:"platform"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant,omitempty"`
}

// PutIndex pushes an image index as docker buildx does: a manifest without a
// tag for each platform, such as linux/amd64 or linux/arm64/v8, one with the
// attestation of how the first was built, and the index, which gets the tag. It
// returns the digests of the index and of the platforms' manifests. The caller
// holds the world's lock.
func (s *Service) PutIndex(repo, tag string, platforms ...string) (digest string, children []string, err error) {
	all := index{Schema: 2, MediaType: mediaIndex}
	add := func(name string, of platform, annotations map[string]string) error {
		child, err := s.PutImage(repo, "", Digest(repo, tag+" "+name))
		all.Manifests = append(all.Manifests, descriptor{mediaImage, child, 1024, of, annotations})
		return err
	}
	for _, name := range platforms {
		parts := append(strings.SplitN(name, "/", 3), "", "")
		if err := add(name, platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}, nil); err != nil {
			return "", nil, err
		}
		children = append(children, all.Manifests[len(all.Manifests)-1].Digest)
	}
	if len(children) > 0 {
		about := map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": children[0]}
		if err := add("attestation", platform{OS: "unknown", Architecture: "unknown"}, about); err != nil {
			return "", nil, err
		}
	}
	digest = Digest(repo, tag+" index")
	if s.repos[repo] == nil {
		s.add(repo, RepositoryOptions{})
	}
	s.repos[repo].indexes[digest] = all
	_, err = s.PutImage(repo, tag, digest)
	return digest, children, err
}

// DeleteImage deletes an image by its digest or tag, as a lifecycle policy does.
// The caller holds the world's lock.
func (s *Service) DeleteImage(repo, digestOrTag string) error {
	r, err := s.repository("", repo)
	if err != nil {
		return err
	}
	digest, err := r.find(idOf(digestOrTag), s.world.Account)
	if err != nil {
		return err
	}
	for tag, of := range r.byTag {
		if of == digest {
			delete(r.byTag, tag)
		}
	}
	delete(r.pushedAt, digest)
	delete(r.scans, digest)
	delete(r.indexes, digest)
	return nil
}

// idOf names an image by what is either a digest or a tag.
func idOf(digestOrTag string) imageID {
	if strings.HasPrefix(digestOrTag, "sha256:") {
		return imageID{ImageDigest: digestOrTag}
	}
	return imageID{ImageTag: digestOrTag}
}

// mediaType of what a digest stands for.
func (r *repository) mediaType(digest string) string {
	if _, several := r.indexes[digest]; several {
		return mediaIndex
	}
	return mediaImage
}

// manifest of an image is only as much of one as tells its type.
func (r *repository) manifest(digest string) string {
	var of any = map[string]any{
		"schemaVersion": 2, "mediaType": mediaImage, "layers": []string{},
		"config": map[string]any{"mediaType": mediaConfig, "digest": Digest(r.name, digest), "size": 512},
	}
	if several, found := r.indexes[digest]; found {
		of = several
	}
	text, _ := json.Marshal(of) // it contains only text and numbers
	return string(text)
}

type batchGetImageIn struct {
	RegistryID         string    `json:"registryId"`
	RepositoryName     string    `json:"repositoryName"`
	ImageIDs           []imageID `json:"imageIds"`
	AcceptedMediaTypes []string  `json:"acceptedMediaTypes"`
}

type imageOut struct {
	RegistryID             string  `json:"registryId"`
	RepositoryName         string  `json:"repositoryName"`
	ImageID                imageID `json:"imageId"`
	ImageManifest          string  `json:"imageManifest"`
	ImageManifestMediaType string  `json:"imageManifestMediaType"`
}

type imageFailure struct {
	ImageID       imageID `json:"imageId"`
	FailureCode   string  `json:"failureCode"`
	FailureReason string  `json:"failureReason"`
}

// batchGetImage returns manifests. An image that isn't there fails by itself,
// not the call.
func (s *Service) batchGetImage(body []byte) (any, error) {
	var in batchGetImageIn
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	s.create(in.RepositoryName, in.ImageIDs...)
	repo, err := s.repository(in.RegistryID, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	out := struct {
		Images   []imageOut     `json:"images"`
		Failures []imageFailure `json:"failures"`
	}{[]imageOut{}, []imageFailure{}}
	for _, id := range in.ImageIDs {
		digest, err := repo.find(id, s.world.Account)
		if err == nil && len(in.AcceptedMediaTypes) > 0 && !slices.Contains(in.AcceptedMediaTypes, repo.mediaType(digest)) {
			err = core.Errorf("ImageNotFoundException", "of no accepted type")
		}
		if err != nil {
			out.Failures = append(out.Failures, imageFailure{id, "ImageNotFound", "Requested image not found"})
			continue
		}
		out.Images = append(out.Images, imageOut{
			s.world.Account, repo.name, imageID{digest, id.ImageTag}, repo.manifest(digest), repo.mediaType(digest),
		})
	}
	return out, nil
}

func (in batchGetImageIn) check() error {
	if err := checkRegistry(in.RegistryID); err != nil {
		return err
	}
	if err := checkName("repositoryName", in.RepositoryName); err != nil {
		return err
	}
	if len(in.ImageIDs) == 0 || len(in.ImageIDs) > maxIDs {
		return invalidMember("imageIds", fmt.Sprintf("Member must have length between 1 and %d", maxIDs))
	}
	for i, id := range in.ImageIDs {
		if err := id.check(fmt.Sprintf("imageIds.%d.member", i+1)); err != nil {
			return err
		}
	}
	return nil
}
