package controllers

import (
	"slices"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// keepVerdict notes a verdict. What a check says again, with newer figures, takes
// the place of what it said; what it says differently, or of another step or
// rollout, is added. A rollout begins by the clock of one process, and may be
// judged by another's that is behind: no verdict is older than its rollout, or
// it would be taken for one of another.
func keepVerdict(kept []v1alpha1.Verdict, v v1alpha1.Verdict, started time.Time) []v1alpha1.Verdict {
	if v.Since.Time.Before(started) {
		v.Since = stamp(started)
	}
	last := -1
	for i := range kept {
		if kept[i].Source == v.Source && kept[i].Name == v.Name && kept[i].Step == v.Step {
			last = i
		}
	}
	fresh := last >= 0 && !kept[last].Since.Time.Before(started)
	switch {
	case fresh && kept[last].Result == v.Result:
		v.Since = kept[last].Since
		kept[last] = v
		return kept
	case v.Result == v1alpha1.ResultPending && v.Source != v1alpha1.SourceImages:
		return kept // every check begins so, but a scan that went on tells something
	}
	return append(slices.Clone(kept), v)
}
