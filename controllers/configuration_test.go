package controllers_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

const (
	plain  = ssmtypes.ParameterTypeString
	secure = ssmtypes.ParameterTypeSecureString
)

// A revision has the values that parameters had when it was made: a rollback brings
// the old ones back, whatever they are by then.
func TestParameterIsFrozen(t *testing.T) {
	w := running(t)
	w.put("/shop/features", plain, "none")
	imd := w.serving(variables("FEATURES=/shop/features"))
	held := w.revision("checkout-1").Spec.Frozen
	w.Expect(held.Template.Containers[0].Environment).To(gomega.Equal([]v1alpha1.KeyValue{{Name: "FEATURES", Value: "none"}}))
	w.Expect(held.Configuration.State).To(gomega.Equal(v1alpha1.ConfigurationFrozen))
	w.Expect(held.Configuration.Entries[0].Version).To(gomega.Equal("1"))
	w.Expect(w.answered("FEATURES")).To(gomega.Equal("none"))

	w.put("/shop/features", plain, "express")
	w.roll(imd, "2")
	w.until(imd, "checkout-2", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.StableRevision == "checkout-2" && s.Phase == v1alpha1.PhaseComplete
	})
	w.Expect(w.bodyOf("2")).To(gomega.ContainSubstring(`{"Name":"FEATURES","Value":"express"}`))
	w.Expect(w.answered("FEATURES")).To(gomega.Equal("express"))

	w.drop("/shop/features") // of which nobody needs to know any more
	w.roll(imd, "1")
	w.until(imd, "checkout-1", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.StableRevision == "checkout-1" && s.Phase == v1alpha1.PhaseComplete
	})
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE", "CREATE_COMPLETE"}))
	w.Expect(w.answered("FEATURES")).To(gomega.Equal("none"))
	w.Expect(w.revisions()).To(gomega.HaveLen(2))
}

// A secret is pinned to the version that is current, and a change of it is told, and
// since when.
func TestSecretIsPinned(t *testing.T) {
	w := running(t)
	arn := w.secret("shop/db", `{"password":"first"}`)
	first := w.current(arn)
	imd := w.serving(resolving("DB=" + arn + ":password::"))
	w.Expect(w.bodyOf("1")).To(gomega.ContainSubstring(`{"Name":"DB","ValueFrom":"` + arn + ":password::" + first + `"}`))
	w.judged(imd, v1alpha1.ReasonConfigurationCurrent)

	second := w.revalue(arn, `{"password":"second"}`)
	now, says := w.judged(imd, v1alpha1.ReasonConfigurationChanged)
	w.Expect(says.Message).To(gomega.ContainSubstring(`kubectl patch imd checkout -n ` + w.namespace))
	r := now.Status.Configuration.Entries[0]
	w.Expect([]any{r.Name, r.Held, r.Current, r.Pinned, r.Changed, r.Since != nil}).To(gomega.Equal([]any{"DB", first, second, true, true, true}))
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhaseComplete))
	w.happened(imd, "ConfigurationChanged: checkout-1 was made with other values of DB of container app")

	// A task that starts now gets what the others have.
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.DesiredCount = new(int32(3)) })
	w.Eventually(func() []string { return w.started("DB") }).Should(gomega.Equal([]string{"first", "first", "first"}), w.explain)

	w.roll(imd, "2")
	w.alone(imd, "checkout-2")
	w.Expect(w.bodyOf("2")).To(gomega.ContainSubstring(arn + ":password::" + second))
	w.judged(imd, v1alpha1.ReasonConfigurationCurrent)
}

