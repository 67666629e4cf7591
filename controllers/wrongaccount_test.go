package controllers_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
)

// strange makes another account, or the same one in another region, the one
// that managers call from now on.
func (w *world) strange(account, region string) {
	w.t.Helper()
	w.sim = awssim.New(awssim.Options{Account: account, Region: region, Speed: speed, Seed: 2, TaskClock: w.now})
	w.t.Cleanup(w.sim.Close)
}

// onlyAskedWho checks that nothing but whose the credentials are was asked in
// the account, and that not in each pass.
func (w *world) onlyAskedWho() {
	w.t.Helper()
	calls := w.sim.CallCounts()
	w.Expect(slices.Collect(maps.Keys(calls))).To(gomega.Equal([]string{"sts:GetCallerIdentity"}))
	w.Expect(calls["sts:GetCallerIdentity"]).To(gomega.BeNumerically("<=", 4), "once for each worker that came first")
}

// The controller comes back with credentials of another account, or in another
// region, where nothing that it made exists. A deletion meanwhile must not pass
// for done, however long it lasts.
func TestDeletionInAnotherAccount(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		account, region string
		edit            func(*v1alpha1.ImmutableDeploymentSpec)
		// arn begins the message, remedy is what helps.
		arn, remedy string
	}{
		"account": {"999988887777", "eu-west-1", func(*v1alpha1.ImmutableDeploymentSpec) {},
			"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/", "credentials of account 111122223333"},
		"account of a worker": {"999988887777", "eu-west-1", asWorker,
			"arn:aws:cloudformation:eu-west-1:111122223333:stack/", "credentials of account 111122223333"},
		"region": {"111122223333", "us-east-1", func(*v1alpha1.ImmutableDeploymentSpec) {},
			"arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/", "AWS_REGION=eu-west-1"},
		"region of a worker": {"111122223333", "us-east-1", asWorker,
			"arn:aws:cloudformation:eu-west-1:111122223333:stack/", "AWS_REGION=eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.start()
			imd := w.serving(tt.edit)
			m.stop()
			effects, right := w.log.all(), w.sim
			w.strange(tt.account, tt.region)
			m = w.startAs(&setup{region: tt.region})

			now := w.blocked(imd, v1alpha1.ReasonWrongAccount)
			w.Expect(now.Status.BlockedBy.Message).To(gomega.And(gomega.HavePrefix(tt.arn),
				gomega.ContainSubstring("account 111122223333, region eu-west-1"), gomega.ContainSubstring("account "+tt.account+", region "+tt.region)))
			w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(tt.remedy))
			w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeTrue())
			w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-1"))

			w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
			w.ready("checkout-1", v1alpha1.ReasonWrongAccount)
			w.Eventually(func() string { return w.get(imd).Status.BlockedBy.Remedy }).Should(gomega.ContainSubstring(
				`kubectl patch imd checkout -n ` + w.namespace + ` --field-manager=oncall --type merge -p '{"spec":{"deletionPolicy":"Retain"}}'`))
			w.skip(time.Hour)
			w.Consistently(func() bool { return w.exists(imd) }, 2*time.Second).Should(gomega.BeTrue(),
				func() string { return "It is forgotten, while the stack is there\n" + w.explain() })
			w.Expect(w.revision("checkout-1").Spec.StackState).To(gomega.Equal(v1alpha1.StackPresent))
			w.onlyAskedWho()
			w.did(effects...)

			m.stop()
			w.sim = right
			w.start()
			w.gone(imd)
			w.nothingLeft()
		})
	}
}

// A revision that is deleted by itself in the wrong account stays as well, and
// names the way out.
func TestDeletionOfRevisionInAnotherAccount(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	w.serving(asWorker)
	m.stop()
	right := w.sim
	w.strange("999988887777", "eu-west-1")
	m = w.start()
	imr := w.revision("checkout-1")
	w.Expect(w.client.Delete(w.ctx, imr)).To(gomega.Succeed())
	w.Eventually(func() string {
		return meta.FindStatusCondition(w.revision("checkout-1").Status.Conditions, v1alpha1.ConditionReady).Message
	}).Should(gomega.ContainSubstring(`kubectl patch imr checkout-1 -n ` + w.namespace + ` --field-manager=oncall --type merge -p '{"spec":{"stackState":"Retained"}}'`))
	w.Consistently(func() bool { return w.exists(imr) }, time.Second).Should(gomega.BeTrue())
	m.stop()
	w.sim = right
}

// A listener of another account, or an adopted rule, is refused before anything
// is asked there.
func TestListenerOfAnotherAccount(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*v1alpha1.LoadBalancer){
		"listener": func(lb *v1alpha1.LoadBalancer) {
			lb.ListenerARN = "arn:aws:elasticloadbalancing:us-east-1:444455556666:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
		},
		"rule": func(lb *v1alpha1.LoadBalancer) {
			*lb = v1alpha1.LoadBalancer{RuleARN: "arn:aws:elasticloadbalancing:us-east-1:444455556666:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.deployment("1")
			edit(&imd.Spec.Traffic.LoadBalancer)
			w.sim.ResetCalls()
			w.create(imd)
			now := w.blocked(imd, v1alpha1.ReasonWrongAccount)
			w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePending))
			w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("spec.aws"))
			w.onlyAskedWho()
		})
	}
}
