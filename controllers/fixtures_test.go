package controllers_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// forever is a hold that no test waits for.
const forever = 604800

// deployment is a valid ImmutableDeployment for the world's namespace.
func (w *world) deployment(tag string) *v1alpha1.ImmutableDeployment {
	return &v1alpha1.ImmutableDeployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "checkout"},
		Spec: v1alpha1.ImmutableDeploymentSpec{
			DesiredCount: new(int32(2)),
			Template: v1alpha1.RevisionTemplate{
				Containers: []v1alpha1.Container{{
					Name:         "app",
					Image:        image(tag),
					PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}},
				}},
				CPU:              "256",
				Memory:           "512",
				ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
				Network: v1alpha1.Network{
					VPCID:                        "vpc-0a1b2c3d4e5f60718",
					SubnetIDs:                    []string{"subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"},
					LoadBalancerSecurityGroupIDs: []string{"sg-0a1b2c3d4e5f60733"},
				},
				Target:  v1alpha1.Target{ContainerPort: 8080, DeregistrationDelaySeconds: new(int32(0))},
				Cluster: "shop",
			},
			Traffic: v1alpha1.Traffic{LoadBalancer: v1alpha1.LoadBalancer{
				ListenerARN: w.listener,
				Priority:    new(int32(100)),
				Conditions:  []v1alpha1.RuleCondition{{Field: "host-header", Values: []string{"checkout.example.com"}}},
			}},
			Strategy: canary(0, 0),
			Rollback: v1alpha1.Rollback{KeepOldSeconds: new(int32(0)), UnhealthySeconds: new(int32(3600)), KeepFailedSeconds: new(int32(0))},
			// Far away, since the managers' time flies.
			ProgressDeadlineSeconds: new(int32(86400)),
		},
	}
}

// canary is the strategy with steps at 10 and 50 per cent.
func canary(first, second int32) v1alpha1.Strategy {
	return v1alpha1.Strategy{Type: v1alpha1.StrategyCanary, Canary: &v1alpha1.Canary{Steps: []v1alpha1.CanaryStep{
		{Weight: 10, HoldSeconds: &first}, {Weight: 50, HoldSeconds: &second},
	}}}
}

// image is the application's image with a tag.
func image(tag string) string {
	return "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:" + tag
}

// create applies a new ImmutableDeployment.
func (w *world) create(imd *v1alpha1.ImmutableDeployment) {
	w.t.Helper()
	w.Expect(w.client.Create(w.ctx, imd)).To(gomega.Succeed())
	w.seen.expect(imd)
}

// serving applies a deployment of image 1 and waits until it serves.
func (w *world) serving(edit ...func(*v1alpha1.ImmutableDeploymentSpec)) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	imd := w.deployment("1")
	for _, f := range edit {
		f(&imd.Spec)
	}
	w.create(imd)
	return w.eventually(imd, v1alpha1.PhaseComplete)
}

// heldAt brings image 2 to a canary step and keeps it there.
func (w *world) heldAt(step string, edit ...func(*v1alpha1.ImmutableDeploymentSpec)) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	first, second := int32(forever), int32(forever)
	if step != "1/3" {
		first = 0
	}
	imd := w.serving(append(edit, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = canary(first, second)
		s.Rollback.KeepOldSeconds = new(int32(forever))
	})...)
	w.roll(imd, "2")
	return w.reached(imd, step)
}

// restful takes no restarts of tasks for a cause. ECS replaces the tasks of sick
// targets: on a busy machine, sooner than their health is looked at.
func restful(s *v1alpha1.ImmutableDeploymentSpec) { s.Rollback.TaskRestartLimit = new(int32(1000)) }

// reached waits until a step's weight was read back.
func (w *world) reached(imd *v1alpha1.ImmutableDeployment, step string) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	return w.until(imd, "step "+step, func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Step == step && s.Rollout != nil && s.Rollout.StepReachedAt != nil
	})
}

// roll changes the image.
func (w *world) roll(imd *v1alpha1.ImmutableDeployment, tag string) {
	w.t.Helper()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.Containers[0].Image = image(tag) })
}

