package analysis

import (
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// worst are the results in the order in which they count.
var worst = []v1alpha1.Result{
	v1alpha1.ResultFail, v1alpha1.ResultInconclusive, v1alpha1.ResultPending, v1alpha1.ResultPass, v1alpha1.ResultSkipped,
}

// Summary is the worst result of all verdicts, "" if there are none, and one
// line that tells each of them, the worst first.
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

// named is a verdict's message, with the check's name unless it is the first
// word already.
func named(v *v1alpha1.Verdict) string {
	if v.Message == "" {
		return v.Name + ": " + string(v.Result)
	}
	if first, _, _ := strings.Cut(v.Message, " "); strings.TrimSuffix(first, ":") == v.Name {
		return v.Message
	}
	return v.Name + ": " + v.Message
}
