package dataplane

import (
	"math"
	"net/http"
	"time"
)

// Bucket counts what happened within one minute as AWS would take it, so that
// at speed 60 a bucket covers a second.
type Bucket struct {
	// Start is when the bucket begins.
	Start time.Time
	// Requests counts all, whoever answered.
	Requests int
	// Target counts answers of targets by their class: 2 for 2XX and so on.
	Target [6]int
	// ELB counts the load balancer's own answers by their class.
	ELB [6]int
	// Latency is that of targets' answers; it isn't scaled.
	Latency Histogram
}

// Histogram counts durations in classes whose bounds grow by a fifth each,
// from 1 ms to 98 s.
type Histogram struct {
	Counts [64]int
	// Count is the number of durations, Sum their total, Max the longest.
	Count int
	Sum   time.Duration
	Max   time.Duration
}

const growth = 1.2

func (h *Histogram) add(d time.Duration) {
	class := 0
	if ms := d.Seconds() * 1000; ms > 1 {
		class = min(int(math.Ceil(math.Log(ms)/math.Log(growth))), len(h.Counts)-1)
	}
	h.Counts[class]++
	h.Count++
	h.Sum += d
	h.Max = max(h.Max, d)
}

// Quantile is a bound that the share q (0.99 for p99) of the durations does
// not exceed, at most a fifth too high; 0 without durations.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.Count == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(h.Count)))
	seen := 0
	for class, n := range h.Counts {
		if seen += n; seen >= rank {
			bound := time.Duration(math.Pow(growth, float64(class)) * float64(time.Millisecond))
			return min(bound, h.Max)
		}
	}
	return h.Max
}

// series is the history of a target group or a load balancer.
type series struct{ buckets []Bucket }

// retention is how many buckets are kept: a day.
const retention = 24 * 60

func (s *series) bucket(start time.Time) *Bucket {
	if n := len(s.buckets); n > 0 && !s.buckets[n-1].Start.Before(start) {
		return &s.buckets[n-1]
	}
	if len(s.buckets) == retention {
		s.buckets = append(s.buckets[:0], s.buckets[1:]...)
	}
	s.buckets = append(s.buckets, Bucket{Start: start})
	return &s.buckets[len(s.buckets)-1]
}

// Outcome is how a request ended.
type Outcome struct {
	// LoadBalancer and TargetGroup are the ARNs of the ways it took; without a
	// group the load balancer answered by itself.
	LoadBalancer, TargetGroup string
	// Status is the client's answer.
	Status int
	// Chosen says that there was a target for it, Refused that the target
	// accepted no connection, FromTarget that the answer is the target's own.
	Chosen, Refused, FromTarget bool
	// Took is how long the target's answer took; it isn't scaled.
	Took time.Duration
}

// OnOutcome has f called, with the lock held, when a request ends. The caller
// holds the lock.
func (p *Plane) OnOutcome(f func(Outcome)) { p.onOutcome = f }

// record counts a response for its load balancer and its target group.
func (p *Plane) record(o Outcome) {
	p.world.Lock()
	defer p.world.Unlock()
	start := p.world.Now().Truncate(max(p.world.Scale(time.Minute), time.Millisecond))
	for _, arn := range []string{o.LoadBalancer, o.TargetGroup} {
		if arn == "" {
			continue
		}
		if p.stats[arn] == nil {
			p.stats[arn] = &series{}
		}
		p.stats[arn].bucket(start).count(o.Status, o.Took, o.FromTarget)
	}
	p.onOutcome(o)
}

func (b *Bucket) count(status int, took time.Duration, fromTarget bool) {
	b.Requests++
	class := min(status/100, 5)
	if !fromTarget {
		b.ELB[class]++
		return
	}
	b.Target[class]++
	b.Latency.add(took)
}

// Stats is the history, oldest first, of what the target group or load
// balancer of that ARN did. Minutes without requests are left out.
func (p *Plane) Stats(arn string) []Bucket {
	p.world.Lock()
	defer p.world.Unlock()
	s := p.stats[arn]
	if s == nil {
		return nil
	}
	return append([]Bucket{}, s.buckets...)
}

// Total sums up buckets.
func Total(buckets []Bucket) Bucket {
	var total Bucket
	for _, b := range buckets {
		if total.Start.IsZero() {
			total.Start = b.Start
		}
		total.Requests += b.Requests
		for class := range b.Target {
			total.Target[class] += b.Target[class]
			total.ELB[class] += b.ELB[class]
		}
		total.Latency.merge(b.Latency)
	}
	return total
}

func (h *Histogram) merge(other Histogram) {
	for class, n := range other.Counts {
		h.Counts[class] += n
	}
	h.Count += other.Count
	h.Sum += other.Sum
	h.Max = max(h.Max, other.Max)
}

// Failed counts the answers which a client takes for a failure: all of the
// class 5XX.
func (b Bucket) Failed() int {
	return b.Target[http.StatusInternalServerError/100] + b.ELB[http.StatusInternalServerError/100]
}
