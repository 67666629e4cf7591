package aws

import (
	"fmt"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// The fields of conditions.
const (
	fieldHost        = "host-header"
	fieldPath        = "path-pattern"
	fieldMethod      = "http-request-method"
	fieldSourceIP    = "source-ip"
	fieldHeader      = "http-header"
	fieldQueryString = "query-string"
)

// conditionFrom reads a condition's values from the field's own config, or from
// Values, which is the older form of host-header and path-pattern.
func conditionFrom(c *types.RuleCondition) cloud.Condition {
	out := cloud.Condition{Field: awssdk.ToString(c.Field), Values: c.Values}
	switch {
	case c.HostHeaderConfig != nil:
		out.Values, out.RegexValues = c.HostHeaderConfig.Values, c.HostHeaderConfig.RegexValues
	case c.PathPatternConfig != nil:
		out.Values, out.RegexValues = c.PathPatternConfig.Values, c.PathPatternConfig.RegexValues
	case c.HttpRequestMethodConfig != nil:
		out.Values = c.HttpRequestMethodConfig.Values
	case c.SourceIpConfig != nil:
		out.Values = c.SourceIpConfig.Values
	case c.HttpHeaderConfig != nil:
		out.HTTPHeaderName = awssdk.ToString(c.HttpHeaderConfig.HttpHeaderName)
		out.Values, out.RegexValues = c.HttpHeaderConfig.Values, c.HttpHeaderConfig.RegexValues
	case c.QueryStringConfig != nil:
		out.Values = nil
		for _, pair := range c.QueryStringConfig.Values {
			out.Values = append(out.Values, joinPair(pair))
		}
	}
	if len(out.RegexValues) == 0 {
		out.RegexValues = nil // an answer may hold the empty list
	}
	return out
}

// conditionsTo rejects unknown fields.
func conditionsTo(in []cloud.Condition) ([]types.RuleCondition, error) {
	var out []types.RuleCondition
	for _, c := range in {
		rc := types.RuleCondition{Field: new(c.Field)}
		switch c.Field {
		case fieldHost:
			rc.HostHeaderConfig = &types.HostHeaderConditionConfig{Values: c.Values}
		case fieldPath:
			rc.PathPatternConfig = &types.PathPatternConditionConfig{Values: c.Values}
		case fieldMethod:
			rc.HttpRequestMethodConfig = &types.HttpRequestMethodConditionConfig{Values: c.Values}
		case fieldSourceIP:
			rc.SourceIpConfig = &types.SourceIpConditionConfig{Values: c.Values}
		case fieldHeader:
			rc.HttpHeaderConfig = &types.HttpHeaderConditionConfig{HttpHeaderName: new(c.HTTPHeaderName), Values: c.Values}
		case fieldQueryString:
			rc.QueryStringConfig = &types.QueryStringConditionConfig{Values: splitPairs(c.Values)}
		default:
			return nil, invalid(fmt.Sprintf("rules have no condition field %q", c.Field))
		}
		out = append(out, rc)
	}
	return out, nil
}

func joinPair(p types.QueryStringKeyValuePair) string {
	if p.Key == nil {
		return awssdk.ToString(p.Value)
	}
	return *p.Key + "=" + awssdk.ToString(p.Value)
}

func splitPairs(values []string) []types.QueryStringKeyValuePair {
	var out []types.QueryStringKeyValuePair
	for _, v := range values {
		key, value, found := strings.Cut(v, "=")
		if !found {
			out = append(out, types.QueryStringKeyValuePair{Value: new(v)})
			continue
		}
		out = append(out, types.QueryStringKeyValuePair{Key: &key, Value: &value})
	}
	return out
}
