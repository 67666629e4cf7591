package controllers

import (
	"context"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// In another account, or in another region, everything is "not found", which
// would pass for an answer: what serves would be given up, a deletion be done.
// So whatever is known by its ARN has to be where AWS is called. That is looked
// at before anything is read, and again afterwards: credentials may be replaced
// at any time.

// inAccount reads something between two looks at whose account this is.
func inAccount(check, read func() error) error {
	for _, step := range []func() error{check, read, check} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// rightAccount refuses to work where the deployment isn't.
func (r *DeploymentReconciler) rightAccount(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	arns := view.router.ARNs()
	for _, imr := range view.records {
		if s := imr.Status; s.Phase != v1alpha1.RevisionRemoved && imr.Spec.StackState != v1alpha1.StackRetained {
			arns = append(arns, s.StackID)
		}
	}
	return checkAccount(ctx, view.clients, awsOf(imd), arns...)
}

// rightAccount refuses to work where the revision isn't.
func (r *RevisionReconciler) rightAccount(ctx context.Context, imr *v1alpha1.ImmutableRevision, clients cloud.Clients) error {
	return checkAccount(ctx, clients, imr.Spec.Frozen.AWS, append(backendOf(imr, clients).ARNs(), imr.Status.StackID)...)
}

// checkAccount refuses ARNs, of which each may be "", that are of another
// account or region than the clients'.
func checkAccount(ctx context.Context, clients cloud.Clients, aws v1alpha1.AWS, arns ...string) error {
	here, err := clients.Callers.Account(ctx)
	if err != nil {
		return err
	}
	for _, arn := range arns {
		if there, ok := accountOf(arn); ok && there != here {
			return wrongAccount(arn, here, there, aws)
		}
	}
	return nil
}

// accountOf reads where something is from its ARN.
func accountOf(arn string) (a cloud.Account, ok bool) {
	a = placeOf(arn)
	return a, a.Region != "" && a.ID != ""
}

// placeOf is the same for what may have no region, such as a role, or no account.
func placeOf(arn string) cloud.Account {
	parts := strings.SplitN(arn, ":", 6) // arn:aws:service:region:account:resource
	if len(parts) < 6 {
		return cloud.Account{}
	}
	return cloud.Account{Region: parts[3], ID: parts[4]}
}
