// Package core owns what every simulated AWS service shares: the one lock, the
// scaled clock, the seeded random source, the account's identity, the error
// shape, the codec of the query protocol and the contract between
// CloudFormation and the services that provide its resources.
//
// It imports the standard library only.
package core

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// World is the state shared by all simulated services. One lock guards
// everything: request handlers and timer callbacks run with it held, so that a
// run is a sequence of whole steps and services can call each other freely.
type World struct {
	// Account is the 12-digit account ID in every ARN.
	Account string
	// Region is the region in every ARN.
	Region string
	// Partition is the ARN partition, "aws".
	Partition string
	// Caller is the access key ID of the request being handled.
	Caller string

	mu    sync.Mutex
	speed float64
	rng   *rand.Rand

	closed    bool
	queue     queue
	scheduled uint64
}

// NewWorld returns a world whose delays are divided by speed (1 is as slow as
// AWS) and whose choices all follow from seed.
func NewWorld(account, region string, speed float64, seed uint64) *World {
	if speed <= 0 {
		speed = 1
	}
	return &World{
		Account:   account,
		Region:    region,
		Partition: "aws",
		speed:     speed,
		rng:       rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)), //nolint:gosec // a simulation must be repeatable, not secret
	}
}

// Lock takes the world's lock. Handlers and timer callbacks already hold it.
func (w *World) Lock() { w.mu.Lock() }

// Unlock releases the world's lock.
func (w *World) Unlock() { w.mu.Unlock() }

// Now is the wall clock (virtual inside a synctest bubble). Only delays are
// scaled by the speed; timestamps stay comparable with the client's own.
func (w *World) Now() time.Time { return time.Now().UTC() }

// Scale turns a duration as AWS would take it into the one waited here.
func (w *World) Scale(d time.Duration) time.Duration {
	return time.Duration(float64(d) / w.speed)
}

// Timer is a pending callback.
type Timer struct {
	world *World
	timer *time.Timer
	run   func()
	due   time.Time
	// sequence orders callbacks that are due at the same time.
	sequence uint64
	// index is the place in the world's queue, -1 outside of it.
	index int
}

// After runs f with the lock held once d, as AWS would take it, has passed.
// Callbacks run in the order of their times and, at the same time, in the order
// of their calls to After. The caller holds the lock.
func (w *World) After(d time.Duration, f func()) *Timer {
	wait := w.Scale(d)
	w.scheduled++
	t := &Timer{world: w, run: f, due: time.Now().Add(wait), sequence: w.scheduled}
	heap.Push(&w.queue, t)
	t.timer = time.AfterFunc(wait, w.runDue)
	return t
}

// runDue runs every callback whose time has come. Timers that fire at the same
// moment run in any order; the queue restores the right one.
func (w *World) runDue() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for !w.closed && len(w.queue) > 0 && !w.queue[0].due.After(now) {
		t, _ := heap.Pop(&w.queue).(*Timer)
		t.timer.Stop()
		t.run()
	}
}

// Stop cancels the callback if it has not run. The caller holds the lock.
// Stopping a nil or an expired timer does nothing.
func (t *Timer) Stop() {
	if t == nil || t.index < 0 {
		return
	}
	t.timer.Stop()
	heap.Remove(&t.world.queue, t.index)
}

// Close stops every timer; nothing happens in the world afterwards.
func (w *World) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, t := range w.queue {
		t.timer.Stop()
		t.index = -1
	}
	w.queue = nil
}

// queue is a heap of timers, the next one first.
type queue []*Timer

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if !q[i].due.Equal(q[j].due) {
		return q[i].due.Before(q[j].due)
	}
	return q[i].sequence < q[j].sequence
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	t, _ := x.(*Timer)
	t.index = len(*q)
	*q = append(*q, t)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	t.index = -1
	return t
}

// Rand is the seeded random source. The caller holds the lock.
func (w *World) Rand() *rand.Rand { return w.rng }

// HexID returns n hexadecimal digits, different at each call, from the seed.
// The caller holds the lock.
func (w *World) HexID(n int) string {
	id := fmt.Sprintf("%016x", w.rng.Uint64())
	for len(id) < n {
		id += fmt.Sprintf("%016x", w.rng.Uint64())
	}
	return id[:n]
}

// UUID returns an identifier in UUID form, from the seed. The caller holds the
// lock.
func (w *World) UUID() string {
	h := w.HexID(32)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ARN builds an Amazon Resource Name in this account and region.
func (w *World) ARN(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", w.Partition, service, w.Region, w.Account, resource)
}
