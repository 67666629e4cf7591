package ask

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/configuration"
	"github.com/viridian-dev/viridian/internal/template"
)

const secretARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"

// written is a template with all that is frozen.
func written(parameter string) v1alpha1.RevisionTemplate {
	return v1alpha1.RevisionTemplate{
		ParameterPath: "/shop/production/",
		Containers: []v1alpha1.Container{{
			Name: "app", Image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:2.1.0",
			Environment: []v1alpha1.KeyValue{
				{Name: "LEVEL", Value: "info"}, {Name: "LIMIT", ValueFrom: &v1alpha1.ValueSource{SSM: parameter}},
			},
			Secrets:          []v1alpha1.Secret{{Name: "DB", ValueFrom: secretARN + ":password::"}},
			LogConfiguration: &v1alpha1.LogConfiguration{SecretOptions: []v1alpha1.Secret{{Name: "token", ValueFrom: secretARN}}},
		}},
	}
}

// frozen is what the controller makes of it.
func frozen(t *testing.T, as v1alpha1.RevisionTemplate) *v1alpha1.FrozenRevision {
	t.Helper()
	pinned := *as.DeepCopy()
	const digest = "sha256:0f3a9c6b1d2e0f3a9c6b1d2e0f3a9c6b1d2e0f3a9c6b1d2e0f3a9c6b1d2e0f3a"
	images := []v1alpha1.FrozenImage{{Container: "app", Image: as.Containers[0].Image, Digest: digest}}
	pinned.Containers[0].Image = template.PinImage(as.Containers[0].Image, digest)
	answers := &configuration.Answers{
		Parameters: map[string]cloud.Parameter{"/shop/production/limit": {Value: "7", Version: 3}},
		Secrets:    map[string]cloud.Secret{secretARN: {Stages: map[string][]string{"v1": {cloud.StageCurrent}}}},
	}
	held, blocked := configuration.Freeze(&pinned, v1alpha1.SecretsPin, answers)
	if blocked != nil {
		t.Fatal(blocked.Message)
	}
	if pinned.Containers[0].Environment[1].Value != "7" || !strings.Contains(pinned.Containers[0].Secrets[0].ValueFrom, "v1") {
		t.Fatalf("nothing was frozen: %+v", pinned.Containers[0])
	}
	return &v1alpha1.FrozenRevision{TemplateHash: template.Hash(as), Template: pinned, Images: images, Configuration: held}
}

// The template goes back into spec as it was written, so that it is that of the same
// revision.
func TestWritten(t *testing.T) {
	for _, parameter := range []string{"limit", "/shop/production/limit"} {
		want := written(parameter)
		got, err := Written(frozen(t, want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("(-written +got):\n%s", diff)
		}
	}
}

// What isn't known exactly isn't put into spec.
func TestWrittenUnknown(t *testing.T) {
	f := frozen(t, written("limit"))
	f.TemplateHash = strings.Repeat("0", 64) // that of a template with fields which are unknown here
	if _, err := Written(f); err == nil || !strings.Contains(err.Error(), "use a plugin of the version of the CRDs") {
		t.Error(err)
	}
}

func TestTargets(t *testing.T) {
	promoted := func(number int64, revision, from string) func(*v1alpha1.ImmutableDeployment) {
		return func(imd *v1alpha1.ImmutableDeployment) {
			imd.Status.Stable, imd.Status.Rollout.Revision = number, number
			imd.Status.History = append(imd.Status.History,
				v1alpha1.HistoryEntry{Revision: revision, From: "checkout-9", Outcome: v1alpha1.OutcomeAborted},
				v1alpha1.HistoryEntry{Revision: revision, From: from, Outcome: v1alpha1.OutcomePromoted})
		}
	}
	serves := func(imd *v1alpha1.ImmutableDeployment) { imd.Status.Stable = 3 }
	unseen := func(imd *v1alpha1.ImmutableDeployment) { imd.Generation = 7 }
	for name, c := range map[string]struct {
		imd        *v1alpha1.ImmutableDeployment
		undo       int64
		err        string
		from, to   int64
		compareErr string
	}{
		"rollout under way": {held(serves), 3, "", 3, 4, ""},
		"rolled back":       {held(serves, ended(v1alpha1.OutcomeRolledBack)), 3, "", 3, 4, ""},
		"promoted":          {held(promoted(4, "checkout-4", "checkout-3")), 3, "", 3, 4, ""},
		"first":             {held(promoted(1, "checkout-1", "")), 0, "nothing served before checkout-1", 0, 0, "name them by --from and --to"},
		"nothing serves":    {held(), 0, "no revision serves yet", 0, 0, "name them by --from and --to"},
		"not seen":          {held(serves, unseen), 0, "has not seen the last change", 3, 4, ""},
	} {
		t.Run(name, func(t *testing.T) {
			undo, err := UndoTarget(c.imd)
			if undo != c.undo || !says(err, c.err) {
				t.Errorf("undo to %d, %v", undo, err)
			}
			from, to, err := Compared(c.imd)
			if from != c.from || to != c.to || !says(err, c.compareErr) {
				t.Errorf("compare %d with %d, %v", from, to, err)
			}
		})
	}
}

func says(err error, want string) bool {
	if err == nil || want == "" {
		return err == nil && want == ""
	}
	return strings.Contains(err.Error(), want)
}
