package template_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// stopFirst is the input of a revision that is made while the strategy is
// Recreate.
func stopFirst(in template.Input) template.Input {
	in.StopFirst = true
	return in
}

// How a service's own tasks are replaced: the template's fields win over what the
// strategy suggests, and no combination is built that ECS refuses.
func TestDeploymentOfTheService(t *testing.T) {
	type service struct {
		DeploymentConfiguration struct {
			MaximumPercent, MinimumHealthyPercent int
			DeploymentCircuitBreaker              struct {
				Enable, Rollback   bool
				ResetOnHealthyTask *bool
			}
		}
		AvailabilityZoneRebalancing string
	}
	built := func(most, least int, rebalancing string, reset *bool) (s service) {
		s.DeploymentConfiguration.MaximumPercent, s.DeploymentConfiguration.MinimumHealthyPercent = most, least
		s.DeploymentConfiguration.DeploymentCircuitBreaker.Enable = true
		s.DeploymentConfiguration.DeploymentCircuitBreaker.ResetOnHealthyTask = reset
		s.AvailabilityZoneRebalancing = rebalancing
		return s
	}
	own := func(most, least *int32) *v1alpha1.DeploymentConfiguration {
		return &v1alpha1.DeploymentConfiguration{MaximumPercent: most, MinimumHealthyPercent: least}
	}
	for name, tt := range map[string]struct {
		stopFirst   bool
		own         *v1alpha1.DeploymentConfiguration
		rebalancing string
		want        service
	}{
		"by default":            {want: built(200, 100, "", nil)},
		"Recreate":              {stopFirst: true, want: built(100, 0, "DISABLED", nil)},
		"Recreate, rebalanced":  {stopFirst: true, rebalancing: "ENABLED", want: built(200, 100, "ENABLED", nil)},
		"Recreate, 150":         {stopFirst: true, own: own(new(int32(150)), nil), want: built(150, 0, "", nil)},
		"Recreate, 200 and 100": {stopFirst: true, own: own(new(int32(200)), new(int32(100))), want: built(200, 100, "", nil)},
		"100 and 0":             {own: own(new(int32(100)), new(int32(0))), want: built(100, 0, "DISABLED", nil)},
		"rebalancing disabled":  {rebalancing: "DISABLED", want: built(200, 100, "DISABLED", nil)},
		"strict breaker": {
			own:  &v1alpha1.DeploymentConfiguration{DeploymentCircuitBreaker: &v1alpha1.DeploymentCircuitBreaker{ResetOnHealthyTask: new(false)}},
			want: built(200, 100, "", new(false)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) {
				t.DeploymentConfiguration, t.AvailabilityZoneRebalancing = tt.own, tt.rebalancing
			}))
			in.StopFirst = tt.stopFirst
			var doc struct {
				Resources struct{ Service struct{ Properties service } }
			}
			if err := json.Unmarshal([]byte(build(t, in)), &doc); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, doc.Resources.Service.Properties); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The console and describe-task-definition write 0 for no reservation.
func TestNoCPUReserved(t *testing.T) {
	none := build(t, input(minimalTemplate()))
	zero := input(with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) { t.Containers[0].CPU = new(int32(0)) }))
	var want, got struct{ Resources map[string]any }
	for body, into := range map[string]any{none: &want, build(t, zero): &got} {
		if err := json.Unmarshal([]byte(body), into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-without +with cpu 0:\n%s", diff)
	}
}
