package template

import (
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// FrozenImages are the images of a revision as they were named, and what each
// was pinned to. A revision from before that was recorded has its pinned images
// only.
func FrozenImages(frozen *v1alpha1.FrozenRevision) []v1alpha1.FrozenImage {
	if len(frozen.Images) > 0 {
		return frozen.Images
	}
	source, err := SourceOf(&frozen.Template)
	if err != nil {
		return nil
	}
	var out []v1alpha1.FrozenImage
	for _, image := range source.Images(&frozen.Template) {
		_, digest, _ := strings.Cut(*image.Ref, "@")
		out = append(out, v1alpha1.FrozenImage{Container: image.Name, Image: *image.Ref, Digest: digest})
	}
	return out
}

// PinnedAs is a template with the images that a revision of the same template was
// frozen with.
func PinnedAs(t *v1alpha1.RevisionTemplate, frozen *v1alpha1.FrozenRevision) v1alpha1.RevisionTemplate {
	pinned := *t.DeepCopy()
	source, err := SourceOf(&frozen.Template)
	if err != nil {
		return pinned
	}
	refs := map[string]string{}
	for _, image := range source.Images(&frozen.Template) {
		refs[image.Name] = *image.Ref
	}
	for _, image := range source.Images(&pinned) {
		if ref, known := refs[image.Name]; known {
			*image.Ref = ref
		}
	}
	return pinned
}

// Version is the image that tells a revision from others: that of the container
// which gets the requests, or of the first one. The zero value means that there
// is none.
func Version(frozen *v1alpha1.FrozenRevision) v1alpha1.FrozenImage {
	images := FrozenImages(frozen)
	name, _ := targetContainer(frozen.Template) // a worker has none
	for _, image := range images {
		if image.Container == name {
			return image
		}
	}
	if len(images) == 0 {
		return v1alpha1.FrozenImage{}
	}
	return images[0]
}

// FullImage names an image by registry, repository, tag and digest.
func FullImage(image v1alpha1.FrozenImage) string {
	named, _, _ := strings.Cut(image.Image, "@")
	if image.Digest == "" {
		return image.Image
	}
	return named + "@" + image.Digest
}

// digestShown is how many hexadecimal digits of a digest tell it from others in
// a table.
const digestShown = 12

// ShortImage names an image for a table: without its registry, and with the
// beginning of its digest.
func ShortImage(image v1alpha1.FrozenImage) string {
	full := FullImage(image)
	if registry, rest, found := strings.Cut(full, "/"); found && strings.ContainsAny(registry, ".:") {
		full = rest
	}
	named, digest, pinned := strings.Cut(full, "@")
	if !pinned {
		return named
	}
	algorithm, hex, _ := strings.Cut(digest, ":")
	return named + "@" + algorithm + ":" + hex[:min(digestShown, len(hex))]
}
