package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

func TestImageNames(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	tests := map[string]struct {
		image       v1alpha1.FrozenImage
		full, short string
	}{
		"tag":            {v1alpha1.FrozenImage{Image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/checkout:2.1.0", Digest: digest}, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/checkout:2.1.0@" + digest, "team/checkout:2.1.0@sha256:0123456789ab"},
		"digest":         {v1alpha1.FrozenImage{Image: "registry:5000/checkout@" + digest, Digest: digest}, "registry:5000/checkout@" + digest, "checkout@sha256:0123456789ab"},
		"tag and digest": {v1alpha1.FrozenImage{Image: "example.com/checkout:2@" + digest, Digest: digest}, "example.com/checkout:2@" + digest, "checkout:2@sha256:0123456789ab"},
		"not pinned":     {v1alpha1.FrozenImage{Image: "library/nginx:1.29"}, "library/nginx:1.29", "library/nginx:1.29"},
		"none":           {v1alpha1.FrozenImage{}, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := FullImage(tt.image); got != tt.full {
				t.Errorf("in full: %s, want %s", got, tt.full)
			}
			if got := ShortImage(tt.image); got != tt.short {
				t.Errorf("in short: %s, want %s", got, tt.short)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	containers := []v1alpha1.Container{
		{Name: "proxy", Image: "example.com/proxy@sha256:11"},
		{Name: "app", Image: "example.com/app@sha256:22", PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}}},
	}
	named := []v1alpha1.FrozenImage{{Container: "proxy", Image: "example.com/proxy:1", Digest: "sha256:11"}, {Container: "app", Image: "example.com/app:2", Digest: "sha256:22"}}
	serves := v1alpha1.RevisionTemplate{Containers: containers, Target: v1alpha1.Target{ContainerPort: 8080}}
	for name, tt := range map[string]struct {
		frozen v1alpha1.FrozenRevision
		want   v1alpha1.FrozenImage
	}{
		"of what gets the requests":   {v1alpha1.FrozenRevision{Template: serves, Images: named}, named[1]},
		"of a worker":                 {v1alpha1.FrozenRevision{Template: v1alpha1.RevisionTemplate{Containers: containers}, Images: named}, named[0]},
		"of a record without tags":    {v1alpha1.FrozenRevision{Template: serves}, v1alpha1.FrozenImage{Container: "app", Image: "example.com/app@sha256:22", Digest: "sha256:22"}},
		"of what is not known at all": {v1alpha1.FrozenRevision{}, v1alpha1.FrozenImage{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Version(&tt.frozen)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A revision that is made anew has the template in spec, with the images that ran.
func TestPinnedAs(t *testing.T) {
	wanted := v1alpha1.RevisionTemplate{CPU: "256", Containers: []v1alpha1.Container{
		{Name: "app", Image: "example.com/app:2", Command: []string{"run"}}, {Name: "proxy", Image: "example.com/proxy:1"}, {Name: "new", Image: "example.com/new:1"},
	}}
	ran := &v1alpha1.FrozenRevision{Template: v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{
		{Name: "proxy", Image: "example.com/proxy@sha256:11"}, {Name: "app", Image: "example.com/app@sha256:22"},
	}}}
	want := *wanted.DeepCopy()
	want.Containers[0].Image, want.Containers[1].Image = "example.com/app@sha256:22", "example.com/proxy@sha256:11"
	before := wanted.DeepCopy()
	if diff := cmp.Diff(want, PinnedAs(&wanted, ran)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(*before, wanted); diff != "" {
		t.Errorf("spec was changed:\n%s", diff)
	}
	if diff := cmp.Diff(wanted, PinnedAs(&wanted, &v1alpha1.FrozenRevision{})); diff != "" {
		t.Errorf("by a revision of another kind: %s", diff)
	}
}
