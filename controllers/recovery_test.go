package controllers_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// The cluster's state is restored to before the last rollout (an etcd snapshot:
// same UIDs, older objects); the account went on. Git still holds what runs. Its
// stack, whole and with all requests, must not be deleted.
func TestLiveStackAfterARestore(t *testing.T) {
	t.Parallel()
	for _, balanced := range []bool{true, false} {
		name := map[bool]string{true: "behind a rule, Enforce", false: "worker"}[balanced]
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.start()
			imd := w.deployment("1")
			if balanced {
				imd.Spec.Traffic.OnDrift = v1alpha1.DriftEnforce
			} else {
				imd.Spec.Traffic, imd.Spec.Template.Target = v1alpha1.Traffic{}, v1alpha1.Target{}
				imd.Spec.Template.Network.LoadBalancerSecurityGroupIDs = nil
				imd.Spec.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
			}
			w.create(imd)
			w.alone(imd, "checkout-1")
			before, first := w.get(imd), w.revision("checkout-1")
			w.roll(imd, "2")
			w.alone(imd, "checkout-2")
			w.removed("checkout-1")
			m.stop()

			w.strip(w.revision("checkout-2")) // not yet there in the snapshot
			record := w.revision("checkout-1")
			record.Spec.StackState, record.Spec.DesiredCount = first.Spec.StackState, first.Spec.DesiredCount
			w.Expect(w.client.Update(w.ctx, record)).To(gomega.Succeed())
			record.Status = first.Status
			w.Expect(w.client.Status().Update(w.ctx, record)).To(gomega.Succeed())
			now := w.get(imd) // git brought its spec up to date already
			now.Status = *before.Status.DeepCopy()
			w.Expect(w.client.Status().Update(w.ctx, now)).To(gomega.Succeed())

			effects := len(w.log.all())
			w.start()
			w.within(20*time.Second, func() bool { return len(w.log.all()) > effects })
			w.Expect(w.log.all()[effects:]).NotTo(gomega.ContainElement("DeleteStack checkout-2"))
			w.Expect(w.stacksOf("2")).To(gomega.ContainElement("CREATE_COMPLETE"))
		})
	}
}

// A bad template, while Viridian knows of nothing to return to but the rule
// forwards somewhere: wherever that is, requests must still go there.
func TestRuleStaysWhereItForwards(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*world, *manager, *v1alpha1.ImmutableDeployment)
		route   string
	}{
		// Its finalizer was taken off; the stack serves on.
		"the record of what serves is lost": {func(w *world, m *manager, _ *v1alpha1.ImmutableDeployment) {
			m.stop()
			w.strip(w.revision("checkout-1"))
		}, "1:100"},
		"status is lost": {func(w *world, m *manager, imd *v1alpha1.ImmutableDeployment) {
			m.stop()
			now := w.get(imd)
			now.Status = v1alpha1.ImmutableDeploymentStatus{}
			w.Expect(w.client.Status().Update(w.ctx, now)).To(gomega.Succeed())
		}, "1:100"},
		// Someone deleted the stack that served, and shows a maintenance page.
		"a maintenance page": {func(w *world, m *manager, imd *v1alpha1.ImmutableDeployment) {
			_, err := w.others.cfn.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String(w.revision("checkout-1").Spec.StackName)})
			w.Expect(err).NotTo(gomega.HaveOccurred())
			w.ready("checkout-1", v1alpha1.ReasonStackChanged)
			rule, _ := w.production()
			w.others.setRoute(w, rule.RuleArn, map[string]int32{w.foreign.group: 1})
			m.stop()
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Traffic.OnDrift = v1alpha1.DriftEnforce })
		}, "theirs:1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.start()
			imd := w.serving()
			c.prepare(w, m, imd)
			w.roll(imd, "crash")
			w.start()
			w.within(60*time.Second, func() bool {
				phase := w.get(imd).Status.Phase
				return phase == v1alpha1.PhaseFailed || phase == v1alpha1.PhaseRolledBack
			})
			w.Expect(w.route()).To(gomega.Equal(c.route), w.explain)
		})
	}
}

