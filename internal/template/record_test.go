package template_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
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
	if _, err := template.ReadRecord(body); err == nil || !strings.Contains(err.Error(), "no record") {
		t.Errorf("the record of a template of %d bytes: %v", len(body), err)
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
