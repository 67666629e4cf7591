package controllers_test

import (
	"testing"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
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
		// tasks that crash while it creates the service; later ones are a
		// lack of progress.
		reason string
	}{
		"rolling with surge":    {rollingStrategy(50, 0), false, v1alpha1.ReasonStackFailed},
		"rolling without surge": {rollingStrategy(0, 50), false, v1alpha1.ReasonProgressDeadlineExceeded},
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
