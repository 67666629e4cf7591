package simulation

import (
	"cmp"
	"container/heap"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// scheduler lets one thing happen at a time, in the order of virtual time.
// Events that are due at the same moment happen in the order in which they were
// scheduled.
type scheduler struct {
	mu    sync.Mutex
	queue agenda
	count int
	woken chan struct{}
	// arrived are the arrivals since the latest step.
	arrived []arrival
}

// arrival is something to do once all goroutines wait. Several may come at
// once, if they waited for the same thing; they are ordered by name, because it
// is unknown which came first.
type arrival struct {
	name string
	run  func()
}

// event is something that will happen; if it is owed, a goroutine waits for it.
type event struct {
	at    time.Time
	order int
	run   func()
	owed  bool
}

func newScheduler() *scheduler { return &scheduler{woken: make(chan struct{}, 1)} }

// after has run called in the scheduler's goroutine after d.
func (s *scheduler) after(d time.Duration, run func()) { s.schedule(d, run, false) }

// owe is the same for an event that ends a wait.
func (s *scheduler) owe(d time.Duration, run func()) { s.schedule(d, run, true) }

func (s *scheduler) schedule(d time.Duration, run func(), owed bool) {
	s.mu.Lock()
	s.count++
	heap.Push(&s.queue, &event{time.Now().Add(max(d, 0)), s.count, run, owed})
	s.mu.Unlock()
	s.wake()
}

// settle ends all waits, and lets nothing else happen any more.
func (s *scheduler) settle() {
	for {
		synctest.Wait()
		s.admit()
		s.mu.Lock()
		queue := s.queue
		s.queue = nil
		s.mu.Unlock()
		queue = slices.DeleteFunc(queue, func(e *event) bool { return !e.owed })
		if len(queue) == 0 {
			return
		}
		for _, e := range queue {
			e.run()
			synctest.Wait()
		}
	}
}

func (s *scheduler) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// arrive has run called in the scheduler's goroutine, before time advances.
func (s *scheduler) arrive(name string, run func()) {
	s.mu.Lock()
	s.arrived = append(s.arrived, arrival{name, run})
	s.mu.Unlock()
	s.wake()
}

// admit runs the arrivals.
func (s *scheduler) admit() {
	s.mu.Lock()
	arrived := s.arrived
	s.arrived = nil
	s.mu.Unlock()
	slices.SortStableFunc(arrived, func(a, b arrival) int { return cmp.Compare(a.name, b.name) })
	for _, a := range arrived {
		a.run()
	}
}

// step lets the next thing happen, unless that is later than until. It reports
// whether something did.
func (s *scheduler) step(until time.Time) bool {
	for {
		synctest.Wait() // all others wait for the scheduler, or for the time
		s.admit()
		s.mu.Lock()
		next := until
		if len(s.queue) > 0 && s.queue[0].at.Before(until) {
			next = s.queue[0].at
		}
		if due := len(s.queue) > 0 && !s.queue[0].at.After(time.Now()); due && next != until {
			e, _ := heap.Pop(&s.queue).(*event)
			s.mu.Unlock()
			e.run()
			synctest.Wait()
			return true
		}
		s.mu.Unlock()
		if !time.Now().Before(until) {
			return false
		}
		s.sleep(time.Until(next))
	}
}

// sleep ends early when something new is to happen.
func (s *scheduler) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.woken:
	}
}

// agenda is a heap, the next one first.
type agenda []*event

func (q agenda) Len() int { return len(q) }
func (q agenda) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}
func (q agenda) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *agenda) Push(x any) { e, _ := x.(*event); *q = append(*q, e) }

// Pop implements heap.Interface.
func (q *agenda) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}

// dice make random choices for one purpose. They don't change if choices for
// another purpose are made more or less often, so that a run stays nearly the
// same if a fault is removed from it.
type dice struct{ *rand.Rand }

// newDice returns the dice for a purpose.
func newDice(seed uint64, purpose string, args ...any) dice {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, purpose, args...) // a hash takes everything
	return dice{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// chance returns true with probability p.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// between is a duration of at least low and less than high.
func (d dice) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.Int64N(int64(high-low)))
}

// pick returns one of several with equal probability.
func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }
