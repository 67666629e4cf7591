package cfn

import (
	"errors"
	"maps"
	"slices"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// errUnknown is the value of what depends on a resource that isn't made yet.
var errUnknown = errors.New("known only once the resource is made")

// checkFunctions refuses, before a stack is made, functions that can't be
// evaluated whatever the resources are: a key that a mapping doesn't have, an
// index beyond a list, an argument of the wrong shape. CreateStack answers with
// the error.
func (st *stack) checkFunctions(t *template, sc *scope, edges map[string][]string) error {
	static := *sc
	static.ref = func(string) (string, error) { return "", errUnknown }
	static.getAtt = func(string, string) (any, error) { return nil, errUnknown }
	for _, id := range slices.Sorted(maps.Keys(edges)) {
		if err := static.evaluate(takenBranches(t.Resources[id].Properties, sc.conditions)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Outputs)) {
		out := t.Outputs[name]
		if out.Condition != "" && !sc.conditions[out.Condition] {
			continue
		}
		value := takenBranches(out.Value, sc.conditions)
		if err := t.checkPresent(value, edges); err != nil {
			return err
		}
		if err := static.evaluate(value); err != nil {
			return err
		}
	}
	return nil
}

// evaluate evaluates every function in v, the inner ones first, so that one which
// depends on a resource doesn't hide another that is wrong.
func (s *scope) evaluate(v any) error {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := s.evaluate(v[key]); err != nil {
				return err
			}
		}
		if !core.IsIntrinsic(v) {
			return nil
		}
		if _, err := s.call(v); err != nil && !errors.Is(err, errUnknown) {
			return err
		}
	case []any:
		for _, elem := range v {
			if err := s.evaluate(elem); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkPresent refuses an output that refers to a resource which the stack
// doesn't have, since its condition is false.
func (t *template) checkPresent(value any, edges map[string][]string) error {
	refs, err := referencesOf(value)
	if err != nil {
		return err
	}
	for _, names := range []map[string]bool{refs.names, refs.attributes} {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			_, defined := t.Resources[name]
			if _, made := edges[name]; defined && !made {
				return t.unresolvedIn("Outputs", name)
			}
		}
	}
	return nil
}

// checkMappings refuses mappings of another shape than two levels of names.
func (t *template) checkMappings() error {
	for _, name := range slices.Sorted(maps.Keys(t.Mappings)) {
		keys, ok := t.Mappings[name].(map[string]any)
		if !ok {
			return invalid("Template format error: Every Mappings member must be a map")
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if _, ok := keys[key].(map[string]any); !ok {
				return invalid("Template format error: Every Mappings attribute must be a map: %s/%s", name, key)
			}
		}
	}
	return nil
}
