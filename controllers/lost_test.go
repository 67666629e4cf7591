package controllers

import (
	"context"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/route"
	"github.com/viridian-dev/viridian/internal/template"
)

// behind is a route of which is known whose the stacks behind it are.
type behind struct {
	route.Router
	tags map[string]map[string]string
}

func (b behind) TagsBehind(context.Context, []string) (map[string]map[string]string, error) {
	return b.tags, nil
}

// losing is a worker mailer in the cluster "here" whose status knows all that there
// is: revision 3, which does the work. Its stacks were listed when the clock stands.
type losing struct {
	r    *DeploymentReconciler
	imd  *v1alpha1.ImmutableDeployment
	view *deploymentView
	aws  *formation
	now  time.Time
}

func newLosing(t *testing.T) *losing {
	t.Helper()
	l := &losing{aws: &formation{}, now: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)}
	cluster := clusterOf(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}})
	l.r = &DeploymentReconciler{Options: Options{Client: cluster, Live: cluster, ClusterID: "here", Recorder: unheard(), Now: func() time.Time { return l.now }}}
	l.imd = &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer", UID: "1"}}
	l.imd.Status.LatestRevision, l.imd.Status.Stable = 3, 3
	l.view = &deploymentView{clients: l.aws.clients(), router: behind{}, records: []v1alpha1.ImmutableRevision{l.record(3)}}
	l.view.facts.Route = rollout.Route{None: true}
	l.view.facts.Revisions = []rollout.Revision{{Number: 3, Wanted: true, Stack: v1alpha1.RevisionCreated, Backend: "group of 3"}}
	l.r.audited.note(l.imd.UID, l.now)
	return l
}

// record is that of a revision whose stack is there.
func (l *losing) record(number int64) v1alpha1.ImmutableRevision {
	imr := v1alpha1.ImmutableRevision{}
	imr.Spec.Revision, imr.Spec.StackState = number, v1alpha1.StackPresent
	imr.Spec.StackName = template.StackName("shop", "mailer", "1", number)
	return imr
}

// claim is that of another deployment of the same name if it has another UID.
func (*losing) claim(uid, cluster string) *ownership.Claim {
	return &ownership.Claim{Cluster: cluster, Namespace: "shop", Name: "mailer", UID: uid}
}

// add makes the stack of a number, and returns its tags.
func (l *losing) add(number int64, of *ownership.Claim) map[string]string {
	tags := of.Tags()
	tags[v1alpha1.TagRevision] = map[int64]string{3: "3", 7: "7"}[number]
	name := template.StackName("shop", "mailer", of.UID, number)
	l.aws.stacks = append(l.aws.stacks, cloud.Stack{ID: "id of " + name, Name: name, Status: cloud.StackCreateComplete, Tags: tags})
	tags[cloud.TagStackID] = "id of " + name
	return tags
}

// Stacks of a deployment's that no record asks for are found by each trace that they
// leave, and only those that are proven to be its own.
func TestLostStacks(t *testing.T) {
	orphan := func(l *losing) { l.view.orphans = append(l.view.orphans, l.record(7)) }
	for name, c := range map[string]struct {
		prepare func(*losing)
		want    []int64
		blocked string
	}{
		"nothing is lost": {func(l *losing) { l.add(3, l.claim("1", "here")) }, nil, ""},
		"the route leads to it": {func(l *losing) {
			l.view.facts.Route = rollout.Route{Exists: true, Owned: true, Targets: rollout.Targets{{Backend: "group of 3", Weight: 50}, {Backend: "group of 7", Weight: 50}}}
			l.view.router = behind{tags: map[string]map[string]string{"group of 7": l.add(7, l.claim("1", "here"))}}
		}, []int64{7}, ""},
		"its name is the deployment's, and was looked for just now": {func(l *losing) { l.add(7, l.claim("1", "here")) }, nil, ""},
		"its name is the deployment's, and was looked for long ago": {func(l *losing) {
			l.add(7, l.claim("1", "here"))
			l.now = l.now.Add(auditEvery)
		}, []int64{7}, ""},
		"its name is the deployment's, and status is lost": {func(l *losing) {
			l.add(7, l.claim("1", "here"))
			l.imd.Status, l.view.records, l.view.facts.Revisions = v1alpha1.ImmutableDeploymentStatus{}, nil, nil
		}, []int64{7}, ""},
		"its record has no owner": {func(l *losing) {
			l.add(7, l.claim("1", "here"))
			orphan(l)
		}, []int64{7}, ""},
		"its record has no owner, and it is another cluster's": {func(l *losing) {
			l.add(7, l.claim("1", "elsewhere"))
			orphan(l)
		}, nil, v1alpha1.ReasonRevisionConflict},
		"its record found it, and asks for none": {func(l *losing) {
			l.add(3, l.claim("1", "here"))
			imr := &l.view.records[0]
			imr.Spec.StackState = v1alpha1.StackAbsent
			imr.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonStackFound}}
		}, []int64{3}, ""},
		"another worker of the name left it, and it may be working": {func(l *losing) {
			l.add(7, l.claim("2", "here"))
			l.imd.Status, l.view.records, l.view.facts.Revisions = v1alpha1.ImmutableDeploymentStatus{}, nil, nil
		}, nil, v1alpha1.ReasonRevisionConflict},
		"another worker of the name left it, and this one works": {func(l *losing) {
			l.add(7, l.claim("2", "here"))
			l.now = l.now.Add(auditEvery)
		}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLosing(t)
			c.prepare(l)
			if err := l.r.observeLost(t.Context(), l.imd, l.view); err != nil {
				t.Fatal(err)
			}
			blocked := ""
			if b := l.view.facts.Blocked; b != nil {
				blocked = b.Reason
			}
			if got := l.view.facts.Lost; !slices.Equal(got, c.want) || blocked != c.blocked {
				t.Errorf("found %v, want %v; blocked by %q, want %q", got, c.want, blocked, c.blocked)
			}
		})
	}
}
