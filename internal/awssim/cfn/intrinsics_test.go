package cfn

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// testScope has a parameter, a list, a mapping, two conditions and a resource.
func testScope() *scope {
	w := core.NewWorld("111122223333", "eu-west-1", 1, 1)
	t := &template{
		Parameters: map[string]parameter{"Port": {Type: "Number"}, "Zones": {Type: "CommaDelimitedList"}},
		Mappings:   map[string]any{"Sizes": map[string]any{"small": map[string]any{"cpu": "256", "many": []any{"1", "2"}}}},
	}
	s := newScope(w, "app", "arn:stack", t, map[string]string{"Port": "80", "Zones": "a, b"})
	s.conditions["Yes"], s.conditions["No"] = true, false
	s.ref = func(id string) (string, error) {
		if id != "Group" {
			return "", unresolved(id)
		}
		return "sg-1", nil
	}
	s.getAtt = func(id, attribute string) (any, error) {
		if id != "Group" || attribute != "VpcId" {
			return nil, invalid("Requested attribute %s does not exist in schema for %s", attribute, id)
		}
		return "vpc-1", nil
	}
	return s
}

func TestResolve(t *testing.T) {
	tests := map[string]struct {
		in, want string // JSON; an error's text if it starts with !
	}{
		"scalar":                {`7`, `7`},
		"ref parameter":         {`{"Ref":"Port"}`, `"80"`},
		"ref list":              {`{"Ref":"Zones"}`, `["a","b"]`},
		"ref resource":          {`{"Ref":"Group"}`, `"sg-1"`},
		"ref pseudo":            {`{"Ref":"AWS::Region"}`, `"eu-west-1"`},
		"ref unknown":           {`{"Ref":"Nope"}`, `!Unresolved resource dependencies [Nope]`},
		"ref not a string":      {`{"Ref":["Port"]}`, `!Every Ref object must have a single String value`},
		"no value in map":       {`{"a":{"Ref":"AWS::NoValue"},"b":1}`, `{"b":1}`},
		"no value in list":      {`[1,{"Fn::If":["Yes",{"Ref":"AWS::NoValue"},2]}]`, `[1]`},
		"getatt list":           {`{"Fn::GetAtt":["Group","VpcId"]}`, `"vpc-1"`},
		"getatt dotted":         {`{"Fn::GetAtt":"Group.VpcId"}`, `"vpc-1"`},
		"getatt unknown":        {`{"Fn::GetAtt":"Group.Nope"}`, `!Requested attribute Nope does not exist`},
		"getatt malformed":      {`{"Fn::GetAtt":["Group"]}`, `!requires two non-empty parameters`},
		"sub":                   {`{"Fn::Sub":"${AWS::StackName}-${Port}-${Group}-${Group.VpcId}"}`, `"app-80-sg-1-vpc-1"`},
		"sub with variables":    {`{"Fn::Sub":["${x}-${Port}",{"x":{"Ref":"Group"}}]}`, `"sg-1-80"`},
		"sub literal":           {`{"Fn::Sub":"a ${!Port} $x ${"}`, `"a ${Port} $x ${"`},
		"sub list":              {`{"Fn::Sub":"${Zones}"}`, `!does not resolve to a string`},
		"sub malformed":         {`{"Fn::Sub":["x"]}`, `!don't specify expected arguments`},
		"join":                  {`{"Fn::Join":["/",["a",{"Ref":"Port"},true]]}`, `"a/80/true"`},
		"join list parameter":   {`{"Fn::Join":["",{"Ref":"Zones"}]}`, `"ab"`},
		"join malformed":        {`{"Fn::Join":["/","a"]}`, `!requires a list`},
		"if true":               {`{"Fn::If":["Yes","a",{"Ref":"Nope"}]}`, `"a"`},
		"if false":              {`{"Fn::If":["No","a","b"]}`, `"b"`},
		"if unknown":            {`{"Fn::If":["Maybe","a","b"]}`, `!unresolved condition dependency Maybe`},
		"select":                {`{"Fn::Select":[1,{"Ref":"Zones"}]}`, `"b"`},
		"select text index":     {`{"Fn::Select":["0",["a"]]}`, `"a"`},
		"select out of range":   {`{"Fn::Select":[2,["a"]]}`, `!cannot select nonexistent value at index 2`},
		"split":                 {`{"Fn::Split":["-","a-b"]}`, `["a","b"]`},
		"select of split":       {`{"Fn::Select":[1,{"Fn::Split":["-",{"Ref":"Group"}]}]}`, `"1"`},
		"split by nothing":      {`{"Fn::Split":["","ab"]}`, `!two parameters`},
		"find in map":           {`{"Fn::FindInMap":["Sizes","small","cpu"]}`, `"256"`},
		"find in map, list":     {`{"Fn::FindInMap":["Sizes","small","many"]}`, `["1","2"]`},
		"find in map, unknown":  {`{"Fn::FindInMap":["Sizes","big","cpu"]}`, `!Unable to get mapping for Sizes::big::cpu`},
		"base64":                {`{"Fn::Base64":"hi"}`, `"aGk="`},
		"unknown function":      {`{"Fn::Nope":"x"}`, `!Encountered unsupported function: Fn::Nope`},
		"ref with a second key": {`{"Ref":"Port","x":1}`, `{"Ref":"Port","x":1}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var in, want any
			if err := json.Unmarshal([]byte(tc.in), &in); err != nil {
				t.Fatal(err)
			}
			got, err := testScope().resolve(in)
			if text, fails := strings.CutPrefix(tc.want, "!"); fails {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Fatalf("got %v, %v; want an error with %q", got, err, text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	tests := map[string]struct {
		in   string
		want string
	}{
		"equal":     {`{"C":{"Fn::Equals":[{"Ref":"Port"},80]}}`, "true"},
		"different": {`{"C":{"Fn::Equals":["a","b"]}}`, "false"},
		"not":       {`{"C":{"Fn::Not":[{"Fn::Equals":["a","b"]}]}}`, "true"},
		"and":       {`{"C":{"Fn::And":[{"Condition":"D"},{"Fn::Equals":["a","b"]}]},"D":{"Fn::Equals":["a","a"]}}`, "false"},
		"or":        {`{"C":{"Fn::Or":[{"Condition":"D"},{"Fn::Equals":["a","b"]}]},"D":{"Fn::Equals":["a","a"]}}`, "true"},
		"itself":    {`{"C":{"Fn::Not":[{"Condition":"C"}]}}`, "Circular dependency between conditions"},
		"unknown":   {`{"C":{"Condition":"D"}}`, "Unresolved condition dependency D"},
		"a value":   {`{"C":true}`, "must be a boolean function"},
		"one of or": {`{"C":{"Fn::Or":[{"Fn::Equals":["a","b"]}]}}`, "requires a list of 2 to 10"},
		"function":  {`{"C":{"Fn::Sub":"x"}}`, "unsupported function"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tmpl := &template{}
			if err := json.Unmarshal([]byte(tc.in), &tmpl.Conditions); err != nil {
				t.Fatal(err)
			}
			s := testScope()
			err := s.evaluateConditions(tmpl)
			got := strconv.FormatBool(s.conditions["C"])
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// FuzzTemplate feeds anything to the parser, the graph and the resolver; they
// refuse, but never panic.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`{"Resources":{"A":{"Type":"T","Properties":{"x":{"Fn::Sub":"${B.C} ${!x} ${"}},"DependsOn":"B"},"B":{"Type":"T"}}}`,
		`{"Parameters":{"P":{"Type":"Number","Default":1,"MinValue":0}},"Conditions":{"C":{"Fn::Equals":[{"Ref":"P"},1]}},"Resources":{"A":{"Type":"T","Condition":"C","Properties":{"x":{"Fn::If":["C",{"Ref":"P"},{"Ref":"AWS::NoValue"}]}}}},"Outputs":{"O":{"Value":{"Fn::GetAtt":"A.b"}}}}`,
		`{"Resources":{"A":{"Type":"T","Properties":{"x":[{"Fn::Select":[0,{"Fn::Split":[",","a,b"]}]},{"Fn::FindInMap":["a","b","c"]},{"Fn::Join":["",["a"]]},{"Fn::Base64":"x"}]}}}}`,
		"Resources:\n  A:\n    Type: T\n",
	} {
		f.Add(seed)
	}
	w := core.NewWorld("111122223333", "eu-west-1", 1, 1)
	known := map[string]core.Provider{"T": fakeProvider{}}
	f.Fuzz(func(_ *testing.T, body string) {
		tmpl, err := parseTemplate(body, known)
		if err != nil {
			return
		}
		values, err := tmpl.bindParameters(nil, nil)
		if err != nil {
			return
		}
		s := newScope(w, "app", "id", tmpl, values)
		if err := s.evaluateConditions(tmpl); err != nil {
			return
		}
		if _, err := tmpl.graph(s.conditions); err != nil {
			return
		}
		s.ref = func(id string) (string, error) { return "id-" + id, nil }
		s.getAtt = func(id, attribute string) (any, error) { return []any{id, attribute}, nil }
		for _, r := range tmpl.Resources {
			knownParts(r.Properties, s)
			_, _ = s.resolve(r.Properties)
		}
	})
}

// fakeProvider accepts every property and makes nothing.
type fakeProvider struct{}

func (fakeProvider) Type() string                  { return "T" }
func (fakeProvider) Validate(map[string]any) error { return nil }
func (fakeProvider) Create(ref core.StackRef, _ map[string]any, done func(core.Created, error)) {
	done(core.Created{PhysicalID: ref.LogicalID}, nil)
}
func (fakeProvider) Delete(_ core.StackRef, _ string, done func(error)) { done(nil) }
