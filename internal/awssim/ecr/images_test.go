package ecr_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simecr "github.com/viridian-dev/viridian/internal/awssim/ecr"
)

func TestDescribeImages(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		digest := sim.PutImage("shop/checkout", "1.0", "")
		if again := sim.PutImage("shop/checkout", "latest", digest); again != digest || digest != simecr.Digest("shop/checkout", "1.0") {
			t.Errorf("digests are %s and %s", digest, again)
		}
		pushed := time.Now()
		for name, id := range map[string]types.ImageIdentifier{
			"tag": {ImageTag: aws.String("latest")}, "digest": {ImageDigest: &digest}, "both": {ImageTag: aws.String("1.0"), ImageDigest: &digest},
		} {
			out, err := ecr.NewFromConfig(config).DescribeImages(t.Context(), &ecr.DescribeImagesInput{
				RegistryId: aws.String("111122223333"), RepositoryName: aws.String("shop/checkout"), ImageIds: []types.ImageIdentifier{id},
			})
			if err != nil || len(out.ImageDetails) != 1 {
				t.Errorf("by %s: %v, %v", name, out, err)
				continue
			}
			image := out.ImageDetails[0]
			if *image.ImageDigest != digest || !slices.Equal(image.ImageTags, []string{"1.0", "latest"}) || !image.ImagePushedAt.Equal(pushed) {
				t.Errorf("by %s: %s %v, pushed at %s", name, *image.ImageDigest, image.ImageTags, image.ImagePushedAt)
			}
			if *image.RegistryId != "111122223333" || *image.RepositoryName != "shop/checkout" || *image.ImageSizeInBytes == 0 {
				t.Errorf("by %s: %+v", name, image)
			}
		}
	})
}

func TestDescribeAllImages(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		var want []string
		for i := range 107 {
			want = append(want, sim.PutImage("checkout", fmt.Sprint("1.", i), ""))
		}
		slices.Sort(want)
		for size, sizes := range map[int32][]int{0: {100, 7}, 50: {50, 50, 7}, 1000: {107}} {
			in := &ecr.DescribeImagesInput{RepositoryName: aws.String("checkout")}
			if size > 0 {
				in.MaxResults = &size
			}
			var got []string
			var pageSizes []int
			pages := ecr.NewDescribeImagesPaginator(ecr.NewFromConfig(config), in)
			for pages.HasMorePages() {
				out, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, image := range out.ImageDetails {
					got = append(got, *image.ImageDigest)
				}
				pageSizes = append(pageSizes, len(out.ImageDetails))
			}
			if !slices.Equal(got, want) || !slices.Equal(pageSizes, sizes) {
				t.Errorf("pages of %d: %v, %d images", size, pageSizes, len(got))
			}
		}
	})
}

// TestDescribeImagesRefusals: the constraints are those of the API reference,
// DescribeImages and ImageIdentifier.
func TestDescribeImagesRefusals(t *testing.T) {
	type input = ecr.DescribeImagesInput
	byTag := func(tags ...string) []types.ImageIdentifier {
		ids := []types.ImageIdentifier{}
		for _, tag := range tags {
			ids = append(ids, types.ImageIdentifier{ImageTag: &tag})
		}
		return ids
	}
	tests := map[string]struct {
		in         input
		code, want string
	}{
		"missing":      {input{ImageIds: byTag("1.0", "2.0")}, "ImageNotFoundException", "The image with imageId {imageDigest:'null', imageTag:'2.0'} does not exist within the repository with name 'checkout' in the registry with id '111122223333'"},
		"other digest": {input{ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("1.0"), ImageDigest: aws.String(simecr.Digest("a", "b"))}}}, "ImageNotFoundException", "imageTag:'1.0'"},
		"repository":   {input{RepositoryName: aws.String("nope")}, "RepositoryNotFoundException", "The repository with name 'nope' does not exist in the registry with id '111122223333'"},
		"registry":     {input{RegistryId: aws.String("999988887777")}, "RepositoryNotFoundException", "'999988887777'"},
		"no registry":  {input{RegistryId: aws.String("me")}, "InvalidParameterException", "'registryId'"},
		"no IDs":       {input{ImageIds: byTag()}, "InvalidParameterException", "between 1 and 100"},
		"many IDs":     {input{ImageIds: byTag(slices.Repeat([]string{"1.0"}, 101)...)}, "InvalidParameterException", "between 1 and 100"},
		"long tag":     {input{ImageIds: byTag(strings.Repeat("a", 301))}, "InvalidParameterException", "'imageIds.1.member.imageTag'"},
		"size and IDs": {input{ImageIds: byTag("1.0"), MaxResults: aws.Int32(1)}, "InvalidParameterException", "cannot be used"},
		"page of IDs":  {input{ImageIds: byTag("1.0"), NextToken: aws.String("a")}, "InvalidParameterException", "cannot be used"},
		"none":         {input{MaxResults: aws.Int32(0)}, "InvalidParameterException", "between 1 and 1000"},
		"many":         {input{MaxResults: aws.Int32(1001)}, "InvalidParameterException", "between 1 and 1000"},
		"token":        {input{NextToken: aws.String("a")}, "InvalidParameterException", "'nextToken'"},
		"filter":       {input{Filter: &types.DescribeImagesFilter{TagStatus: "TAGGED"}}, "InvalidParameterException", "not simulated"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				sim.PutImage("checkout", "1.0", "")
				if tc.in.RepositoryName == nil {
					tc.in.RepositoryName = aws.String("checkout")
				}
				_, err := ecr.NewFromConfig(config).DescribeImages(t.Context(), &tc.in)
				awstest.Refused(t, err, 400, tc.code, tc.want)
			})
		})
	}
}

