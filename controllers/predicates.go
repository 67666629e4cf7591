package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// DeploymentPredicate tells which events of ImmutableDeployments are a reason to
// look again: a new spec, another annotation, a new object. Status is their own
// work.
func DeploymentPredicate() predicate.Predicate {
	return predicate.Or(RevisionPredicate(), predicate.AnnotationChangedPredicate{})
}

// RevisionPredicate tells which events of ImmutableRevisions are a reason to
// look again: a new spec, a new object. Status is their own work, and no
// reason: pauses stay pauses.
func RevisionPredicate() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return replaced(e) || forgotten(e)
	}})
}

// forgotten tells whether an object lost its status, which nobody would come to
// fill in again if nothing goes on.
func forgotten(e event.UpdateEvent) bool {
	return phaseOf(e.ObjectOld) != "" && phaseOf(e.ObjectNew) == ""
}

func phaseOf(o client.Object) string {
	switch o := o.(type) {
	case *v1alpha1.ImmutableDeployment:
		return string(o.Status.Phase)
	case *v1alpha1.ImmutableRevision:
		return string(o.Status.Phase)
	}
	return ""
}

// replaced tells whether an object was deleted and another one was created
// under its name while the watch was interrupted: that is told as an update,
// and the two may well have the same generation.
func replaced(e event.UpdateEvent) bool { return e.ObjectOld.GetUID() != e.ObjectNew.GetUID() }
