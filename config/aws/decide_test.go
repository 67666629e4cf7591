package policy_test

import (
	"strings"
	"testing"
)

// TestDecide: policies are read as the IAM user guide says.
func TestDecide(t *testing.T) {
	const allow = `{"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::shop/*"`
	call := request{action: "s3:GetObject", resources: []resource{{arn: "arn:aws:s3:::shop/a"}}}
	tagged := func(value string) request {
		r := call
		r.facts = facts{}.with("aws:RequestTag/team", value)
		return r
	}
	via := func(services ...string) request {
		r := call
		r.facts = facts{"aws:calledvia": services}
		return r
	}
	both := call
	both.resources = append([]resource{{arn: "arn:aws:s3:::other/a"}}, call.resources...)
	upper := call
	upper.action = "S3:getobject"
	for name, c := range map[string]struct {
		policy string
		call   request
		want   bool
	}{
		"allowed":                     {allow + `}]}`, call, true},
		"actions have no case":        {allow + `}]}`, upper, true},
		"another action":              {allow + `}]}`, request{action: "s3:PutObject", resources: call.resources}, false},
		"another resource":            {allow + `}]}`, request{action: "s3:GetObject", resources: []resource{{arn: "arn:aws:s3:::shop"}}}, false},
		"one of two resources":        {allow + `}]}`, both, false},
		"no resource level":           {allow + `}]}`, request{action: "s3:GetObject", resources: []resource{{arn: "*"}}}, false},
		"about nothing":               {allow + `}]}`, request{action: "s3:GetObject"}, false},
		"a denial wins":               {allow + `}, {"Effect": "Deny", "Action": "*", "Resource": "*"}]}`, call, false},
		"a denial of something else":  {allow + `}, {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]}`, call, true},
		"a denial elsewhere":          {allow + `}, {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::shop/*"}]}`, call, true},
		"a denial but there":          {allow + `}, {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}]}`, call, false},
		"equal":                       {allow + `, "Condition": {"StringEquals": {"aws:RequestTag/team": ["a", "shop"]}}}]}`, tagged("shop"), true},
		"equal is no pattern":         {allow + `, "Condition": {"StringEquals": {"aws:RequestTag/team": "sh*"}}}]}`, tagged("shop"), false},
		"keys have no case":           {allow + `, "Condition": {"StringEquals": {"AWS:requesttag/Team": "shop"}}}]}`, tagged("shop"), true},
		"values have case":            {allow + `, "Condition": {"StringEquals": {"aws:RequestTag/team": "Shop"}}}]}`, tagged("shop"), false},
		"like":                        {allow + `, "Condition": {"StringLike": {"aws:RequestTag/team": "sh?p*"}}}]}`, tagged("shop-admin"), true},
		"missing isn't equal":         {allow + `, "Condition": {"StringEquals": {"aws:RequestTag/team": "shop"}}}]}`, call, false},
		"missing is different":        {allow + `, "Condition": {"StringNotEquals": {"aws:RequestTag/team": "shop"}}}]}`, call, true},
		"different from all":          {allow + `, "Condition": {"StringNotEquals": {"aws:RequestTag/team": ["a", "shop"]}}}]}`, tagged("shop"), false},
		"equal if there is one":       {allow + `, "Condition": {"StringEqualsIfExists": {"aws:RequestTag/team": "shop"}}}]}`, call, true},
		"different if there is one":   {allow + `, "Condition": {"StringEqualsIfExists": {"aws:RequestTag/team": "shop"}}}]}`, tagged("other"), false},
		"there":                       {allow + `, "Condition": {"Null": {"aws:RequestTag/team": "false"}}}]}`, tagged("shop"), true},
		"not there":                   {allow + `, "Condition": {"Null": {"aws:RequestTag/team": "false"}}}]}`, call, false},
		"must not be there":           {allow + `, "Condition": {"Null": {"aws:RequestTag/team": "true"}}}]}`, tagged("shop"), false},
		"all conditions":              {allow + `, "Condition": {"StringEquals": {"aws:RequestTag/team": "shop"}, "Null": {"aws:ResourceTag/x": "false"}}}]}`, tagged("shop"), false},
		"any value":                   {allow + `, "Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": "b"}}}]}`, via("a", "b"), true},
		"any of none":                 {allow + `, "Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": "b"}}}]}`, call, false},
		"all values":                  {allow + `, "Condition": {"ForAllValues:StringEquals": {"aws:CalledVia": "b"}}}]}`, via("a", "b"), false},
		"all of none":                 {allow + `, "Condition": {"ForAllValues:StringEquals": {"aws:CalledVia": "b"}}}]}`, call, true},
		"an ARN's parts":              {allow + `, "Condition": {"ArnLike": {"aws:RequestTag/team": "arn:aws:ecs:*:cluster/a"}}}]}`, tagged("arn:aws:ecs:eu-west-1:1:cluster/a"), false},
		"an ARN":                      {allow + `, "Condition": {"ArnLike": {"aws:RequestTag/team": "arn:aws:ecs:*:*:cluster/*"}}}]}`, tagged("arn:aws:ecs:eu-west-1:1:cluster/a/b"), true},
		"a variable":                  {`{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:RequestTag/team}/*"}]}`, tagged("shop"), true},
		"another value of a variable": {`{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:RequestTag/team}/*"}]}`, tagged("other"), false},
		"a variable without value":    {`{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::shop${aws:RequestTag/team}/*"}]}`, call, false},
		"a default":                   {`{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:RequestTag/team, 'shop'}/*"}]}`, call, true},
	} {
		doc, err := parse([]byte(c.policy))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := (role{policies: []document{doc}}).may(c.call); got != c.want || err != nil {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
}

// TestBoundaries: a boundary allows nothing by itself, and what it doesn't allow
// is denied.
func TestBoundaries(t *testing.T) {
	all := document{Statement: []statement{{Effect: "Allow", Action: list{"*"}, Resource: list{"*"}}}}
	some := document{Statement: []statement{{Effect: "Allow", Action: list{"s3:*"}, Resource: list{"*"}}}}
	for name, c := range map[string]struct {
		role role
		want bool
	}{
		"none":            {role{policies: []document{some}}, true},
		"wider":           {role{policies: []document{some}, boundary: &all}, true},
		"narrower":        {role{policies: []document{all}, boundary: &some}, true},
		"alone":           {role{boundary: &all}, false},
		"of nothing":      {role{policies: []document{all}, boundary: &document{}}, false},
		"another account": {role{account: "111122223333", policies: []document{all}}, false},
	} {
		got, err := c.role.may(request{action: "s3:GetObject", resources: []resource{{arn: "arn:aws:s3:eu-west-1:444455556666:a"}}})
		if got != c.want || err != nil {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
}

// TestUnknown: what isn't understood is an error, and never ignored.
func TestUnknown(t *testing.T) {
	const statement = `{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"`
	for policy, want := range map[string]string{
		statement + `, "Conditions": {}}]}`:                                                               `unknown field "Conditions"`,
		statement + `, "Condition": {"StringMatches": {"ecs:cluster": "a"}}}]}`:                           "operator StringMatches is unknown",
		statement + `, "Condition": {"ForSomeValue:StringEquals": {"aws:CalledVia": "a"}}}]}`:             "operator ForSomeValue:StringEquals is unknown",
		statement + `, "Condition": {"StringEquals": {"ecs:clutser": "a"}}}]}`:                            "key ecs:clutser is unknown",
		statement + `, "Condition": {"StringEquals": {"aws:CalledVia": "a"}}}]}`:                          "keys with several values",
		statement + `, "Condition": {"ForAnyValue:StringEquals": {"ecs:cluster": "a"}}}]}`:                "keys with several values",
		statement + `, "Condition": {"Null": {"ecs:cluster": "no"}}}]}`:                                   "null is [no]",
		statement + `, "Condition": {"StringEquals": {"ecs:cluster": "${aws:username}"}}}]}`:              "variable ${aws:username} is unknown",
		statement + `, "Condition": {"StringEquals": {"ecs:cluster": "${ecs:cluster"}}}]}`:                "can't be read",
		`{"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}`:                            `effect "allow"`,
		`{"Statement": [{"Effect": "Allow", "Resource": "*"}]}`:                                           "either Action or NotAction",
		`{"Statement": [{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}]}`:          "either Action or NotAction",
		`{"Statement": [{"Effect": "Allow", "Action": "*"}]}`:                                             "either Resource or NotResource",
		`{"Statement": [{"Effect": "Allow", "Action": "*", "Principal": {"AWS": "a"}, "Resource": "*"}]}`: "names no resources",
	} {
		if _, err := parse([]byte(policy)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", policy, err)
		}
	}
}
