package core

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Kind is the JSON shape of a CloudFormation property.
type Kind int

// The shapes a property can have. Scalars may be written as strings, as
// CloudFormation accepts "80" for 80 and "true" for true.
const (
	KindAny Kind = iota
	KindString
	KindInt
	KindNumber
	KindBool
	KindList
	KindObject
	KindMap
)

// Schema describes one property, or with KindObject all properties of a
// resource type.
type Schema struct {
	Kind Kind
	// Required makes the enclosing object refuse its absence.
	Required bool
	// Enum lists the allowed texts of a string; nil allows all.
	Enum []string
	// Fields are the known keys of a KindObject; others are refused.
	Fields map[string]Schema
	// Unsimulated marks what AWS takes and the simulator can't do.
	Unsimulated bool
	// Elem describes the elements of a KindList and the values of a KindMap;
	// nil allows anything.
	Elem *Schema
}

// String is an optional string, one of enum if any is given.
func String(enum ...string) Schema { return Schema{Kind: KindString, Enum: enum} }

// Int is an optional integer.
func Int() Schema { return Schema{Kind: KindInt} }

// Bool is an optional boolean.
func Bool() Schema { return Schema{Kind: KindBool} }

// ListOf is an optional list.
func ListOf(elem Schema) Schema { return Schema{Kind: KindList, Elem: &elem} }

// MapOf is an optional map with free keys.
func MapOf(elem Schema) Schema { return Schema{Kind: KindMap, Elem: &elem} }

// Object is an optional object with exactly these fields.
func Object(fields map[string]Schema) Schema { return Schema{Kind: KindObject, Fields: fields} }

// Must makes a schema required.
func Must(s Schema) Schema {
	s.Required = true
	return s
}

// TagList is the usual Tags property: a list of Key and Value.
func TagList() Schema {
	return ListOf(Object(map[string]Schema{"Key": Must(String()), "Value": Must(String())}))
}

// NotSimulated is a property that AWS takes and the simulator can't do: Validate
// takes it, whatever it is, and CheckSimulated refuses it.
func NotSimulated() Schema { return Schema{Unsimulated: true} }

// With is the object with more fields that aren't simulated.
func (s Schema) With(unsimulated ...string) Schema {
	s.Fields = maps.Clone(s.Fields)
	for _, name := range unsimulated {
		s.Fields[name] = NotSimulated()
	}
	return s
}

// CheckSimulated refuses resolved properties of which the simulator would have
// to ignore some.
func (s Schema) CheckSimulated(properties map[string]any) error {
	if path := s.unsimulated("", properties); path != "" {
		return Errorf("NotSimulated", "The property %s is not simulated", strings.TrimPrefix(path, "/"))
	}
	return nil
}

// unsimulated is the first property, in order of its name, that isn't simulated;
// "" if there is none.
func (s Schema) unsimulated(path string, v any) string {
	if s.Unsimulated {
		return path
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if found := s.Fields[key].unsimulated(path+"/"+key, v[key]); found != "" {
				return found
			}
		}
	case []any:
		for i, elem := range v {
			if found := s.elem().unsimulated(fmt.Sprintf("%s/%d", path, i), elem); found != "" {
				return found
			}
		}
	}
	return ""
}

// Validate checks a resource's properties in CloudFormation's wording, such as
// "#: required key [Port] not found" or "#: extraneous key [Prot] is not
// permitted"; several findings stand on lines of their own. Values that hold
// an unresolved intrinsic function are accepted anywhere.
func (s Schema) Validate(properties map[string]any) error {
	findings := s.check("#", properties)
	if len(findings) == 0 {
		return nil
	}
	return Errorf("InvalidRequest", "%s", strings.Join(findings, "\n"))
}

// IsIntrinsic tells whether v is an intrinsic function not yet resolved: an
// object with the single key "Ref" or "Fn::…".
func IsIntrinsic(v any) bool {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false
	}
	for key := range m {
		return key == "Ref" || strings.HasPrefix(key, "Fn::")
	}
	return false
}

func (s Schema) check(path string, v any) []string {
	if s.Kind == KindAny || IsIntrinsic(v) {
		return nil
	}
	switch s.Kind {
	case KindList:
		return s.checkList(path, v)
	case KindObject:
		return s.checkObject(path, v)
	case KindMap:
		return s.checkMap(path, v)
	default:
		return s.checkScalar(path, v)
	}
}

func (s Schema) checkList(path string, v any) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{wrongType(path, "JSONArray", v)}
	}
	var findings []string
	for i, elem := range list {
		findings = append(findings, s.elem().check(fmt.Sprintf("%s/%d", path, i), elem)...)
	}
	return findings
}

func (s Schema) checkMap(path string, v any) []string {
	m, ok := v.(map[string]any)
	if !ok {
		return []string{wrongType(path, "JSONObject", v)}
	}
	var findings []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		findings = append(findings, s.elem().check(path+"/"+key, m[key])...)
	}
	return findings
}

func (s Schema) checkObject(path string, v any) []string {
	m, ok := v.(map[string]any)
	if !ok {
		return []string{wrongType(path, "JSONObject", v)}
	}
	var findings []string
	for _, key := range slices.Sorted(maps.Keys(s.Fields)) {
		if _, present := m[key]; s.Fields[key].Required && !present {
			findings = append(findings, fmt.Sprintf("%s: required key [%s] not found", path, key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		field, known := s.Fields[key]
		if !known {
			findings = append(findings, fmt.Sprintf("%s: extraneous key [%s] is not permitted", path, key))
			continue
		}
		findings = append(findings, field.check(path+"/"+key, m[key])...)
	}
	return findings
}

func (s Schema) checkScalar(path string, v any) []string {
	text, ok := ScalarText(v)
	if !ok {
		return []string{wrongType(path, s.Kind.scalarName(), v)}
	}
	if !s.Kind.accepts(text) {
		return []string{wrongType(path, s.Kind.scalarName(), v)}
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		return []string{fmt.Sprintf("%s: %s is not a valid enum value", path, text)}
	}
	return nil
}

// accepts tells whether a scalar's text can be read as the kind.
func (k Kind) accepts(text string) bool {
	var err error
	switch k {
	case KindInt:
		_, err = strconv.ParseInt(text, 10, 64)
	case KindNumber:
		_, err = strconv.ParseFloat(text, 64)
	case KindBool:
		return text == "true" || text == "false"
	default:
	}
	return err == nil
}

func (s Schema) elem() Schema {
	if s.Elem == nil {
		return Schema{}
	}
	return *s.Elem
}

func (k Kind) scalarName() string {
	switch k {
	case KindInt:
		return "Integer"
	case KindNumber:
		return "Number"
	case KindBool:
		return "Boolean"
	default:
		return "String"
	}
}

func wrongType(path, want string, got any) string {
	found := "Null"
	switch got.(type) {
	case string:
		found = "String"
	case bool:
		found = "Boolean"
	case float64, int:
		found = "Number"
	case []any:
		found = "JSONArray"
	case map[string]any:
		found = "JSONObject"
	}
	return fmt.Sprintf("%s: expected type: %s, found: %s", path, want, found)
}

// ScalarText is a string, number or boolean as CloudFormation writes it.
func ScalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", false
		}
		return strconv.FormatFloat(v, 'f', -1, 64), true
	default:
		return "", false
	}
}
