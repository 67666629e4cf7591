package analysis

import (
	"fmt"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// Alarm judges a revision by an alarm. before is the verdict of the same alarm
// in the same rollout; nil if there is none. With proceed, an alarm that is in
// ALARM since before the rollout is ignored until it has cleared once: it is
// about something else. OK counts only once the alarm, as it was read, has had
// time to see the step, and if CloudWatch could evaluate it. The zero State means
// that the alarm doesn't exist.
func Alarm(alarm cloud.Alarm, step Step, proceed bool, before *v1alpha1.Verdict, now time.Time) v1alpha1.Verdict {
	v, last := frame(v1alpha1.SourceAlarm, alarm.Name, step, before)
	v.Value = string(alarm.State)
	result, text := alarmed(&alarm, step, proceed, now)
	return conclude(v, result, text, last, now)
}

func alarmed(alarm *cloud.Alarm, step Step, proceed bool, now time.Time) (v1alpha1.Result, string) {
	switch alarm.State {
	case cloud.AlarmFiring:
		if proceed && alarm.Since.Before(step.RolloutStarted) {
			return v1alpha1.ResultSkipped, "ignored: in ALARM since before the rollout"
		}
		return v1alpha1.ResultFail, described("in ALARM", alarm, now)
	case cloud.AlarmOK:
		if alarm.Doubt != "" {
			return v1alpha1.ResultInconclusive, described("OK can't be relied on: "+alarm.Doubt, alarm, now)
		}
		return seen(alarm, step, now)
	case "":
		return v1alpha1.ResultInconclusive, "there is no alarm of this name"
	default:
		state := string(alarm.State)
		if alarm.Doubt != "" {
			state += ", " + alarm.Doubt
		}
		return v1alpha1.ResultInconclusive, described("can't say: "+state, alarm, now)
	}
}

// seen returns the verdict for OK: the alarm looks back for its span, which may
// begin before the step.
func seen(alarm *cloud.Alarm, step Step, now time.Time) (v1alpha1.Result, string) {
	if step.Since.IsZero() {
		return v1alpha1.ResultPending, "OK, but the step's weight isn't in effect yet"
	}
	at := now
	if !alarm.ReadAt.IsZero() && alarm.ReadAt.Before(now) {
		at = alarm.ReadAt
	}
	until := step.Since.Add(alarm.Span)
	if at.Before(until) {
		return v1alpha1.ResultPending, fmt.Sprintf("OK, but it hasn't seen the step yet: waits until %s", clock(until, now))
	}
	return v1alpha1.ResultPass, "OK"
}

// described says what state the alarm is in, since when and why.
func described(state string, alarm *cloud.Alarm, now time.Time) string {
	if !alarm.Since.IsZero() {
		state += " since " + clock(alarm.Since, now)
	}
	if alarm.Reason == "" {
		return state
	}
	return state + ": " + alarm.Reason
}
