package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

func TestReport(t *testing.T) {
	r := report{took: 123 * time.Second}
	r.add(
		same("Stacks created", 1, 1),
		noFailures("Requests failed", tally{total: 300, failed: 2, failures: map[string]int{
			"503 Service Unavailable": 1, "502 Bad Gateway": 1,
		}}),
	)
	r.traffic = []chapterTraffic{
		{"canary", tally{total: 300, failed: 2, byRevision: map[int64]int{0: 2, 1: 100, 2: 198}}},
		{"bad version", tally{total: 50, byRevision: map[int64]int{2: 50}}},
	}
	r.calls = map[string]int{"ecs:DescribeServices": 12, "cloudformation:CreateStack": 1}
	r.totals = &v1alpha1.Totals{Changes: 4, Failures: 2, LeadTime: v1alpha1.TimeTotal{Count: 2, Seconds: 70}}
	const want = `

Summary
                       expected  seen
  ok  Stacks created   1         1
  NO  Requests failed  0         2 of 300; 1 × 502 Bad Gateway; 1 × 503 Service Unavailable

Requests, by the revision that answered
  chapter      requests  failed  revision 1  revision 2
  canary       300       2       100         198
  bad version  50        0       0           50

AWS calls of the canary rollout: 13
  cloudformation:CreateStack  1
  ecs:DescribeServices        12

Figures of status.totals, of which metrics are made
  changes              4 in 2m3s
  change failure rate  2 of 4
  lead time            35s on average of 2
  time to recovery     none

1 of 2 checks differ, after 2m3s.
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), text(r.lines()...)); diff != "" {
		t.Error(diff)
	}
	if got := r.differing(); len(got) != 1 || got[0].what != "Requests failed" {
		t.Errorf("differing: %v", got)
	}
}

func TestReportIsGoodWhenAllIsAsExpected(t *testing.T) {
	r := report{checks: []check{same("Left", "nothing", "nothing")}, took: time.Second}
	if got := text(r.verdict()); got != "All 1 checks are as expected, after 1s.\n" {
		t.Errorf("got %q", got)
	}
}

// No requests isn't the same as no failures.
func TestNoFailuresNeedsRequests(t *testing.T) {
	if noFailures("Requests failed", tally{}).ok {
		t.Error("it is content without any request")
	}
}
