package cfn

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// noEcho is what CloudFormation shows instead of a NoEcho parameter's value.
const noEcho = "****"

// parameter is one entry of the Parameters section.
type parameter struct {
	Type        string
	Default     *string
	Description string
	NoEcho      bool

	allowed    []string
	pattern    *regexp.Regexp
	constraint string
	minLength  int
	maxLength  int // -1 is no limit
	minValue   *float64
	maxValue   *float64
}

var parameterMembers = []string{
	"Type", "Default", "Description", "NoEcho", "AllowedValues", "AllowedPattern",
	"ConstraintDescription", "MinLength", "MaxLength", "MinValue", "MaxValue",
}

func (t *template) parseParameters(doc map[string]any) error {
	members, err := section(doc, "Parameters")
	if err != nil {
		return err
	}
	t.Parameters = map[string]parameter{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		m, ok := members[name].(map[string]any)
		if !ok {
			return invalid("Template format error: Every Parameters member must be a map: %s", name)
		}
		if unknown := unknownKeys(m, parameterMembers); len(unknown) > 0 {
			return invalid("Invalid template parameter property '%s'", unknown[0])
		}
		p, err := parseParameter(name, m)
		if err != nil {
			return err
		}
		t.Parameters[name] = p
	}
	return nil
}

func parseParameter(name string, m map[string]any) (parameter, error) {
	p := parameter{maxLength: -1}
	if p.Type, _ = m["Type"].(string); !knownParameterType(p.Type) {
		return p, invalid("Template format error: Unrecognized parameter type: %s", p.Type)
	}
	if text, ok := core.ScalarText(m["Default"]); ok {
		p.Default = &text
	}
	p.Description, _ = m["Description"].(string)
	p.constraint, _ = m["ConstraintDescription"].(string)
	noEcho, _ := core.ScalarText(m["NoEcho"])
	p.NoEcho = noEcho == "true"
	if list, ok := m["AllowedValues"].([]any); ok {
		for _, v := range list {
			text, _ := core.ScalarText(v)
			p.allowed = append(p.allowed, text)
		}
	}
	if pattern, ok := m["AllowedPattern"].(string); ok {
		var err error
		if p.pattern, err = regexp.Compile("^(?:" + pattern + ")$"); err != nil {
			return p, invalid("Template format error: Parameter '%s' has an invalid AllowedPattern: %s", name, pattern)
		}
	}
	return p, p.parseBounds(name, m)
}

func (p *parameter) parseBounds(name string, m map[string]any) error {
	for key, set := range map[string]func(float64){
		"MinLength": func(f float64) { p.minLength = int(f) },
		"MaxLength": func(f float64) { p.maxLength = int(f) },
		"MinValue":  func(f float64) { p.minValue = &f },
		"MaxValue":  func(f float64) { p.maxValue = &f },
	} {
		v, there := m[key]
		if !there {
			continue
		}
		text, _ := core.ScalarText(v)
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return invalid("Template format error: %s of parameter %s must be a number", key, name)
		}
		set(f)
	}
	return nil
}

func knownParameterType(t string) bool {
	if t == "String" || t == "Number" || t == "CommaDelimitedList" || t == "List<Number>" || t == "List<String>" {
		return true
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(t, "List<"), ">")
	return strings.HasPrefix(inner, "AWS::EC2::") && strings.HasSuffix(inner, "::Id")
}

func (p parameter) isList() bool {
	return p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")
}

// value is what Ref to the parameter returns.
func (p parameter) value(text string) any {
	if !p.isList() {
		return text
	}
	list := []any{}
	for item := range strings.SplitSeq(text, ",") {
		list = append(list, strings.TrimSpace(item))
	}
	return list
}

// check refuses a value that the parameter's constraints exclude.
func (p parameter) check(name, text string) error {
	if len(p.allowed) > 0 && !slices.Contains(p.allowed, text) {
		return invalid("Parameter '%s' must be one of AllowedValues", name)
	}
	if p.pattern != nil && !p.pattern.MatchString(text) {
		return p.refuse(name, "must match pattern "+strings.TrimSuffix(strings.TrimPrefix(p.pattern.String(), "^(?:"), ")$"))
	}
	if len(text) < p.minLength {
		return p.refuse(name, "must have a minimum length of "+strconv.Itoa(p.minLength))
	}
	if p.maxLength >= 0 && len(text) > p.maxLength {
		return p.refuse(name, "must have a maximum length of "+strconv.Itoa(p.maxLength))
	}
	if p.Type == "Number" {
		return p.checkNumber(name, text)
	}
	return nil
}

func (p parameter) checkNumber(name, text string) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return invalid("Parameter '%s' must be a number.", name)
	}
	if p.minValue != nil && f < *p.minValue {
		return p.refuse(name, "must be a number not less than "+strconv.FormatFloat(*p.minValue, 'f', -1, 64))
	}
	if p.maxValue != nil && f > *p.maxValue {
		return p.refuse(name, "must be a number not greater than "+strconv.FormatFloat(*p.maxValue, 'f', -1, 64))
	}
	return nil
}

func (p parameter) refuse(name, constraint string) error {
	if p.constraint != "" {
		constraint = p.constraint
	}
	return invalid("Parameter '%s' failed to satisfy constraint: %s", name, constraint)
}

// bindParameters checks the given values against the template's parameters and
// completes them with the defaults and, for UsePreviousValue, the previous ones.
func (t *template) bindParameters(given []parameterIn, previous map[string]string) (map[string]string, error) {
	values := map[string]string{}
	var unknown, missing []string
	for _, in := range given {
		if _, known := t.Parameters[in.ParameterKey]; !known {
			unknown = append(unknown, in.ParameterKey)
			continue
		}
		text := in.ParameterValue
		if in.UsePreviousValue {
			text = previous[in.ParameterKey]
		}
		values[in.ParameterKey] = text
	}
	if len(unknown) > 0 {
		return nil, invalid("Parameters: [%s] do not exist in the template", strings.Join(unknown, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(t.Parameters)) {
		if _, there := values[name]; there {
			continue
		}
		if t.Parameters[name].Default == nil {
			missing = append(missing, name)
			continue
		}
		values[name] = *t.Parameters[name].Default
	}
	if len(missing) > 0 {
		return nil, invalid("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := t.Parameters[name].check(name, values[name]); err != nil {
			return nil, err
		}
	}
	return values, nil
}
