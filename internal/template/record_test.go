package template_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

// A stack's template contains what its revision was frozen from.
func TestRecordIsReadBack(t *testing.T) {
	for name, in := range map[string]template.Input{"balanced": input(fullTemplate()), "worker": worker(workerTemplate())} {
		got, err := template.ReadRecord(build(t, in))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(template.Record{Template: in.Template, ListenerARN: in.ListenerARN}, got); diff != "" {
			t.Errorf("%s (-frozen +read):\n%s", name, diff)
		}
	}
}

// A template that has no room for the record omits it, and reading it fails.
func TestRecordGivesWay(t *testing.T) {
	large := with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) {
		t.Containers[0].Environment = []v1alpha1.KeyValue{{Name: "LARGE", Value: strings.Repeat("x", template.MaxBytes*2/3)}}
	})
	body := build(t, input(large))
	if got := template.ReadPreviewRule(body).Token; got != token {
		t.Errorf("the token is %q", got)
	}
	if _, err := template.ReadRecord(body); err == nil || !strings.Contains(err.Error(), "no record") {
		t.Errorf("the record of a template of %d bytes: %v", len(body), err)
	}
}

// A preview rule is read as it was made.
func TestReadPreviewRule(t *testing.T) {
	in := rewriting(cloud.Transform{Type: "url-rewrite", Rewrites: []cloud.Rewrite{{Regex: "^/shop/(.*)$", Replace: "/$1"}}},
		cloud.Transform{Type: "host-header-rewrite", Rewrites: []cloud.Rewrite{{Regex: "a", Replace: "b"}}})
	in.Conditions = []cloud.Condition{host("a.example.com"), header("x-tenant", "a"),
		{Field: "query-string", Values: []string{"version=2=b"}}, {Field: "path-pattern", RegexValues: []string{"^/x"}}}
	in.Before = []cloud.Action{
		{Type: "authenticate-cognito", Cognito: &cloud.Cognito{UserPoolARN: "arn", UserPoolClientID: "c", UserPoolDomain: "d", SessionTimeout: 3, ExtraParams: map[string]string{"a": "b"}}},
		{Type: "jwt-validation", JWT: &cloud.JWT{Issuer: "i", JWKSEndpoint: "j", Claims: []cloud.Claim{{Format: "single-string", Name: "n", Values: []string{"v"}}}}},
	}
	want := template.PreviewRule{Token: token, Conditions: in.Conditions, Before: in.Before, Transforms: in.Transforms}
	if diff := cmp.Diff(want, template.ReadPreviewRule(build(t, in))); diff != "" {
		t.Errorf("(-made +read):\n%s", diff)
	}
}

// The token is read from the preview rule itself. One from before there were
// tokens has the number of its revision.
func TestReadPreviewToken(t *testing.T) {
	body := build(t, input(minimalTemplate(), header("x-tenant", "a")))
	for name, c := range map[string]struct{ body, want string }{
		"a token":        {body, token},
		"a number":       {strings.Replace(body, token, "3", 1), ""},
		"a worker":       {build(t, worker(workerTemplate())), ""},
		"not a template": {"moon", ""},
	} {
		if got := template.ReadPreviewRule(c.body).Token; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestIsStackName(t *testing.T) {
	long := strings.Repeat("a-long-name-", 20)
	for _, c := range []struct {
		stack, namespace, name string
		want                   bool
	}{
		{template.StackName("shop", "checkout", "uid", 7), "shop", "checkout", true},
		{template.StackName("shop", "checkout", "another", 12), "shop", "checkout", true},
		{template.StackName("shop", long, "uid", 123), "shop", long, true},
		{template.StackName("shop", "checkout-7", "uid", 1), "shop", "checkout", false},
		{template.StackName("shop", "check", "uid", 7), "shop", "checkout", false},
		{"viridian-shop-checkout", "shop", "checkout", false},
	} {
		if got := template.IsStackName(c.stack, c.namespace, c.name); got != c.want {
			t.Errorf("IsStackName(%q, %q, %q) = %t", c.stack, c.namespace, c.name, got)
		}
	}
}
