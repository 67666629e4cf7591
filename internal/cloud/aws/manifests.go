package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// The media types of image indexes, OCI's and Docker's.
var indexTypes = []string{
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
}

// manifestTypes are those that ECR may answer with: without indexTypes it might
// choose an image of an index itself. ECR's documentation of BatchGetImage
// names those of single images only; the containerd resolver of AWS asks for
// indexes like this.
var manifestTypes = append([]string{
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.v1+json",
}, indexTypes...)

const opBatchGetImage = "ecr:BatchGetImage"

// imageIndex is what is read of an image index. Manifests that aren't images,
// such as attestations, have another platform.
type imageIndex struct {
	Manifests []struct {
		Digest   string
		Platform struct{ Architecture, OS string }
	}
}

// manifests remembers which digest of an index is for which platform, so that an
// image is asked for once and not with each look at its scan. A digest always
// stands for the same manifest.
type manifests struct {
	mu    sync.Mutex
	known map[string]string
}

// manifestsMax limits what is remembered; then it is forgotten.
const manifestsMax = 10_000

func (m *manifests) get(key string) (digest string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	digest, ok = m.known[key]
	return digest, ok
}

func (m *manifests) put(key, digest string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= manifestsMax {
		m.known = map[string]string{}
	}
	m.known[key] = digest
}

// scanned returns the digest of what ECR scans: the image itself, or that of an
// index for Linux on an architecture; "" if the index has none.
func (i *images) scanned(ctx context.Context, api ecrAPI, account string, ref reference, architecture string) (string, error) {
	key := fmt.Sprint(account, "/", ref.repository, "@", ref.digest, " ", architecture)
	if digest, ok := i.manifests.get(key); ok {
		return digest, nil
	}
	out, err := api.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId:         &account,
		RepositoryName:     &ref.repository,
		ImageIds:           []types.ImageIdentifier{{ImageDigest: &ref.digest}},
		AcceptedMediaTypes: manifestTypes,
	})
	if err != nil {
		return "", wrap(err)
	}
	if len(out.Images) == 0 {
		return "", manifestMissing(ref, out.Failures)
	}
	digest, err := childOf(ref.digest, &out.Images[0], architecture)
	if err == nil {
		i.manifests.put(key, digest)
	}
	return digest, err
}

// manifestMissing returns "not found" only if ECR says so explicitly.
func manifestMissing(ref reference, failures []types.ImageFailure) error {
	if len(failures) == 0 {
		return answerError(cloud.KindTransient, opBatchGetImage, "", "neither an image nor a failure")
	}
	f := failures[0] // one image was asked for
	if f.FailureCode == types.ImageFailureCodeImageNotFound {
		return notFound(opBatchGetImage, string(f.FailureCode), "no image "+ref.digest+" in repository "+ref.repository)
	}
	return answerError(cloud.KindTransient, opBatchGetImage, string(f.FailureCode), clean(awssdk.ToString(f.FailureReason)))
}

// childOf returns the digest of an image, or that of an index for Linux on an
// architecture; "" if the index has none.
func childOf(digest string, image *types.Image, architecture string) (string, error) {
	var index imageIndex
	err := json.Unmarshal([]byte(awssdk.ToString(image.ImageManifest)), &index)
	isIndex := slices.Contains(indexTypes, awssdk.ToString(image.ImageManifestMediaType))
	switch {
	case !isIndex && len(index.Manifests) == 0:
		return digest, nil
	case err != nil:
		return "", answerError(cloud.KindTransient, opBatchGetImage, "", "the manifest of "+digest+" can't be read")
	}
	for _, m := range index.Manifests {
		if m.Platform.OS == "linux" && m.Platform.Architecture == architecture && digestShape.MatchString(m.Digest) {
			return m.Digest, nil
		}
	}
	return "", nil
}