// release lets a rollout that is held go on.
func (w *world) release(imd *v1alpha1.ImmutableDeployment) {
	w.t.Helper()
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = canary(0, 0)
		s.Rollback.KeepOldSeconds = new(int32(0))
	})
}

// update edits spec, against whoever else writes meanwhile.
func (w *world) update(imd *v1alpha1.ImmutableDeployment, edit func(*v1alpha1.ImmutableDeploymentSpec)) {
	w.t.Helper()
	for {
		now := w.get(imd)
		edit(&now.Spec)
		err := w.client.Update(w.ctx, now)
		if !apierrors.IsConflict(err) {
			w.Expect(err).NotTo(gomega.HaveOccurred())
			w.seen.expect(now)
			return
		}
	}
}

// get reads the deployment's current state.
func (w *world) get(imd *v1alpha1.ImmutableDeployment) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	out := &v1alpha1.ImmutableDeployment{}
	w.Expect(w.client.Get(w.ctx, client.ObjectKeyFromObject(imd), out)).To(gomega.Succeed())
	return out
}

// until waits for a status that is about the current generation.
func (w *world) until(imd *v1alpha1.ImmutableDeployment, what string, holds func(v1alpha1.ImmutableDeploymentStatus) bool) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	var now *v1alpha1.ImmutableDeployment
	w.Eventually(func() bool {
		now = w.seen.latest(imd)
		return now != nil && now.Status.ObservedGeneration == now.Generation && holds(now.Status)
	}).Should(gomega.BeTrue(), func() string { return "Waiting for " + what + "\n" + w.explain() })
	return now
}

// eventually waits for a phase.
func (w *world) eventually(imd *v1alpha1.ImmutableDeployment, phase v1alpha1.Phase) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	return w.until(imd, string(phase), func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Phase == phase && s.BlockedBy == nil })
}

// blocked waits until something is in the way that only others can lift.
func (w *world) blocked(imd *v1alpha1.ImmutableDeployment, reason string) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	var now *v1alpha1.ImmutableDeployment
	w.Eventually(func() string {
		now = w.seen.latest(imd)
		if now == nil || now.Status.BlockedBy == nil {
			return ""
		}
		return now.Status.BlockedBy.Reason
	}).Should(gomega.Equal(reason), func() string { return w.explain() })
	return now
}

// events are the events about an object, as "reason: note", in order.
func (w *world) events(object client.Object) []string {
	w.t.Helper()
	var list eventsv1.EventList
	w.Expect(w.client.List(w.ctx, &list, client.InNamespace(w.namespace))).To(gomega.Succeed())
	slices.SortFunc(list.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	var out []string
	for _, e := range list.Items {
		if e.Regarding.UID != object.GetUID() {
			continue
		}
		text := e.Reason + ": " + e.Note
		if e.Series != nil {
			text += fmt.Sprintf(" (%d times)", e.Series.Count)
		}
		out = append(out, text)
	}
	return out
}

// explain shows what a failed test needs to be understood: the statuses, the
// stacks and the last calls.
func (w *world) explain() string {
	var b strings.Builder
	var deployments v1alpha1.ImmutableDeploymentList
	_ = w.client.List(w.ctx, &deployments, client.InNamespace(w.namespace)) // what can be had
	for _, imd := range deployments.Items {
		status, _ := yaml.Marshal(imd.Status)
		fmt.Fprintf(&b, "%s, generation %d, finalizers %v:\n%s\n", imd.Name, imd.Generation, imd.Finalizers, status)
	}
	for _, imr := range w.revisions() {
		status, _ := yaml.Marshal(imr.Status)
		fmt.Fprintf(&b, "%s, %s:\n%s\n", imr.Name, imr.Spec.StackState, status)
	}
	for _, stack := range w.sim.Stacks() {
		fmt.Fprintln(&b, "stack", stack.Name, stack.Status, stack.Reason)
	}
	fmt.Fprintf(&b, "effects: %q\n", w.log.all())
	calls := w.sim.Calls()
	for _, call := range calls[max(0, len(calls)-15):] {
		fmt.Fprintln(&b, call.At.Format("15:04:05.000"), call.Operation(), call.Key, call.ErrorCode)
	}
	return b.String()
}
