package controllers_test

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// fleet is how many deployments are rolled out at once. The more, the longer
// it takes to make them.
var fleet = flag.Int("fleet", 40, "how many deployments TestCallsOfManyDeployments rolls out at once")

const (
	// fleetWindow and fleetPoll leave a busy machine time to look at all
	// deployments within a few windows, as in AWS.
	fleetWindow = 3 * time.Second
	fleetPoll   = time.Second
	// What CloudWatch takes in one call.
	alarmsPerCall  = 100
	queriesPerCall = 500
	// readsSeen is how many reads of all are waited for.
	readsSeen = 4
)

// reads are calls of one kind and what each asked for, divided into reads of
// all: one begins where something is asked for again.
type reads struct {
	mu    sync.Mutex
	calls int
	pages int
	all   []map[string]bool
	sizes []int
	begun time.Time
}

func (r *reads) add(names []string, further bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun.IsZero() {
		return // not yet of interest
	}
	if further {
		r.pages++
		return
	}
	r.calls++
	last := len(r.all) - 1
	if last < 0 || slices.ContainsFunc(names, func(name string) bool { return r.all[last][name] }) {
		r.all, r.sizes = append(r.all, map[string]bool{}), append(r.sizes, 0)
		last++
	}
	r.sizes[last]++
	for _, name := range names {
		if r.all[last][name] {
			r.sizes[last] = 1 << 20 // twice in one call
		}
		r.all[last][name] = true
	}
}

// begin counts from now on.
func (r *reads) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = time.Now()
}

func (r *reads) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// within checks that no read of all took more calls than it must, and that
// there were no more of them than windows.
func (r *reads) within(w *world, what string, perRead int) {
	w.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	windows := int(time.Since(r.begun)/fleetWindow) + 2 // those that began before and end after
	most := 0
	for _, asked := range r.all {
		most = max(most, len(asked))
	}
	w.t.Logf("%s: %d calls and %d further pages in %d windows; at most %d at once were asked for", what, r.calls, r.pages, windows, most)
	w.Expect(r.calls).To(gomega.BeNumerically("<=", windows*perRead), "%s: %d calls in %d windows", what, r.calls, windows)
	for _, size := range r.sizes {
		w.Expect(size).To(gomega.BeNumerically("<=", perRead), "%s: calls of one read: %v", what, r.sizes)
	}
}

// alarmNames are those that DescribeAlarms asks for.
func alarmNames(members map[string]any) []string {
	var out []string
	names, _ := members["AlarmNames"].([]any)
	for _, name := range names {
		out = append(out, fmt.Sprint(name))
	}
	return out
}

// queriesOf are those of GetMetricData, without the IDs.
func queriesOf(members map[string]any) []string {
	var out []string
	queries, _ := members["MetricDataQueries"].([]any)
	for _, query := range queries {
		if q, ok := query.(map[any]any); ok {
			out = append(out, fmt.Sprint(q["MetricStat"]))
		}
	}
	return out
}

// However many deployments are rolled out at once, CloudWatch is asked once per
// window for all of them, in as few calls as its limits allow.
func TestCallsOfManyDeployments(t *testing.T) {
	w := newWorld(t)
	w.SetDefaultEventuallyTimeout(10 * time.Minute)
	var alarms, metrics reads
	w.startAs(&setup{window: fleetWindow, poll: fleetPoll, workers: 8, asks: func(action string, members map[string]any) {
		further := members["NextToken"] != nil
		switch action {
		case "DescribeAlarms":
			alarms.add(alarmNames(members), further)
		case "GetMetricData":
			metrics.add(queriesOf(members), further)
		}
	}})
	imds := make([]*v1alpha1.ImmutableDeployment, *fleet)
	for i := range imds {
		imd := w.deployment("1")
		imd.Name = fmt.Sprintf("worker-%03d", i)
		asWorker(&imd.Spec)
		imd.Spec.DesiredCount = new(int32(1))
		imd.Spec.Strategy = canary(forever, forever)
		alarm := imd.Name + "-alarm"
		w.Expect(w.sim.SetAlarm(alarm, "OK", "All is well")).To(gomega.Succeed())
		imd.Spec.Analysis = &v1alpha1.Analysis{Alarms: []string{alarm}, InconclusiveSeconds: new(int32(86400)),
			Metrics: []v1alpha1.MetricCheck{{Name: "cpu", Builtin: v1alpha1.MetricCPU, Max: "80", MaxRatioToStable: "3"}}}
		w.create(imd)
		imds[i] = imd
	}
	w.allOf("serve", func(s v1alpha1.ImmutableDeploymentStatus) bool { return s.Phase == v1alpha1.PhaseComplete })
	for _, imd := range imds {
		w.roll(imd, "2")
	}
	w.allOf("pass", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Revision != s.StableRevision && s.Rollout != nil && len(s.Rollout.Checks) == 2 &&
			s.Rollout.Checks[0].Result == v1alpha1.ResultPass && s.Rollout.Checks[1].Result == v1alpha1.ResultPass
	})
	alarms.begin()
	metrics.begin()
	w.Eventually(func() int { return min(alarms.count(), metrics.count()) }).Should(gomega.BeNumerically(">=", readsSeen+1))
	alarms.within(w, "DescribeAlarms", calls(*fleet, alarmsPerCall))
	metrics.within(w, "GetMetricData", calls(2**fleet, queriesPerCall))
}

// calls is how many it takes.
func calls(things, perCall int) int { return (things + perCall - 1) / perCall }

// allOf waits until all deployments are like that.
func (w *world) allOf(what string, holds func(v1alpha1.ImmutableDeploymentStatus) bool) {
	w.t.Helper()
	w.Eventually(func() (left []string) {
		var list v1alpha1.ImmutableDeploymentList
		w.Expect(w.client.List(w.ctx, &list, client.InNamespace(w.namespace))).To(gomega.Succeed())
		for _, imd := range list.Items {
			if imd.Status.ObservedGeneration != imd.Generation || !holds(imd.Status) {
				left = append(left, imd.Name)
			}
		}
		return left
	}).WithPolling(time.Second).Should(gomega.BeEmpty(), "Waiting until all %s", what)
}
