package main

const (
	revisions = "controllers/revisions.go"
	inUse     = "controllers/inuse.go"
	backend   = "internal/route/alb/backend.go"
	lost      = "controllers/lost.go"
	ownership = "internal/ownership/ownership.go"
	writer    = "controllers/writer.go"
)

// forgetting are mistakes in handling a cluster that lost state, that is a copy
// of another one, or that uses the wrong account.
func forgetting() []mutant {
	return []mutant{
		{name: "judge by status who uses a stack", unit: "TestCheckUnused", file: backend, old: "	if stack == nil { // not shown", new: "	if true { // not shown"},
		{name: "look for users on one listener only", test: "TestStackInUseOnAnotherListener", file: backend, old: "RulesTo(ctx, group)", new: "Rules(ctx, b.of.Spec.Frozen.ListenerARN)",
			also: &mutant{file: backend, old: "		if rule.ARN != preview {", new: "		if len(rule.Targets) > 0 && rule.Targets[0].TargetGroupARN == group && rule.ARN != preview {"}},
		{name: "take the last worker that works", test: "TestLastWorkerIsKept", file: inUse, old: "if !works || !relies(", new: "if !works || true || !relies("},
		{name: "find nothing by the rule", unit: "TestLostStacks", file: lost, old: "	if len(unknown) == 0 {\n", new: "	if true {\n"},
		{name: "find nothing by name", unit: "TestLostStacks", file: lost, old: "range all {", new: "range all[:0] {"},
		{name: "list stacks only where status is incomplete", unit: "TestLostStacks", file: lost, old: "r.Now().Sub(last) < auditEvery && ", new: ""},
		{name: "end a deletion without a last look", unit: "TestLastLook", file: deploymentActions, old: "	if !view.facts.Policy.Retain {\n", new: "	if false {\n"},
		{name: "leave records alone that nobody owns", unit: "TestLostStacks", file: lost, old: "r.lostByRoute, r.lostByOwner, r.lostByName}", new: "r.lostByRoute, r.lostByName}"},
		{name: "claim records without a proof", unit: "TestLostStacks", file: lost, old: "		case ours:\n", new: "		case ours || true:\n"},
		{name: "leave a stack that was found to itself", unit: "TestLostStacks", file: lost, old: "reasonOf(imr) == v1alpha1.ReasonStackFound && ", new: "false && "},
		{name: "run a second worker beside one that was left", unit: "TestLostStacks", file: lost, old: "	case here && view.facts.Route.None && len(view.records) == 0:\n", new: "	case false:\n"},
		{name: "don't recall stacks", unit: "TestRecall", file: decide, old: "	(*pass).recallLost,\n", new: ""},
		{name: "delete a stack that was found", unit: "TestStackWithoutHistory", file: "internal/stack/stack.go", old: "	case o.surprising():\n", new: "	case false:\n"},
		{name: "give the number of a stack again", test: "TestNumberOfAForeignStack", file: deploymentActions, old: "		case cloud.IsNotFound(err):\n			return number, nil, nil", new: "		case true:\n			return number, nil, nil"},
		{name: "freeze a stack that is found once more", file: deploymentActions, old: "case r.claimOf(imd).Owns(found.Tags) && found", new: "case false && found",
			survives: "the stack of the number that is skipped is found by its name in the next audit, and recalled or removed then"},
		{name: "delete the rule whatever it forwards to", test: "TestRuleStaysWhereItForwards", file: conclude, old: "	return x.others(r) //", new: "	return nil //"},
		{name: "take a UID for proof in any cluster", test: "TestMoveToAnotherCluster|TestCopyWithAnIDOfItsOwn", file: ownership, old: " && tags[v1alpha1.TagUID] == c.UID && tags[v1alpha1.TagCluster] == c.Cluster", new: " && tags[v1alpha1.TagUID] == c.UID"},
		{name: "adopt whatever is there", test: "TestMoveToAnotherCluster|TestRemedyAfterALostCluster", file: ownership, old: "	return slices.Contains(SplitList(ns.Annotations[v1alpha1.AnnotationAdopt]), uid), nil", new: "	return true, nil"},
		{name: "adopt what has another name", test: "TestAdoptedByAnotherName", file: ownership, old: "if c.IsNamesake(tags) && slices", new: "if slices"},
		{name: "believe a status that is behind", test: "TestStatusFromBeforeARollout", file: recovery, old: " || rule.Writer == x.o.Writer || slices", new: " || true || slices"},
		{name: "write what another cluster wrote", test: "TestMarkedInMidRollout", file: writer, old: "return r.reconsider(ctx, imd, view, d, mark)", new: "return d, nil"},
		{name: "write a rule that was taken over", unit: "TestRuleThatWasTakenOver", file: writer, old: "	if !r.claimOf(imd).Owns(tags) && !stripped {\n", new: "	if false && !stripped {\n"},
		{name: "go on with the mark of the step before", unit: "TestMark", file: writer, old: "if count == reached && (", new: "if count != \"\" && ("},
		{name: "set a mark before it is remembered", unit: "TestMarking", file: recovery, old: "	if slices.Contains(o.Progress.Writers, o.Writer) {\n", new: "	if true {\n"},
		{name: "forget what serves with status", unit: "TestTakeOver", file: recovery, old: "	if !x.isForgetful() && !x.isBereft() && !x.isHeirless() {\n", new: "	if !x.isBereft() && !x.isHeirless() {\n"},
		{name: "forget what serves with its record", unit: "TestTakeOver", file: recovery, old: "	if !x.isForgetful() && !x.isBereft() && !x.isHeirless() {\n", new: "	if !x.isForgetful() && !x.isHeirless() {\n"},
		{name: "take what others route to for what serves", unit: "TestTakeOver", file: recovery, old: "	if x.isBereft() && serves != nil && x.o.Route.Exists && ", new: "	if false && "},
		{name: "trust a worker that is to be removed", unit: "TestTakeOver", file: recovery, old: "x.isThere(r) && !idle && (x.isBereft() || !x.isDismissed(r))", new: "x.isThere(r) && !idle"},
		{name: "forget where an adopted rule went", unit: "TestOriginalOfAnAdoptedRule", file: ruleObserve, old: "tags[v1alpha1.TagWriter], tags[v1alpha1.TagOriginal]", new: "tags[v1alpha1.TagWriter], \"\""},
		{name: "delete what was orphaned", unit: "TestOrphanedDeletion", file: revisions, old: "	view.orphaned = view.facts.Deleting && (", new: "	view.orphaned = false && ("},
		{name: "take its tags off an orphaned rule", unit: "TestOrphanedDeletion", file: router, old: "		view.facts.Route.Owned = false // it keeps", new: "		_ = view // it keeps"},
		{name: "delete the stack of a record that nobody owns", unit: "TestRecordThatNobodyOwns", file: revisionPass, old: "	if view.owner == nil && !view.facts.Deleting && !view.facts.Retained {\n", new: "	if false {\n"},
		{name: "let the record of a stack in use go", test: "TestStackInUseOnAnotherListener|TestLastWorkerIsKept", file: revisionPass, old: "	if view.owner == nil && inUse(cause) {\n", new: "	if inUse(cause) {\n"},
		{name: "keep a record whose stack others use", test: "TestOrphans", file: revisionPass, old: "	if view.owner == nil && inUse(cause) {\n", new: "	if false {\n"},
		{name: "make a stack again beside another cluster", unit: "TestContestedStackIsNotMadeAgain", file: revisionPass, old: "cmp.Or(view.facts.Waiting, contested(owner))", new: "cmp.Or(view.facts.Waiting, \"\")"},
		{name: "look all the time at what is contested", unit: "TestContestedStackIsNotMadeAgain", file: revisionPass, old: "	case d.Phase == v1alpha1.RevisionPending && view.facts.Waiting != \"\":\n		return r.Timing.Poll\n", new: ""},
		{name: "delete the rule of another cluster again and again", unit: "TestDeletionOverrulesOnce", file: removal, old: "	if !x.p.DetachedAt.IsZero() && x.o.Route.Exists {\n", new: "	if false {\n"},
		{name: "enforce while paused", test: "TestPauseHoldsEnforceBack", file: drift, old: "return x.o.Policy.Enforce && !x.isStill() }", new: "return x.o.Policy.Enforce }",
			also: &mutant{file: decide, old: "	(*pass).pause,\n", new: "	(*pass).enforceRule,\n	(*pass).pause,\n"}},
		{name: "don't hear an abort in drift", unit: "TestAbortInDrift", file: decide, old: "	note((*pass).hearRequests),\n	(*pass).concludeAborted,\n", new: "",
			also: &mutant{file: decide, old: "	(*pass).blockOnDrift,\n", new: "	(*pass).blockOnDrift,\n	note((*pass).hearRequests),\n	(*pass).concludeAborted,\n"}},
		{name: "don't see a sick revision in drift", test: "TestSickWhileDrifted", file: decide, old: "	(*pass).giveUpInDrift,\n", new: ""},
		{name: "work in whatever account", test: "TestDeletionInAnotherAccount|TestListenerOfAnotherAccount", file: "controllers/account.go", old: "ok && there != here {", new: "false && ok && there != here {"},
		{name: "look at the account beforehand only", test: "TestAccountIsCheckedBeforeAndAfter", file: "controllers/account.go", old: "{check, read, check}", new: "{check, read}"},
		{name: "leave everything since an account is shut", test: "TestDeletionWithoutAnAccount", file: "controllers/farewell.go", old: "return o.Deleting && o.Policy.Retain && t.shut()", new: "return o.Deleting && t.shut()"},
		{name: "have a stack lose its record", test: "TestRecordIsMadeAgain", file: "internal/template/template.go", old: "	if err == nil && len(body) > MaxBytes {\n", new: "	if err == nil {\n"},
		{name: "take an adopted rule's own canary for drift", unit: "TestTakesOverTheCanaryOfAnAdoptedRule", file: drift, old: "|| len(x.p.Written) == 0 && x.sharesWithOurs() {", new: "{"},
		{name: "take over what others route", unit: "TestTakesOverTheCanaryOfAnAdoptedRule", file: drift, old: "len(x.p.Written) == 0 && x.sharesWithOurs()", new: "len(x.p.Written) == 0"},
		{name: "leave requests with a canary that is forgotten", unit: "TestTakesOverTheCanaryOfAnAdoptedRule", file: idle, old: "	return x.o.Route.Exists && (", new: "	return false && ("},
		{name: "give requests back to what is ill", unit: "TestTakesOverTheCanaryOfAnAdoptedRule", file: idle, old: "(!x.o.Original.Known || x.o.Original.Healthy > 0)", new: "true"},
		{name: "wait for a stack between two attempts", unit: "TestGivenUpBetweenAttempts", file: "internal/stack/stack.go", old: " && o.unasked() && !o.Attempted:", new: " && o.unasked():"},
	}
}
