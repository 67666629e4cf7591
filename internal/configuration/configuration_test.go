package configuration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	db      = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf"
	rotated = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/rotated-AbCdEf"
	managed = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!cluster-AbCdEf"
	v1, v2  = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
)

// shop is a template with a reference of each kind.
func shop() v1alpha1.RevisionTemplate {
	return v1alpha1.RevisionTemplate{
		ParameterPath: "/shop/production/",
		Containers: []v1alpha1.Container{{
			Name: "app",
			Environment: []v1alpha1.KeyValue{
				{Name: "LOG_LEVEL", Value: "info"},
				{Name: "FEATURES", ValueFrom: &v1alpha1.ValueSource{SSM: "features"}},
			},
			Secrets: []v1alpha1.Secret{
				{Name: "DB", ValueFrom: db + ":password::"},
				{Name: "ROTATED", ValueFrom: rotated},
				{Name: "TOKEN", ValueFrom: "/shared/token"},
			},
			LogConfiguration: &v1alpha1.LogConfiguration{LogDriver: "splunk", SecretOptions: []v1alpha1.Secret{{Name: "splunk-token", ValueFrom: "splunk"}}},
		}},
	}
}

// all are answers in which everything is there.
func all() *Answers {
	current := func(id string) map[string][]string { return map[string][]string{id: {cloud.StageCurrent}} }
	return &Answers{
		Parameters: map[string]cloud.Parameter{
			"/shop/production/features": {Value: "a,b", Version: 3},
			"/shared/token":             {Secure: true, Version: 7, ModifiedAt: noon},
			"/shop/production/splunk":   {Secure: true, Version: 1},
		},
		Secrets: map[string]cloud.Secret{
			db: {Stages: current(v1)}, rotated: {Rotated: true, Stages: current(v1)}, managed: {OwningService: "rds", Stages: current(v1)},
		},
		Region: "eu-west-1",
	}
}

// freeze freezes a template, which must succeed.
func freeze(t *testing.T, template v1alpha1.RevisionTemplate, policy v1alpha1.SecretsPolicy, answers *Answers) (v1alpha1.RevisionTemplate, *v1alpha1.FrozenConfiguration) {
	t.Helper()
	out := *template.DeepCopy()
	held, missing := Freeze(&out, policy, answers)
	if missing != nil {
		t.Fatalf("not frozen: %s", missing.Message)
	}
	return out, held
}

func TestSources(t *testing.T) {
	template := shop()
	parameters, secrets := Sources(Held(&v1alpha1.FrozenRevision{Template: template}))
	if diff := cmp.Diff([]string{"/shared/token", "/shop/production/features", "/shop/production/splunk"}, parameters); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{db, rotated}, secrets); diff != "" {
		t.Error(diff)
	}
}

// Whoever may not look at a parameter that only ECS reads is told nothing; whoever
// may not look at what a revision has to hold is.
func TestNeeded(t *testing.T) {
	for policy, want := range map[v1alpha1.SecretsPolicy]string{
		v1alpha1.SecretsAuto:   "FEATURES DB ROTATED / TOKEN splunk-token",
		v1alpha1.SecretsPin:    "FEATURES DB ROTATED / TOKEN splunk-token",
		v1alpha1.SecretsFollow: "FEATURES / DB ROTATED TOKEN splunk-token",
	} {
		template := shop()
		needed, others := Needed(&template, policy)
		if got := names(needed) + " / " + names(others); got != want {
			t.Errorf("%s: %s, want %s", policy, got, want)
		}
	}
	template := v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{{Secrets: []v1alpha1.Secret{
		{Name: "VERSION", ValueFrom: db + ":::" + v1}, {Name: "STAGE", ValueFrom: db + "::AWSPREVIOUS:"},
	}}}}
	if needed, _ := Needed(&template, v1alpha1.SecretsPin); len(needed) > 0 {
		t.Errorf("%s must be read, though the user chose the version", names(needed))
	}
}

func names(of []v1alpha1.FrozenReference) string {
	out := make([]string, 0, len(of))
	for _, r := range of {
		out = append(out, r.Name)
	}
	return strings.Join(out, " ")
}

