package policy_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// odd are requests about the tenant's own things that aren't made, by what is odd
// in them.
func (e *example) odd() map[string]map[string]request {
	all := map[string]map[string]request{"directly": {}, "untagged": {}, "without UID": {}, "without namespace": {}, "to other services": {}}
	for name, r := range e.own.requests() {
		action, _, _ := strings.Cut(name, " ")
		switch {
		case strings.HasSuffix(name, " by CloudFormation"):
			all["directly"][name] = without(r, "aws:calledvia")
		case controllerActs[action].tagged:
			all["untagged"][name] = without(r, "aws:requesttag/viridian.dev/namespace", "aws:requesttag/viridian.dev/uid")
			all["without UID"][name] = without(r, "aws:requesttag/viridian.dev/uid")
			all["without namespace"][name] = without(r, "aws:requesttag/viridian.dev/namespace")
		}
		for _, key := range []string{"iam:PassedToService", "iam:AWSServiceName", "application-autoscaling:service-namespace", "application-autoscaling:scalable-dimension"} {
			if r.facts[strings.ToLower(key)] != nil {
				other := r
				other.facts = r.facts.with(key, "lambda.amazonaws.com")
				all["to other services"][name+", by "+key] = other
			}
		}
	}
	return all
}

// without is a request without some facts.
func without(r request, keys ...string) request {
	r.facts = maps.Clone(r.facts)
	for _, key := range keys {
		delete(r.facts, key)
	}
	return r
}

// lookalikes are where the tenant's things are, with their names, but without the
// tags; elsewhere is what has the tags, but not the names and places.
func (e *example) lookalikes() (lookalikes, elsewhere estate) {
	lookalikes, elsewhere = e.own, strangers(e.own.account)
	lookalikes.namespace, elsewhere.namespace = "", e.own.namespace
	return lookalikes, elsewhere
}

// TestExamplesRefuse: what only CloudFormation does for the controller can't be
// done without it, where IAM tells who calls; nothing is made in AWS without
// Viridian's tags; and roles go to ECS tasks only.
func TestExamplesRefuse(t *testing.T) {
	for _, e := range examples {
		for oddity, requests := range e.odd() {
			var want []string
			if oddity == "directly" {
				want = e.direct()
			}
			if oddity == "without namespace" && e.dir != "many-tenants" {
				want = slices.Sorted(maps.Keys(requests))
			}
			if diff := cmp.Diff(want, allowed(t, plain(t, e.dir), requests)); diff != "" {
				t.Errorf("%s, %s: calls that should be allowed (-), and that are (+):\n%s", e.dir, oddity, diff)
			}
		}
	}
}

