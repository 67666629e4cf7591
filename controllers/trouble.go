package controllers

import (
	"errors"
	"fmt"
	"strings"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// trouble is an error in the terms of status: why nothing goes on.
type trouble struct {
	rollout.Blocked
	// passing is true when it goes away by itself, so that the usual backoff
	// is right and nobody need do anything.
	passing bool
}

// sentences tell the trouble and its remedy.
func (t trouble) sentences() string { return t.Message + ". " + t.Remedy }

// troubleOf translates an error; ok is false for errors of the cluster, of which
// only the log tells.
func troubleOf(err error) (t trouble, ok bool) {
	if refusal, ok := errors.AsType[*refusal.Error](err); ok {
		return trouble{Blocked: refusal.Blocked}, true
	}
	failed, ok := errors.AsType[*cloud.Error](err)
	if !ok {
		return trouble{}, false
	}
	said := strings.TrimSuffix(failed.Message, ".") // the remedy follows it
	t.Message = fmt.Sprintf("AWS refused %s: %s", failed.Op, said)
	switch failed.Kind {
	case cloud.KindCredentials:
		t.Reason = v1alpha1.ReasonCredentials
		t.Remedy = "Give the controller credentials that AWS takes, or correct spec.aws.roleARN and the role's trust policy"
	case cloud.KindDenied:
		t.Reason = v1alpha1.ReasonAccessDenied
		t.Remedy = "Allow the action in the IAM policy of the controller's role"
	case cloud.KindQuota:
		t.Reason = v1alpha1.ReasonQuotaExceeded
		t.Remedy = "Raise the quota or delete what is not needed"
	case cloud.KindInvalid, cloud.KindNotFound, cloud.KindConflict:
		t.Reason = v1alpha1.ReasonInvalidSpec
		t.Remedy = "Correct what spec refers to"
	default:
		t.Reason = v1alpha1.ReasonAWSUnavailable
		t.Message = fmt.Sprintf("AWS does not answer %s: %s", failed.Op, said)
		t.Remedy = "Nothing to do if it passes; else check the controller's network and AWS_ENDPOINT_URL"
		t.passing = true
	}
	return t, true
}

// retry ends a pass that could not reach the cluster, or that found out that
// someone else wrote an object meanwhile. Mostly the next pass has read what
// they wrote; but while the cache hears nothing, it hasn't, so each pass comes
// later than the one before.
func retry(err error) (ctrl.Result, error) { return ctrl.Result{}, err }
