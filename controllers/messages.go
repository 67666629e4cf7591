package controllers

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// What the reconcilers themselves find in the way, in sentences for people. What
// the packages say that they ask is said there.

// Access to AWS.

// wrongAccount says that something is elsewhere than where AWS is called.
func wrongAccount(arn string, here, there cloud.Account, aws v1alpha1.AWS) error {
	return refusal.New(v1alpha1.ReasonWrongAccount,
		fmt.Sprintf("%s is in account %s, region %s, but AWS is called in account %s, region %s", arn, there.ID, there.Region, here.ID, here.Region),
		moving(here, there, aws))
}

// awsChanged says that spec.aws isn't what a revision was made with: it was changed
// in the moment in which that was made.
func awsChanged(revision string, was v1alpha1.AWS) error {
	return refusal.New(v1alpha1.ReasonInvalidSpec,
		fmt.Sprintf("spec.aws was changed while %s was made with the role %q in the region %q", revision, was.RoleARN, was.Region),
		"Set spec.aws back, or delete the ImmutableDeployment and create it anew")
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

// allowAction tells which role lacks a permission: the one that AWS names, or
// else the one that was used.
func allowAction(failed *cloud.Error, as cloud.Identity) string {
	said := cloud.ParseDenial(failed.Message)
	return command.Allow(cmp.Or(said.Action, failed.Op), said.Role, as.RoleARN, said.Explicit)
}

// openAccount tells what gives the controller access to an account.
func openAccount(failed *cloud.Error, as cloud.Identity) string {
	if as.RoleARN == "" || failed.Op != "sts:AssumeRole" {
		return "Give the controller credentials that AWS takes (config/aws/README.md)"
	}
	return fmt.Sprintf("Give the controller access to the role %s: its trust policy has to name the controller's role and the external ID %s "+
		"(config/aws/trust-namespace.json), and the controller's role to allow sts:AssumeRole for it (config/aws/policy-assume-role.json)",
		as.RoleARN, as.ExternalID)
}

// makeRoom tells which quota is used up, as far as AWS says it, and where to look.
func makeRoom(failed *cloud.Error, as cloud.Identity) string {
	service, _, _ := strings.Cut(failed.Op, ":")
	return cloud.ParseQuota(failed.Code+" "+failed.Message).Remedy() + "; the quotas of the region: " + command.ListQuotas(service, as.Region)
}

// waitForQuota tells what ends throttling.
func waitForQuota(failed *cloud.Error) string {
	service, _, _ := strings.Cut(failed.Op, ":")
	return "Nothing to do if it passes: calls are repeated, ever more slowly. If it stays, look who else calls " + service +
		" in this account and region, set a longer --poll-interval, or have the quota raised in Service Quotas"
}

// externalIDWithoutRole says that spec.aws lacks what its external ID is for.
func externalIDWithoutRole() error {
	return refusal.New(v1alpha1.ReasonRoleNotAllowed, "spec.aws.externalID is set without a roleARN",
		"Set spec.aws.roleARN or leave externalID out")
}

// roleNotAllowed says that nobody allowed a namespace to use a role. Where the
// manager may not read the namespace, an annotation of it would be of no use.
func roleNotAllowed(namespace, roleARN string, unread bool) error {
	remedy := "An administrator allows it by: " + command.AnnotateNamespace(namespace, v1alpha1.AnnotationAllowedRoleARNs, roleARN)
	if unread {
		remedy = "The manager may not read the namespace, so its annotations allow nothing: whoever runs the manager allows the role by --allowed-role-arns"
	}
	return refusal.New(v1alpha1.ReasonRoleNotAllowed, fmt.Sprintf("Namespace %s may not use the role %s", namespace, roleARN), remedy)
}

// externalIDNotAllowed says that the external ID is the namespace's.
func externalIDNotAllowed(namespace, externalID string) error {
	return refusal.New(v1alpha1.ReasonRoleNotAllowed,
		fmt.Sprintf("The external ID of namespace %s is %q, not spec.aws.externalID", namespace, externalID),
		fmt.Sprintf("Leave spec.aws.externalID out, or an administrator sets the annotation %s", v1alpha1.AnnotationExternalID))
}

// What a revision is made from.

// cannotBuild refuses a template that can't become a stack.
func cannotBuild(err error) error {
	return refusal.New(v1alpha1.ReasonInvalidSpec, "The stack's template can't be built: "+err.Error(), "Correct spec.template")
}

// imageNotPinned refuses an image that may be another one tomorrow.
func imageNotPinned(image template.Image) error {
	return refusal.New(v1alpha1.ReasonImageNotPinned,
		fmt.Sprintf("The image %s of %s isn't in a private registry of Amazon ECR and has no digest, so that its tasks may run different images", *image.Ref, image.Of),
		fmt.Sprintf("Name it by its digest (…@sha256:…), add %s to spec.imagePolicy.foreignRegistries, or set spec.imagePolicy.foreignTags: Allow", v1alpha1.RepositoryOf(*image.Ref)))
}

// imageInvalid refuses an image whose reference can't be right.
func imageInvalid(image template.Image, cause error) error {
	why := cause.Error()
	if failed, ok := errors.AsType[*cloud.Error](cause); ok {
		why = failed.Message
	}
	return refusal.New(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("The image %s of %s can't be used: %s", *image.Ref, image.Of, why),
		"Correct spec.template.containers")
}

// tagMutable refuses a tag that may be moved.
func tagMutable(image template.Image) error {
	return refusal.New(v1alpha1.ReasonImageNotPinned,
		fmt.Sprintf("The tag of the image %s of %s can be moved to another image, which spec.imagePolicy.mutableTags refuses", *image.Ref, image.Of),
		"Make the repository's tags immutable (aws ecr put-image-tag-mutability), or name the image by its digest")
}

// imageNotFound says in AWS's words that an image isn't there.
func imageNotFound(image template.Image, why string) error {
	return refusal.New(v1alpha1.ReasonImageNotFound, notInECR(image, why), "Push the image, or correct spec.template.containers"+lookingIn("The newest images there", command.ListImages(*image.Ref)))
}

// repositoryNotFound says in AWS's words that an image's repository isn't there.
func repositoryNotFound(image template.Image, why string) error {
	return refusal.New(v1alpha1.ReasonRepositoryNotFound, notInECR(image, why),
		"Create the repository and push the image, correct spec.template.containers, or set spec.imagePolicy.missingRepository: Create"+
			lookingIn("The repositories there", command.ListRepositories(*image.Ref)))
}

// lookingIn tells that nobody need ask for another look at what is missing, and how
// to see what is there instead.
func lookingIn(what, command string) string {
	again := ". It is looked for again by itself"
	if command == "" {
		return again
	}
	return again + ". " + what + ": " + command
}

func notInECR(image template.Image, why string) string {
	return fmt.Sprintf("The image %s of %s is not in Amazon ECR: %s", *image.Ref, image.Of, why)
}

// repositoryCreated says that a repository waits for its image.
func repositoryCreated(image template.Image) error {
	return refusal.New(v1alpha1.ReasonImageNotFound,
		fmt.Sprintf("The repository of the image %s of %s was created and is empty", *image.Ref, image.Of), "Push the image")
}

// unknownValue refuses a value in spec that isn't known here.
func unknownValue(field, value string) error {
	return refusal.New(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("This version of the manager does not know the value %s of %s", value, field),
		"Upgrade the manager to the version of the CRDs, or use another value")
}

// Evidence.

// alarmsNotFound says which alarms don't exist in a region, which is "" if it is the
// manager's own.
func alarmsNotFound(names []string, region string) *rollout.Blocked {
	return &rollout.Blocked{
		Reason:  v1alpha1.ReasonAlarmNotFound,
		Message: "CloudWatch has no alarm named " + strings.Join(names, ", "),
		Remedy: "Create it in the account and region of the deployment, or correct spec.analysis.alarms" +
			lookingIn("The alarms there", command.ListAlarms(region)),
	}
}

// Stacks.

// serviceGone says that a service to be scaled isn't there. The one of what serves can
// be made anew; restoring is the command for that, "" for any other.
func serviceGone(revision, restoring string) error {
	remedy := "Apply a new template to replace it"
	if restoring != "" {
		remedy += ", or have its stack made anew, with the same images: " + restoring
	}
	return refusal.New(v1alpha1.ReasonStackChanged, fmt.Sprintf("The ECS service of %s is gone or goes: someone else deleted it", revision), remedy)
}

// nothingUndeletable says that a deletion failed for no reason that is known.
func nothingUndeletable(why string) error {
	return refusal.New(v1alpha1.ReasonStackDeleteFailed,
		"CloudFormation can't delete the stack and names no resource for it: "+why, "Look at the stack's events")
}

// stackProtected says that CloudFormation refuses to delete a stack.
func stackProtected(stackID string, err error) error {
	return refusal.New(v1alpha1.ReasonStackDeleteFailed, "CloudFormation does not delete the stack: "+err.Error(),
		"Take off what guards it: aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name "+stackID)
}

// lastWorker says that a worker's stack is kept since the one that should work
// isn't there.
func lastWorker(deployment, stable string) error {
	return refusal.New(v1alpha1.ReasonStackInUse, "The stack of "+stable+", which is to do the work, isn't there, so this one is kept",
		"It goes once another revision of "+deployment+" is promoted")
}

// recordLost says that a record can't be made again.
func recordLost(from *cloud.Stack, err error) error {
	return refusal.New(v1alpha1.ReasonRecordLost,
		fmt.Sprintf("The record of the stack %s, revision %s, is lost and can't be made again: %s", from.Name, from.Tags[v1alpha1.TagRevision], err),
		"Set spec.template to what that revision was made from; others can be rolled out from there")
}

// ownerGone says that a record's deployment isn't there.
func ownerGone(imr *v1alpha1.ImmutableRevision) error {
	return refusal.New(v1alpha1.ReasonRevisionConflict, "The ImmutableDeployment that the ImmutableRevision belongs to is gone",
		fmt.Sprintf("Apply %s again to have it taken over (%s), or delete it, and its stack if nothing forwards to that: %s",
			imr.Labels[v1alpha1.LabelDeployment], v1alpha1.AnnotationAdopt, command.Delete("imr", imr.Namespace, imr.Name)))
}

// stackStays tells that a record without an owner goes, and its stack doesn't.
func stackStays(stackName string, why error) string {
	return fmt.Sprintf("The stack %s stays: %s. It is found again by an ImmutableDeployment with the annotation %s", stackName, why, v1alpha1.AnnotationAdopt)
}

// belongsTo says whose a stack is, as the reason why it stays.
func belongsTo(claim *ownership.Claim, tags map[string]string) error {
	return fmt.Errorf("it belongs to %s", claim.OwnerOf(tags))
}

// Others with the same name or identity.

// copied says that this cluster is a copy of the one whose stacks these are.
func copied(claim *ownership.Claim, revision, cluster string) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonRevisionConflict,
		Message: fmt.Sprintf("The stack of %s is that of the cluster %s, of which this one is a copy", revision, cluster),
		Remedy:  "If that cluster is gone: " + claim.Adoption(claim.Tags()) + ". Else let this ImmutableDeployment go: " + claim.Retaining()}
}

