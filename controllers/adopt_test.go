package controllers_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// lose takes everything of a deployment out of the cluster, as with a cluster
// that is lost: its finalizers did nothing.
func (w *world) lose(imd *v1alpha1.ImmutableDeployment) {
	w.t.Helper()
	for _, imr := range w.revisions() {
		w.strip(&imr)
	}
	w.strip(w.get(imd))
}

// adopt sets the annotation that lets an object take over what a UID left.
func (w *world) adopt(object client.Object, uid string) {
	w.t.Helper()
	now := object.DeepCopyObject().(client.Object)
	w.Expect(w.client.Get(w.ctx, client.ObjectKeyFromObject(object), now)).To(gomega.Succeed())
	patch := client.MergeFrom(now.DeepCopyObject().(client.Object))
	annotations := maps.Clone(now.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationAdopt] = uid
	now.SetAnnotations(annotations)
	w.Expect(w.client.Patch(w.ctx, now, patch)).To(gomega.Succeed())
}

// worker makes a deployment one that gets no requests.
func worker(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Traffic, s.Template.Target = v1alpha1.Traffic{}, v1alpha1.Target{}
	s.Template.Network.LoadBalancerSecurityGroupIDs = nil
	s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
}

// After the loss of its cluster an application is applied in a new one. It is in
// the way of itself until someone says that it is the same one. Then it serves
// on: nothing changes in AWS but who owns the rule.
func TestMoveToAnotherCluster(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving()
	w.roll(imd, "2")
	w.alone(imd, "checkout-2")
	w.removed("checkout-1")
	old := string(imd.UID)
	m.stop()
	w.lose(imd)
	effects := w.log.all()

	w.startAs(&setup{cluster: "new-cluster"})
	again := w.deployment("2")
	w.create(again)
	now := w.blocked(again, v1alpha1.ReasonRouteConflict)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("in the cluster test-cluster"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(
		fmt.Sprintf("kubectl annotate imd checkout -n %s --overwrite --field-manager=oncall viridian.dev/adopt=%s", w.namespace, old)))
	w.adopt(again, old)
	w.alone(again, "checkout-2")
	w.did(effects...)
	rule, _ := w.production()
	w.Expect(rule.Tags).To(gomega.HaveKeyWithValue(v1alpha1.TagUID, string(again.UID)))
	w.Expect(rule.Tags).To(gomega.HaveKeyWithValue(v1alpha1.TagCluster, "new-cluster"))

	w.roll(again, "3")
	w.alone(again, "checkout-3")
	w.removed("checkout-2")
	w.Expect(w.stacksOf("2")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.Expect(w.client.Delete(w.ctx, again)).To(gomega.Succeed())
	w.gone(again)
	w.nothingLeft()
}

// A worker has no rule: its stack is found by its name.
func TestMoveAWorker(t *testing.T) {
	for name, c := range map[string]struct{ cluster, reason string }{
		"in its cluster":     {"", v1alpha1.ReasonRevisionConflict},
		"to another cluster": {"new-cluster", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.start()
			imd := w.serving(worker)
			old := string(imd.UID)
			m.stop()
			w.lose(imd)
			effects := w.log.all()
			again := w.deployment("1")
			worker(&again.Spec)
			if c.reason == "" { // where two clusters may well have a worker each
				again.Annotations = map[string]string{v1alpha1.AnnotationAdopt: old}
			}
			w.create(again)
			w.startAs(&setup{cluster: c.cluster})
			if c.reason != "" {
				now := w.blocked(again, c.reason)
				w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("viridian.dev/adopt=" + old))
				w.adopt(again, old)
			}
			w.alone(again, "checkout-1")
			w.did(effects...)
		})
	}
}

// Without a word of anybody, a worker of another cluster isn't taken over, and
// this one's comes beside it, which is told.
func TestWorkerBesideAnothersClusters(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving(worker)
	m.stop()
	w.lose(imd)
	again := w.deployment("1")
	worker(&again.Spec)
	w.create(again)
	w.startAs(&setup{cluster: "new-cluster"})
	w.alone(again, "checkout-1")
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE", "CREATE_COMPLETE"}))
	w.Expect(w.events(again)).To(gomega.ContainElement(gomega.ContainSubstring("this worker gets one beside it")))
}

// What belongs to another name is an administrator's to give away.
func TestAdoptedByAnotherName(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving()
	old := string(imd.UID)
	m.stop()
	w.lose(imd)
	effects := w.log.all()
	w.start()
	other := w.deployment("1")
	other.Name = "till"
	w.create(other)
	w.adopt(other, old)
	w.looks()
	now := w.blocked(other, v1alpha1.ReasonRouteConflict)
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(fmt.Sprintf("kubectl annotate namespace %s --field-manager=oncall viridian.dev/adopt=%s", w.namespace, old)))
	w.did(effects...)
	w.adopt(&corev1.Namespace{ObjectMeta: metaName(w.namespace)}, old)
	w.alone(other, "till-1")
	w.did(effects...)
}

// A copy of the cluster that was given an ID of its own touches nothing, though
// all its UIDs are those of the original.
func TestCopyWithAnIDOfItsOwn(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving()
	m.stop()
	effects := w.log.all()
	w.startAs(&setup{cluster: "drill"})
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.DesiredCount = new(int32(5)) })
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonRouteConflict)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("in the cluster test-cluster"))
	w.did(effects...)
}

