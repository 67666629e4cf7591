package elb

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// account is an ELB with an HTTP and an HTTPS listener and target groups.
type account struct {
	t           *testing.T
	world       *core.World
	elb         *Service
	http, https string
}

func newAccount(t *testing.T, opts Options) *account {
	t.Helper()
	w := core.NewWorld("111122223333", "eu-west-1", 1, 1)
	t.Cleanup(w.Close)
	a := &account{t: t, world: w, elb: New(w, opts)}
	w.Lock()
	var err error
	a.http, err = a.elb.NewListener("main", 80)
	w.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	lb := strings.Replace(a.http[:strings.LastIndex(a.http, "/")], ":listener/", ":loadbalancer/", 1)
	out := a.must("CreateListener", "LoadBalancerArn", lb, "Protocol", "HTTPS", "Port", "443", "Certificates.member.1.CertificateArn", "arn:c",
		"DefaultActions.member.1.Type", "fixed-response", "DefaultActions.member.1.FixedResponseConfig.StatusCode", "404")
	a.https = field(out, "ListenerArn")
	return a
}

func (a *account) call(action string, parameters ...string) (any, error) {
	values := url.Values{"Action": {action}, "Version": {"2015-12-01"}}
	for i := 0; i < len(parameters); i += 2 {
		values.Set(parameters[i], parameters[i+1])
	}
	a.world.Lock()
	defer a.world.Unlock()
	return a.elb.Query()[action](values)
}

func (a *account) must(action string, parameters ...string) any {
	a.t.Helper()
	out, err := a.call(action, parameters...)
	if err != nil {
		a.t.Fatalf("%s: %v", action, err)
	}
	return out
}

// refuse expects a refusal with the code and a message that holds the text.
func (a *account) refuse(code, text, action string, parameters ...string) {
	a.t.Helper()
	_, err := a.call(action, parameters...)
	var refused *core.APIError
	if !errors.As(err, &refused) || refused.Code != code || !strings.Contains(refused.Message, text) {
		a.t.Errorf("%s: got %v, want %s %q", action, err, code, text)
	}
}

