package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-cmp/cmp"

	simecr "github.com/viridian-dev/viridian/internal/awssim/ecr"
)

func ecrClient(sim *Sim) *ecr.Client { return ecr.NewFromConfig(sdkConfig(sim, 1)) }

func TestCreateRepository(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := ecrClient(sim)
		out, err := c.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{
			RepositoryName: aws.String("shop/checkout"), ImageTagMutability: ecrtypes.ImageTagMutabilityImmutableWithExclusion,
			ImageTagMutabilityExclusionFilters: []ecrtypes.ImageTagMutabilityExclusionFilter{{Filter: aws.String("dev-*"), FilterType: "WILDCARD"}},
			ImageScanningConfiguration:         &ecrtypes.ImageScanningConfiguration{ScanOnPush: true},
			EncryptionConfiguration:            &ecrtypes.EncryptionConfiguration{EncryptionType: ecrtypes.EncryptionTypeKms},
			Tags:                               []ecrtypes.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		found, err := c.DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"shop/checkout"}})
		if err != nil || len(found.Repositories) != 1 {
			t.Fatalf("found %v, %v", found, err)
		}
		repo := found.Repositories[0]
		if diff := cmp.Diff(fmt.Sprintf("%+v", *out.Repository.RepositoryArn), fmt.Sprintf("%+v", *repo.RepositoryArn)); diff != "" {
			t.Error(diff)
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

func TestCreateRepositoryRefusals(t *testing.T) {
	type input = ecr.CreateRepositoryInput
	filter := func(text, kind string) []ecrtypes.ImageTagMutabilityExclusionFilter {
		return []ecrtypes.ImageTagMutabilityExclusionFilter{{Filter: &text, FilterType: ecrtypes.ImageTagMutabilityExclusionFilterType(kind)}}
	}
	tag := func(key string) []ecrtypes.Tag { return []ecrtypes.Tag{{Key: &key, Value: aws.String("")}} }
	tests := map[string]struct {
		edit       func(*input)
		code, want string
	}{
		"taken":       {func(in *input) { in.RepositoryName = aws.String("taken") }, "RepositoryAlreadyExistsException", "The repository with name 'taken' already exists in the registry with id '111122223333'"},
		"no name":     {func(in *input) { in.RepositoryName = aws.String("") }, "InvalidParameterException", "'repositoryName'"},
		"short name":  {func(in *input) { in.RepositoryName = aws.String("a") }, "InvalidParameterException", "between 2 and 256"},
		"long name":   {func(in *input) { in.RepositoryName = aws.String(strings.Repeat("a", 257)) }, "InvalidParameterException", "between 2 and 256"},
		"name":        {func(in *input) { in.RepositoryName = aws.String("Checkout") }, "InvalidParameterException", "must satisfy regular expression"},
		"slash":       {func(in *input) { in.RepositoryName = aws.String("shop/") }, "InvalidParameterException", "must satisfy regular expression"},
		"registry":    {func(in *input) { in.RegistryId = aws.String("999988887777") }, "InvalidParameterException", "not simulated"},
		"mutability":  {func(in *input) { in.ImageTagMutability = "SOMETIMES" }, "InvalidParameterException", "'imageTagMutability'"},
		"no filter":   {func(in *input) { in.ImageTagMutability = "IMMUTABLE_WITH_EXCLUSION" }, "InvalidParameterException", "between 1 and 5"},
		"filter":      {func(in *input) { in.ImageTagMutabilityExclusionFilters = filter("dev-*", "WILDCARD") }, "InvalidParameterException", "can only be used with"},
		"filter type": {func(in *input) { in.ImageTagMutabilityExclusionFilters = filter("dev-*", "REGEX") }, "InvalidParameterException", "[WILDCARD]"},
		"bad filter": {func(in *input) {
			in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters = "MUTABLE_WITH_EXCLUSION", filter("[a]", "WILDCARD")
		}, "InvalidParameterException", "regular expression"},
		"wildcards": {func(in *input) {
			in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters = "MUTABLE_WITH_EXCLUSION", filter("a*b*c*", "WILDCARD")
		}, "InvalidParameterException", "at most two wildcards"},
		"encryption": {func(in *input) {
			in.EncryptionConfiguration = &ecrtypes.EncryptionConfiguration{EncryptionType: "ROT13"}
		}, "InvalidParameterException", "[AES256, KMS, KMS_DSSE]"},
		"key": {func(in *input) {
			in.EncryptionConfiguration = &ecrtypes.EncryptionConfiguration{EncryptionType: "AES256", KmsKey: aws.String("alias/a")}
		}, "InvalidParameterException", "KMS key"},
		"reserved tag": {func(in *input) { in.Tags = tag("aws:x") }, "InvalidTagParameterException", "aws: prefixed"},
		"long tag":     {func(in *input) { in.Tags = tag(strings.Repeat("a", 129)) }, "InvalidTagParameterException", "128"},
		"same tag":     {func(in *input) { in.Tags = append(tag("a"), tag("a")...) }, "InvalidTagParameterException", "Duplicate"},
		"many tags": {func(in *input) {
			for i := range 51 {
				in.Tags = append(in.Tags, tag(fmt.Sprint("a", i))...)
			}
		}, "TooManyTagsException", "50"},
	}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := ecrClient(sim)
		if err := sim.CreateRepository("taken", simecr.RepositoryOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			in := &input{RepositoryName: aws.String("checkout")}
			tests[name].edit(in)
			_, err := c.CreateRepository(t.Context(), in)
			if err == nil || code(err) != tests[name].code || !strings.Contains(err.Error(), tests[name].want) {
				t.Errorf("%s: got %v, want %s %q", name, err, tests[name].code, tests[name].want)
			}
		}
		if sim.CreateRepository("taken", simecr.RepositoryOptions{}) == nil {
			t.Error("a repository was made twice")
		}
	})
}