// Status from before the last rollout, and a template from before it too: what
// serves is newer than both. It serves on, and someone has to decide.
func TestStatusFromBeforeARollout(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving()
	before := w.get(imd)
	w.roll(imd, "2")
	w.alone(imd, "checkout-2")
	w.removed("checkout-1")
	m.stop()
	w.roll(imd, "1")
	now := w.get(imd)
	now.Status = *before.Status.DeepCopy()
	w.Expect(w.client.Status().Update(w.ctx, now)).To(gomega.Succeed())
	effects := w.log.all()
	w.start()
	now = w.blocked(imd, v1alpha1.ReasonStatusBehind)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("100% to checkout-2"))
	w.did(effects...)
	w.obey(imd, v1alpha1.AnnotationAdopt, now.Status.BlockedBy.Remedy)
	w.until(imd, "the template in spec", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete && s.StableRevision != "checkout-2"
	})
	w.Expect(w.events(imd)).To(gomega.ContainElement(gomega.HavePrefix("Recovered: checkout-2 serves")))
}

// Another cluster with this one's identity marks the rule, and leaves it routing as
// before: the next step isn't written over it.
func TestMarkedInMidRollout(t *testing.T) {
	w := running(t)
	imd := w.heldAt("1/3")
	effects := w.log.all()
	_, err := w.others.elb.AddTags(w.ctx, &elb.AddTagsInput{
		ResourceArns: []string{w.get(imd).Status.Traffic.RuleARN},
		Tags:         []elbtypes.Tag{{Key: new(v1alpha1.TagWriter), Value: new("another.2-2.0")}},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.release(imd)
	now := w.blocked(imd, v1alpha1.ReasonStatusBehind)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("(another.2-2.0)"))
	w.did(effects...)
}

// A record that is lost is made again as it was.
func TestRecordIsMadeAgain(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving(expressly)
	was := w.revision("checkout-1")
	m.stop()
	w.strip(was.DeepCopy())
	effects := w.log.all()
	w.start()
	w.Eventually(func() v1alpha1.RevisionPhase {
		for _, imr := range w.revisions() {
			return imr.Status.Phase
		}
		return ""
	}).Should(gomega.Equal(v1alpha1.RevisionCreated), w.explain)
	w.alone(imd, "checkout-1")
	now := w.revision("checkout-1")
	w.Expect(now.Spec).To(gomega.Equal(was.Spec))
	w.Expect(now.Status.StackID).To(gomega.Equal(was.Status.StackID))
	w.Expect(now.Status.Outputs).To(gomega.Equal(was.Status.Outputs))
	w.did(effects...)
}

// The rule of a deployment that was deleted with everything retained has no tags
// any more. It is found again by the stacks that it forwards to.
func TestRetainedIsFoundAgain(t *testing.T) {
	w := running(t)
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) { s.DeletionPolicy = v1alpha1.DeletionRetain })
	old := string(imd.UID)
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	effects := w.log.all()
	again := w.deployment("1")
	w.create(again)
	now := w.blocked(again, v1alpha1.ReasonRouteConflict)
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("viridian.dev/adopt=" + old))
	w.adopt(again, old)
	w.alone(again, "checkout-1")
	w.did(append(effects, "AddTags")...)
	w.Expect(w.client.Delete(w.ctx, again)).To(gomega.Succeed())
	w.gone(again)
	w.nothingLeft()
}

// Rules on any listener of the load balancer count before a stack is deleted.
func TestStackInUseOnAnotherListener(t *testing.T) {
	w := running(t)
	imd := w.serving()
	balancers, err := w.others.elb.DescribeLoadBalancers(w.ctx, &elb.DescribeLoadBalancersInput{})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	made, err := w.others.elb.CreateListener(w.ctx, &elb.CreateListenerInput{
		LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(8443), Protocol: elbtypes.ProtocolEnumHttp,
		DefaultActions: []elbtypes.Action{forward(w.groupOf("checkout-1"))},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.foreign.all = inventory(w.sim.Snapshot(), false)
	w.roll(imd, "2")
	w.until(imd, "checkout-2 to serve", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.StableRevision == "checkout-2" })
	w.ready("checkout-1", v1alpha1.ReasonStackInUse)
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	_, err = w.others.elb.DeleteListener(w.ctx, &elb.DeleteListenerInput{ListenerArn: made.Listeners[0].ListenerArn})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.removed("checkout-1")
	w.foreign.all = inventory(w.sim.Snapshot(), false)
}

// An adopted rule whose deployment lost its status goes back to where it was.
func TestAdoptedRuleRemembersItsOrigin(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	legacy := w.legacy()
	imd := w.adopting(legacy)
	w.create(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	m.stop()
	now := w.get(imd)
	now.Status = v1alpha1.ImmutableDeploymentStatus{}
	w.Expect(w.client.Status().Update(w.ctx, now)).To(gomega.Succeed())
	effects := w.log.all()
	w.start()
	w.alone(imd, "checkout-1")
	w.did(effects...)
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.Expect(w.log.all()[len(effects):]).To(gomega.Equal([]string{"ModifyRule legacy:100", "RemoveTags", "DeleteStack checkout-1"}))
}