// kubectl delete imd --cascade=orphan: the garbage collector takes the owner
// references off the revisions within a moment. What is left must be deletable:
// the stack goes with its record, or the record alone goes and says what it left.
func TestOrphans(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving()
	m.stop()
	orphan := metav1.DeletePropagationOrphan
	w.Expect(w.client.Delete(w.ctx, imd, &client.DeleteOptions{PropagationPolicy: &orphan})).To(gomega.Succeed())
	// What kube-controller-manager does, which envtest lacks:
	for _, r := range w.revisions() {
		p := client.MergeFrom(r.DeepCopy())
		r.OwnerReferences = nil
		w.Expect(w.client.Patch(w.ctx, &r, p)).To(gomega.Succeed())
	}
	now := w.get(imd)
	p := client.MergeFrom(now.DeepCopy())
	now.Finalizers = []string{v1alpha1.Finalizer}
	w.Expect(w.client.Patch(w.ctx, now, p)).To(gomega.Succeed())
	w.start()
	w.gone(imd)
	record := w.revision("checkout-1")
	w.Expect(w.client.Delete(w.ctx, record)).To(gomega.Succeed()) // as its condition says: "Delete it"
	w.Expect(w.within(30*time.Second, func() bool { return !w.exists(record) })).To(gomega.BeTrue(), w.explain)
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.warned(record, "StackKept: The stack "+record.Spec.StackName+" stays: ")
}

// A worker is restored by Velero: spec, labels and finalizers; no status, no
// owner references, another UID. The next revision's name is taken. It says so
// or takes another number, and doesn't ask AWS all the time.
func TestNameOfTheNextRevisionIsTaken(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.deployment("1")
	imd.Spec.Traffic, imd.Spec.Template.Target = v1alpha1.Traffic{}, v1alpha1.Target{}
	imd.Spec.Template.Network.LoadBalancerSecurityGroupIDs = nil
	imd.Spec.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
	w.create(imd)
	w.alone(imd, "checkout-1")
	m.stop()
	saved, record := w.get(imd), w.revision("checkout-1")
	w.strip(record.DeepCopy())
	w.strip(saved.DeepCopy())
	w.start()
	w.Expect(w.client.Create(w.ctx, &v1alpha1.ImmutableRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: record.Namespace, Name: record.Name, Labels: record.Labels, Finalizers: record.Finalizers},
		Spec:       record.Spec,
	})).To(gomega.Succeed())
	again := &v1alpha1.ImmutableDeployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: saved.Namespace, Name: saved.Name, Finalizers: saved.Finalizers}, Spec: saved.Spec,
	}
	w.create(again)
	w.sim.ResetCalls()
	told := w.within(10*time.Second, func() bool {
		s := w.get(again).Status
		return s.BlockedBy != nil || s.Rollout != nil
	})
	w.Expect(told).To(gomega.BeTrue(), func() string { return "calls: " + w.explain() })
	w.Expect(w.sim.CallCounts()["ecr:DescribeImages"]).To(gomega.BeNumerically("<", 10))
}

// A cluster is lost; its manifests are applied in a new one. The rule still has
// the old object's tags. The remedy must lead somewhere, and not to an outage.
func TestRemedyAfterALostCluster(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving()
	m.stop()
	w.strip(w.revision("checkout-1"))
	w.strip(w.get(imd))
	rule, _ := w.production()
	w.start()
	again := w.deployment("1")
	w.create(again)
	now := w.blocked(again, v1alpha1.ReasonRouteConflict)
	w.Expect(now.Status.BlockedBy.Remedy).NotTo(gomega.ContainSubstring("Delete that rule"), "it has all requests of a live stack")
	w.Expect(w.client.Delete(w.ctx, again)).To(gomega.Succeed())
	w.gone(again)
	adopting := w.adopting(rule.RuleArn) // "or with its ruleARN"
	w.create(adopting)
	w.until(adopting, "a first look", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.BlockedBy != nil || s.Rollout != nil || s.Phase == v1alpha1.PhaseComplete // it serves on
	})
	if b := w.get(adopting).Status.BlockedBy; b != nil {
		t.Errorf("After the remedy: %s. %s", b.Message, b.Remedy)
	}
}
