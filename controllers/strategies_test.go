package controllers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	simelb "github.com/viridian-dev/viridian/internal/awssim/elb"
)

// rollingStrategy moves one task of two at a time.
func rollingStrategy(surge, unavailable int32) v1alpha1.Strategy {
	return v1alpha1.Strategy{Type: v1alpha1.StrategyRolling, Rolling: &v1alpha1.Rolling{
		MaxSurgePercent: &surge, MaxUnavailablePercent: &unavailable,
	}}
}

func recreate() v1alpha1.Strategy { return v1alpha1.Strategy{Type: v1alpha1.StrategyRecreate} }

// asWorker takes the load balancer away.
func asWorker(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Traffic = v1alpha1.Traffic{}
	s.Template.Target = v1alpha1.Target{}
	s.Template.Network.LoadBalancerSecurityGroupIDs = nil
}

func TestStrategies(t *testing.T) {
	blueGreen := v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
	tests := map[string]struct {
		strategy v1alpha1.Strategy
		worker   bool
		// reason why the sick version is rolled back. CloudFormation notices
		// tasks that crash while it creates the service; of later ones there
		// are soon too many.
		reason string
	}{
		"rolling with surge":    {rollingStrategy(50, 0), false, v1alpha1.ReasonStackFailed},
		"rolling without surge": {rollingStrategy(0, 50), false, v1alpha1.ReasonTaskRestarts},
		"recreate":              {recreate(), false, v1alpha1.ReasonStackFailed},
		"blue/green worker":     {blueGreen, true, v1alpha1.ReasonStackFailed},
		"canary worker":         {canary(0, 0), true, v1alpha1.ReasonStackFailed},
		"rolling worker":        {rollingStrategy(50, 50), true, v1alpha1.ReasonStackFailed},
		"recreate worker":       {recreate(), true, v1alpha1.ReasonStackFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
				s.Strategy = tt.strategy
				s.ProgressDeadlineSeconds = new(int32(1800))
				if tt.worker {
					asWorker(s)
				}
			})
			w.roll(imd, "2")
			now := w.eventually(imd, v1alpha1.PhaseComplete)
			w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
			w.roll(imd, "crash")
			now = w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(tt.reason))
			w.until(imd, "all tasks of the old revision", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.RunningCount == 2 })
			w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
			w.gone(imd)
		})
	}
}

// always checks again and again what must hold at every moment, until the
// returned function is called. The check tells what is wrong.
func (w *world) always(check func(awssim.Snapshot) string) (stop func()) {
	w.t.Helper()
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		pause := time.NewTicker(2 * time.Millisecond)
		defer pause.Stop()
		for {
			select {
			case <-end:
				return
			case <-pause.C:
			}
			if problem := check(w.sim.Snapshot()); problem != "" {
				w.t.Errorf("%s; effects: %q", problem, w.log.all())
				return
			}
		}
	}()
	return func() { close(end); <-done }
}

// tasksOf counts an account's tasks of ours: those asked for, those there or on
// their way, and those that serve.
func tasksOf(snap awssim.Snapshot) (desired, present, serving int) {
	ours := map[string]bool{}
	for _, service := range snap.Services {
		if service.Tags[v1alpha1.TagUID] != "" {
			ours[service.Name] = true
			desired += service.Desired
		}
	}
	healthy := map[string]bool{}
	for _, group := range snap.TargetGroups {
		for _, target := range group.Targets {
			healthy[target.IP] = healthy[target.IP] || target.Health.State == simelb.StateHealthy
		}
	}
	for _, task := range snap.Tasks {
		if !ours[task.Service] {
			continue
		}
		switch task.Status {
		case "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING":
			present++
		}
		_, balanced := healthy[task.IP]
		if task.Status == "RUNNING" && (!balanced || healthy[task.IP]) {
			serving++
		}
	}
	return desired, present, serving
}

// A rolling update keeps to its bounds at every moment.
func TestRollingBounds(t *testing.T) {
	t.Parallel()
	const desired = 4
	for name, c := range map[string]struct {
		surge, unavailable int32
		worker             bool
		most, least        int
	}{
		"surge":           {25, 0, false, 5, 4},
		"unavailable":     {0, 25, false, 4, 3},
		"both":            {50, 50, false, 6, 2},
		"worker surge":    {50, 0, true, 6, 4},
		"worker no surge": {0, 50, true, 4, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
				s.DesiredCount = new(int32(desired))
				s.Strategy = rollingStrategy(c.surge, c.unavailable)
				if c.worker {
					asWorker(s)
				} else {
					s.Template.Target.DeregistrationDelaySeconds = new(int32(30))
				}
			})
			peak, low := 0, desired
			stop := w.always(func(snap awssim.Snapshot) string {
				asked, present, serving := tasksOf(snap)
				peak, low = max(peak, present), min(low, serving)
				if asked > c.most || present > c.most || serving < c.least {
					return fmt.Sprintf("%d tasks asked for, %d present (at most %d), %d serve (at least %d)", asked, present, c.most, serving, c.least)
				}
				return ""
			})
			w.roll(imd, "2")
			now := w.eventually(imd, v1alpha1.PhaseComplete)
			stop()
			w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
			w.Expect([]int{peak, low}).To(gomega.Equal([]int{c.most, c.least}), "the bounds are made use of")
			_, _, serving := tasksOf(w.sim.Snapshot())
			w.Expect(serving).To(gomega.Equal(desired))
		})
	}
}

// Recreate makes the new stack only once the old one is gone, so that metrics
// have nothing to be compared with.
func TestRecreateOrder(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*v1alpha1.ImmutableDeploymentSpec){
		"service": func(*v1alpha1.ImmutableDeploymentSpec) {},
		"worker":  asWorker,
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			cpu := judgedBy(v1alpha1.Analysis{Metrics: []v1alpha1.MetricCheck{{Name: "cpu", Builtin: v1alpha1.MetricCPU, Max: "80", MaxRatioToStable: "3"}}})
			imd := w.serving(edit, cpu, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = recreate() })
			stop := w.always(func(snap awssim.Snapshot) string {
				var there []string
				for _, s := range snap.Stacks {
					if s.Tags[v1alpha1.TagUID] != "" && s.Status != "DELETE_COMPLETE" {
						there = append(there, s.Name)
					}
				}
				if len(there) > 1 {
					return fmt.Sprintf("Stacks at the same time: %v", there)
				}
				return ""
			})
			w.roll(imd, "2")
			w.eventually(imd, v1alpha1.PhaseComplete)
			stop()
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
			w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
			body := w.revision("checkout-2").Spec.Frozen.TemplateBody
			w.Expect(body).To(gomega.ContainSubstring(`"MaximumPercent":100,"MinimumHealthyPercent":0`), "nor do two tasks of a revision overlap")
			w.Expect(body).To(gomega.ContainSubstring(`"AvailabilityZoneRebalancing":"DISABLED"`))
		})
	}
}
