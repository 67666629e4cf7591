package controllers_test

import (
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/sts"
)

// Trouble with AWS in the middle of a canary: it says what is wrong and what
// helps, takes nothing back, and goes on by itself once it's over.
func TestTrouble(t *testing.T) {
	w := newWorld(t)
	s := &setup{}
	w.startAs(s)
	imd := w.heldAt("1/3")
	effects := w.log.all()
	fault := func(f awssim.Fault) func(*world, *setup) func() {
		return func(w *world, _ *setup) func() { return w.sim.Faults.Add(f) }
	}
	for name, c := range map[string]struct {
		begin   func(*world, *setup) (end func())
		reason  string
		remedy  string
		stalled bool
	}{
		"expired credentials": {fault(awssim.Fault{Effect: awssim.ExpiredToken}), v1alpha1.ReasonCredentials, "credentials", true},
		"access denied":       {fault(awssim.Fault{Action: "DescribeServices", Effect: awssim.AccessDenied}), v1alpha1.ReasonAccessDenied, "IAM policy", true},
		"throttled":           {fault(awssim.Fault{Effect: awssim.Throttle}), v1alpha1.ReasonAWSUnavailable, "passes", false},
		"server errors":       {fault(awssim.Fault{Effect: awssim.ServerError}), v1alpha1.ReasonAWSUnavailable, "passes", false},
		"unreachable": {func(_ *world, s *setup) func() {
			s.offline.Store(true)
			return func() { s.offline.Store(false) }
		}, v1alpha1.ReasonAWSUnavailable, "AWS_ENDPOINT_URL", false},
	} {
		end := c.begin(w, s)
		now := w.blocked(imd, c.reason)
		w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(c.remedy), name)
		w.Expect(now.Status.Step).To(gomega.Equal("1/3"), name)
		ready := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady)
		w.Expect(ready.Reason).To(gomega.Equal(c.reason), name)
		w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.Equal(c.stalled), name)
		w.until(imd, "the phase of "+name, func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Phase == v1alpha1.PhasePaused })
		w.skip(86400 * time.Second) // past the deadline, which must not count
		w.Expect(w.route()).To(gomega.Equal("1:90 2:10"), name)
		end()
		w.until(imd, "the end of "+name, func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.BlockedBy == nil })
		w.did(effects...)
	}
	w.release(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(canaryEffects...)
}

// What was measured before AWS was out of reach isn't told as if it were measured on,
// nor is a time to wait for that passes without a look.
func TestNothingIsMeasuredMeanwhile(t *testing.T) {
	w := running(t)
	w.alarm("OK")
	imd := w.heldAt("1/3", alarmed())
	measured := func(reason string) func(v1alpha1.ImmutableDeploymentStatus) bool {
		return func(s v1alpha1.ImmutableDeploymentStatus) bool {
			c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionAnalysis)
			return c != nil && c.Reason == reason
		}
	}
	w.until(imd, "the alarm's verdict", measured(v1alpha1.ReasonAnalysisPassing))
	end := w.sim.Faults.Add(awssim.Fault{Effect: awssim.AccessDenied})
	now := w.until(imd, "nothing is measured", measured(v1alpha1.ReasonAccessDenied))
	c := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionAnalysis)
	w.Expect(c.Status).To(gomega.Equal(metav1.ConditionUnknown))
	w.Expect(c.Message).To(gomega.HavePrefix("Nothing is measured meanwhile: AWS refused "))
	end()
	w.until(imd, "the alarm's verdict again", measured(v1alpha1.ReasonAnalysisPassing))
}

// Credentials that were never there.
func TestTroubleAtFirst(t *testing.T) {
	w := running(t)
	end := w.sim.Faults.Add(awssim.Fault{Effect: awssim.AccessDenied})
	imd := w.deployment("1")
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonAccessDenied)
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhasePending))
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("DescribeRules"))
	end()
	w.eventually(imd, v1alpha1.PhaseComplete)
}

// One call in eight is throttled, all the time.
func TestThrottledALot(t *testing.T) {
	w := running(t)
	w.sim.Faults.Add(awssim.Fault{Effect: awssim.Throttle, Probability: 0.125})
	imd := w.serving()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(canaryEffects...)
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.nothingLeft()
}

// A stack that can't be asked for, because of a permission, is asked for again,
// and its revision isn't given up for that.
func TestCreateStackDenied(t *testing.T) {
	w := running(t)
	imd := w.serving()
	end := w.sim.Faults.Add(awssim.Fault{Action: "CreateStack", Effect: awssim.AccessDenied})
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonAccessDenied)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("CreateStack"))
	w.skip(2 * 86400 * time.Second)
	w.looks()
	w.Expect(w.get(imd).Status.Rollout.Outcome).To(gomega.BeEmpty())
	end()
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(canaryEffects...)
}

