// Package policy owns what a namespace may use in AWS: it compares what an
// ImmutableDeployment names with what the DeploymentPolicies list that select its
// namespace, and says what is missing in them and who adds it. It is pure: its
// callers read the policies.
//
// It imports the API, internal/{command,configuration,rollout,wildcard}.
package policy

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Rules are what the policies that select a namespace allow it.
type Rules struct {
	namespace string
	// free is true where everything may be used.
	free bool
	// selecting are the policies that select the namespace, one that an
	// administrator would change for it first.
	selecting []v1alpha1.DeploymentPolicy
	// unreadable says which policy can't be read, so that nobody knows what may be
	// used; nil if all can.
	unreadable *rollout.Blocked
}

// Violation is something that a spec names and the namespace may not use.
type Violation struct {
	// Field of the ImmutableDeployment, such as spec.template.taskRoleARN.
	Field string
	// Value of the field, or what of it isn't allowed.
	Value string
	// List of a DeploymentPolicy's spec, such as taskRoleARNs, that would have to
	// contain Entry: a string, or an AllowedListener. Entry is nil where the user
	// has to change spec instead.
	List  string
	Entry any
}

// For is what the policies allow a namespace with these labels. Where none of
// them selects it, it may use everything, or nothing if a policy is required.
func For(namespace string, with map[string]string, policies []v1alpha1.DeploymentPolicy, required bool) Rules {
	r := Rules{namespace: namespace}
	for i := range policies {
		selector, err := metav1.LabelSelectorAsSelector(policies[i].Spec.NamespaceSelector)
		if err != nil {
			return Rules{namespace: namespace, unreadable: unreadable(policies[i].Name, err)}
		}
		if selector.Matches(labels.Set(with)) {
			r.selecting = append(r.selecting, policies[i])
		}
	}
	slices.SortStableFunc(r.selecting, func(a, b v1alpha1.DeploymentPolicy) int {
		return cmp.Or(cmp.Compare(breadth(&a), breadth(&b)), cmp.Compare(a.Name, b.Name))
	})
	r.free = len(r.selecting) == 0 && !required
	return r
}

// breadth orders policies: one that selects all namespaces is the last to be
// changed for one of them.
func breadth(p *v1alpha1.DeploymentPolicy) int {
	if selectsAll(p) {
		return 1
	}
	return 0
}

func selectsAll(p *v1alpha1.DeploymentPolicy) bool {
	s := p.Spec.NamespaceSelector
	return s != nil && len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}

// Spec tells whether the namespace may use all that a spec names; nil if it may.
func (r *Rules) Spec(spec *v1alpha1.ImmutableDeploymentSpec) *rollout.Blocked {
	return r.refuse(r.Check(spec))
}

// Gate tells whether the namespace may have a gate asked; nil if it may.
func (r *Rules) Gate(gate *v1alpha1.Gate) *rollout.Blocked {
	return r.refuse(r.check(usesOfGate(gate)))
}

// Repository tells whether the repository of an image may be created; nil if it
// may.
func (r *Rules) Repository(of, image string) *rollout.Blocked {
	return r.refuse(r.check([]use{{
		field: fmt.Sprintf("imagePolicy.missingRepository: Create for the image of %s", of), list: repositories, value: v1alpha1.RepositoryOf(image),
	}}))
}

// Check lists what of a spec the namespace may not use. It doesn't include
// repositories, which matter only where one is missing.
func (r *Rules) Check(spec *v1alpha1.ImmutableDeploymentSpec) []Violation {
	if r.free {
		return nil
	}
	out := r.checkRole(spec.AWS)
	out = append(out, r.checkListener(&spec.Traffic.LoadBalancer)...)
	return append(out, r.check(usesOf(spec))...)
}

// check lists what the namespace may not use of some things.
func (r *Rules) check(uses []use) (out []Violation) {
	for _, u := range uses {
		if !r.free && !r.lists(u) {
			out = append(out, Violation{Field: u.field, Value: u.value, List: u.list, Entry: u.value})
		}
	}
	return out
}

// lists tells whether any policy covers something.
func (r *Rules) lists(u use) bool {
	return slices.ContainsFunc(r.selecting, func(p v1alpha1.DeploymentPolicy) bool {
		return within(u.value, listed[u.list](&p.Spec), u.list == webhookHosts)
	})
}

// checkRole compares the role by which AWS is called. Where roles are listed, the
// controller's own isn't a way around them.
func (r *Rules) checkRole(aws *v1alpha1.AWS) []Violation {
	u := use{field: "spec.aws.roleARN", list: roleARNs}
	if aws != nil {
		u.value = aws.RoleARN
	}
	if u.value != "" {
		return r.check([]use{u})
	}
	restricted := slices.ContainsFunc(r.selecting, func(p v1alpha1.DeploymentPolicy) bool { return len(p.Spec.RoleARNs) > 0 })
	if !restricted || r.lists(u) {
		return nil
	}
	return []Violation{{Field: u.field, Value: "the controller's own role", List: u.list}}
}
