package controllers_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/controllers"
)

// What is a reason to look again, and what isn't.
func TestPredicates(t *testing.T) {
	t.Parallel()
	was := metav1.ObjectMeta{Name: "web", UID: "1", Generation: 4, ResourceVersion: "7", Annotations: map[string]string{"a": "b"}}
	for name, x := range map[string]struct {
		edit                 func(*metav1.ObjectMeta)
		deployment, revision bool
	}{
		"status": {func(*metav1.ObjectMeta) {}, false, false},
		"spec":   {func(m *metav1.ObjectMeta) { m.Generation++ }, true, true},
		"created again while the watch was interrupted": {func(m *metav1.ObjectMeta) { m.UID = "2" }, true, true},
		"annotation": {func(m *metav1.ObjectMeta) { m.Annotations = map[string]string{"a": "c"} }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := *was.DeepCopy()
			now.ResourceVersion = "8"
			x.edit(&now)
			update := func(before, after client.Object) event.UpdateEvent {
				return event.UpdateEvent{ObjectOld: before, ObjectNew: after}
			}
			if got := controllers.DeploymentPredicate().Update(update(&v1alpha1.ImmutableDeployment{ObjectMeta: was}, &v1alpha1.ImmutableDeployment{ObjectMeta: now})); got != x.deployment {
				t.Errorf("Look at the deployment: %t, want %t", got, x.deployment)
			}
			if got := controllers.RevisionPredicate().Update(update(&v1alpha1.ImmutableRevision{ObjectMeta: was}, &v1alpha1.ImmutableRevision{ObjectMeta: now})); got != x.revision {
				t.Errorf("Look at the revision: %t, want %t", got, x.revision)
			}
		})
	}
}
