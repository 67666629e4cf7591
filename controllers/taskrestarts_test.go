package controllers_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	simelb "github.com/viridian-dev/viridian/internal/awssim/elb"
)

// restartLimit bounds how many tasks may restart.
func restartLimit(n int32) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.TaskRestartLimit = &n }
}

// crash has tasks of a revision exit by themselves.
func (w *world) crash(name string, tasks int) {
	w.t.Helper()
	out := w.revision(name).Status.Outputs
	w.Expect(w.sim.CrashTasks(out.Cluster, out.ServiceName, tasks)).To(gomega.Equal(tasks))
}

// stopByHand has someone stop a task of a revision.
func (w *world) stopByHand(name string) {
	w.t.Helper()
	out := w.revision(name).Status.Outputs
	tasks, err := w.others.ecs.ListTasks(w.ctx, &ecs.ListTasksInput{Cluster: &out.Cluster, ServiceName: &out.ServiceName})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	_, err = w.others.ecs.StopTask(w.ctx, &ecs.StopTaskInput{Cluster: &out.Cluster, Task: aws.String(tasks.TaskArns[0])})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// recovered waits until a revision has lost that many tasks since it was there
// and has as many healthy ones again.
func (w *world) recovered(name string, lost, healthy int) {
	w.t.Helper()
	out := w.revision(name).Status.Outputs
	w.Eventually(func() [2]int {
		var got [2]int
		snap := w.sim.Snapshot()
		for _, task := range snap.Tasks {
			if task.Service == out.ServiceName && task.Status == "STOPPED" {
				got[0]++
			}
		}
		for _, group := range snap.TargetGroups {
			for _, target := range group.Targets {
				if group.ARN == out.TargetGroupARN && target.Health.State == simelb.StateHealthy {
					got[1]++
				}
			}
		}
		return got
	}).Should(gomega.Equal([2]int{lost, healthy}), func() string { return w.explain() })
}

// A revision that loses task after task is rolled back, though each of them is
// replaced and health alone says that all is well.
func TestTaskRestarts(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
	w.roll(imd, "2")
	w.reached(imd, "1/3")
	for lost := 1; lost <= 3; lost++ {
		w.crash("checkout-2", 1)
		w.recovered("checkout-2", lost, 2)
	}
	w.looks()
	w.Expect(w.get(imd).Status.Step).To(gomega.Equal("1/3"), "three are put up with by default")
	w.crash("checkout-2", 1)
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonTaskRestarts))
	w.Expect(now.Status.Rollout.Message).To(gomega.MatchRegexp(
		`^4 tasks of checkout-2 stopped on their own since it was verified, at .*1/3.* \(spec\.rollback\.taskRestartLimit is 3\): Essential container in task exited \(app: exit code 1\)$`))
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	w.removed("checkout-2")
}

// Where the user puts up with it, nothing comes of it.
func TestTaskRestartsPutUpWith(t *testing.T) {
	w := running(t)
	imd := w.serving(restartLimit(1000), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
	w.roll(imd, "2")
	w.reached(imd, "1/3")
	for lost := 1; lost <= 4; lost++ {
		w.crash("checkout-2", 1)
		w.recovered("checkout-2", lost, 2)
	}
	w.looks()
	w.release(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(canaryEffects...)
}

// Four tasks in a row for which AWS has no room say nothing of the revision,
// for ECS goes on trying.
func TestWantOfCapacity(t *testing.T) {
	t.Parallel()
	for name, reason := range map[string]string{
		"no capacity":     "Capacity is unavailable at this time. Please try again later or in a different availability zone",
		"no free address": "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-0a1b2c3d': InsufficientFreeAddressesInSubnet",
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepOldSeconds = new(int32(forever)) })
			w.roll(imd, "2")
			w.eventually(imd, v1alpha1.PhaseBaking)
			out := w.revision("checkout-2").Status.Outputs
			w.Expect(w.sim.StarveTasks(out.Cluster, out.ServiceName, 4, reason)).To(gomega.BeTrue())
			w.stopByHand("checkout-2")
			w.recovered("checkout-2", 5, 2)
			w.looks()
			now := w.get(imd)
			w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhaseBaking))
			w.Expect(now.Status.Rollout.Outcome).To(gomega.BeEmpty())
			w.release(imd)
			w.eventually(imd, v1alpha1.PhaseComplete)
			w.did(canaryEffects...)
		})
	}
}

// Tasks that ECS stops because fewer are wanted, or others, say nothing of the
// revision; nor do those that went before it was healthy for the first time.
func TestTasksThatDoNotCount(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(w *world, imd *v1alpha1.ImmutableDeployment){
		"scaled down": func(w *world, imd *v1alpha1.ImmutableDeployment) {
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.DesiredCount = new(int32(1)) })
			w.recovered("checkout-2", 1, 1)
		},
		"replaced": func(w *world, _ *v1alpha1.ImmutableDeployment) {
			out := w.revision("checkout-2").Status.Outputs
			_, err := w.others.ecs.UpdateService(w.ctx, &ecs.UpdateServiceInput{Cluster: &out.Cluster, Service: &out.ServiceName, ForceNewDeployment: true})
			w.Expect(err).NotTo(gomega.HaveOccurred())
			w.recovered("checkout-2", 2, 2)
		},
		"stopped by hand": func(w *world, _ *v1alpha1.ImmutableDeployment) {
			w.stopByHand("checkout-2")
			w.recovered("checkout-2", 1, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(restartLimit(0), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(forever, forever) })
			w.roll(imd, "2")
			w.reached(imd, "1/3")
			stop(w, imd)
			w.looks()
			now := w.get(imd)
			w.Expect(now.Status.Rollout.Outcome).To(gomega.BeEmpty())
			w.Expect(now.Status.Step).To(gomega.Equal("1/3"))
		})
	}
	t.Run("before it was verified", func(t *testing.T) {
		w := running(t)
		imd := w.serving(restartLimit(0))
		w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
			gated(v1alpha1.Gate{Name: "wait", At: v1alpha1.AfterProvision, Approval: &v1alpha1.ApprovalGate{}})(s)
			s.Template.Containers[0].Image = image("2")
		})
		w.blocked(imd, v1alpha1.ReasonAwaitingApproval)
		w.crash("checkout-2", 1)
		w.recovered("checkout-2", 1, 2)
		w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/wait")
		w.eventually(imd, v1alpha1.PhaseComplete)
	})
}
