package controllers_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
)

// A new manager goes on where the last one stopped.
func TestRestartWithinStep(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"1/3", "2/3"} {
		t.Run(strings.ReplaceAll(step, "/", " of "), func(t *testing.T) {
			w := newWorld(t)
			first := w.start()
			imd := w.heldAt(step)
			first.stop()
			before, effects := w.get(imd), w.log.all()
			w.sim.ResetCalls()
			w.start()
			w.Eventually(func() int { return w.sim.CallCounts()["elasticloadbalancing:DescribeRules"] }).Should(gomega.BeNumerically(">", 3))
			after := w.get(imd)
			if diff := cmp.Diff(before.Status.Rollout, after.Status.Rollout); diff != "" {
				t.Errorf("Rollout (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(before.Status.Traffic, after.Status.Traffic); diff != "" {
				t.Errorf("Traffic (-before +after):\n%s", diff)
			}
			w.did(effects...)
			w.release(imd)
			w.eventually(imd, v1alpha1.PhaseComplete)
			w.did(canaryEffects...)
		})
	}
}

// Managers that die right after an effect, before they could remember it or
// even hear of it, leave nothing that the next one would do again. The second
// kind dies of its writes to the cluster as well.
func TestEveryEffectKills(t *testing.T) {
	t.Parallel()
	for name, lethal := range map[string]func(string) bool{
		"in the account":         func(effect string) bool { return !strings.Contains(effect, "/apis/") },
		"in account and cluster": func(string) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			imd := w.deployment("1")
			w.create(imd)
			w.untilComplete(imd, "checkout-1", lethal)
			w.roll(imd, "2")
			w.untilComplete(imd, "checkout-2", lethal)
			w.did(canaryEffects...)
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
			w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
			w.Expect(w.revisions()).To(gomega.HaveLen(2))
		})
	}
}

// untilComplete starts managers, each of which dies of its first lethal effect,
// until a revision serves.
func (w *world) untilComplete(imd *v1alpha1.ImmutableDeployment, revision string, lethal func(string) bool) {
	w.t.Helper()
	w.live(&setup{lethal: lethal}, func() bool {
		now := w.seen.latest(imd)
		return now != nil && now.Status.Phase == v1alpha1.PhaseComplete && now.Status.Revision == revision
	}, func(*manager) {})
}

// live starts managers, one after the other's death, until it's done. Each is
// introduced when it starts.
func (w *world) live(s *setup, done func() bool, introduce func(*manager)) {
	w.t.Helper()
	for lives := 0; !done(); lives++ {
		if lives > 400 {
			w.t.Fatalf("%d managers did not bring it about\n%s", lives, w.explain())
		}
		m := w.startAs(s)
		introduce(m)
		w.Eventually(func() bool { return m.dead.Load() || done() }).Should(gomega.BeTrue(), func() string { return w.explain() })
		m.stop()
	}
}

// Every other write to the cluster fails.
func TestClusterFailsWrites(t *testing.T) {
	w := newWorld(t)
	var n atomic.Int64
	w.startAs(&setup{refuse: func(r *http.Request) bool { return r.Method != http.MethodGet && n.Add(1)%2 == 1 }})
	imd := w.serving()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(canaryEffects...)
	w.Expect(w.revisions()).To(gomega.HaveLen(2))
}

// A process that is no leader any more may ask for a stack again when it is
// gone, and die before it hears the answer: the next one finds the stack.
func TestStackThatComesBack(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Eventually(func() v1alpha1.RevisionPhase { return w.revision("checkout-1").Status.Phase }).
		Should(gomega.Equal(v1alpha1.RevisionRemoved), w.explain)
	m.stop()
	// That it can't be looked for is no trouble of a revision that has none.
	fault := w.sim.Faults.Add(awssim.Fault{Action: "DescribeStacks", Effect: awssim.AccessDenied})
	m = w.start()
	w.Eventually(w.sim.Faults.Fired).Should(gomega.BeNumerically(">=", 4))
	m.stop()
	fault()
	w.Expect(meta.IsStatusConditionTrue(w.revision("checkout-1").Status.Conditions, v1alpha1.ConditionReady)).To(gomega.BeTrue(), w.explain)
	gone := w.sim.Stacks()[1]
	w.Expect(gone.Status).To(gomega.Equal("DELETE_COMPLETE"))
	var tags []types.Tag
	for key, value := range gone.Tags {
		tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	_, err := w.others.cfn.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName: aws.String(gone.Name), TemplateBody: aws.String(`{"Resources":{"Logs":{"Type":"AWS::Logs::LogGroup"}}}`), Tags: tags,
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(w.stacksOf("1")).To(gomega.HaveLen(2))
	w.start()
	w.Eventually(func() []string { return w.stacksOf("1") }).Should(gomega.Equal([]string{"DELETE_COMPLETE", "DELETE_COMPLETE"}), w.explain)
}

// An answer that is lost doesn't tell whether the call had its effect: the
// first of each kind is.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, effect := range map[string]awssim.Effect{"before": awssim.TimeoutBefore, "after": awssim.TimeoutAfter} {
		t.Run(name+" the effect", func(t *testing.T) {
			w := running(t)
			actions := []string{"CreateStack", "CreateRule", "ModifyRule", "DeleteStack", "DeleteRule"}
			for _, action := range actions {
				w.sim.Faults.Add(awssim.Fault{Action: action, Times: 2, Effect: effect})
			}
			imd := w.serving()
			w.roll(imd, "2")
			w.eventually(imd, v1alpha1.PhaseComplete)
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
			w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
			w.Expect(w.route()).To(gomega.Equal("2:100"))
			w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
			w.gone(imd)
			w.nothingLeft()
			w.Expect(w.sim.Faults.Fired()).To(gomega.BeNumerically(">=", len(actions)))
		})
	}
}

// Two managers at once, as when a leader does not know yet that it is none.
func TestTwoManagers(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.start()
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = canary(400, 400) })
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.Expect(w.revisions()).To(gomega.HaveLen(2))
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
}
