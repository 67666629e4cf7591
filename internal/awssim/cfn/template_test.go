package cfn

import (
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

func TestTemplateRefusals(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"good":                 {`{"AWSTemplateFormatVersion":"2010-09-09","Resources":{"A":{"Type":"T"}}}`, ""},
		"good YAML":            {"Resources:\n  A:\n    Type: T\n", ""},
		"not JSON":             {`{"this is invalid JSON"="bobbins"}`, "Template format error: JSON not well-formed. (line 1, column 25)"},
		"not JSON further on":  {"{\n \"a\": 1,\n b}", "JSON not well-formed. (line 3, column 3)"},
		"half a JSON":          {`{"Resources":`, "JSON not well-formed"},
		"not a map":            {`hello`, "YAML not well-formed"},
		"YAML short form":      {"Resources:\n  A:\n    Type: !Ref B\n", "short-form"},
		"empty":                {`{"Resources":{}}`, "At least one Resources member must be defined."},
		"unknown section":      {`{"Resource":{}}`, "Invalid template property or properties [Resource]"},
		"unknown type":         {`{"Resources":{"A":{"Type":"AWS::No::Pe"}}}`, "Template format error: Unrecognized resource types: [AWS::No::Pe]"},
		"no type":              {`{"Resources":{"A":{}}}`, "[/Resources/A] Every Resources object must contain a Type member."},
		"logical ID":           {`{"Resources":{"A-b":{"Type":"T"}}}`, "Resource name A-b is non alphanumeric."},
		"resource member":      {`{"Resources":{"A":{"Type":"T","Propertys":{}}}}`, "Invalid template resource property 'Propertys'"},
		"null":                 {`{"Resources":{"A":{"Type":"T","Properties":{"x":[null]}}}}`, "[/Resources/A/Properties/x/0] 'null' values are not allowed in templates"},
		"deletion policy":      {`{"Resources":{"A":{"Type":"T","DeletionPolicy":"Keep"}}}`, "Unrecognized DeletionPolicy Keep for resource A"},
		"unresolved ref":       {`{"Resources":{"A":{"Type":"T","Properties":{"x":{"Ref":"B"}}}}}`, "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"},
		"unresolved depends":   {`{"Resources":{"A":{"Type":"T","DependsOn":["B"]}}}`, "Unresolved resource dependencies [B] in the Resources block"},
		"unresolved output":    {`{"Resources":{"A":{"Type":"T"}},"Outputs":{"O":{"Value":{"Fn::Sub":"${B}"}}}}`, "Unresolved resource dependencies [B] in the Outputs block of the template"},
		"undefined getatt":     {`{"Resources":{"A":{"Type":"T","Properties":{"x":{"Fn::GetAtt":"B.C"}}}}}`, "Template error: instance of Fn::GetAtt references undefined resource B"},
		"undefined condition":  {`{"Resources":{"A":{"Type":"T","Condition":"C"}}}`, "Unresolved condition dependency C in the Resources block of the template"},
		"unknown function":     {`{"Resources":{"A":{"Type":"T","Properties":{"x":{"Fn::Nope":1}}}}}`, "Encountered unsupported function: Fn::Nope"},
		"circular":             {`{"Resources":{"A":{"Type":"T","DependsOn":"B"},"B":{"Type":"T","Properties":{"x":{"Ref":"A"}}}}}`, "Circular dependency between resources: [A, B]"},
		"parameter type":       {`{"Parameters":{"P":{"Type":"Text"}},"Resources":{"A":{"Type":"T"}}}`, "Unrecognized parameter type: Text"},
		"parameter member":     {`{"Parameters":{"P":{"Type":"String","Max":1}},"Resources":{"A":{"Type":"T"}}}`, "Invalid template parameter property 'Max'"},
		"parameter unset":      {`{"Parameters":{"P":{"Type":"String"}},"Resources":{"A":{"Type":"T"}}}`, "Parameters: [P] must have values"},
		"parameter value":      {`{"Parameters":{"P":{"Type":"String","Default":"a","AllowedValues":["b"]}},"Resources":{"A":{"Type":"T"}}}`, "Parameter 'P' must be one of AllowedValues"},
		"parameter pattern":    {`{"Parameters":{"P":{"Type":"String","Default":"a","AllowedPattern":"[0-9]+"}},"Resources":{"A":{"Type":"T"}}}`, "Parameter 'P' failed to satisfy constraint: must match pattern [0-9]+"},
		"parameter bound":      {`{"Parameters":{"P":{"Type":"Number","Default":9,"MaxValue":8}},"Resources":{"A":{"Type":"T"}}}`, "must be a number not greater than 8"},
		"output without value": {`{"Resources":{"A":{"Type":"T"}},"Outputs":{"O":{}}}`, "Every Outputs member must contain a Value object"},
		"ref to an absent one": {`{"Conditions":{"C":{"Fn::Equals":["a","b"]}},"Resources":{"A":{"Type":"T","Condition":"C"},"B":{"Type":"T","Properties":{"x":{"Ref":"A"}}}}}`, "Unresolved resource dependencies [A]"},
		"not an object":        {`{"Resources":{"A":[]}}`, "Any Resources member must be an object."},
		"no number":            {`{"Parameters":{"P":{"Type":"Number","Default":"x"}},"Resources":{"A":{"Type":"T"}}}`, "Parameter 'P' must be a number."},
		"condition of Fn::If":  {`{"Resources":{"A":{"Type":"T","Properties":{"x":{"Fn::If":["C","a","b"]}}}}}`, "Template error: unresolved condition dependency C in Fn::If"},
		"unknown mapping":      {`{"Mappings":{"M":{"a":{"b":"c"}}},"Resources":{"A":{"Type":"T","Properties":{"x":{"Fn::FindInMap":["M","a","z"]}}}}}`, "Unable to get mapping for M::a::z"},
		"malformed mapping":    {`{"Mappings":{"M":{"a":"b"}},"Resources":{"A":{"Type":"T"}}}`, "Every Mappings attribute must be a map"},
		"bad index":            {`{"Resources":{"A":{"Type":"T","Properties":{"x":{"Fn::Select":[2,["a","b"]]}}}}}`, "cannot select nonexistent value at index 2"},
		"nothing to select":    {`{"Resources":{"A":{"Type":"T","Properties":{"x":{"Fn::Select":[0,"a"]}}}}}`, "Fn::Select object requires a list"},
		"split of one":         {`{"Resources":{"A":{"Type":"T","Properties":{"x":{"Fn::Split":[","]}}}}}`, "Fn::Split"},
		"beside a resource":    {`{"Resources":{"B":{"Type":"T"},"A":{"Type":"T","Properties":{"x":{"Fn::Join":["",[{"Ref":"B"},{"Fn::Select":[2,["a"]]}]]}}}}}`, "index 2"},
		"of a resource":        {`{"Resources":{"B":{"Type":"T"},"A":{"Type":"T","Properties":{"x":{"Fn::Select":[2,{"Fn::GetAtt":"B.List"}]}}}}}`, ""},
		"output of no resource": {`{"Conditions":{"C":{"Fn::Equals":["a","b"]}},"Resources":{"A":{"Type":"T","Condition":"C"},"B":{"Type":"T"}},"Outputs":{"O":{"Value":{"Ref":"A"}}}}`,
			"Unresolved resource dependencies [A] in the Outputs block of the template"},
		"branch not taken": {`{"Conditions":{"C":{"Fn::Equals":["a","b"]}},"Resources":{"A":{"Type":"T","Condition":"C"},"B":{"Type":"T","Properties":{"x":{"Fn::If":["C",{"Ref":"A"},"y"]}}}}}`, ""},
	}
	w := core.NewWorld("111122223333", "eu-west-1", 1, 1)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := accept(w, tc.in); err != nil {
				got = err.Error()
			}
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// accept does what CreateStack does with a template before it says yes.
func accept(w *core.World, body string) error {
	tmpl, err := parseTemplate(body, map[string]core.Provider{"T": fakeProvider{}})
	if err != nil {
		return err
	}
	values, err := tmpl.bindParameters(nil, nil)
	if err != nil {
		return err
	}
	s := newScope(w, "app", "id", tmpl, values)
	if err := s.evaluateConditions(tmpl); err != nil {
		return err
	}
	edges, err := tmpl.graph(s.conditions)
	if err != nil {
		return err
	}
	return (&stack{}).checkFunctions(tmpl, s, edges)
}
