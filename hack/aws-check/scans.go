package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

func scan(ctx context.Context, a *account, s subject) (finding, error) {
	registry, repository, digest, err := parseImage(s.image)
	if err != nil {
		return finding{}, err
	}
	described, err := a.images.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RegistryId: &registry, RepositoryName: &repository, ImageIds: []types.ImageIdentifier{{ImageDigest: &digest}},
	})
	if err != nil {
		return finding{}, err
	}
	media := ""
	if len(described.ImageDetails) > 0 {
		media = aws.ToString(described.ImageDetails[0].ImageManifestMediaType)
	}
	out, err := a.images.DescribeImageScanFindings(ctx, &ecr.DescribeImageScanFindingsInput{
		RegistryId: &registry, RepositoryName: &repository, ImageId: &types.ImageIdentifier{ImageDigest: &digest},
	})
	switch {
	case refusal(err) == "ScanNotFoundException" && isIndex(media):
		return finding{agrees, media + " has none"}, nil
	case refusal(err) == "ScanNotFoundException":
		return finding{unseen, media + " wasn't scanned"}, nil
	case err != nil:
		return finding{}, err
	}
	return judgeScan(media, out), nil
}

func isIndex(media string) bool {
	return strings.HasSuffix(media, "image.index.v1+json") || strings.HasSuffix(media, "manifest.list.v2+json")
}

func judgeScan(media string, out *ecr.DescribeImageScanFindingsOutput) finding {
	if out.ImageScanStatus == nil {
		return finding{unseen, media + ": no status"}
	}
	status := out.ImageScanStatus.Status
	f := out.ImageScanFindings
	complete := f != nil && (f.ImageScanCompletedAt != nil || len(f.FindingSeverityCounts) > 0)
	seen := fmt.Sprintf("%s: %s, with time or counts: %t", media, status, complete)
	switch {
	case complete && isIndex(media):
		return finding{wrong, seen + ", though it is an index"}
	case complete:
		return finding{agrees, seen}
	case status == types.ScanStatusComplete || status == types.ScanStatusActive:
		return finding{wrong, seen}
	}
	return finding{unseen, seen}
}
