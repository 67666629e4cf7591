package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/analysis"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

// pin resolves the images' tags to digests, so that every task of the revision
// runs the same image, whatever is pushed later. What people know the images by,
// their tags, is kept beside that. What this pass resolved already is taken as it
// is.
func (r *DeploymentReconciler) pin(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, source template.Source) (v1alpha1.RevisionTemplate, []v1alpha1.FrozenImage, error) {
	pinned, images := *imd.Spec.Template.DeepCopy(), view.clients.Images
	var frozen []v1alpha1.FrozenImage
	for _, image := range source.Images(&pinned) {
		found, known := view.pinned[*image.Ref]
		if !known {
			var err error
			found, err = resolve(ctx, imd.Spec.ImagePolicy, images, image)
			if cloud.IsNotFound(err) {
				err = r.missing(ctx, imd, view, image, err)
			}
			if err != nil {
				return pinned, nil, err
			}
		}
		_, digest, _ := strings.Cut(found.ref, "@")
		frozen = append(frozen, v1alpha1.FrozenImage{Container: image.Name, Image: *image.Ref, Digest: digest, PushedAt: timePtr(found.pushedAt)})
		*image.Ref = found.ref
	}
	return pinned, frozen, nil
}

// pinnedImage is what a reference to an image was resolved to.
type pinnedImage struct {
	// ref has the digest, where that is known.
	ref string
	// pushedAt is zero where that isn't known.
	pushedAt time.Time
}

// resolve tells which image a reference is now, by its digest where that is
// known, or refuses what the policy doesn't allow.
func resolve(ctx context.Context, policy v1alpha1.ImagePolicy, images cloud.Images, image template.Image) (pinnedImage, error) {
	digest, known, err := images.Digest(ctx, *image.Ref)
	switch {
	case cloud.KindOf(err) == cloud.KindInvalid:
		return pinnedImage{}, imageInvalid(image, err)
	case err != nil:
		return pinnedImage{}, err
	case !known && !policy.AllowsTag(*image.Ref):
		return pinnedImage{}, imageNotPinned(image)
	case !known:
		return pinnedImage{ref: *image.Ref}, nil
	}
	if err := checkImmutable(ctx, policy, images, image); err != nil {
		return pinnedImage{}, err
	}
	return pinnedImage{template.PinImage(*image.Ref, digest.SHA256), digest.PushedAt}, nil
}

// missing says that an image isn't there, and makes its repository where the
// user wants that.
func (r *DeploymentReconciler) missing(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, image template.Image, cause error) error {
	if !createsRepository(imd, cause) {
		return imageMissing(image, cause)
	}
	if err := view.allowRepository(image); err != nil {
		return err
	}
	err := view.clients.Images.CreateRepository(ctx, *image.Ref, r.claimOf(imd).Tags())
	if err != nil && !cloud.IsConflict(err) {
		return err
	}
	return repositoryCreated(image)
}

// createsRepository tells whether an image isn't there for want of its repository,
// which is to be created.
func createsRepository(imd *v1alpha1.ImmutableDeployment, cause error) bool {
	return cloud.IsRepositoryNotFound(cause) && imd.Spec.ImagePolicy.MissingRepository == v1alpha1.RepositoryCreate
}

// imageMissing says that an image, or its repository, isn't there.
func imageMissing(image template.Image, cause error) error {
	failed, _ := errors.AsType[*cloud.Error](cause)
	if cloud.IsRepositoryNotFound(cause) {
		return repositoryNotFound(image, failed.Message)
	}
	return imageNotFound(image, failed.Message)
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
	return tagMutable(image)
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
		scan, err := view.clients.Images.Scan(ctx, *image.Ref, source.Architecture(frozen))
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
	seen := view.revision(number)
	seen.Images.Result, seen.Images.Message = analysis.Images(*policy, scans, r.Now())
	return nil
}