// TestAutoCreate: an account may have every image that is looked for.
func TestAutoCreate(t *testing.T) {
	awstest.Run(t, awssim.Options{ECRAutoCreate: true}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		for name, want := range map[string]string{"any": "", "no name": "InvalidParameterException"} {
			_, err := ecr.NewFromConfig(config).DescribeImages(t.Context(), &ecr.DescribeImagesInput{
				RepositoryName: &name, ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("tag")}},
			})
			if awstest.Code(err) != want {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestImmutableTags(t *testing.T) {
	tests := map[string]struct {
		options  simecr.RepositoryOptions
		tag      string
		immobile bool
	}{
		"mutable":          {simecr.RepositoryOptions{}, "1.0", false},
		"immutable":        {simecr.RepositoryOptions{TagMutability: simecr.Immutable}, "1.0", true},
		"excluded":         {simecr.RepositoryOptions{TagMutability: simecr.ImmutableWithExclusion, Exclusions: []string{"latest", "dev-*"}}, "dev-1", false},
		"not excluded":     {simecr.RepositoryOptions{TagMutability: simecr.ImmutableWithExclusion, Exclusions: []string{"latest", "dev-*"}}, "1.0", true},
		"excluded mutable": {simecr.RepositoryOptions{TagMutability: simecr.MutableWithExclusion, Exclusions: []string{"*.*"}}, "1.0", true},
		"mutable others":   {simecr.RepositoryOptions{TagMutability: simecr.MutableWithExclusion, Exclusions: []string{"*.*"}}, "latest", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
				if err := sim.CreateRepository("checkout", tc.options); err != nil {
					t.Fatal(err)
				}
				first := sim.PutImage("checkout", tc.tag, "")
				if first == "" || sim.PutImage("checkout", tc.tag, first) != first {
					t.Error("the same image was refused")
				}
				if refused := sim.PutImage("checkout", tc.tag, simecr.Digest("a", "b")) == ""; refused != tc.immobile {
					t.Errorf("refused: %v", refused)
				}
			})
		})
	}
}

// TestMembers shows what the SDK doesn't send: unknown members and missing
// ones.
func TestMembers(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		for _, tc := range [][3]string{
			{"CreateRepository", `{"repositoryName":"ab","x":1}`, "SerializationException"},
			{"CreateRepository", `{"repositoryName":"ab","encryptionConfiguration":{}}`, "InvalidParameterException"},
			{"CreateRepository", `{}`, "InvalidParameterException"},
			{"DescribeImages", `{}`, "InvalidParameterException"},
			{"DescribeImages", `{"x":1}`, "SerializationException"},
			{"DescribeRepositories", `{"x":1}`, "SerializationException"},
			{"DescribeImageScanFindings", `{"x":1}`, "SerializationException"},
			{"DescribeImageScanFindings", `{"repositoryName":"ab"}`, "InvalidParameterException"},
			{"ListImages", `{"repositoryName":"ab"}`, "UnknownOperationException"},
		} {
			answer := awstest.Send(t, sim, awstest.Request{Service: "ecr", Target: "AmazonEC2ContainerRegistry_V20150921." + tc[0], Body: tc[1]})
			if answer.Status != 400 || answer.Header.Get("X-Amzn-Errortype") != tc[2] {
				t.Errorf("%s %s: got %s", tc[0], tc[1], answer.Body)
			}
		}
	})
}

func TestFaults(t *testing.T) {
	tests := map[string]struct {
		effect awssim.Effect
		status int
		code   string
	}{
		"throttle":      {awssim.Throttle, 400, "ThrottlingException"},
		"server error":  {awssim.ServerError, 500, "InternalFailure"},
		"access denied": {awssim.AccessDenied, 400, "AccessDeniedException"},
		"expired token": {awssim.ExpiredToken, 400, "ExpiredTokenException"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				sim.Faults.Add(awssim.Fault{Service: "ecr", Effect: tc.effect})
				_, err := ecr.NewFromConfig(config).DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{})
				awstest.Refused(t, err, tc.status, tc.code, "")
			})
		})
	}
}
