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
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simecr "github.com/viridian-dev/viridian/internal/awssim/ecr"
)

func findings(t *testing.T, config aws.Config, id types.ImageIdentifier) (*ecr.DescribeImageScanFindingsOutput, error) {
	t.Helper()
	return ecr.NewFromConfig(config).DescribeImageScanFindings(t.Context(), &ecr.DescribeImageScanFindingsInput{RepositoryName: aws.String("checkout"), ImageId: &id})
}

func TestScanOnPush(t *testing.T) {
	awstest.Run(t, awssim.Options{Speed: 10}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		if err := sim.CreateRepository("checkout", simecr.RepositoryOptions{ScanOnPush: true}); err != nil {
			t.Fatal(err)
		}
		digest := sim.PutImage("checkout", "1.0", "")
		var statuses []types.ScanStatus
		for range 20 {
			out, err := findings(t, config, types.ImageIdentifier{ImageTag: aws.String("1.0")})
			if err != nil {
				t.Fatal(err)
			}
			if *out.ImageId.ImageDigest != digest || *out.ImageId.ImageTag != "1.0" || (out.ImageScanFindings != nil) != (out.ImageScanStatus.Status == "COMPLETE") {
				t.Errorf("got %+v", out)
			}
			statuses = append(statuses, out.ImageScanStatus.Status)
			time.Sleep(time.Second / 10)
		}
		if got := slices.Compact(statuses); !slices.Equal(got, []types.ScanStatus{"PENDING", "IN_PROGRESS", "COMPLETE"}) {
			t.Errorf("statuses are %v", got)
		}
		out, err := findings(t, config, types.ImageIdentifier{ImageDigest: &digest})
		if err != nil || len(out.ImageScanFindings.Findings) != 0 || out.ImageScanFindings.ImageScanCompletedAt == nil || *out.ImageScanStatus.Description == "" {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}

// TestFindingsRefusals: the constraints are those of the API reference,
// DescribeImageScanFindings. None of them wants a scan to be there.
func TestFindingsRefusals(t *testing.T) {
	type input = ecr.DescribeImageScanFindingsInput
	tests := map[string]struct {
		edit       func(*input)
		code, want string
	}{
		"no scan":     {func(*input) {}, "ScanNotFoundException", "Image scan does not exist for the image with '{imageDigest:'null', imageTag:'1.0'}' in the repository with name 'checkout' in the registry with id '111122223333'"},
		"no image":    {func(in *input) { in.ImageId = &types.ImageIdentifier{ImageTag: aws.String("2.0")} }, "ImageNotFoundException", "imageTag:'2.0'"},
		"neither":     {func(in *input) { in.ImageId = &types.ImageIdentifier{} }, "InvalidParameterException", "'imageId'"},
		"long tag":    {func(in *input) { in.ImageId.ImageTag = aws.String(strings.Repeat("a", 301)) }, "InvalidParameterException", "'imageId.imageTag'"},
		"repository":  {func(in *input) { in.RepositoryName = aws.String("nope") }, "RepositoryNotFoundException", "'nope'"},
		"registry":    {func(in *input) { in.RegistryId = aws.String("999988887777") }, "RepositoryNotFoundException", "'999988887777'"},
		"no registry": {func(in *input) { in.RegistryId = aws.String("me") }, "InvalidParameterException", "'registryId'"},
		"none":        {func(in *input) { in.MaxResults = aws.Int32(0) }, "InvalidParameterException", "between 1 and 1000"},
		"many":        {func(in *input) { in.MaxResults = aws.Int32(1001) }, "InvalidParameterException", "between 1 and 1000"},
		"token":       {func(in *input) { in.NextToken = aws.String("3") }, "InvalidParameterException", "'nextToken'"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				sim.PutImage("checkout", "1.0", "")
				in := &input{RepositoryName: aws.String("checkout"), ImageId: &types.ImageIdentifier{ImageTag: aws.String("1.0")}}
				tc.edit(in)
				_, err := ecr.NewFromConfig(config).DescribeImageScanFindings(t.Context(), in)
				awstest.Refused(t, err, 400, tc.code, tc.want)
			})
		})
	}
}

func TestSetScanRefusals(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		sim.PutImage("checkout", "1.0", "")
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
	var status types.ScanStatus
	for _, want := range status.Values() {
		awstest.Run(t, awssim.Options{Speed: 60}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
			digest := sim.PutImage("checkout", "1.0", "")
			if err := sim.SetScan("checkout", digest, simecr.Scan{Status: string(want), Description: "because", PendingFor: time.Hour}); err != nil {
				t.Fatal(err)
			}
			out, err := findings(t, config, types.ImageIdentifier{ImageDigest: &digest})
			if err != nil || out.ImageScanStatus.Status != "PENDING" || out.ImageScanFindings != nil {
				t.Errorf("at first %+v, %v", out, err)
			}
			time.Sleep(time.Minute)
			out, err = findings(t, config, types.ImageIdentifier{ImageDigest: &digest})
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
		awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
			sim.PutImage("checkout", "1.0", "")
			if err := sim.SetScan("checkout", "1.0", simecr.Scan{Enhanced: enhanced, Findings: all}); err != nil {
				t.Fatal(err)
			}
			var got []simecr.Finding
			pages := ecr.NewDescribeImageScanFindingsPaginator(ecr.NewFromConfig(config), &ecr.DescribeImageScanFindingsInput{
				RepositoryName: aws.String("checkout"), ImageId: &types.ImageIdentifier{ImageTag: aws.String("1.0")}, MaxResults: aws.Int32(3),
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
				if wanted := map[bool]types.ScanStatus{false: "COMPLETE", true: "ACTIVE"}[enhanced]; out.ImageScanStatus.Status != wanted {
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
func read(t *testing.T, in *types.ImageScanFindings) (all []simecr.Finding) {
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
