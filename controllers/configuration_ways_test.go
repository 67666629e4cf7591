package controllers_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Whoever goes back to a template gets the values with which it served, and not those
// of a revision that was given up, whatever onChange says by then.
func TestBackToTheValuesThatServed(t *testing.T) {
	w := running(t)
	imd := w.servingAfterABadValue()
	w.removed("checkout-2")
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) { s.Configuration.OnChange = v1alpha1.ChangeReport })
	w.roll(imd, "2")
	w.alone(imd, "checkout-3")
	w.roll(imd, "1")
	w.until(imd, "a way back", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.RolloutCount == 4 && s.Phase == v1alpha1.PhaseComplete
	})
	w.Expect(w.get(imd).Status.StableRevision).To(gomega.Equal("checkout-1"))
	w.Expect(w.answered("FEATURES")).To(gomega.Equal("none"))
}

// What serves with values that were rolled out, and is made anew since its stack was
// lost, has these values and not those that served before.
func TestLostWithValues(t *testing.T) {
	w := running(t)
	w.put("/shop/features", plain, "none")
	imd := w.serving(variables("FEATURES=/shop/features"), rollsOut)
	w.put("/shop/features", plain, "express")
	w.alone(imd, "checkout-2")
	out := w.revision("checkout-2").Status.Outputs
	_, err := w.others.ecs.DeleteService(w.ctx, &ecs.DeleteServiceInput{Cluster: &out.Cluster, Service: &out.ServiceName, Force: aws.Bool(true)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	now := w.outage(imd, v1alpha1.ReasonStackChanged)
	w.obey(imd, v1alpha1.AnnotationRetry, now.Status.BlockedBy.Remedy)
	w.alone(imd, "checkout-3")
	w.Expect(w.answered("FEATURES")).To(gomega.Equal("express"))
	w.Expect(w.get(imd).Status.RolloutCount).To(gomega.Equal(int64(3)))
}

// What may not be looked at, since ECS reads it with another role, hides no change of
// what may.
func TestDeniedHidesNothingElse(t *testing.T) {
	w := newWorld(t)
	w.startAs(&setup{answers: func(action string) *http.Response {
		if action != "DescribeSecret" {
			return nil
		}
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: http.NoBody}
	}})
	w.put("/shop/features", plain, "none")
	imd := w.serving(variables("FEATURES=/shop/features"), resolving("DB="+w.secret("shop/db", "first")), rollsOut, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Configuration.Secrets = v1alpha1.SecretsFollow
	})
	_, says := w.judged(imd, v1alpha1.ReasonConfigurationCurrent)
	w.Expect(says.Message).To(gomega.ContainSubstring("as far as they can be read; not DB of container app"))
	w.put("/shop/features", plain, "express")
	w.alone(imd, "checkout-2")
	w.Expect(w.get(imd).Status.RolloutCount).To(gomega.Equal(int64(2)))
}

// What Systems Manager refuses to tell the controller, as it does of
// /aws/reference/secretsmanager/… without decryption ("WithDecryption flag must be
// True"), and what it has no time for, is left to ECS: neither a rollout nor a way
// back waits for it.
func TestRefusedReadHoldsNothingUp(t *testing.T) {
	for name, code := range map[string]string{"refused": "ValidationException", "throttled": "ThrottlingException"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.startAs(&setup{answers: func(action string) *http.Response {
				if action != "GetParameters" {
					return nil
				}
				return &http.Response{
					StatusCode: http.StatusBadRequest, Header: http.Header{"X-Amzn-Errortype": {code}},
					Body: io.NopCloser(strings.NewReader(`{"__type": "` + code + `"}`)),
				}
			}})
			w.put("/shop/token", secure, "planted-token")
			w.put("/shop/other", secure, "planted-other")
			imd := w.serving(resolving("TOKEN=/shop/token", "OTHER=/shop/other"))
			w.roll(imd, "2")
			w.alone(imd, "checkout-2")
			w.roll(imd, "1")
			w.alone(imd, "checkout-1")
			w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE", "CREATE_COMPLETE"}))
		})
	}
}

// Values that were given up aren't tried again when they come back, whether other bad
// ones were current meanwhile or none were, unless someone asks for it.
func TestValuesToAndFro(t *testing.T) {
	w := running(t)
	w.function(`{"hookStatus": "FAILED"}`)
	w.put("/shop/features", plain, "none")
	imd := w.serving(variables("FEATURES=/shop/features"), rollsOut)
	w.update(imd, gated(smokeAt(v1alpha1.BeforeTraffic)))
	for i, value := range []string{"bad", "worse"} {
		w.put("/shop/features", plain, value)
		w.until(imd, value+" to be given up", func(s v1alpha1.ImmutableDeploymentStatus) bool {
			return s.Phase == v1alpha1.PhaseRolledBack && s.RolloutCount == int64(2+i)
		})
	}
	w.put("/shop/features", plain, "bad")
	w.leftAlone(imd, "4")
	w.drop("/shop/features")
	_, says := w.judged(imd, v1alpha1.ReasonConfigurationGone)
	w.Expect(says.Message).To(gomega.ContainSubstring("Create it: aws ssm put-parameter --name /shop/features --type String"))
	w.put("/shop/features", plain, "worse")
	w.leftAlone(imd, "1")

	w.put("/shop/features", plain, "bad")
	now := w.leftAlone(imd, "2")
	w.function(`{"hookStatus": "SUCCEEDED"}`)
	w.obey(imd, v1alpha1.AnnotationRetry, readyMessage(now))
	w.alone(imd, "checkout-2")
	w.Expect(w.get(imd).Status.RolloutCount).To(gomega.Equal(int64(4)))
	w.Expect(w.answered("FEATURES")).To(gomega.Equal("bad"))
}

// leftAlone waits until a version of the only parameter was seen, and is known to have
// been given up.
func (w *world) leftAlone(imd *v1alpha1.ImmutableDeployment, version string) *v1alpha1.ImmutableDeployment {
	w.t.Helper()
	now := w.until(imd, "version "+version+" to be seen", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		says := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionConfigurationCurrent)
		return s.Configuration != nil && s.Configuration.Entries[0].Current == version && strings.Contains(says.Message, "A rollout of these values was given up")
	})
	w.Expect(now.Status.Phase).To(gomega.Equal(v1alpha1.PhaseRolledBack))
	w.Expect(now.Status.RolloutCount).To(gomega.Equal(int64(3)))
	return now
}

// With Recreate the old stack is made again on the way back. If what its tasks need is
// gone by then, the command that makes it come back is told, and once it is back so is
// what served.
func TestRecreateBackWithoutConfiguration(t *testing.T) {
	w := running(t)
	arn := w.secret("shop/db", "value")
	imd := w.serving(resolving("DB="+arn), func(s *v1alpha1.ImmutableDeploymentSpec) { s.Strategy = recreate() })
	w.deleteSecret(arn)
	w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Template.Containers[0].Secrets, s.Template.Containers[0].Image = nil, image("crash")
	})
	now := w.blocked(imd, v1alpha1.ReasonConfigurationGone)
	w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring("is scheduled for deletion"))
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring("aws secretsmanager restore-secret --secret-id " + arn))
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.restoreSecret(arn)
	now = w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-1"))
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"DELETE_COMPLETE", "CREATE_COMPLETE"}))
	w.Expect(w.started("DB")).To(gomega.ContainElement("value"))
}
