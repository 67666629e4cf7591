package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-logr/logr"
	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// A manager of chosen namespaces may have no permission beyond them. A watch that
// it may not have would be tried for ever, and hold up everything else; so the API
// server is asked at the start what it may do.

// reach is what a manager may do outside of the namespaces that it looks after.
type reach struct {
	// policies is true if it reads DeploymentPolicies.
	policies bool
	// unread are the namespaces that it looks after, but whose annotations it
	// can't read.
	unread []string
	// foreignRevisions is true if the admission policy viridian-revisions lets it
	// write ImmutableRevisions.
	foreignRevisions bool
	// metrics is true if it can tell who may read metrics.
	metrics bool
}

// everywhere is the reach of a manager of the whole cluster.
var everywhere = reach{policies: true, foreignRevisions: true, metrics: true}

// lookAround asks what the manager may do. It refuses what it can't work without,
// and what it couldn't keep its promises without. Nothing is asked for a manager of
// the whole cluster, which has the ClusterRole.
func lookAround(ctx context.Context, c client.Client, opts options) (reach, error) {
	if len(opts.watchNamespaces) == 0 {
		return everywhere, nil
	}
	ask := asker{ctx: ctx, client: c}
	r := reach{
		unread:           ask.unread(opts.watchNamespaces),
		policies:         ask.may(own("deploymentpolicies", "", "list", "watch")...),
		foreignRevisions: ask.may(own("immutablerevisions", "", "manage")...),
		metrics:          opts.metricsAddress == "0" || !opts.metricsSecure || ask.may(forMetrics...),
	}
	switch {
	case opts.requirePolicy && !r.policies:
		ask.refuse("--require-policy: the manager may not list and watch deploymentpolicies.%s in the cluster, so it could let no namespace use anything; let it read them, or leave the flag out", v1alpha1.GroupVersion.Group)
	case r.policies && len(r.unread) > 0:
		ask.refuse("the manager may read DeploymentPolicies, which select namespaces by their labels, but not the namespaces %s; let it get them, too", strings.Join(r.unread, ", "))
	}
	if opts.clusterID == "" && !ask.may(getting("kube-system")) {
		ask.refuse("--cluster-id is needed, since the manager may not read the namespace kube-system; give what an administrator sees by: kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'")
	}
	return r, errors.Join(ask.refusals...)
}

// unread are the namespaces that the manager may not read itself. Where it may not
// watch what is in them, it can't work.
func (a *asker) unread(namespaces []string) (unread []string) {
	for _, namespace := range namespaces {
		for _, resource := range []string{"immutabledeployments", "immutablerevisions"} {
			if !a.may(own(resource, namespace, "list", "watch")...) {
				a.refuse("--watch-namespaces: the manager may not list and watch %s.%s in namespace %s; apply the Role and the RoleBinding of config/namespaced/role.yaml there",
					resource, v1alpha1.GroupVersion.Group, namespace)
			}
		}
		if !a.may(getting(namespace)) {
			unread = append(unread, namespace)
		}
	}
	return unread
}

// forMetrics are the permissions to tell who may read metrics.
var forMetrics = []attributes{
	{Group: "authentication.k8s.io", Resource: "tokenreviews", Verb: "create"},
	{Group: authorizationv1.GroupName, Resource: "subjectaccessreviews", Verb: "create"},
}

// getting is the permission to read a namespace itself, which a Role in it gives.
func getting(namespace string) attributes {
	return attributes{Resource: "namespaces", Namespace: namespace, Name: namespace, Verb: "get"}
}

type attributes = authorizationv1.ResourceAttributes

// own are the permissions for a resource of Viridian's; the namespace "" is the
// whole cluster.
func own(resource, namespace string, verbs ...string) []attributes {
	var all []attributes
	for _, verb := range verbs {
		all = append(all, attributes{Group: v1alpha1.GroupVersion.Group, Resource: resource, Namespace: namespace, Verb: verb})
	}
	return all
}

// asker asks the API server what this process may do, and collects what speaks
// against its start.
type asker struct {
	ctx      context.Context
	client   client.Client
	refusals []error
}

// may tells whether all of it is allowed. If that can't be found out the start
// fails.
func (a *asker) may(all ...attributes) bool {
	for i := range all {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &all[i]}}
		if err := a.client.Create(a.ctx, review); err != nil {
			a.refusals = append(a.refusals, fmt.Errorf("ask what the manager may do: %w", err))
			return true // that is said once, and is reason enough
		}
		if !review.Status.Allowed {
			return false
		}
	}
	return true
}

func (a *asker) refuse(format string, args ...any) {
	a.refusals = append(a.refusals, fmt.Errorf(format, args...))
}

// tell logs what a manager of chosen namespaces does without.
func (r *reach) tell(log logr.Logger, opts options) {
	if len(opts.watchNamespaces) == 0 {
		return
	}
	log.Info("Looking after chosen namespaces only", "namespaces", opts.watchNamespaces)
	without := func(what, because string) { log.Info("Not available: "+what, "because", because) }
	if !r.policies {
		without("DeploymentPolicies: none restricts what these namespaces may use", "the manager may not list and watch them in the cluster")
	}
	for _, namespace := range r.unread {
		without("annotations of namespace "+namespace+": roles are allowed by --allowed-role-arns only, the external ID is viridian/"+namespace+", nothing of other namespaces can be adopted",
			"the manager may not get that namespace")
	}
	if !r.foreignRevisions {
		without("ImmutableRevisions, where the admission policy viridian-revisions is installed: it refuses what this manager writes",
			"the manager lacks the verb manage on them in the whole cluster, which config/namespaced/cluster gives it")
	}
	if !r.metrics {
		without("metrics: nobody may read them", "the manager may not create TokenReviews and SubjectAccessReviews; --metrics-bind-address=0 turns them off")
	}
}
