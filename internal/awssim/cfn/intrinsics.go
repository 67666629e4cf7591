package cfn

import (
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// noValue is what Ref AWS::NoValue resolves to: the property is removed.
type noValue struct{}

// scope is what intrinsic functions of one stack can see.
type scope struct {
	pseudo     map[string]any
	parameters map[string]any
	mappings   map[string]any
	conditions map[string]bool
	// ref and getAtt look a resource up; they fail for one that does not
	// exist or isn't created yet.
	ref    func(logicalID string) (string, error)
	getAtt func(logicalID, attribute string) (any, error)
}

// newScope returns a scope without resources, as conditions see it.
func newScope(w *core.World, stackName, stackID string, t *template, parameters map[string]string) *scope {
	s := &scope{
		pseudo: map[string]any{
			"AWS::AccountId": w.Account, "AWS::Region": w.Region, "AWS::Partition": w.Partition,
			"AWS::URLSuffix": "amazonaws.com", "AWS::StackName": stackName, "AWS::StackId": stackID,
			"AWS::NotificationARNs": []any{}, "AWS::NoValue": noValue{},
		},
		parameters: map[string]any{},
		mappings:   t.Mappings,
		conditions: map[string]bool{},
	}
	for name, text := range parameters {
		s.parameters[name] = t.Parameters[name].value(text)
	}
	s.ref = func(id string) (string, error) { return "", unresolved(id) }
	s.getAtt = func(id, _ string) (any, error) { return nil, unresolved(id) }
	return s
}

func unresolved(id string) error {
	return invalid("Template format error: Unresolved resource dependencies [%s] in the Resources block of the template", id)
}

type intrinsic func(s *scope, arg any) (any, error)

// lookupIntrinsic returns the function of a supported name.
func lookupIntrinsic(name string) (intrinsic, bool) {
	switch name {
	case "Ref":
		return (*scope).doRef, true
	case "Fn::GetAtt":
		return (*scope).doGetAtt, true
	case "Fn::Sub":
		return (*scope).doSub, true
	case "Fn::Join":
		return (*scope).doJoin, true
	case "Fn::If":
		return (*scope).doIf, true
	case "Fn::Select":
		return (*scope).doSelect, true
	case "Fn::Split":
		return (*scope).doSplit, true
	case "Fn::FindInMap":
		return (*scope).doFindInMap, true
	case "Fn::Base64":
		return (*scope).doBase64, true
	default:
		return nil, false
	}
}

// resolve replaces every intrinsic function in v. The result of a removed
// property (AWS::NoValue) at the top is noValue.
func (s *scope) resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if core.IsIntrinsic(v) {
			return s.call(v)
		}
		return s.resolveMap(v)
	case []any:
		return s.resolveList(v)
	default:
		return v, nil
	}
}

func (s *scope) call(m map[string]any) (any, error) {
	for name, arg := range m {
		if f, ok := lookupIntrinsic(name); ok {
			return f(s, arg)
		}
		return nil, unsupportedFunction(name)
	}
	return nil, nil
}

func (s *scope) resolveMap(m map[string]any) (any, error) {
	out := make(map[string]any, len(m))
	for key, value := range m {
		resolved, err := s.resolve(value)
		if err != nil {
			return nil, err
		}
		if _, gone := resolved.(noValue); !gone {
			out[key] = resolved
		}
	}
	return out, nil
}

func (s *scope) resolveList(list []any) (any, error) {
	out := make([]any, 0, len(list))
	for _, value := range list {
		resolved, err := s.resolve(value)
		if err != nil {
			return nil, err
		}
		if _, gone := resolved.(noValue); !gone {
			out = append(out, resolved)
		}
	}
	return out, nil
}

// text resolves v to a string.
func (s *scope) text(function string, v any) (string, error) {
	resolved, err := s.resolve(v)
	if err != nil {
		return "", err
	}
	text, ok := core.ScalarText(resolved)
	if !ok {
		return "", invalid("Template error: every %s object must have string parameters", function)
	}
	return text, nil
}

func (s *scope) list(function string, v any) ([]any, error) {
	resolved, err := s.resolve(v)
	if err != nil {
		return nil, err
	}
	list, ok := resolved.([]any)
	if !ok {
		return nil, invalid("Template error: every %s object requires a list", function)
	}
	return list, nil
}

func (s *scope) doRef(arg any) (any, error) {
	name, ok := arg.(string)
	if !ok {
		return nil, invalid("Template format error: Every Ref object must have a single String value.")
	}
	return s.lookup(name)
}

func (s *scope) lookup(name string) (any, error) {
	if v, ok := s.pseudo[name]; ok {
		return v, nil
	}
	if v, ok := s.parameters[name]; ok {
		return v, nil
	}
	return s.ref(name)
}

func (s *scope) doGetAtt(arg any) (any, error) {
	id, attribute, err := getAttTarget(arg)
	if err != nil {
		return nil, err
	}
	if attribute, err = s.text("Fn::GetAtt", attribute); err != nil {
		return nil, err
	}
	return s.getAtt(id, attribute)
}

