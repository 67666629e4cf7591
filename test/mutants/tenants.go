package main

const (
	allowance      = "internal/rollout/allowance.go"
	listenerPolicy = "internal/policy/listener.go"
	policies       = "internal/policy/policy.go"
	policyObserve  = "controllers/policy.go"
	reachFile      = "cmd/manager/reach.go"
)

// keepingApart are mistakes in what a namespace may use.
func keepingApart() []mutant {
	return []mutant{
		{name: "let a wildcard pass for one letter", unit: "TestCovers", file: "internal/wildcard/wildcard.go", old: "pattern[p] == '?' && value[v] != '*'", new: "pattern[p] == '?'"},
		{name: "take a rule without a host for harmless", unit: "TestListener", file: listenerPolicy, old: "	return []string{\"*\"}\n", new: "	return nil\n"},
		{name: "let previews come before all", unit: "TestListener", file: listenerPolicy, old: "	case band.Last != nil:\n		return 1\n", new: ""},
		{name: "require a policy of nobody", unit: "TestFor", file: policies, old: "len(r.selecting) == 0 && !required", new: "len(r.selecting) == 0 && (required || true)"},
		{name: "overlook a policy that can't be read", unit: "TestFor", file: policies, old: "			return Rules{namespace: namespace, unreadable: unreadable(policies[i].Name, err)}\n", new: "			continue\n"},
		{name: "let the controller's own role be a way around", unit: "TestOwnRole", file: policies, old: "	if !restricted || r.lists(u) {", new: "	if !restricted || true {"},
		{name: "start again without asking policies", unit: "TestNeedsPolicy", file: allowance, old: "	x.hearRequests()\n", new: ""},
		{name: "let a policy hinder a way back", unit: "TestNeedsPolicy", file: allowance, old: "want == nil || x.cause(want) != v1alpha1.CauseRevert", new: "want == nil || x.cause(want) != v1alpha1.CauseRetry"},
		{name: "let a policy keep an outage of Recreate", unit: "TestNeedsPolicy", file: allowance, old: "		return !x.isMakingRoom() //", new: "		return true //"},
		{name: "tag a rule before it is known to be allowed", unit: "TestNotAllowed", file: decide, old: "	(*pass).blockAdoption,\n", new: ""},
		{name: "create a rule that isn't allowed any more", unit: "TestNotAllowed", file: states, old: "			(*pass).awaitTasks,\n			(*pass).blockIfNotAllowed,\n", new: "			(*pass).awaitTasks,\n"},
		{name: "call what isn't allowed any more", test: "TestGateIsTakenBack", file: policyObserve, old: "	return refused(rules.Gate(gate))\n", new: "	_ = refused(rules.Gate(gate))\n	return nil\n"},
		{name: "create any repository", test: "TestRepositoryIsNotAllowed", file: policyObserve, old: "	return refused(view.rules.Repository(image.Of, *image.Ref))\n", new: "	_ = refused(view.rules.Repository(image.Of, *image.Ref))\n	return nil\n"},
		{name: "watch policies that may not be read", test: "TestWithoutPolicies", file: deploymentPass, old: "	if !r.NoPolicies {\n", new: "	if true {\n"},
		{name: "read policies that may not be read", test: "TestNoPolicies", file: policyObserve, old: "	if o.NoPolicies {\n", new: "	if false {\n"},
		{name: "believe a namespace that may not be read", test: "TestUnreadAnnotations", file: "controllers/silent.go", old: "ok && slices.Contains(s.unread, key.Name) {", new: "ok && ns == nil && slices.Contains(s.unread, key.Name) {"},
		{name: "tell to annotate what nobody reads", test: "TestUnreadAnnotations", file: "controllers/messages.go", old: "	if unread {\n", new: "	if false && unread {\n"},
		{name: "let policies select without labels", test: "TestNoPolicies", file: "controllers/setup.go", old: "	if len(o.Unread) > 0 && !o.NoPolicies {\n", new: "	if mgr != nil && len(o.Unread) > 0 && !o.NoPolicies {\n"},
		{name: "take who can't be seen for gone", unit: "TestIsAlive", file: "internal/ownership/ownership.go", old: "	if apierrors.IsForbidden(err) {\n		return true, nil", new: "	if apierrors.IsForbidden(err) {\n		return false, nil"},
		{name: "start where nothing may be watched", unit: "TestLookAround", file: reachFile, old: "			if !a.may(own(resource, namespace, \"list\", \"watch\")...) {\n", new: "			if !a.may(own(resource, namespace, \"list\")...) {\n"},
		{name: "require policies that may not be read", unit: "TestLookAround", file: reachFile, old: "	case opts.requirePolicy && !r.policies:\n", new: "	case opts.requirePolicy && !r.policies && r.unread != nil:\n"},
		{name: "make up an ID of the cluster", unit: "TestLookAround", file: reachFile, old: "	if opts.clusterID == \"\" && !ask.may(", new: "	if opts.clusterID == \"\" && r.policies && !ask.may("},
		{name: "mount any file system", unit: "TestCheck", file: "internal/policy/uses.go", old: "		if v.EFSVolumeConfiguration != nil {", new: "		if false {"},
		{name: "let what is blocked wait for its time", test: "TestTaskRoleIsNotAllowed", file: policyObserve, old: "imd := &list.Items[i]; hasWork(imd) {", new: "imd := &list.Items[i]; false && hasWork(imd) {"},
	}
}

