package main

const (
	freezing         = "internal/configuration/freeze.go"
	comparing        = "internal/configuration/compare.go"
	choosing         = "internal/configuration/choice.go"
	referring        = "internal/configuration/references.go"
	missing          = "internal/configuration/problems.go"
	configuring      = "controllers/configuration.go"
	cloudParameters  = "internal/cloud/aws/configuration.go"
	recordInTemplate = "internal/template/record.go"
)

// ofValues are mistakes in what is known of values, and in what becomes of those that
// were given up, or lost.
func ofValues() []mutant {
	return []mutant{
		{name: "try for ever to hold what can't be read", unit: "TestValuesThatCannotBeReadAgain", file: "controllers/configuration.go", old: "	if other && view.values.current.Refusal != nil {\n", new: "	if false {\n"},
		{name: "hold a way back up for a throttled read", test: "TestRefusedReadHoldsNothingUp", file: configuring, old: "cloud.KindOf(err) == cloud.KindInvalid || cloud.KindOf(err) == cloud.KindThrottled", new: "cloud.KindOf(err) == cloud.KindInvalid"},
		{name: "have a denied parameter hide others that are read", unit: "TestRefusedParameter", file: cloudParameters, old: "		case isOfSome(err) && len(chunk) > 1:\n", new: "		case isOfSome(err) && len(chunk) > getParametersMax:\n"},
		{name: "have a denied parameter hide others that are watched", unit: "TestRefusedParameter", file: cloudParameters, old: "	if cloud.KindOf(err) != cloud.KindDenied {\n		return results, err\n	}\n	if len(names) == 1 {", new: "	if err == nil {\n		return results, err\n	}\n	if len(names) > 0 {"},
		{name: "have a denied parameter hide others from a caller", unit: "TestRefusedParameter", file: "internal/cloud/aws/batch.go", old: "b.outcome([]string{k}, reads)", new: "b.outcome(keys, reads)"},
		{name: "go back to a value that was given up", unit: "TestWanted", file: choosing, old: "	for _, name := range c.Served {\n", new: "	for _, name := range c.Served[:0] {\n"},
		{name: "make a lost stack anew with older values", test: "TestLostWithValues", file: configuring, old: "imr.DeletionTimestamp.IsZero() || view.values.rollOut && imr.Spec.Revision == c.Stable", new: "imr.DeletionTimestamp.IsZero()"},
		{name: "have the record give way to what is held", unit: "TestReferencesGiveWayFirst", file: "internal/template/template.go", old: "len(body) > MaxBytes && held != nil {", new: "len(body) > MaxBytes && held != nil && false {"},
		{name: "take what was created again for the same", unit: "TestCompareCreatedAgain", file: comparing, old: "out.Current != out.Held || isOfAnotherTime(heldAt, writtenAt(p))", new: "out.Current != out.Held || heldAt == nil && false"},
		{name: "roll out nothing that was created again", unit: "TestCompareChanges", file: freezing, old: "	case r.ModifiedAt != nil:\n", new: "	case false:\n"},
		{name: "never compare what was read later", unit: "TestCompareFirstSeen", file: comparing, old: "r.In != v1alpha1.InEnvironment && out.Held == \"\":", new: "r.In != v1alpha1.InEnvironment && r.Version == \"\":"},
		{name: "forget what was read first", unit: "TestCompareKeepsFirstSeen", file: comparing, old: "case r.Warning != \"\", r.HeldLater:", new: "case r.Warning != \"\":"},
		{name: "forget what was given up while it is gone", unit: "TestCompareGoneAfterGivingUp", file: comparing, old: "	case all.gone:\n		out.Changed = c.stillGivenUp()\n", new: "	case all.gone:\n"},
		{name: "want what was not tried while it is gone", unit: "TestCompareGoneAfterGivingUp", file: comparing, old: "seen := c.seen(); slices.Contains(c.GivenUp, seen)", new: "seen := c.seen(); seen != \"\""},
		{name: "try values again that were given up before", unit: "TestWanted", file: choosing, old: "stuck != nil && c.GaveUp(c.Seen.Changed)", new: "stuck != nil && false"},
		{name: "try no values again that somebody asks for", unit: "TestWanted", file: choosing, old: "r.Outcome.Bad() && !r.Retried && !c.Retried {", new: "r.Outcome.Bad() {"},
		{name: "try other values than those that are current", unit: "TestRetry", file: requests, old: "want.Number != r.Revision && !x.isOtherTry(want):", new: "want.Number != r.Revision:"},
		{name: "remember what was given up before a promotion", unit: "TestRemember", file: choosing, old: "h.Outcome.Bad() && len(c.Served) == 0 &&", new: "h.Outcome.Bad() &&"},
		{name: "wait for each call that isn't answered", unit: "TestNoWayToConfiguration", file: cloudParameters, old: "			down[region] = err\n", new: "			_ = region\n"},
		{name: "ask no region since another doesn't answer", unit: "TestNoWayToConfiguration", file: cloudParameters, old: "		region := regionOf(keys[0])\n", new: "		region := regionOf(\"\")\n"},
		{name: "make a lost revision without its values", unit: "TestLostWithoutValues", file: deploymentActions, old: "	if lost != nil && lost.Spec.Frozen.Configuration != nil {\n", new: "	if lost != nil {\n"},
		{name: "have a lost revision need what it holds", unit: "TestLostNeedsWhatItResolves", file: configuring, old: "lost != nil && lost.Spec.Frozen.Configuration != nil {", new: "lost != nil && false {"},
		{name: "tell what is gone without a remedy", unit: "TestCompareProblems", file: comparing, old: "at+\": \"+r.Problem+\". \"+r.Remedy", new: "at+\": \"+r.Problem"},
		{name: "warn of what was rotated before", unit: "TestCompareRotatedSince", file: comparing, old: "secret.Rotated && !r.Rotated {", new: "secret.Rotated {"},
		{name: "warn of rotation again and again", unit: "TestRotatedIsToldOnce", file: "controllers/events.go", old: "if r.Warning != \"\" && !told {", new: "if _ = told; r.Warning != \"\" {"},
		{name: "ask for a secret that is named as a parameter", unit: "TestSecretNamedAsParameter", file: referring, old: "		case !isHidden(r.Source):\n", new: "		default:\n"},
		{name: "take a secret that is named as a parameter for gone", unit: "TestSecretNamedAsParameter", file: referring, old: "found || !a.Unread[source] && !isHidden(source)", new: "found || !a.Unread[source]"},
	}
}

