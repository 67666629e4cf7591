package aws

import (
	"maps"
	"sync"
	"time"
)

const (
	// keptFor is how long facts are believed that change rarely, so that many
	// rollouts that begin together ask once.
	keptFor = time.Minute
	// keptMax limits how many are kept of a kind.
	keptMax = 1024
)

// kept remembers answers for keptFor. Its zero value is empty.
type kept[T any] struct {
	mu    sync.Mutex
	facts map[string]keptFact[T]
}

type keptFact[T any] struct {
	value T
	until time.Time
}

// get returns what is remembered under a key.
func (k *kept[T]) get(key string) (T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	fact, ok := k.facts[key]
	if !ok || !time.Now().Before(fact.until) {
		return *new(T), false
	}
	return fact.value, true
}

// put remembers a value. Only what is there is remembered: what is missing may
// come at any moment.
func (k *kept[T]) put(key string, value T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if len(k.facts) >= keptMax {
		maps.DeleteFunc(k.facts, func(_ string, fact keptFact[T]) bool { return !now.Before(fact.until) })
	}
	if k.facts == nil || len(k.facts) >= keptMax {
		k.facts = map[string]keptFact[T]{}
	}
	k.facts[key] = keptFact[T]{value: value, until: now.Add(keptFor)}
}

// or returns what is remembered under a key, or else reads it.
func (k *kept[T]) or(key string, read func() (T, error)) (T, error) {
	if value, ok := k.get(key); ok {
		return value, nil
	}
	value, err := read()
	if err == nil {
		k.put(key, value)
	}
	return value, err
}