func TestDescribeRepositories(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := ecrClient(sim)
		var want, got []string
		for i := range 7 {
			want = append(want, fmt.Sprint("app-", i))
			sim.PutImage(want[i], "1.0", "")
		}
		pages := ecr.NewDescribeRepositoriesPaginator(c, &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(3)})
		for n := 0; pages.HasMorePages(); n++ {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, repo := range out.Repositories {
				got = append(got, *repo.RepositoryName)
			}
			if len(got) != min(3*n+3, 7) {
				t.Errorf("page %d ends at %d", n, len(got))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		refusals := map[string]struct {
			in   ecr.DescribeRepositoriesInput
			code string
		}{
			"missing":   {ecr.DescribeRepositoriesInput{RepositoryNames: []string{"app-1", "nope"}}, "RepositoryNotFoundException"},
			"no name":   {ecr.DescribeRepositoriesInput{RepositoryNames: []string{}}, "InvalidParameterException"},
			"registry":  {ecr.DescribeRepositoriesInput{RepositoryNames: []string{"app-1"}, RegistryId: aws.String("999988887777")}, "RepositoryNotFoundException"},
			"registry2": {ecr.DescribeRepositoriesInput{RegistryId: aws.String("999988887777")}, "InvalidParameterException"},
			"none":      {ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(0)}, "InvalidParameterException"},
			"many":      {ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(1001)}, "InvalidParameterException"},
			"both":      {ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(1), RepositoryNames: []string{"app-1"}}, "InvalidParameterException"},
			"token":     {ecr.DescribeRepositoriesInput{NextToken: aws.String("app-3")}, "InvalidParameterException"},
		}
		for name, tc := range refusals {
			if _, err := c.DescribeRepositories(t.Context(), &tc.in); code(err) != tc.code {
				t.Errorf("%s: got %v, want %s", name, err, tc.code)
			}
		}
	})
}

