package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// allowing is an API server that allows what has one of these forms: verb,
// resource and namespace or name, separated by spaces, which may be * each.
func allowing(patterns ...string) client.Client {
	return fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Create: func(_ context.Context, _ client.WithWatch, object client.Object, _ ...client.CreateOption) error {
			review, ok := object.(*authorizationv1.SelfSubjectAccessReview)
			if !ok {
				return errors.New("only questions are expected")
			}
			asked := review.Spec.ResourceAttributes
			words := []string{asked.Verb, asked.Resource, asked.Namespace}
			review.Status.Allowed = slices.ContainsFunc(patterns, func(pattern string) bool {
				return slices.EqualFunc(strings.Split(pattern, " "), words, func(a, b string) bool { return a == "*" || a == b })
			})
			return nil
		},
	}).Build()
}

// role is what config/namespaced/role.yaml allows in two namespaces.
var role = []string{
	"list immutabledeployments a", "watch immutabledeployments a", "list immutablerevisions a", "watch immutablerevisions a", "get namespaces a",
	"list immutabledeployments b", "watch immutabledeployments b", "list immutablerevisions b", "watch immutablerevisions b", "get namespaces b",
}

func TestLookAround(t *testing.T) {
	without := func(pattern string) []string {
		return slices.DeleteFunc(slices.Clone(role), func(s string) bool { return s == pattern })
	}
	known := options{watchNamespaces: []string{"a", "b"}, metricsAddress: "0", metricsSecure: true, clusterID: "c"}
	unknown, required, measured, plain := known, known, known, known
	unknown.clusterID = ""
	required.requirePolicy = true
	measured.metricsAddress, plain.metricsAddress, plain.metricsSecure = ":8443", ":8080", false
	const policies, policiesToo = "list deploymentpolicies ", "watch deploymentpolicies "
	for name, c := range map[string]struct {
		allowed []string
		opts    options
		want    reach
		// refused is what the refusal says.
		refused []string
	}{
		"the Role only":         {role, known, reach{metrics: true}, nil},
		"the cluster's ID":      {role, unknown, reach{metrics: true}, []string{"--cluster-id is needed", "kubectl get namespace kube-system"}},
		"kube-system":           {append(role, "get namespaces kube-system"), unknown, reach{metrics: true}, nil},
		"no watch":              {without("watch immutablerevisions b"), known, reach{metrics: true}, []string{"may not list and watch immutablerevisions.deploy.viridian.dev in namespace b"}},
		"no list":               {without("list immutabledeployments a"), known, reach{metrics: true}, []string{"may not list and watch immutabledeployments.deploy.viridian.dev in namespace a"}},
		"nothing":               {nil, known, reach{metrics: true, unread: []string{"a", "b"}}, []string{"immutabledeployments.deploy.viridian.dev in namespace a", "immutablerevisions.deploy.viridian.dev in namespace b"}},
		"an unread namespace":   {without("get namespaces b"), known, reach{metrics: true, unread: []string{"b"}}, nil},
		"policies":              {append(role, policies, policiesToo), known, reach{metrics: true, policies: true}, nil},
		"policies, half":        {append(role, policies), known, reach{metrics: true}, nil},
		"policies required":     {append(role, policies, policiesToo), required, reach{metrics: true, policies: true}, nil},
		"policies out of reach": {role, required, reach{metrics: true}, []string{"--require-policy: the manager may not list and watch deploymentpolicies.deploy.viridian.dev"}},
		"policies, no labels":   {append(without("get namespaces b"), policies, policiesToo), known, reach{metrics: true, policies: true, unread: []string{"b"}}, []string{"not the namespaces b"}},
		"metrics":               {append(role, "create tokenreviews ", "create subjectaccessreviews "), measured, reach{metrics: true}, nil},
		"metrics for nobody":    {append(role, "create tokenreviews "), measured, reach{}, nil},
		"metrics for everybody": {role, plain, reach{metrics: true}, nil},
		"revisions":             {append(role, "manage immutablerevisions "), known, reach{metrics: true, foreignRevisions: true}, nil},
		"everything":            {[]string{"* * *"}, required, everywhere, nil},
		"the whole cluster":     {nil, options{requirePolicy: true}, everywhere, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lookAround(t.Context(), allowing(c.allowed...), c.opts)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(reach{})); diff != "" {
				t.Errorf("reach (-want +got):\n%s", diff)
			}
			if (err != nil) != (c.refused != nil) {
				t.Fatalf("refusal: %v", err)
			}
			for _, want := range c.refused {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the refusal lacks %q: %v", want, err)
				}
			}
		})
	}
}

// TestLookAroundUnanswered: a manager that can't ask what it may do doesn't start,
// and says so once for each question.
func TestLookAroundUnanswered(t *testing.T) {
	broken := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error {
			return errors.New("no answer")
		},
	}).Build()
	_, err := lookAround(t.Context(), broken, options{watchNamespaces: []string{"a"}})
	if err == nil || !strings.Contains(err.Error(), "ask what the manager may do: no answer") {
		t.Errorf("refusal: %v", err)
	}
}

// TestTell: what isn't available is said at the start, with the reason, and
// nothing is said of what is.
func TestTell(t *testing.T) {
	for name, c := range map[string]struct {
		reach reach
		want  []string
	}{
		"everything": {everywhere, nil},
		"nothing": {reach{unread: []string{"a"}}, []string{
			"Not available: DeploymentPolicies", "Not available: annotations of namespace a", "Not available: ImmutableRevisions", "Not available: metrics",
		}},
	} {
		var said []string
		log := funcr.New(func(_, line string) { said = append(said, line) }, funcr.Options{})
		c.reach.tell(log, options{watchNamespaces: []string{"a"}})
		if len(said) != 1+len(c.want) || !strings.Contains(said[0], "Looking after chosen namespaces only") {
			t.Errorf("%s: said %q", name, said)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(said[i+1], want) || !strings.Contains(said[i+1], "because") {
				t.Errorf("%s: said %q, not %q", name, said[i+1], want)
			}
		}
	}
}
