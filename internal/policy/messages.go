package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// What people are told, in sentences.

// commandLength bounds the command of a remedy, in bytes. What has no room in it
// is told once that is allowed.
const commandLength = 3000

// Line is what a policy would have to contain, in YAML.
func (v Violation) Line() string {
	entry, _ := json.Marshal(v.Entry) // strings and plain types can always be marshalled
	return fmt.Sprintf("%s: [%s]", v.List, entry)
}

// refuse says what a namespace may not use, and how it is allowed; nil if there is
// nothing.
func (r *Rules) refuse(violations []Violation) *rollout.Blocked {
	switch {
	case len(violations) == 0:
		return nil
	case r.unreadable != nil:
		return r.unreadable
	}
	return &rollout.Blocked{Reason: v1alpha1.ReasonNotAllowed, Message: r.problem(violations), Remedy: r.remedy(violations)}
}

func (r *Rules) problem(violations []Violation) string {
	parts := make([]string, 0, len(violations))
	for i, v := range violations {
		part := fmt.Sprintf("%s of %s", v.Value, v.Field)
		if len(violations) > 1 {
			part = fmt.Sprintf("(%d) %s", i+1, part)
		}
		parts = append(parts, part)
	}
	problem := fmt.Sprintf("Namespace %s may not use %s", r.namespace, strings.Join(parts, "; "))
	if len(r.selecting) == 0 {
		problem += "; no DeploymentPolicy selects the namespace, and the manager runs with --require-policy"
	}
	return problem
}

func (r *Rules) remedy(violations []Violation) string {
	var missing []Violation
	var ways []string
	for _, v := range violations {
		if v.Entry == nil {
			ways = append(ways, fmt.Sprintf("Set %s to one of the %s of the namespace's DeploymentPolicies; once anything was made, create the ImmutableDeployment anew with it", v.Field, v.List))
		} else {
			missing = append(missing, v)
		}
	}
	switch {
	case len(missing) == 0:
	case len(r.selecting) == 0:
		ways = append(ways, "An administrator of the cluster creates a DeploymentPolicy for it: "+r.creation(missing))
	default:
		ways = append(ways, fmt.Sprintf("An administrator of the cluster allows it%s: %s", r.scope(), r.patch(missing)))
	}
	return strings.Join(ways, ". ")
}

// scope tells if a command allows all namespaces the same.
func (r *Rules) scope() string {
	if !selectsAll(&r.selecting[0]) {
		return ""
	}
	return fmt.Sprintf(", to all namespaces, since %s selects all", r.selecting[0].Name)
}

// patch is the command that adds what is missing to the policy that is most the
// namespace's own.
func (r *Rules) patch(missing []Violation) string {
	policy := &r.selecting[0]
	var additions []command.Addition
	fits := ""
	there := map[string]bool{}
	for _, v := range missing {
		if !there[v.List] && isEmpty(&policy.Spec, v.List) {
			additions = append(additions, command.Addition{Path: "/spec/" + v.List, Value: []any{v.Entry}})
		} else {
			additions = append(additions, command.Addition{Path: "/spec/" + v.List + "/-", Value: v.Entry})
		}
		there[v.List] = true
		longer := command.AddToPolicy(policy.Name, additions)
		if fits != "" && len(longer) > commandLength {
			break
		}
		fits = longer
	}
	return fits
}

// isEmpty tells whether a policy doesn't have a list yet.
func isEmpty(spec *v1alpha1.DeploymentPolicySpec, list string) bool {
	if list == listeners {
		return len(spec.Listeners) == 0
	}
	return len(listed[list](spec)) == 0
}

// creation is the command that creates a policy with what is missing.
func (r *Rules) creation(missing []Violation) string {
	spec := map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]string{"kubernetes.io/metadata.name": r.namespace}}}
	fits := ""
	for _, v := range missing {
		entries, _ := spec[v.List].([]any)
		spec[v.List] = append(entries, v.Entry)
		longer := command.CreatePolicy(r.namespace, spec)
		if fits != "" && len(longer) > commandLength {
			break
		}
		fits = longer
	}
	return fits
}

// unreadable says that a policy can't be read.
func unreadable(name string, err error) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonNotAllowed,
		Message: fmt.Sprintf("The DeploymentPolicy %s can't be read, so nobody knows what namespaces may use: %s", name, err),
		Remedy:  "An administrator of the cluster corrects spec.namespaceSelector: kubectl edit dpol " + name}
}
