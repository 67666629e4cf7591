package ask

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// held is a deployment whose rollout is at its second step.
func held(edit ...func(*v1alpha1.ImmutableDeployment)) *v1alpha1.ImmutableDeployment {
	at := metav1.NewTime(time.Unix(0, 0))
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout"}}
	imd.Status.Phase = v1alpha1.PhaseShifting
	imd.Status.Rollout = &v1alpha1.Rollout{ID: "checkout-4.7", Revision: 4, Step: 1, VerifiedAt: &at}
	for _, f := range edit {
		f(imd)
	}
	return imd
}

func ended(outcome v1alpha1.Outcome) func(*v1alpha1.ImmutableDeployment) {
	return func(imd *v1alpha1.ImmutableDeployment) {
		imd.Status.Rollout.Outcome, imd.Status.Rollout.FinishedAt = outcome, &metav1.Time{}
	}
}

func decided(outcome v1alpha1.Outcome) func(*v1alpha1.ImmutableDeployment) {
	return func(imd *v1alpha1.ImmutableDeployment) { imd.Status.Rollout.Outcome = outcome }
}

func gated(state v1alpha1.GateState, step int32, approval bool) func(*v1alpha1.ImmutableDeployment) {
	return func(imd *v1alpha1.ImmutableDeployment) {
		gate := v1alpha1.Gate{Name: "sign-off"}
		if approval {
			gate.Approval = &v1alpha1.ApprovalGate{}
		}
		imd.Spec.Gates = []v1alpha1.Gate{gate}
		imd.Status.Rollout.Gates = []v1alpha1.GateRun{{Name: "sign-off", State: state, Step: step}}
	}
}

func unverified(imd *v1alpha1.ImmutableDeployment) { imd.Status.Rollout.VerifiedAt = nil }
func none(imd *v1alpha1.ImmutableDeployment)       { imd.Status.Rollout = nil }
func paused(imd *v1alpha1.ImmutableDeployment)     { imd.Spec.Paused = new(true) }

func TestPromote(t *testing.T) {
	for name, c := range map[string]struct {
		imd  *v1alpha1.ImmutableDeployment
		what Promotion
		want string
	}{
		"step under way":           {held(), Promotion{}, "viridian.dev/promote=checkout-4.7/2"},
		"a step":                   {held(), Promotion{Step: 3}, "viridian.dev/promote=checkout-4.7/3"},
		"all":                      {held(unverified), Promotion{Full: true}, "viridian.dev/promote=checkout-4.7/full"},
		"a gate":                   {held(), Promotion{Gate: "smoke/1"}, "viridian.dev/promote=checkout-4.7/smoke/1"},
		"gate that waits":          {held(gated(v1alpha1.GateRunning, 2, true)), Promotion{}, "viridian.dev/promote=checkout-4.7/sign-off/2"},
		"gate before traffic":      {held(unverified, gated(v1alpha1.GateRunning, 0, true)), Promotion{}, "viridian.dev/promote=checkout-4.7/sign-off"},
		"gate that was passed":     {held(gated(v1alpha1.GateSucceeded, 2, true)), Promotion{}, "viridian.dev/promote=checkout-4.7/2"},
		"gate of another kind":     {held(gated(v1alpha1.GateRunning, 2, false)), Promotion{}, "viridian.dev/promote=checkout-4.7/2"},
		"not healthy":              {held(unverified), Promotion{}, "checkout-4 is not healthy yet, so no step is under way: wait for that, or go to 100% as soon as it is, by --full"},
		"paused":                   {held(paused), Promotion{}, "the rollout checkout-4.7 is paused: end that first, by kubectl viridian resume checkout -n shop"},
		"nothing under way":        {held(ended(v1alpha1.OutcomePromoted)), Promotion{}, `no rollout of shop/checkout is under way: its phase is "Shifting"`},
		"no rollout ever":          {held(none), Promotion{Full: true}, "no rollout of shop/checkout is under way"},
		"decided, and on its way":  {held(decided(v1alpha1.OutcomeAborted)), Promotion{}, "the rollout checkout-4.7 is decided already: Aborted"},
		"handled before":           {held(handled("checkout-4.7/2")), Promotion{}, "viridian.dev/promote=checkout-4/2"},
		"handled in its short way": {held(handled("checkout-4/2")), Promotion{}, "viridian.dev/promote=checkout-4.7/2"},
		"answered, then removed":   {held(answered("viridian.dev/promote=checkout-4.7/2")), Promotion{}, "viridian.dev/promote=checkout-4/2"},
		"waits already":            {held(waits("checkout-4/2")), Promotion{}, "viridian.dev/promote=checkout-4/2"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Promote(c.imd, c.what)
			check(t, got, err, c.want)
		})
	}
}

