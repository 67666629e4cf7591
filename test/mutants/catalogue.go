package main

import "slices"

// mutant is one plausible mistake: a text that is there once in a file, and
// what takes its place.
type mutant struct {
	name, file, old, new string
	// also is a second change that belongs to it.
	also *mutant
	// test of controllers, against a real Kubernetes API, that is made for it;
	// "" if the simulation is enough.
	test string
	// survives says why nothing catches it; "" for those that must be caught.
	survives string
}

const (
	deploymentActions = "controllers/immutabledeployment_actions.go"
	deploymentPass    = "controllers/immutabledeployment_controller.go"
	deploymentObserve = "controllers/immutabledeployment_observe.go"
	deploymentRule    = "controllers/immutabledeployment_rule.go"
	deploymentStatus  = "controllers/immutabledeployment_status.go"
	revisionActions   = "controllers/immutablerevision_actions.go"
	revisionPass      = "controllers/immutablerevision_controller.go"
	revisionStatus    = "controllers/immutablerevision_status.go"
	gates             = "controllers/gates.go"
	forward           = "internal/rollout/forward.go"
	finish            = "internal/rollout/finish.go"
)

// catalogue are the mistakes.
func catalogue() []mutant {
	return slices.Concat(makingAndShifting(), removingAndJudging(), forgetting())
}

func makingAndShifting() []mutant {
	return []mutant{
		{name: "skip the wait for requests to end", file: finish, old: "entry.Since.Add(x.o.Policy.Propagation + r.Drain + entry.Keep)", new: "entry.Since"},
		{name: "forget propagation before a stack goes", file: finish, old: "entry.Since.Add(x.o.Policy.Propagation + r.Drain + entry.Keep)", new: "entry.Since.Add(r.Drain + entry.Keep)"},
		{name: "forget to adopt on AlreadyExists", file: revisionActions, old: "		next.Phase = imr.Status.Phase\n		return nil", new: "		next.Phase = v1alpha1.RevisionFailed\n		return nil"},
		{name: "delete a stack by its name", file: revisionActions, old: "in.StackID = view.Stack.ID", new: "in.StackID = view.Stack.Name"},
		{name: "count a lost answer as a failure", file: revisionActions, old: "case cloud.KindOf(err) == cloud.KindInvalid:", new: "case err != nil && !cloud.IsConflict(err):"},
		{name: "decide by a cached deployment", file: deploymentPass, old: "r.Live.Get(ctx, req.NamespacedName, imd)", new: "r.Client.Get(ctx, req.NamespacedName, imd)"},
		{name: "decide by a cached revision", file: revisionPass, old: "r.Live.Get(ctx, req.NamespacedName, imr)", new: "r.Client.Get(ctx, req.NamespacedName, imr)"},
		{name: "write a weight before it is verified", file: forward, old: "case h.complete(x.capacity(candidate.Number)):\n		r.VerifiedAt", new: "case h.Known:\n		r.VerifiedAt",
			also: &mutant{file: forward, old: "if candidate.Health.complete(x.capacity(candidate.Number)) {\n			return nil", new: "if candidate.Health.Known {\n			return nil"}},
		{name: "increase without a look at health", file: forward, old: "if candidate.Health.complete(x.capacity(candidate.Number)) {\n			return nil", new: "if true {\n			return nil"},
		{name: "ignore observedGeneration", file: deploymentStatus, old: "	next.ObservedGeneration, next.Orphaned = imd.Generation, view.orphaned\n", new: "	next.Orphaned = view.orphaned\n"},
		{name: "hear a promotion again and again", file: "internal/rollout/requests.go", old: "		handled.Promote = asked.Promote\n", new: ""},
		{name: "don't hold a step", file: forward, old: "	case x.now.Before(end):\n", new: "	case false:\n"},
		{name: "go on without an approval", file: "internal/rollout/requests.go", old: "if !step.Approval || r.Full || r.ApprovedStep > r.Step {", new: "if true {"},
		{name: "go on although paused", file: "internal/rollout/requests.go", old: "if !x.still() || !r.active() && (x.served() || x.stuck()) {", new: "if _ = r; true {"},
		{name: "don't look after a new revision", file: forward, old: "return x.restless(r, candidate) || x.watch(r, candidate) || x.judged(r)", new: "return x.judged(r)"},
		{name: "delete the rule instead of routing back", file: finish, old: "	case len(intended) > 0:\n		x.write(intended)\n", new: "	case false:\n		x.write(intended)\n"},
		{name: "don't bring back what Recreate took", file: finish, old: "if !r.Outcome.Good() && x.restore(r) {", new: "if false {"},
		{name: "forget stacks that nobody came to use", file: finish, old: "if r.Wanted && !used && !listed {", new: "if r.Wanted && !used && !listed && false {",
			also: &mutant{file: finish, old: "	p.Retiring = append(p.Retiring, retiring)\n", new: "	_ = retiring\n"}},
		{name: "don't look who uses a stack", file: finish, old: "if x.rolling(r.Number) || x.o.Rule.Targets.Contains(r.TargetGroup) {", new: "if x.rolling(r.Number) {",
			also: &mutant{file: revisionActions, old: "	if err := r.checkUnused(ctx, imr, view); err != nil {\n		return err\n	}\n", new: ""}},
		{name: "route nowhere", file: "internal/rollout/targets.go", old: "t = append(t, Target{candidate, weight})", new: "t = append(t, Target{candidate, 0})"},
		{name: "take a stack of others for one's own", test: "TestForeignStack", file: revisionPass, old: "	if view.Owned, err = r.isRevisions(ctx, imr, view); err != nil ||", new: "	if view.Owned = true; err != nil ||"},
		{name: "take a rule of others for one's own", file: deploymentRule, old: "if view.Rule.Owned = r.owns(tags, string(imd.UID)); view.Rule.Owned {", new: "if view.Rule.Owned = true; view.Rule.Owned {"},
		{name: "forget the finalizer", file: deploymentPass, old: "if !controllerutil.ContainsFinalizer(imd, v1alpha1.Finalizer) {", new: "if false {"},
		{name: "let a revision go before its stack", file: revisionPass, old: "&& (view.Retained || decision.Gone()) {", new: "&& (view.Retained || decision.Action != \"\" || decision.Gone()) {"},
		{name: "let a deployment go before its revisions", file: deploymentActions, old: "	if err != nil || len(left) > 0 {\n		return err // one", new: "	if _ = left; err != nil {\n		return err // one",
			also: &mutant{file: "internal/rollout/removal.go", old: "	if len(x.o.Revisions) > 0 {\n", new: "	if false {\n"}},
	}
}

