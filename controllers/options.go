package controllers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/internal/background"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/gate"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Options are what both reconcilers share.
type Options struct {
	// Client writes to the cluster, and reads what may be a moment old.
	Client client.Client
	// Live reads from the API server itself. A reconcile starts from it, so
	// that no decision rests on a status that was overwritten since.
	Live client.Reader
	// Cloud gives access to AWS.
	Cloud cloud.Provider
	// Webhooks posts to the gates that are webhooks.
	Webhooks gate.Poster
	// Calls are the functions and webhooks under way.
	Calls *background.Runner[rollout.Answer]
	// Recorder of events.
	Recorder events.EventRecorder
	// Now is the time; time.Now outside tests.
	Now func() time.Time
	// Wake has a deployment looked at right away; nil does nothing.
	// SetupWithManager sets it.
	Wake func(deployment client.ObjectKey)
	// ClusterID is what this cluster's belongings in AWS are tagged with: the UID
	// of the kube-system namespace, unless administrators gave another one.
	ClusterID string
	// Process tells this process from all others, before and beside it, also
	// from those in a copy of this cluster: at most 40 characters of a tag.
	Process string
	// NewToken returns a value that nobody can guess, for the header by which a
	// preview rule finds its revision: at least 128 random bits, in 20 to 128
	// letters and digits.
	NewToken func() string
	// AllowedRoleARNs may be assumed for any namespace; "*" allows all.
	AllowedRoleARNs []string
	// RequirePolicy is true when a namespace that no DeploymentPolicy selects may
	// use nothing, instead of everything.
	RequirePolicy bool
	// NoPolicies is true when the manager may not read DeploymentPolicies, so that
	// none is known. With RequirePolicy no namespace may use anything then.
	NoPolicies bool
	// Unread are the namespaces that the manager may not read itself: their
	// annotations allow nothing. Without NoPolicies there must be none, since
	// policies select namespaces by their labels.
	Unread []string
	// Timing of reconciles.
	Timing Timing
	// MaxConcurrent is how many objects of a kind are reconciled at once.
	MaxConcurrent int
	// Metrics is where Setup registers the metrics of deployments; nil is nowhere.
	Metrics prometheus.Registerer
}

// Timing of reconciles.
type Timing struct {
	// Poll is how often AWS is looked at while something goes on.
	Poll time.Duration
	// Resync is how often AWS is looked at while nothing goes on.
	Resync time.Duration
	// Propagation is how long a load balancer takes to apply a rule change
	// on all its nodes.
	Propagation time.Duration
	// MetricDelay is how long after the end of a period CloudWatch usually has
	// all its data.
	MetricDelay time.Duration
	// Images is how often the images of a revision are looked for while its stack
	// is there; 0 is once an hour.
	Images time.Duration
}

// minRequeue is the pause before the next pass when there is more to do at once. It
// keeps a mistake from becoming a busy loop.
const minRequeue = 50 * time.Millisecond

// stalledPollFactor is how much longer than a poll the pause is when only someone else can
// put things right.
const stalledPollFactor = 6
