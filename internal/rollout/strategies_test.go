package rollout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

func rollingBy(surge, unavailable int32) *v1alpha1.Strategy {
	return &v1alpha1.Strategy{Type: v1alpha1.StrategyRolling, Rolling: &v1alpha1.Rolling{
		MaxSurgePercent: &surge, MaxUnavailablePercent: &unavailable, PauseSeconds: new(int32(30)),
	}}
}

func recreate() *v1alpha1.Strategy { return &v1alpha1.Strategy{Type: v1alpha1.StrategyRecreate} }

// canaryOf has steps that hold for a minute; the last of them waits for
// approval.
func canaryOf(weights ...int32) *v1alpha1.Strategy {
	c := &v1alpha1.Canary{}
	for _, w := range weights {
		c.Steps = append(c.Steps, v1alpha1.CanaryStep{Weight: w, HoldSeconds: new(int32(60))})
	}
	c.Steps[len(c.Steps)-1].Approval = v1alpha1.ApprovalManual
	return &v1alpha1.Strategy{Type: v1alpha1.StrategyCanary, Canary: c}
}

func previewed() *v1alpha1.Strategy {
	return &v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen, BlueGreen: &v1alpha1.BlueGreen{
		PreviewSeconds: new(int32(120)), Approval: v1alpha1.ApprovalManual,
	}}
}

func (s *story) serving(count int32, strategy *v1alpha1.Strategy) {
	s.t.Helper()
	s.count, s.strategy, s.keep = count, strategy, 300
	s.served()
}

func (s *story) promote(format string, args ...any) {
	s.requests.Promote = fmt.Sprintf(format, args...)
	s.note("kubectl annotate viridian.dev/promote=%s", s.requests.Promote)
}

func (s *story) abort(name string) {
	s.requests.Abort = name
	s.note("kubectl annotate viridian.dev/abort=%s", name)
}

func (s *story) retry(name string) {
	s.requests.Retry = name
	s.note("kubectl annotate viridian.dev/retry=%s", name)
}

func (s *story) die(number int64, left int32) {
	s.note("tasks of shop-%d die, %d are left", number, left)
	s.stack(number).flap, s.stack(number).left = "Target.FailedHealthChecks", left
}

func blocked(reason string) func(Decision) bool {
	return func(d Decision) bool { return d.Blocked != nil && d.Blocked.Reason == reason && d.After > 0 }
}

func phase(p v1alpha1.Phase) func(Decision) bool {
	return func(d Decision) bool { return d.Phase == p && d.After > 0 }
}

func TestStrategyStories(t *testing.T) { play(t, strategyStories()) }

func strategyStories() map[string]func(s *story) {
	return map[string]func(s *story){
		"rolling": func(s *story) {
			s.serving(4, rollingBy(25, 0))
			s.apply("v2")
			s.finish()
		},
		"rolling-without-surge": func(s *story) {
			s.serving(4, rollingBy(0, 25))
			s.apply("v2")
			s.finish()
		},
		"rolling-back": func(s *story) {
			s.serving(4, rollingBy(25, 0))
			s.apply("v2")
			s.run("at step 3", holding(3))
			s.die(2, 0)
			s.finish()
		},
		"rolling-scaled": func(s *story) {
			s.serving(1, rollingBy(25, 0))
			s.apply("v2")
			s.run("baking", phase(v1alpha1.PhaseBaking))
			s.now = s.now.Add(time.Minute)
			s.note("spec.desiredCount is changed to 4")
			s.count = 4
			s.finish()
		},
		"rolling-full": func(s *story) {
			s.serving(4, rollingBy(25, 0))
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.promote("shop-2/full")
			s.finish()
		},
		"recreate": func(s *story) {
			s.serving(2, recreate())
			s.apply("v2")
			s.finish()
		},
		"recreate-failed": func(s *story) {
			s.serving(2, recreate())
			s.failing["v2"] = "Service: CannotPullContainerError: shop:v2 not found"
			s.apply("v2")
			s.finish()
		},
		"recreate-unhealthy": func(s *story) {
			s.serving(2, recreate())
			s.sick["v2"] = "Target.ResponseCodeMismatch: Health checks failed with these codes: [500]"
			s.apply("v2")
			s.finish()
		},
		"recreate-superseded": func(s *story) {
			s.serving(2, recreate())
			s.apply("v2")
			s.run("verifying", phase(v1alpha1.PhaseVerifying))
			s.apply("v3")
			s.finish()
		},
		"recreate-not-brought-back": func(s *story) {
			s.serving(2, recreate())
			s.failing["v2"], s.failing["v1"] = "Service: no such image: v2", "Service: no such image: v1"
			s.apply("v2")
			s.finish()
		},
		"worker-canary": func(s *story) {
			s.worker()
			s.serving(5, canaryOf(20, 60))
			s.apply("v2")
			s.run("awaiting approval", blocked(v1alpha1.ReasonAwaitingApproval))
			s.promote("shop-2/2")
			s.finish()
		},
		"worker-died": func(s *story) {
			s.worker()
			s.serving(3, nil)
			s.strategy = &v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
			s.apply("v2")
			s.run("baking", phase(v1alpha1.PhaseBaking))
			s.now = s.now.Add(time.Minute)
			s.die(2, 0)
			s.finish()
		},
	}
}

