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
	// Counted in windows: how long a key is read after the last request, how
	// old a reading may be, and how long a key that AWS rejected isn't retried.
	interestWindows = 6
	staleWindows    = 3
	refusedWindows  = 6
	// batchTimeout limits a read. Its caller can't cancel it: others wait for
	// the result.
	batchTimeout = 30 * time.Second
	// splitCalls limits the calls of a read that search for the invalid keys in
	// calls that AWS rejects.
	splitCalls = 64
	// suspectsMax limits how many of them are retried in one read.
	suspectsMax = 8
)

// batch reads keys for all callers, once per window. There is no background
// goroutine: one of the callers reads for all, and the others don't wait for
// it.
type batch[T any] struct {
	window time.Duration
	// related returns the keys to read besides those that were requested; nil
	// means none. It is called with the lock held.
	related func(keys []string, known map[string]*want[T]) []string
	// begin starts a read.
	begin func() round[T]

	mu   sync.Mutex
	busy bool
	// begun is when the last read began; zero means never.
	begun time.Time
	known map[string]*want[T]
}

// round is the way in which one read is made.
type round[T any] struct {
	// chunks divides keys into one chunk per call.
	chunks func(keys []string) [][]string
	// read makes the call for one chunk.
	read func(ctx context.Context, keys []string) (map[string]result[T], error)
}

// want is a key that a caller requested, and its last reading.
type want[T any] struct {
	// asked is the time of the last request; zero for a related key.
	asked time.Time
	// value was read at readAt; zero means never.
	value  T
	readAt time.Time
	// err is why the last read that had this key didn't succeed.
	err error
	// retryAt is set on a key that AWS rejected.
	retryAt time.Time
	// wroteAt is when a caller last wrote what is read here; zero means never.
	wroteAt time.Time
}

// result is the result of a read for a key.
type result[T any] struct {
	value T
	err   error
	// refused is true if err is about this key only.
	refused bool
}

// get returns the readings of keys, or cloud.ErrPending if one isn't available.
// show is called with the lock held, so that it can look at related ones.
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

// each shows the reading of each key by itself, or why it isn't available:
// cloud.ErrPending if it wasn't read yet.
func (b *batch[T]) each(ctx context.Context, keys []string, show func(key string, value T, err error)) {
	if len(keys) == 0 {
		return
	}
	todo, reads := b.ask(ctx, keys)
	if reads {
		b.lead(ctx, todo)
	}
	gone := ctx.Err()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range keys {
		err := b.outcome([]string{k}, reads)
		if gone != nil {
			err = wrap(gone)
		}
		show(k, b.entry(k).value, err)
	}
}

// ask records the request for keys. If a read is due, the caller has to make
// it.
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

// lead reads for all callers. Whatever happens, another caller can do so next
// time.
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

// due drops keys that are no longer requested and returns those to read.
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
			// One half after the other, so that a limited number of calls finds
			// invalid keys however many there are.
			splits -= 2
			todo = slices.Insert(todo, 0, chunk[:len(chunk)/2], chunk[len(chunk)/2:])
		case kind == cloud.KindInvalid:
			fail(results, chunk, answerError(cloud.KindTransient, "aws", "", "not read, for the call was refused because of others: "+err.Error()))
		case kind == cloud.KindTransient:
			fail(results, chunk, err)
		default:
			// It isn't because of these keys: the other calls would fail too.
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

// calls divides keys into calls. Keys that were rejected before get separate
// calls, at the end.
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
		if !w.wroteAt.IsZero() && b.begun.Before(w.wroteAt.Add(b.window)) || w.readAt.After(b.begun) {
			continue // AWS may have shown what was before
		}
		w.err, w.retryAt = r.err, time.Time{}
		switch {
		case r.err == nil:
			w.value, w.readAt = r.value, b.begun
		case r.refused:
			w.retryAt = b.begun.Add(refusedWindows * b.window)
		}
	}
}

// saw has the reading of a key be what a caller has just read for itself: nobody is
// told of an older one afterwards.
func (b *batch[T]) saw(key string, value T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.entry(key)
	w.value, w.readAt, w.err, w.retryAt = value, time.Now(), nil, time.Time{}
}

// wrote has the reading of a key, if there is one, be what was written. For a window
// no other reading of it is believed.
func (b *batch[T]) wrote(key string, change func(value *T)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.known[key]
	if w == nil || w.readAt.IsZero() {
		return
	}
	now := time.Now()
	change(&w.value)
	w.readAt, w.wroteAt, w.err = now, now, nil
}

// forget has a key be read anew before its next reading, since nobody knows whether
// it was written.
func (b *batch[T]) forget(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w := b.known[key]; w != nil {
		w.readAt, w.wroteAt = time.Time{}, time.Time{}
	}
}

// outcome returns why not all keys can be returned. The caller that has read
// gets a failure immediately; the others get readings that aren't too old.
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
