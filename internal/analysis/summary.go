package analysis

import (
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// worst are the results, the worst first.
var worst = []v1alpha1.Result{
	v1alpha1.ResultFail, v1alpha1.ResultInconclusive, v1alpha1.ResultPending, v1alpha1.ResultPass, v1alpha1.ResultSkipped,
}

// Summary returns the worst result of all verdicts, "" if there are none, and
// one line with each of them, the worst first.
func Summary(verdicts []v1alpha1.Verdict) (result v1alpha1.Result, message string) {
	var all []string
	for _, r := range worst {
		for i := range verdicts {
			if verdicts[i].Result != r {
				continue
			}
			if result == "" {
				result = r
			}
			all = append(all, named(&verdicts[i]))
		}
	}
	return result, cut(strings.Join(all, "; "), maxSummary)
}

// named returns a verdict's message, preceded by the check's name unless it is
// already the first word.
func named(v *v1alpha1.Verdict) string {
	if v.Message == "" {
		return v.Name + ": " + string(v.Result)
	}
	if first, _, _ := strings.Cut(v.Message, " "); strings.TrimSuffix(first, ":") == v.Name {
		return v.Message
	}
	return v.Name + ": " + v.Message
}