// A secret that is rotated isn't pinned: in the middle of a canary each task gets the
// value that works, and nothing is held up.
func TestRotatedSecretIsFollowed(t *testing.T) {
	w := running(t)
	w.function(`{}`)
	arn := w.secret("shop/rotated", "first")
	first := w.current(arn)
	w.rotate(arn)
	w.Eventually(func() string { return w.current(arn) }).ShouldNot(gomega.Equal(first))
	imd := w.heldAt("1/3", resolving("DB="+arn), rollsOut)
	second := w.current(arn)
	w.rotate(arn)
	w.Eventually(func() string { return w.current(arn) }).ShouldNot(gomega.Equal(second))
	w.release(imd)
	w.alone(imd, "checkout-2")
	held := w.revision("checkout-2").Spec.Frozen
	w.Expect(held.Configuration.State).To(gomega.Equal(v1alpha1.ConfigurationPartial))
	w.Expect(held.Configuration.Entries[0].Reason).To(gomega.ContainSubstring("rotated"))
	w.Expect(held.Template.Containers[0].Secrets[0].ValueFrom).To(gomega.Equal(arn))
	now, _ := w.judged(imd, v1alpha1.ReasonConfigurationCurrent)
	w.Expect(now.Status.RolloutCount).To(gomega.Equal(int64(2))) // the rotation is no change to roll out
}

// What isn't there is told before anything is made, with what makes it come back.
func TestConfigurationGone(t *testing.T) {
	w := running(t)
	arn := w.secret("shop/db", "value")
	imd := w.deployment("1")
	variables("FEATURES=/shop/features")(&imd.Spec)
	resolving("DB="+arn, "TOKEN=/shop/token")(&imd.Spec)
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonConfigurationGone)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.And(gomega.ContainSubstring("/shop/features"), gomega.ContainSubstring("/shop/token")))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("aws ssm put-parameter --name /shop/features --type String"))
	w.Expect(w.revisions()).To(gomega.BeEmpty())
	w.did()
	w.put("/shop/features", plain, "all")
	w.put("/shop/token", secure, "planted-token")
	w.eventually(imd, v1alpha1.PhaseComplete)

	// A way back to a stack that has to be made again needs what its tasks get.
	w.roll(imd, "2")
	w.alone(imd, "checkout-2")
	w.deleteSecret(arn)
	w.roll(imd, "1")
	now = w.blocked(imd, v1alpha1.ReasonConfigurationGone)
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("aws secretsmanager restore-secret --secret-id " + arn))
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.restoreSecret(arn)
	w.alone(imd, "checkout-1")
}

// The version that a revision pinned has to be there when its stack is made again:
// what can't be known before is found right before CreateStack.
func TestPinnedVersionIsGone(t *testing.T) {
	w := running(t)
	arn := w.secret("shop/db", "first")
	first := w.current(arn)
	imd := w.serving(resolving("DB=" + arn))
	w.roll(imd, "2")
	w.alone(imd, "checkout-2")
	w.revalue(arn, "second")
	w.revalue(arn, "third") // the first one has no label any more
	w.roll(imd, "1")
	now := w.blocked(imd, v1alpha1.ReasonConfigurationGone)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring(first))
	w.Expect(w.count("CreateStack")).To(gomega.Equal(2))
	w.label(arn, first)
	w.alone(imd, "checkout-1")
	w.Expect(w.bodyOf("1")).To(gomega.ContainSubstring(arn + ":::" + first))
}

// A value that changes is rolled out by the same strategy, and the old values serve
// until the new ones have proven themselves.
func TestRollOut(t *testing.T) {
	w := running(t)
	w.put("/shop/features", plain, "none")
	imd := w.serving(variables("FEATURES=/shop/features"), rollsOut)
	w.judged(imd, v1alpha1.ReasonConfigurationCurrent)
	w.put("/shop/features", plain, "express")
	w.alone(imd, "checkout-2")
	now, _ := w.judged(imd, v1alpha1.ReasonConfigurationCurrent)
	w.Expect(now.Status.Rollout.Cause).To(gomega.Equal(v1alpha1.CauseConfiguration))
	w.Expect(now.Status.Rollout.Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.did(canaryEffects...)
	one, two := w.revision("checkout-1").Spec.Frozen, w.revision("checkout-2").Spec.Frozen
	w.Expect(two.TemplateHash).To(gomega.Equal(one.TemplateHash))
	w.Expect(two.Configuration.SHA256).NotTo(gomega.Equal(one.Configuration.SHA256))
	w.Expect(two.Provenance.Cause).To(gomega.Equal(v1alpha1.CauseConfiguration))
	w.Expect(w.bodyOf("2")).To(gomega.ContainSubstring(`{"Name":"FEATURES","Value":"express"}`))

	// The same value, written again, is none that changed.
	w.put("/shop/features", plain, "express")
	w.until(imd, "the version to be seen", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Configuration != nil && s.Configuration.Entries[0].Current == "3"
	})
	w.Expect(w.get(imd).Status.RolloutCount).To(gomega.Equal(int64(2)))
}

