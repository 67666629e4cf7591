package controllers

import (
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
)

// Setup registers both reconcilers.
func Setup(mgr ctrl.Manager, o Options) error {
	if err := (&DeploymentReconciler{o}).SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the ImmutableDeployment controller: %w", err)
	}
	if err := (&RevisionReconciler{o}).SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the ImmutableRevision controller: %w", err)
	}
	return nil
}
