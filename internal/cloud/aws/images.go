package aws

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// defaultTag is the tag of an image reference without one.
const defaultTag = "latest"

var (
	// privateRegistry matches a host of ECR: account and region.
	privateRegistry = regexp.MustCompile(
		`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|on\.aws)$`)
	digestShape = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	tagShape    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// images implements cloud.Images.
type images struct {
	// client returns a client of the image's region, which may differ from the
	// identity's.
	client func(region string) ecrAPI
}

// Digest asks ECR for the current digest of the image's tag. Public ECR counts
// as a foreign registry: it can't be called with the identity's permissions.
func (i *images) Digest(ctx context.Context, image string) (string, bool, error) {
	ref, err := parseReference(image)
	switch {
	case err != nil:
		return "", false, err
	case ref.digest != "":
		return ref.digest, true, nil
	}
	api, account, err := i.registry(ref)
	if api == nil {
		return "", false, err
	}
	out, err := api.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RegistryId:     &account,
		RepositoryName: &ref.repository,
		ImageIds:       []types.ImageIdentifier{{ImageTag: &ref.tag}},
	})
	if err != nil {
		return "", false, wrap(err)
	}
	for _, d := range out.ImageDetails {
		if d.ImageDigest != nil {
			return awssdk.ToString(d.ImageDigest), true, nil
		}
	}
	return "", false, notFound("ecr:DescribeImages", "ImageNotFoundException", "no image "+image)
}

// registry returns a client of the image's registry, and its account; nil if it
// isn't a private one of ECR.
func (i *images) registry(ref reference) (api ecrAPI, account string, err error) {
	host := privateRegistry.FindStringSubmatch(ref.host)
	if host == nil {
		return nil, "", nil
	}
	if err := checkRegion(host[2]); err != nil {
		return nil, "", err
	}
	return i.client(host[2]), host[1], nil
}

// reference is an image reference in its parts: host/repository:tag@digest.
type reference struct {
	host       string
	repository string
	// tag is "" for an image that has a digest and no tag.
	tag    string
	digest string
}

func parseReference(image string) (reference, error) {
	name, digest, pinned := strings.Cut(image, "@")
	if pinned && !digestShape.MatchString(digest) {
		return reference{}, invalid(fmt.Sprintf("image %q: a digest reads sha256: and 64 hexadecimal digits", image))
	}
	ref := reference{digest: digest}
	var found bool
	if ref.host, ref.repository, found = strings.Cut(name, "/"); !found {
		ref.host, ref.repository = "", name
	}
	repository, tag, tagged := strings.Cut(ref.repository, ":")
	switch {
	case tagged:
		ref.repository, ref.tag = repository, tag
	case !pinned:
		ref.tag = defaultTag
	}
	if ref.repository == "" || (tagged || !pinned) && !tagShape.MatchString(ref.tag) {
		return reference{}, invalid(fmt.Sprintf("image %q: an image reads [registry/]repository[:tag][@digest]", image))
	}
	return ref, nil
}
