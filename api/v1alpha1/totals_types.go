package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Totals are what the rollouts of a deployment came to, all of them, while
// status.history has the last ones. Metrics are made of them, so no number ever
// gets smaller. They begin at 0 with the object, and again if its status is lost.
type Totals struct {
	// rollouts that ended, by outcome. One whose promotion was taken back because
	// the revision died right after it counts twice: Promoted and RolledBack.
	// +optional
	Rollouts OutcomeTotals `json:"rollouts,omitzero"`

	// changes are the rollouts that ended, but for those that were superseded or
	// went back to the previous revision. Each counts once.
	// +optional
	Changes int64 `json:"changes,omitempty"`

	// failures are changes that were rolled back, aborted or failed, and those that
	// were promoted and gone back from.
	// +optional
	Failures int64 `json:"failures,omitempty"`

	// provision is the time from the start of rollouts until the new revision was
	// healthy; of those in which it ever was.
	// +optional
	Provision TimeTotal `json:"provision,omitzero"`

	// shift is the time from then until the outcome was decided.
	// +optional
	Shift TimeTotal `json:"shift,omitzero"`

	// finish is the time from the decision until traffic was where the outcome says.
	// +optional
	Finish TimeTotal `json:"finish,omitzero"`

	// leadTime is the time of promoted changes from when the newest of their images
	// was pushed until they served all traffic. Where nobody knows when that was, and
	// for changes that bring no new image, it begins when the template was first seen.
	// +optional
	LeadTime TimeTotal `json:"leadTime,omitzero"`

	// recovery is the time that it took to serve well again: from the decision to
	// roll back a revision that may have had requests, from the promotion of a
	// revision that was gone back from, or from the decision that a revision failed
	// with nothing to return to; until traffic was at one that is good.
	// +optional
	Recovery TimeTotal `json:"recovery,omitzero"`

	// failedSince is the time since which nothing serves because of a revision that
	// failed with nothing to return to; absent once another was promoted.
	// +optional
	FailedSince *metav1.Time `json:"failedSince,omitempty"`
}

// OutcomeTotals are numbers of rollouts by outcome.
type OutcomeTotals struct {
	// promoted is the number of rollouts with the outcome Promoted.
	// +optional
	Promoted int64 `json:"promoted,omitempty"`

	// fastPromoted is the number of those with FastPromoted.
	// +optional
	FastPromoted int64 `json:"fastPromoted,omitempty"`

	// fastRolledBack is the number of those with FastRolledBack.
	// +optional
	FastRolledBack int64 `json:"fastRolledBack,omitempty"`

	// rolledBack is the number of those with RolledBack.
	// +optional
	RolledBack int64 `json:"rolledBack,omitempty"`

	// aborted is the number of those with Aborted.
	// +optional
	Aborted int64 `json:"aborted,omitempty"`

	// superseded is the number of those with Superseded.
	// +optional
	Superseded int64 `json:"superseded,omitempty"`

	// failed is the number of those with Failed.
	// +optional
	Failed int64 `json:"failed,omitempty"`
}

// TimeTotal is how long something took, all times together.
type TimeTotal struct {
	// count is how many times it happened.
	// +optional
	Count int64 `json:"count,omitempty"`

	// seconds that it took in all.
	// +optional
	Seconds int64 `json:"seconds,omitempty"`
}
