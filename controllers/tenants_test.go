package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/iam"
	"github.com/viridian-dev/viridian/internal/awssim/lambda"
)

// besides is another namespace whose deployments are in the same account, with a
// manager of its own.
func (w *world) besides() *world {
	w.t.Helper()
	v := w.beside()
	v.start()
	return v
}

// beside is the same without a manager.
func (w *world) beside() *world {
	w.t.Helper()
	v := &world{
		WithT: w.WithT, t: w.t, ctx: w.ctx, client: w.client, sim: w.sim, listener: w.listener,
		others: w.others, foreign: w.foreign, log: &effects{}, clock: w.clock,
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	w.Expect(w.client.Create(w.ctx, ns)).To(gomega.Succeed())
	v.namespace = ns.Name
	v.watch()
	return v
}

// policy makes a policy for the world's namespace that lists what deployment names,
// as edited.
func (w *world) policy(edit ...func(*v1alpha1.DeploymentPolicySpec)) *v1alpha1.DeploymentPolicy {
	w.t.Helper()
	p := &v1alpha1.DeploymentPolicy{ObjectMeta: metaName(w.namespace), Spec: v1alpha1.DeploymentPolicySpec{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.namespace}},
		Listeners:         []v1alpha1.AllowedListener{{ARN: w.listener, Hosts: []string{"checkout.example.com"}}},
		Clusters:          []string{"shop"}, VPCIDs: []string{"vpc-0a1b2c3d4e5f60718"}, SubnetIDs: []string{"*"},
		ExecutionRoleARNs: []string{"arn:aws:iam::111122223333:role/ecs-execution"},
	}}
	for _, f := range edit {
		f(&p.Spec)
	}
	w.Expect(w.client.Create(w.ctx, p)).To(gomega.Succeed())
	w.t.Cleanup(func() { _ = w.client.Delete(context.WithoutCancel(w.ctx), p) })
	return p
}

// takeBack leaves nothing in a policy.
func (w *world) takeBack(p *v1alpha1.DeploymentPolicy) {
	w.t.Helper()
	w.Expect(w.client.Get(w.ctx, client.ObjectKeyFromObject(p), p)).To(gomega.Succeed())
	p.Spec = v1alpha1.DeploymentPolicySpec{NamespaceSelector: p.Spec.NamespaceSelector}
	w.Expect(w.client.Update(w.ctx, p)).To(gomega.Succeed())
}

// permit does what a remedy's command does: kubectl patches or creates a policy.
func (w *world) permit(remedy string) {
	w.t.Helper()
	_, command, found := strings.Cut(remedy, ": kubectl patch dpol ")
	if found {
		name, rest, _ := strings.Cut(command, " ")
		_, patch, _ := strings.Cut(rest, "--type json -p '")
		patch = strings.ReplaceAll(strings.TrimSuffix(patch, "'"), `'\''`, "'")
		policy := &v1alpha1.DeploymentPolicy{ObjectMeta: metaName(name)}
		w.Expect(w.client.Patch(w.ctx, policy, client.RawPatch(types.JSONPatchType, []byte(patch)))).To(gomega.Succeed(), remedy)
		return
	}
	_, command, found = strings.Cut(remedy, ": printf %s '")
	w.Expect(found).To(gomega.BeTrue(), remedy)
	manifest, _, _ := strings.Cut(command, "' | kubectl create")
	policy := &unstructured.Unstructured{}
	w.Expect(json.Unmarshal([]byte(manifest), &policy.Object)).To(gomega.Succeed(), remedy)
	w.Expect(w.client.Create(w.ctx, policy)).To(gomega.Succeed(), remedy)
	w.t.Cleanup(func() { _ = w.client.Delete(context.WithoutCancel(w.ctx), policy) })
}

// overlapping waits until rules that overlap are told, for a reason.
func (w *world) overlapping(imd *v1alpha1.ImmutableDeployment, reason string) {
	w.t.Helper()
	w.until(imd, reason, func(s v1alpha1.ImmutableDeploymentStatus) bool {
		c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionOverlapping)
		return c != nil && c.Status == metav1.ConditionTrue && c.Reason == reason
	})
}

