package main

import "slices"

const (
	failures       = "internal/cloud/aws/failures.go"
	ecsTemplate    = "internal/template/ecs.go"
	idle           = "internal/rollout/idle.go"
	preflight      = "internal/preflight/preflight.go"
	routePreflight = "internal/route/alb/preflight.go"
	routePreview   = "internal/route/alb/preview.go"
	routeSuitable  = "internal/route/alb/suitable.go"
	routeParts     = "internal/route/alb/parts.go"
	expressMode    = "controllers/express.go"
	stackFailure   = "internal/stack/failure.go"
)

// aboutAWS are mistakes in what AWS takes, refuses and says.
func aboutAWS() []mutant {
	return slices.Concat(refusing(), preparing(), previewing(), scanningAndMeasuring(), answering(), losing(), hastening())
}

// refusing are mistakes in reading why a stack failed, and in trying again.
func refusing() []mutant {
	return []mutant{
		{name: "hold a quota inside of a stack against the template", unit: "TestKindOfFailure", file: failures, old: "	\"ServiceLimitExceeded\":         cloud.KindQuota,\n", new: "",
			also: &mutant{file: failures, old: "|quota`), cloud.KindQuota},", new: "|quota`), \"\"},"}},
		{name: "read only the words of a handler, not its code", unit: "TestKindOfFailure", file: failures, old: "	case kindsByHandler[code] != \"\":\n		return kindsByHandler[code]\n", new: ""},
		{name: "read only the code of a handler, not its words", unit: "TestKindOfFailure", file: failures, old: "	if kind := kindOfText(reason); kind != \"\" {\n		return kind\n	}\n", new: ""},
		{name: "don't ask what a validation objects to", unit: "TestObjections", file: failures, old: "	if slices.ContainsFunc(failed, explains) {\n", new: "	if true {\n"},
		{name: "take a warning of a validation for a failure", unit: "TestObjections", file: failures, old: "return out, e.ValidationFailureMode != types.HookFailureModeWarn && e.ValidationStatus != types.ValidationStatusSkipped", new: "return out, true"},
		{name: "hold a network that is cut against the template", unit: "TestConsider", file: stackFailure, old: "	case slices.ContainsFunc(tasks, func(t cloud.StoppedTask) bool { return t.CutOff }):\n", new: "	case false:\n"},
		{name: "excuse tasks that failed by others that were cut off", unit: "TestConsider", file: stackFailure, old: "	case slices.ContainsFunc(tasks, func(t cloud.StoppedTask) bool { return t.Failed }):\n", new: "	case false:\n"},
		{name: "don't tell which tasks the network cut off", unit: "TestStoppedTasksCutOff", file: "internal/cloud/aws/services.go", old: "CutOff: unstarted && cutOff(reason),", new: "CutOff: false && cutOff(reason),"},
		{name: "let a network that is cut decide a rollout", test: "TestExpressNetworkCut", file: "controllers/revisions.go", old: "	v1alpha1.ReasonNetworkUnavailable, v1alpha1.ReasonResourceConflict,", new: "	v1alpha1.ReasonResourceConflict,"},
		{name: "don't wait before a stack is created again", unit: "TestWaiting", file: "internal/stack/stack.go", old: "	case o.Stack == nil && o.Waiting != \"\":\n", new: "	case false:\n"},
		{name: "let the deadline run while AWS refuses a stack", unit: "TestRefusedStack", file: states, old: "			(*pass).blockOnStack,\n", new: ""},
		{name: "count the time of attempts in vain", unit: "TestRefusedStack", file: forward, old: "	d.Progress.Rollout.excuse(d.Progress.BlockedSince)\n", new: ""},
		{name: "give the old revision up if AWS refuses its stack", unit: "TestRefusedWayBack", file: capacity, old: "	case stable.Blocked != nil && stable.Wanted && stable.Stack != v1alpha1.RevisionCreated:\n", new: "	case false:\n"},
		{name: "don't count an attempt that crashed", test: "TestUncountedAttempts", file: revisionActions, old: "			next.Attempts++\n			next.Failure = nil\n", new: "			next.Failure = nil\n"},
		{name: "wait for ever with a token that was used", test: "TestTokenUsedBefore", file: revisionActions, old: "	case cloud.IsTokenUsed(err), err == nil && id == imr.Status.StackID:\n", new: "	case false:\n"},
		{name: "tell what is over", test: "TestRefusalIsForgotten", file: revisionActions, old: "(next.Failure == nil || next.Failure.Reason != \"\")", new: "next.Failure == nil"},
	}
}

