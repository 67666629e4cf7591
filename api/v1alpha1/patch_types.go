package v1alpha1

import "encoding/json"

// Operations of a patch.
const (
	PatchAdd     = "add"
	PatchRemove  = "remove"
	PatchReplace = "replace"
	PatchMove    = "move"
	PatchCopy    = "copy"
	PatchTest    = "test"
)

// Patch is an operation of a JSON Patch (RFC 6902) on the CloudFormation template
// of a revision's stack.
//
// +kubebuilder:validation:XValidation:rule="has(self.from) == (self.op in ['move', 'copy'])",message="from of spec.template.patches says from where move and copy take a value: add it for these, and leave it out for others"
type Patch struct {
	// op is what is done at path: add, remove, replace, move, copy or test.
	// +required
	// +kubebuilder:validation:Enum=add;remove;replace;move;copy;test
	Op string `json:"op,omitempty"`

	// path is a JSON Pointer (RFC 6901) to what is changed, such as
	// /Resources/LogGroup/Properties/KmsKeyId.
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^/Resources/[A-Za-z]+/Properties/.')",message="path of spec.template.patches begins with /Resources/, the name of a resource and /Properties/: for example /Resources/LogGroup/Properties/KmsKeyId"
	Path string `json:"path,omitempty"`

	// from is a JSON Pointer to what move and copy take, within the same resource.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	From string `json:"from,omitempty"`

	// value that add and replace write, and that test expects: any JSON, in the
	// words of CloudFormation. The values of all patches may have 16 KiB in all.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	Value json.RawMessage `json:"value,omitempty"`
}
