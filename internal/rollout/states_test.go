package rollout

import (
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// allStories are those whose logs are on file.
func allStories() map[string]func(s *story) {
	all := map[string]func(s *story){}
	for _, some := range []map[string]func(s *story){stories(), evidenceStories(), strategyStories(), storiesOfPeople()} {
		maps.Copy(all, some)
	}
	return all
}

// ways count the transitions that were taken.
type ways map[transition]int

func (w ways) add(taken map[transition]int) {
	for way, n := range taken {
		w[way] += n
	}
}

// check holds the table of states, from which the diagram in the documentation is
// drawn, against the ways that were taken. Whether each was taken can be told of
// many walks only.
func (w ways) check(t *testing.T, many bool) {
	t.Helper()
	for way, n := range w {
		deleted := slices.Contains(atDeletion, way.to) && !slices.Contains(deletion, way.from)
		if from := states[way.from]; !deleted && !slices.Contains(from.to, way.to) && !slices.Contains(from.late, way.to) {
			t.Errorf("%s leads to %s %d times, which the table doesn't know", way.from, way.to, n)
		}
	}
	for from, s := range states {
		if !many {
			break
		}
		for _, to := range slices.Concat(s.to, s.late) {
			if w[transition{from, to}] == 0 {
				t.Errorf("%s never leads to %s, as the table says", from, to)
			}
		}
	}
}

var (
	deletion   = []State{StateLeaving, StateDetaching, StateDraining, StateRemoving}
	atDeletion = []State{StateLeaving, StateDetaching}
)

// TestEveryStateIsDrawn checks that no state is left out of the diagram, and that
// each has its guards.
func TestEveryStateIsDrawn(t *testing.T) {
	if len(order) != len(states) {
		t.Errorf("%d states are drawn of %d", len(order), len(states))
	}
	for _, s := range order {
		if def := states[s]; def.means == "" || len(def.guards) == 0 {
			t.Errorf("nothing is said of %s", s)
		}
	}
}

// TestGuardsChangeNothing asks every guard of a pass in its turn, notes apart,
// and compares what is remembered before and after.
func TestGuardsChangeNothing(t *testing.T) {
	asked := 0
	for seed := range min(*walks, 25) {
		w := newWalk(seed)
		for range disturbed {
			w.disturb()
			asked += askAll(t, w.observe(), w.now)
			if w.iterate(false, false); w.finished || w.failure != "" {
				break
			}
		}
	}
	if asked < 5000 {
		t.Errorf("only %d guards were asked", asked)
	}
}

// askAll asks the guards as Decide does. It returns how many it asked.
func askAll(t *testing.T, o Observation, now time.Time) (asked int) {
	t.Helper()
	x := newPass(&o, now, o.Progress)
	lists := [][]guard{always}
	if !o.Deleting {
		lists = append(lists, first)
	}
	ask := func(guards []guard) bool {
		for _, g := range guards {
			before, seen := x.p.clone(), cloneOf(o)
			d := g(x)
			asked++
			if name := nameOf(g); strings.Contains(name, "(*pass)") && !reflect.DeepEqual(before, x.p) {
				t.Fatalf("%s changed what is remembered from %+v to %+v", name, before, x.p)
			}
			if !reflect.DeepEqual(seen, o) {
				t.Fatalf("a guard changed what was observed from %+v to %+v", seen, o)
			}
			if d != nil {
				return true
			}
		}
		return false
	}
	if slices.ContainsFunc(lists, ask) {
		return asked
	}
	if !ask(states[x.state()].guards) {
		t.Fatalf("the last guard of %s doesn't decide", x.state())
	}
	return asked
}

// nameOf is the name of the method that a guard is; of a note it is another one.
func nameOf(g guard) string { return runtime.FuncForPC(reflect.ValueOf(g).Pointer()).Name() }

// cloneOf copies what a guard could change by mistake.
func cloneOf(o Observation) Observation {
	o.Revisions, o.Route.Targets, o.Progress = slices.Clone(o.Revisions), slices.Clone(o.Route.Targets), o.Progress.clone()
	o.Analysis.Checks, o.Gates, o.Answers = slices.Clone(o.Analysis.Checks), slices.Clone(o.Gates), maps.Clone(o.Answers)
	return o
}
