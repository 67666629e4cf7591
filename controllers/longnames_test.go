package controllers_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// The API server refuses events whose action is longer than 128 bytes. Names of
// alarms can have 255, and those of two can begin alike: each is heard of all
// the same, apart from the other.
func TestEventsOfLongNames(t *testing.T) {
	w := running(t)
	alarms := []string{strings.Repeat("a", 250) + "-east", strings.Repeat("a", 250) + "-west"}
	for _, name := range alarms {
		w.Expect(w.sim.SetAlarm(name, "OK", "as ever")).To(gomega.Succeed())
	}
	imd := w.deployment("1")
	imd.Name = strings.Repeat("n", 40) // as long as may be
	imd.Spec.Analysis = &v1alpha1.Analysis{Alarms: alarms, InconclusiveSeconds: new(int32(3600))}
	imd.Spec.Strategy = canary(60, 60)
	imd.Spec.DeletionPolicy = v1alpha1.DeletionRetain
	w.create(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.roll(imd, "2")
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.Rollout.Checks).To(gomega.HaveLen(2))
	for _, name := range alarms {
		w.Eventually(func() []string { return w.events(imd) }).Should(gomega.ContainElement(gomega.HavePrefix("Verdict: " + name + " Pass, was ")))
	}
	w.Expect(w.client.Delete(w.ctx, imd)).To(gomega.Succeed())
	w.gone(imd)
	w.happened(imd, "Retained: The listener rule stays", "Retained: The stack of "+imd.Name+"-2 stays")
	w.foreign.all = inventory(w.sim.Snapshot(), false) // the rule is nobody's now
}

// However long an answer of AWS is, its beginning gets into status, and the
// rollout ends: the API server would refuse more, in each pass anew.
func TestAnswersOfAnyLength(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Ü€", 20000)
	for name, fail := range map[string]func(*world, *setup){
		"a refused stack": func(_ *world, s *setup) {
			s.answers = func(action string) *http.Response {
				if action != "CreateStack" {
					return nil
				}
				body := "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>" + long + "</Message></Error></ErrorResponse>"
				return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(body))}
			}
		},
		"a failed resource": func(w *world, _ *setup) {
			w.sim.SetTrouble(func(_, logicalID string, deleting bool) (string, time.Duration) {
				if logicalID != template.LogicalService || deleting {
					return "", 0
				}
				return long, time.Second
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := &setup{}
			fail(w, s)
			w.startAs(s)
			imd := w.deployment("1")
			w.create(imd)
			now := w.eventually(imd, v1alpha1.PhaseFailed)
			w.Expect(now.Status.Rollout.Message).To(gomega.And(gomega.ContainSubstring("Ü€Ü€"), gomega.HaveSuffix("…")))
			w.Expect(w.revision("checkout-1").Status.Failure.Message).To(gomega.And(gomega.ContainSubstring("Ü€Ü€"), gomega.HaveSuffix("…")))
		})
	}
}
