package kubernetes_test

import (
	"context"
	"encoding/json"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// The kinds.
const (
	kindDeployment = "ImmutableDeployment"
	kindRevision   = "ImmutableRevision"
)

// history has every state of every object of both kinds that watches showed,
// for each kind in the order in which they were written.
type history struct {
	mu     sync.Mutex
	states []*unstructured.Unstructured
}

// watch keeps the history until ctx ends.
func watch(ctx context.Context, c client.WithWatch) (*history, error) {
	h := &history{}
	for _, kind := range []string{kindDeployment, kindRevision} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
		changes, err := c.Watch(ctx, list)
		if err != nil {
			return nil, err
		}
		go h.keep(changes)
	}
	return h, nil
}

func (h *history) keep(changes apiwatch.Interface) {
	for event := range changes.ResultChan() {
		state, ok := event.Object.(*unstructured.Unstructured)
		if !ok || event.Type == apiwatch.Deleted || event.Type == apiwatch.Bookmark {
			continue
		}
		h.mu.Lock()
		h.states = append(h.states, state)
		h.mu.Unlock()
	}
}

// all returns everything that was seen so far.
func (h *history) all() []*unstructured.Unstructured {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*unstructured.Unstructured(nil), h.states...)
}

// of an object in a namespace.
func (h *history) of(namespace, kind string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, state := range h.all() {
		if state.GetNamespace() == namespace && state.GetKind() == kind {
			out = append(out, state)
		}
	}
	return out
}

// typed reads an object as one of the API's types.
func typed[T any](state *unstructured.Unstructured) (*T, error) {
	body, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	out := new(T)
	return out, json.Unmarshal(body, out)
}
