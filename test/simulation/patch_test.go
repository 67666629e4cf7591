package simulation

import (
	"encoding/json"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// complete makes of an object that a merge patch is sent for what the API server
// makes of it: what the patch doesn't say stays as it is stored, whether the
// object has it or not.
func (c *cluster) complete(object client.Object, by client.Patch) {
	stored := c.find(kindOf(object), client.ObjectKeyFromObject(object))
	if stored == nil {
		return
	}
	text, err := by.Data(object)
	must(err)
	var changes, whole map[string]any
	must(json.Unmarshal(text, &changes))
	through(stored, &whole)
	mergePatch(whole, changes)
	version := object.GetResourceVersion()
	switch object := object.(type) {
	case *v1alpha1.ImmutableDeployment:
		*object = v1alpha1.ImmutableDeployment{}
	case *v1alpha1.ImmutableRevision:
		*object = v1alpha1.ImmutableRevision{}
	}
	through(whole, object)
	object.SetResourceVersion(version)
}

// mergePatch applies a JSON merge patch: null removes, lists are replaced.
func mergePatch(into, patch map[string]any) {
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		old, wasMap := into[key].(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isMap && wasMap:
			mergePatch(old, inner)
		default:
			into[key] = value
		}
	}
}