// TestHostOfAnotherNamespace: without policies a namespace can take another one's
// requests, and both are told. With them it can't.
func TestHostOfAnotherNamespace(t *testing.T) {
	w := running(t)
	victim := w.serving()
	v := w.besides()
	taking := func() *v1alpha1.ImmutableDeployment {
		imd := v.deployment("1")
		imd.Spec.Traffic.LoadBalancer.Priority = new(int32(50))
		imd.Spec.Traffic.LoadBalancer.Conditions[0].Values = []string{"*.example.com"}
		v.create(imd)
		return imd
	}
	thief := taking()
	v.overlapping(v.eventually(thief, v1alpha1.PhaseComplete), v1alpha1.ReasonRouteShadows)
	w.overlapping(victim, v1alpha1.ReasonRouteShadowed)
	w.Expect(v.client.Delete(v.ctx, thief)).To(gomega.Succeed())
	v.gone(thief)

	v.policy(func(p *v1alpha1.DeploymentPolicySpec) { p.Listeners[0].Hosts = []string{"thief.example.com"} })
	before := v.log.all()
	thief = taking()
	now := v.blocked(thief, v1alpha1.ReasonNotAllowed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.Equal(fmt.Sprintf(
		"Namespace %s may not use host *.example.com (not within thief.example.com) of spec.traffic.loadBalancer", v.namespace)))
	v.overlapping(thief, v1alpha1.ReasonRouteShadows) // before the rule is there
	w.until(victim, "its own requests", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionOverlapping) == nil
	})
	w.Expect(v.log.all()).To(gomega.Equal(before))
	w.Expect(v.revisions()).To(gomega.BeEmpty())
}

// TestPathOfAnotherNamespace: a rule that takes a part of another namespace's
// requests is told to both, and by name; within a namespace that is how paths are
// divided.
func TestPathOfAnotherNamespace(t *testing.T) {
	w := newWorld(t)
	v := w.beside()
	w.startAs(&setup{also: v.namespace})
	victim := w.serving()
	path := func(of *world, name string, priority int32) *v1alpha1.ImmutableDeployment {
		imd := of.deployment("1")
		imd.Name = name
		lb := &imd.Spec.Traffic.LoadBalancer
		lb.Priority = &priority
		lb.Conditions = append(lb.Conditions, v1alpha1.RuleCondition{Field: "path-pattern", Values: []string{"/" + name + "/*"}})
		of.create(imd)
		return imd
	}
	own := path(w, "cart", 60)
	w.eventually(own, v1alpha1.PhaseComplete)
	thief := path(v, "pay", 50)
	v.overlapping(v.eventually(thief, v1alpha1.PhaseComplete), v1alpha1.ReasonRoutePartlyShadows)
	w.overlapping(victim, v1alpha1.ReasonRoutePartlyShadowed)
	told := func(of *world, imd *v1alpha1.ImmutableDeployment) string {
		return meta.FindStatusCondition(of.get(imd).Status.Conditions, v1alpha1.ConditionOverlapping).Message
	}
	w.Expect(told(v, thief)).To(gomega.Equal(fmt.Sprintf("The production rule (priority 50) takes requests of other namespaces: "+
		"of %s/checkout (priority 100): host checkout.example.com and path /pay/*", w.namespace)))
	w.Expect(told(w, victim)).To(gomega.Equal(fmt.Sprintf("Rules of other namespaces take requests of the production rule, which has priority 100: "+
		"that of %s/pay (priority 50): host checkout.example.com and path /pay/*", v.namespace)))
	w.happened(victim, "RoutePartlyShadowed: ")
	for of, imd := range map[*world]*v1alpha1.ImmutableDeployment{w: victim, v: thief} {
		w.Expect(meta.IsStatusConditionTrue(of.get(imd).Status.Conditions, v1alpha1.ConditionReady)).To(gomega.BeTrue())
	}
	w.Expect(meta.FindStatusCondition(w.get(own).Status.Conditions, v1alpha1.ConditionOverlapping)).To(gomega.BeNil())
}

// TestAdoptionIsNotAllowed: a rule of nobody's isn't even tagged unless a policy
// lists it.
func TestAdoptionIsNotAllowed(t *testing.T) {
	w := running(t)
	rule := w.legacy()
	w.policy()
	imd := w.adopting(rule)
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonNotAllowed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("may not use " + rule + " of spec.traffic.loadBalancer.ruleARN"))
	w.did()
	found, _ := w.production()
	w.Expect(found.Tags).To(gomega.BeEmpty())
	w.permit(now.Status.BlockedBy.Remedy)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
}