func TestFull(t *testing.T) {
	for _, c := range [][3]string{
		{"/shop/production/", "features", "/shop/production/features"},
		{"/shop/production", "web/features", "/shop/production/web/features"},
		{"/shop/", "/other/features", "/other/features"},
		{"/shop/", "arn:aws:ssm:eu-west-1:111122223333:parameter/x", "arn:aws:ssm:eu-west-1:111122223333:parameter/x"},
		{"", "features", "features"},
	} {
		if got := full(c[0], c[1]); got != c[2] {
			t.Errorf("%s of %s is %s, want %s", c[1], c[0], got, c[2])
		}
	}
}

func TestFreeze(t *testing.T) {
	template, held := freeze(t, shop(), v1alpha1.SecretsAuto, all())
	c := template.Containers[0]
	if diff := cmp.Diff(v1alpha1.KeyValue{Name: "FEATURES", Value: "a,b"}, c.Environment[1]); diff != "" {
		t.Error(diff)
	}
	want := []v1alpha1.Secret{
		{Name: "DB", ValueFrom: db + ":password::" + v1}, {Name: "ROTATED", ValueFrom: rotated}, {Name: "TOKEN", ValueFrom: "/shared/token"},
	}
	if diff := cmp.Diff(want, c.Secrets); diff != "" {
		t.Error(diff)
	}
	if got := c.LogConfiguration.SecretOptions[0].ValueFrom; got != "/shop/production/splunk" {
		t.Errorf("the option of the log is from %s", got)
	}
	if held.State != v1alpha1.ConfigurationPartial || len(held.SHA256) != 64 {
		t.Errorf("%s, %s", held.State, held.SHA256)
	}
	app := func(name string, in v1alpha1.ReferencePlace, source string, kind v1alpha1.ReferenceKind, version string) v1alpha1.FrozenReference {
		return v1alpha1.FrozenReference{Container: "app", Name: name, In: in, Source: source, Kind: kind, Version: version}
	}
	references := []v1alpha1.FrozenReference{
		app("FEATURES", v1alpha1.InEnvironment, "/shop/production/features", v1alpha1.KindParameter, "3"),
		app("DB", v1alpha1.InSecrets, db+":password::", v1alpha1.KindSecret, v1),
		app("ROTATED", v1alpha1.InSecrets, rotated, v1alpha1.KindSecret, v1),
		app("TOKEN", v1alpha1.InSecrets, "/shared/token", v1alpha1.KindSecureParameter, "7"),
		app("splunk-token", v1alpha1.InLogOptions, "/shop/production/splunk", v1alpha1.KindSecureParameter, "1"),
	}
	references[0].Pinned, references[0].ValueSHA256 = true, sum("a,b")
	references[2].Rotated = true
	references[3].ModifiedAt = &metav1.Time{Time: noon}
	references[1].Pinned = true
	references[2].Reason, references[3].Reason, references[4].Reason = reasonRotated, reasonParameter, reasonParameter
	if diff := cmp.Diff(references, held.Entries); diff != "" {
		t.Error(diff)
	}
}

func TestFreezeNothing(t *testing.T) {
	template := v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{{Name: "app", Environment: []v1alpha1.KeyValue{{Name: "A"}}}}}
	if held, missing := Freeze(&template, v1alpha1.SecretsPin, &Answers{}); held != nil || missing != nil {
		t.Errorf("%v, %v", held, missing)
	}
}