// servingAfterABadValue has checkout-1 serve with the value none, and checkout-2, with
// a bad one, rolled back by a gate that passes from then on.
func (w *world) servingAfterABadValue() *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	w.function(`{"hookStatus": "FAILED"}`, `{"hookStatus": "SUCCEEDED"}`)
	w.put("/shop/features", plain, "none")
	imd := w.serving(variables("FEATURES=/shop/features"), rollsOut)
	w.update(imd, gated(smokeAt(v1alpha1.BeforeTraffic)))
	w.put("/shop/features", plain, "bad")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	return imd
}

// A bad value is rolled back once, and isn't tried again until it changes again.
func TestRollOutOfABadValue(t *testing.T) {
	w := running(t)
	imd := w.servingAfterABadValue()
	now := w.get(imd)
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-1"))
	w.Expect(now.Status.Rollout.Cause).To(gomega.Equal(v1alpha1.CauseConfiguration))
	w.Expect(meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady).Message).To(gomega.ContainSubstring("Correct the values in AWS"))

	// It is looked at again and again, and nothing comes of it.
	calls := w.reads("GetParameters")
	w.Eventually(func() int { return w.reads("GetParameters") }).Should(gomega.BeNumerically(">", calls+5), w.explain)
	now = w.get(imd)
	w.Expect(now.Status.RolloutCount).To(gomega.Equal(int64(2)))
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhaseRolledBack))
	w.Expect(w.count("CreateStack")).To(gomega.Equal(2))

	w.put("/shop/features", plain, "good")
	w.alone(imd, "checkout-3")
	w.Expect(w.bodyOf("3")).To(gomega.ContainSubstring(`{"Name":"FEATURES","Value":"good"}`))

	// Back to what it was is back to the revision that had it.
	w.put("/shop/features", plain, "none")
	w.alone(imd, "checkout-1")
	w.Expect(w.bodyOf("1")).To(gomega.ContainSubstring(`{"Name":"FEATURES","Value":"none"}`))
}

// A value with which a fifth of the answers are errors is judged as such an image is,
// by the requests that it gets.
func TestRollOutOfAValueThatFails(t *testing.T) {
	w := running(t)
	w.put("/shop/mode", plain, "good")
	enough := errorRate(func(c *v1alpha1.MetricCheck) { c.MinSamples = new(int32(40)) })
	imd := w.serving(judgedBy(enough), variables("SIMULATE=/shop/mode"), rollsOut, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = canary(forever, forever)
	})
	users := w.use()
	w.put("/shop/mode", plain, "err20")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	users.leave()
	w.Expect(now.Status.Rollout.Cause).To(gomega.Equal(v1alpha1.CauseConfiguration))
	w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonMetricOutOfBounds))
	w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring("at step 1 (weight 10)"))
	w.removed("checkout-2")
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	w.Expect(w.answered("SIMULATE")).To(gomega.Equal("good"))
}

