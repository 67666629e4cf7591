package controllers

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/background"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Neither a gate's point nor a strategy or an approval that only a newer version
// knows is passed over: the rollout waits, as long as nothing is decided.
func TestUnknownPointAndStrategy(t *testing.T) {
	canary := func(approval v1alpha1.Approval) v1alpha1.Strategy {
		return v1alpha1.Strategy{Type: v1alpha1.StrategyCanary, Canary: &v1alpha1.Canary{Steps: []v1alpha1.CanaryStep{{Weight: 10, Approval: approval}}}}
	}
	for _, tt := range []struct {
		spec   v1alpha1.ImmutableDeploymentSpec
		reason string
	}{
		{v1alpha1.ImmutableDeploymentSpec{Gates: []v1alpha1.Gate{{Name: "newer", At: "BeforeCleanup", Approval: &v1alpha1.ApprovalGate{}}}}, v1alpha1.ReasonGateUnavailable},
		{v1alpha1.ImmutableDeploymentSpec{Strategy: v1alpha1.Strategy{Type: "Shadow"}}, v1alpha1.ReasonInvalidSpec},
		{v1alpha1.ImmutableDeploymentSpec{Strategy: canary("Two")}, v1alpha1.ReasonInvalidSpec},
		{v1alpha1.ImmutableDeploymentSpec{Strategy: canary(v1alpha1.ApprovalManual), Gates: []v1alpha1.Gate{{Name: "known", At: v1alpha1.OnRollback}}}, ""},
	} {
		spec, reason := tt.spec, tt.reason
		for _, outcome := range []v1alpha1.Outcome{"", v1alpha1.OutcomeRolledBack} {
			r, view := &DeploymentReconciler{Options: Options{Calls: background.New[rollout.Answer](1)}}, &deploymentView{}
			view.facts.Progress.Rollout = &rollout.Rollout{ID: "web-1", Outcome: outcome}
			if err := r.observeEvidence(t.Context(), &v1alpha1.ImmutableDeployment{Spec: spec}, view); err != nil {
				t.Fatal(err)
			}
			trouble, wanted := view.facts.Analysis.Trouble, reason != "" && outcome == ""
			if (trouble != nil) != wanted || wanted && (trouble.Reason != reason || trouble.Remedy == "") {
				t.Errorf("%q, outcome %q: %+v", reason, outcome, trouble)
			}
		}
	}
}

// A deletion by a policy that only a newer version knows waits: it may ask for
// something to be kept. One that orphans everything doesn't.
func TestUnknownDeletionPolicy(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	nothing := fake.NewClientBuilder().WithScheme(scheme).Build()
	r := &DeploymentReconciler{Options: Options{Client: nothing, Live: nothing}}
	for _, tt := range []struct {
		policy             v1alpha1.DeletionPolicy
		deleting, orphaned bool
		reason             string
	}{
		{"", true, false, ""},
		{v1alpha1.DeletionDelete, true, false, ""},
		{v1alpha1.DeletionRetain, true, false, ""},
		{"RetainStacks", false, false, ""},
		{"RetainStacks", true, true, ""},
		{"RetainStacks", true, false, v1alpha1.ReasonInvalidSpec},
	} {
		imd := &v1alpha1.ImmutableDeployment{Spec: v1alpha1.ImmutableDeploymentSpec{DeletionPolicy: tt.policy}}
		imd.Status.Orphaned = tt.orphaned
		view := &deploymentView{}
		view.facts.Deleting, view.facts.Policy.Retain = tt.deleting, tt.policy == v1alpha1.DeletionRetain
		if refused, _ := troubleOf(r.observeRecords(t.Context(), imd, view), cloud.Identity{}); refused.Reason != tt.reason {
			t.Errorf("%+v: %+v", tt, refused)
		}
	}
}
