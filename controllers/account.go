package controllers

import (
	"context"
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
)

// In another account, or in another region, everything is "not found", which
// would pass for an answer: what serves would be given up, a deletion be done.
// So whatever is known by its ARN has to be where AWS is called. That is looked
// at before anything is read, and again afterwards: credentials may be replaced
// at any time.

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
	return checkAccount(ctx, clients, imr.Spec.Frozen.AWS, append(backendOf(imr, "", clients).ARNs(), imr.Status.StackID)...)
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
			return refusal.New(v1alpha1.ReasonWrongAccount,
				fmt.Sprintf("%s is in account %s, region %s, but AWS is called in account %s, region %s", arn, there.ID, there.Region, here.ID, here.Region),
				moving(here, there, aws))
		}
	}
	return nil
}

// accountOf reads where something is from its ARN.
func accountOf(arn string) (a cloud.Account, ok bool) {
	parts := strings.SplitN(arn, ":", 6) // arn:aws:service:region:account:resource
	if len(parts) < 6 {
		return a, false
	}
	a = cloud.Account{Region: parts[3], ID: parts[4]}
	return a, a.Region != "" && a.ID != ""
}

// moving tells how calls get from one account and region to another: by what
// the controller is given, unless spec.aws says otherwise, which can't change.
func moving(from, to cloud.Account, aws v1alpha1.AWS) string {
	var given, anew []string
	fixed := false
	if from.ID != to.ID {
		given = append(given, "credentials of account "+to.ID)
		anew = append(anew, "a roleARN of account "+to.ID)
		fixed = aws.RoleARN != ""
	}
	if from.Region != to.Region {
		given = append(given, "AWS_REGION="+to.Region)
		anew = append(anew, "region: "+to.Region)
		fixed = fixed || aws.Region != ""
	}
	again := "create the ImmutableDeployment anew with " + strings.Join(anew, " and ") + " in spec.aws"
	if fixed {
		return upper(again)
	}
	return "Give the controller " + strings.Join(given, " and ") + ", or " + again
}

// upper begins a sentence.
func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