// direct are the calls of CloudFormation that can be made without it, too: those
// that the controller makes itself, and those of IAM, which doesn't say who calls.
func (e *example) direct() []string {
	own := e.own.requests()
	var all []string
	for name := range own {
		rest, byCloudFormation := strings.CutSuffix(name, " by CloudFormation")
		if _, known := own[rest]; byCloudFormation && (known || strings.HasPrefix(name, "iam:")) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// TestExamplesNeedTags: what has the names of the tenant's things, but not the
// tags, is neither changed nor deleted.
func TestExamplesNeedTags(t *testing.T) {
	for _, e := range examples {
		lookalikes, _ := e.lookalikes()
		got := allowed(t, plain(t, e.dir), lookalikes.requests())
		for _, call := range []string{
			"cloudformation:CreateStack on +stack", "cloudformation:DeleteStack on stack", "cloudformation:UpdateTerminationProtection on stack",
			"ecr:CreateRepository on repository", "elasticloadbalancing:CreateRule on listener", "elasticloadbalancing:DeleteRule on rule",
			"elasticloadbalancing:ModifyRule on rule", "elasticloadbalancing:RemoveTags on rule",
		} {
			if slices.Contains(got, call) {
				t.Errorf("%s: %s without tags is allowed", e.dir, call)
			}
		}
	}
}

// doubled are restrictions that another one includes: the name of a service-linked
// role follows from its service; and what is in one account has no restriction to it
// of scalable targets, whose ARNs tell nothing else, nor of alarms, most of which
// Application Auto Scaling names.
var doubled = []string{
	"CfnServiceLinkedRole, the resources", "CfnScalingServiceLinkedRole, the resources",
	"ScalingChange, the resources", "CfnScaling, the resources", "CfnAlarms, the resources",
}

// TestExamplesHaveNothingIdle: each condition, each restriction of resources and
// each denial of the examples decides about a call of these tests.
func TestExamplesHaveNothingIdle(t *testing.T) {
	for _, e := range examples {
		whole, groups := plain(t, e.dir), e.groups()
		whole.account = "" // what names an account has to keep others out by itself
		before := verdicts(t, whole, groups)
		for i := range whole.policies {
			for name, wider := range widened(&whole.policies[i]) {
				r := whole
				r.policies = slices.Clone(whole.policies)
				r.policies[i] = wider
				if !slices.Contains(doubled, name) && maps.Equal(before, verdicts(t, r, groups)) {
					t.Errorf("%s: no call shows what %s is for", e.dir, name)
				}
			}
		}
	}
}

// groups are all requests of these tests but those for the tenant's own things.
func (e *example) groups() map[string]map[string]request {
	all := e.foreign()
	maps.Copy(all, e.odd())
	lookalikes, elsewhere := e.lookalikes()
	all["lookalikes"], all["elsewhere"] = lookalikes.requests(), elsewhere.requests()
	return all
}

// verdicts are the requests that a role may make.
func verdicts(t *testing.T, r role, groups map[string]map[string]request) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for group, requests := range groups {
		for _, name := range allowed(t, r, requests) {
			all[group+": "+name] = true
		}
	}
	return all
}

// widened are copies of a policy that each lack one restriction.
func widened(doc *document) map[string]document {
	all := map[string]document{}
	change := func(i int, name string, edit func(*statement)) {
		wider := document{Version: doc.Version, Statement: slices.Clone(doc.Statement)}
		edit(&wider.Statement[i])
		all[doc.Statement[i].Sid+", "+name] = wider
	}
	for i := range doc.Statement {
		s := &doc.Statement[i]
		if s.Effect == "Deny" {
			change(i, "the denial", func(s *statement) { s.Action = list{"none:None"} })
			continue
		}
		if !slices.Equal(s.Resource, list{"*"}) {
			change(i, "the resources", func(s *statement) { s.Resource = list{"*"} })
		}
		for operator, keys := range s.Condition {
			for key := range keys {
				change(i, fmt.Sprintf("%s of %s", operator, key), func(s *statement) { s.Condition = s.Condition.without(operator, key) })
			}
		}
	}
	return all
}

// without is a copy of conditions that lacks one.
func (c conditions) without(operator, key string) conditions {
	out := maps.Clone(c)
	out[operator] = maps.Clone(c[operator])
	delete(out[operator], key)
	return out
}

// TestExamplesOfRoles: the controller may assume the roles of namespaces, and no
// others; and they let only the controller in, for the namespace.
func TestExamplesOfRoles(t *testing.T) {
	const controller, another = "arn:aws:iam::111122223333:role/viridian", "arn:aws:iam::111122223333:role/billing"
	for dir, roles := range map[string]map[string]bool{
		"many-tenants": {
			"arn:aws:iam::111122223333:role/viridian/shop": true, "arn:aws:iam::111122223333:role/viridian/payments": true,
			controller: false, another: false, "arn:aws:iam::444455556666:role/viridian/shop": false,
		},
		"account-per-tenant": {
			"arn:aws:iam::444455556666:role/viridian-shop": true, "arn:aws:iam::777788889999:role/viridian-payments": true,
			"arn:aws:iam::444455556666:role/admin": false, "arn:aws:iam::777788889999:role/viridian-shop": false, another: false,
		},
	} {
		own := role{policies: []document{read(t, filepath.Join("examples", dir, "assume-roles.json"))}}
		for arn, want := range roles {
			for _, action := range []string{"sts:AssumeRole", "sts:TagSession"} {
				if got, err := own.may(request{action: action, resources: []resource{{arn: arn}}}); got != want || err != nil {
					t.Errorf("%s: %s of %s is %t, %v", dir, action, arn, got, err)
				}
			}
		}
		trust := read(t, filepath.Join("examples", dir, "trust.json"))
		for name, c := range map[string]struct {
			who, externalID, action string
			want                    bool
		}{
			"the controller":              {controller, "viridian/shop", "sts:AssumeRole", true},
			"with session tags":           {controller, "viridian/shop", "sts:TagSession", true},
			"for another namespace":       {controller, "viridian/payments", "sts:AssumeRole", false},
			"without an external ID":      {controller, "", "sts:AssumeRole", false},
			"another role of the account": {another, "viridian/shop", "sts:AssumeRole", false},
			"another action":              {controller, "viridian/shop", "sts:SetSourceIdentity", false},
		} {
			var known facts
			if c.externalID != "" {
				known = known.with("sts:ExternalId", c.externalID)
			}
			if got, err := trust.trusts(c.who, c.action, known); got != c.want || err != nil {
				t.Errorf("%s, %s: %t, %v", dir, name, got, err)
			}
		}
	}
}

// TestBoundary: whatever policies the role of a namespace gets, its boundary keeps
// it from what has another namespace's tags, from other namespaces' roles, and
// from IAM; and it doesn't keep it from anything of its own.
func TestBoundary(t *testing.T) {
	e := examples[slices.IndexFunc(examples, func(e example) bool { return e.dir == "many-tenants" })]
	boundary := read(t, filepath.Join("examples", e.dir, "boundary.json"))
	everything := document{Statement: []statement{{Effect: "Allow", Action: list{"*"}, Resource: list{"*"}}}}
	tagged := facts{}.with("aws:PrincipalTag/viridian-namespace", "shop")
	whole := role{policies: []document{everything}, boundary: &boundary, facts: tagged}
	own := e.own.requests()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(own)), allowed(t, whole, own)); diff != "" {
		t.Errorf("calls for its own that are denied (-):\n%s", diff)
	}
	untagged := whole
	untagged.facts = nil
	for name, other := range e.others {
		if other.namespace == "" {
			continue
		}
		for call, r := range other.requests() {
			theirs := r.facts["aws:requesttag/viridian.dev/namespace"] != nil || r.action == "iam:PassRole" || slices.ContainsFunc(r.resources, func(about resource) bool {
				return about.facts["aws:resourcetag/viridian.dev/namespace"] != nil
			})
			for _, as := range []role{whole, untagged} {
				if may, err := as.may(r); may && theirs || err != nil {
					t.Errorf("%s of %s is allowed, %v", call, name, err)
				}
			}
		}
	}
	for _, action := range []string{"iam:CreateRole", "iam:DeleteRolePermissionsBoundary", "iam:PutRolePolicy", "iam:TagRole", "s3:GetObject", "secretsmanager:GetSecretValue", "sts:AssumeRole"} {
		if may, err := whole.may(request{action: action, resources: []resource{{arn: "arn:aws:iam::111122223333:role/viridian/shop"}}}); may || err != nil {
			t.Errorf("%s is allowed, %v", action, err)
		}
	}
	trust := read(t, filepath.Join("examples", e.dir, "trust.json"))
	known := facts{}.with("sts:ExternalId", "viridian/shop", "aws:RequestTag/viridian-namespace", "payments")
	if may, err := trust.trusts("arn:aws:iam::111122223333:role/viridian", "sts:TagSession", known); may || err != nil {
		t.Errorf("a session may have another namespace's tag, %v", err)
	}
}
