package template_test

import (
	"fmt"
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

// What a revision holds, and where it comes from, is read back as well.
func TestConfigurationIsReadBack(t *testing.T) {
	in := worker(workerTemplate())
	in.Configuration = &v1alpha1.FrozenConfiguration{
		State: v1alpha1.ConfigurationFrozen, SHA256: strings.Repeat("a", 64),
		Entries: []v1alpha1.FrozenReference{{Container: "app", Name: "FEATURES", In: v1alpha1.InEnvironment, Source: "/shop/features", Kind: v1alpha1.KindParameter, Version: "3", Pinned: true}},
	}
	in.Provenance = &v1alpha1.Provenance{Cause: v1alpha1.CauseTemplate, RequestedBy: "pipeline 42", Generation: 7}
	record, err := template.ReadRecord(build(t, in))
	if err != nil {
		t.Fatal(err)
	}
	var frozen v1alpha1.FrozenRevision
	record.Restore(&frozen)
	want := v1alpha1.FrozenRevision{Template: in.Template, Configuration: in.Configuration, Provenance: in.Provenance}
	if diff := cmp.Diff(want, frozen); diff != "" {
		t.Errorf("(-frozen +read):\n%s", diff)
	}
}

// A variable whose value wasn't read makes no stack: it would be empty.
func TestUnreadVariable(t *testing.T) {
	in := worker(referring(with(workerTemplate(), func(t *v1alpha1.RevisionTemplate) {
		t.Containers[0].Environment = []v1alpha1.KeyValue{{Name: "FEATURES"}}
	})))
	if _, err := template.Build(in); err == nil || !strings.Contains(err.Error(), "FEATURES in environment of container") {
		t.Errorf("built: %v", err)
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

// Many references don't cost the record: what is held of each is left out first.
func TestReferencesGiveWayFirst(t *testing.T) {
	in := worker(workerTemplate())
	in.Configuration = &v1alpha1.FrozenConfiguration{State: v1alpha1.ConfigurationPartial, SHA256: strings.Repeat("a", 64)}
	c := &in.Template.Containers[0]
	for i := range 100 {
		name := fmt.Sprintf("SECRET_OF_THE_SHOP_%d", i)
		from := fmt.Sprintf("arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/production/%d-AbCdEf:password::", i)
		c.Secrets = append(c.Secrets, v1alpha1.Secret{Name: name, ValueFrom: from})
		in.Configuration.Entries = append(in.Configuration.Entries, v1alpha1.FrozenReference{
			Container: c.Name, Name: name, In: v1alpha1.InSecrets, Source: from, Kind: v1alpha1.KindSecret, Version: strings.Repeat("f", 36), Reason: strings.Repeat("r", 60),
		})
	}
	record, err := template.ReadRecord(build(t, in))
	if err != nil {
		t.Fatal(err)
	}
	want := &v1alpha1.FrozenConfiguration{State: v1alpha1.ConfigurationPartial, SHA256: in.Configuration.SHA256}
	if diff := cmp.Diff(want, record.Configuration); diff != "" {
		t.Errorf("(-held +read):\n%s", diff)
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