// preparing are mistakes in what is looked at before a stack is made, and in the
// template that AWS gets.
func preparing() []mutant {
	return []mutant{
		{name: "start the new tasks of Recreate first", unit: "TestDeploymentOfTheService", file: ecsTemplate, old: "if in.StopFirst && rebalancing != azRebalancingEnabled {", new: "if false && rebalancing != azRebalancingEnabled {"},
		{name: "rebalance where no task may be added", unit: "TestDeploymentOfTheService", file: ecsTemplate, old: "if config.MaximumPercent == 100 && rebalancing == \"\" {", new: "if config.MaximumPercent == 0 && rebalancing == \"\" {"},
		{name: "take containers that wait for each other", unit: "TestBuildRefuses", file: "internal/template/order.go", old: "return append(path[i:len(path):len(path)], name)", new: "_ = i\n			return nil"},
		{name: "reserve no CPU by a zero", unit: "TestNoCPUReserved", file: ecsTemplate, old: "if cpu != nil && *cpu == 0 {", new: "if cpu != nil && *cpu < 0 {"},
		{name: "give a lost race the remedy of the route", unit: "TestRemedyOfFailure", file: backend, old: ", failure.Reason != \"\", aboutTags", new: ", aboutTags"},
		{name: "tell to change the template for a preview rule", unit: "TestRemedyOfFailure", file: backend, old: "	return mendRoute(b.of.Spec.Frozen.ListenerARN), true\n", new: "	return \"\", false\n"},
		{name: "tell to change the template whatever failed", unit: "TestRemedyOfWhatWasGivenUp", file: idle, old: "	case failed.Remedy == \"\":\n", new: "	case failed.Remedy != \"-\":\n"},
		{name: "don't tell how to try again after a remedy", unit: "TestRemedyOfWhatWasGivenUp", file: idle, old: "	case failed.Retriable:\n", new: "	case false:\n"},
		{name: "tell to raise a quota that can't be raised", unit: "TestQuota", file: "internal/cloud/quota.go", old: "	case q.Fixed:\n", new: "	case false:\n"},
		{name: "don't tell how a deleted service comes back", test: "TestScaleOfDeletedService", file: "controllers/messages.go", old: "	if restoring != \"\" {\n", new: "	if restoring == \"-\" {\n"},
		{name: "make a stack although something is missing", unit: "TestPrerequisitesBlock", file: "internal/rollout/prerequisites.go", old: "	missing := x.o.Prerequisites.Missing", new: "	missing := (*Blocked)(nil)"},
		{name: "look at what is missing after room is made", unit: "TestPrerequisitesBlock", file: states, old: "			(*pass).blockOnPrerequisites,\n			note((*pass).noteUnchecked),\n			(*pass).makeRoom,", new: "			(*pass).makeRoom,\n			(*pass).blockOnPrerequisites,\n			note((*pass).noteUnchecked),"},
		{name: "make a stack on capacity that its cluster lacks", unit: "TestCapacityProviders", file: preflight, old: "len(lacks) > 0 {", new: "false {"},
		{name: "tell an alarm that is missing before all else", unit: "TestNeedsPreflight", file: "internal/rollout/prerequisites.go", old: "trouble == nil || trouble.Reason == v1alpha1.ReasonAlarmNotFound", new: "trouble == nil"},
		{name: "tell a listener that is missing before all else", unit: "TestNeedsPreflight", file: "internal/rollout/prerequisites.go", old: "isNew && x.o.Blocked.Reason == v1alpha1.ReasonRouteNotFound", new: "isNew && false"},
		{name: "block on a permission that is missing", unit: "TestPrerequisites", file: preflight, old: "	if cloud.KindOf(err) != cloud.KindDenied {", new: "	if err != nil {"},
		{name: "tell one finding an attempt", unit: "TestPrerequisites", file: preflight, old: "	switch n := len(r.Findings); n {", new: "	switch n := min(len(r.Findings), 1); n {"},
		{name: "send tasks where the load balancer isn't", unit: "TestSubnets", file: preflight, old: "		case len(from.Zones) > 0 && !slices.Contains(from.Zones, subnet.Zone):", new: "		case false:"},
		{name: "remember what is missing", unit: "TestNetwork", file: "internal/cloud/aws/network.go", old: "	for id, value := range fresh {", new: "	for _, id := range missing {\n		value := fresh[id]"},
		{name: "believe a role of the same name with another path", unit: "TestRole", file: "internal/cloud/aws/roles.go", old: "awssdk.ToString(out.Role.Arn) != roleARN", new: "false"},
		{name: "refuse a role of which it can't be told whom it trusts", unit: "TestTrusted", file: "internal/cloud/aws/roles.go", old: "			return nil\n		}\n	}\n	return all", new: "		}\n	}\n	return all"},
		{name: "create a role at another path", unit: "TestRemediesOfRoles", file: preflight, old: "field, name, pathOf(arn), tasksTrust", new: "field, name, \"/\", tasksTrust"},
		{name: "name another platform than the tasks'", unit: "TestExplain", file: "internal/template/ecs_source.go", old: "p != nil && p.CPUArchitecture == \"ARM64\"", new: "p != nil && p.CPUArchitecture == \"arm64\""},
		{name: "count tasks that Spot took back", test: "TestSpotInterruptions", file: "internal/cloud/aws/services.go", old: "	case types.TaskStopCodeEssentialContainerExited:", new: "	case types.TaskStopCodeEssentialContainerExited, types.TaskStopCodeSpotInterruption:"},
		{name: "take containers that mount each other's volumes", unit: "TestBuildRefuses", file: "internal/template/order.go", old: "range containers[i].VolumesFrom {", new: "range containers[i].VolumesFrom[:0] {"},
		{name: "make a cluster without its providers", unit: "TestBuildGolden", file: "internal/template/capacity.go", old: "	if len(t.CapacityProviderStrategy) > 0 {", new: "	if len(t.CapacityProviderStrategy) > 2 {"},
		{name: "tell the network's remedy of any file system", unit: "TestExplain", file: "internal/template/volumes.go", old: "strings.Contains(failure, r.words) })", new: "r.words == \"\" })"},
		{name: "forget what Recreate frees", test: "TestRecreateMakesRoom", file: routePreflight, old: "	rules, groups := 1-gone, 1-gone", new: "	rules, groups := 1, 1"},
		{name: "don't count the listener's own rules", test: "TestRuleQuota", file: routePreflight, old: "			room.Rules++", new: "			_ = rule"},
		{name: "take a load balancer that another controller makes", test: "TestLoadBalancerOfTheController", file: routePreflight, old: "			report.Find(controllersOwn(arn, cluster))", new: "			_ = cluster"},
	}
}

