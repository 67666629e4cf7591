package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
// only the log tells. AWS was called as the identity, whose zero value is the
// controller itself.
func troubleOf(err error, as cloud.Identity) (t trouble, ok bool) {
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
		t.Remedy = openAccount(failed, as)
	case cloud.KindDenied:
		t.Reason = v1alpha1.ReasonAccessDenied
		t.Remedy = allowAction(failed, as)
	case cloud.KindQuota:
		t.Reason = v1alpha1.ReasonQuotaExceeded
		t.Remedy = makeRoom(failed, as)
	case cloud.KindInvalid, cloud.KindNotFound, cloud.KindConflict:
		t.Reason = v1alpha1.ReasonInvalidSpec
		t.Remedy = "Correct what spec refers to"
	case cloud.KindThrottled:
		t.Reason = v1alpha1.ReasonAWSUnavailable
		t.Message = fmt.Sprintf("AWS throttles %s: %s", failed.Op, said)
		t.Remedy = waitForQuota(failed)
		t.passing = true
	default:
		t.Reason = v1alpha1.ReasonAWSUnavailable
		t.Message = fmt.Sprintf("AWS does not answer %s: %s", failed.Op, said)
		t.Remedy = "Nothing to do if it passes; else check the controller's network and AWS_ENDPOINT_URL"
		t.passing = true
	}
	return t, true
}

// troubleOf translates an error of calls for a namespace.
func (o *Options) troubleOf(ctx context.Context, namespace string, aws v1alpha1.AWS, err error) (trouble, bool) {
	var as cloud.Identity
	if kind := cloud.KindOf(err); kind == cloud.KindDenied || kind == cloud.KindCredentials || kind == cloud.KindQuota {
		if id, refused := o.identify(ctx, namespace, aws); refused == nil {
			as = id
		}
	}
	return troubleOf(err, as)
}

// isBehind tells whether a pass ended because the cluster has something newer, or
// the cache hasn't: another pass has it.
func isBehind(err error) bool { return apierrors.IsConflict(err) || errors.Is(err, errBehind) }

// isPassing tells whether a pass ended because AWS doesn't answer, which passes.
func isPassing(err error) bool {
	t, ok := troubleOf(err, cloud.Identity{})
	return ok && t.passing
}

// retry ends a pass that could not reach the cluster, or that found out that
// someone else wrote an object meanwhile. Mostly the next pass has read what
// they wrote; but while the cache hears nothing, it hasn't, so each pass comes
// later than the one before.
func retry(err error) (ctrl.Result, error) { return ctrl.Result{}, err }
