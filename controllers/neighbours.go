package controllers

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/internal/rollout"
)

// Deployments share listeners, and each look at one reads all of its rules. So what
// a pass reads tells of its neighbours, too: one at rest whose rules were changed
// or deleted is looked at right away, not when its time comes. That costs no calls.

// sight is what a pass read of a place that deployments share: what is there, each
// with how it is.
type sight struct {
	place string
	all   map[string]string
}

// neighbours are the deployments at rest, with what each saw of its own at last.
type neighbours struct {
	mu   sync.Mutex
	rest map[client.ObjectKey]sight
}

// note notes what a deployment's pass saw, as far as it is the deployment's own,
// where nothing is left to do; one that isn't at rest looks again by itself.
// It returns the neighbours that have to look again, once each.
func (n *neighbours) note(key client.ObjectKey, seen sight, own []string, atRest bool) (disturbed []client.ObjectKey) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.rest == nil {
		n.rest = map[client.ObjectKey]sight{}
	}
	delete(n.rest, key)
	if seen.place == "" {
		return nil
	}
	for other, had := range n.rest {
		if had.place == seen.place && !had.isPartOf(seen) {
			disturbed = append(disturbed, other)
		}
	}
	slices.SortFunc(disturbed, func(a, b client.ObjectKey) int { return cmp.Compare(a.String(), b.String()) })
	maps.DeleteFunc(n.rest, func(_ client.ObjectKey, had sight) bool { return had.place == seen.place && !had.isPartOf(seen) })
	if atRest {
		n.rest[key] = seen.only(own)
	}
	return disturbed
}

// isPartOf tells whether all of a sight is there still, as it was.
func (s sight) isPartOf(now sight) bool {
	for id, was := range s.all {
		if is, there := now.all[id]; !there || is != was {
			return false
		}
	}
	return true
}

// only is the part of a sight with these IDs.
func (s sight) only(ids []string) sight {
	part := sight{s.place, map[string]string{}}
	for _, id := range ids {
		if how, there := s.all[id]; there {
			part.all[id] = how
		}
	}
	return part
}

// tellNeighbours wakes those whose rules aren't as they left them.
func (r *DeploymentReconciler) tellNeighbours(key client.ObjectKey, view *deploymentView, d rollout.Decision) {
	own := []string{view.router.ID()}
	for i := range view.records {
		if out := view.records[i].Status.Outputs; out != nil && view.facts.Revisions[i].Number == d.Progress.Stable {
			own = append(own, out.PreviewRuleARN)
		}
	}
	atRest := d.Action.Kind == rollout.ActionNone && d.After >= r.Timing.Resync
	for _, other := range r.neighbours.note(key, view.sight, own, atRest) {
		if r.Wake != nil {
			r.Wake(other)
		}
	}
}
