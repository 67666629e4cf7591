package main

import "slices"

// mutant is one plausible mistake: a text that occurs once in a file, and its
// replacement.
type mutant struct {
	name, file, old, new string
	// also is a second change that is part of the same mistake.
	also *mutant
	// unit is a test beside the code, in the package of file, for this mistake;
	// "" if there is none.
	unit string
	// test is a test in controllers, with a real Kubernetes API, for this
	// mistake; "" if unit or the simulation is enough.
	test string
	// survives says why nothing catches it; "" for those that must be caught.
	survives string
}

const (
	deploymentActions = "controllers/immutabledeployment_actions.go"
	deploymentPass    = "controllers/immutabledeployment_controller.go"
	deploymentObserve = "controllers/immutabledeployment_observe.go"
	router            = "controllers/router.go"
	ruleObserve       = "internal/route/alb/observe.go"
	deploymentStatus  = "controllers/immutabledeployment_status.go"
	revisionActions   = "controllers/immutablerevision_actions.go"
	revisionPass      = "controllers/immutablerevision_controller.go"
	revisionStatus    = "controllers/immutablerevision_status.go"
	gates             = "controllers/gates.go"
)

const (
	capacity     = "internal/rollout/capacity.go"
	chores       = "internal/rollout/chores.go"
	conclude     = "internal/rollout/conclude.go"
	deadline     = "internal/rollout/deadline.go"
	decide       = "internal/rollout/decide.go"
	drift        = "internal/rollout/drift.go"
	evidence     = "internal/rollout/evidence.go"
	forward      = "internal/rollout/forward.go"
	notes        = "internal/rollout/notes.go"
	pass         = "internal/rollout/pass.go"
	questions    = "internal/rollout/questions.go"
	recovery     = "internal/rollout/recovery.go"
	removal      = "internal/rollout/removal.go"
	requests     = "internal/rollout/requests.go"
	rolloutGates = "internal/rollout/gates.go"
	states       = "internal/rollout/states.go"
	summary      = "internal/rollout/summary.go"
)

// catalogue are the mistakes.
func catalogue() []mutant {
	return slices.Concat(
		makingAndShifting(), removingAndJudging(), forgetting(), aboutAWS(), aboutTargets(), betweenTenants(), keepingApart(), narrowing(),
		ofContainers(), ofAutoScaling(), besideAutoscalers(), ofImports(), ofInputs(), ofPatches(), onInstances(), ofConfiguration(), inMeasures(), ofValues(),
		ofPlugin(),
	)
}