// narrowing are mistakes in reading IAM policies, which would let the examples in
// config/aws pass unseen.
func narrowing() []mutant {
	const evaluate, condition = "config/aws/evaluate_test.go", "config/aws/condition_test.go"
	return []mutant{
		{name: "let an allowance win over a denial", unit: "TestDecide", file: evaluate, old: "	if err != nil || denied || !allowed || r.boundary == nil {\n		return allowed && !denied && err == nil, err", new: "	if err != nil || !allowed || r.boundary == nil {\n		return allowed && err == nil, err"},
		{name: "ask a boundary for nothing", unit: "TestBoundaries", file: evaluate, old: "	allowed, denied, err = decide([]document{*r.boundary}, action, arn, known)\n", new: "	_, denied, err = decide([]document{*r.boundary}, action, arn, known)\n"},
		{name: "be content with one resource of several", unit: "TestDecide", file: evaluate, old: "		if err != nil || !allowed {\n			return false, err", new: "		if err != nil || allowed {\n			return allowed, err"},
		{name: "take a tag that is missing for the right one", unit: "TestDecide", file: condition, old: "		return c.negated || c.ifExists, nil\n", new: "		return true, nil\n"},
		{name: "take an unknown operator for one that holds", unit: "TestUnknown", file: condition, old: "	if err != nil {\n		return false, err\n	}\n	if (c.quantifier", new: "	if err != nil {\n		return true, nil\n	}\n	if (c.quantifier"},
	}
}

