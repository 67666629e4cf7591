package controllers_test

import (
	"testing"

	"github.com/onsi/gomega"
	"github.com/viridian-dev/viridian/api/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// deployment is a valid ImmutableDeployment for the world's namespace.
func (w *world) deployment(tag string) *v1alpha1.ImmutableDeployment {
	return &v1alpha1.ImmutableDeployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "checkout"},
		Spec: v1alpha1.ImmutableDeploymentSpec{
			DesiredCount: new(int32(2)),
			Template: v1alpha1.RevisionTemplate{
				Containers: []v1alpha1.Container{{
					Name:         "app",
					Image:        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:" + tag,
					PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}},
				}},
				CPU:              "256",
				Memory:           "512",
				ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
				Network: v1alpha1.Network{
					VPCID:                        "vpc-0a1b2c3d",
					SubnetIDs:                    []string{"subnet-0a1b2c3d", "subnet-1a2b3c4d"},
					LoadBalancerSecurityGroupIDs: []string{"sg-0a1b2c3d"},
				},
				Target:  v1alpha1.Target{ContainerPort: 8080, DeregistrationDelaySeconds: new(int32(0))},
				Cluster: "shop",
			},
			Traffic: v1alpha1.Traffic{LoadBalancer: v1alpha1.LoadBalancer{
				ListenerARN: w.listener,
				Priority:    new(int32(100)),
				Conditions:  []v1alpha1.RuleCondition{{Field: "host-header", Values: []string{"checkout.example.com"}}},
			}},
			Strategy: v1alpha1.Strategy{Type: v1alpha1.StrategyCanary, Canary: &v1alpha1.Canary{Steps: []v1alpha1.CanaryStep{
				{Weight: 10, HoldSeconds: new(int32(0))}, {Weight: 50, HoldSeconds: new(int32(0))},
			}}},
			Rollback: v1alpha1.Rollback{KeepOldSeconds: new(int32(0))},
		},
	}
}

// get reads the deployment's current state.
func (w *world) get(imd *v1alpha1.ImmutableDeployment) *v1alpha1.ImmutableDeployment {
	out := &v1alpha1.ImmutableDeployment{}
	w.Expect(w.client.Get(w.ctx, client.ObjectKeyFromObject(imd), out)).To(gomega.Succeed())
	return out
}

// eventually waits for a phase at the current generation.
func (w *world) eventually(imd *v1alpha1.ImmutableDeployment, phase v1alpha1.Phase) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	var now *v1alpha1.ImmutableDeployment
	w.Eventually(func() v1alpha1.Phase {
		now = w.get(imd)
		if now.Status.ObservedGeneration != now.Generation {
			return ""
		}
		return now.Status.Phase
	}).Should(gomega.Equal(phase), func() string { return w.explain(imd) })
	return now
}

func TestCanary(t *testing.T) {
	w := newWorld(t)
	imd := w.deployment("1")
	w.Expect(w.client.Create(w.ctx, imd)).To(gomega.Succeed())
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.update(imd, func(d *v1alpha1.ImmutableDeployment) { d.Spec.Template.Containers[0].Image = image("2") })
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Revision).To(gomega.Equal("checkout-2"))
	w.Expect(now.Status.Weight).To(gomega.HaveValue(gomega.Equal(int32(100))))
	w.update(imd, func(d *v1alpha1.ImmutableDeployment) { d.Spec.Template.Containers[0].Image = image("crash") })
	now = w.eventually(imd, v1alpha1.PhaseRolledBack)
	t.Log(w.explain(imd))
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.Eventually(func() error {
		return w.client.Get(w.ctx, client.ObjectKeyFromObject(imd), imd)
	}).ShouldNot(gomega.Succeed(), func() string { return w.explain(imd) })
	t.Log(w.sim.CallCounts())
}

func image(tag string) string {
	return "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:" + tag
}

func (w *world) update(imd *v1alpha1.ImmutableDeployment, edit func(*v1alpha1.ImmutableDeployment)) {
	w.t.Helper()
	w.Eventually(func() error {
		now := w.get(imd)
		edit(now)
		return w.client.Update(w.ctx, now)
	}).Should(gomega.Succeed())
}
