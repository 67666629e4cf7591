package main

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/ecr"
	"github.com/viridian-dev/viridian/internal/template"
)

// plain is a revision with users, whose preview rule comes first.
func plain(w *world) {
	w.revision("1", productionPriority-1)
	w.use(10)
}

// sick has tasks that aren't healthy.
func sick(w *world) {
	plain(w)
	w.sim.CrashTasks("shop", w.sim.Snapshot().Services[0].Name, 1)
	time.Sleep(2 * time.Second)
}

// signedIn is behind Amazon Cognito.
func signedIn(w *world) {
	var edit func(*template.Input)
	w.before, edit = cognito()
	w.revision("1", productionPriority-1, edit)
}

// behind has a preview rule that gets no requests.
func behind(w *world) { w.revision("1", productionPriority+1) }

// gone was deleted.
func gone(w *world) {
	w.revision("1", productionPriority-1)
	w.remove()
}

// slowlyGone took its time.
func slowlyGone(w *world) {
	w.revision("1", productionPriority-1, func(in *template.Input) {
		long := int32(3600)
		in.Template.Target.DeregistrationDelaySeconds = &long
	})
	w.remove()
}

// expressly was created in express mode.
func expressly(w *world) {
	w.express = true
	plain(w)
}

// expresslyGone was deleted after that.
func expresslyGone(hasty bool) func(*world) {
	return func(w *world) {
		w.express, w.hasty = true, hasty
		gone(w)
	}
}

// scanned is an image with a scan.
func scanned(of ecr.Scan) func(*world) {
	return func(w *world) {
		digest := w.sim.PutImage("checkout", "1", "")
		w.check(w.sim.SetScan("checkout", digest, of))
		w.subject.image = registry + "@" + digest
		time.Sleep(time.Minute)
	}
}

func index(w *world) {
	digest, _, err := w.sim.PutIndex("checkout", "1", "linux/amd64")
	w.check(err)
	w.subject.image = registry + "@" + digest
}

// raised is a quota that someone had raised to 200.
func raised(says int) func(*world) {
	return func(w *world) {
		w.sim.SetLoadBalancerQuotas(200, 100)
		w.subject.rulesQuota = says
	}
}

// ofStack are the verdicts about a revision without anything special.
var ofStack = map[string]verdict{
	"permissions": agrees, "failed-events": agrees, "service": agrees, "targets": unseen, "rule-tags": agrees, "repeated-actions": unseen,
	"rule-behind": unseen, "quotas": agrees, "unanswered": unseen, "metric-delay": agrees, "alarm-types": agrees, "express": unseen,
}

func but(name string, v verdict) map[string]verdict {
	all := maps.Clone(ofStack)
	all[name] = v
	return all
}

