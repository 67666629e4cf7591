package aws

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

func (i *images) Repository(ctx context.Context, image string) (cloud.Repository, bool, error) {
	ref, err := parseReference(image)
	if err != nil {
		return cloud.Repository{}, false, err
	}
	api, account, err := i.registry(ref)
	if api == nil {
		return cloud.Repository{}, false, err
	}
	out, err := api.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
		RegistryId: &account, RepositoryNames: []string{ref.repository},
	})
	if err != nil {
		return cloud.Repository{}, false, wrap(err)
	}
	if len(out.Repositories) == 0 {
		return cloud.Repository{}, false, notFound("ecr:DescribeRepositories", "RepositoryNotFoundException", "no repository "+ref.repository)
	}
	return cloud.Repository{Immutable: immutable(&out.Repositories[0], ref.tag)}, true, nil
}

// immutable reports whether a tag can't be moved. With a filter of an unknown
// kind it returns false. An image without a tag matches no filter.
func immutable(r *types.Repository, tag string) bool {
	excepted := func(unknown bool) bool {
		return tag != "" && slices.ContainsFunc(r.ImageTagMutabilityExclusionFilters, func(f types.ImageTagMutabilityExclusionFilter) bool {
			if f.FilterType != types.ImageTagMutabilityExclusionFilterTypeWildcard {
				return unknown
			}
			return wildcard(awssdk.ToString(f.Filter), tag)
		})
	}
	switch r.ImageTagMutability {
	case types.ImageTagMutabilityImmutable:
		return true
	case types.ImageTagMutabilityImmutableWithExclusion:
		return !excepted(true)
	case types.ImageTagMutabilityMutableWithExclusion:
		return excepted(false)
	default:
		return false
	}
}

// wildcard reports whether all of text matches a pattern, in which * is any
// text.
func wildcard(pattern, text string) bool {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
	matched, err := regexp.MatchString(`^(?s:`+quoted+`)$`, text)
	return err == nil && matched
}

func (i *images) CreateRepository(ctx context.Context, image string, tags map[string]string) error {
	ref, err := parseReference(image)
	if err != nil {
		return err
	}
	api, account, err := i.registry(ref)
	switch {
	case err != nil:
		return err
	case api == nil:
		return notInECR(image)
	}
	in := &ecr.CreateRepositoryInput{
		RegistryId:                 &account,
		RepositoryName:             &ref.repository,
		ImageTagMutability:         types.ImageTagMutabilityImmutable,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: &k, Value: new(tags[k])})
	}
	_, err = api.CreateRepository(ctx, in)
	return wrap(err)
}

func notInECR(image string) error {
	return invalid(fmt.Sprintf("image %q is in no private registry of Amazon ECR", image))
}