func TestDescribeImages(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := ecrClient(sim)
		want := map[string]bool{}
		for i := range 7 {
			want[sim.PutImage("checkout", fmt.Sprint("1.", i), "")] = true
		}
		got := map[string]bool{}
		pages := ecr.NewDescribeImagesPaginator(c, &ecr.DescribeImagesInput{RepositoryName: aws.String("checkout"), MaxResults: aws.Int32(3)})
		for pages.HasMorePages() {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, image := range out.ImageDetails {
				got[*image.ImageDigest] = true
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for name, in := range map[string]ecr.DescribeImagesInput{
			"size": {MaxResults: aws.Int32(1001)}, "token": {NextToken: aws.String("a")}, "filter": {Filter: &ecrtypes.DescribeImagesFilter{TagStatus: "TAGGED"}},
		} {
			in.RepositoryName = aws.String("checkout")
			if _, err := c.DescribeImages(t.Context(), &in); code(err) != "InvalidParameterException" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestECRMembers shows what the SDK doesn't send: unknown members and missing
// ones.
func TestECRMembers(t *testing.T) {
	const prefix = "AmazonEC2ContainerRegistry_V20150921."
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		for _, tc := range [][3]string{
			{"CreateRepository", `{"repositoryName":"ab","x":1}`, "SerializationException"},
			{"CreateRepository", `{"repositoryName":"ab","encryptionConfiguration":{}}`, "InvalidParameterException"},
			{"CreateRepository", `{}`, "InvalidParameterException"},
			{"DescribeRepositories", `{"x":1}`, "SerializationException"},
			{"DescribeImageScanFindings", `{"x":1}`, "SerializationException"},
			{"DescribeImageScanFindings", `{"repositoryName":"ab"}`, "InvalidParameterException"},
		} {
			answer := post(t, sim, "ecr", prefix+tc[0], tc[1])
			if answer.status != 400 || answer.header.Get("X-Amzn-Errortype") != tc[2] {
				t.Errorf("%s %s: got %s", tc[0], tc[1], answer.body)
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
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
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

func findings(t *testing.T, sim *Sim, id ecrtypes.ImageIdentifier) (*ecr.DescribeImageScanFindingsOutput, error) {
	t.Helper()
	return ecrClient(sim).DescribeImageScanFindings(t.Context(), &ecr.DescribeImageScanFindingsInput{RepositoryName: aws.String("checkout"), ImageId: &id})
}

func TestScanOnPush(t *testing.T) {
	bubble(t, Options{Speed: 10}, func(t *testing.T, sim *Sim) {
		if err := sim.CreateRepository("checkout", simecr.RepositoryOptions{ScanOnPush: true}); err != nil {
			t.Fatal(err)
		}
		digest := sim.PutImage("checkout", "1.0", "")
		var statuses []ecrtypes.ScanStatus
		for range 20 {
			out, err := findings(t, sim, ecrtypes.ImageIdentifier{ImageTag: aws.String("1.0")})
			if err != nil {
				t.Fatal(err)
			}
			if *out.ImageId.ImageDigest != digest || *out.ImageId.ImageTag != "1.0" || (out.ImageScanFindings != nil) != (out.ImageScanStatus.Status == "COMPLETE") {
				t.Errorf("got %+v", out)
			}
			statuses = append(statuses, out.ImageScanStatus.Status)
			time.Sleep(time.Second / 10)
		}
		if got := slices.Compact(statuses); !slices.Equal(got, []ecrtypes.ScanStatus{"PENDING", "IN_PROGRESS", "COMPLETE"}) {
			t.Errorf("statuses are %v", got)
		}
		out, err := findings(t, sim, ecrtypes.ImageIdentifier{ImageDigest: &digest})
		if err != nil || len(out.ImageScanFindings.Findings) != 0 || out.ImageScanFindings.ImageScanCompletedAt == nil || *out.ImageScanStatus.Description == "" {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}

func TestScanRefusals(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := ecrClient(sim)
		sim.PutImage("checkout", "1.0", "")
		_, err := findings(t, sim, ecrtypes.ImageIdentifier{ImageTag: aws.String("1.0")})
		if code(err) != "ScanNotFoundException" || !strings.Contains(err.Error(), "Image scan does not exist for the image with '{imageDigest:'null', imageTag:'1.0'}' in the repository with name 'checkout' in the registry with id '111122223333'") {
			t.Errorf("never scanned: %v", err)
		}
		for tag, want := range map[string]string{"2.0": "ImageNotFoundException", "": "InvalidParameterException"} {
			if _, err := findings(t, sim, ecrtypes.ImageIdentifier{ImageTag: aws.String(tag)}); code(err) != want {
				t.Errorf("tag %q: %v", tag, err)
			}
		}
		if err := sim.SetScan("checkout", "1.0", simecr.Scan{}); err != nil {
			t.Fatal(err)
		}
		type input = ecr.DescribeImageScanFindingsInput
		for name, tc := range map[string]struct {
			edit func(*input)
			code string
		}{
			"repository": {func(in *input) { in.RepositoryName = aws.String("nope") }, "RepositoryNotFoundException"},
			"registry":   {func(in *input) { in.RegistryId = aws.String("999988887777") }, "RepositoryNotFoundException"},
			"none":       {func(in *input) { in.MaxResults = aws.Int32(0) }, "InvalidParameterException"},
			"many":       {func(in *input) { in.MaxResults = aws.Int32(1001) }, "InvalidParameterException"},
			"token":      {func(in *input) { in.NextToken = aws.String("3") }, "InvalidParameterException"},
		} {
			in := &input{RepositoryName: aws.String("checkout"), ImageId: &ecrtypes.ImageIdentifier{ImageTag: aws.String("1.0")}}
			tc.edit(in)
			if _, err := c.DescribeImageScanFindings(t.Context(), in); code(err) != tc.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, err := range map[string]error{
			"repository": sim.SetScan("nope", "1.0", simecr.Scan{}),
			"image":      sim.SetScan("checkout", "2.0", simecr.Scan{}),
			"status":     sim.SetScan("checkout", "1.0", simecr.Scan{Status: "DONE"}),
			"severity":   sim.SetScan("checkout", "1.0", simecr.Scan{Findings: []simecr.Finding{{Severity: "UNTRIAGED"}}}),
		} {
			if err == nil {
				t.Errorf("%s: the scan was set", name)
			}
		}
	})
}

func TestScanStatuses(t *testing.T) {
	var status ecrtypes.ScanStatus
	for _, want := range status.Values() {
		bubble(t, Options{Speed: 60}, func(t *testing.T, sim *Sim) {
			digest := sim.PutImage("checkout", "1.0", "")
			if err := sim.SetScan("checkout", digest, simecr.Scan{Status: string(want), Description: "because", PendingFor: time.Hour}); err != nil {
				t.Fatal(err)
			}
			out, err := findings(t, sim, ecrtypes.ImageIdentifier{ImageDigest: &digest})
			if err != nil || out.ImageScanStatus.Status != "PENDING" || out.ImageScanFindings != nil {
				t.Errorf("at first %+v, %v", out, err)
			}
			time.Sleep(time.Minute)
			out, err = findings(t, sim, ecrtypes.ImageIdentifier{ImageDigest: &digest})
			if err != nil || out.ImageScanStatus.Status != want || *out.ImageScanStatus.Description != "because" {
				t.Errorf("%s: %+v, %v", want, out, err)
			}
			if there := out.ImageScanFindings != nil; there != (want == "COMPLETE" || want == "ACTIVE") {
				t.Errorf("%s: findings %v", want, there)
			}
		})
	}
}

func TestScanFindings(t *testing.T) {
	var all []simecr.Finding
	for i, severity := range []string{"CRITICAL", "HIGH", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"} {
		all = append(all, simecr.Finding{Name: fmt.Sprint("CVE-2026-", i), Severity: severity, Package: "openssl", Version: "3.0." + fmt.Sprint(i)})
	}
	counts := map[string]int32{"CRITICAL": 1, "HIGH": 2, "MEDIUM": 1, "LOW": 1, "INFORMATIONAL": 1, "UNDEFINED": 1}
	for _, enhanced := range []bool{false, true} {
		bubble(t, Options{}, func(t *testing.T, sim *Sim) {
			sim.PutImage("checkout", "1.0", "")
			if err := sim.SetScan("checkout", "1.0", simecr.Scan{Enhanced: enhanced, Findings: all}); err != nil {
				t.Fatal(err)
			}
			var got []simecr.Finding
			pages := ecr.NewDescribeImageScanFindingsPaginator(ecrClient(sim), &ecr.DescribeImageScanFindingsInput{
				RepositoryName: aws.String("checkout"), ImageId: &ecrtypes.ImageIdentifier{ImageTag: aws.String("1.0")}, MaxResults: aws.Int32(3),
			})
			n := 0
			for ; pages.HasMorePages(); n++ {
				out, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(counts, out.ImageScanFindings.FindingSeverityCounts); diff != "" {
					t.Error(diff)
				}
				if wanted := map[bool]ecrtypes.ScanStatus{false: "COMPLETE", true: "ACTIVE"}[enhanced]; out.ImageScanStatus.Status != wanted {
					t.Errorf("status %s", out.ImageScanStatus.Status)
				}
				got = append(got, read(t, out.ImageScanFindings)...)
			}
			if diff := cmp.Diff(all, got); diff != "" || n != 3 {
				t.Errorf("%d pages, enhanced %v: %s", n, enhanced, diff)
			}
		})
	}
}

// read returns the findings of either kind.
func read(t *testing.T, in *ecrtypes.ImageScanFindings) (all []simecr.Finding) {
	t.Helper()
	for _, f := range in.Findings {
		found := simecr.Finding{Name: *f.Name, Severity: string(f.Severity)}
		for _, a := range f.Attributes {
			switch *a.Key {
			case "package_name":
				found.Package = *a.Value
			case "package_version":
				found.Version = *a.Value
			}
		}
		if !strings.HasSuffix(*f.Uri, found.Name) {
			t.Errorf("URI %s", *f.Uri)
		}
		all = append(all, found)
	}
	for _, f := range in.EnhancedFindings {
		details := f.PackageVulnerabilityDetails
		all = append(all, simecr.Finding{
			Name: *details.VulnerabilityId, Severity: *f.Severity,
			Package: *details.VulnerablePackages[0].Name, Version: *details.VulnerablePackages[0].Version,
		})
		if *f.Title == "" || *f.Type != "PACKAGE_VULNERABILITY" || *f.Status != "ACTIVE" || *f.Severity == "CRITICAL" && f.Score < 9 || f.FirstObservedAt == nil {
			t.Errorf("got %+v", f)
		}
	}
	return all
}
