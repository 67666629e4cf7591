package controllers_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/template"
)

// expressly has new stacks created in express mode.
func expressly(s *v1alpha1.ImmutableDeploymentSpec) { s.Stack.Mode = v1alpha1.StackModeExpress }

// noCapacity is what ECS says when AWS has nothing to run tasks on.
const noCapacity = "Capacity is unavailable at this time. Please try again later or in a different availability zone"

// lacking has AWS lack what tasks of a revision run on until end.
func (w *world) lacking(revision, reason string, placed bool) (end func()) {
	w.sim.SetShortage(func(service string) (string, bool) {
		if !strings.Contains(service, revision+"-") {
			return "", false
		}
		return reason, placed
	})
	return func() { w.sim.SetShortage(nil) }
}

// sentenceOf is the message of a status' condition Ready.
func sentenceOf(s v1alpha1.ImmutableDeploymentStatus) string {
	return readyMessage(&v1alpha1.ImmutableDeployment{Status: s})
}

// CloudFormation is done with a stack before its tasks run, and all else waits for
// them: no request gets there before.
func TestExpressCanary(t *testing.T) {
	w := running(t)
	imd := w.serving(expressly, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepOldSeconds = new(int32(forever)) })
	end := w.lacking("checkout-2", "some reason", false)
	w.roll(imd, "2")
	w.Eventually(func() []string { return w.stacksOf("2") }).Should(gomega.Equal([]string{"CREATE_COMPLETE"}), w.explain)
	w.until(imd, "tasks that start", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseProvisioning && strings.HasSuffix(sentenceOf(s), "the stack of checkout-2: ECS starts the tasks: 0 of 2 tasks run")
	})
	w.looks()
	w.Expect(w.revision("checkout-2").Status.Phase).To(gomega.Equal(v1alpha1.RevisionCreating))
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	end()
	w.eventually(imd, v1alpha1.PhaseBaking)
	w.skip(forever * time.Second)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.went(imd, 2, "Pending", "Provisioning", "Verifying", "Shifting", "Baking", "CleaningUp", "Complete")
	w.did(canaryEffects...)
	w.Expect(w.revision("checkout-2").Status.Failure).To(gomega.BeNil())
}

// Tasks that fail are told in the same words as if CloudFormation had waited for
// them.
func TestExpressBadRevision(t *testing.T) {
	t.Parallel()
	for tag, cause := range bad {
		t.Run(tag, func(t *testing.T) {
			w := running(t)
			imd := w.deployment(tag)
			expressly(&imd.Spec)
			w.create(imd)
			now := w.eventually(imd, v1alpha1.PhaseFailed)
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonStackFailed))
			w.Expect(now.Status.Rollout.Message).To(gomega.And(
				gomega.HavePrefix("the stack of checkout-1 failed: Service: ECS deployment circuit breaker: tasks failed to start (tasks stopped: "), gomega.ContainSubstring(cause)))
			w.removed("checkout-1")
			w.roll(imd, "1")
			w.eventually(imd, v1alpha1.PhaseComplete)
			w.badSecond(imd, tag, cause)
			w.did("CreateStack checkout-1", "DeleteStack checkout-1", "CreateStack checkout-2", "CreateRule 2:100", "CreateStack checkout-3", "DeleteStack checkout-3")
		})
	}
}

// Want of capacity says nothing of the template, whether ECS gives the service up
// for it or not: the rollout waits, however long that takes.
func TestExpressWantOfCapacity(t *testing.T) {
	t.Parallel()
	for name, placed := range map[string]bool{"tasks stop": true, "no task is placed": false} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving(expressly)
			end := w.lacking("checkout-2", noCapacity, placed)
			w.roll(imd, "2")
			told := w.outlasts(imd, v1alpha1.ReasonCapacityUnavailable)
			w.Expect(told.Message).To(gomega.And(gomega.HavePrefix("ECS could not start the tasks of checkout-2: "), gomega.ContainSubstring("Capacity is unavailable")))
			w.Expect(told.Remedy).To(gomega.ContainSubstring("spec.template.network.subnetIDs"))
			if placed {
				w.Eventually(func() int32 { return w.revision("checkout-2").Status.Attempts }).Should(gomega.BeNumerically(">", 1), w.explain)
			} else {
				w.Expect(told.Remedy).To(gomega.HaveSuffix("ECS goes on trying by itself"))
				w.Expect(w.revision("checkout-2").Status.Attempts).To(gomega.Equal(int32(1)))
			}
			end()
			w.Expect(w.eventually(imd, v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("checkout-2"))
			w.Expect(w.revision("checkout-2").Status.Failure).To(gomega.BeNil())
		})
	}
}

