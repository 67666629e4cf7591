package controllers_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	scalingsdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
	simelb "github.com/viridian-dev/viridian/internal/awssim/elb"
)

// scaled has an autoscaler set the number of tasks, from 2 to 10. Their load is none,
// so it removes tasks only when a test has it do so.
func scaled(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Scaling = &v1alpha1.Scaling{Min: 2, Max: 10}
	s.Template.Scaling = &v1alpha1.AutoScaling{Targets: []v1alpha1.TargetTracking{{Metric: v1alpha1.ScalingCPU, Value: "60", DisableScaleIn: new(true)}}}
}

// serviceNamed is the name of a revision's ECS service.
func (w *world) serviceNamed(revision string) string {
	w.t.Helper()
	return w.revision(revision).Status.Outputs.ServiceName
}

// tasksOf is how many tasks a revision's service is asked for.
func (w *world) tasksOf(revision string) int {
	name := w.serviceNamed(revision)
	for _, s := range w.sim.Snapshot().Services {
		if s.Name == name {
			return s.Desired
		}
	}
	return -1
}

// autoscale has the autoscaler of a revision ask for so many tasks.
func (w *world) autoscale(revision string, tasks int) (done bool) {
	w.t.Helper()
	return w.sim.Autoscale("shop", w.serviceNamed(revision), tasks)
}

// targetOf is a revision's scalable target; nil if it has none.
func (w *world) targetOf(revision string) *autoscaling.Target {
	name := w.serviceNamed(revision)
	all := w.sim.Snapshot().ScalableTargets
	if i := slices.IndexFunc(all, func(t autoscaling.Target) bool { return t.Service == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

// The autoscaler owns the number of tasks. A new revision has as many as serve, gets
// those that the load needs in the middle of a rollout, and loses none before it is
// over.
func TestAutoscaled(t *testing.T) {
	w := running(t)
	imd := w.serving(scaled)
	w.Eventually(func() bool { return w.autoscale("checkout-1", 5) }).Should(gomega.BeTrue(), "nothing is suspended")
	w.until(imd, "five tasks", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.RunningCount == 5 && s.Phase == v1alpha1.PhaseComplete
	})
	w.looks()
	w.Expect(w.tasksOf("checkout-1")).To(gomega.Equal(5))

	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy, s.Template.Containers[0].Image = canary(forever, forever), image("2")
	})
	w.reached(imd, "1/3")
	w.Expect(w.tasksOf("checkout-2")).To(gomega.Equal(5))
	for _, revision := range []string{"checkout-1", "checkout-2"} {
		w.Eventually(func() bool { return w.targetOf(revision).In }).Should(gomega.BeTrue(), revision)
		w.Expect(w.autoscale(revision, 2)).To(gomega.BeFalse(), "%s is scaled in", revision)
	}
	w.Expect(w.autoscale("checkout-1", 8)).To(gomega.BeTrue(), "scale-out goes on")
	w.Eventually(func() int { return w.tasksOf("checkout-2") }).Should(gomega.Equal(8))
	w.release(imd)
	w.alone(imd, "checkout-2")
	w.Eventually(func() bool { return w.autoscale("checkout-2", 3) }).Should(gomega.BeTrue(), "nothing is suspended")
	w.Expect(w.targetOf("checkout-2").In).To(gomega.BeFalse())
	w.Expect(w.get(imd).Status.Scaling.Min).To(gomega.Equal(int32(2)))
	w.looks()
	w.Expect(w.tasksOf("checkout-2")).To(gomega.Equal(3))
	w.Expect(meta.FindStatusCondition(w.get(imd).Status.Conditions, v1alpha1.ConditionAutoscalerDiffers)).To(gomega.BeNil())
}

// A rollout that is aborted leaves nothing suspended, and other bounds are written
// without a new revision.
func TestAutoscaledAbort(t *testing.T) {
	w := running(t)
	imd := w.heldAt("2/3", scaled)
	w.Eventually(func() bool { return w.targetOf("checkout-1").In }).Should(gomega.BeTrue())
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Eventually(func() bool { return w.targetOf("checkout-1").In }).Should(gomega.BeFalse())
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Scaling = &v1alpha1.Scaling{Min: 4, Max: 20} })
	w.Eventually(func() int { return w.tasksOf("checkout-1") }).Should(gomega.Equal(4))
	w.until(imd, "the bounds", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Scaling.Max == 20 })
}

// Batches count in parts of the live number, though they have fewer tasks than the
// autoscaler's smallest number.
func TestAutoscaledBatches(t *testing.T) {
	w := running(t)
	imd := w.serving(scaled, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyRolling, Rolling: &v1alpha1.Rolling{
			MaxSurgePercent: new(int32(25)), MaxUnavailablePercent: new(int32(0)), PauseSeconds: new(int32(0)),
		}}
	})
	w.Eventually(func() bool { return w.autoscale("checkout-1", 4) }).Should(gomega.BeTrue())
	w.until(imd, "four tasks", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.RunningCount == 4 && s.Phase == v1alpha1.PhaseComplete
	})
	w.roll(imd, "2")
	w.alone(imd, "checkout-2")
	w.Expect(w.tasksOf("checkout-2")).To(gomega.Equal(4))
	w.Expect(w.log.all()).To(gomega.ContainElements("UpdateService checkout-2 desiredCount=2", "UpdateService checkout-1 desiredCount=3", "UpdateService checkout-2 desiredCount=4"))
	w.Eventually(func() bool {
		target := w.targetOf("checkout-2")
		return target.Min == 2 && !target.In && !target.Out && !target.Scheduled
	}).Should(gomega.BeTrue())
}

