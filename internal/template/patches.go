package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// maxPatchBytes is how large the values of all patches may be together.
const maxPatchBytes = 16 << 10

// patch returns the resources of a stack with the template's patches applied. Only
// properties of resources that were built can differ, and of these only those that
// patchable names. So no patch can change what the controller relies on, what
// policies restrict, or what makes the preview rule safe.
func patch(built map[string]resource, patches []v1alpha1.Patch) (map[string]resource, error) {
	if len(patches) == 0 {
		return built, nil
	}
	if err := checkPatchSize(patches); err != nil {
		return nil, err
	}
	before, err := treeOf(built)
	if err != nil {
		return nil, err
	}
	after := before
	for i := range patches {
		p := &patches[i]
		if after, err = applyOne(before, after, p); err != nil {
			return nil, fmt.Errorf("spec.template.patches[%d] (%s %s): %w", i, p.Op, p.Path, err)
		}
	}
	out := map[string]resource{}
	for id, r := range built {
		if p := propertiesIn(after, id); !reflect.DeepEqual(p, propertiesIn(before, id)) {
			r.Properties = p
		}
		out[id] = r
	}
	return out, nil
}

func checkPatchSize(patches []v1alpha1.Patch) error {
	size := 0
	for i := range patches {
		size += len(patches[i].Value)
	}
	if size > maxPatchBytes {
		return fmt.Errorf("the values of spec.template.patches have %d bytes and may have %d in all: "+
			"shorten them, or leave out what a field of spec.template says", size, maxPatchBytes)
	}
	return nil
}

// applyOne applies a patch to what earlier ones made of before. What it returns is
// decoded, checked and sent as one and the same: how a library reads JSON that
// is ambiguous makes no difference.
func applyOne(before, now map[string]any, p *v1alpha1.Patch) (map[string]any, error) {
	if err := checkOperation(before, p); err != nil {
		return nil, err
	}
	operation, err := json.Marshal([]*v1alpha1.Patch{p})
	if err != nil {
		return nil, fmt.Errorf("value is no JSON: %w", err)
	}
	decoded, err := jsonpatch.DecodePatch(operation)
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	document, err := encode(now)
	if err != nil {
		return nil, err
	}
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	patched, err := decoded.ApplyWithOptions(document, options)
	if err != nil {
		return nil, fmt.Errorf("can't be applied: %w. What it is applied to is the stack's template, "+
			"spec.frozen.templateBody of an ImmutableRevision", err)
	}
	after, err := decode(patched)
	if err != nil {
		return nil, err
	}
	if at := patchable.change("", before, after); at != "" {
		return nil, notPatchable(before, p, at)
	}
	return after, nil
}

// checkOperation refuses what makes no sense or is about a place that patches have
// nothing to do with, before anything is applied.
func checkOperation(before map[string]any, p *v1alpha1.Patch) error {
	switch p.Op {
	case v1alpha1.PatchAdd, v1alpha1.PatchReplace, v1alpha1.PatchTest:
		if len(p.Value) == 0 {
			return fmt.Errorf("%s needs a value", p.Op)
		}
	case v1alpha1.PatchMove, v1alpha1.PatchCopy:
		if resourceIn(p.From) != resourceIn(p.Path) {
			return fmt.Errorf("from is %s: take a value of the same resource, or write it out in value", p.From)
		}
	case v1alpha1.PatchRemove:
	default:
		return errors.New("op is add, remove, replace, move, copy or test")
	}
	_, exists := fieldOf(before, "Resources", resourceIn(p.Path))
	if _, known := patchable.fields["Resources"].fields[resourceIn(p.Path)]; !known || !exists {
		return notPatchable(before, p, p.Path)
	}
	return nil
}

// resourceIn is the logical ID of the resource that a path leads into; "" if it
// leads elsewhere.
func resourceIn(path string) string {
	if parts := strings.Split(path, "/"); len(parts) > 2 && parts[0] == "" && parts[1] == "Resources" {
		return parts[2]
	}
	return ""
}

// treeOf is the part of the stack's template that patches see. Each resource has
// Properties in it, so that a path doesn't depend on whether there are any.
func treeOf(built map[string]resource) (map[string]any, error) {
	body, err := encode(map[string]any{"Resources": built})
	if err != nil {
		return nil, err
	}
	tree, err := decode(body)
	if err != nil {
		return nil, err
	}
	for id := range built {
		if _, has := fieldOf(tree, "Resources", id, "Properties"); !has {
			of, _ := fieldOf(tree, "Resources", id)
			of.(map[string]any)["Properties"] = map[string]any{}
		}
	}
	return tree, nil
}

func propertiesIn(tree map[string]any, id string) map[string]any {
	p, _ := fieldOf(tree, "Resources", id, "Properties")
	properties, _ := p.(map[string]any)
	return properties
}

// fieldOf is what keys lead to in a tree.
func fieldOf(tree any, keys ...string) (value any, found bool) {
	for _, key := range keys {
		object, ok := tree.(map[string]any)
		if !ok {
			return nil, false
		}
		if tree, ok = object[key]; !ok {
			return nil, false
		}
	}
	return tree, true
}

// decode reads an object, and keeps numbers as they are written.
func decode(body []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var tree map[string]any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read the patched template: %w", err)
	}
	return tree, nil
}

// explainPatches names the patches that changed a resource which failed; "" if
// there are none.
func explainPatches(t *v1alpha1.RevisionTemplate, failed string) string {
	var names []string
	for i := range t.Patches {
		if p := &t.Patches[i]; p.Op != v1alpha1.PatchTest && resourceIn(p.Path) == failed {
			names = append(names, fmt.Sprintf("spec.template.patches[%d]", i))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(" (changed by %s)", strings.Join(names, ", "))
}