// previewing are mistakes with the rules of others, and in a preview that would
// be a way around them.
func previewing() []mutant {
	return []mutant{
		{name: "preview without the rule's authentication", unit: "TestPreviewRuleRepeatsTheProductionRule", file: routePreview, old: "in.Before, in.Transforms = r.rule.Before, r.rule.Transforms", new: "in.Transforms = r.rule.Transforms"},
		{name: "preview without the rule's transforms", unit: "TestPreviewRuleRepeatsTheProductionRule", file: routePreview, old: "in.Before, in.Transforms = r.rule.Before, r.rule.Transforms", new: "in.Before = r.rule.Before"},
		{name: "come before a rule that denies", unit: "TestFreeBefore", file: "internal/route/alb/priority.go", old: "!given && !isPreview(rule) && overlap(conditions, rule.Conditions)", new: "false && overlap(conditions, rule.Conditions)"},
		{name: "adopt a secret that can't be repeated", unit: "TestUnsuitable", file: routeSuitable, old: "case template.Repeatable(a):", new: "case template.Repeatable(a), true:"},
		{name: "adopt a default rule", unit: "TestUnsuitable", file: routeSuitable, old: "case rule.Priority == 0:", new: "case rule.Priority < 0:"},
		{name: "don't give idle target groups back", unit: "TestIdleTargetGroupsComeBack", file: "internal/route/alb/alb.go", old: "if !back || len(idle) == 0 {", new: "if back = back; true {"},
		{name: "take one host of two for all", unit: "TestCovers", file: "internal/route/alb/shadow.go", old: "		if !slices.ContainsFunc(outer.Values, covered) {\n			return false\n		}\n	}\n	return len(inner.Values) > 0", new: "		if slices.ContainsFunc(outer.Values, covered) {\n			return true\n		}\n	}\n	return false"},
		{name: "tell of a part that isn't taken", unit: "TestTaken", file: routeParts, old: "		if len(values) == 0 {\n			return \"\"\n		}\n", new: "		if len(values) == 0 {\n			continue\n		}\n"},
		{name: "tell of parts within a namespace", unit: "TestParts", file: routeParts, old: "if name, ok := neighbours[p.rule.ARN]; ok {", new: "if name := neighbours[p.rule.ARN]; true {"},
		{name: "count a namespace's own deployments as others'", test: "TestPathOfAnotherNamespace", file: "controllers/router.go", old: "id != \"\" && imd.Namespace != namespace", new: "id != \"\""},
		{name: "have stars end together", unit: "TestIntersects", file: "internal/wildcard/wildcard.go", old: "row[j] = rest[j] || row[j+1]", new: "row[j] = rest[j]"},
		{name: "print a command that drops sign-in from a rule", unit: "TestPlainRules", file: "internal/cloud/aws/rules.go", old: "len(native.actions) == 1 && !isSticky(forward)", new: "!isSticky(forward)"},
		{name: "make a token that can be guessed", test: "TestPreviewIsNoWayAround", file: deploymentActions, old: "frozen.PreviewToken = r.NewToken()", new: "frozen.PreviewToken = fmt.Sprintf(\"%026d\", number)"},
		{name: "forget the token with a lost record", test: "TestRecordIsMadeAgain", file: "controllers/recall.go", old: "frozen.PreviewToken = template.ReadPreviewRule(body).Token", new: "_ = body"},
		{name: "tell the token that a gate repeats", test: "TestGateThatEchoes", file: gates, old: "hook.Redact(text, view.records[i].Spec.Frozen.PreviewToken)", new: "hook.Redact(text, view.records[i].Spec.Frozen.PreviewToken[:0])"},
		{name: "don't tell that authentication was added", test: "TestAuthenticationAddedLater", file: routePreview, old: "r.precedes(preview) && !alike(", new: "r.precedes(preview) && false && !alike("},
	}
}

