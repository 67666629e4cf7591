package elb

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const (
	maxConditionValues    = 5
	maxConditionWildcards = 5
)

// conditionField knows one kind of condition.
type conditionField struct {
	config string
	// values are those of the field's own config; nil when it is absent.
	values func(*Condition) []string
	// legacy fields can be given as Values instead.
	legacy bool
	// regex are the field's regular expressions; nil where it has none.
	regex func(*Condition) []string
	// repeats fields can occur several times in a rule.
	repeats bool
	check   func(value string) bool
	// longest is how many characters a value may have.
	longest int
}

// What is documented of values, in the form of patterns: a host has a dot and
// ends with a label that begins with a letter. That hosts without a dot, methods
// in lower case and longer than 40 characters, and addresses that aren't CIDR
// blocks are refused, and in which words, was recorded from failed stacks.
var (
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9.*?_-]*\.[A-Za-z*?][A-Za-z0-9*?_-]*$`)
	pathPattern   = regexp.MustCompile(`^[A-Za-z0-9_\-.$/~"'@:+;&*?()%!,=]+$`)
	methodPattern = regexp.MustCompile(`^[A-Z_-]+$`)
	textPattern   = regexp.MustCompile(`^[ -~]+$`)
	headerName    = regexp.MustCompile("^[A-Za-z0-9*?!#$%&'+.^_`|~-]{1,40}$")
)

var conditionFields = map[string]conditionField{
	"host-header": {
		config: "HostHeaderConfig", legacy: true, check: hostPattern.MatchString, longest: 128,
		values: func(c *Condition) []string { return configValues(c.HostHeaderConfig) },
		regex:  func(c *Condition) []string { return configRegex(c.HostHeaderConfig) },
	},
	"path-pattern": {
		config: "PathPatternConfig", legacy: true, check: pathPattern.MatchString, longest: 128,
		values: func(c *Condition) []string { return configValues(c.PathPatternConfig) },
		regex:  func(c *Condition) []string { return configRegex(c.PathPatternConfig) },
	},
	"http-request-method": {
		config: "HttpRequestMethodConfig", check: methodPattern.MatchString, longest: 40,
		values: func(c *Condition) []string { return configValues(c.HttpRequestMethodConfig) },
	},
	"source-ip": {
		config: "SourceIpConfig", check: isCIDR, longest: 64,
		values: func(c *Condition) []string { return configValues(c.SourceIpConfig) },
	},
	"http-header": {
		config: "HttpHeaderConfig", repeats: true, check: textPattern.MatchString, longest: 128,
		values: func(c *Condition) []string {
			if c.HttpHeaderConfig == nil {
				return nil
			}
			return c.HttpHeaderConfig.Values
		},
		regex: func(c *Condition) []string {
			if c.HttpHeaderConfig == nil {
				return nil
			}
			return c.HttpHeaderConfig.RegexValues
		},
	},
	"query-string": {
		config: "QueryStringConfig", repeats: true, check: textPattern.MatchString, longest: 128,
		values: func(c *Condition) []string {
			if c.QueryStringConfig == nil {
				return nil
			}
			var values []string
			for _, pair := range c.QueryStringConfig.Values {
				values = append(values, pair.Value)
			}
			return values
		},
	},
}

func configValues(c *ValuesConfig) []string {
	if c == nil {
		return nil
	}
	return c.Values
}

func configRegex(c *ValuesConfig) []string {
	if c == nil {
		return nil
	}
	return c.RegexValues
}

func isCIDR(value string) bool {
	_, err := netip.ParsePrefix(value)
	return err == nil && value != "255.255.255.255/32"
}

// checkConditions refuses what AWS refuses and returns the conditions in the
// form in which AWS answers: host and path in both forms. AWS keeps no order:
// path and header were recorded to come back as header and path, and host, query,
// method and source as query, host, method and source. Here the last comes first,
// so that whoever relies on the order notices.
func checkConditions(in []Condition) ([]Condition, error) {
	if len(in) == 0 {
		return nil, core.Errorf("ValidationError", "A rule must have at least one condition")
	}
	out := slices.Clone(in)
	seen := map[string]bool{}
	wildcards := 0
	var all []string
	for i := range out {
		field, values, err := checkCondition(&out[i])
		if err != nil {
			return nil, err
		}
		if seen[out[i].Field] && !field.repeats {
			return nil, core.Errorf("InvalidConfigurationRequest", "A rule can only have one '%s' condition", out[i].Field)
		}
		seen[out[i].Field] = true
		all = append(all, values...)
		wildcards += countWildcards(field.values(&out[i]))
	}
	if len(all) > maxConditionValues {
		return nil, core.Errorf("ValidationError", "A rule can only have '%d' condition values and regex values", maxConditionValues)
	}
	if wildcards > maxConditionWildcards {
		return nil, core.Errorf("ValidationError", "A rule can only have '%d' condition wildcards", maxConditionWildcards)
	}
	slices.Reverse(out)
	return out, nil
}