// TestLook: the simulated account does what is assumed.
func TestLook(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arrange func(*world)
		want    map[string]verdict
	}{
		"plain":         {plain, ofStack},
		"sick":          {sick, but("targets", agrees)},
		"signed in":     {signedIn, map[string]verdict{"repeated-actions": agrees, "rule-behind": unseen}},
		"behind":        {behind, map[string]verdict{"repeated-actions": unseen, "rule-behind": agrees}},
		"gone":          {gone, map[string]verdict{"deleted-stack": agrees, "deletion": unseen, "express-deletion": unseen}},
		"slowly gone":   {slowlyGone, map[string]verdict{"deleted-stack": agrees, "deletion": agrees}},
		"express":       {expressly, but("express", agrees)},
		"express, gone": {expresslyGone(false), map[string]verdict{"deleted-stack": agrees, "deletion": unseen, "express-deletion": agrees}},
		"scanned":       {scanned(ecr.Scan{Enhanced: true}), map[string]verdict{"scan": agrees}},
		"to be scanned": {scanned(ecr.Scan{Enhanced: true, PendingFor: time.Hour}), map[string]verdict{"scan": unseen}},
		"index":         {index, map[string]verdict{"scan": agrees}},
		"raised quota":  {raised(200), map[string]verdict{"raised-quota": agrees}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, code, out := observe(t, nil, test.arrange)
			compare(t, got, test.want)
			if code != exitAgrees {
				t.Errorf("exits with %d", code)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

func compare(t *testing.T, got, want map[string]verdict) {
	t.Helper()
	for name, v := range want {
		if got[name] != v {
			t.Errorf("%s is %q, want %q", name, got[name], v)
		}
	}
}

// elsewhere are accounts that do something else than is assumed.
var elsewhere = map[string]struct {
	arrange func(*world)
	wire    otherwise
	wrong   string
}{
	"no tags":             {plain, otherwise{request: "DescribeTags", answer: [2]string{"viridian.dev/uid", "viridian.dev/no"}}, "rule-tags"},
	"one limit":           {plain, otherwise{request: "DescribeAccountLimits", answer: [2]string{limitGroups, "groups"}}, "quotas"},
	"breaker rolls back":  {plain, otherwise{request: "DescribeServices", answer: [2]string{`"rollback":false`, `"rollback":true`}}, "service"},
	"other reason":        {sick, otherwise{request: "DescribeTargetHealth", answer: [2]string{"<Reason>", "<Reason>Odd"}}, "targets"},
	"a denial":            {plain, otherwise{request: "DescribeStackEvents", answer: [2]string{"Resource creation Initiated", "You are not authorized to perform: x:Y"}}, "permissions"},
	"filter is ignored":   {plain, otherwise{request: "DescribeEvents", ask: [2]string{"&Filters.FailedEvents=true", ""}}, "failed-events"},
	"filter is invalid":   {plain, otherwise{request: "DescribeEvents", refuse: "ValidationError"}, "failed-events"},
	"events are denied":   {plain, otherwise{request: "DescribeEvents", refuse: "AccessDenied"}, "failed-events"},
	"defaults are hidden": {signedIn, otherwise{request: "DescribeRules", answer: [2]string{"<SessionTimeout>3600</SessionTimeout>", ""}, once: true}, "repeated-actions"},
	"no load balancer": {behind, otherwise{request: "DescribeStackEvents", answer: [2]string{
		"Resource creation Initiated", "The target group does not have an associated load balancer.",
	}}, "rule-behind"},
	"requests without an answer don't count": {plain, otherwise{request: "HTTPCode_ELB_502_Count", ask: [2]string{
		"\x76HTTPCode_ELB_502_Count", "\x78\x19HTTPCode_Target_2XX_Count",
	}}, "unanswered"},
	"metrics are late":    {late, otherwise{}, "metric-delay"},
	"quota isn't told":    {raised(300), otherwise{}, "raised-quota"},
	"looks while empty":   {scanned(ecr.Scan{Enhanced: true, EmptyFor: time.Hour}), otherwise{}, "scan"},
	"index is scanned":    {scanned(ecr.Scan{Enhanced: true}), otherwise{request: "DescribeImages", answer: [2]string{"image.manifest.v1+json", "image.index.v1+json"}}, "scan"},
	"name is known":       {gone, otherwise{request: "DescribeStacks", answer: [2]string{"does not exist", "was deleted"}}, "deleted-stack"},
	"deletion waits":      {slowlyGone, otherwise{request: "DescribeStackEvents", answer: [2]string{"DELETE_FAILED", "DELETE_SKIPPED"}}, "deletion"},
	"express waits":       {expressly, otherwise{request: "DescribeServices", answer: [2]string{`"updatedAt":`, `"updatedAt":1,"other":`}}, "express"},
	"express is hasty":    {expresslyGone(true), otherwise{}, "express-deletion"},
	"alarm type is odd":   {plain, otherwise{request: "DescribeAlarms", ask: [2]string{"LogAlarm", "OddAlarm"}}, "alarm-types"},
	"breaker is left out": {plain, otherwise{request: "DescribeServices", answer: [2]string{`"deploymentCircuitBreaker"`, `"other"`}}, "service"},
}

// late has had no metrics for a while.
func late(w *world) {
	plain(w)
	time.Sleep(8 * time.Minute)
}

// TestWrong: an account that behaves otherwise is noticed, by the check that is
// about that and by no other. Each check is proved wrong by one.
func TestWrong(t *testing.T) {
	t.Parallel()
	proved := map[string]bool{}
	for name, test := range elsewhere {
		proved[test.wrong] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, code, out := observe(t, test.wire.over, test.arrange)
			for name, v := range got {
				if (v == wrong) != (name == test.wrong) {
					t.Errorf("%s is %s", name, v)
				}
			}
			if code != exitWrong || got[test.wrong] == "" {
				t.Errorf("exits with %d", code)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
	for _, c := range checks() {
		if !proved[c.name] {
			t.Errorf("nothing proves %s wrong", c.name)
		}
	}
}

// TestUnanswered: the simulated account counts requests that get no answer.
// It tells the load balancer's own answers in one number only.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	told := otherwise{request: "HTTPCode_ELB_502_Count", ask: [2]string{"ELB_502", "ELB_5XX"}}
	got, code, out := observe(t, told.over, func(w *world) {
		w.revision("reset50", productionPriority-1)
		w.use(10)
	})
	compare(t, got, but("unanswered", agrees))
	if code != exitAgrees {
		t.Errorf("exits with %d:\n%s", code, out)
	}
}

// TestUnansweredByOthers: what others behind the same load balancer leave without
// an answer says nothing.
func TestUnansweredByOthers(t *testing.T) {
	t.Parallel()
	told := otherwise{request: "HTTPCode_ELB_502_Count", ask: [2]string{"ELB_502", "ELB_5XX"}}
	got, code, out := observe(t, told.over, func(w *world) {
		w.revision("1", productionPriority-1)
		w.other()
		w.use(10)
	})
	compare(t, got, but("unanswered", unseen))
	if code != exitAgrees || !strings.Contains(out, "meant for others") {
		t.Errorf("exits with %d:\n%s", code, out)
	}
}

// TestUnable: what can't be looked at is neither right nor wrong.
func TestUnable(t *testing.T) {
	t.Parallel()
	nowhere := func(w *world) {
		w.subject = subject{stack: stack, deleted: stack, rulesQuota: 100, image: registry + "@sha256:" + strings.Repeat("0", 64)}
	}
	for name, test := range map[string]struct {
		arrange func(*world)
		wire    func(http.RoundTripper) http.RoundTripper
		unseen  []string
	}{
		"a region without DescribeEvents": {plain, otherwise{request: "DescribeEvents", ask: [2]string{"Action=DescribeEvents", "Action=DescribeOdd"}}.over, []string{"failed-events"}},
		"denied":                          {plain, otherwise{request: "DescribeAccountLimits", refuse: "AccessDenied"}.over, []string{"quotas"}},
		"unreachable":                     {nowhere, func(http.RoundTripper) http.RoundTripper { return unreachable{} }, names()},
		"a typo":                          {func(w *world) { w.subject.image = "checkout:1" }, nil, []string{"scan"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, code, out := observe(t, test.wire, test.arrange)
			for _, name := range test.unseen {
				if got[name] != unseen {
					t.Errorf("%s is %q", name, got[name])
				}
			}
			if code != exitUnable {
				t.Errorf("exits with %d", code)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// TestFailedStack: a stack that couldn't be made is no reason to panic, and what
// it has no output for can't be looked at.
func TestFailedStack(t *testing.T) {
	t.Parallel()
	got, code, out := observe(t, nil, func(w *world) { w.revision("crash", productionPriority-1) })
	compare(t, got, map[string]verdict{"permissions": unseen, "failed-events": agrees, "service": unseen, "rule-tags": unseen, "quotas": agrees})
	if code != exitUnable || !strings.Contains(out, "has no output PreviewRuleArn") {
		t.Errorf("exits with %d:\n%s", code, out)
	}
}

func names() []string {
	var all []string
	for _, c := range checks() {
		all = append(all, c.name)
	}
	return all
}

// TestRunbook: every check is printed, and explained on the page.
func TestRunbook(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if code, err := run(t.Context(), &b, subject{}); code != exitAgrees || err != nil {
		t.Fatal(code, err)
	}
	page, err := os.ReadFile("../../docs/aws.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks() {
		for _, text := range []string{c.name + ": " + c.assumed + "\n", "First:  " + c.first + "\n", "go run ./hack/aws-check " + c.flag + "\n", "Wrong:  " + c.wrong + "\n"} {
			if !strings.Contains(b.String(), text) {
				t.Errorf("the runbook of %s lacks %q", c.name, text)
			}
		}
		if !strings.Contains(string(page), "`"+c.name+"`") {
			t.Errorf("docs/aws.md doesn't name %s", c.name)
		}
	}
	if all := names(); len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Errorf("a name is there twice: %q", all)
	}
}

// TestNumber: a rule without a priority comes last.
func TestNumber(t *testing.T) {
	t.Parallel()
	if a, b := number("10"), number("default"); a != 10 || b <= 50_000 {
		t.Error(a, b)
	}
}
