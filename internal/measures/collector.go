package measures

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Objects are what metrics of deployments are made of. Nothing in them is changed.
type Objects struct {
	Deployments []v1alpha1.ImmutableDeployment
	Revisions   []v1alpha1.ImmutableRevision
}

// Collector makes metrics of objects whenever it is asked.
type Collector struct {
	objects func() (Objects, bool)
	descs   map[*Metric]*prometheus.Desc
}

// NewCollector returns a collector that reads objects by a function, which tells
// whether it has them. While it doesn't, there are no metrics of them.
func NewCollector(objects func() (Objects, bool)) *Collector {
	c := &Collector{objects: objects, descs: map[*Metric]*prometheus.Desc{}}
	for _, m := range []*Metric{&Rollouts, &Changes, &ChangeFailures, &Duration, &LeadTime, &Recovery, &Info, &Phase, &Weight, &BlockedSince, &Stacks} {
		c.descs[m] = m.Desc()
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	objects, known := c.objects()
	if !known {
		return
	}
	s := sink{out, c.descs}
	for i := range objects.Deployments {
		imd := &objects.Deployments[i]
		s.totals(imd)
		s.state(imd)
	}
	s.stacks(objects.Revisions)
}

// sink takes the metrics of one collection.
type sink struct {
	out   chan<- prometheus.Metric
	descs map[*Metric]*prometheus.Desc
}

// totals are there from the beginning: Prometheus doesn't see an increase from
// nothing to 1.
func (s *sink) totals(imd *v1alpha1.ImmutableDeployment) {
	t := imd.Status.Totals
	if t == nil {
		t = &v1alpha1.Totals{}
	}
	for _, outcome := range outcomes {
		s.counter(&Rollouts, *rollouts(&t.Rollouts, outcome), imd.Namespace, imd.Name, string(outcome))
	}
	s.counter(&Changes, t.Changes, imd.Namespace, imd.Name)
	s.counter(&ChangeFailures, t.Failures, imd.Namespace, imd.Name)
	s.summary(&Duration, t.Provision, imd.Namespace, imd.Name, "provision")
	s.summary(&Duration, t.Shift, imd.Namespace, imd.Name, "shift")
	s.summary(&Duration, t.Finish, imd.Namespace, imd.Name, "finish")
	s.summary(&LeadTime, t.LeadTime, imd.Namespace, imd.Name)
	s.summary(&Recovery, t.Recovery, imd.Namespace, imd.Name)
}

// state is how a deployment is now.
func (s *sink) state(imd *v1alpha1.ImmutableDeployment) {
	s.gauge(&Info, 1, imd.Namespace, imd.Name, string(imd.Spec.Strategy.Type))
	status := &imd.Status
	if status.Phase != "" {
		s.gauge(&Phase, 1, imd.Namespace, imd.Name, string(status.Phase))
	}
	if status.Weight != nil {
		s.gauge(&Weight, float64(*status.Weight)/100, imd.Namespace, imd.Name)
	}
	if b := status.BlockedBy; b != nil {
		s.gauge(&BlockedSince, float64(b.Since.Unix()), imd.Namespace, imd.Name, b.Reason)
	}
}

// stacks counts stacks. A revision whose stack wasn't asked for yet or is gone has
// none.
func (s *sink) stacks(revisions []v1alpha1.ImmutableRevision) {
	type key struct {
		namespace, name string
		state           v1alpha1.RevisionPhase
	}
	counts := map[key]int{}
	for i := range revisions {
		imr := &revisions[i]
		switch imr.Status.Phase {
		case "", v1alpha1.RevisionPending, v1alpha1.RevisionRemoved:
		default:
			counts[key{imr.Namespace, imr.Labels[v1alpha1.LabelDeployment], imr.Status.Phase}]++
		}
	}
	for k, n := range counts {
		s.gauge(&Stacks, float64(n), k.namespace, k.name, string(k.state))
	}
}

func (s *sink) counter(m *Metric, value int64, labels ...string) {
	s.out <- prometheus.MustNewConstMetric(s.descs[m], prometheus.CounterValue, float64(value), labels...)
}

func (s *sink) gauge(m *Metric, value float64, labels ...string) {
	s.out <- prometheus.MustNewConstMetric(s.descs[m], prometheus.GaugeValue, value, labels...)
}

func (s *sink) summary(m *Metric, t v1alpha1.TimeTotal, labels ...string) {
	s.out <- prometheus.MustNewConstSummary(s.descs[m], uint64(max(0, t.Count)), float64(t.Seconds), nil, labels...)
}