// A template that was given up is tried again with other values: they may be what was
// wrong.
func TestGivenUpWithOtherValues(t *testing.T) {
	w := running(t)
	w.function(`{"hookStatus": "FAILED"}`, `{"hookStatus": "SUCCEEDED"}`)
	w.put("/shop/features", plain, "bad")
	imd := w.serving(variables("FEATURES=/shop/features"), rollsOut)
	w.update(imd, gated(smokeAt(v1alpha1.BeforeTraffic)))
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.put("/shop/features", plain, "good")
	w.alone(imd, "checkout-3")
	now := w.get(imd)
	w.Expect(now.Status.Rollout.Cause).To(gomega.Equal(v1alpha1.CauseConfiguration))
	w.Expect(w.bodyOf("3")).To(gomega.ContainSubstring(`{"Name":"FEATURES","Value":"good"}`))
}

// What changes in the middle of a rollout is rolled out after it.
func TestChangeDuringARollout(t *testing.T) {
	w := running(t)
	w.put("/shop/features", plain, "none")
	imd := w.heldAt("1/3", variables("FEATURES=/shop/features"), rollsOut)
	w.put("/shop/features", plain, "express")
	w.release(imd)
	w.alone(imd, "checkout-3")
	now := w.get(imd)
	w.Expect(now.Status.RolloutCount).To(gomega.Equal(int64(3)))
	w.Expect(now.Status.History[1].Revision).To(gomega.Equal("checkout-2"))
	w.Expect(now.Status.History[1].Outcome).To(gomega.Equal(v1alpha1.OutcomePromoted))
	w.Expect(w.bodyOf("2")).To(gomega.ContainSubstring(`{"Name":"FEATURES","Value":"none"}`))
}

// What can't be read is not known to have changed.
func TestFailedReads(t *testing.T) {
	for name, status := range map[string]int{"a failure": http.StatusInternalServerError, "a denial": http.StatusForbidden} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var fails atomic.Bool
			w.startAs(&setup{answers: func(action string) *http.Response {
				if !fails.Load() || action != "GetParameters" && action != "DescribeSecret" {
					return nil
				}
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}
			}})
			arn := w.secret("shop/db", "first")
			w.put("/shop/features", plain, "none")
			imd := w.serving(variables("FEATURES=/shop/features"), resolving("DB="+arn), rollsOut)
			before, _ := w.judged(imd, v1alpha1.ReasonConfigurationCurrent)
			fails.Store(true)
			w.put("/shop/features", plain, "express")
			w.revalue(arn, "second")
			reads := w.reads("DescribeServices")
			w.Eventually(func() int { return w.reads("DescribeServices") }).Should(gomega.BeNumerically(">", reads+10), w.explain)
			now := w.get(imd)
			w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhaseComplete))
			w.Expect(now.Status.RolloutCount).To(gomega.Equal(int64(1)))
			if diff := cmp.Diff(before.Status.Configuration, now.Status.Configuration); diff != "" {
				t.Error(diff)
			}
			fails.Store(false)
			w.alone(imd, "checkout-2")
		})
	}
}

// reads counts the calls of an operation so far.
func (w *world) reads(operation string) (n int) {
	for _, call := range w.sim.Calls() {
		if strings.HasSuffix(call.Operation(), operation) {
			n++
		}
	}
	return n
}

// A namespace whose policies don't list a parameter gets it into no environment
// variable, though the controller may read it.
func TestParameterIsNotAllowed(t *testing.T) {
	w := running(t)
	w.put("/payments/key", plain, "planted-key")
	w.put("/shop/production/features", plain, "all")
	imd := w.deployment("1")
	imd.Spec.Template.ParameterPath = "/shop/production/"
	variables("FEATURES=features", "KEY=/payments/key")(&imd.Spec)
	w.policy(func(p *v1alpha1.DeploymentPolicySpec) { p.Parameters = []string{"/shop/production/*"} })
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonNotAllowed)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("/payments/key of spec.template.containers[app].environment[KEY].valueFrom.ssm"))
	w.Expect(now.Status.BlockedBy.Message).NotTo(gomega.ContainSubstring("features"))
	w.Expect(w.reads("GetParameters")).To(gomega.BeZero())
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers[0].Environment = s.Template.Containers[0].Environment[:1]
	})
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.bodyOf("1")).To(gomega.ContainSubstring(`{"Name":"FEATURES","Value":"all"}`))
}

