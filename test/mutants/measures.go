package main

const (
	countRollouts = "internal/measures/count.go"
	collector     = "internal/measures/collector.go"
	totals        = "controllers/totals.go"
)

// inMeasures are mistakes in what is counted, and in what metrics tell of it.
func inMeasures() []mutant {
	return []mutant{
		{name: "count a change twice that was taken back", unit: "TestCount", file: countRollouts, old: "	return !e.Again && (e.Outcome.Bad()", new: "	return (e.Outcome.Bad()"},
		{name: "count going back as a change", unit: "TestCount", file: countRollouts, old: " || e.Outcome.Good() && e.Outcome != v1alpha1.OutcomeFastRolledBack)", new: " || e.Outcome.Good())"},
		{name: "take going back for a success", unit: "TestCount", file: countRollouts, old: "	if e.Outcome.Bad() || e.Outcome == v1alpha1.OutcomeFastRolledBack {\n", new: "	if e.Outcome.Bad() {\n"},
		{name: "count the time of a rollout again that was taken back", unit: "TestCount", file: countRollouts, old: "	if !e.Again {\n", new: "	if true {\n"},
		{name: "begin the lead time with the rollout", unit: "TestCount", file: countRollouts, old: "add(&t.LeadTime, e.ReadyAt,", new: "add(&t.LeadTime, e.StartedAt,"},
		{name: "recover from what nobody noticed", unit: "TestCount", file: countRollouts, old: "	case e.Outcome.Bad() && e.Exposed:\n", new: "	case e.Outcome.Bad():\n"},
		{name: "begin a recovery with the last failure", unit: "TestRecoveryFromNothing", file: countRollouts, old: "		if t.FailedSince == nil {\n", new: "		if true {\n"},
		{name: "recover by being superseded", unit: "TestRecoveryFromNothing", file: countRollouts, old: "	case t.FailedSince != nil && e.Outcome.Good():\n", new: "	case t.FailedSince != nil:\n"},
		{name: "count the time since the beginning of time", unit: "TestCount", file: countRollouts, old: "	if from.IsZero() || to.IsZero() {\n", new: "	if false {\n"},
		{name: "let a clock that was set back take time away", unit: "TestCount", file: countRollouts, old: "max(0, to.Sub(from))", new: "to.Sub(from)"},
		{name: "count by the history, which is cut", unit: "TestKeepTotals", file: totals, old: "	if next.Totals != nil {\n", new: "	if next.Totals != nil && len(next.History) < historyLength {\n"},
		{name: "take a promotion that is taken back for another change", unit: "TestKeepTotals", file: totals, old: "slices.ContainsFunc(before.History, ended)", new: "slices.ContainsFunc(before.History[:0], ended)"},
		{name: "count the images that ran before as new", unit: "TestReadyAt", file: totals, old: "!ran[image.Digest] && ", new: ""},
		{name: "begin the lead time of an old revision at its push", unit: "TestReadyAt", file: totals, old: "	if r.Revision > r.From {\n", new: "	if true {\n"},
		{name: "begin the lead time after the rollout", unit: "TestReadyAt", file: totals, old: "newest.IsZero() || newest.After(r.StartedAt.Time)", new: "newest.IsZero()"},
		{name: "recover since an earlier promotion", unit: "TestRecoveryOfWhatWasPromoted", file: totals, old: "		if h := &history[i]; ", new: "		if h := &history[len(history)-1-i]; "},
		{name: "overlook that Recreate leaves nothing that serves", unit: "TestRecoveryOfRecreate", file: totals, old: "r.VerifiedAt != nil || view.facts.Recreate && r.From != 0", new: "r.VerifiedAt != nil"},
		{name: "begin to count with the first rollout", unit: "TestNewDeployment", file: collector, old: "	if t == nil {\n		t = &v1alpha1.Totals{}\n	}\n", new: "	if t == nil {\n		return\n	}\n"},
		{name: "take records of stacks that are gone for stacks", unit: "TestCollector", file: collector, old: "		case \"\", v1alpha1.RevisionPending, v1alpha1.RevisionRemoved:\n", new: "		case \"\", v1alpha1.RevisionPending:\n"},
		{name: "tell a message as the reason", unit: "TestCollector", file: collector, old: "imd.Namespace, imd.Name, b.Reason)", new: "imd.Namespace, imd.Name, b.Message)"},
		{name: "tell a weight in percent", unit: "TestCollector", file: collector, old: "float64(*status.Weight)/100", new: "float64(*status.Weight)"},
		{name: "tell of objects that aren't known", unit: "TestNoObjects", file: collector, old: "	if !known {\n", new: "	if false && !known {\n"},
		{name: "keep no totals in the cache", unit: "TestSlimDeployment", file: "controllers/cache.go", old: "Weight: imd.Status.Weight, Totals: imd.Status.Totals,", new: "Weight: imd.Status.Weight,"},
		{name: "make any text a label", unit: "TestCode", file: "internal/cloud/aws/metrics.go", old: "!ok || !codeShape.MatchString(failed.ErrorCode())", new: "!ok"},
		{name: "forget when an image was pushed", unit: "TestDigest", file: "internal/cloud/aws/images.go", old: ", PushedAt: awssdk.ToTime(d.ImagePushedAt)}", new: ", PushedAt: awssdk.ToTime(nil)}"},
	}
}