// scanningAndMeasuring are mistakes in evidence of images, metrics and alarms.
func scanningAndMeasuring() []mutant {
	return []mutant{
		{name: "let an image pass right after its push", unit: "TestScanRightAfterPush", file: "internal/cloud/aws/scans.go", old: "scan.Status == cloud.ScanDone && !looked(found)", new: "false"},
		{name: "ask for the scan of an index", unit: "TestScanOfAnIndex", file: "internal/cloud/aws/manifests.go", old: "!isIndex && len(index.Manifests) == 0", new: "!isIndex || len(index.Manifests) > 0"},
		{name: "judge the image of another architecture", test: "TestScanOfAnIndex", file: "internal/template/ecs_source.go", old: "p.CPUArchitecture == \"ARM64\"", new: "p.CPUArchitecture == \"ARM\""},
		{name: "take any index for the tasks' CPU", test: "TestImageOfAnotherPlatform", file: "internal/cloud/aws/images.go", old: "	return digest != \"\", err", new: "	_ = digest\n	return true, err"},
		{name: "allow a registry whose name only begins alike", unit: "TestAllowsTag", file: "api/v1alpha1/accessors.go", old: "strings.HasPrefix(repository, registry+\"/\")", new: "strings.HasPrefix(repository, registry)"},
		{name: "don't count requests without an answer", unit: "TestMetricJudges", file: "internal/analysis/measure.go", old: "failed+max(refused, missing), missing", new: "failed+refused, 0*missing"},
		{name: "hold late data against a revision", unit: "TestMetricAwaitsLateData", file: "internal/analysis/judge.go", old: "	again.measure(true)", new: "	again.measure(false)"},
		{name: "overlook alarms on logs", unit: "TestLogAlarms", file: "internal/cloud/aws/alarms.go", old: "types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm}", new: "types.AlarmTypeCompositeAlarm}"},
		{name: "rely on an alarm that can't be evaluated", unit: "TestAlarm", file: "internal/analysis/alarm.go", old: "		if alarm.Doubt != \"\" {\n			return", new: "		if false {\n			return"},
		{name: "look for alarms in the second rollout only", unit: "TestEvidenceNeeded", file: evidence, old: "return Evidence{Alarms: !x.isServed() && !x.isStuck()}", new: "return Evidence{Alarms: x.canReturn() && !x.isServed() && !x.isStuck()}"},
		{name: "hold a first rollout up for an alarm that is on", unit: "TestAlarmsBeforeTheFirstRollout", file: evidence, old: "x.o.Policy.ProceedInAlarm || !x.canReturn():", new: "x.o.Policy.ProceedInAlarm:"},
		{name: "count tasks that the network cut off", unit: "TestWantOfCapacityIsNoFault", file: "internal/cloud/aws/services.go", old: "!starved(reason) && !cutOff(reason)", new: "!starved(reason)"},
	}
}