// A revision tells where it comes from: what it runs, with which values, and who
// asked for that and when.
func TestProvenance(t *testing.T) {
	w := running(t)
	arn := w.secret("shop/db", "value")
	w.put("/shop/token", secure, "token")
	imd := w.deployment("1")
	imd.Annotations = map[string]string{v1alpha1.AnnotationRequestedBy: "pipeline 42 of 9f1c2d3"}
	resolving("DB="+arn, "TOKEN=/shop/token")(&imd.Spec)
	w.create(imd)
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	i := slices.IndexFunc(now.ManagedFields, func(e metav1.ManagedFieldsEntry) bool {
		return e.Subresource == "" && strings.Contains(string(e.FieldsV1.GetRawBytes()), "f:template")
	})
	frozen := w.revision("checkout-1").Spec.Frozen
	p := frozen.Provenance
	w.Expect([]any{p.Cause, p.RequestedBy, p.Manager, p.Generation}).To(gomega.Equal([]any{v1alpha1.CauseTemplate, "pipeline 42 of 9f1c2d3", now.ManagedFields[i].Manager, int64(1)}))
	w.Expect(p.RequestedAt.Time.Equal(now.ManagedFields[i].Time.Time)).To(gomega.BeTrue())
	w.Expect(p.FrozenAt).NotTo(gomega.BeNil())
	w.Expect(frozen.Images[0].Digest).To(gomega.HavePrefix("sha256:"))
	w.Expect(frozen.TemplateHash).To(gomega.HaveLen(64))

	// SecureStrings can't be pinned, and the revision says so.
	w.Expect(frozen.Configuration.State).To(gomega.Equal(v1alpha1.ConfigurationPartial))
	token := frozen.Configuration.Entries[1]
	w.Expect([]any{token.Kind, token.Version, token.Pinned, token.Reason}).To(gomega.Equal([]any{
		v1alpha1.KindSecureParameter, "1", false, "ECS reads the newest version of a parameter when a task starts"}))
}

// A record that is made again from its stack has what it held, and where it came from.
func TestRecordWithConfiguration(t *testing.T) {
	w := running(t)
	arn := w.secret("shop/db", "value")
	w.put("/shop/features", plain, "none")
	imd := w.serving(variables("FEATURES=/shop/features"), resolving("DB="+arn))
	before := w.revision("checkout-1")
	w.put("/shop/features", plain, "express")
	w.revalue(arn, "second")
	w.strip(before.DeepCopy())
	w.Eventually(func() bool { return w.exists(before) }).Should(gomega.BeTrue(), w.explain)
	after := w.revision("checkout-1")
	if diff := cmp.Diff(before.Spec.Frozen, after.Spec.Frozen); diff != "" {
		t.Error(diff)
	}
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// No byte that the manager sends or writes has the value of a secret: it never had
// one.
func TestNoValueOfASecret(t *testing.T) {
	w := newWorld(t)
	all, log := &sent{}, &lines{}
	w.startAs(&setup{sends: all, lines: log})
	arn := w.secret("shop/db", `{"password":"planted-password"}`)
	w.put("/shop/token", secure, "planted-token")
	w.put("/shop/features", plain, "frozen-features")
	imd := w.serving(variables("FEATURES=/shop/features"), resolving("DB="+arn+":password::", "TOKEN=/shop/token"), rollsOut)
	w.revalue(arn, `{"password":"planted-again"}`)
	w.alone(imd, "checkout-2")
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	text := all.text() + strings.Join(log.all(), "\n")
	w.Expect(text).To(gomega.ContainSubstring("frozen-features")) // so it is where one would look
	for _, planted := range []string{"planted-password", "planted-again", "planted-token", "GetSecretValue", `"WithDecryption":true`} {
		w.Expect(text).NotTo(gomega.ContainSubstring(planted))
	}
}
