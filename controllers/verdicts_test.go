package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// A verdict is noted once, also by a process whose clock is behind that of the
// one in which the rollout began.
func TestKeepVerdictOnce(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	said := func(at time.Time, value string) v1alpha1.Verdict {
		return v1alpha1.Verdict{Source: v1alpha1.SourceMetric, Name: "cpu", Step: 1, Result: v1alpha1.ResultPass, Value: value, Since: stamp(at)}
	}
	started := now.Add(2 * time.Hour)
	kept := keepVerdict(nil, said(now, "20"), started)
	kept = keepVerdict(kept, said(now.Add(time.Minute), "21"), started)
	if diff := cmp.Diff([]v1alpha1.Verdict{said(started, "21")}, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	next := started.Add(time.Hour)
	kept = keepVerdict(kept, said(next.Add(time.Minute), "30"), next)
	if len(kept) != 2 {
		t.Errorf("another rollout's verdict took the place of the first one's: %+v", kept)
	}
}

// A verdict that is said for the last time is noted although the cache is behind, and
// what others wrote of the revision meanwhile stays.
func TestVerdictInAConflict(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	imr := &v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout-2"}}
	cluster := clusterOf(t, imr)
	live := func() *v1alpha1.ImmutableRevision {
		out := &v1alpha1.ImmutableRevision{}
		if err := cluster.Get(t.Context(), client.ObjectKeyFromObject(imr), out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	cached, later := live(), live()
	later.Status.Phase = v1alpha1.RevisionCreated
	if err := cluster.Status().Update(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	r, view := &DeploymentReconciler{Options: Options{Client: cluster, Live: cluster, Now: func() time.Time { return now }}}, &deploymentView{records: []v1alpha1.ImmutableRevision{*cached}}
	view.facts.Revisions = []rollout.Revision{{Number: 2}}
	ro := &rollout.Rollout{Revision: 2, StartedAt: now, Checks: []v1alpha1.Verdict{{Source: v1alpha1.SourceMetric, Name: "errors", Result: v1alpha1.ResultFail}}}
	if err := r.keepEvidence(t.Context(), view, ro); err != nil {
		t.Fatal(err)
	}
	if s := live().Status; s.Phase != v1alpha1.RevisionCreated || len(s.Verdicts) != 1 || s.Verdicts[0].Result != v1alpha1.ResultFail {
		t.Errorf("%+v", s)
	}
}