const role = "arn:aws:iam::111122223333:role/deployer"

// A role that the namespace doesn't allow isn't used: AWS isn't even called.
func TestRoleNotAllowed(t *testing.T) {
	w := running(t)
	w.sim.RegisterRole(role, sts.Role{ExternalID: "viridian/" + w.namespace})
	imd := w.deployment("1")
	imd.Spec.AWS = &v1alpha1.AWS{RoleARN: role}
	w.sim.ResetCalls()
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonRoleNotAllowed)
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("kubectl annotate namespace " + w.namespace + " --field-manager=oncall " + v1alpha1.AnnotationAllowedRoleARNs + "=" + role))
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled)).To(gomega.BeTrue())
	w.Expect(w.sim.Calls()).To(gomega.BeEmpty())

	w.annotate(v1alpha1.AnnotationAllowedRoleARNs, "arn:aws:iam::111122223333:role/other, "+role)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.sim.Sessions()).NotTo(gomega.BeEmpty())
	for _, session := range w.sim.Sessions() {
		w.Expect(session.RoleARN).To(gomega.Equal(role))
		w.Expect(session.ExternalID).To(gomega.Equal("viridian/" + w.namespace))
	}
}

// The administrators' external ID, and roles that the manager allows.
func TestRoleAllowedByManager(t *testing.T) {
	w := newWorld(t)
	w.sim.RegisterRole(role, sts.Role{ExternalID: "given"})
	w.annotate(v1alpha1.AnnotationExternalID, "given")
	w.startAs(&setup{roles: []string{role}})
	imd := w.deployment("1")
	imd.Spec.AWS = &v1alpha1.AWS{RoleARN: role, ExternalID: "given"}
	w.create(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
}

func TestWrongExternalID(t *testing.T) {
	w := newWorld(t)
	w.startAs(&setup{roles: []string{"*"}})
	imd := w.deployment("1")
	imd.Spec.AWS = &v1alpha1.AWS{RoleARN: role, ExternalID: "viridian/another"}
	w.sim.ResetCalls()
	w.create(imd)
	w.blocked(imd, v1alpha1.ReasonRoleNotAllowed)
	w.Expect(w.sim.Calls()).To(gomega.BeEmpty())
}

// A role that AWS refuses to the controller.
func TestRoleDenied(t *testing.T) {
	w := newWorld(t)
	w.sim.RegisterRole(role, sts.Role{Denied: true})
	w.startAs(&setup{roles: []string{"*"}})
	imd := w.deployment("1")
	imd.Spec.AWS = &v1alpha1.AWS{RoleARN: role}
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonCredentials)
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("trust policy"))
	// Nothing was made, so nothing is to be deleted.
	w.Expect(now.Finalizers).To(gomega.BeEmpty())
	w.Expect(w.client.Delete(w.ctx, now)).To(gomega.Succeed())
	w.gone(imd)
}

// A spec.aws with which nothing could be made is corrected; then it stays.
func TestWrongAWSIsCorrected(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	imd.Spec.AWS = &v1alpha1.AWS{RoleARN: role}
	w.create(imd)
	w.blocked(imd, v1alpha1.ReasonRoleNotAllowed)
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.AWS = nil })
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Finalizers).To(gomega.ContainElement(v1alpha1.Finalizer))
	now.Spec.AWS = &v1alpha1.AWS{RoleARN: role}
	w.Expect(w.client.Update(w.ctx, now)).To(gomega.MatchError(gomega.ContainSubstring("spec.aws can't change any more")))
}

// annotate sets an annotation of the namespace.
func (w *world) annotate(key, value string) {
	w.t.Helper()
	ns := &corev1.Namespace{}
	ns.Name = w.namespace
	w.Expect(w.client.Get(w.ctx, client.ObjectKeyFromObject(ns), ns)).To(gomega.Succeed())
	if ns.Annotations == nil {
		ns.Annotations = map[string]string{}
	}
	ns.Annotations[key] = value
	w.Expect(w.client.Update(w.ctx, ns)).To(gomega.Succeed())
}

// An image that isn't there keeps the rollout from starting; once it's pushed
// the rollout starts.
func TestImageNotFound(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.roll(imd, "missing")
	now := w.blocked(imd, v1alpha1.ReasonImageNotFound)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("checkout:missing"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.MatchRegexp(`^Push the image, .* It is looked for again by itself\. The newest images there: ` +
		`aws ecr describe-images --registry-id 111122223333 --repository-name checkout .* --region eu-west-1$`))
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	w.sim.PutImage("checkout", "missing", "")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did(canaryEffects...)
}
