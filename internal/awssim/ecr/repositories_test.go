package ecr_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simecr "github.com/viridian-dev/viridian/internal/awssim/ecr"
)

func TestCreateRepository(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		c := ecr.NewFromConfig(config)
		out, err := c.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{
			RepositoryName: aws.String("shop/checkout"), ImageTagMutability: types.ImageTagMutabilityImmutableWithExclusion,
			ImageTagMutabilityExclusionFilters: []types.ImageTagMutabilityExclusionFilter{{Filter: aws.String("dev-*"), FilterType: "WILDCARD"}},
			ImageScanningConfiguration:         &types.ImageScanningConfiguration{ScanOnPush: true},
			EncryptionConfiguration:            &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeKms},
			Tags:                               []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		found, err := c.DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"shop/checkout"}})
		if err != nil || len(found.Repositories) != 1 {
			t.Fatalf("found %v, %v", found, err)
		}
		repo := found.Repositories[0]
		if *repo.RepositoryArn != *out.Repository.RepositoryArn || *repo.RepositoryUri != "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout" {
			t.Errorf("found %s at %s", *repo.RepositoryArn, *repo.RepositoryUri)
		}
		filters := repo.ImageTagMutabilityExclusionFilters
		if repo.ImageTagMutability != "IMMUTABLE_WITH_EXCLUSION" || len(filters) != 1 || *filters[0].Filter != "dev-*" || !repo.ImageScanningConfiguration.ScanOnPush {
			t.Errorf("got %+v", repo)
		}
		if e := repo.EncryptionConfiguration; e.EncryptionType != "KMS" || !strings.HasPrefix(*e.KmsKey, "arn:aws:kms:") {
			t.Errorf("encryption is %+v", e)
		}
		sim.PutImage("plain", "1.0", "")
		found, err = c.DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"plain"}})
		if err != nil || found.Repositories[0].ImageTagMutability != "MUTABLE" || found.Repositories[0].ImageScanningConfiguration.ScanOnPush || found.Repositories[0].EncryptionConfiguration.EncryptionType != "AES256" {
			t.Errorf("got %+v, %v", found, err)
		}
	})
}

// TestRepositoryNames: what may stand between the letters and digits of a name
// (API reference, CreateRepository, repositoryName).
func TestRepositoryNames(t *testing.T) {
	tests := map[string]bool{
		"ab": true, "a1/b2/c3": true, "a.b": true, "a_b": true, "a__b": true, "a-b": true, "a---b": true, strings.Repeat("a", 256): true,
		"": false, "a": false, strings.Repeat("a", 257): false, "Checkout": false, "shop/": false, "/shop": false, "shop//a": false,
		"a..b": false, "a___b": false, "a._b": false, "-ab": false, "ab-": false, "a b": false,
	}
	awstest.Run(t, awssim.Options{}, func(t *testing.T, _ *awssim.Sim, config aws.Config) {
		c := ecr.NewFromConfig(config)
		for name, good := range tests {
			_, made := c.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: &name})
			_, read := c.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: &name})
			_, listed := c.DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
			_, scanned := c.DescribeImageScanFindings(t.Context(), &ecr.DescribeImageScanFindingsInput{RepositoryName: &name, ImageId: &types.ImageIdentifier{ImageTag: aws.String("1.0")}})
			if good {
				if made != nil || read != nil || listed != nil || awstest.Code(scanned) != "ImageNotFoundException" {
					t.Errorf("%q: %v, %v, %v, %v", name, made, read, listed, scanned)
				}
				continue
			}
			for _, err := range []error{made, read, listed, scanned} {
				awstest.Refused(t, err, 400, "InvalidParameterException", "'repositoryName")
			}
		}
	})
}