// getAttTarget splits both forms of Fn::GetAtt.
func getAttTarget(arg any) (id, attribute string, err error) {
	switch arg := arg.(type) {
	case string:
		if id, attribute, ok := strings.Cut(arg, "."); ok && id != "" && attribute != "" {
			return id, attribute, nil
		}
	case []any:
		if len(arg) == 2 {
			id, idOK := arg[0].(string)
			attribute, attributeOK := arg[1].(string)
			if idOK && attributeOK && id != "" && attribute != "" {
				return id, attribute, nil
			}
		}
	}
	return "", "", invalid("Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
}

func (s *scope) doSub(arg any) (any, error) {
	body, variables, err := subParts(arg)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	for _, part := range parseSub(body) {
		if part.variable == "" {
			out.WriteString(part.literal)
			continue
		}
		text, err := s.subVariable(part.variable, variables)
		if err != nil {
			return nil, err
		}
		out.WriteString(text)
	}
	return out.String(), nil
}

func (s *scope) subVariable(name string, variables map[string]any) (string, error) {
	if v, ok := variables[name]; ok {
		return s.text("Fn::Sub", v)
	}
	var (
		value any
		err   error
	)
	if id, attribute, dotted := strings.Cut(name, "."); dotted {
		value, err = s.getAtt(id, attribute)
	} else {
		value, err = s.lookup(name)
	}
	if err != nil {
		return "", err
	}
	text, ok := core.ScalarText(value)
	if !ok {
		return "", invalid("Template error: variable %s in Fn::Sub expression does not resolve to a string", name)
	}
	return text, nil
}

// subParts splits both forms of Fn::Sub.
func subParts(arg any) (body string, variables map[string]any, err error) {
	bad := invalid("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string")
	switch arg := arg.(type) {
	case string:
		return arg, nil, nil
	case []any:
		if len(arg) != 2 {
			return "", nil, bad
		}
		body, bodyOK := arg[0].(string)
		variables, mapOK := arg[1].(map[string]any)
		if !bodyOK || !mapOK {
			return "", nil, bad
		}
		return body, variables, nil
	default:
		return "", nil, bad
	}
}

// subPart is a piece of a Fn::Sub text: a literal, or a variable's name.
type subPart struct {
	literal  string
	variable string
}

// parseSub splits "${Name}" out of a text; "${!Name}" is the literal "${Name}"
// and an unclosed or empty "${" is kept as it is.
func parseSub(body string) []subPart {
	var parts []subPart
	for {
		start := strings.Index(body, "${")
		if start < 0 {
			return append(parts, subPart{literal: body})
		}
		length := strings.IndexByte(body[start:], '}')
		if length < 0 {
			return append(parts, subPart{literal: body})
		}
		name := strings.TrimSpace(body[start+2 : start+length])
		parts = append(parts, subPart{literal: body[:start]})
		switch {
		case strings.HasPrefix(name, "!"):
			parts = append(parts, subPart{literal: "${" + name[1:] + "}"})
		case name == "":
			parts = append(parts, subPart{literal: "${}"})
		default:
			parts = append(parts, subPart{variable: name})
		}
		body = body[start+length+1:]
	}
}

// arguments is the argument list of a function that needs n of them.
func arguments(function string, arg any, n int) ([]any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != n {
		return nil, invalid("Template error: every %s object requires %d parameters", function, n)
	}
	return list, nil
}

func (s *scope) doJoin(arg any) (any, error) {
	args, err := arguments("Fn::Join", arg, 2)
	if err != nil {
		return nil, err
	}
	separator, ok := args[0].(string)
	if !ok {
		return nil, invalid("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.")
	}
	list, err := s.list("Fn::Join", args[1])
	if err != nil {
		return nil, err
	}
	texts := make([]string, 0, len(list))
	for _, v := range list {
		text, err := s.text("Fn::Join", v)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, separator), nil
}

func (s *scope) doIf(arg any) (any, error) {
	args, err := arguments("Fn::If", arg, 3)
	if err != nil {
		return nil, err
	}
	name, ok := args[0].(string)
	holds, known := s.conditions[name]
	if !ok || !known {
		return nil, invalid("Template error: unresolved condition dependency %v in Fn::If", args[0])
	}
	if holds {
		return s.resolve(args[1])
	}
	return s.resolve(args[2])
}

func (s *scope) doSelect(arg any) (any, error) {
	args, err := arguments("Fn::Select", arg, 2)
	if err != nil {
		return nil, err
	}
	text, err := s.text("Fn::Select", args[0])
	if err != nil {
		return nil, err
	}
	list, err := s.list("Fn::Select", args[1])
	if err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(text)
	if err != nil || index < 0 || index >= len(list) {
		return nil, invalid("Template error: Fn::Select cannot select nonexistent value at index %s", text)
	}
	return list[index], nil
}

func (s *scope) doSplit(arg any) (any, error) {
	args, err := arguments("Fn::Split", arg, 2)
	if err != nil {
		return nil, err
	}
	separator, ok := args[0].(string)
	if !ok || separator == "" {
		return nil, invalid("Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split")
	}
	text, err := s.text("Fn::Split", args[1])
	if err != nil {
		return nil, err
	}
	list := []any{}
	for part := range strings.SplitSeq(text, separator) {
		list = append(list, part)
	}
	return list, nil
}

func (s *scope) doFindInMap(arg any) (any, error) {
	args, err := arguments("Fn::FindInMap", arg, 3)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(args))
	for i, v := range args {
		if keys[i], err = s.text("Fn::FindInMap", v); err != nil {
			return nil, err
		}
	}
	var at any = s.mappings
	for _, key := range keys {
		m, ok := at.(map[string]any)
		if !ok || m[key] == nil {
			return nil, invalid("Template error: Unable to get mapping for %s", strings.Join(keys, "::"))
		}
		at = m[key]
	}
	return at, nil
}
