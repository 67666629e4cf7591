package main

const (
	pluginAsk      = "internal/plugin/ask/ask.go"
	pluginUndo     = "internal/plugin/ask/undo.go"
	pluginModel    = "internal/plugin/view/model.go"
	pluginWhy      = "internal/plugin/view/why.go"
	pluginLint     = "internal/plugin/manifest/lint.go"
	pluginRead     = "internal/plugin/manifest/read.go"
	pluginStack    = "internal/plugin/manifest/stack.go"
	pluginViewText = "internal/plugin/view/text.go"
)

// ofPlugin are mistakes in what kubectl viridian shows and asks for.
func ofPlugin() []mutant {
	return []mutant{
		{name: "ask by a value that was handled", unit: "TestPromote", file: pluginAsk, old: "		if value != handled && !answered {\n", new: "		if !answered || value == handled {\n"},
		{name: "take an old answer for the answer", unit: "TestPromote", file: pluginAsk, old: "		if value != handled && !answered {\n", new: "		if value != handled || !answered {\n"},
		{name: "replace a request that waits", unit: "TestPromote", file: pluginAsk, old: "	if slices.Contains(values, waiting) {\n", new: "	if false {\n"},
		{name: "promote the step before", unit: "TestPromote", file: pluginAsk, old: "return fmt.Sprint(r.Step + 1), nil", new: "return fmt.Sprint(r.Step), nil"},
		{name: "end a step for a gate's approval", unit: "TestPromote", file: pluginAsk, old: "run.State == v1alpha1.GateRunning && ", new: "run.State == v1alpha1.GateFailed && "},
		{name: "promote during a pause", unit: "TestPromote", file: pluginAsk, old: "	case imd.Spec.Paused != nil && *imd.Spec.Paused:\n", new: "	case false:\n"},
		{name: "promote what isn't healthy", unit: "TestPromote", file: pluginAsk, old: "	if r.VerifiedAt == nil {\n", new: "	if false {\n"},
		{name: "abort what is over", unit: "TestAbort", file: pluginAsk, old: "r == nil || r.FinishedAt != nil:", new: "r == nil:"},
		{name: "retry what was promoted", unit: "TestRetry", file: pluginAsk, old: "	case !r.Outcome.Bad():\n", new: "	case false:\n"},
		{name: "retry the template in an outage", unit: "TestRetry", file: pluginAsk, old: "if b := imd.Status.BlockedBy; b != nil {", new: "if b := imd.Status.BlockedBy; false && b != nil {"},
		{name: "overlook that Git brings it back", unit: "TestApplier", file: pluginAsk, old: "`\"f:template\"`", new: "`\"f:templates\"`"},
		{name: "undo to a template that isn't the revision's", unit: "TestWrittenUnknown", file: pluginUndo, old: "		if template.Hash(*t) == frozen.TemplateHash {\n", new: "		if !relative || template.Hash(*t) == frozen.TemplateHash {\n"},
		{name: "undo to frozen values", unit: "TestWritten", file: pluginUndo, old: "		if frozen.Configuration != nil {\n", new: "		if false {\n"},
		{name: "undo to pinned images", unit: "TestWritten", file: pluginUndo, old: "			*image.Ref = name\n", new: "			_ = name\n"},
		{name: "undo to what never served", unit: "TestTargets", file: pluginUndo, old: "e.Outcome.Good() && ", new: ""},
		{name: "undo what the controller hasn't seen", unit: "TestTargets", file: pluginUndo, old: "s.ObservedGeneration != imd.Generation:", new: "false:"},
		{name: "call a rollback served", unit: "TestState", file: pluginModel, old: "v1alpha1.PhaseScaling, v1alpha1.PhaseSwitchedOff:", new: "v1alpha1.PhaseScaling, v1alpha1.PhaseSwitchedOff, v1alpha1.PhaseRollingBack:"},
		{name: "go by the status of an earlier spec", unit: "TestState", file: pluginModel, old: "	if !observed(imd) || ", new: "	if "},
		{name: "call an outage served", unit: "TestState", file: pluginModel, old: "v1alpha1.PhaseFailed, v1alpha1.PhaseUnavailable:", new: "v1alpha1.PhaseFailed:"},
		{name: "show weights for percentages", unit: "TestStatus", file: pluginModel, old: "target.Weight * 100 / sum", new: "target.Weight"},
		{name: "show the steps of another plan", unit: "TestStatus", file: pluginModel, old: "i+1 < current:", new: "i+1 <= current:"},
		{name: "break a command to paste", unit: "TestStatus", file: "internal/plugin/view/status.go", old: "n.add(bold, \"%s\", b.Remedy).whole = true", new: "n.add(bold, \"%s\", b.Remedy)"},
		{name: "show lines that are too long", unit: "TestStatus", file: pluginViewText, old: "length+1+n > width {", new: "length > width {"},
		{name: "overlook a stack that waits", unit: "TestWhy", file: pluginWhy, old: "			if r.Blocked != nil {\n				return r.Blocked\n", new: "			if r.Blocked == nil {\n				return r.Blocked\n"},
		{name: "leave evidence out", unit: "TestWhy", file: pluginWhy, old: "c.Result == v1alpha1.ResultFail || ", new: ""},
		{name: "name the logs of what serves well", unit: "TestWhy", file: pluginWhy, old: "d.Phase == v1alpha1.PhaseUnavailable ||", new: "true ||"},
		{name: "compare lists by position", unit: "TestDiff", file: "internal/plugin/view/diff.go", old: "			return key, name\n", new: "			return \"\", fmt.Sprint(i) + name[:0]\n"},
		{name: "lint without CEL", unit: "TestCheck", file: "internal/admission/admission.go", old: "	errs, _ = r.cel.Validate(", new: "	_, _ = r.cel.Validate("},
		{name: "lint without schemas", unit: "TestCheck", file: "internal/admission/admission.go", old: "	errs := validation.ValidateCustomResource(nil, object, r.schema)\n	errs = append(errs, listtype", new: "	errs := append(field.ErrorList{}, listtype"},
		{name: "lint a line further down", unit: "TestLint", file: pluginRead, old: "	return d.Line + line - 1\n", new: "	return d.Line + line\n"},
		{name: "split text at dashes", unit: "TestRead", file: pluginRead, old: "(?m)^---", new: "(?m)---"},
		{name: "overlook a tag that isn't taken", unit: "TestLint", file: pluginLint, old: "isPrivate || imd.Spec", new: "isPrivate || true || imd.Spec"},
		{name: "overlook a gate that never runs", unit: "TestLint", file: pluginLint, old: "int(step) >= steps {", new: "int(step) > steps {"},
		{name: "have policies hold for all namespaces", unit: "TestLint", file: pluginLint, old: "policy.For(namespace, labels, ", new: "policy.For(namespace, map[string]string{\"team\": \"shop\"}, "},
		{name: "render on the rule's ARN", unit: "TestStack", file: pluginStack, old: "in.ListenerARN = listenerOf(lb.RuleARN)", new: "in.ListenerARN = lb.RuleARN"},
		{name: "render what the API server refuses", unit: "TestDeploymentsRefused", file: pluginStack, old: "		if len(found) > 0 {\n", new: "		if false {\n"},
	}
}