// A person isn't kept waiting by want of capacity.
func TestExpressWantOfCapacityAborted(t *testing.T) {
	w := running(t)
	imd := w.serving(expressly)
	w.lacking("checkout-2", noCapacity, false)
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonCapacityUnavailable)
	w.request(imd, v1alpha1.AnnotationAbort, now.Status.Rollout.ID)
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.removed("checkout-2")
}

// What CloudFormation itself refuses is the same in express mode: the stack isn't
// rolled back, its cause is told, and it is deleted and created again.
func TestExpressStackFault(t *testing.T) {
	w := running(t)
	imd := w.serving(expressly)
	end := w.failing(template.LogicalService, cfn.Causes["denied"])
	w.roll(imd, "2")
	told := w.outlasts(imd, v1alpha1.ReasonAccessDenied)
	w.Expect(told.Message).To(gomega.HavePrefix("CloudFormation could not create the stack of checkout-2: Service: "))
	end()
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// A service that never gets steady is given up by the deadline.
func TestExpressProgressDeadline(t *testing.T) {
	w := running(t)
	imd := w.serving(expressly)
	asked := 0
	w.sim.SetShortage(func(string) (string, bool) { // too few tasks for the circuit breaker, and then none
		asked++
		return "CannotPullContainerError: no such image", asked <= 2
	})
	w.roll(imd, "2")
	w.until(imd, "the cause", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return strings.Contains(sentenceOf(s), "no such image")
	})
	w.skip(86400 * time.Second)
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonProgressDeadlineExceeded))
	w.Expect(now.Status.Rollout.Message).To(gomega.HaveSuffix(
		"provisioning the stack of checkout-2: ECS starts the tasks: 0 of 2 tasks run (tasks stopped: CannotPullContainerError: no such image)"))
	w.removed("checkout-2")
}

// The logs of tasks that failed can be read as long as the stack is kept.
func TestExpressKeepsLogs(t *testing.T) {
	w := running(t)
	imd := w.serving(expressly, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.KeepFailedSeconds = nil })
	w.roll(imd, "crash")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	group := w.revision("checkout-2").Status.LogGroup
	w.Expect(w.sim.Snapshot().LogGroups).To(gomega.ContainElement(group))
	w.Expect(readyMessage(now)).To(gomega.ContainSubstring("its logs: aws logs tail " + group))
	w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.skip(time.Hour)
	w.removed("checkout-2")
	w.Expect(w.sim.Snapshot().LogGroups).NotTo(gomega.ContainElement(group))
}

// A creation that nobody noticed before it was over is followed all the same.
func TestExpressUnnoticed(t *testing.T) {
	t.Parallel()
	for tag, phase := range map[string]v1alpha1.Phase{"2": v1alpha1.PhaseComplete, "crash": v1alpha1.PhaseRolledBack} {
		t.Run(tag, func(t *testing.T) {
			w := newWorld(t)
			first := w.startAs(&setup{lethal: func(effect string) bool { return effect == "CreateStack checkout-2" }})
			imd := w.serving(expressly)
			w.roll(imd, tag)
			<-first.killed
			first.stop()
			w.Eventually(func() bool { return w.serviceOf("2", func(s ecs.ServiceTruth) bool { return s.Steady || s.Failed }) }).Should(gomega.BeTrue(), w.explain)
			w.Expect(w.revision("checkout-2").Status.Phase).NotTo(gomega.Equal(v1alpha1.RevisionCreating))
			w.start()
			now := w.eventually(imd, phase)
			if phase == v1alpha1.PhaseRolledBack {
				w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring(bad[tag]))
			}
		})
	}
}

// serviceOf tells whether the service of a revision is there, and so.
func (w *world) serviceOf(revision string, so func(ecs.ServiceTruth) bool) bool {
	for _, s := range w.sim.Snapshot().Services {
		if s.Tags[v1alpha1.TagRevision] == revision && so(s) {
			return true
		}
	}
	return false
}

// With Recreate the tasks of the old revision have ended before the new stack is
// asked for: a deletion in express mode wouldn't wait for them.
func TestExpressRecreate(t *testing.T) {
	w := newWorld(t)
	var overlap atomic.Bool
	w.startAs(&setup{lethal: func(effect string) bool {
		if effect == "CreateStack checkout-2" && w.serviceOf("1", func(ecs.ServiceTruth) bool { return true }) {
			overlap.Store(true)
		}
		return false
	}})
	imd := w.serving(expressly, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyRecreate}
	})
	w.roll(imd, "2")
	w.Expect(w.eventually(imd, v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("checkout-2"))
	w.Expect(overlap.Load()).To(gomega.BeFalse())
}
