package rollout

import (
	"reflect"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// No remembered time is later than now, whichever it is: fields that come later
// are found here, too.
func TestNothingIsRememberedOfTheFuture(t *testing.T) {
	ahead := start.Add(8 * time.Hour)
	p := Progress{Retiring: []Retiring{{Since: ahead}}, Rollout: &Rollout{Gates: []GateRun{{}}}}
	set := func(of any) {
		for _, field := range reflect.ValueOf(of).Elem().Fields() {
			if when, ok := reflect.TypeAssert[*time.Time](field.Addr()); ok {
				*when = ahead
			}
		}
	}
	set(&p)
	set(p.Rollout)
	set(&p.Rollout.Gates[0])
	p.correct(start)
	check := func(of any, but string) {
		for field, value := range reflect.ValueOf(of).Fields() {
			limit := start
			if field.Name == "StartedAt" {
				limit = limit.Add(retryPause)
			}
			if when, ok := reflect.TypeAssert[time.Time](value); ok && field.Name != but && when.After(limit) {
				t.Errorf("%T.%s is %s", of, field.Name, when)
			}
		}
	}
	check(p, "")
	check(*p.Rollout, "")
	check(p.Rollout.Gates[0], "CallAt") // it is due in the future, but not after the attempt's end
	check(p.Retiring[0], "")
}

// What a clock that was ahead began takes as long as it should from now on.
func TestClockWasAhead(t *testing.T) {
	ahead := start.Add(8 * time.Hour)
	deletion := with(serving(), func(o *Observation) {
		o.Deleting = true
		o.Route = Route{}
		o.Progress.DetachedAt, o.Progress.Since = ahead, ahead
	})
	gate := with(rolling(0, -1), func(o *Observation) {
		o.Gates = []Gate{smoke}
		o.Progress.Rollout.Gates = []GateRun{{Name: "smoke", At: v1alpha1.BeforeTraffic, State: v1alpha1.GateRunning, Attempt: 2, Calls: 1, StartedAt: ahead, CallAt: ahead.Add(time.Minute)}}
	})
	for name, o := range map[string]Observation{
		"a deletion": deletion,
		"a hold":     with(rolling(0, 0), func(o *Observation) { o.Progress.Rollout.StepReachedAt, o.Progress.Since = ahead, ahead }),
		"the wait for requests to end": with(finished(v1alpha1.OutcomePromoted, time.Second), func(o *Observation) {
			o.Progress.Retiring[0].Since = ahead
		}),
		"a gate": gate,
	} {
		t.Run(name, func(t *testing.T) {
			was := Decide(o, start)
			o.Progress = was.Progress
			later := Decide(o, start.Add(15*time.Minute))
			if reflect.DeepEqual(judge(later), judge(was)) {
				t.Errorf("still %s: %s", later.Phase, later.Message)
			}
		})
	}
}
