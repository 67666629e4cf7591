package measures_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/measures"
)

// checkout is a deployment in the middle of its sixth rollout, which waits for an
// approval.
func checkout() v1alpha1.ImmutableDeployment {
	imd := v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout"}}
	imd.Spec.Strategy.Type = v1alpha1.StrategyCanary
	imd.Status = v1alpha1.ImmutableDeploymentStatus{
		Phase: v1alpha1.PhasePaused, Weight: new(int32(25)),
		BlockedBy: &v1alpha1.BlockedBy{Reason: v1alpha1.ReasonAwaitingApproval, Message: "a secret", Since: metav1.NewTime(time.Unix(1_700_000_000, 0))},
		Totals: &v1alpha1.Totals{
			Rollouts: v1alpha1.OutcomeTotals{Promoted: 2, FastPromoted: 1, RolledBack: 1, Superseded: 1}, Changes: 4, Failures: 1,
			Provision: v1alpha1.TimeTotal{Count: 4, Seconds: 480}, Shift: v1alpha1.TimeTotal{Count: 4, Seconds: 900}, Finish: v1alpha1.TimeTotal{Count: 5, Seconds: 100},
			LeadTime: v1alpha1.TimeTotal{Count: 3, Seconds: 7200}, Recovery: v1alpha1.TimeTotal{Count: 1, Seconds: 20},
		},
	}
	return imd
}

func revision(name string, phase v1alpha1.RevisionPhase) v1alpha1.ImmutableRevision {
	imr := v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Labels: map[string]string{v1alpha1.LabelDeployment: name}}}
	imr.Status.Phase = phase
	return imr
}

// collected are the metrics that a collector makes, one a line.
func collected(t *testing.T, c prometheus.Collector) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("against Prometheus's conventions: %v, %v", problems, err)
	}
	var out []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			value := fmt.Sprint(m.GetCounter().GetValue() + m.GetGauge().GetValue())
			if s := m.GetSummary(); s != nil {
				value = fmt.Sprintf("%v in %d", s.GetSampleSum(), s.GetSampleCount())
			}
			out = append(out, fmt.Sprintf("%s %s: %s", strings.TrimPrefix(f.GetName(), "viridian_"), strings.Join(labels, " "), value))
		}
	}
	return out
}

func TestCollector(t *testing.T) {
	objects := measures.Objects{Deployments: []v1alpha1.ImmutableDeployment{checkout()}, Revisions: []v1alpha1.ImmutableRevision{
		revision("checkout", v1alpha1.RevisionCreated), revision("checkout", v1alpha1.RevisionCreated), revision("checkout", v1alpha1.RevisionDeleteFailed),
		revision("checkout", v1alpha1.RevisionRemoved), revision("checkout", v1alpha1.RevisionPending), revision("checkout", ""),
		revision("till", v1alpha1.RevisionCreating),
	}}
	c := measures.NewCollector(func() (measures.Objects, bool) { return objects, true })
	want := []string{
		"blocked_since_timestamp_seconds checkout shop AwaitingApproval: 1.7e+09",
		"change_failures_total checkout shop: 1", "changes_total checkout shop: 4",
		"deployment_info checkout shop Canary: 1", "deployment_phase checkout shop Paused: 1",
		"lead_time_seconds checkout shop: 7200 in 3", "recovery_seconds checkout shop: 20 in 1",
		"rollout_duration_seconds checkout shop finish: 100 in 5", "rollout_duration_seconds checkout shop provision: 480 in 4", "rollout_duration_seconds checkout shop shift: 900 in 4",
		"rollouts_total checkout shop Aborted: 0", "rollouts_total checkout shop Failed: 0", "rollouts_total checkout shop FastPromoted: 1",
		"rollouts_total checkout shop FastRolledBack: 0", "rollouts_total checkout shop Promoted: 2", "rollouts_total checkout shop RolledBack: 1", "rollouts_total checkout shop Superseded: 1",
		"stacks checkout shop Created: 2", "stacks checkout shop DeleteFailed: 1", "stacks till shop Creating: 1",
		"weight_ratio checkout shop: 0.25",
	}
	if diff := cmp.Diff(want, collected(t, c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A deployment without a rollout counts from 0, or its first one would go unseen.
func TestNewDeployment(t *testing.T) {
	imd := v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "new"}}
	c := measures.NewCollector(func() (measures.Objects, bool) {
		return measures.Objects{Deployments: []v1alpha1.ImmutableDeployment{imd}}, true
	})
	got := collected(t, c)
	for _, want := range []string{"changes_total new shop: 0", "rollouts_total new shop Promoted: 0", "lead_time_seconds new shop: 0 in 0"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if slices.ContainsFunc(got, func(line string) bool {
		return strings.HasPrefix(line, "weight_ratio") || strings.HasPrefix(line, "blocked") || strings.HasPrefix(line, "deployment_phase")
	}) {
		t.Errorf("it has no weight, no phase, and waits for nobody: %q", got)
	}
}

// Without objects, as on a manager that waits for the lease, there is nothing.
func TestNoObjects(t *testing.T) {
	c := measures.NewCollector(func() (measures.Objects, bool) {
		return measures.Objects{Deployments: []v1alpha1.ImmutableDeployment{checkout()}}, false
	})
	if got := collected(t, c); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

// What is registered is what the catalogue tells, and each metric there has all
// that docs/metrics.md needs.
func TestCatalogue(t *testing.T) {
	described := make(chan *prometheus.Desc, 100)
	measures.NewCollector(nil).Describe(described)
	close(described)
	var got []string
	for desc := range described {
		got = append(got, desc.String())
	}
	var want []string
	for _, m := range measures.All() {
		if !strings.HasPrefix(m.Name, "viridian_aws_") { // which internal/cloud/aws registers
			want = append(want, m.Desc().String())
		}
		if m.Type == "" || m.Help == "" || m.Query == "" || m.Answers == "" || len(m.Labels) == 0 {
			t.Errorf("%s lacks something", m.Name)
		}
		asked := m.Name
		if recorded := measures.Recorded(m); recorded != "" {
			asked = recorded + ":"
		}
		if !strings.Contains(m.Query, asked) {
			t.Errorf("the example of %s doesn't ask for it", m.Name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("of the collector (-in the catalogue +described):\n%s", diff)
	}
}