// field reads the first string of that name out of a result.
func field(out any, name string) string {
	raw, _ := json.Marshal(out)
	_, rest, _ := strings.Cut(string(raw), `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func (a *account) group(name string, extra ...string) string {
	a.t.Helper()
	return field(a.must("CreateTargetGroup", groupParameters(name, extra...)...), "TargetGroupArn")
}

func groupParameters(name string, extra ...string) []string {
	return append([]string{"Name", name, "Port", "8080", "Protocol", "HTTP", "VpcId", "vpc-1", "TargetType", "ip"}, extra...)
}

// ruleParameters are a rule's for a host on the HTTP listener, without actions.
func (a *account) ruleParameters(priority int, extra ...string) []string {
	return append([]string{
		"ListenerArn", a.http, "Priority", fmt.Sprint(priority),
		"Conditions.member.1.Field", "host-header", "Conditions.member.1.Values.member.1", "a.example.com",
	}, extra...)
}

func forward(group string) []string {
	return []string{"Actions.member.1.Type", "forward", "Actions.member.1.TargetGroupArn", group}
}

func (a *account) rule(priority int, group string) string {
	a.t.Helper()
	return field(a.must("CreateRule", a.ruleParameters(priority, forward(group)...)...), "RuleArn")
}

func weighted(weights ...string) []string {
	parameters := []string{"Actions.member.1.Type", "forward"}
	for i := 0; i < len(weights); i += 2 {
		prefix := fmt.Sprintf("Actions.member.1.ForwardConfig.TargetGroups.member.%d.", i/2+1)
		parameters = append(parameters, prefix+"TargetGroupArn", weights[i])
		if weights[i+1] != "" {
			parameters = append(parameters, prefix+"Weight", weights[i+1])
		}
	}
	return parameters
}

func TestTargetGroupRefusals(t *testing.T) {
	tests := map[string]struct {
		name       string
		extra      []string
		code, text string
	}{
		"long name":       {name: strings.Repeat("a", 33), code: "ValidationError", text: "cannot be longer than '32' characters"},
		"name characters": {name: "a_b", code: "ValidationError", text: "alphanumeric"},
		"name hyphen":     {name: "a-", code: "ValidationError", text: "cannot begin or end with '-'"},
		"interval":        {name: "a", extra: []string{"HealthCheckIntervalSeconds", "4"}, code: "ValidationError", text: "interval '4' must be between 5 and 300"},
		"timeout":         {name: "a", extra: []string{"HealthCheckTimeoutSeconds", "30"}, code: "ValidationError", text: "timeout '30'"},
		"threshold":       {name: "a", extra: []string{"HealthyThresholdCount", "11"}, code: "ValidationError", text: "Healthy threshold"},
		"path":            {name: "a", extra: []string{"HealthCheckPath", "health"}, code: "ValidationError", text: "begin with a '/'"},
		"matcher":         {name: "a", extra: []string{"Matcher.HttpCode", "OK"}, code: "ValidationError", text: "matcher"},
		"type":            {name: "a", extra: []string{"TargetType", "lambda"}, code: "ValidationError", text: "Target type"},
		"protocol":        {name: "a", extra: []string{"Protocol", "TCP"}, code: "ValidationError", text: "Protocol 'TCP'"},
		"unknown":         {name: "a", extra: []string{"Colour", "blue"}, code: "ValidationError", text: "Unknown parameter"},
		"reserved tag":    {name: "a", extra: []string{"Tags.member.1.Key", "aws:x", "Tags.member.1.Value", "y"}, code: "ValidationError", text: "reserved"},
		"taken":           {name: "taken", extra: []string{"Port", "9090"}, code: "DuplicateTargetGroupName", text: "with different settings"},
	}
	a := newAccount(t, Options{})
	taken := a.group("taken")
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			a.t = t
			tc := tests[name]
			a.refuse(tc.code, tc.text, "CreateTargetGroup", groupParameters(tc.name, tc.extra...)...)
		})
	}
	a.t = t
	if again := a.group("taken"); again != taken {
		t.Errorf("same settings: got %s, want %s", again, taken)
	}
}

func TestActionRefusals(t *testing.T) {
	a := newAccount(t, Options{})
	var groups []string
	for i := range 6 {
		groups = append(groups, a.group(fmt.Sprintf("g%d", i)))
	}
	oidc := func(n int, order string) []string {
		prefix := fmt.Sprintf("Actions.member.%d.", n)
		config := prefix + "AuthenticateOidcConfig."
		return []string{
			prefix + "Type", "authenticate-oidc", prefix + "Order", order, config + "Issuer", "i", config + "AuthorizationEndpoint", "a",
			config + "TokenEndpoint", "t", config + "UserInfoEndpoint", "u", config + "ClientId", "c", config + "ClientSecret", "s",
		}
	}
	six := []string{}
	for _, g := range groups {
		six = append(six, g, "1")
	}
	tests := map[string]struct {
		actions    []string
		code, text string
	}{
		"no action":        {nil, "ValidationError", "At least one action"},
		"six groups":       {weighted(six...), "InvalidLoadBalancerAction", "at most 5 target groups"},
		"heavy":            {weighted(groups[0], "1000"), "ValidationError", "Weight '1000' must be between 0 and 999"},
		"negative":         {weighted(groups[0], "-1"), "ValidationError", "between 0 and 999"},
		"no weight":        {weighted(groups[0], "1", groups[1], ""), "ValidationError", "weight must be specified"},
		"twice":            {weighted(groups[0], "1", groups[0], "1"), "InvalidLoadBalancerAction", "more than once"},
		"missing group":    {forward(groups[0] + "x"), "TargetGroupNotFound", "One or more target groups not found"},
		"both forms":       {append(weighted(groups[0], "1"), "Actions.member.1.TargetGroupArn", groups[1]), "InvalidLoadBalancerAction", "same single target group"},
		"sticky":           {append(weighted(groups[0], "1"), "Actions.member.1.ForwardConfig.TargetGroupStickinessConfig.Enabled", "true", "Actions.member.1.ForwardConfig.TargetGroupStickinessConfig.DurationSeconds", "604801"), "ValidationError", "between 1 and 604800"},
		"auth on HTTP":     {append(oidc(1, "1"), "Actions.member.2.Type", "forward", "Actions.member.2.Order", "2", "Actions.member.2.TargetGroupArn", groups[0]), "InvalidLoadBalancerAction", "only on HTTPS"},
		"auth last":        {oidc(1, "1"), "InvalidLoadBalancerAction", "The last action must be"},
		"unknown type":     {[]string{"Actions.member.1.Type", "drop"}, "ValidationError", "Action type 'drop'"},
		"fixed status":     {[]string{"Actions.member.1.Type", "fixed-response", "Actions.member.1.FixedResponseConfig.StatusCode", "301"}, "ValidationError", "2XX, 4XX or 5XX"},
		"redirect in loop": {[]string{"Actions.member.1.Type", "redirect", "Actions.member.1.RedirectConfig.StatusCode", "HTTP_301"}, "InvalidLoadBalancerAction", "loop"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			a.t = t
			a.refuse(tests[name].code, tests[name].text, "CreateRule", a.ruleParameters(10, tests[name].actions...)...)
		})
	}
}

func TestConditionRefusals(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g")
	condition := func(n int, name string, values ...string) []string {
		prefix := fmt.Sprintf("Conditions.member.%d.", n)
		parameters := []string{prefix + "Field", name}
		for i, v := range values {
			parameters = append(parameters, fmt.Sprintf("%sValues.member.%d", prefix, i+1), v)
		}
		return parameters
	}
	header := "Conditions.member.1.HttpHeaderConfig."
	tests := map[string]struct {
		conditions []string
		code, text string
	}{
		"none":            {nil, "ValidationError", "at least one condition"},
		"unknown field":   {condition(1, "colour", "blue"), "ValidationError", "Condition field 'colour' must be one of"},
		"no field":        {[]string{"Conditions.member.1.Values.member.1", "x"}, "ValidationError", "A condition field must be specified"},
		"no value":        {condition(1, "host-header"), "ValidationError", "A condition value must be specified"},
		"six values":      {condition(1, "host-header", "a.io", "b.io", "c.io", "d.io", "e.io", "f.io"), "ValidationError", "A rule can only have '5' condition values"},
		"six in two":      {append(condition(1, "host-header", "a.io", "b.io", "c.io"), condition(2, "path-pattern", "/d", "/e", "/f")...), "ValidationError", "A rule can only have '5' condition values"},
		"six wildcards":   {condition(1, "host-header", "*.?.?.?.?.*"), "ValidationError", "A rule can only have '5' condition wildcards"},
		"two hosts":       {append(condition(1, "host-header", "a.io"), condition(2, "host-header", "b.io")...), "InvalidConfigurationRequest", "A rule can only have one 'host-header' condition"},
		"bad host":        {condition(1, "host-header", "a b"), "ValidationError", "Condition value 'a b' contains a character that is not valid"},
		"host, no dot":    {condition(1, "host-header", "shop"), "ValidationError", "Condition value 'shop' contains a character that is not valid"},
		"URL":             {condition(1, "host-header", "https://shop.example.com/"), "ValidationError", "contains a character that is not valid"},
		"host and port":   {condition(1, "host-header", "shop.example.com:8443"), "ValidationError", "contains a character that is not valid"},
		"address":         {condition(1, "host-header", "10.0.0.1"), "ValidationError", "contains a character that is not valid"},
		"long path":       {condition(1, "path-pattern", "/"+strings.Repeat("a", 128)), "ValidationError", "Condition value for 'path-pattern' cannot contain more than 128 characters"},
		"fragment":        {condition(1, "path-pattern", "/a#b"), "ValidationError", "Condition value '/a#b' contains a character that is not valid"},
		"method":          {[]string{"Conditions.member.1.Field", "http-request-method", "Conditions.member.1.HttpRequestMethodConfig.Values.member.1", "get"}, "ValidationError", "Condition value 'get' contains a character that is not valid"},
		"long method":     {[]string{"Conditions.member.1.Field", "http-request-method", "Conditions.member.1.HttpRequestMethodConfig.Values.member.1", strings.Repeat("X", 41)}, "ValidationError", "Condition value for 'http-request-method' cannot contain more than 40 characters"},
		"host by header":  {[]string{"Conditions.member.1.Field", "http-header", header + "HttpHeaderName", "Host", header + "Values.member.1", "a.io"}, "ValidationError", "You cannot specify 'host' as an HTTP header name"},
		"bad CIDR":        {[]string{"Conditions.member.1.Field", "source-ip", "Conditions.member.1.SourceIpConfig.Values.member.1", "10.0.0.1"}, "ValidationError", "The specified value '10.0.0.1' is not a valid CIDR block"},
		"wrong config":    {append(condition(1, "path-pattern", "/a"), header+"HttpHeaderName", "x", header+"Values.member.1", "y"), "ValidationError", "HttpHeaderConfig"},
		"values and both": {append(condition(1, "host-header", "a.io"), "Conditions.member.1.HostHeaderConfig.Values.member.1", "b.io"), "ValidationError", "You cannot provide both Values and 'HostHeaderConfig'"},
		"no header name":  {[]string{"Conditions.member.1.Field", "http-header", header + "Values.member.1", "y"}, "ValidationError", "HTTP header name"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			a.t = t
			parameters := slices.Concat([]string{"ListenerArn", a.http, "Priority", "10"}, tests[name].conditions, forward(group))
			a.refuse(tests[name].code, tests[name].text, "CreateRule", parameters...)
		})
	}
}

func TestRuleIsShownInBothForms(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g")
	arn := a.rule(10, group)
	want := rulesOut{Rules: []Rule{{
		RuleArn: arn, Priority: "10",
		Conditions: []Condition{{
			Field: "host-header", Values: []string{"a.example.com"}, HostHeaderConfig: &ValuesConfig{Values: []string{"a.example.com"}},
		}},
		Actions: []Action{{Type: "forward", TargetGroupArn: group, ForwardConfig: &ForwardConfig{
			TargetGroups:                []TargetGroupTuple{{TargetGroupArn: group, Weight: new(1)}},
			TargetGroupStickinessConfig: &GroupStickiness{Enabled: new(false)},
		}}},
	}}}
	got := a.must("DescribeRules", "RuleArns.member.1", arn)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	raw, err := xml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), "<Weight>1</Weight>") || strings.Contains(string(raw), "RedirectConfig") {
		t.Errorf("XML: %s", raw)
	}
}

func TestRuleLife(t *testing.T) {
	a := newAccount(t, Options{RulesPerLoadBalancer: 2})
	group := a.group("g")
	one, two := a.rule(10, group), a.rule(20, group)
	a.refuse("TooManyRules", "has been reached", "CreateRule", a.ruleParameters(30, forward(group)...)...)
	a.refuse("PriorityInUse", "Priority '10' is currently in use", "CreateRule", a.ruleParameters(10, forward(group)...)...)
	a.refuse("ValidationError", "between 1 and 50000", "CreateRule", a.ruleParameters(50001, forward(group)...)...)
	a.must("SetRulePriorities", "RulePriorities.member.1.RuleArn", one, "RulePriorities.member.1.Priority", "20",
		"RulePriorities.member.2.RuleArn", two, "RulePriorities.member.2.Priority", "10")
	a.refuse("PriorityInUse", "'10'", "SetRulePriorities", "RulePriorities.member.1.RuleArn", one, "RulePriorities.member.1.Priority", "10")

	first := a.must("DescribeRules", "ListenerArn", a.http, "PageSize", "2").(rulesOut)
	if len(first.Rules) != 2 || first.Rules[0].RuleArn != two || first.Rules[1].RuleArn != one || first.NextMarker == "" {
		t.Errorf("first page: %+v", first)
	}
	second := a.must("DescribeRules", "ListenerArn", a.http, "Marker", first.NextMarker).(rulesOut)
	if len(second.Rules) != 1 || !second.Rules[0].IsDefault || second.Rules[0].Priority != "default" || second.NextMarker != "" {
		t.Errorf("second page: %+v", second)
	}
	a.refuse("OperationNotPermitted", "cannot be deleted", "DeleteRule", "RuleArn", second.Rules[0].RuleArn)
	a.refuse("ResourceInUse", "Target group '"+group+"' is currently in use by a listener or a rule", "DeleteTargetGroup", "TargetGroupArn", group)

	other := a.group("other")
	a.must("ModifyRule", append(weighted(other, "0"), "RuleArn", one)...)
	changed := a.must("DescribeRules", "RuleArns.member.1", one).(rulesOut).Rules[0]
	if changed.Actions[0].TargetGroupArn != other || changed.Conditions[0].Values[0] != "a.example.com" {
		t.Errorf("after ModifyRule: %+v", changed)
	}
	a.must("DeleteRule", "RuleArn", two)
	a.refuse("RuleNotFound", "One or more rules not found", "DescribeRules", "RuleArns.member.1", two)
	a.must("DeleteTargetGroup", "TargetGroupArn", group)
	a.must("DeleteTargetGroup", "TargetGroupArn", group) // idempotent
	a.refuse("TargetGroupNotFound", "not found", "DescribeTargetGroups", "TargetGroupArns.member.1", group)
}

func TestAuthActionKeepsItsSecret(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g")
	config := "Actions.member.1.AuthenticateOidcConfig."
	actions := func(secret ...string) []string {
		return append([]string{
			"Actions.member.1.Type", "authenticate-oidc", "Actions.member.1.Order", "1", config + "Issuer", "i", config + "AuthorizationEndpoint", "a",
			config + "TokenEndpoint", "t", config + "UserInfoEndpoint", "u", config + "ClientId", "c",
			"Actions.member.2.Type", "forward", "Actions.member.2.Order", "2", "Actions.member.2.TargetGroupArn", group,
		}, secret...)
	}
	create := a.ruleParameters(10, actions(config+"ClientSecret", "hush")...)
	create[1] = a.https
	out := a.must("CreateRule", create...)
	if raw, _ := xml.Marshal(out); strings.Contains(string(raw), "hush") {
		t.Errorf("the secret is shown: %s", raw)
	}
	arn := field(out, "RuleArn")
	a.refuse("InvalidLoadBalancerAction", "client secret", "ModifyRule", append(actions(), "RuleArn", arn)...)
	a.must("ModifyRule", append(actions(config+"UseExistingClientSecret", "true"), "RuleArn", arn)...)
	r, err := a.elb.rule(arn)
	if err != nil || r.Actions[0].AuthenticateOidcConfig.ClientSecret != "hush" {
		t.Errorf("after ModifyRule: %+v, %v", r, err)
	}
}

func TestAssociationLimits(t *testing.T) {
	a := newAccount(t, Options{TargetGroupsPerLoadBalancer: 2})
	one, two, three := a.group("one"), a.group("two"), a.group("three")
	arn := a.rule(10, one)
	a.rule(20, two)
	a.refuse("TooManyUniqueTargetGroupsPerLoadBalancer", "limit", "CreateRule", a.ruleParameters(30, forward(three)...)...)
	a.must("ModifyRule", append(forward(three), "RuleArn", arn)...) // replaces one
	a.world.Lock()
	other, err := a.elb.NewListener("other", 80)
	a.world.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	parameters := a.ruleParameters(10, forward(two)...)
	parameters[1] = other
	a.refuse("TargetGroupAssociationLimit", "cannot be associated with more than one load balancer: "+two, "CreateRule", parameters...)
	out := a.must("DescribeTargetGroups", "Names.member.1", "two").(targetGroupsOut)
	if len(out.TargetGroups) != 1 || len(out.TargetGroups[0].LoadBalancerArns) != 1 {
		t.Errorf("got %+v", out)
	}
}

func TestTags(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g", "Tags.member.1.Key", "app", "Tags.member.1.Value", "shop")
	arn := a.rule(10, group)
	a.must("AddTags", "ResourceArns.member.1", group, "ResourceArns.member.2", arn, "Tags.member.1.Key", "team", "Tags.member.1.Value", "blue")
	a.must("RemoveTags", "ResourceArns.member.1", group, "TagKeys.member.1", "app")
	want := tagsOut{TagDescriptions: []tagDescription{
		{ResourceArn: group, Tags: []Tag{{"team", "blue"}}}, {ResourceArn: arn, Tags: []Tag{{"team", "blue"}}},
	}}
	if diff := cmp.Diff(want, a.must("DescribeTags", "ResourceArns.member.1", group, "ResourceArns.member.2", arn)); diff != "" {
		t.Error(diff)
	}
	a.refuse("ValidationError", "must satisfy regular expression pattern", "AddTags", "ResourceArns.member.1", group, "Tags.member.1.Key", "team", "Tags.member.1.Value", "a, b")
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprintf("ResourceArns.member.%d", i+1), group)
	}
	a.refuse("ValidationError", "Between 1 and 20", "DescribeTags", many...)
}

func TestAttributes(t *testing.T) {
	a := newAccount(t, Options{})
	group := a.group("g")
	a.must("ModifyTargetGroupAttributes", "TargetGroupArn", group,
		"Attributes.member.1.Key", deregistrationDelay, "Attributes.member.1.Value", "15")
	if got := a.elb.DeregistrationDelay(group); got != 15*time.Second {
		t.Errorf("deregistration delay: %s", got)
	}
	a.refuse("ValidationError", "is not recognized", "ModifyTargetGroupAttributes", "TargetGroupArn", group,
		"Attributes.member.1.Key", "colour", "Attributes.member.1.Value", "15")
	a.refuse("ValidationError", "is not valid for key", "ModifyTargetGroupAttributes", "TargetGroupArn", group,
		"Attributes.member.1.Key", deregistrationDelay, "Attributes.member.1.Value", "3601")
}
