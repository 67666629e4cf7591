package cloudwatch

import (
	"cmp"
	"hash/fnv"
	"slices"
	"sort"
	"strings"
	"time"
)

// How many periods of a metric are kept: a day of minutes, where AWS keeps 15,
// and as AWS does three hours of seconds.
const (
	retention     = 24 * 60
	fineRetention = 3 * 60 * 60
)

// Dimension is a part of a metric's identity.
type Dimension struct {
	Name  string
	Value string
}

// identity is what tells metrics apart.
type identity struct {
	namespace, name string
	// dimensions are in order of their names.
	dimensions []Dimension
}

func newIdentity(namespace, name string, dimensions []Dimension) identity {
	sorted := slices.Clone(dimensions)
	slices.SortFunc(sorted, func(a, b Dimension) int { return cmp.Compare(a.Name, b.Name) })
	return identity{namespace, name, sorted}
}

func (id identity) key() string {
	var b strings.Builder
	b.WriteString(id.namespace + "\x00" + id.name)
	for _, d := range id.dimensions {
		b.WriteString("\x00" + d.Name + "\x00" + d.Value)
	}
	return b.String()
}

// metric is the history of one metric.
type metric struct {
	identity
	hash uint64
	// resolution is how fine its periods are.
	resolution time.Duration
	// periods are in order of their start.
	periods []*period
}

// period is what was recorded between two marks of the clock.
type period struct {
	start   time.Time
	batches []batch
}

// batch is a part of a period's data that becomes visible at once, all in one
// unit.
type batch struct {
	visible time.Time
	unit    string
	data    dataset
}

// metric finds a metric or makes it.
func (s *Service) metric(namespace, name string, dimensions ...Dimension) *metric {
	id := newIdentity(namespace, name, dimensions)
	key := id.key()
	m := s.metrics[key]
	if m == nil {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(key)) // a hash never fails
		m = &metric{identity: id, hash: sum.Sum64(), resolution: s.opts.Resolution}
		s.metrics[key] = m
	}
	return m
}

// at finds the period that starts then or makes it.
func (m *metric) at(start time.Time) *period {
	i := sort.Search(len(m.periods), func(i int) bool { return !m.periods[i].start.Before(start) })
	if i < len(m.periods) && m.periods[i].start.Equal(start) {
		return m.periods[i]
	}
	p := &period{start: start}
	m.periods = slices.Insert(m.periods, i, p)
	kept := retention
	if m.resolution == time.Second {
		kept = fineRetention
	}
	if len(m.periods) > kept {
		m.periods = slices.Delete(m.periods, 0, 1)
	}
	return p
}

// nodes is how many nodes a load balancer has. Each publishes its part of a
// metric by itself.
const nodes = 3

// record counts a value of one of the account's own metrics, as seen by a node.
func (s *Service) record(m *metric, at time.Time, node int, value float64) {
	start := floor(at, s.opts.Resolution)
	p := m.at(start)
	if p.batches == nil {
		p.batches = make([]batch, nodes)
		for i := range p.batches {
			p.batches[i].visible = start.Add(s.opts.Resolution + s.lag(m, start, i))
			p.batches[i].unit = m.ownUnit()
		}
	}
	p.batches[node%nodes].data.add(value, 1)
}

// ownUnit is the unit of one of the account's own metrics.
func (m *metric) ownUnit() string {
	switch {
	case m.namespace == ecsNamespace:
		return "Percent"
	case m.name == "TargetResponseTime":
		return "Seconds"
	default:
		return "Count"
	}
}

// lag is how long after a period's end a node publishes: each in a third of the
// delay, at a moment that follows from metric and period.
func (s *Service) lag(m *metric, start time.Time, node int) time.Duration {
	delay := s.opts.Delay
	if m.namespace == albNamespace {
		delay = s.opts.BalancerDelay + s.late
	}
	third := float64(delay) / nodes
	return time.Duration(third * (float64(node) + spread(m.hash, start, node)))
}

// SetLate makes load balancers publish what happens from now on that much later
// than usual; each metric by itself, so that some of a period are there and
// others aren't yet.
func (s *Service) SetLate(by time.Duration) { s.late = max(by, 0) }

// spread is a number from 0 to 1 that looks random. The world's random source
// isn't touched, so that who looks at metrics doesn't change what happens.
func spread(hash uint64, start time.Time, salt int) float64 {
	x := hash ^ uint64(start.UnixNano()) ^ uint64(salt)*0x9e3779b97f4a7c15 //nolint:gosec // only mixing bits
	x = (x ^ x>>31) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>29) * 0x94d049bb133111eb
	return float64(x>>11) / (1 << 53)
}

// put adds data in a unit that a client sent: they become visible within the
// delay.
func (s *Service) put(m *metric, start time.Time, unit string, data dataset) {
	now := s.now()
	p := m.at(start)
	p.batches = append(merged(p.batches, now), batch{
		visible: now.Add(time.Duration(spread(m.hash, now, len(p.batches)) * float64(s.opts.Delay))),
		unit:    unit, data: data,
	})
}

// sumAt is the sum of all values of the period that starts then, visible or not.
func (m *metric) sumAt(start time.Time) (sum float64) {
	for _, p := range m.periods {
		if p.start.Equal(start) {
			for _, b := range p.batches {
				sum += b.data.sum
			}
		}
	}
	return sum
}

// merged puts together what is visible already, for each unit by itself.
func merged(batches []batch, now time.Time) []batch {
	kept := batches[:0:0]
	for _, b := range batches {
		old := slices.IndexFunc(kept, func(k batch) bool { return k.visible.Equal(now) && k.unit == b.unit })
		switch {
		case b.visible.After(now):
		case old >= 0:
			kept[old].data.merge(b.data)
			continue
		default:
			b.visible = now
		}
		kept = append(kept, b)
	}
	return kept
}

// window is a range of time cut into periods: start is inclusive, end
// exclusive. Only what is visible at the time counts, and what is in the unit;
// "" is any.
type window struct {
	start, end, visible time.Time
	period              time.Duration
	unit                string
}

// read sums up a metric's data by period, in order of time. A period below the
// metric's resolution is answered with the resolution's.
func (m *metric) read(w window) []point {
	var points []point
	if m == nil {
		return nil
	}
	grid := max(w.period, m.resolution)
	for _, p := range m.periods {
		start := floor(p.start, grid)
		if start.Before(w.start) || !start.Before(w.end) {
			continue
		}
		data := p.seen(w.visible, w.unit)
		if data.count == 0 {
			continue
		}
		if n := len(points); n == 0 || !points[n-1].start.Equal(start) {
			points = append(points, point{start: start})
		}
		points[len(points)-1].data.merge(data)
	}
	return points
}

// point is the data of one of a window's periods.
type point struct {
	start time.Time
	data  dataset
}

// seen sums up what is visible at a time of a unit, or of any.
func (p *period) seen(at time.Time, unit string) dataset {
	var seen dataset
	for _, b := range p.batches {
		if !b.visible.After(at) && (unit == "" || b.unit == unit) {
			seen.merge(b.data)
		}
	}
	return seen
}
