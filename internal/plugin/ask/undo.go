package ask

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// UndoTarget is the number of the revision to go back to if nobody named one: what
// serves, if spec asks for something else, or else what served before it.
func UndoTarget(imd *v1alpha1.ImmutableDeployment) (int64, error) {
	s := &imd.Status
	switch {
	case s.ObservedGeneration != imd.Generation:
		return 0, errors.New("the controller has not seen the last change of spec yet, so what it would be undone to isn't known: name a revision by --to-revision")
	case s.Stable == 0:
		return 0, errors.New("no revision serves yet, so there is nothing to go back to")
	case s.Rollout != nil && s.Rollout.Revision != s.Stable:
		return s.Stable, nil
	}
	if number := servedBefore(imd); number != 0 {
		return number, nil
	}
	return 0, fmt.Errorf("nothing served before %s, as far as its history tells: name a revision by --to-revision", nameOf(imd, s.Stable))
}

// servedBefore is the number of the revision that served before the one that
// serves; 0 if the history doesn't tell.
func servedBefore(imd *v1alpha1.ImmutableDeployment) int64 {
	for i := range imd.Status.History {
		e := &imd.Status.History[i]
		if e.Outcome.Good() && e.Revision == nameOf(imd, imd.Status.Stable) {
			number, err := strconv.ParseInt(strings.TrimPrefix(e.From, imd.Name+"-"), 10, 64)
			if err == nil {
				return number
			}
		}
	}
	return 0
}

// Compared are the numbers of the revisions that are compared if nobody named any:
// what serves and what was rolled out last, or what served before and what serves.
func Compared(imd *v1alpha1.ImmutableDeployment) (from, to int64, err error) {
	s := &imd.Status
	if r := s.Rollout; r != nil && r.Revision != s.Stable && s.Stable != 0 {
		return s.Stable, r.Revision, nil
	}
	if number := servedBefore(imd); number != 0 {
		return number, s.Stable, nil
	}
	return 0, 0, errors.New("there are no two revisions of which the one replaced the other, as far as the history tells: name them by --from and --to")
}

// Asks tells whether spec asks for a revision's template already.
func Asks(imd *v1alpha1.ImmutableDeployment, frozen *v1alpha1.FrozenRevision) bool {
	return template.Hash(imd.Spec.Template) == frozen.TemplateHash
}

// Written is the template of a revision as it was written: with images by their
// tags, and values of parameters and secrets by their names. Applied again, it is
// that of the same revision. It fails if it can't be had exactly, as where a newer
// API has fields that are unknown here.
func Written(frozen *v1alpha1.FrozenRevision) (*v1alpha1.RevisionTemplate, error) {
	// References below parameterPath may be written with it or without.
	for _, relative := range []bool{true, false} {
		t := frozen.Template.DeepCopy()
		unpin(t, frozen.Images)
		if frozen.Configuration != nil {
			unfreeze(t, frozen.Configuration.Entries, relative)
		}
		if template.Hash(*t) == frozen.TemplateHash {
			return t, nil
		}
	}
	return nil, errors.New("its template can't be told as it was written: use a plugin of the version of the CRDs, or apply the manifest of that version again")
}

// unpin names images as they were named.
func unpin(t *v1alpha1.RevisionTemplate, images []v1alpha1.FrozenImage) {
	source, err := template.SourceOf(t)
	if err != nil {
		return // which the hash tells
	}
	named := map[string]string{}
	for _, image := range images {
		named[image.Container] = image.Image
	}
	for _, image := range source.Images(t) {
		if name, known := named[image.Name]; known {
			*image.Ref = name
		}
	}
}

// unfreeze refers to parameters and secrets as they were referred to.
func unfreeze(t *v1alpha1.RevisionTemplate, entries []v1alpha1.FrozenReference, relative bool) {
	for _, e := range entries {
		name := e.Source
		if path := strings.TrimSuffix(t.ParameterPath, "/") + "/"; relative && t.ParameterPath != "" {
			name = strings.TrimPrefix(name, path)
		}
		for i := range t.Containers {
			if c := &t.Containers[i]; c.Name == e.Container {
				refer(c, e.In, e.Name, name)
			}
		}
	}
}

// refer has a container get a value from where it comes from.
func refer(c *v1alpha1.Container, in v1alpha1.ReferencePlace, name, from string) {
	secrets := c.Secrets
	switch in {
	case v1alpha1.InEnvironment:
		for i := range c.Environment {
			if e := &c.Environment[i]; e.Name == name {
				e.Value, e.ValueFrom = "", &v1alpha1.ValueSource{SSM: from}
			}
		}
		return
	case v1alpha1.InLogOptions:
		if c.LogConfiguration == nil {
			return
		}
		secrets = c.LogConfiguration.SecretOptions
	case v1alpha1.InSecrets:
	}
	for i := range secrets {
		if secrets[i].Name == name {
			secrets[i].ValueFrom = from
		}
	}
}
