package elb

import (
	"encoding/xml"
	"maps"
	"strings"
	"testing"
)

// TestListsOfConditions: conditions leave out the values that they don't have,
// and a rule has its transforms even if there are none.
func TestListsOfConditions(t *testing.T) {
	out, err := xml.Marshal(Rule{Conditions: []Condition{
		{Field: "source-ip", SourceIpConfig: &ValuesConfig{Values: []string{"10.0.0.0/8"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "<Conditions><member><Field>source-ip</Field><SourceIpConfig><Values><member>10.0.0.0/8</member></Values></SourceIpConfig></member></Conditions>"
	if text := string(out); !strings.Contains(text, want) || !strings.Contains(text, "<Transforms></Transforms>") {
		t.Errorf("got %s, want %s and Transforms", text, want)
	}
}

// TestOrderOfConditions: AWS keeps none. That a header comes back before a path
// that was sent first is from testdata/aws/elbv2/alb_native_success.json of
// radkawar/stackd at 9dc356f5e5cc49d2d334178a09c1398dd1c62617.
func TestOrderOfConditions(t *testing.T) {
	a := newAccount(t, Options{})
	created := a.must("CreateRule", append(forward(a.group("g")),
		"ListenerArn", a.http, "Priority", "10",
		"Conditions.member.1.Field", "path-pattern", "Conditions.member.1.Values.member.1", "/blue/*",
		"Conditions.member.2.Field", "http-header", "Conditions.member.2.HttpHeaderConfig.HttpHeaderName", "X-Color",
		"Conditions.member.2.HttpHeaderConfig.Values.member.1", "blue")...).(rulesOut).Rules[0]
	described := a.must("DescribeRules", "RuleArns.member.1", created.RuleArn).(rulesOut).Rules[0]
	for _, rule := range []Rule{created, described} {
		if c := rule.Conditions; len(c) != 2 || c[0].Field != "http-header" || c[1].Field != "path-pattern" {
			t.Errorf("got %+v, want the header first", c)
		}
	}
}

// TestRequiredMembers: what the shapes of actions in the API's model require is
// required in templates, too.
func TestRequiredMembers(t *testing.T) {
	required := map[string][]string{
		"FixedResponseConfig": {"StatusCode"}, "RedirectConfig": {"StatusCode"},
		"AuthenticateCognitoConfig": {"UserPoolArn", "UserPoolClientId", "UserPoolDomain"},
		"AuthenticateOidcConfig":    {"Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint", "ClientId"},
	}
	for config, members := range required {
		full := map[string]any{}
		for _, member := range members {
			full[member] = "x"
		}
		if err := validRule(config, full); err != nil {
			t.Errorf("%s with all: %v", config, err)
		}
		for _, member := range members {
			some := maps.Clone(full)
			delete(some, member)
			want := "#/Actions/0/" + config + ": required key [" + member + "] not found"
			if err := validRule(config, some); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s without %s: got %v", config, member, err)
			}
		}
	}
}

// validRule validates a rule's resource whose action has the configuration.
func validRule(config string, members map[string]any) error {
	schema := ruleSchema()
	return schema.Validate(map[string]any{
		"Priority": 1.0, "Conditions": []any{}, "Actions": []any{map[string]any{"Type": "x", config: members}},
	})
}