// TestTaskRoleIsNotAllowed: all that isn't allowed is told at once, and nothing is
// asked of AWS about it. The rollout goes on right after the remedy, not when its
// time comes.
func TestTaskRoleIsNotAllowed(t *testing.T) {
	w := newWorld(t)
	w.sim.CreateRole(iam.Role{Name: "payments", Services: []string{"ecs-tasks.amazonaws.com"}})
	w.policy(func(p *v1alpha1.DeploymentPolicySpec) { p.Clusters = nil })
	w.startAs(&setup{poll: time.Hour})
	imd := w.deployment("1")
	imd.Spec.Template.TaskRoleARN = "arn:aws:iam::111122223333:role/payments"
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonNotAllowed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.HaveSuffix(
		"(1) shop of spec.template.cluster; (2) arn:aws:iam::111122223333:role/payments of spec.template.taskRoleARN"))
	for _, call := range w.sim.Calls() {
		w.Expect(call.Operation()).NotTo(gomega.HaveSuffix("GetRole"))
	}
	w.Expect(w.revisions()).To(gomega.BeEmpty())
	w.permit(now.Status.BlockedBy.Remedy)
	w.until(imd, "its stack to be asked for", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.BlockedBy == nil && s.Phase == v1alpha1.PhaseProvisioning
	})
}

// TestPolicyIsTakenBack: what serves goes on, a rollout can be aborted, the next
// one doesn't start, and a deletion goes through.
func TestPolicyIsTakenBack(t *testing.T) {
	w := running(t)
	policy := w.policy()
	imd := w.heldAt("1/3")
	w.takeBack(policy)
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomeAborted))
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-1"))
	w.removed("checkout-2")
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.DesiredCount = new(int32(3)) })
	w.until(imd, "three tasks", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.RunningCount == 3 })
	w.roll(imd, "3")
	now = w.blocked(imd, v1alpha1.ReasonNotAllowed)
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePaused))
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionAvailable)).To(gomega.BeTrue())
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
}

// TestGateIsTakenBack: a function isn't called any more once no policy lists it,
// also in a rollout that began before. It is called once one does, and no way back
// waits for that.
func TestGateIsTakenBack(t *testing.T) {
	const function = "arn:aws:lambda:eu-west-1:111122223333:function:viridian-verify"
	w := running(t)
	w.Expect(w.sim.RegisterFunction("viridian-verify", lambda.Function{Timeout: 15 * time.Minute})).To(gomega.Succeed())
	policy := w.policy(func(p *v1alpha1.DeploymentPolicySpec) { p.FunctionARNs = []string{function} })
	gate := func(name string, at v1alpha1.GatePoint) v1alpha1.Gate {
		return v1alpha1.Gate{Name: name, At: at, Lambda: &v1alpha1.LambdaGate{FunctionARN: function}, TimeoutSeconds: new(int32(86400))}
	}
	imd := w.heldAt("1/3", func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Gates = []v1alpha1.Gate{gate("verify", v1alpha1.AfterStep), gate("tell", v1alpha1.OnRollback)}
	})
	w.takeBack(policy)
	w.request(imd, v1alpha1.AnnotationPromote, "checkout-2/1")
	now := w.blocked(imd, v1alpha1.ReasonGateUnavailable)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("may not use " + function + " of spec.gates[verify].lambda.functionARN"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(`{"op":"add","path":"/spec/functionARNs","value":["` + function + `"]}`))
	w.Expect(w.count("Invoke")).To(gomega.BeZero())
	w.permit(now.Status.BlockedBy.Remedy)
	w.reached(imd, "2/3")
	w.Expect(w.count("Invoke")).To(gomega.Equal(1))
	w.takeBack(policy)
	w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.happened(imd, v1alpha1.ReasonGateFailed)
	w.Expect(w.count("Invoke")).To(gomega.Equal(1), "the gate after the rollback is called")
}

// TestPolicyIsRequired: a namespace that no policy selects may use nothing, and the
// remedy creates one.
func TestPolicyIsRequired(t *testing.T) {
	w := newWorld(t)
	w.startAs(&setup{requirePolicy: true})
	imd := w.deployment("1")
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonNotAllowed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.HaveSuffix("no DeploymentPolicy selects the namespace, and the manager runs with --require-policy"))
	w.did()
	w.permit(now.Status.BlockedBy.Remedy)
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// TestRepositoryIsNotAllowed: only repositories are created that a policy lists.
func TestRepositoryIsNotAllowed(t *testing.T) {
	w := running(t)
	w.policy()
	imd := w.deployment("1")
	imd.Spec.ImagePolicy.MissingRepository = v1alpha1.RepositoryCreate
	imd.Spec.Template.Containers[0].Image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/payments:1"
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonNotAllowed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("may not use 111122223333.dkr.ecr.eu-west-1.amazonaws.com/payments of "))
	w.did()
	w.permit(now.Status.BlockedBy.Remedy)
	w.blocked(imd, v1alpha1.ReasonImageNotFound)
	w.sim.PutImage("payments", "1", "")
	w.eventually(imd, v1alpha1.PhaseComplete)
}
