package controllers

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// written remembers the specs of revisions that this process wrote until its
// cache shows them: a decision that doesn't know its own predecessor could ask
// for two new stacks at once. After a restart the cache is filled anew, from
// after the last write.
type written struct {
	mu sync.Mutex
	// generations by the owner's UID and the revision's.
	generations map[types.UID]map[types.UID]int64
}

// note remembers a revision as it was just written.
func (w *written) note(owner types.UID, imr *v1alpha1.ImmutableRevision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.generations == nil {
		w.generations = map[types.UID]map[types.UID]int64{}
	}
	if w.generations[owner] == nil {
		w.generations[owner] = map[types.UID]int64{}
	}
	w.generations[owner][imr.UID] = imr.Generation
}

// shown tells whether revisions from the cache include all that was written of
// the owner's, and forgets what they include.
func (w *written) shown(owner types.UID, cached []v1alpha1.ImmutableRevision) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range cached {
		if known, ok := w.generations[owner][cached[i].UID]; ok && cached[i].Generation >= known {
			delete(w.generations[owner], cached[i].UID)
		}
	}
	if len(w.generations[owner]) > 0 {
		return false
	}
	delete(w.generations, owner)
	return true
}

// gone forgets what isn't among all the revisions that there are, as they were
// read from the API server itself.
func (w *written) gone(owner types.UID, all []v1alpha1.ImmutableRevision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.generations[owner], func(uid types.UID, _ int64) bool {
		return !slices.ContainsFunc(all, func(imr v1alpha1.ImmutableRevision) bool { return imr.UID == uid })
	})
	if len(w.generations[owner]) == 0 {
		delete(w.generations, owner)
	}
}
