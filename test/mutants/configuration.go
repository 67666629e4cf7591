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

// ofConfiguration are mistakes in what revisions hold of parameters and secrets, and
// in what becomes of changes.
func ofConfiguration() []mutant {
	return []mutant{
		{name: "pin what is rotated", unit: "TestPinned", file: freezing, old: "	case secret.Rotated:\n		return reasonRotated\n", new: ""},
		{name: "pin what a service manages", unit: "TestPinned", file: freezing, old: "case secret.OwningService != \"\":", new: "case false:"},
		{name: "follow what shall be pinned", unit: "TestPinned", file: freezing, old: "	case f.policy == v1alpha1.SecretsPin:\n		return \"\"\n", new: ""},
		{name: "lose the key of a pinned secret", unit: "TestPinned", file: referring, old: "n.ARN + \":\" + n.Key + \"::\" + version", new: "n.ARN + \":::\" + version"},
		{name: "pin a secret of which the user chose the version", unit: "TestPinned", file: freezing, old: "	case name.Version != \"\":\n		held.Version, held.Pinned = name.Version, true\n		return\n", new: ""},
		{name: "put a SecureString into environment", unit: "TestProblems", file: freezing, old: "	case p.Secure:\n		f.findings = append(f.findings, secureInEnvironment(held))\n		return\n", new: ""},
		{name: "call what follows frozen", unit: "TestPinned", file: freezing, old: "			out.State = v1alpha1.ConfigurationPartial\n", new: ""},
		{name: "leave a name relative", unit: "TestFull", file: referring, old: "return strings.TrimSuffix(path, \"/\") + \"/\" + name", new: "return name"},
		{name: "need a parameter whose value is held", unit: "TestMissing", file: referring, old: "		if r.In != v1alpha1.InEnvironment {\n			out = append(out, r)", new: "		if true {\n			out = append(out, r)",
			also: &mutant{file: missing, old: "		if r.In == v1alpha1.InEnvironment {\n			continue\n		}\n", new: ""}},
		{name: "go back to a version that is gone", unit: "TestMissing", file: missing, old: "	case pinned && len(secret.Stages[version]) == 0:\n", new: "	case false:\n"},
		{name: "overlook that a secret is to be deleted", unit: "TestProblems", file: missing, old: "	case !secret.DeletedAt.IsZero():\n		return gone(", new: "	case false:\n		return gone("},
		{name: "take what can't be looked at for gone", unit: "TestMissing", file: missing, old: "	case !known:\n		return nil\n", new: "	case !known && false:\n		return nil\n"},
		{name: "roll out what was written again", unit: "TestCompareChanges", file: comparing, old: "out.Changed = sum(p.Value) != r.ValueSHA256", new: "out.Changed = out.Current != r.Version"},
		{name: "roll out each rotation", unit: "TestCompareChanges", file: comparing, old: "out.Changed = r.Pinned && name.Version", new: "out.Changed = name.Version"},
		{name: "forget since when", unit: "TestCompareSince", file: comparing, old: "		out.Since = before.Since\n", new: "		_ = before.Since\n"},
		{name: "roll out what can't be frozen", unit: "TestCompareProblems", file: comparing, old: "if missing != nil || would == nil ||", new: "if would == nil {\n		return \"gone\"\n	}\n	if missing != nil ||"},
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
		{name: "compare the key of a secret with policies", unit: "TestSecrets", file: referring, old: "		return parse(r.Source).ARN\n", new: "		return r.Source\n"},
		{name: "tell an older reading afterwards", unit: "TestWatchAfterGet", file: cloudParameters, old: "			p.watch.saw(name, r.value)\n", new: ""},
		{name: "forget what was found of what was given up", test: "TestGivenUpWithOtherValues", file: configuring, old: "		view.values.rollOut && last != nil && revision ==", new: "		false && last != nil && revision =="},
	}
}