// Which secrets are pinned, and how valueFrom reads then.
func TestPinned(t *testing.T) {
	answers := all()
	answers.Secrets[db+"2"] = cloud.Secret{Stages: map[string][]string{v1: {"AWSPENDING"}}}
	answers.Unread = map[string]bool{db + "3": true}
	for name, c := range map[string]struct {
		policy       v1alpha1.SecretsPolicy
		platform     string
		from, want   string
		pinned       bool
		reason, held string
	}{
		"whole":              {v1alpha1.SecretsAuto, "", db, db + ":::" + v1, true, "", v1},
		"key":                {v1alpha1.SecretsAuto, "", db + ":password::", db + ":password::" + v1, true, "", v1},
		"key without colons": {v1alpha1.SecretsAuto, "", db + ":password", db + ":password::" + v1, true, "", v1},
		"rotated":            {v1alpha1.SecretsAuto, "", rotated, rotated, false, reasonRotated, v1},
		"rotated, pinned":    {v1alpha1.SecretsPin, "", rotated, rotated + ":::" + v1, true, "", v1},
		"managed":            {v1alpha1.SecretsAuto, "", managed, managed, false, "the secret is managed by rds, which changes it", v1},
		"managed, pinned":    {v1alpha1.SecretsPin, "", managed, managed + ":::" + v1, true, "", v1},
		"followed":           {v1alpha1.SecretsFollow, "", db, db, false, reasonPolicy, v1},
		"a version":          {v1alpha1.SecretsFollow, "", db + ":::" + v1, db + ":::" + v1, true, "", v1},
		"a stage":            {v1alpha1.SecretsPin, "", db + "::AWSCURRENT:", db + "::AWSCURRENT:", false, reasonStage, v1},
		"old platform":       {v1alpha1.SecretsAuto, "1.3.0", db, db, false, reasonPlatform, v1},
		"new platform":       {v1alpha1.SecretsAuto, "1.4.0", db, db + ":::" + v1, true, "", v1},
		"no value yet":       {v1alpha1.SecretsAuto, "", db + "2", db + "2", false, reasonNoCurrent, ""},
		"unread":             {v1alpha1.SecretsFollow, "", db + "3", db + "3", false, reasonPolicy, ""},
	} {
		t.Run(name, func(t *testing.T) {
			template := v1alpha1.RevisionTemplate{PlatformVersion: c.platform, Containers: []v1alpha1.Container{{Name: "app", Secrets: []v1alpha1.Secret{{Name: "S", ValueFrom: c.from}}}}}
			frozen, held := freeze(t, template, c.policy, answers)
			r := held.Entries[0]
			if got := frozen.Containers[0].Secrets[0].ValueFrom; got != c.want {
				t.Errorf("valueFrom is %s, want %s", got, c.want)
			}
			if r.Pinned != c.pinned || r.Reason != c.reason || r.Version != c.held {
				t.Errorf("held: %+v", r)
			}
			if (held.State == v1alpha1.ConfigurationFrozen) != c.pinned {
				t.Errorf("the revision is %s", held.State)
			}
		})
	}
}