// answering are mistakes in hearing people, in answering them, and in what is kept
// of a revision that failed.
func answering() []mutant {
	return []mutant{
		{name: "forget a request whose annotation goes", unit: "TestRequestsWait|TestAbort", file: decide, old: "	note((*pass).keepRequests),\n", new: ""},
		{name: "hear again what was heard", unit: "TestAbort", file: requests, old: "	x.p.Waiting, x.p.Handled = Requests{}, x.o.Requests\n", new: "	x.p.Waiting, x.p.Handled = x.o.Requests, x.o.Requests\n"},
		{name: "tell to promote a step that can't be heard", unit: "TestWhatToTypeInstead", file: requests, old: "		return \"/full\"\n", new: "		return \"/1\"\n"},
		{name: "stop the tasks of a kept stack while requests end", unit: "TestKeptFailedIsIdle", file: chores, old: "!x.now.Before(x.drained(entry, r)) && x.now.Before(x.due(entry, r))", new: "x.now.Before(x.due(entry, r))"},
		{name: "have a kept stack keep what serves from being complete", unit: "TestKeptFailedIsAlone", file: idle, old: "left, r := x.unneeded(), x.p.Rollout", new: "left, r := x.leftovers(), x.p.Rollout"},
		{name: "keep every stack that failed", unit: "TestKeptFailedIsAlone", file: conclude, old: "			if retiring.Keep > 0 {", new: "			if false {"},
		{name: "name a field manager that Flux takes for kubectl", unit: "TestFieldManagerIsNotKubectls", file: "internal/command/command.go", old: "const FieldManager = \"oncall\"", new: "const FieldManager = \"kubectl-oncall\""},
		{name: "forget a request while AWS refuses", test: "TestRequestOutlivesItsAnnotation", file: deploymentStatus, old: "		next.Waiting = requestStatus(waiting)\n", new: "		_ = waiting\n"},
		{name: "forget the log group of a stack that failed", test: "TestLogsOfFailedRevision", file: revisionActions, old: "		next.LogGroup = source.Logs(&imr.Spec.Frozen.Template, imr.Spec.StackName, resources[template.LogicalLogGroup]).Group\n", new: "		_ = source\n"},
		{name: "don't hear of misspelled annotations", test: "TestMisspelledAnnotation", file: requests, old: "		x.tellUnknown(unknown)\n", new: ""},
	}
}

