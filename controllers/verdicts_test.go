package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
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