func handled(value string) func(*v1alpha1.ImmutableDeployment) {
	return func(imd *v1alpha1.ImmutableDeployment) {
		imd.Status.Handled = &v1alpha1.HandledRequests{Promote: value}
	}
}

func answered(request string) func(*v1alpha1.ImmutableDeployment) {
	return func(imd *v1alpha1.ImmutableDeployment) {
		imd.Status.LastRequest = &v1alpha1.RequestAnswer{Request: request}
	}
}

func waits(value string) func(*v1alpha1.ImmutableDeployment) {
	return func(imd *v1alpha1.ImmutableDeployment) {
		imd.Status.Waiting = &v1alpha1.HandledRequests{Promote: value}
		imd.Status.LastRequest = &v1alpha1.RequestAnswer{Request: "viridian.dev/promote=" + value}
	}
}

func check(t *testing.T, got Request, err error, want string) {
	t.Helper()
	text := got.String()
	if err != nil {
		text = err.Error()
	}
	if !strings.HasPrefix(text, want) {
		t.Errorf("%s\nwant %s", text, want)
	}
}

func TestAbort(t *testing.T) {
	got, err := Abort(held())
	check(t, got, err, "viridian.dev/abort=checkout-4.7")
	got, err = Abort(held(ended(v1alpha1.OutcomePromoted)))
	check(t, got, err, "no rollout of shop/checkout is under way")
}

func TestRetry(t *testing.T) {
	advice := func(imd *v1alpha1.ImmutableDeployment) {
		imd.Status.BlockedBy = &v1alpha1.BlockedBy{
			Remedy: "To have it made anew: kubectl annotate imd checkout -n shop --overwrite --field-manager=oncall viridian.dev/retry=checkout-2/again; or delete it",
		}
	}
	for name, c := range map[string]struct {
		imd  *v1alpha1.ImmutableDeployment
		want string
	}{
		"rolled back":        {held(ended(v1alpha1.OutcomeRolledBack)), "viridian.dev/retry=checkout-4.7"},
		"outage":             {held(ended(v1alpha1.OutcomePromoted), advice), "viridian.dev/retry=checkout-2/again"},
		"outage and failure": {held(ended(v1alpha1.OutcomeRolledBack), advice), "viridian.dev/retry=checkout-2/again"},
		"under way":          {held(), "the rollout checkout-4.7 is still under way"},
		"promoted":           {held(ended(v1alpha1.OutcomePromoted)), "the rollout checkout-4.7 ended as Promoted"},
		"superseded":         {held(ended(v1alpha1.OutcomeSuperseded)), "the rollout checkout-4.7 ended as Superseded"},
		"returning":          {held(decided(v1alpha1.OutcomeAborted)), "traffic is still returning after checkout-4.7"},
		"nothing yet":        {held(none), "there was no rollout yet"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Retry(c.imd)
			check(t, got, err, c.want)
		})
	}
}

func TestApplier(t *testing.T) {
	entry := func(manager, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	const template = `{"f:spec":{"f:template":{"f:cpu":{}}}}`
	for _, c := range []struct {
		entry metav1.ManagedFieldsEntry
		want  string
	}{
		{entry("kustomize-controller", template), "Flux"},
		{entry("argocd-controller", template), "Argo CD"},
		{entry("argocd-controller", `{"f:metadata":{}}`), ""},
		{entry("oncall", template), ""},
	} {
		imd := held()
		imd.ManagedFields = []metav1.ManagedFieldsEntry{c.entry}
		if got := ApplierOf(imd); got != c.want {
			t.Errorf("%s: %q, want %q", c.entry.Manager, got, c.want)
		}
	}
}