// losing are mistakes in an outage, and while AWS lets nobody in.
func losing() []mutant {
	return []mutant{
		{name: "share requests with a service that is gone", unit: "TestNothingIsSharedWithTheLost", file: "internal/rollout/questions.go", old: "	if weight > 0 && x.isStableLost() {", new: "	if weight < 0 && x.isStableLost() {"},
		{name: "take a deleted rule for available", unit: "TestAvailableLooksAtTheRule|TestOutageIsTold", file: summary, old: "		return new(x.isAnswered())\n", new: "		return new(stable.Health.Healthy > 0)\n"},
		{name: "say that what is lost serves", unit: "TestOutageIsTold", file: states, old: "			(*pass).returnToPrevious,\n			(*pass).reportOutage,\n", new: "			(*pass).returnToPrevious,\n"},
		{name: "let a deployment at rest sleep though a neighbour sees its rule gone", test: "TestNeighbourSeesDeletedRule", file: "controllers/neighbours.go", old: "			r.Wake(other)\n", new: "			_ = other\n"},
		{name: "let go of a record without a word of its stack", test: "TestOrphans", file: revisionPass, old: "	r.emit(imr, corev1.EventTypeWarning, v1alpha1.ReasonStackKept, \"Release\", stackStays(imr.Spec.StackName, cause))\n", new: "	_, _ = corev1.EventTypeWarning, stackStays(imr.Spec.StackName, cause)\n"},
		{name: "tell of an outage as if it were no news", test: "TestRuleDeletedWhileIdle", file: "controllers/events.go", old: "announcement{corev1.EventTypeWarning, is.Reason, \"\", is.Message + \". \" + is.Remedy}", new: "announcement{corev1.EventTypeNormal, is.Reason, \"\", is.Message + \". \" + is.Remedy}"},
		{name: "call it passing while an alarm keeps the rollout from starting", test: "TestAlarmBefore", file: deploymentStatus, old: "		set.set(v1alpha1.ConditionAnalysis, metav1.ConditionFalse, blocked, d.Blocked.Message)\n", new: "		set.set(v1alpha1.ConditionAnalysis, metav1.ConditionTrue, blocked, d.Blocked.Message)\n"},
		{name: "call an alarm a metric", test: "TestAlarmDuring", file: deploymentStatus, old: "v.Source == v1alpha1.SourceAlarm\n", new: "v.Source == v1alpha1.SourceGate\n"},
		{name: "ignore a retry of what served", unit: "TestRetryOfWhatServed", file: requests, old: "	case x.hearRestore(value):\n", new: ""},
		{name: "don't create a deleted rule anew", unit: "TestRetryOfWhatServed", file: "internal/rollout/outage.go", old: "		x.p.Written = nil\n", new: ""},
		{name: "let an alarm prolong an outage", unit: "TestAlarmDoesNotKeepAnOutage", file: evidence, old: "v1alpha1.CauseRevert, x.isStableLost(): // an outage is over the sooner", new: "v1alpha1.CauseRevert:"},
		{name: "flap while a gate can't be asked", unit: "TestUnavailableDoesNotFlap", file: rolloutGates, old: "		d = x.stayUnavailable(d)\n", new: "			d.StillBlocked = true\n"},
		{name: "go on with a rollout of no tasks", unit: "TestSwitchedOffInARollout", file: questions, old: "(candidate.Hash != x.o.WantHash || x.isOff())", new: "candidate.Hash != x.o.WantHash"},
		{name: "start a rollout of no tasks", unit: "TestSwitchedOff", file: states, old: "			(*pass).reportOff,\n			(*pass).awaitOldStack,\n", new: "			(*pass).awaitOldStack,\n"},
		{name: "call it an outage to be switched off", unit: "TestSwitchedOff", file: "internal/rollout/outage.go", old: " && !x.isAsleep():", new: ":"},
		{name: "return from what was switched off", unit: "TestSwitchedOffAfterPromotion", file: idle, old: "x.p.Off || r == nil", new: "r == nil"},
		{name: "switch off without a way back", unit: "TestSwitchedOffInRecreate", file: "internal/rollout/capacity.go", old: "!stable.Wanted && !x.isOff():", new: "!stable.Wanted:"},
		{name: "call a scale-up a loss", unit: "TestScalingUpIsNoLoss", file: questions, old: " && !x.isGrowing():", new: ":"},
		{name: "wait for a scale-up without an end", unit: "TestScalingUpIsNoLoss", file: capacity, old: "	return x.now.Before(p.ScalingSince.Add(x.o.Policy.ProgressDeadline))\n", new: "	return true\n"},
		{name: "bind before AWS lets it in", test: "TestRoleDenied", file: deploymentPass, old: "	if !bound && (err == nil || len(view.records) > 0) {", new: "	if !bound {"},
		{name: "pin other images for what is made anew", test: "TestStackDeletedWhileIdle", file: deploymentActions, old: "	if lost == nil {\n", new: "	if lost == nil || true {\n"},
		{name: "tell what was measured before AWS was out of reach", test: "TestNothingIsMeasuredMeanwhile", file: deploymentStatus, old: "	if measuring && meta.", new: "	if measuring = false; measuring && meta."},
		{name: "say Shifting while AWS denies", test: "TestTrouble", file: deploymentStatus, old: "		next.Phase = v1alpha1.PhasePaused // as for all else", new: "		// as for all else"},
	}
}

