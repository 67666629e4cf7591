package ecr_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	simecr "github.com/viridian-dev/viridian/internal/awssim/ecr"
)

// An index is shown as one, tells its platforms, and isn't scanned; its images
// are.
func TestIndex(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		c := ecr.NewFromConfig(config)
		if err := sim.CreateRepository("checkout", simecr.RepositoryOptions{ScanOnPush: true}); err != nil {
			t.Fatal(err)
		}
		digest, children, err := sim.PutIndex("checkout", "1.0", "linux/amd64", "linux/arm64/v8")
		if err != nil || len(children) != 2 {
			t.Fatal(children, err)
		}
		described, err := c.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String("checkout"), ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("1.0")}}})
		if err != nil || *described.ImageDetails[0].ImageDigest != digest || *described.ImageDetails[0].ImageManifestMediaType != "application/vnd.oci.image.index.v1+json" {
			t.Fatalf("got %+v, %v", described, err)
		}
		out, err := c.BatchGetImage(t.Context(), &ecr.BatchGetImageInput{RepositoryName: aws.String("checkout"), ImageIds: []types.ImageIdentifier{
			{ImageDigest: &digest}, {ImageDigest: &children[0]}, {ImageTag: aws.String("2.0")}}})
		if err != nil || len(out.Images) != 2 || len(out.Failures) != 1 || out.Failures[0].FailureCode != types.ImageFailureCodeImageNotFound {
			t.Fatalf("got %+v, %v", out, err)
		}
		var index struct {
			Manifests []struct {
				Digest   string
				Platform struct{ OS, Architecture, Variant string }
			}
		}
		if err := json.Unmarshal([]byte(*out.Images[0].ImageManifest), &index); err != nil || len(index.Manifests) != 3 {
			t.Fatalf("got %s, %v", *out.Images[0].ImageManifest, err)
		}
		if m := index.Manifests; m[0].Digest != children[0] || m[1].Digest != children[1] || m[1].Platform.Variant != "v8" || m[2].Platform.OS != "unknown" {
			t.Errorf("got %+v", m)
		}
		if *out.Images[1].ImageManifestMediaType != "application/vnd.oci.image.manifest.v1+json" {
			t.Errorf("got %+v", out.Images[1])
		}
		time.Sleep(time.Minute)
		_, err = findings(t, config, types.ImageIdentifier{ImageDigest: &digest})
		awstest.Refused(t, err, 400, "ScanNotFoundException", digest)
		if err := sim.SetScan("checkout", "1.0", simecr.Scan{}); err == nil {
			t.Error("an index is scanned")
		}
		if found, err := findings(t, config, types.ImageIdentifier{ImageDigest: &children[1]}); err != nil || found.ImageScanStatus.Status != "COMPLETE" {
			t.Errorf("got %+v, %v", found, err)
		}
		if err := sim.DeleteImage("checkout", digest); err != nil {
			t.Fatal(err)
		}
		_, err = c.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String("checkout"), ImageIds: []types.ImageIdentifier{{ImageDigest: &digest}}})
		awstest.Refused(t, err, 400, "ImageNotFoundException", digest)
		// What was known of the digest went with it.
		sim.PutImage("checkout", "2.0", digest)
		described, err = c.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String("checkout"), ImageIds: []types.ImageIdentifier{{ImageDigest: &digest}}})
		if err != nil || !slices.Equal(described.ImageDetails[0].ImageTags, []string{"2.0"}) || *described.ImageDetails[0].ImageManifestMediaType != "application/vnd.oci.image.manifest.v1+json" {
			t.Errorf("pushed again: %+v, %v", described, err)
		}
	})
}

// The manifest of a type that isn't accepted is none.
func TestAcceptedMediaTypes(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		sim.PutImage("checkout", "1.0", "")
		out, err := ecr.NewFromConfig(config).BatchGetImage(t.Context(), &ecr.BatchGetImageInput{RepositoryName: aws.String("checkout"),
			ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("1.0")}}, AcceptedMediaTypes: []string{"application/vnd.oci.image.index.v1+json"}})
		if err != nil || len(out.Images) != 0 || len(out.Failures) != 1 {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}

// An enhanced scan has its status before it has looked at anything.
func TestScanIsEmptyAtFirst(t *testing.T) {
	for _, status := range []string{simecr.ScanActive, simecr.ScanComplete} {
		awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
			digest := sim.PutImage("checkout", "1.0", "")
			scan := simecr.Scan{Enhanced: true, Status: status, EmptyFor: time.Minute, Findings: []simecr.Finding{{Name: "CVE-1", Severity: "HIGH"}}}
			if err := sim.SetScan("checkout", digest, scan); err != nil {
				t.Fatal(err)
			}
			out, err := findings(t, config, types.ImageIdentifier{ImageDigest: &digest})
			if err != nil || string(out.ImageScanStatus.Status) != status {
				t.Fatalf("got %+v, %v", out, err)
			}
			if f := out.ImageScanFindings; f == nil || f.Findings == nil || len(f.EnhancedFindings) > 0 || f.ImageScanCompletedAt != nil || f.FindingSeverityCounts != nil {
				t.Errorf("at first %+v", f)
			}
			time.Sleep(time.Minute)
			out, err = findings(t, config, types.ImageIdentifier{ImageDigest: &digest})
			if err != nil || len(out.ImageScanFindings.EnhancedFindings) != 1 || out.ImageScanFindings.ImageScanCompletedAt == nil {
				t.Errorf("then %+v, %v", out, err)
			}
		})
	}
}
