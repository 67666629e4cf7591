package cfn

import (
	"encoding/base64"
	"maps"
	"slices"
)

func (s *scope) doBase64(arg any) (any, error) {
	text, err := s.text("Fn::Base64", arg)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.EncodeToString([]byte(text)), nil
}

// conditionEvaluator evaluates a template's Conditions section; a condition may
// use others, but not itself.
type conditionEvaluator struct {
	scope   *scope
	defs    map[string]any
	pending map[string]bool
}

// evaluateConditions fills the scope's conditions.
func (s *scope) evaluateConditions(t *template) error {
	e := conditionEvaluator{scope: s, defs: t.Conditions, pending: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(t.Conditions)) {
		if _, err := e.named(name); err != nil {
			return err
		}
	}
	return nil
}

func (e *conditionEvaluator) named(name string) (bool, error) {
	if holds, done := e.scope.conditions[name]; done {
		return holds, nil
	}
	def, known := e.defs[name]
	if !known {
		return false, invalid("Template format error: Unresolved condition dependency %s in the Conditions block of the template", name)
	}
	if e.pending[name] {
		return false, invalid("Template error: Circular dependency between conditions: [%s]", name)
	}
	e.pending[name] = true
	holds, err := e.expression(def)
	if err != nil {
		return false, err
	}
	e.scope.conditions[name] = holds
	return holds, nil
}

func (e *conditionEvaluator) expression(v any) (bool, error) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false, invalid("Template format error: Every Conditions member must be a boolean function.")
	}
	for name, arg := range m {
		return e.function(name, arg)
	}
	return false, nil
}

func (e *conditionEvaluator) function(name string, arg any) (bool, error) {
	switch name {
	case "Condition":
		text, ok := arg.(string)
		if !ok {
			return false, invalid("Template format error: Every Condition member must be a string.")
		}
		return e.named(text)
	case "Fn::Equals":
		return e.equals(arg)
	case "Fn::Not":
		holds, err := e.all(name, arg, 1, 1)
		return err == nil && !holds[0], err
	case "Fn::And":
		holds, err := e.all(name, arg, 2, 10)
		return err == nil && !slices.Contains(holds, false), err
	case "Fn::Or":
		holds, err := e.all(name, arg, 2, 10)
		return slices.Contains(holds, true), err
	default:
		return false, unsupportedFunction(name)
	}
}

// all evaluates every operand; CloudFormation does not short-circuit errors.
func (e *conditionEvaluator) all(function string, arg any, least, most int) ([]bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) < least || len(list) > most {
		return nil, invalid("Template error: every %s object requires a list of %d to %d boolean parameters.", function, least, most)
	}
	holds := make([]bool, len(list))
	for i, v := range list {
		var err error
		if holds[i], err = e.expression(v); err != nil {
			return nil, err
		}
	}
	return holds, nil
}

func (e *conditionEvaluator) equals(arg any) (bool, error) {
	args, err := arguments("Fn::Equals", arg, 2)
	if err != nil {
		return false, err
	}
	left, err := e.scope.text("Fn::Equals", args[0])
	if err != nil {
		return false, err
	}
	right, err := e.scope.text("Fn::Equals", args[1])
	return left == right, err
}
