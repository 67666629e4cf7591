package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Change is a value that differs between two revisions; "" where one doesn't have
// it.
type Change struct {
	Path string `json:"path"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Difference is what differs between two revisions.
type Difference struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Images by container, with their digests.
	Images []Change `json:"images"`
	// Configuration are parameters and secrets, with the versions that are held.
	Configuration []Change `json:"configuration"`
	// Template is the rest of the template, by paths below spec.template.
	Template []Change `json:"template"`
}

// DiffOf compares two revisions.
func DiffOf(from, to *v1alpha1.ImmutableRevision) (Difference, error) {
	d := Difference{From: from.Name, To: to.Name}
	d.Images = changes(images(&from.Spec.Frozen), images(&to.Spec.Frozen))
	d.Configuration = changes(held(&from.Spec.Frozen), held(&to.Spec.Frozen))
	before, err := leaves(&from.Spec.Frozen)
	if err != nil {
		return d, err
	}
	after, err := leaves(&to.Spec.Frozen)
	if err != nil {
		return d, err
	}
	d.Template = changes(before, after)
	return d, nil
}

// images are those of a revision, as they were named and pinned, by container.
func images(f *v1alpha1.FrozenRevision) map[string]string {
	out := map[string]string{}
	for _, image := range f.Images {
		named, _, _ := strings.Cut(image.Image, "@")
		out[image.Container] = image.Image
		if image.Digest != "" {
			out[image.Container] = named + "@" + image.Digest
		}
	}
	return out
}

// held are the parameters and secrets of a revision by where they go.
func held(f *v1alpha1.FrozenRevision) map[string]string {
	out := map[string]string{}
	if f.Configuration == nil {
		return out
	}
	for _, e := range f.Configuration.Entries {
		text := e.Source
		if e.Version != "" {
			text += " version " + e.Version
		}
		if !e.Pinned {
			text += " (not pinned)"
		}
		out[place(e.Container, e.In, e.Name)] = text
	}
	return out
}

// place is where in a template a value goes.
func place(container string, in v1alpha1.ReferencePlace, name string) string {
	field := map[v1alpha1.ReferencePlace]string{
		v1alpha1.InEnvironment: "environment", v1alpha1.InSecrets: "secrets", v1alpha1.InLogOptions: "logConfiguration.secretOptions",
	}[in]
	return fmt.Sprintf("containers[%s].%s[%s]", container, field, name)
}

// leaves are the values of a template by their paths, but for images and for what
// is held of the values that it refers to.
func leaves(f *v1alpha1.FrozenRevision) (map[string]string, error) {
	body, err := json.Marshal(f.Template)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(body, &tree); err != nil {
		return nil, err
	}
	out := map[string]string{}
	flatten(out, "", tree)
	skip := slices.Collect(maps.Keys(held(f)))
	for container := range images(f) {
		skip = append(skip, "containers["+container+"].image")
	}
	maps.DeleteFunc(out, func(path, _ string) bool {
		return slices.ContainsFunc(skip, func(s string) bool { return path == s || strings.HasPrefix(path, s+".") })
	})
	return out, nil
}

// flatten adds the values below a path. Elements of a list are told apart by their
// name where they have one, so that one more doesn't move all others.
func flatten(out map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if path != "" {
				key = path + "." + key
			}
			flatten(out, key, inner)
		}
	case []any:
		for i, inner := range v {
			key, name := keyOf(i, inner)
			flatten(out, fmt.Sprintf("%s[%s]", path, name), inner)
			if fields, _ := inner.(map[string]any); key != "" && len(fields) > 1 {
				delete(out, fmt.Sprintf("%s[%s].%s", path, name, key)) // which the path tells
			}
		}
	case string:
		out[path] = v
	default:
		text, _ := json.Marshal(v) // numbers and booleans
		out[path] = string(text)
	}
}

// keyOf is the field that names an element of a list, "" if none does, and its name.
func keyOf(i int, element any) (key, name string) {
	fields, _ := element.(map[string]any)
	for _, key := range []string{"name", "key", "containerName", "sourceVolume"} {
		if name, ok := fields[key].(string); ok {
			return key, name
		}
	}
	return "", fmt.Sprint(i)
}

// changes are the values that differ, by path.
func changes(from, to map[string]string) []Change {
	out := []Change{}
	for path, before := range from {
		if after := to[path]; after != before {
			out = append(out, Change{path, before, after})
		}
	}
	for path, after := range to {
		if _, known := from[path]; !known {
			out = append(out, Change{path, "", after})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Diff shows what differs between two revisions.
func (s *Screen) Diff(d *Difference) string {
	var out strings.Builder
	out.WriteString(s.paint(bold, d.From+" → "+d.To) + "\n")
	none := true
	for _, part := range []struct {
		title   string
		changes []Change
	}{{"Images", d.Images}, {"Configuration", d.Configuration}, {"Template", d.Template}} {
		if len(part.changes) == 0 {
			continue
		}
		none = false
		out.WriteString("\n" + s.paint(bold, part.title) + "\n")
		for _, c := range part.changes {
			out.WriteString("  " + c.Path + "\n")
			s.side(&out, red, "- ", c.From)
			s.side(&out, green, "+ ", c.To)
		}
	}
	if none {
		out.WriteString("\nTheir templates are the same.\n")
	}
	return out.String()
}

// side shows one side of a change, line by line.
func (s *Screen) side(out *strings.Builder, style, mark, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		out.WriteString("    " + s.paint(style, mark+line) + "\n")
	}
}