func countWildcards(values []string) int {
	n := 0
	for _, v := range values {
		n += strings.Count(v, "*") + strings.Count(v, "?")
	}
	return n
}

// checkCondition completes c and returns its kind and values.
func checkCondition(c *Condition) (conditionField, []string, error) {
	if c.Field == "" {
		return conditionField{}, nil, core.Errorf("ValidationError", "A condition field must be specified")
	}
	field, known := conditionFields[c.Field]
	if !known {
		return field, nil, core.Errorf("ValidationError", "Condition field '%s' must be one of '[%s]'", c.Field, knownFields())
	}
	if other := foreignConfig(c); other != "" {
		return field, nil, core.Errorf("ValidationError", "You cannot provide '%s' for a condition of type '%s'", other, c.Field)
	}
	values, err := givenValues(c, field)
	if err != nil {
		return field, nil, err
	}
	expressions, err := regexValues(c, field)
	if err != nil {
		return field, nil, err
	}
	if err := checkValues(c, field, values, len(expressions) > 0); err != nil {
		return field, nil, err
	}
	if len(values) > 0 {
		c.complete(values, expressions)
	}
	return field, slices.Concat(values, expressions), nil
}

// regexValues are the condition's regular expressions. AWS keeps them beside the
// values, and shows no Values for a condition that has nothing else.
func regexValues(c *Condition, field conditionField) ([]string, error) {
	if field.regex == nil {
		if configRegex(c.HttpRequestMethodConfig) != nil || configRegex(c.SourceIpConfig) != nil {
			return nil, core.Errorf("ValidationError", "You cannot provide RegexValues for a condition of type '%s'", c.Field)
		}
		return nil, nil
	}
	expressions := field.regex(c)
	for _, e := range expressions {
		if _, err := regexp.Compile(e); err != nil || len(e) > 128 {
			return nil, core.Errorf("ValidationError", "The regular expression '%s' is not valid", e)
		}
	}
	return expressions, nil
}

// givenValues are the condition's values, in whichever form they come.
func givenValues(c *Condition, field conditionField) ([]string, error) {
	values := field.values(c)
	switch {
	case len(c.Values) == 0:
		return values, nil
	case !field.legacy:
		return nil, core.Errorf("ValidationError", "You cannot provide Values for a condition of type '%s'", c.Field)
	case len(values) > 0 && !slices.Equal(c.Values, values):
		return nil, core.Errorf("ValidationError", "You cannot provide both Values and '%s' for a condition of type '%s'", field.config, c.Field)
	}
	return c.Values, nil
}

func checkValues(c *Condition, field conditionField, values []string, others bool) error {
	if len(values) == 0 && !others {
		return core.Errorf("ValidationError", "A condition value must be specified")
	}
	for _, v := range values {
		switch {
		case len(v) > field.longest:
			return core.Errorf("ValidationError", "Condition value for '%s' cannot contain more than %d characters", c.Field, field.longest)
		case field.check(v):
		case c.Field == "source-ip":
			return core.Errorf("ValidationError", "The specified value '%s' is not a valid CIDR block", v)
		default:
			return core.Errorf("ValidationError", "Condition value '%s' contains a character that is not valid", v)
		}
	}
	return checkHeaderName(c)
}

func checkHeaderName(c *Condition) error {
	if c.HttpHeaderConfig == nil {
		return nil
	}
	if strings.EqualFold(c.HttpHeaderConfig.HttpHeaderName, "host") {
		return core.Errorf("ValidationError", "You cannot specify 'host' as an HTTP header name")
	}
	if !headerName.MatchString(c.HttpHeaderConfig.HttpHeaderName) {
		return core.Errorf("ValidationError", "HTTP header name '%s' is not valid", c.HttpHeaderConfig.HttpHeaderName)
	}
	return nil
}

// complete gives host and path conditions both forms.
func (c *Condition) complete(values, expressions []string) {
	switch c.Field {
	case "host-header":
		c.Values, c.HostHeaderConfig = values, &ValuesConfig{Values: values, RegexValues: expressions}
	case "path-pattern":
		c.Values, c.PathPatternConfig = values, &ValuesConfig{Values: values, RegexValues: expressions}
	}
}

// foreignConfig names a config that belongs to another field.
func foreignConfig(c *Condition) string {
	for name, field := range conditionFields {
		if name != c.Field && (field.values(c) != nil || field.regex != nil && field.regex(c) != nil) {
			return field.config
		}
	}
	return ""
}

func knownFields() string {
	names := make([]string, 0, len(conditionFields))
	for name := range conditionFields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
