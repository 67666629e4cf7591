package controllers

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/configuration"
	"github.com/viridian-dev/viridian/internal/preflight"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// parameterStore has parameters by name, and secretStore secrets by ARN.
type (
	parameterStore map[string]cloud.Parameter
	secretStore    map[string]cloud.Secret
)

func (s parameterStore) Get(_ context.Context, names []string) map[string]cloud.Reading[cloud.Parameter] {
	return readings(s, names)
}

func (s parameterStore) Watch(_ context.Context, names []string) map[string]cloud.Reading[cloud.Parameter] {
	return readings(s, names)
}

func (s secretStore) Describe(_ context.Context, arns []string) map[string]cloud.Reading[cloud.Secret] {
	return readings(s, arns)
}

func (s secretStore) Watch(_ context.Context, arns []string) map[string]cloud.Reading[cloud.Secret] {
	return readings(s, arns)
}

func readings[T any](of map[string]T, names []string) map[string]cloud.Reading[T] {
	out := map[string]cloud.Reading[T]{}
	for _, name := range names {
		value, found := of[name]
		if out[name] = (cloud.Reading[T]{Value: value}); !found {
			out[name] = cloud.Reading[T]{Err: &cloud.Error{Kind: cloud.KindNotFound}}
		}
	}
	return out
}

const lostSecret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf"

// lostWith is a deployment whose stable revision lost its stack, and is to be made anew
// with what it held; nil if nobody knows that.
func lostWith(t *testing.T, held *v1alpha1.FrozenConfiguration) (*DeploymentReconciler, *v1alpha1.ImmutableDeployment, *deploymentView) {
	t.Helper()
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "1"}}
	imd.Spec.Template.Containers = []v1alpha1.Container{{
		Name: "app", Image: "app:1", Environment: []v1alpha1.KeyValue{{Name: "FEATURES", ValueFrom: &v1alpha1.ValueSource{SSM: "/shop/features"}}},
		Secrets: []v1alpha1.Secret{{Name: "DB", ValueFrom: lostSecret}},
	}}
	imr := v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1"}}
	imr.Spec.Revision, imr.Spec.Frozen.TemplateHash = 1, "hash"
	imr.Spec.Frozen.Template, imr.Spec.Frozen.Configuration = *imd.Spec.Template.DeepCopy(), held
	imr.Spec.Frozen.Template.Containers[0].Environment[0] = v1alpha1.KeyValue{Name: "FEATURES", Value: "held"}
	cluster := clusterOf(t, &imr)
	now := metav1.Now()
	imr.DeletionTimestamp = &now
	view := &deploymentView{records: []v1alpha1.ImmutableRevision{imr}}
	view.facts.WantTemplate, view.facts.WantHash, view.facts.Progress.Stable = "hash", "hash", 1
	view.facts.Revisions = []rollout.Revision{{Number: 1, Deleting: true, Stack: v1alpha1.RevisionFailed}}
	view.clients.Parameters, view.clients.Secrets = parameterStore{}, secretStore{}
	return &DeploymentReconciler{Options: Options{Client: cluster, Live: cluster}}, imd, view
}

