package analysis

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

func TestAlarm(t *testing.T) {
	since, early := three.Add(2*time.Minute), three.Add(-26*time.Hour)
	firing := cloud.Alarm{Name: "checkout-5xx", State: cloud.AlarmFiring, Reason: "5 > 1", Since: since}
	old := firing
	old.Since = early
	fine := cloud.Alarm{Name: "checkout-5xx", State: cloud.AlarmOK, Since: early, Span: 5 * time.Minute}
	slow, stale := fine, fine
	slow.Span, stale.ReadAt = 6*time.Minute, three.Add(5*time.Minute-1)
	never := step2
	never.Since = time.Time{}
	tests := map[string]struct {
		alarm   cloud.Alarm
		step    Step
		proceed bool
		want    v1alpha1.Result
		message string
	}{
		"firing":                       {firing, step2, false, fail, "in ALARM since 15:02:00 UTC: 5 > 1"},
		"firing, proceed":              {firing, step2, true, fail, "in ALARM since 15:02:00 UTC: 5 > 1"},
		"firing since before":          {old, step2, false, fail, "in ALARM since 2026-02-28 13:00:00 UTC: 5 > 1"},
		"firing since before, proceed": {old, step2, true, skipped, "ignored: in ALARM since before the rollout"},
		"firing before the weight":     {firing, never, false, fail, "in ALARM since 15:02:00 UTC: 5 > 1"},
		"seen the step":                {fine, step2, false, pass, "OK"},
		"hasn't seen the step":         {slow, step2, false, pending, "OK, but it hasn't seen the step yet: waits until 15:06:00 UTC"},
		"was read too early":           {stale, step2, false, pending, "OK, but it hasn't seen the step yet: waits until 15:05:00 UTC"},
		"before the weight":            {fine, never, false, pending, "OK, but the step's weight isn't in effect yet"},
		"no data": {cloud.Alarm{State: cloud.AlarmInsufficientData, Since: since}, step2, true,
			inconclusive, "can't say: INSUFFICIENT_DATA since 15:02:00 UTC"},
		"evaluated in part": {cloud.Alarm{State: cloud.AlarmOK, Doubt: "PARTIAL_DATA", Reason: "so", Since: since}, step2, false,
			inconclusive, "OK can't be relied on: PARTIAL_DATA since 15:02:00 UTC: so"},
		"not evaluated": {cloud.Alarm{State: cloud.AlarmInsufficientData, Doubt: "EVALUATION_ERROR"}, step2, false,
			inconclusive, "can't say: INSUFFICIENT_DATA, EVALUATION_ERROR"},
		"fires on a part":     {cloud.Alarm{State: cloud.AlarmFiring, Doubt: "PARTIAL_DATA", Since: since}, step2, false, fail, "in ALARM since 15:02:00 UTC"},
		"of an unknown state": {cloud.Alarm{State: "MUTED"}, step2, false, inconclusive, "can't say: MUTED"},
		"no alarm":            {cloud.Alarm{Name: "gone"}, step2, false, inconclusive, "there is no alarm of this name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := v1alpha1.Verdict{
				Source: v1alpha1.SourceAlarm, Name: tt.alarm.Name, Step: 2, Weight: 25, Result: tt.want, Message: tt.message,
				Value: string(tt.alarm.State), Since: metav1.NewTime(now),
			}
			got := Alarm(tt.alarm, tt.step, tt.proceed, nil, now)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if again := Alarm(tt.alarm, tt.step, tt.proceed, &got, now.Add(time.Nanosecond)); !cmp.Equal(got, again) {
				t.Errorf("judged twice (-once +twice):\n%s", cmp.Diff(got, again))
			}
		})
	}
}

func TestAlarmRemembersSinceWhen(t *testing.T) {
	alarm := cloud.Alarm{Name: "a", State: cloud.AlarmOK}
	tests := map[string]struct {
		step   int32
		result v1alpha1.Result
		want   time.Time
	}{
		"as before":         {2, pass, three},
		"in another step":   {1, pass, now},
		"of another result": {2, pending, now},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := &v1alpha1.Verdict{Name: "a", Step: tt.step, Weight: 25, Result: tt.result, Since: metav1.NewTime(three)}
			if got := Alarm(alarm, step2, false, before, now); !got.Since.Time.Equal(tt.want) {
				t.Errorf("since %v, want %v", got.Since, tt.want)
			}
		})
	}
}

func TestAlarmCutsItsReason(t *testing.T) {
	got := Alarm(cloud.Alarm{State: cloud.AlarmFiring, Reason: strings.Repeat("é", 600)}, step2, false, nil, now).Message
	if n := len([]rune(got)); n != maxMessage || !strings.HasSuffix(got, "é…") {
		t.Errorf("%d characters: %s", n, got)
	}
}
