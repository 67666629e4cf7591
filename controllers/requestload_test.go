package controllers_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
)

// How long a rule change takes to reach the simulated load balancer, at most
// half as much again, and how long the managers give it. A pass takes a
// manager as long as 10 s of the account, so these are much longer than in
// AWS: what matters is that they are long beside a pass.
const (
	slowPropagation   = 200 * time.Second
	enoughPropagation = 400 * time.Second
)

// slowly makes rule changes slow to reach the data plane.
func slowly(d time.Duration) func(*awssim.Options) {
	return func(o *awssim.Options) { o.LoadBalancing.Propagation = d }
}

// clients are users who send one request after the other.
type clients struct {
	stop chan struct{}
	done []chan sequence
}

// sequence is who answered a client, in order and without repetitions: a
// revision's number or an HTTP status that is a failure.
type sequence struct {
	answers  []string
	requests int
	failures int
}

// use starts to use the application, which must be reachable.
func (w *world) use() *clients {
	w.t.Helper()
	w.Eventually(func() int { return w.send().Status }).Should(gomega.Equal(http.StatusOK))
	c := &clients{stop: make(chan struct{})}
	for range 3 {
		done := make(chan sequence, 1)
		c.done = append(c.done, done)
		go func() { done <- w.browse(c.stop) }()
	}
	return c
}

// browse is one client's requests.
func (w *world) browse(stop chan struct{}) sequence {
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	var s sequence
	for {
		select {
		case <-stop:
			return s
		case <-pause.C:
		}
		answer := w.send()
		s.requests++
		if answer.Status != http.StatusOK {
			s.failures++
		}
		if label := answeredBy(answer); len(s.answers) == 0 || s.answers[len(s.answers)-1] != label {
			s.answers = append(s.answers, label)
		}
	}
}

var groupName = regexp.MustCompile(`:targetgroup/[a-z]+-([0-9]+)-`)

// answeredBy is the number of the revision that answered, or the status.
func answeredBy(answer dataplane.Response) string {
	m := groupName.FindStringSubmatch(answer.TargetGroupARN)
	if answer.Status != http.StatusOK || m == nil {
		return strconv.Itoa(answer.Status)
	}
	return m[1]
}

// leave ends all use and tells what the clients saw.
func (c *clients) leave() []sequence {
	close(c.stop)
	var out []sequence
	for _, done := range c.done {
		out = append(out, <-done)
	}
	return out
}

// inBatches is a rolling strategy with a pause after each batch.
func inBatches(surge, unavailable, pause int32) v1alpha1.Strategy {
	s := rollingStrategy(surge, unavailable)
	s.Rolling.PauseSeconds = &pause
	return s
}

// No request fails, whichever way a new revision comes or goes.
func TestNoRequestFails(t *testing.T) {
	t.Parallel()
	promoted := func(w *world, imd *v1alpha1.ImmutableDeployment) {
		now := w.eventually(imd, v1alpha1.PhaseComplete)
		w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
		w.removed("checkout-1")
	}
	aborted := func(step, steps int) func(*world, *v1alpha1.ImmutableDeployment) {
		return func(w *world, imd *v1alpha1.ImmutableDeployment) {
			for i := 1; i < step; i++ {
				w.reached(imd, fmt.Sprintf("%d/%d", i, steps))
				w.request(imd, v1alpha1.AnnotationPromote, fmt.Sprintf("checkout-2/%d", i))
			}
			w.reached(imd, fmt.Sprintf("%d/%d", step, steps))
			w.Eventually(func() string { return answeredBy(w.send()) }).Should(gomega.Equal("2"))
			w.request(imd, v1alpha1.AnnotationAbort, "checkout-2")
			w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.removed("checkout-2")
		}
	}
	for name, c := range map[string]struct {
		strategy v1alpha1.Strategy
		follow   func(*world, *v1alpha1.ImmutableDeployment)
	}{
		"canary":                        {canary(60, 60), promoted},
		"blue/green":                    {v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}, promoted},
		"rolling with surge":            {inBatches(50, 0, 0), promoted},
		"rolling without surge":         {inBatches(0, 50, 0), promoted},
		"canary aborted":                {canary(0, forever), aborted(2, 3)},
		"rolling with surge aborted":    {inBatches(50, 0, forever), aborted(1, 2)},
		"rolling without surge aborted": {inBatches(0, 50, forever), aborted(2, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slowly(slowPropagation))
			w.startAs(&setup{propagation: enoughPropagation})
			imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
				s.Strategy = c.strategy
				s.Template.Target.DeregistrationDelaySeconds = new(int32(30))
			})
			users := w.use()
			w.roll(imd, "2")
			c.follow(w, imd)
			for _, s := range users.leave() {
				w.Expect(s.failures).To(gomega.BeZero(), "of %d requests; answered by %v", s.requests, s.answers)
				w.Expect(s.answers).To(gomega.ContainElement("2"))
			}
		})
	}
}

// The same without the waits: requests fail, so the test above would notice.
func TestRequestsFailWithoutWaits(t *testing.T) {
	w := newWorld(t, slowly(1000*time.Second))
	w.startAs(&setup{propagation: time.Nanosecond})
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen}
	})
	users := w.use()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	for _, s := range users.leave() {
		t.Logf("%d of %d requests failed", s.failures, s.requests)
		w.Expect(s.failures).To(gomega.BeNumerically(">", 0))
	}
}

// Recreate leaves a gap, of course: after the old revision's last answer and
// before the new one's first, and nowhere else.
func TestRecreateGap(t *testing.T) {
	w := newWorld(t, slowly(slowPropagation))
	w.startAs(&setup{propagation: enoughPropagation})
	imd := w.serving(func(s *v1alpha1.ImmutableDeploymentSpec) {
		s.Strategy = recreate()
		s.Template.Target.DeregistrationDelaySeconds = new(int32(30))
	})
	users := w.use()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	for _, s := range users.leave() {
		w.Expect(s.answers).To(gomega.Equal([]string{"1", "503", "2"}))
	}
}