// A lost revision of which nobody knows what it held gets the values that are current.
func TestLostWithoutValues(t *testing.T) {
	r, imd, view := lostWith(t, nil)
	view.clients.Parameters = parameterStore{"/shop/features": {Value: "current", Version: 2}}
	view.clients.Secrets = secretStore{lostSecret: {Stages: map[string][]string{"v1": {cloud.StageCurrent}}}}
	pinned, _, held, err := r.resolved(t.Context(), imd, view, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := pinned.Containers[0]
	if held == nil || c.Environment[0].Value != "current" || c.Environment[0].ValueFrom != nil || c.Secrets[0].ValueFrom != lostSecret+":::v1" {
		t.Errorf("held %+v, containers %+v", held, c)
	}
}

// A lost revision is made anew with what it held, so that nobody needs the parameter
// any more. What ECS resolves has to be there.
func TestLostNeedsWhatItResolves(t *testing.T) {
	held := &v1alpha1.FrozenConfiguration{State: v1alpha1.ConfigurationFrozen, SHA256: "sum", Entries: []v1alpha1.FrozenReference{
		{Container: "app", Name: "FEATURES", In: v1alpha1.InEnvironment, Source: "/shop/features", Version: "1", Pinned: true},
		{Container: "app", Name: "DB", In: v1alpha1.InSecrets, Source: lostSecret, Kind: v1alpha1.KindSecret, Version: "v1", Pinned: true},
	}}
	r, imd, view := lostWith(t, held)
	view.clients.Secrets = secretStore{lostSecret: {Stages: map[string][]string{"v1": {"AWSPREVIOUS"}, "v2": {cloud.StageCurrent}}}}
	var report preflight.Report
	if err := r.lookAtConfiguration(t.Context(), imd, view, &report); err != nil || len(report.Findings) > 0 {
		t.Errorf("%v, %+v", err, report.Findings)
	}
	view.clients.Secrets = secretStore{}
	if err := r.lookAtConfiguration(t.Context(), imd, view, &report); err != nil || len(report.Findings) != 1 || report.Findings[0].Reason != v1alpha1.ReasonConfigurationGone {
		t.Errorf("%v, %+v", err, report.Findings)
	}
	again := imd.Spec.Template.DeepCopy()
	if got, err := r.heldByLost(t.Context(), &view.records[0], again); err != nil || got.SHA256 != "sum" || again.Containers[0].Environment[0].Value != "held" {
		t.Errorf("%+v, %v, %+v", got, err, configuration.References(again))
	}
}

// denying denies the look at one parameter.
type denying struct {
	parameterStore
	name string
}

func (s denying) Get(ctx context.Context, names []string) map[string]cloud.Reading[cloud.Parameter] {
	out := s.parameterStore.Get(ctx, names)
	if _, asked := out[s.name]; asked {
		out[s.name] = cloud.Reading[cloud.Parameter]{Err: &cloud.Error{Kind: cloud.KindDenied, Op: "ssm:GetParameters"}}
	}
	return out
}

// Values that can't all be read any more when a revision is to be made of them stop the
// rollout with the reason: the next pass would find the same, and so on without end.
func TestValuesThatCannotBeReadAgain(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "1"}}
	imd.Spec.Configuration.OnChange = v1alpha1.ChangeRollOut
	imd.Spec.Template.Containers = []v1alpha1.Container{{
		Name: "app", Image: "app:1", Environment: []v1alpha1.KeyValue{{Name: "FEATURES", ValueFrom: &v1alpha1.ValueSource{SSM: "/shop/features"}}},
		Secrets: []v1alpha1.Secret{{Name: "TOKEN", ValueFrom: "/shop/token"}},
	}}
	answers := func(value string, version int64) *configuration.Answers {
		a := configuration.NewAnswers("eu-west-1")
		a.Parameters = parameterStore{"/shop/features": {Value: value, Version: version}, "/shop/token": {Secure: true, Version: 1}}
		return a
	}
	held, _ := configuration.Freeze(imd.Spec.Template.DeepCopy(), v1alpha1.SecretsAuto, answers("old", 1))
	imr := v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1"}}
	imr.Spec.Revision, imr.Spec.Frozen.TemplateHash, imr.Spec.Frozen.Configuration = 1, "hash", held
	imd.Status.Stable, imd.Status.StableRevision = 1, "web-1"
	imd.Status.Configuration = configuration.Compare(&configuration.Comparison{Revision: "web-1", Held: held, Template: &imd.Spec.Template}, answers("new", 2))
	cluster := clusterOf(t, &imr)
	r := &DeploymentReconciler{Options: Options{Client: cluster, Live: cluster, Now: time.Now}}
	for name, c := range map[string]struct {
		denied  string
		refused bool
	}{"all are read": {"", false}, "one can't be read any more": {"/shop/token", true}} {
		view := &deploymentView{records: []v1alpha1.ImmutableRevision{imr}}
		view.facts.WantTemplate, view.facts.Revisions = "hash", []rollout.Revision{{Number: 1, Stack: v1alpha1.RevisionCreated}}
		view.clients.Secrets, view.clients.Parameters = secretStore{}, denying{parameterStore(answers("new", 2).Parameters), c.denied}
		view.chooseValues(imd)
		_, made, err := r.hold(t.Context(), imd, view, imd.Spec.Template.DeepCopy())
		if made == c.refused || (cloud.KindOf(err) == cloud.KindDenied) != c.refused {
			t.Errorf("%s: made: %t, %v", name, made, err)
		}
	}
}