// What people do to autoscalers is left as it is, and told. A rollout that would lose
// one waits.
func TestAutoscalerOfPeople(t *testing.T) {
	w := running(t)
	imd := w.serving()
	id := aws.String("service/shop/" + w.serviceNamed("checkout-1"))
	_, err := w.others.scaling.RegisterScalableTarget(w.ctx, &scalingsdk.RegisterScalableTargetInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ScalableDimension: scalingtypes.ScalableDimensionECSServiceDesiredCount,
		ResourceId: id, MinCapacity: aws.Int32(3), MaxCapacity: aws.Int32(9),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	told := func(reason string) func(v1alpha1.ImmutableDeploymentStatus) bool {
		return func(s v1alpha1.ImmutableDeploymentStatus) bool {
			c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionAutoscalerDiffers)
			return (c == nil && reason == "") || c != nil && c.Reason == reason
		}
	}
	w.until(imd, "the autoscaler to be told", told(v1alpha1.ReasonAutoscalerByHand))
	w.Expect(w.autoscale("checkout-1", 6)).To(gomega.BeTrue())
	w.looks()
	w.Expect(w.tasksOf("checkout-1")).To(gomega.Equal(6))
	w.roll(imd, "2")
	w.blocked(imd, v1alpha1.ReasonAutoscalerByHand)
	w.Expect(w.tasksOf("checkout-1")).To(gomega.Equal(6))

	w.update(imd, scaled)
	w.alone(imd, "checkout-3")
	w.until(imd, "nothing to tell", told(""))
	w.Expect(w.tasksOf("checkout-3")).To(gomega.Equal(6))
}

// rush is a load that the tasks behind the production rule share, in per cent of
// what one of them can do.
type rush struct {
	sync.Mutex
	load float64
	// shares of the load, and how busy tasks are, by service.
	shares, busy map[string]float64
}

// work is how much of the load a service has.
func (c *rush) work(_, service string) (float64, bool) {
	c.Lock()
	defer c.Unlock()
	share, known := c.shares[service]
	return share * c.load, known
}

// look notes how the load is shared, and tells which tasks can't bear it: those
// would fail requests.
func (c *rush) look(snap awssim.Snapshot) (overloaded string) {
	i := slices.IndexFunc(snap.Rules, func(r simelb.RuleTruth) bool { return r.Priority == "100" })
	if i < 0 {
		return ""
	}
	revisions, total := map[string]float64{}, 0.0
	for _, t := range targetsOf(snap.Rules[i]) {
		for _, group := range snap.TargetGroups {
			if group.ARN == t.group {
				revisions[group.Tags[v1alpha1.TagRevision]] = float64(t.weight)
				total += float64(t.weight)
			}
		}
	}
	c.Lock()
	defer c.Unlock()
	clear(c.shares)
	clear(c.busy)
	for _, service := range snap.Services {
		weight := revisions[service.Tags[v1alpha1.TagRevision]]
		if weight == 0 {
			continue
		}
		serving := 0
		for _, task := range snap.Tasks {
			if task.Service == service.Name && task.Serving {
				serving++
			}
		}
		c.shares[service.Name] = weight / total
		c.busy[service.Name] = c.load * weight / total / float64(max(serving, 1))
		if c.busy[service.Name] > 100 {
			overloaded = fmt.Sprintf("%d tasks of %s are busy by %.0f %%", serving, service.Name, c.busy[service.Name])
		}
	}
	return overloaded
}

// grow adds a tenth to the load if the autoscaler keeps up with it, and tells whether
// there is so much.
func (c *rush) grow(to float64) bool {
	c.Lock()
	defer c.Unlock()
	for _, busy := range c.busy {
		if busy > 45 {
			return false
		}
	}
	c.load = min(c.load*1.1, to)
	return c.load == to
}

// The load rises tenfold in the middle of a canary. At no moment has a task more to do
// than it can, though the new revision gets all of the load in the end.
func TestLoadRisesInCanary(t *testing.T) {
	w := running(t)
	users := &rush{load: 60, shares: map[string]float64{}, busy: map[string]float64{}}
	w.sim.SetWork(users.work)
	imd := w.serving(scaled, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Scaling.Max = 60
		s.Template.Scaling.Targets[0].Value = "30"
		s.Template.Scaling.Targets[0].DisableScaleIn = nil
		s.Template.Scaling.Targets[0].ScaleOutCooldownSeconds = new(int32(0))
		s.Strategy = canary(forever, forever)
	})
	stop := w.always(users.look)
	w.roll(imd, "2")
	w.reached(imd, "1/3")
	w.Eventually(func() bool { return users.grow(600) }).Should(gomega.BeTrue())
	w.Eventually(func() int { return w.tasksOf("checkout-1") }).Should(gomega.BeNumerically(">=", 18))
	w.release(imd)
	w.alone(imd, "checkout-2")
	stop()
	w.Expect(w.tasksOf("checkout-2")).To(gomega.BeNumerically(">=", 18))
}
