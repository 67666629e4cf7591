package template

// document is a CloudFormation template.
type document struct {
	Version     string `json:"AWSTemplateFormatVersion"`
	Description string
	Metadata    *metadata `json:",omitempty"`
	Parameters  map[string]parameter
	Resources   map[string]resource
	Outputs     map[string]output
}

// metadata describes the stack: CloudFormation keeps it but doesn't use it.
type metadata struct {
	Revision Record `json:"Viridian::Revision"`
}

type parameter struct {
	Type        string
	Description string
	MinValue    int
	MaxValue    int
}

type resource struct {
	Type                string
	DependsOn           []string `json:",omitempty"`
	DeletionPolicy      string   `json:",omitempty"`
	UpdateReplacePolicy string   `json:",omitempty"`
	Properties          any      `json:",omitempty"`
}

type output struct {
	Description string
	// Value is a string, a ref or a getAtt.
	Value any
}

// ref is the intrinsic function Ref.
type ref struct {
	LogicalID string `json:"Ref"`
}

// getAtt is the intrinsic function Fn::GetAtt of a logical ID and attribute.
type getAtt struct {
	Attribute [2]string `json:"Fn::GetAtt"`
}

// keyValue is a pair with the field names of ECS.
type keyValue struct {
	Name  string
	Value string
}
