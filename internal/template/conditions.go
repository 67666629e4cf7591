package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// maxConditionValues is how many values the conditions of one listener rule
// may hold, a quota of Elastic Load Balancing.
const maxConditionValues = 5

const fieldHTTPHeader = "http-header"

// ruleCondition holds a field and the config that belongs to it.
type ruleCondition struct {
	Field                   string
	HostHeaderConfig        *valuesConfig      `json:",omitempty"`
	HTTPHeaderConfig        *httpHeaderConfig  `json:"HttpHeaderConfig,omitempty"`
	HTTPRequestMethodConfig *valuesConfig      `json:"HttpRequestMethodConfig,omitempty"`
	PathPatternConfig       *valuesConfig      `json:",omitempty"`
	QueryStringConfig       *queryStringConfig `json:",omitempty"`
	SourceIPConfig          *valuesConfig      `json:"SourceIpConfig,omitempty"`
}

type valuesConfig struct {
	Values      []string `json:",omitempty"`
	RegexValues []string `json:",omitempty"`
}

type httpHeaderConfig struct {
	HTTPHeaderName string   `json:"HttpHeaderName"`
	Values         []string `json:",omitempty"`
	RegexValues    []string `json:",omitempty"`
}

type queryStringConfig struct {
	Values []queryStringKeyValue
}

type queryStringKeyValue struct {
	Key   string `json:",omitempty"`
	Value string
}

// previewConditions returns the production rule's conditions and the one for
// the revision's header.
func previewConditions(in Input) ([]ruleCondition, error) {
	if err := checkConditions(in.Conditions); err != nil {
		return nil, fmt.Errorf("preview rule: %w", err)
	}
	header := cloud.Condition{
		Field:          fieldHTTPHeader,
		HTTPHeaderName: v1alpha1.PreviewHeader,
		Values:         []string{in.PreviewToken},
	}
	var out []ruleCondition
	for _, c := range append(slices.Clone(in.Conditions), header) {
		converted, err := condition(c)
		if err != nil {
			return nil, fmt.Errorf("preview rule: %w", err)
		}
		out = append(out, converted)
	}
	return out, nil
}

// checkConditions reports whether the production rule's conditions leave room
// for the header.
func checkConditions(production []cloud.Condition) error {
	if len(production) == 0 {
		return errors.New("the production rule has no conditions")
	}
	values := 1
	seen := map[string]bool{}
	for _, c := range production {
		if len(c.Values)+len(c.RegexValues) == 0 {
			return fmt.Errorf("the production rule's condition %s has no values to repeat", c.Field)
		}
		values += len(c.Values) + len(c.RegexValues)
		if strings.EqualFold(c.HTTPHeaderName, v1alpha1.PreviewHeader) {
			return fmt.Errorf("the production rule has a condition on the header %s, which is the preview rules' own",
				v1alpha1.PreviewHeader)
		}
		if seen[c.Field] && !repeatable(c.Field) {
			return fmt.Errorf("the production rule has two conditions %s: put their values in one", c.Field)
		}
		seen[c.Field] = true
	}
	if values > maxConditionValues {
		return fmt.Errorf("the production rule's conditions hold %d values and the header %s adds one, "+
			"but a rule may hold %d in all: remove %d",
			values-1, v1alpha1.PreviewHeader, maxConditionValues, values-maxConditionValues)
	}
	return nil
}

// repeatable reports whether a field may occur in several conditions of a rule,
// all of which must match then.
func repeatable(field string) bool {
	return field == fieldHTTPHeader || field == "query-string"
}

func condition(c cloud.Condition) (ruleCondition, error) {
	out := ruleCondition{Field: c.Field}
	values := &valuesConfig{c.Values, c.RegexValues}
	switch c.Field {
	case "host-header":
		out.HostHeaderConfig = values
	case "path-pattern":
		out.PathPatternConfig = values
	case "http-request-method":
		out.HTTPRequestMethodConfig = values
	case "source-ip":
		out.SourceIPConfig = values
	case fieldHTTPHeader:
		out.HTTPHeaderConfig = &httpHeaderConfig{c.HTTPHeaderName, c.Values, c.RegexValues}
	case "query-string":
		out.QueryStringConfig = queryString(c.Values)
	default:
		return out, fmt.Errorf("the production rule has a condition %q, which is not supported", c.Field)
	}
	return out, nil
}

// plain is the condition that it was made from.
func (c *ruleCondition) plain() cloud.Condition {
	out := cloud.Condition{Field: c.Field}
	for _, config := range []*valuesConfig{c.HostHeaderConfig, c.PathPatternConfig, c.HTTPRequestMethodConfig, c.SourceIPConfig} {
		if config != nil {
			out.Values, out.RegexValues = config.Values, config.RegexValues
		}
	}
	if h := c.HTTPHeaderConfig; h != nil {
		out.HTTPHeaderName, out.Values, out.RegexValues = h.HTTPHeaderName, h.Values, h.RegexValues
	}
	if q := c.QueryStringConfig; q != nil {
		for _, pair := range q.Values {
			out.Values = append(out.Values, strings.TrimPrefix(pair.Key+"="+pair.Value, "="))
		}
	}
	return out
}

// queryString splits values of the form key=value, or value alone.
func queryString(values []string) *queryStringConfig {
	out := &queryStringConfig{}
	for _, v := range values {
		key, value, found := strings.Cut(v, "=")
		if !found {
			key, value = "", v
		}
		out.Values = append(out.Values, queryStringKeyValue{key, value})
	}
	return out
}
