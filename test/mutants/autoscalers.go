package main

const autoscalers = "internal/rollout/scaling.go"

// besideAutoscalers are mistakes in what a rollout leaves to autoscalers, and doesn't.
func besideAutoscalers() []mutant {
	return []mutant{
		{name: "take tasks that an autoscaler added", unit: "TestScaling", file: autoscalers, old: "		return !up\n", new: "		return false\n"},
		{name: "set the count of an autoscaler that was put there by hand", unit: "TestScaling", file: autoscalers, old: "	return r.Autoscaler != nil || r.AutoscalerPending\n", new: "	return false\n"},
		{name: "start a new revision with spec.desiredCount", unit: "TestLiveCount", file: autoscalers, old: "	return stable.Health.Desired\n}\n\n// rememberedCount", new: "	return count\n}\n\n// rememberedCount"},
		{name: "have a canary scaled in", unit: "TestScaling", file: autoscalers, old: "		return Suspension{In: true, Scheduled: decided && count < x.o.DesiredCount}, true\n", new: "		return Suspension{}, true\n"},
		{name: "leave an autoscaler suspended", unit: "TestScaling", file: autoscalers, old: "	case r.Number == x.p.Stable:\n		return Suspension{}, true\n", new: ""},
		{name: "let an autoscaler of a first batch add tasks", unit: "TestScaling", file: autoscalers, old: " || decided && count < x.o.DesiredCount {\n		return nil", new: " || decided && count < 0 {\n		return nil"},
		{name: "add tasks for a step that isn't remembered", unit: "TestScaling", file: chores, old: "was.Step < is.Step", new: "false"},
		{name: "take tasks away before the autoscaler is suspended", unit: "TestScaling", file: chores, old: "x.isLess(r, count) && (up || r.isStill())", new: "x.isLess(r, count)"},
		{name: "forget what a schedule set", unit: "TestNewLimits", file: autoscalers, old: "		limits = stable.Autoscaler.Limits\n", new: "		_ = limits\n"},
		{name: "take the count of a shrunk revision for the load", unit: "TestLiveCount", file: autoscalers, old: " || o.isShrunk(stable) {", new: " {"},
		{name: "overlook that a canary needs more tasks", unit: "TestLiveCount", file: autoscalers, old: "		count++\n", new: "		break\n"},
		{name: "take a first revision for a batch", unit: "TestLiveCount", file: autoscalers, old: "	case o.leavesAlone(&o.Progress) || step.New >= count:\n", new: "	case step.New >= count:\n"},
		{name: "conclude the load from a trial", unit: "TestLiveCount", file: autoscalers, old: "	case more <= 0 || o.Route.None && step.Weight == 0:\n", new: "	case more <= 0:\n"},
		{name: "conclude the same load again and again", unit: "TestLiveCount", file: autoscalers, old: "max(step.New, r.AskedCount)", new: "step.New"},
		{name: "conclude ten times the load from one task", unit: "TestLiveCount", file: autoscalers, old: "most := 2 * count", new: "most := 1000 * count"},
		{name: "let a schedule fill a batch", unit: "TestScaling", file: autoscalers, old: "Scheduled: decided && count < x.o.DesiredCount}", new: "Scheduled: false}"},
		{name: "forget the count of scaling that is removed", unit: "TestScalingIsRemoved", file: autoscalers, old: "	if x.o.Scaling == nil && !x.stable().hasPolicies() && !candidate.hasPolicies() {\n", new: "	if x.o.Scaling == nil {\n"},
		{name: "roll out past an autoscaler that would be lost", unit: "TestAutoscalerByHand", file: autoscalers, old: "stable.Scales || x.o.Scaling != nil {\n		return nil\n	}\n	return x.block", new: "stable.Scales || x.o.Scaling != nil || true {\n		return nil\n	}\n	return x.block"},
		{name: "leave what is retained suspended", unit: "TestScaling", file: states, old: "			(*pass).resumeScaling,\n", new: ""},
		{name: "make a stack without bounds of its scaling", test: "TestAutoscaled", file: "controllers/immutablerevision_actions.go", old: "	if imr.Spec.Frozen.Template.Scaling != nil {", new: "	if false {"},
		{name: "compile a strategy for spec.desiredCount", test: "TestAutoscaled", file: "controllers/scaling.go", old: "	view.facts.DesiredCount = view.facts.LiveCount(plan)\n", new: ""},
	}
}