func makingAndShifting() []mutant {
	return []mutant{
		{name: "skip the wait for requests to end", file: chores, old: "entry.Since.Add(x.o.Policy.Propagation + r.Drain)", new: "entry.Since"},
		{name: "forget propagation before a stack goes", file: chores, old: "entry.Since.Add(x.o.Policy.Propagation + r.Drain)", new: "entry.Since.Add(r.Drain)"},
		{name: "forget to adopt on AlreadyExists", test: "TestStackCreatedMeanwhile", file: revisionActions, old: "		next.Phase = imr.Status.Phase\n		return nil", new: "		next.Phase = v1alpha1.RevisionFailed\n		return nil"},
		{name: "delete a stack by its name", unit: "TestRecordOutlivesItsStack", file: revisionActions, old: "in.StackID = view.facts.Stack.ID", new: "in.StackID = view.facts.Stack.Name"},
		{name: "count a lost answer as a failure", unit: "TestAnswersToCreation", file: revisionActions, old: "case cloud.KindOf(err) == cloud.KindInvalid:", new: "case err != nil && !cloud.IsConflict(err):"},
		{name: "decide by a cached deployment", unit: "TestDeploymentIsReadLive", file: deploymentPass, old: "r.Live.Get(ctx, req.NamespacedName, imd)", new: "r.Client.Get(ctx, req.NamespacedName, imd)"},
		{name: "decide by a cached revision", unit: "TestRevisionIsReadLive", file: revisionPass, old: "r.Live.Get(ctx, req.NamespacedName, imr)", new: "r.Client.Get(ctx, req.NamespacedName, imr)"},
		{name: "write a weight before it is verified", file: forward, old: "	if x.isWhole(candidate) {\n		return nil\n	}\n	return x.awaitProgress", new: "	if candidate.Health.Known {\n		return nil\n	}\n	return x.awaitProgress",
			also: &mutant{file: forward, old: "		if x.isWhole(candidate) {\n			return nil", new: "		if candidate.Health.Known {\n			return nil"}},
		{name: "increase without a look at health", file: forward, old: "		if x.isWhole(candidate) {\n			return nil", new: "		if true {\n			return nil"},
		{name: "ignore observedGeneration", unit: "TestStatusIsOfItsGeneration", file: deploymentStatus, old: "	next.ObservedGeneration, next.Orphaned = imd.Generation, view.orphaned\n", new: "	next.Orphaned = view.orphaned\n"},
		{name: "hear a promotion again and again", file: requests, old: "join(&r.Promote, asked.Promote, handled.Promote)", new: "join(&r.Promote, asked.Promote, \"\")"},
		{name: "don't hold a step", file: states, old: "			(*pass).awaitHold,\n", new: ""},
		{name: "go on without an approval", file: states, old: "			(*pass).awaitApproval,\n", new: ""},
		{name: "go on although paused", file: decide, old: "	(*pass).pause,\n", new: ""},
		{name: "don't look after a new revision", file: states, old: "	(*pass).failIfTasksCrash,\n	(*pass).failIfUnhealthy,\n", new: ""},
		{name: "delete the rule instead of routing back", file: conclude, old: "if x.routesAsDecided() || len(intended) == 0 {", new: "if _ = intended; true {"},
		{name: "don't bring back what Recreate took", file: states, old: "			(*pass).bringBackStable,\n", new: ""},
		{name: "forget stacks that nobody came to use", file: notes, old: "if r.Wanted && !x.isUsed(r.Number) && !listed {", new: "if r.Wanted && !x.isUsed(r.Number) && !listed && false {",
			also: &mutant{file: conclude, old: "d.Progress.Retiring = append(d.Progress.Retiring, retiring)", new: "_ = x.retiring"}},
		{name: "don't look who uses a stack", file: chores, old: " || x.isRolling(r.Number) || x.o.Route.Targets.Contains(r.Backend) {", new: " || x.isRolling(r.Number) {",
			also: &mutant{file: revisionActions, old: "	if err := r.checkUnused(ctx, imr, view); err != nil {\n		return err\n	}\n", new: ""}},
		{name: "route nowhere", file: "internal/rollout/targets.go", old: "t = append(t, Target{candidate, weight})", new: "t = append(t, Target{candidate, 0})"},
		{name: "take a stack of others for one's own", test: "TestForeignStack", file: revisionPass, old: "	if view.facts.Owned, err = r.isRevisions(ctx, imr, view); err != nil ||", new: "	if view.facts.Owned = true; err != nil ||"},
		{name: "take a rule of others for one's own", unit: "TestRuleOfOthers", file: ruleObserve, old: "if seen.Owned = r.of.Claim.Owns(tags); seen.Owned {", new: "if seen.Owned = true; seen.Owned {"},
		{name: "forget the finalizer", file: deploymentPass, old: "bound := controllerutil.ContainsFinalizer(imd, v1alpha1.Finalizer)", new: "bound := true"},
		{name: "let a revision go before its stack", unit: "TestRecordOutlivesItsStack", file: revisionPass, old: "&& (view.facts.Retained || decision.Gone()) {", new: "&& (view.facts.Retained || decision.Action != \"\" || decision.Gone()) {"},
		{name: "let a deployment go before its revisions", unit: "TestDeploymentOutlivesItsRevisions", file: deploymentActions, old: "	if err != nil || len(left) > 0 {\n		return err // one", new: "	if _ = left; err != nil {\n		return err // one",
			also: &mutant{file: removal, old: "	if len(x.o.Revisions) == 0 {\n", new: "	if true {\n"}},
	}
}