// betweenTenants are mistakes by which one tenant could harm another.
func betweenTenants() []mutant {
	const runner, shares, cached = "internal/background/runner.go", "internal/share/share.go", "controllers/cache.go"
	return []mutant{
		{name: "keep templates in the cache", unit: "TestSlimRevision", file: cached, old: "	frozen.TemplateBody, frozen.Template.Tags, frozen.Template.Volumes, frozen.Template.Patches = \"\", nil, nil, nil\n", new: "	frozen.Template.Tags = nil\n"},
		{name: "keep whole deployments in the cache", unit: "TestSlimDeployment|TestMemoryIsEnough", file: cached, old: "		slimDeployment(o)\n", new: "		o.SetManagedFields(nil)\n"},
		{name: "read all objects at once", unit: "TestListInPages", file: cached, old: "options.ResourceVersion, options.ResourceVersionMatch, options.Limit, options.Continue = \"\", \"\", pageLength, \"\"", new: "options.Continue = \"\""},
		{name: "hear no request by annotation", unit: "TestAnnotationsInTheCache", file: cached, old: "		if name != corev1.LastAppliedConfigAnnotation {\n", new: "		if name == corev1.LastAppliedConfigAnnotation {\n"},
		{name: "write back what the cache has as a whole", test: "TestWritesKeepWhatTheCacheLacks", file: "controllers/timeline.go", old: "	return r.Client.Status().Patch(ctx, imr, patch)\n", new: "	_ = patch\n	return r.Client.Status().Update(ctx, imr)\n"},
		{name: "make what was lost anew with other images", unit: "TestPinnedAs", file: "internal/template/images.go", old: "			*image.Ref = ref\n", new: "			_ = ref\n"},
		{name: "give one namespace all places for calls", unit: "TestTake", file: shares, old: "free > 0 && (own == 0 || own+2 <= free)", new: "free > 0"},
		{name: "leave a namespace without a place", unit: "TestTake", file: shares, old: "	return s.guaranteed && own == 0 || ", new: "	return "},
		{name: "keep a worker for good", unit: "TestHangingNeighbour", file: "controllers/fair.go", old: "	defer f.workers.Give(req.Namespace)\n", new: ""},
		{name: "give one namespace all workers", unit: "TestHangingNeighbour", file: "controllers/fair.go", old: "	if !f.workers.Take(req.Namespace) {", new: "	if f.workers.Take(req.Namespace); false {"},
		{name: "give one namespace all calls of AWS", unit: "TestTurns", file: "internal/budget/budget.go", old: "	b.turns = append(b.turns, tenant)\n}\n\n// arm", new: "	b.turns = slices.Insert(b.turns, 0, tenant)\n}\n\n// arm"},
		{name: "spend what is kept for whoever gave up", unit: "TestLeave", file: "internal/budget/budget.go", old: "		if b.leave(tenant, t) {\n", new: "		if b.leave(\"\", t); true {\n"},
		{name: "call AWS for nobody in particular", unit: "TestHangingNeighbour", file: "controllers/fair.go", old: "cloud.WithTenant(ctx, req.Namespace)", new: "cloud.WithTenant(ctx, \"\")"},
		{name: "read metrics of all namespaces at once", unit: "TestPoisonedQueriesOfAnother", file: "internal/cloud/aws/bytenant.go", old: "	tenant, now := cloud.Tenant(ctx), time.Now()\n", new: "	tenant, now := cloud.Tenant(ctx)[:0], time.Now()\n"},
		{name: "change rules without a limit", unit: "TestChangesOfAnother", file: "internal/cloud/aws/budgets.go", old: "\"elasticloadbalancing:Modify\", \"elasticloadbalancing:Delete\",", new: "\"elasticloadbalancing:Modify\","},
		{name: "read whatever a function answers", unit: "TestInvokeReadsAPart", file: "internal/cloud/aws/provider.go", old: "brief{p.patient}", new: "p.patient"},
		{name: "print what users write as commands", unit: "TestWords", file: "internal/command/command.go", old: "	if plain.MatchString(text) {\n", new: "	if plain != nil {\n"},
		{name: "give an account two budgets", unit: "TestRoleInOwnAccount", file: "internal/cloud/aws/budgets.go", old: "cmp.Or(account, b.own)", new: "cmp.Or(account, \"\")"},
		{name: "keep as many findings as there are", unit: "TestScanIsBounded", file: "internal/cloud/aws/scans.go", old: "	findingsPagesMax = 10\n", new: "	findingsPagesMax = 50\n"},
		{name: "keep what nobody asks for", unit: "TestReadersAreForgotten", file: "internal/cloud/aws/bytenant.go", old: "return now.Sub(r.asked) >= readerIdle", new: "return r.asked.IsZero()"},
		{name: "take an answer that was cut for a yes", unit: "TestCutAnswer", file: "internal/hook/hook.go", old: "	if answer.Cut {\n", new: "	if false && answer.Cut {\n"},
		{name: "don't tell that an answer was cut", unit: "TestInvoke", file: "internal/cloud/aws/functions.go", old: "Cut: len(out.Payload) > answerMax,", new: "Cut: len(out.Payload) > 6<<20,"},
		{name: "let calls wait without end", unit: "TestCallsOfAnother", file: "internal/cloud/aws/budgets.go", old: "context.WithTimeout(ctx, budgetPatience)", new: "context.WithCancel(ctx)"},
		{name: "end the calls of another deployment", unit: "TestKeepCurrent", file: runner, old: "		if c.owner == owner && !slices.Contains(keys, key) {", new: "		if c.owner.Tenant == owner.Tenant && !slices.Contains(keys, key) {"},
		{name: "count the wait for a place as a gate's time", unit: "TestWaitingForAPlace", file: "internal/rollout/gates.go", old: "		run.StartedAt = x.now\n		return x.startGate", new: "		return x.startGate"},
		{name: "let a gate that waits for a place be late", unit: "TestWaitingForAPlace", file: "internal/rollout/gates.go", old: "	case answer.State == AnswerWaiting:\n		return x.awaitPlace(r, gate, run)\n", new: ""},
		{name: "leave calls to which nobody listens", test: "TestSlowGateOfAnother", file: "controllers/gates.go", old: "	r.Calls.Keep(gate.Owner(imd.Namespace, imd.Name), current...)\n", new: ""},
		{name: "let others steer terminals", unit: "TestTruncate", file: "controllers/limits.go", old: "	case unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c):\n", new: "	case false && unicode.IsControl(c):\n"},
		{name: "tell what a name inside the network stands for", unit: "TestNames", file: "internal/webhook/door.go", old: "		d.turned++\n", new: "		d.turned, errShut = d.turned+1, errors.New(address)\n",
			also: &mutant{file: "internal/webhook/errors.go", old: "host + \" has no public address", new: "host + errShut.Error() + \" has no public address"}},
		{name: "sign for any host", unit: "TestHostsOfASecret", file: "internal/gate/webhook.go", old: "!slices.ContainsFunc(ownership.SplitList(hosts), named)", new: "!slices.ContainsFunc(ownership.SplitList(hosts), named) && false"},
	}
}
