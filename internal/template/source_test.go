package template

import (
	"errors"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Images are pinned in the template itself.
func TestImagesOfContainers(t *testing.T) {
	in := &v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{{Name: "app", Image: "app:1"}, {Name: "proxy", Image: "proxy:1"}}}
	source, err := SourceOf(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range source.Images(in) {
		*image.Ref += "@pinned"
	}
	if in.Containers[0].Image != "app:1@pinned" || in.Containers[1].Image != "proxy:1@pinned" {
		t.Errorf("pinned %+v", in.Containers)
	}
}

// A template that only a newer version knows, whose CRDs are installed already,
// makes no stack without containers.
func TestUnknownSource(t *testing.T) {
	if _, err := SourceOf(&v1alpha1.RevisionTemplate{}); !errors.Is(err, ErrUnknownSource) {
		t.Errorf("got %v", err)
	}
}