// TestCreateRepositoryRefusals: the constraints are those of the API reference,
// CreateRepository.
func TestCreateRepositoryRefusals(t *testing.T) {
	type input = ecr.CreateRepositoryInput
	filter := func(text, kind string) []types.ImageTagMutabilityExclusionFilter {
		return []types.ImageTagMutabilityExclusionFilter{{Filter: &text, FilterType: types.ImageTagMutabilityExclusionFilterType(kind)}}
	}
	excluding := func(text string) func(*input) {
		return func(in *input) {
			in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters = "MUTABLE_WITH_EXCLUSION", filter(text, "WILDCARD")
		}
	}
	encrypted := func(kind types.EncryptionType, key string) func(*input) {
		return func(in *input) {
			in.EncryptionConfiguration = &types.EncryptionConfiguration{EncryptionType: kind, KmsKey: &key}
		}
	}
	tag := func(key string) []types.Tag { return []types.Tag{{Key: &key, Value: aws.String("")}} }
	tests := map[string]struct {
		edit       func(*input)
		code, want string
	}{
		"taken":        {func(in *input) { in.RepositoryName = aws.String("taken") }, "RepositoryAlreadyExistsException", "The repository with name 'taken' already exists in the registry with id '111122223333'"},
		"registry":     {func(in *input) { in.RegistryId = aws.String("999988887777") }, "InvalidParameterException", "not simulated"},
		"no registry":  {func(in *input) { in.RegistryId = aws.String("me") }, "InvalidParameterException", "'registryId'"},
		"mutability":   {func(in *input) { in.ImageTagMutability = "SOMETIMES" }, "InvalidParameterException", "'imageTagMutability'"},
		"no filter":    {func(in *input) { in.ImageTagMutability = "IMMUTABLE_WITH_EXCLUSION" }, "InvalidParameterException", "between 1 and 5"},
		"filter":       {func(in *input) { in.ImageTagMutabilityExclusionFilters = filter("dev-*", "WILDCARD") }, "InvalidParameterException", "can only be used with"},
		"filter type":  {func(in *input) { in.ImageTagMutabilityExclusionFilters = filter("dev-*", "REGEX") }, "InvalidParameterException", "[WILDCARD]"},
		"bad filter":   {excluding("[a]"), "InvalidParameterException", "regular expression"},
		"wildcards":    {excluding("a*b*c*"), "InvalidParameterException", "at most two wildcards"},
		"encryption":   {encrypted("ROT13", "a"), "InvalidParameterException", "[AES256, KMS, KMS_DSSE]"},
		"key":          {encrypted("AES256", "alias/a"), "InvalidParameterException", "KMS key"},
		"long key":     {encrypted("KMS", strings.Repeat("a", 2049)), "InvalidParameterException", "between 1 and 2048"},
		"reserved tag": {func(in *input) { in.Tags = tag("aws:x") }, "InvalidTagParameterException", "aws: prefixed"},
		"long tag":     {func(in *input) { in.Tags = tag(strings.Repeat("a", 129)) }, "InvalidTagParameterException", "128"},
		"same tag":     {func(in *input) { in.Tags = append(tag("a"), tag("a")...) }, "InvalidTagParameterException", "Duplicate"},
		"many tags": {func(in *input) {
			for i := range 51 {
				in.Tags = append(in.Tags, tag(fmt.Sprint("a", i))...)
			}
		}, "TooManyTagsException", "50"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				if err := sim.CreateRepository("taken", simecr.RepositoryOptions{}); err != nil {
					t.Fatal(err)
				}
				in := &input{RepositoryName: aws.String("checkout")}
				tc.edit(in)
				_, err := ecr.NewFromConfig(config).CreateRepository(t.Context(), in)
				awstest.Refused(t, err, 400, tc.code, tc.want)
				if sim.CreateRepository("taken", simecr.RepositoryOptions{}) == nil {
					t.Error("a repository was made twice")
				}
			})
		})
	}
}

func TestDescribeRepositories(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		var want []string
		for i := range 107 {
			want = append(want, fmt.Sprintf("app-%03d", i))
			sim.PutImage(want[i], "1.0", "")
		}
		for size, sizes := range map[int32][]int{0: {100, 7}, 50: {50, 50, 7}, 107: {107}, 1000: {107}} {
			in := &ecr.DescribeRepositoriesInput{}
			if size > 0 {
				in.MaxResults = &size
			}
			var got []string
			var pageSizes []int
			pages := ecr.NewDescribeRepositoriesPaginator(ecr.NewFromConfig(config), in)
			for pages.HasMorePages() {
				out, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, repo := range out.Repositories {
					got = append(got, *repo.RepositoryName)
				}
				pageSizes = append(pageSizes, len(out.Repositories))
			}
			if !slices.Equal(got, want) || !slices.Equal(pageSizes, sizes) {
				t.Errorf("pages of %d: %v, %s", size, pageSizes, cmp.Diff(want, got))
			}
		}
	})
}

func TestDescribeRepositoriesRefusals(t *testing.T) {
	type input = ecr.DescribeRepositoriesInput
	tests := map[string]struct {
		in         input
		code, want string
	}{
		"missing":      {input{RepositoryNames: []string{"app", "nope"}}, "RepositoryNotFoundException", "The repository with name 'nope' does not exist in the registry with id '111122223333'"},
		"no name":      {input{RepositoryNames: []string{}}, "InvalidParameterException", "between 1 and 100"},
		"many names":   {input{RepositoryNames: slices.Repeat([]string{"app"}, 101)}, "InvalidParameterException", "between 1 and 100"},
		"registry":     {input{RepositoryNames: []string{"app"}, RegistryId: aws.String("999988887777")}, "RepositoryNotFoundException", "'999988887777'"},
		"all of other": {input{RegistryId: aws.String("999988887777")}, "InvalidParameterException", "not simulated"},
		"no registry":  {input{RegistryId: aws.String("me")}, "InvalidParameterException", "'registryId'"},
		"none":         {input{MaxResults: aws.Int32(0)}, "InvalidParameterException", "between 1 and 1000"},
		"many":         {input{MaxResults: aws.Int32(1001)}, "InvalidParameterException", "between 1 and 1000"},
		"both":         {input{MaxResults: aws.Int32(1), RepositoryNames: []string{"app"}}, "InvalidParameterException", "cannot be used together"},
		"token":        {input{NextToken: aws.String("app-3")}, "InvalidParameterException", "'nextToken'"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				sim.PutImage("app", "1.0", "")
				_, err := ecr.NewFromConfig(config).DescribeRepositories(t.Context(), &tc.in)
				awstest.Refused(t, err, 400, tc.code, tc.want)
			})
		})
	}
}
