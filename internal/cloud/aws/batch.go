package aws

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	defaultBatchWindow = 10 * time.Second
	// Counted in windows: how long nobody asks before a key is no longer
	// read, how old a reading may be, and how long a key that AWS refused
	// isn't tried again.
	interestWindows = 6
	staleWindows    = 3
	refusedWindows  = 6
	// batchTimeout bounds a read. Its caller can't give it up: others wait for
	// what it brings.
	batchTimeout = 30 * time.Second
	// splitCalls bounds the calls of a read that look for the culprits in
	// calls that AWS refuses.
	splitCalls = 64
	// suspectsMax bounds those of them that are tried again in one read.
	suspectsMax = 8
)

// batch reads by key for all who ask, once per window. There is nobody in the
// background: of those who ask, one reads for all, and the others don't wait
// for it.
type batch[T any] struct {
	window time.Duration
	// related gives the keys that are read besides those that were asked for;
	// nil is none. It is called under the lock.
	related func(keys []string, known map[string]*want[T]) []string
	// begin starts a read.
	begin func() round[T]

	mu   sync.Mutex
	busy bool
	// begun is when the last read began; zero is never.
	begun time.Time
	known map[string]*want[T]
}

// round is how one read is made.
type round[T any] struct {
	// chunks divides keys into those of one call each.
	chunks func(keys []string) [][]string
	// read makes the call for one chunk.
	read func(ctx context.Context, keys []string) (map[string]result[T], error)
}

// want is a key that somebody asked for, and what became of it.
type want[T any] struct {
	// asked is when somebody asked last; zero for a related key.
	asked time.Time
	// value was read at readAt; zero is never.
	value  T
	readAt time.Time
	// err is why the last read that had this key didn't succeed.
	err error
	// retryAt is set on a key that AWS refused: it is the culprit.
	retryAt time.Time
}

// result is what a read says of a key.
type result[T any] struct {
	value T
	err   error
	// refused tells that err is about this key and none else.
	refused bool
}

// get returns the readings of keys, or cloud.ErrPending if one isn't there.
// show gets them under the lock, so that it can look at related ones.
func (b *batch[T]) get(ctx context.Context, keys []string, show func(known map[string]*want[T]) error) error {
	todo, reads := b.ask(ctx, keys)
	if reads {
		b.lead(ctx, todo)
	}
	if err := ctx.Err(); err != nil {
		return wrap(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.outcome(keys, reads); err != nil {
		return err
	}
	return show(b.known)
}

// ask notes that keys are asked for. If a read is due, the caller is the one
// who makes it.
func (b *batch[T]) ask(ctx context.Context, keys []string) (todo []string, reads bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for _, k := range keys {
		b.entry(k).asked = now
	}
	if b.busy || ctx.Err() != nil || !b.begun.IsZero() && now.Sub(b.begun) < b.window {
		return nil, false
	}
	b.busy, b.begun = true, now
	return b.due(now), true
}

// lead reads for all. Come what may, another can do so next time.
func (b *batch[T]) lead(ctx context.Context, todo []string) {
	var results map[string]result[T]
	defer func() { b.store(results) }()
	results = b.readAll(ctx, todo)
}

func (b *batch[T]) entry(key string) *want[T] {
	if b.known == nil {
		b.known = map[string]*want[T]{}
	}
	w := b.known[key]
	if w == nil {
		w = &want[T]{}
		b.known[key] = w
	}
	return w
}

// due forgets what nobody wants any more and returns what is to be read.
func (b *batch[T]) due(now time.Time) []string {
	wanted := map[string]bool{}
	for k, w := range b.known {
		if !w.asked.IsZero() && now.Sub(w.asked) < interestWindows*b.window {
			wanted[k] = true
		}
	}
	if b.related != nil {
		for _, k := range b.related(slices.Sorted(maps.Keys(wanted)), b.known) {
			wanted[k] = true
			b.entry(k)
		}
	}
	maps.DeleteFunc(b.known, func(k string, _ *want[T]) bool { return !wanted[k] })
	var keys, suspects []string
	for k, w := range b.known {
		switch {
		case w.retryAt.IsZero():
			keys = append(keys, k)
		case !now.Before(w.retryAt):
			suspects = append(suspects, k)
		}
	}
	slices.SortFunc(suspects, func(x, y string) int {
		return cmp.Or(b.known[x].retryAt.Compare(b.known[y].retryAt), cmp.Compare(x, y))
	})
	slices.Sort(keys)
	return append(keys, suspects[:min(suspectsMax, len(suspects))]...)
}

// readAll reads all keys in as few calls as possible.
func (b *batch[T]) readAll(ctx context.Context, keys []string) map[string]result[T] {
	results := map[string]result[T]{}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTimeout)
	defer cancel()
	now := b.begin()
	todo, splits := b.calls(keys, now.chunks), splitCalls
	for len(todo) > 0 {
		chunk := todo[0]
		todo = todo[1:]
		got, err := now.read(ctx, chunk)
		switch kind := cloud.KindOf(err); {
		case err == nil:
			maps.Copy(results, got)
		case kind == cloud.KindInvalid && len(chunk) == 1:
			results[chunk[0]] = result[T]{err: err, refused: true}
		case kind == cloud.KindInvalid && splits > 1:
			// One half after the other, so that a bound number of calls finds
			// culprits however many there are.
			splits -= 2
			todo = slices.Insert(todo, 0, chunk[:len(chunk)/2], chunk[len(chunk)/2:])
		case kind == cloud.KindInvalid:
			fail(results, chunk, answerError(cloud.KindTransient, "aws", "", "not read, for the call was refused because of others: "+err.Error()))
		case kind == cloud.KindTransient:
			fail(results, chunk, err)
		default:
			// It is no matter of these keys: the other calls would fail too.
			fail(results, slices.Concat(append(todo, chunk)...), err)
			return results
		}
	}
	return results
}

func fail[T any](results map[string]result[T], keys []string, err error) {
	for _, k := range keys {
		results[k] = result[T]{err: err}
	}
}

// calls divides keys into calls. Those that were refused before get one of
// their own, at the end.
func (b *batch[T]) calls(keys []string, chunks func([]string) [][]string) [][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := slices.IndexFunc(keys, func(k string) bool { return !b.known[k].retryAt.IsZero() })
	if first < 0 {
		return chunks(keys)
	}
	return append(chunks(keys[:first]), slices.Collect(slices.Chunk(keys[first:], 1))...)
}

func (b *batch[T]) store(results map[string]result[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
	for k, r := range results {
		w := b.entry(k)
		w.err, w.retryAt = r.err, time.Time{}
		switch {
		case r.err == nil:
			w.value, w.readAt = r.value, b.begun
		case r.refused:
			w.retryAt = b.begun.Add(refusedWindows * b.window)
		}
	}
}

// outcome is why keys can't all be shown. Whoever has read is told of a
// failure at once; others are content with readings that aren't too old.
func (b *batch[T]) outcome(keys []string, reads bool) error {
	var pending error
	now := time.Now()
	for _, k := range keys {
		w := b.entry(k)
		switch {
		case w.err != nil && (reads || !w.retryAt.IsZero()):
			return w.err
		case !w.readAt.IsZero() && now.Sub(w.readAt) <= staleWindows*b.window:
		case w.err != nil:
			return w.err
		default:
			pending = cloud.ErrPending
		}
	}
	return pending
}