func removingAndJudging() []mutant {
	return []mutant{
		{name: "freeze a template twice", file: deploymentActions, old: "view.isWanted(&imr) && metav1.GetControllerOf(&imr) != nil && ", new: "false && "},
		{name: "look again at once, always", file: deploymentPass, old: "max(decision.After, minRequeue)", new: "minRequeue"},
		{name: "delete stacks before the rule", file: states, old: "case x.p.DetachedAt.IsZero() || rule.Pending || rule.Exists && (rule.Owned || rule.Inherited):", new: "case false && rule.Exists:"},
		{name: "don't wait for requests in a deletion", file: removal, old: "	return x.o.Policy.Propagation + longest\n", new: "	return 0\n"},
		{name: "delete what shall be retained", file: states, old: "	case x.o.Policy.Retain:\n		return StateLeaving\n", new: ""},
		{name: "don't give an adopted rule back", file: states, old: "			(*pass).giveRuleBack,\n", new: ""},
		{name: "tell a template's secrets", file: revisionStatus, old: `r.emit(imr, kind, ready.Reason, "Reconcile", ready.Message)`, new: `r.Recorder.Eventf(imr, nil, kind, ready.Reason, "Reconcile", "%s", ready.Message+imr.Spec.Frozen.TemplateBody)`},
		{name: "keep all history", unit: "TestStatusFitsTheSchema", file: "controllers/limits.go", old: "s.History = s.History[:min(len(s.History), historyLength)]", new: "_ = historyLength"},
		{name: "take one's own write for someone else's", file: drift, old: "case rule.Targets.Equal(x.intended()), rule.Targets.Equal(p.Written):", new: "case rule.Targets.Equal(p.Written):"},
		{name: "enforce without a look at health", file: drift, old: "if !x.isSafe(targets) {", new: "if false {"},
		{name: "never run out of time", file: deadline, old: "return !now.Before(d.end()) }", new: "return false }"},
		{name: "count an outage as lack of progress", file: notes, old: "lost := x.now.Sub(p.BlockedSince)", new: "lost := 0 * x.now.Sub(p.BlockedSince)"},
		{name: "count a person's time as lack of progress", file: forward, old: "	r.excuse(r.UnhealthySince)\n", new: ""},
		{name: "give up what nothing can replace", file: forward, old: "	if x.hasNoWayBack() {\n		return x.poll(w).with(r)\n	}\n", new: ""},
		{name: "return to nothing", file: states, old: "			(*pass).reopen,\n", new: ""},
		{name: "return to what is dead", file: capacity, old: "if !smaller && !x.isOnlyHealthy() || ", new: "if !smaller || "},
		{name: "give up all that answers for a new template", file: questions, old: " && !x.hasNoWayBack() && !x.isOnlyHealthy()\n", new: " && !x.hasNoWayBack()\n"},
		{name: "enforce past the gates", file: drift, old: "x.capAtApproved(x.intended())", new: "x.intended()"},
		{name: "share with nobody", file: "internal/rollout/plan.go", old: " || stable != nil && !stable.Wanted && !o.Deleting\n", new: "\n"},
		{name: "give the rule up by a cached revision", unit: "TestRevisionsOfADeletion", file: revisions, old: "imd.DeletionTimestamp.IsZero() || detached {", new: "true || detached {"},
		{name: "don't look whether a stack comes back", unit: "TestStackThatIsThereAgain", file: revisionPass, old: "if over(imr) && r.goneFor(imr) >= lookout {", new: "if over(imr) {"},
		{name: "give up by a late read of the rule", file: conclude, old: "	if x.wasExposed(r) {\n		settled = latest(", new: "	if false {\n		settled = latest(",
			also: &mutant{file: conclude, old: "	if x.wasExposed(r) {\n		retiring.", new: "	if false {\n		retiring."}},
		{name: "wait for times of the future", file: decide, old: "	note((*pass).correctTimes),\n", new: ""},
		{name: "overlook another one by the same name", test: "TestPredicates", file: "controllers/predicates.go", old: "bool { return e.", new: "bool { return false && e."},
		{name: "be Ready in a rollout", unit: "TestStatusIsOfItsGeneration", file: deploymentStatus, old: "ready, stalled, over := false, false, false", new: "ready, stalled, over := d.Phase == v1alpha1.PhaseShifting, false, false"},
		{name: "never scale", file: chores, old: "	if x.scaleOrSuspend(d) {", new: "	if false && x.scaleOrSuspend(d) {"},
		{name: "leave termination protection on", unit: "TestRecordOutlivesItsStack", file: revisionActions, old: "	if imr.Spec.Frozen.TerminationProtection {\n		if err", new: "	if false {\n		if err"},
		{name: "store the outcome after its effect", file: pass, old: "	return x.again(x.outcomeOf(&r)).with(r)\n", new: "	after := newPass(x.o, x.now, x.again(x.outcomeOf(&r)).with(r).Progress)\n	return after.ask(guardsOf(after.state()))\n}\n\nvar guardsOf func(State) []guard\n\nfunc init() {\n	guardsOf = func(s State) []guard { return states[s].guards }\n"},
		{name: "create a stack that was deleted by others", file: "internal/stack/stack.go", old: "		if known {\n			return changed(v1alpha1.RevisionFailed, \"deleted\", status)\n		}\n", new: ""},
		{name: "swallow a conflict in status", file: deploymentPass, old: "	if err := r.save(ctx, imd, view, decision); err != nil {\n		return retry(err)\n	}\n", new: "	_ = r.save(ctx, imd, view, decision)\n",
			survives: "it is as if the process had died right after its effect: the next pass comes anyway, and sees what was done"},
		{name: "say InSync without looking", unit: "TestInSync", file: summary, old: "	d.InSync = x.o.Route.Targets.Equal(d.Intended)\n", new: "	d.InSync = true\n"},
		{name: "trust a cache that is behind", test: "TestRevisionsThatTheCacheLacks", file: revisions, old: "if err != nil || r.written.shown(imd.UID, own) && !lacking(&imd.Status, own) {", new: "if r.written.shown(imd.UID, own); true {"},
		{name: "look only at once whether a stack comes back", test: "TestLooksAgainForWhatIsGone", file: revisionPass, old: "	case d.Gone():\n", new: "	case false:\n"},
		{name: "send the old list of what can't be deleted", test: "TestWhatCannotBeDeletedIsListedAnew", file: revisionActions, old: "		next.Retained = nil // a", new: "		// a"},
		{name: "ask a gate by another key each time", unit: "TestKeyOfAGate", file: gates, old: "imd.UID, rolloutID, run.At, run.AttemptKey())", new: "imd.UID, rolloutID, run.At, fmt.Sprint(run.AttemptKey(), run.Calls))"},
		{name: "take a gate's no for a yes", file: rolloutGates, old: "	case answer.State == AnswerYes:\n", new: "	case answer.State == AnswerYes || answer.State == AnswerNo:\n"},
		{name: "overlook a metric out of bounds", file: evidence, old: "if check.Result == v1alpha1.ResultFail && x.isJudged", new: "if check.Result == v1alpha1.ResultFail && check.Source != v1alpha1.SourceMetric && x.isJudged"},
		{name: "blame a metric for good measurements", file: evidence, old: "if check.Result == v1alpha1.ResultFail && x.isJudged", new: "if check.Result != v1alpha1.ResultPending && check.Source != v1alpha1.SourceAlarm && x.isJudged"},
		{name: "lose a verdict in a conflict", unit: "TestVerdictInAConflict", file: "controllers/timeline.go", old: "err = r.Live.Get(ctx, client.ObjectKeyFromObject(imr), live); err == nil {", new: "err = r.Live.Get(ctx, client.ObjectKeyFromObject(imr), live); false {"},
		{name: "overlook a vulnerability", file: evidence, old: "	case images.Result == v1alpha1.ResultFail:\n", new: "	case false:\n"},
	}
}
