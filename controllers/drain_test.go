package controllers

import (
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// A worker's old stack doesn't wait for requests that it never got.
func TestDrain(t *testing.T) {
	frozen := func(listener string, delay *int32) v1alpha1.FrozenRevision {
		return v1alpha1.FrozenRevision{ListenerARN: listener, Template: v1alpha1.RevisionTemplate{
			Target: v1alpha1.Target{DeregistrationDelaySeconds: delay},
		}}
	}
	for name, tc := range map[string]struct {
		frozen v1alpha1.FrozenRevision
		want   time.Duration
	}{
		"default": {frozen("arn:listener", nil), 5 * time.Minute},
		"short":   {frozen("arn:listener", new(int32(10))), 10 * time.Second},
		"worker":  {frozen("", nil), 0},
	} {
		imr := &v1alpha1.ImmutableRevision{Spec: v1alpha1.ImmutableRevisionSpec{Frozen: tc.frozen}}
		if got := backendOf(imr, cloud.Clients{}).Drain(); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}
