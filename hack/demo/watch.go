package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

const (
	// lookEvery is how often the watcher polls.
	lookEvery = 250 * time.Millisecond
	// stageLimit is how long a part of the demonstration may take, on a busy
	// machine.
	stageLimit = 4 * time.Minute
	// seenFor is the time for which the view shows the answers.
	seenFor = 5 * time.Second
)

// watcher polls the deployment, keeps the timeline and updates the screen.
type watcher struct {
	client  client.Client
	screen  *screen
	ledger  *ledger
	manager *manager
	key     client.ObjectKey

	mu       sync.Mutex
	timeline timeline
	now      state
	// servingSince is the time since which failures count; zero means that they
	// don't.
	servingSince time.Time
	told         map[types.UID]bool
}

// state is what was seen last.
type state struct {
	// deployment is nil if there is none.
	deployment *v1alpha1.ImmutableDeployment
	revisions  []v1alpha1.ImmutableRevision
	err        error
}

// status is never nil.
func (s *state) status() *v1alpha1.ImmutableDeploymentStatus {
	if s.deployment == nil {
		return &v1alpha1.ImmutableDeploymentStatus{}
	}
	return &s.deployment.Status
}

// revision finds a revision by its number; nil if there is none.
func (s *state) revision(number int64) *v1alpha1.ImmutableRevision {
	for i := range s.revisions {
		if s.revisions[i].Spec.Revision == number {
			return &s.revisions[i]
		}
	}
	return nil
}

// run polls until ctx ends.
func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s := w.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if err := w.tellEvents(ctx); err != nil && s.err == nil {
			s.err = err
		}
		w.screen.show(w.take(s))
	}
}

func (w *watcher) look(ctx context.Context) state {
	var deployment v1alpha1.ImmutableDeployment
	var revisions v1alpha1.ImmutableRevisionList
	if err := w.client.List(ctx, &revisions, client.InNamespace(w.key.Namespace)); err != nil {
		return state{err: fmt.Errorf("list revisions: %w", err)}
	}
	slices.SortFunc(revisions.Items, func(a, b v1alpha1.ImmutableRevision) int { return int(a.Spec.Revision - b.Spec.Revision) })
	err := w.client.Get(ctx, w.key, &deployment)
	switch {
	case apierrors.IsNotFound(err):
		return state{revisions: revisions.Items}
	case err != nil:
		return state{err: fmt.Errorf("get the deployment: %w", err)}
	default:
		return state{deployment: &deployment, revisions: revisions.Items}
	}
}

// take records what was seen and returns what to show. If nothing could be
// read, the last state stays.
func (w *watcher) take(s state) *snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := time.Now()
	if s.err != nil {
		w.now.err = s.err
	} else {
		w.now = s
		w.timeline.observe(at, s.status())
	}
	snap := &snapshot{
		elapsed: w.screen.elapsed(), deployment: w.now.deployment, revisions: w.now.revisions,
		seen: w.ledger.between(at.Add(-seenFor), at), managerDown: w.manager.down(),
	}
	if !w.servingSince.IsZero() {
		snap.failed = w.ledger.between(w.servingSince, at).failed
	}
	return snap
}

// tellEvents adds new events to the log.
func (w *watcher) tellEvents(ctx context.Context) error {
	var events corev1.EventList
	if err := w.client.List(ctx, &events, client.InNamespace(w.key.Namespace)); err != nil {
		return fmt.Errorf("list events: %w", err)
	}
	slices.SortFunc(events.Items, func(a, b corev1.Event) int { return eventTime(&a).Compare(eventTime(&b)) })
	for i := range events.Items {
		event := &events.Items[i]
		if w.told[event.UID] {
			continue
		}
		w.told[event.UID] = true
		style := green
		if event.Type != corev1.EventTypeNormal {
			style = yellow
		}
		w.screen.print(w.screen.timed(
			span{"event " + event.Reason, style}, span{" " + event.InvolvedObject.Name + ": " + event.Message, plain}))
	}
	return nil
}

func eventTime(e *corev1.Event) time.Time {
	if !e.EventTime.IsZero() {
		return e.EventTime.Time
	}
	return e.FirstTimestamp.Time
}

// state is what was seen last.
func (w *watcher) state() state {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// message of the rollout's outcome; "" while there is none.
func (w *watcher) message() string {
	s := w.state()
	if rollout := s.status().Rollout; rollout != nil {
		return rollout.Message
	}
	return ""
}

// stages of a revision's rollout.
func (w *watcher) stages(revision int64) []stage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.timeline.of(revision)
}

// serving makes failed requests count from now on.
func (w *watcher) serving() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.servingSince = time.Now()
}

// until waits until something is seen, at most for stageLimit.
func (w *watcher) until(ctx context.Context, what string, seen func(*state) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stageLimit, fmt.Errorf("%s: not within %s", what, stageLimit))
	defer cancel()
	tick := time.NewTicker(lookEvery / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		if w.manager.crashed() {
			return fmt.Errorf("%s: the manager ended by itself", what)
		}
		s := w.state()
		done, err := seen(&s)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done {
			return nil
		}
	}
}
