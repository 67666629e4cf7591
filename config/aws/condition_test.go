package policy_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/wildcard"
)

// comparisons compare a value of a request with one of a policy.
var comparisons = map[string]func(pattern, value string) bool{
	"StringEquals": func(pattern, value string) bool { return pattern == value },
	"StringLike":   wildcard.Covers,
	"ArnEquals":    arnLike,
	"ArnLike":      arnLike,
	"Bool":         strings.EqualFold,
}

// negations hold if the other operator doesn't, also where the request has no
// value.
var negations = map[string]string{
	"StringNotEquals": "StringEquals",
	"StringNotLike":   "StringLike",
	"ArnNotEquals":    "ArnEquals",
	"ArnNotLike":      "ArnLike",
}

// arnLike compares ARNs part by part: a wildcard doesn't reach beyond its part.
func arnLike(pattern, value string) bool {
	patterns, values := strings.SplitN(pattern, ":", 6), strings.SplitN(value, ":", 6)
	if len(patterns) != 6 || len(values) != 6 {
		return false
	}
	for i := range patterns {
		if !wildcard.Covers(patterns[i], values[i]) {
			return false
		}
	}
	return true
}

// comparison is an operator, taken apart.
type comparison struct {
	// quantifier is ForAnyValue or ForAllValues; "" is for keys with one value.
	quantifier        string
	compare           func(pattern, value string) bool
	negated, ifExists bool
}

// comparisonOf reads an operator. One that isn't known is an error.
func comparisonOf(operator string) (comparison, error) {
	var c comparison
	quantifier, name, quantified := strings.Cut(operator, ":")
	if !quantified {
		quantifier, name = "", operator
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	positive, negated := negations[name]
	if !negated {
		positive = name
	}
	c.quantifier, c.negated, c.compare = quantifier, negated, comparisons[positive]
	if c.compare == nil || !slices.Contains([]string{"", "ForAnyValue", "ForAllValues"}, quantifier) {
		return c, fmt.Errorf("operator %s is unknown", operator)
	}
	return c, nil
}

// holds tells whether a condition holds. An operator or key that isn't known is
// an error.
func holds(operator, key string, patterns list, known facts) (bool, error) {
	several, err := mayHaveSeveral(key)
	if err != nil {
		return false, err
	}
	values := known[strings.ToLower(key)]
	if operator == "Null" {
		if len(patterns) != 1 || patterns[0] != "true" && patterns[0] != "false" {
			return false, fmt.Errorf("null is %v", patterns)
		}
		return (patterns[0] == "true") == (len(values) == 0), nil
	}
	c, err := comparisonOf(operator)
	if err != nil {
		return false, err
	}
	if (c.quantifier != "") != several {
		return false, fmt.Errorf("%s of %s: ForAnyValue and ForAllValues are for keys with several values, and no others", operator, key)
	}
	matches, err := matching(c.compare, patterns, known)
	if err != nil {
		return false, err
	}
	as := func(value string) bool { return matches(value) != c.negated }
	switch {
	case c.quantifier == "ForAnyValue":
		return slices.ContainsFunc(values, as), nil
	case c.quantifier == "ForAllValues":
		return !slices.ContainsFunc(values, func(value string) bool { return !as(value) }), nil
	case len(values) == 0:
		return c.negated || c.ifExists, nil
	}
	return as(values[0]), nil
}

// matching tells of a value whether one of the patterns matches it.
func matching(compare func(pattern, value string) bool, patterns list, known facts) (func(string) bool, error) {
	var expanded []string
	for _, pattern := range patterns {
		pattern, ok, err := expand(pattern, known)
		if err != nil {
			return nil, err
		}
		if ok {
			expanded = append(expanded, pattern)
		}
	}
	return func(value string) bool {
		return slices.ContainsFunc(expanded, func(pattern string) bool { return compare(pattern, value) })
	}, nil
}

// mayHaveSeveral tells whether a key may have several values.
func mayHaveSeveral(key string) (bool, error) {
	key = strings.ToLower(key)
	for pattern, several := range keys {
		if wildcard.Covers(pattern, key) {
			return several, nil
		}
	}
	return false, fmt.Errorf("key %s is unknown", key)
}

// variable is a key, and what stands for it where the request has no value.
var variable = regexp.MustCompile(`\$\{([^},]*)(?:, '([^']*)')?\}`)

// expand puts the values of variables in. ok is false if the request doesn't have
// one: the text then matches nothing.
func expand(text string, known facts) (expanded string, ok bool, err error) {
	if !strings.Contains(text, "${") {
		return text, true, nil
	}
	ok = true
	expanded = variable.ReplaceAllStringFunc(text, func(found string) string {
		m := variable.FindStringSubmatch(found)
		several, unknown := mayHaveSeveral(m[1])
		if unknown != nil || several {
			err = fmt.Errorf("variable %s is unknown", found)
		}
		value := m[2]
		if values := known[strings.ToLower(m[1])]; len(values) > 0 {
			value = values[0]
		}
		if strings.ContainsAny(value, "*?") {
			err = fmt.Errorf("the value %s of a variable would be a pattern", value)
		}
		ok = ok && value != ""
		return value
	})
	if strings.Contains(expanded, "${") {
		err = fmt.Errorf("%s can't be read", text)
	}
	return expanded, ok, err
}