func removingAndJudging() []mutant {
	return []mutant{
		{name: "freeze a template twice", file: deploymentActions, old: "imr.Spec.Frozen.TemplateHash == view.WantHash && metav1.GetControllerOf(&imr) != nil && ", new: "false && "},
		{name: "look again at once, always", file: deploymentPass, old: "max(decision.After, soon)", new: "soon"},
		{name: "delete stacks before the rule", file: "internal/rollout/removal.go", old: "if p.DetachedAt.IsZero() || x.o.Rule.Exists && (x.o.Rule.Owned || x.o.Rule.Inherited) {", new: "if false {"},
		{name: "don't wait for requests in a deletion", file: "internal/rollout/removal.go", old: "	return x.o.Policy.Propagation + longest\n", new: "	return 0\n"},
		{name: "delete what shall be retained", file: "internal/rollout/removal.go", old: "	if x.o.Policy.Retain {\n		x.leave()", new: "	if false {\n		x.leave()"},
		{name: "don't give an adopted rule back", file: "internal/rollout/removal.go", old: "case x.d.Progress.Original != \"\" && x.routesToUs():", new: "case false:"},
		{name: "tell a template's secrets", file: revisionStatus, old: `r.emit(imr, kind, ready.Reason, "Reconcile", ready.Message)`, new: `r.Recorder.Eventf(imr, nil, kind, ready.Reason, "Reconcile", "%s", ready.Message+imr.Spec.Frozen.TemplateBody)`},
		{name: "keep all history", file: "controllers/limits.go", old: "s.History = s.History[:min(len(s.History), historyLength)]", new: "_ = historyLength"},
		{name: "take one's own write for someone else's", file: "internal/rollout/drift.go", old: "case rule.Targets.Equal(x.intended()), rule.Targets.Equal(p.Written):", new: "case rule.Targets.Equal(p.Written):"},
		{name: "enforce without a look at health", file: "internal/rollout/drift.go", old: "if !x.safe(targets) {", new: "if false {"},
		{name: "never run out of time", file: forward, old: "	if x.now.Sub(r.ProgressedAt) < limit {", new: "	if x.now.Sub(r.ProgressedAt) < limit || true {"},
		{name: "count an outage as lack of progress", file: "internal/rollout/decide.go", old: "lost := x.now.Sub(p.BlockedSince)", new: "lost := 0 * x.now.Sub(p.BlockedSince)"},
		{name: "count a person's time as lack of progress", file: forward, old: "	r.ProgressedAt = latest(r.ProgressedAt, r.UnhealthySince)\n", new: ""},
		{name: "give up what nothing can replace", file: forward, old: "	case x.alone():\n		x.wait(x.o.Policy.Poll)\n", new: ""},
		{name: "return to nothing", file: "internal/rollout/capacity.go", old: "		if x.reopen(r, stable) {\n			return true\n		}\n", new: "		_ = x.reopen\n"},
		{name: "return to what is dead", file: "internal/rollout/capacity.go", old: "if !smaller && !x.sole(r) || ", new: "if !smaller || "},
		{name: "give up all that answers for a new template", file: forward, old: "|| x.alone() || x.sole(r) {", new: "|| x.alone() {"},
		{name: "enforce past the gates", file: "internal/rollout/drift.go", old: "x.earned(x.intended())", new: "x.intended()"},
		{name: "share with nobody", file: "internal/rollout/decide.go", old: " || stable != nil && !stable.Wanted && !x.o.Deleting {", new: " || false && stable != nil {"},
		{name: "give the rule up by a cached revision", file: deploymentObserve, old: "imd.DeletionTimestamp.IsZero() || detached {", new: "true || detached {"},
		{name: "don't look whether a stack comes back", file: revisionPass, old: "if over(imr) && r.goneFor(imr) >= lookout {", new: "if over(imr) {"},
		{name: "give up by a late read of the rule", file: finish, old: "	if x.exposed(r) {\n		settled = latest(", new: "	if false {\n		settled = latest(", also: &mutant{file: finish, old: "	if x.exposed(r) {\n		retiring.", new: "	if false {\n		retiring."}},
		{name: "wait for times of the future", file: "internal/rollout/decide.go", old: "	x.d.Progress.correct(now)\n", new: ""},
		{name: "overlook another one by the same name", file: "controllers/predicates.go", old: "bool { return e.", new: "bool { return false && e."},
		{name: "be Ready in a rollout", file: deploymentStatus, old: "ready, stalled := false, false", new: "ready, stalled := d.Phase == v1alpha1.PhaseShifting, false"},
		{name: "never scale", file: finish, old: "	if x.scale() || x.retire() {", new: "	if x.retire() {"},
		{name: "leave termination protection on", file: revisionActions, old: "	if imr.Spec.Frozen.TerminationProtection {\n		if err", new: "	if false {\n		if err"},
		{name: "store the outcome after its effect", file: forward, old: "	x.announce(r)\n	x.wait(0)\n}", new: "	x.announce(r)\n	x.conclude(r)\n}"},
		{name: "create a stack that was deleted by others", file: "internal/stack/stack.go", old: "		if known {\n			return changed(v1alpha1.RevisionFailed, \"deleted\", status)\n		}\n", new: ""},
		{name: "swallow a conflict in status", file: deploymentPass, old: "	if err := r.save(ctx, imd, &view, decision); err != nil {\n		return retry(err)\n	}\n", new: "	_ = r.save(ctx, imd, &view, decision)\n",
			survives: "it is as if the process had died right after its effect: the next pass comes anyway, and sees what was done"},
		{name: "say InSync without looking", file: finish, old: "	d.InSync = x.o.Rule.Targets.Equal(d.Intended)\n", new: "	d.InSync = true\n"},
		{name: "trust a cache that is behind", file: deploymentObserve, old: "if err != nil || r.written.shown(imd.UID, own) && !lacking(&imd.Status, own) {", new: "if r.written.shown(imd.UID, own); true {"},
		{name: "look only at once whether a stack comes back", file: revisionPass, old: "	case d.Gone():\n", new: "	case false:\n"},
		{name: "send the old list of what can't be deleted", file: revisionActions, old: "		next.Retained = nil // a", new: "		// a"},
		{name: "ask a gate by another key each time", file: gates, old: "imd.UID, rolloutID, run.At, run.AttemptKey())", new: "imd.UID, rolloutID, run.At, run.AttemptKey()+strings.Repeat(\"+\", int(run.Calls)))"},
		{name: "take a gate's no for a yes", file: "internal/rollout/gates.go", old: "	case answer.State == AnswerYes:\n", new: "	case answer.State == AnswerYes || answer.State == AnswerNo:\n"},
		{name: "overlook a metric out of bounds", file: "internal/rollout/evidence.go", old: "if check.Result == v1alpha1.ResultFail && x.judges", new: "if check.Result == v1alpha1.ResultFail && check.Source != v1alpha1.SourceMetric && x.judges"},
		{name: "blame a metric for good measurements", file: "internal/rollout/evidence.go", old: "if check.Result == v1alpha1.ResultFail && x.judges", new: "if check.Result != v1alpha1.ResultPending && check.Source != v1alpha1.SourceAlarm && x.judges"},
		{name: "lose a verdict in a conflict", file: "controllers/timeline.go", old: "err = r.Live.Get(ctx, client.ObjectKeyFromObject(imr), live); err == nil {", new: "err = r.Live.Get(ctx, client.ObjectKeyFromObject(imr), live); false {"},
		{name: "overlook a vulnerability", file: "internal/rollout/evidence.go", old: "	images := candidate.Images\n", new: "	images := candidate.Images\n	if images.Result == v1alpha1.ResultFail {\n		images.Result = v1alpha1.ResultPass\n	}\n"},
	}
}