// orphanIsOthers says whose the stack of a record without an owner is.
func orphanIsOthers(claim *ownership.Claim, orphan string, tags map[string]string) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonRevisionConflict,
		Message: fmt.Sprintf("The ImmutableRevision %s has no owner, and its stack belongs to %s", orphan, claim.OwnerOf(tags)),
		Remedy: fmt.Sprintf("To take it over: %s. Or delete it, and its stack if nothing forwards to that: %s",
			claim.Adoption(tags), command.Delete("imr", claim.Namespace, orphan))}
}

// namesakeWorks says that another worker of the name, which is gone, may still be
// working.
func namesakeWorks(claim *ownership.Claim, stackID string, tags map[string]string) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonRevisionConflict,
		Message: stackOfOthers(claim, stackID, tags) + ", which is gone: a second worker beside it may do the same work twice",
		Remedy:  takingOver(claim, tags) + orDeleting(stackID)}
}

// namesakeLeft tells of a stack that another deployment of the name left, which
// is gone.
func namesakeLeft(claim *ownership.Claim, stackID string, tags map[string]string) string {
	return stackOfOthers(claim, stackID, tags) + ", which is gone. " + takingOver(claim, tags) + orDeleting(stackID)
}

// namesakeElsewhere tells of a worker's stack that a deployment of the name runs
// in another cluster.
func namesakeElsewhere(claim *ownership.Claim, stackID string, tags map[string]string) string {
	return stackOfOthers(claim, stackID, tags) + ", and this worker gets one beside it. " + takingOver(claim, tags)
}

