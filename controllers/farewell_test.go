package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// A deletion that retains everything goes ten minutes after the trouble was
// told that it is in.
func TestFarewell(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	r := &DeploymentReconciler{Options: Options{Now: func() time.Time { return now }}}
	for name, tt := range map[string]struct {
		reason, told string
		since        time.Duration
		want         bool
		at           time.Duration
	}{
		"told now":                  {v1alpha1.ReasonCredentials, "", 0, false, farewell},
		"told a while ago":          {v1alpha1.ReasonCredentials, v1alpha1.ReasonCredentials, -9 * time.Minute, false, time.Minute},
		"told long ago":             {v1alpha1.ReasonCredentials, v1alpha1.ReasonCredentials, -farewell, true, 0},
		"other trouble before":      {v1alpha1.ReasonCredentials, v1alpha1.ReasonRouteDrifted, -time.Hour, false, farewell},
		"trouble that passes":       {v1alpha1.ReasonAWSUnavailable, v1alpha1.ReasonAWSUnavailable, -time.Hour, false, farewell - time.Hour},
		"told by a clock ahead":     {v1alpha1.ReasonWrongAccount, v1alpha1.ReasonWrongAccount, time.Hour, false, farewell},
		"permission taken long ago": {v1alpha1.ReasonAccessDenied, v1alpha1.ReasonAccessDenied, -time.Hour, true, farewell - time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			imd := &v1alpha1.ImmutableDeployment{}
			imd.DeletionTimestamp, imd.Spec.DeletionPolicy = &metav1.Time{Time: now}, v1alpha1.DeletionRetain
			if tt.told != "" {
				imd.Status.BlockedBy = &v1alpha1.BlockedBy{Reason: tt.told, Since: metav1.NewTime(now.Add(tt.since))}
			}
			in := trouble{Blocked: rollout.Blocked{Reason: tt.reason}}
			if got := r.goes(imd, in); got != tt.want {
				t.Errorf("goes: %t", got)
			}
			if got := r.farewellAt(imd, in).Sub(now); got != tt.at {
				t.Errorf("goes in %s, want %s", got, tt.at)
			}
		})
	}
}
