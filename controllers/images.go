package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/analysis"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/template"
)

// pin resolves the images' tags to digests, so that every task of the revision
// runs the same image, whatever is pushed later.
func (r *DeploymentReconciler) pin(ctx context.Context, imd *v1alpha1.ImmutableDeployment, images cloud.Images, source template.Source) (v1alpha1.RevisionTemplate, error) {
	pinned := *imd.Spec.Template.DeepCopy()
	for _, image := range source.Images(&pinned) {
		digest, known, err := images.Digest(ctx, *image.Ref)
		switch {
		case cloud.IsNotFound(err):
			return pinned, r.missing(ctx, imd, images, image, err)
		case err != nil:
			return pinned, err
		case !known && imd.Spec.ImagePolicy.ForeignTags != v1alpha1.TagAllow:
			return pinned, refusal.New(v1alpha1.ReasonImageNotPinned,
				fmt.Sprintf("The image %s of %s isn't in Amazon ECR and has no digest, so that its tasks may run different images", *image.Ref, image.Of),
				"Name it by its digest (…@sha256:…), or set spec.imagePolicy.foreignTags: Allow")
		case !known:
			continue
		}
		if err := checkImmutable(ctx, imd.Spec.ImagePolicy, images, image); err != nil {
			return pinned, err
		}
		*image.Ref = template.PinImage(*image.Ref, digest)
	}
	return pinned, nil
}

// missing says that an image isn't there, and makes its repository where the
// user wants that.
func (r *DeploymentReconciler) missing(ctx context.Context, imd *v1alpha1.ImmutableDeployment, images cloud.Images, image template.Image, cause error) error {
	failed, _ := errors.AsType[*cloud.Error](cause)
	message := fmt.Sprintf("The image %s of %s is not in Amazon ECR: %s", *image.Ref, image.Of, failed.Message)
	if !cloud.IsRepositoryNotFound(cause) {
		return refusal.New(v1alpha1.ReasonImageNotFound, message, "Push the image, or correct spec.template.containers")
	}
	if imd.Spec.ImagePolicy.MissingRepository != v1alpha1.RepositoryCreate {
		return refusal.New(v1alpha1.ReasonRepositoryNotFound, message,
			"Create the repository and push the image, correct spec.template.containers, or set spec.imagePolicy.missingRepository: Create")
	}
	err := images.CreateRepository(ctx, *image.Ref, r.claimOf(imd).Tags())
	if err != nil && !cloud.IsConflict(err) {
		return err
	}
	return refusal.New(v1alpha1.ReasonImageNotFound,
		fmt.Sprintf("The repository of the image %s of %s was created and is empty", *image.Ref, image.Of), "Push the image")
}

// checkImmutable refuses a tag that others could move, where the user wants
// that.
func checkImmutable(ctx context.Context, policy v1alpha1.ImagePolicy, images cloud.Images, image template.Image) error {
	if policy.MutableTags != v1alpha1.TagDeny || strings.Contains(*image.Ref, "@") {
		return nil
	}
	repository, known, err := images.Repository(ctx, *image.Ref)
	if err != nil || !known || repository.Immutable {
		return err
	}
	return refusal.New(v1alpha1.ReasonImageNotPinned,
		fmt.Sprintf("The tag of the image %s of %s can be moved to another image, which spec.imagePolicy.mutableTags refuses", *image.Ref, image.Of),
		"Make the repository's tags immutable (aws ecr put-image-tag-mutability), or name the image by its digest")
}

// observeImages reads the scans of a revision's images, and judges them.
func (r *DeploymentReconciler) observeImages(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, number int64) error {
	policy := imd.Spec.ImagePolicy.Scan
	if policy == nil || number == 0 {
		return nil
	}
	frozen := &view.record(number).Spec.Frozen.Template
	source, err := template.SourceOf(frozen)
	if err != nil {
		return cannotBuild(err)
	}
	var scans []analysis.ImageScan
	for _, image := range source.Images(frozen) {
		seen := func(s analysis.ImageScan) bool { return s.Image == *image.Ref }
		if slices.ContainsFunc(scans, seen) {
			continue
		}
		scan, err := view.clients.Images.Scan(ctx, *image.Ref)
		switch kind := cloud.KindOf(err); {
		case kind == cloud.KindNotFound:
			scan = cloud.Scan{Status: cloud.ScanUnavailable, Description: "the image is not there any more"}
		case kind == cloud.KindInvalid:
			scan = cloud.Scan{Status: cloud.ScanUnavailable, Description: "only images with a digest in Amazon ECR have scans"}
		case err != nil:
			return err
		}
		scans = append(scans, analysis.ImageScan{Image: *image.Ref, Scan: scan})
	}
	for i := range view.facts.Revisions {
		if seen := &view.facts.Revisions[i]; seen.Number == number {
			seen.Images.Result, seen.Images.Message = analysis.Images(*policy, scans, r.Now())
		}
	}
	return nil
}