func stackOfOthers(claim *ownership.Claim, stackID string, tags map[string]string) string {
	return fmt.Sprintf("The stack %s belongs to %s", stackID, claim.OwnerOf(tags))
}

func takingOver(claim *ownership.Claim, tags map[string]string) string {
	return "To take it over: " + claim.Adoption(tags)
}

func orDeleting(stackID string) string {
	return ". Or delete it, if it is not needed: aws cloudformation delete-stack --stack-name " + stackID
}

// statusBehind says that a route was last written by a process that status doesn't
// know.
func statusBehind(claim *ownership.Claim, mark string) error {
	return refusal.New(v1alpha1.ReasonStatusBehind,
		fmt.Sprintf("The production rule was last written by a process with this cluster's identity that this status doesn't know (%s)", mark),
		"If another cluster runs this deployment, leave everything in AWS as it is: "+claim.Retaining()+". Otherwise: "+claim.Overruling(mark))
}

// Ways out of a closed account.

// goesAt tells when a deletion that retains everything goes without AWS.
func goesAt(when string) string {
	return "; else everything stays in AWS as it is, and the record goes at " + when
}

// orRetain tells how a deletion gets by without the account.
func orRetain(claim *ownership.Claim) string {
	return "; or leave everything in AWS as it is: " + claim.Retaining()
}

// orRetainStack tells how the deletion of a revision gets by without the account.
func orRetainStack(imr *v1alpha1.ImmutableRevision) string {
	return "; or leave its stack as it is: " + command.PatchRevision(imr.Namespace, imr.Name, `{"stackState":"Retained"}`)
}