// ofConfiguration are mistakes in what revisions hold of parameters and secrets, and
// in what becomes of changes.
func ofConfiguration() []mutant {
	return []mutant{
		{name: "pin what is rotated", unit: "TestPinned", file: freezing, old: "	case secret.Rotated:\n		return reasonRotated\n", new: ""},
		{name: "pin what a service manages", unit: "TestPinned", file: freezing, old: "case secret.OwningService != \"\":", new: "case false:"},
		{name: "follow what shall be pinned", unit: "TestPinned", file: freezing, old: "	case f.policy == v1alpha1.SecretsPin:\n		return \"\"\n", new: ""},
		{name: "lose the key of a pinned secret", unit: "TestPinned", file: referring, old: "n.ARN + \":\" + n.Key + \"::\" + version", new: "n.ARN + \":::\" + version"},
		{name: "pin a secret of which the user chose the version", unit: "TestPinned", file: freezing, old: "	case name.Version != \"\":\n		held.Version, held.Pinned = name.Version, true\n		return\n", new: ""},
		{name: "put a SecureString into environment", unit: "TestProblems", file: freezing, old: "	case p.Secure, isHidden(held.Source):\n", new: "	case isHidden(held.Source):\n"},
		{name: "call what follows frozen", unit: "TestPinned", file: freezing, old: "			out.State = v1alpha1.ConfigurationPartial\n", new: ""},
		{name: "leave a name relative", unit: "TestFull", file: referring, old: "return strings.TrimSuffix(path, \"/\") + \"/\" + name", new: "return name"},
		{name: "need a parameter whose value is held", unit: "TestMissing", file: referring, old: "		if r.In != v1alpha1.InEnvironment {\n			out = append(out, r)", new: "		if true {\n			out = append(out, r)",
			also: &mutant{file: missing, old: "		if r.In == v1alpha1.InEnvironment {\n			continue\n		}\n", new: ""}},
		{name: "go back to a version that is gone", unit: "TestMissing", file: missing, old: "	case pinned && len(secret.Stages[version]) == 0:\n", new: "	case false:\n"},
		{name: "overlook that a secret is to be deleted", unit: "TestProblems", file: missing, old: "	case !secret.DeletedAt.IsZero():\n		return gone(", new: "	case false:\n		return gone("},
		{name: "take what can't be looked at for gone", unit: "TestMissing", file: missing, old: "	case !known:\n		return nil\n", new: "	case !known && false:\n		return nil\n"},
		{name: "roll out what was written again", unit: "TestCompareChanges", file: comparing, old: "out.Changed = sum(p.Value) != r.ValueSHA256", new: "out.Changed = out.Current != r.Version"},
		{name: "roll out each rotation", unit: "TestCompareChanges", file: comparing, old: "pinned := r.Pinned && name.Version", new: "pinned := name.Version"},
		{name: "forget since when", unit: "TestCompareSince", file: comparing, old: "		return before.Since\n", new: "		_ = before.Since\n"},
		{name: "roll out what can't be frozen", unit: "TestCompareProblems", file: comparing, old: "	case missing != nil:\n		return c.stillGivenUp()\n", new: "	case missing != nil:\n		return \"gone\"\n"},
		{name: "interrupt a rollout for each change", unit: "TestWanted", file: choosing, old: "if r := c.Rollout; r != nil && r.FinishedAt == nil {", new: "if r := c.Rollout; false && r != nil {"},
		{name: "believe what was seen of another revision", unit: "TestWanted", file: choosing, old: "c.Seen.Revision == reference.Name && ", new: ""},
		{name: "forget what a stack's revision held", unit: "TestConfigurationIsReadBack", file: recordInTemplate, old: "	frozen.Configuration, frozen.Provenance = r.Configuration, r.Provenance\n", new: ""},
		{name: "read values of parameters of an unknown type", unit: "TestParameters", file: cloudParameters, old: "if p.Type == types.ParameterTypeString || p.Type == types.ParameterTypeStringList {", new: "if p.Type != types.ParameterTypeSecureString {"},
		{name: "ask for decryption", unit: "TestParameters", file: cloudParameters, old: "WithDecryption: new(false)", new: "WithDecryption: new(true)"},
		{name: "send signed requests anywhere", unit: "TestConfigurationOfNoRegion", file: cloudParameters, old: "	if err := checkRegion(region); err != nil {\n		return nil, err\n	}\n", new: ""},
		{name: "take an unanswered parameter for gone", unit: "TestParametersUnanswered", file: cloudParameters, old: "		case slices.Contains(out.InvalidParameters, name):\n", new: "		case true:\n"},
		{name: "don't check before each stack", test: "TestPinnedVersionIsGone", file: revisionActions, old: "	if err := r.checkValues(ctx, imr, view); err != nil {\n		return err\n	}\n", new: "",
			also: &mutant{file: configuring, old: "	if made := view.holder(imd); made != nil {\n", new: "	if made := view.holder(imd); made != nil && false {\n"}},
		{name: "roll out for want of an answer", test: "TestFailedReads", file: configuring, old: "	if err != nil {\n		log.FromContext", new: "	if err != nil && false {\n		log.FromContext"},
		{name: "use a parameter that is another's", unit: "TestParameters", file: policyUses, old: "		name(r.Field(), list, r.Stored())\n", new: "		if list == secrets {\n			name(r.Field(), list, r.Stored())\n		}\n"},
		{name: "refer to a secret that is another's", unit: "TestSecrets", file: policyUses, old: "		name(r.Field(), list, r.Stored())\n", new: "		if list == parameters {\n			name(r.Field(), list, r.Stored())\n		}\n"},
		{name: "compare the key of a secret with policies", unit: "TestSecrets", file: policyUses, old: "list, r.Stored())", new: "list, r.Source)"},
		{name: "tell an older reading afterwards", unit: "TestWatchAfterGet", file: cloudParameters, old: "			p.watch.saw(name, r.value)\n", new: ""},
		{name: "forget what was found of what was given up", test: "TestGivenUpWithOtherValues", file: configuring, old: "		view.values.rollOut && last != nil && revision ==", new: "		false && last != nil && revision =="},
	}
}
