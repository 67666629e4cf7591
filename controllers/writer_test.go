package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
)

// Each step of a rollout has a mark of its own; within one, processes that follow
// each other closely share it.
func TestMark(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := &DeploymentReconciler{Options: Options{Process: "me", Now: func() time.Time { return now }}}
	for name, c := range map[string]struct{ last, want string }{
		"none":                           {"", "me.2-3.1800000000"},
		"its own of this step":           {"me.2-3.1700000000", "me.2-3.1700000000"},
		"its own of the step before":     {"me.2-2.1799999990", "me.2-3.1800000000"},
		"another's of a moment ago":      {"you.2-3.1799999990", "you.2-3.1799999990"},
		"another's of the step before":   {"you.2-2.1799999990", "me.2-3.1800000000"},
		"another's of long ago":          {"you.2-3.1700000000", "me.2-3.1800000000"},
		"its own of the rollout before":  {"me.1.1799999990", "me.2-3.1800000000"},
		"one that isn't made like these": {"me", "me.2-3.1800000000"},
	} {
		imd := &v1alpha1.ImmutableDeployment{}
		imd.Status.RolloutCount = 2
		imd.Status.Rollout = &v1alpha1.Rollout{Step: 2, VerifiedAt: new(metav1.NewTime(now))}
		if c.last != "" {
			imd.Status.Traffic = &v1alpha1.TrafficStatus{Writers: []string{"me.1.1", c.last}}
		}
		if got := r.mark(imd); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// errTaken is what the route says of tags that mark it as another's.
var errTaken = errors.New("it is another's")

// tagged is a route with tags.
type tagged struct {
	route.Router
	tags map[string]string
}

func (r tagged) Tags(context.Context) (map[string]string, error) { return r.tags, nil }

func (tagged) Conflict(map[string]string) error { return errTaken }

// Nothing is written to a rule that bears another deployment's tags by now, nor is a
// stack made or removed by what was known of it.
func TestRuleThatWasTakenOver(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout", UID: "1"}}
	r := &DeploymentReconciler{Options: Options{ClusterID: "here", Now: time.Now}}
	own := func(edit func(map[string]string)) map[string]string {
		tags := r.claimOf(imd).Tags()
		tags[v1alpha1.TagWriter] = "me.1.0"
		edit(tags)
		return tags
	}
	for name, c := range map[string]struct {
		tags map[string]string
		want error
	}{
		"its own":                       {own(func(map[string]string) {}), nil},
		"another's":                     {own(func(tags map[string]string) { tags[v1alpha1.TagUID] = "2" }), errTaken},
		"that of a copy of the cluster": {own(func(tags map[string]string) { tags[v1alpha1.TagCluster] = "elsewhere" }), errTaken},
	} {
		for _, kind := range []rollout.ActionKind{rollout.ActionSetTargets, rollout.ActionDeleteRule, rollout.ActionRemoveStack} {
			view := &deploymentView{router: tagged{tags: c.tags}}
			view.facts.Route, view.facts.Writer = rollout.Route{Exists: true, Owned: true}, "me.1.0"
			view.facts.Progress.Writers = []string{"me.1.0"}
			d, err := r.authorise(t.Context(), imd, view, rollout.Decision{Action: rollout.Action{Kind: kind}})
			if !errors.Is(err, c.want) || c.want == nil && d.Action.Kind != kind {
				t.Errorf("%s, %s: %+v, %v", name, kind, d.Action, err)
			}
		}
	}
}
