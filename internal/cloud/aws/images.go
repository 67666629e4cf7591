package aws

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// defaultTag is the tag of an image reference without one.
const defaultTag = "latest"

var (
	// privateRegistry matches a host of ECR: account and region. The domains are
	// those of AWS's own docker-credential-ecr-login: all partitions, and the
	// dual-stack hosts of the first two.
	privateRegistry = regexp.MustCompile(
		`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn|` +
			`c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)
	digestShape = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	tagShape    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// images implements cloud.Images.
type images struct {
	// client returns a client of the image's region, which may differ from the
	// identity's.
	client func(region string) ecrAPI

	manifests manifests
}

// Digest asks ECR for the current digest of the image's tag. Public ECR counts
// as a foreign registry: it can't be called with the identity's permissions.
func (i *images) Digest(ctx context.Context, image string) (cloud.Digest, bool, error) {
	ref, err := parseReference(image)
	switch {
	case err != nil:
		return cloud.Digest{}, false, err
	case ref.digest != "":
		return cloud.Digest{SHA256: ref.digest}, true, nil
	}
	api, account, err := i.registry(ref)
	if api == nil {
		return cloud.Digest{}, false, err
	}
	out, err := api.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RegistryId:     &account,
		RepositoryName: &ref.repository,
		ImageIds:       []types.ImageIdentifier{{ImageTag: &ref.tag}},
	})
	if err != nil {
		return cloud.Digest{}, false, wrap(err)
	}
	for _, d := range out.ImageDetails {
		if d.ImageDigest != nil {
			return cloud.Digest{SHA256: *d.ImageDigest, PushedAt: awssdk.ToTime(d.ImagePushedAt)}, true, nil
		}
	}
	return cloud.Digest{}, false, notFound("ecr:DescribeImages", "ImageNotFoundException", "no image "+image)
}

// Exists asks by the digest alone: the tag may have been moved since.
func (i *images) Exists(ctx context.Context, image string) (bool, error) {
	ref, err := parseReference(image)
	if err != nil {
		return false, err
	}
	api, account, err := i.registry(ref)
	if api == nil || ref.digest == "" {
		return err == nil, err
	}
	_, err = api.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RegistryId:     &account,
		RepositoryName: &ref.repository,
		ImageIds:       []types.ImageIdentifier{{ImageDigest: &ref.digest}},
	})
	if err = wrap(err); cloud.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// Runs looks for the architecture in the image index.
func (i *images) Runs(ctx context.Context, image, architecture string) (bool, error) {
	ref, err := parseReference(image)
	if err != nil {
		return false, err
	}
	api, account, err := i.registry(ref)
	if api == nil || ref.digest == "" {
		return err == nil, err
	}
	digest, err := i.scanned(ctx, api, account, ref, architecture)
	return digest != "", err
}

// registry returns a client of the image's registry, and its account; nil if it
// isn't a private one of ECR.
func (i *images) registry(ref reference) (api ecrAPI, account string, err error) {
	host := privateRegistry.FindStringSubmatch(ref.host)
	if host == nil {
		return nil, "", nil
	}
	if !regionName.MatchString(host[2]) {
		return nil, "", invalid(fmt.Sprintf("it names %q, which is no region; one reads like eu-west-1", host[2]))
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
		return reference{}, invalid("a digest reads sha256: and 64 hexadecimal digits")
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
		return reference{}, invalid("an image reads [registry/]repository[:tag][@digest]")
	}
	return ref, nil
}
