package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
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
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{UpdateFunc: replaced})
}

// replaced tells whether an object was deleted and another one was created
// under its name while the watch was interrupted: that is told as an update,
// and the two may well have the same generation.
func replaced(e event.UpdateEvent) bool { return e.ObjectOld.GetUID() != e.ObjectNew.GetUID() }