// What keeps a revision from being made, with a remedy that can be pasted.
func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		from            func(*v1alpha1.RevisionTemplate, *Answers)
		reason          string
		message, remedy string
	}{
		"no parameter": {func(_ *v1alpha1.RevisionTemplate, a *Answers) { delete(a.Parameters, "/shop/production/features") }, v1alpha1.ReasonConfigurationGone,
			"The parameter /shop/production/features of FEATURES of container app does not exist in Systems Manager",
			"Create it: aws ssm put-parameter --name /shop/production/features --type String --value … --region eu-west-1; or correct spec.template.containers[app].environment[FEATURES].valueFrom.ssm"},
		"secure parameter": {func(_ *v1alpha1.RevisionTemplate, a *Answers) {
			a.Parameters["/shop/production/features"] = cloud.Parameter{Secure: true}
		}, v1alpha1.ReasonInvalidSpec,
			"The parameter /shop/production/features of FEATURES of container app is a SecureString, and what is in environment is kept in plain text",
			"Take FEATURES out of environment of container app and refer to the parameter in its secrets: {name: FEATURES, valueFrom: /shop/production/features}"},
		"no secure parameter": {func(_ *v1alpha1.RevisionTemplate, a *Answers) { delete(a.Parameters, "/shared/token") }, v1alpha1.ReasonConfigurationGone,
			"The parameter /shared/token of TOKEN of container app does not exist in Systems Manager",
			"Create it: aws ssm put-parameter --name /shared/token --type SecureString --value … --region eu-west-1; or correct spec.template.containers[app].secrets[TOKEN].valueFrom"},
		"no parameter of another region": {func(t *v1alpha1.RevisionTemplate, _ *Answers) {
			t.Containers[0].Secrets[2].ValueFrom = "arn:aws:ssm:eu-central-1:111122223333:parameter/shared/other"
		}, v1alpha1.ReasonConfigurationGone,
			"The parameter arn:aws:ssm:eu-central-1:111122223333:parameter/shared/other of TOKEN of container app does not exist in Systems Manager",
			"Create it: aws ssm put-parameter --name /shared/other --type SecureString --value … --region eu-central-1; or correct spec.template.containers[app].secrets[TOKEN].valueFrom"},
		"no secret": {func(_ *v1alpha1.RevisionTemplate, a *Answers) { delete(a.Secrets, db) }, v1alpha1.ReasonConfigurationGone,
			"The secret " + db + " of DB of container app does not exist",
			"Correct spec.template.containers[app].secrets[DB].valueFrom; to see the secrets of that name: aws secretsmanager list-secrets --include-planned-deletion --filters Key=name,Values=shop/db --query 'SecretList[].[ARN,DeletedDate]' --region eu-west-1"},
		"deleted secret": {func(_ *v1alpha1.RevisionTemplate, a *Answers) {
			a.Secrets[db] = cloud.Secret{DeletedAt: time.Unix(1, 0), Stages: map[string][]string{v1: {cloud.StageCurrent}}}
		}, v1alpha1.ReasonConfigurationGone,
			"The secret " + db + " of DB of container app is scheduled for deletion, and can't be read",
			"Take that back: aws secretsmanager restore-secret --secret-id " + db + " --region eu-west-1; or refer to another secret"},
		"no such version": {func(t *v1alpha1.RevisionTemplate, _ *Answers) { t.Containers[0].Secrets[0].ValueFrom = db + ":::" + v2 }, v1alpha1.ReasonConfigurationGone,
			"The version " + v2 + " of the secret " + db + " of DB of container app has no staging label any more, so that Secrets Manager may have deleted it",
			"If it is still there, give it a label of its own, which keeps it: aws secretsmanager update-secret-version-stage --secret-id " + db + " --version-stage viridian-" + v2 + " --move-to-version-id " + v2 +
				" --region eu-west-1; else put its value into the secret again and roll out a changed spec.template, which pins the new version"},
		"no such stage": {func(t *v1alpha1.RevisionTemplate, _ *Answers) { t.Containers[0].Secrets[0].ValueFrom = db + "::blue:" }, v1alpha1.ReasonConfigurationGone,
			"The secret " + db + " of DB of container app has no version with the staging label blue",
			"Give a version the label, or correct spec.template.containers[app].secrets[DB].valueFrom"},
	} {
		t.Run(name, func(t *testing.T) {
			template, answers := shop(), all()
			c.from(&template, answers)
			_, missing := Freeze(&template, v1alpha1.SecretsAuto, answers)
			if missing == nil {
				t.Fatal("it is frozen")
			}
			if missing.Reason != c.reason || missing.Message != c.message {
				t.Errorf("%s: %s", missing.Reason, missing.Message)
			}
			if diff := cmp.Diff(c.remedy, missing.Remedy); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// All that is missing is told at once, and what two variables lack, once.
func TestAllProblemsAtOnce(t *testing.T) {
	template, answers := shop(), all()
	template.Containers[0].Secrets = append(template.Containers[0].Secrets, v1alpha1.Secret{Name: "AGAIN", ValueFrom: "/shared/token"})
	delete(answers.Parameters, "/shop/production/features")
	delete(answers.Parameters, "/shared/token")
	_, missing := Freeze(&template, v1alpha1.SecretsAuto, answers)
	if missing == nil || !strings.Contains(missing.Message, "(1) The parameter /shop/production/features") || !strings.Contains(missing.Message, "(2) The parameter /shared/token") ||
		strings.Contains(missing.Message, "(3)") || !strings.Contains(missing.Remedy, "(2) Create it") {
		t.Errorf("missing: %+v", missing)
	}
}

func TestTooManyReferences(t *testing.T) {
	var template v1alpha1.RevisionTemplate
	for i := range heldMax + 1 {
		c := v1alpha1.Container{Name: fmt.Sprint(i), Secrets: []v1alpha1.Secret{{Name: "S", ValueFrom: "/shared/token"}}}
		template.Containers = append(template.Containers, c)
	}
	if _, missing := Freeze(&template, v1alpha1.SecretsAuto, all()); missing == nil || missing.Reason != v1alpha1.ReasonInvalidSpec {
		t.Errorf("missing: %+v", missing)
	}
}

// A revision that has the value of a parameter doesn't need the parameter any more:
// a rollback must not fail because that was deleted.
func TestMissing(t *testing.T) {
	_, held := freeze(t, shop(), v1alpha1.SecretsAuto, all())
	answers := all()
	delete(answers.Parameters, "/shop/production/features")
	answers.Secrets[db] = cloud.Secret{Stages: map[string][]string{v2: {cloud.StageCurrent}, v1: {"AWSPREVIOUS"}}}
	answers.Secrets[rotated] = cloud.Secret{Rotated: true, Stages: map[string][]string{v2: {cloud.StageCurrent}}}
	if missing := Missing(held.Entries, answers); missing != nil {
		t.Errorf("missing: %s", missing.Message)
	}
	answers.Secrets[db] = cloud.Secret{Stages: map[string][]string{v2: {cloud.StageCurrent}}}
	if missing := Missing(held.Entries, answers); missing == nil || missing.Reason != v1alpha1.ReasonConfigurationGone || !strings.Contains(missing.Message, v1) {
		t.Errorf("missing: %+v", missing)
	}
	answers.Secrets, answers.Unread = nil, map[string]bool{db: true, rotated: true}
	if missing := Missing(held.Entries, answers); missing != nil {
		t.Errorf("what can't be looked at is missing: %s", missing.Message)
	}
}

// A secret that is named as a parameter is never asked for: nobody knows whether it is
// there, so it is neither missing nor current, and ECS finds it. In environment it
// would be in plain text.
func TestSecretNamedAsParameter(t *testing.T) {
	for _, source := range []string{"/aws/reference/secretsmanager/shop/db", "arn:aws:ssm:eu-west-1:111122223333:parameter/aws/reference/secretsmanager/shop/db"} {
		template := v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{{Name: "app", Secrets: []v1alpha1.Secret{{Name: "DB", ValueFrom: source}}}}}
		if names, arns := Sources(Held(&v1alpha1.FrozenRevision{Template: template})); len(names)+len(arns) > 0 {
			t.Errorf("asked for: %v, %v", names, arns)
		}
		answers := &Answers{}
		_, held := freeze(t, template, v1alpha1.SecretsPin, answers)
		if r := held.Entries[0]; r.Reason != reasonHidden || r.Pinned || r.Version != "" || held.State != v1alpha1.ConfigurationPartial || len(r.Reason) > 256 {
			t.Errorf("held: %+v", r)
		}
		if missing := Missing(held.Entries, answers); missing != nil {
			t.Errorf("missing: %+v", missing)
		}
		s := Compare(&Comparison{Revision: "a", Held: held, Template: &template, Now: noon}, answers)
		if v := Judge(s, "a", "b", true, false); !v.Current || !strings.Contains(v.Message, "not DB of container app") || s.Changed != "" {
			t.Errorf("%q, %+v", s.Changed, v)
		}
		plain := v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{{Name: "app", Environment: []v1alpha1.KeyValue{{Name: "DB", ValueFrom: &v1alpha1.ValueSource{SSM: source}}}}}}
		if _, missing := Freeze(&plain, v1alpha1.SecretsPin, answers); missing == nil || missing.Reason != v1alpha1.ReasonInvalidSpec {
			t.Errorf("in environment: %+v", missing)
		}
	}
}

// What a lost revision held comes back, whatever is current.
func TestAgain(t *testing.T) {
	frozen, held := freeze(t, shop(), v1alpha1.SecretsAuto, all())
	template := shop()
	Again(&template, &v1alpha1.FrozenRevision{Template: frozen, Configuration: held})
	if diff := cmp.Diff(frozen, template); diff != "" {
		t.Error(diff)
	}
}