// hastening are mistakes with stacks that are complete before their tasks run.
func hastening() []mutant {
	return []mutant{
		{name: "take a stack in express mode for created at once", test: "TestExpressBadRevision|TestExpressWantOfCapacity", file: expressMode, old: "	f.Service = &service\n", new: "	_ = service\n"},
		{name: "let the deadline pass for want of capacity", test: "TestExpressWantOfCapacity", file: expressMode, old: "service.LastEvent); found.Message == starting {", new: "service.LastEvent); starting != \"\" {"},
		{name: "don't follow a creation that went unnoticed", unit: "TestIsAwaited", file: expressMode, old: "r.FinishedAt == nil && r.VerifiedAt == nil", new: "r.FinishedAt != nil && r.VerifiedAt == nil"},
		{name: "delete a stack in express mode before its tasks have ended", unit: "TestDrains", file: expressMode, old: "return isExpress(imr) && (", new: "return false && ("},
		{name: "say in two places what becomes of a failure", unit: "TestExpressMode", file: "internal/cloud/aws/stacks.go", old: "	} else {\n		request.OnFailure", new: "	}\n	if true {\n		request.OnFailure"},
		{name: "give a service up that goes on", unit: "TestExpress", file: "internal/stack/stack.go", old: "	case service.RolloutState == cloud.RolloutFailed:\n", new: "	case service.RolloutState != \"\":\n"},
	}
}