func TestStoriesOfPeople(t *testing.T) { play(t, storiesOfPeople()) }

func storiesOfPeople() map[string]func(s *story) {
	return map[string]func(s *story){
		"approval": func(s *story) {
			s.serving(3, canaryOf(10, 50))
			s.apply("v2")
			s.run("awaiting approval", blocked(v1alpha1.ReasonAwaitingApproval))
			s.now = s.now.Add(2 * time.Hour)
			s.note("two hours later someone answers, for the wrong step first")
			s.promote("shop-2/1")
			s.run("still awaiting approval", blocked(v1alpha1.ReasonAwaitingApproval))
			s.promote("shop-2/2")
			s.finish()
		},
		"promoted-at-once": func(s *story) {
			s.serving(3, canaryOf(10, 50))
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.promote("shop-2/full")
			s.finish()
		},
		"abort-and-retry": func(s *story) {
			s.serving(3, canaryOf(10, 50))
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.abort("shop-2")
			s.finish()
			s.retry("shop-2")
			s.run("at step 1", holding(1))
			s.note("the annotation viridian.dev/abort=shop-2 is still there")
			s.abort("shop-2.3")
			s.finish()
		},
		"paused": func(s *story) {
			s.serving(3, canaryOf(10, 50))
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.note("spec.paused is set")
			s.paused = true
			s.run("paused", paused)
			s.now = s.now.Add(8 * time.Hour)
			s.note("the next morning spec.paused is taken back")
			s.paused = false
			s.run("at step 2", holding(2))
		},
		"preview": func(s *story) {
			s.serving(3, previewed())
			s.apply("v2")
			s.run("awaiting approval", blocked(v1alpha1.ReasonAwaitingApproval))
			s.promote("shop-2/1")
			s.finish()
		},
		"promoted-then-died": func(s *story) {
			s.serving(3, &v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen})
			s.keep = 0
			s.apply("v2")
			s.run("promoted", func(d Decision) bool { return d.Phase == v1alpha1.PhaseCleaningUp && d.After > time.Second })
			s.die(2, 0)
			s.finish()
		},
		"failed-is-kept": func(s *story) {
			s.policy.KeepFailed = time.Hour
			s.serving(3, canaryOf(10))
			s.failing["v2"] = "Service: CannotPullContainerError: shop:v2 not found"
			s.apply("v2")
			s.finish()
		},
		"stable-unhealthy": func(s *story) {
			s.policy.BlockUnhealthy = true
			s.serving(3, canaryOf(10))
			s.die(1, 1)
			s.apply("v2")
			s.run("blocked", blocked(v1alpha1.ReasonStableUnhealthy))
			s.now = s.now.Add(time.Hour)
			s.note("an hour later its tasks are back")
			s.stack(1).flap = ""
			s.run("provisioning", phase(v1alpha1.PhaseProvisioning))
		},
		"tampered": func(s *story) {
			s.serving(3, canaryOf(10, 50))
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.note("someone deletes the preview rule of shop-2")
			s.stack(2).Tampered = "its preview rule was deleted"
			s.run("paused", paused)
			s.abort("shop-2")
			s.finish()
		},
		"deletion-retains": func(s *story) {
			s.policy.Retain = true
			s.serving(3, canaryOf(10))
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.delete()
		},
	}
}

// Once others deleted the stack or the service of what serves, no step leaves
// requests to it: the new revision gets all as soon as it is whole.
func TestNothingIsSharedWithTheLost(t *testing.T) {
	lost := map[string]func(*Revision){
		"stack":   func(r *Revision) { r.Stack = v1alpha1.RevisionFailed },
		"service": func(r *Revision) { r.Health = Health{Known: true, Gone: true} },
	}
	seen := map[string]struct {
		o    Observation
		want Targets
	}{
		"before traffic": {rolling(0, -1), at(100)},
		"at a step":      {rolling(1, 10*time.Minute), at(100)},
		"not whole":      {sick(rolling(1, 10*time.Minute)), nil},
		"a preview":      {preview(rolling(0, 10*time.Minute)), nil},
	}
	for name, tt := range seen {
		for what, lose := range lost {
			t.Run(name+", "+what, func(t *testing.T) {
				o := tt.o
				o.Revisions = slices.Clone(o.Revisions)
				lose(&o.Revisions[0])
				d := Decide(o, start)
				if d.Action.Kind == ActionNone && tt.want != nil {
					o.Progress = d.Progress // what is decided is remembered first
					d = Decide(o, start)
				}
				if got := d.Action.Targets; !got.Equal(tt.want) {
					t.Errorf("writes %v, want %v: %s", got, tt.want, d.Message)
				}
			})
		}
	}
}

// preview has the new revision wait for approval without requests: what was read
// of the old one may be wrong, and nobody let the new one take its place.
func preview(o Observation) Observation {
	o.Plan = append(Plan{{New: 3, Old: 3, Approval: true}}, o.Plan[len(o.Plan)-1])
	o.Route.Targets, o.Progress.Written, o.Progress.Observed = at(0), at(0), at(0)
	return o
}

// sick has the new revision short of a healthy task.
func sick(o Observation) Observation {
	o.Revisions[1].Health = short(2)
	return o
}
