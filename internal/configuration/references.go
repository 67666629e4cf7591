// Package configuration owns the values that a template refers to, parameters of
// Systems Manager and secrets of Secrets Manager: which there are, what a revision
// holds of them, and how that compares with what is current. It is pure: what it
// judges was read by its callers.
//
// It imports the API, internal/{cloud,command,rollout}.
package configuration

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// Reference is a value that a container of a template refers to.
type Reference struct {
	Container string
	// Name of the variable, or of the option of the log driver.
	Name string
	In   v1alpha1.ReferencePlace
	// Source is the parameter's full name or ARN, or the secret as it is named.
	Source string
	// variable or secret is where the template has it.
	variable *v1alpha1.KeyValue
	secret   *v1alpha1.Secret
}

// Field is where spec has it.
func (r *Reference) Field() string {
	return fieldOf(&v1alpha1.FrozenReference{Container: r.Container, Name: r.Name, In: r.In})
}

// Stored is what stores the value: the parameter as Source has it, or the ARN of the
// secret, whatever key or version of it.
func (r *Reference) Stored() string {
	if isSecret(r.Source) {
		return parse(r.Source).ARN
	}
	return r.Source
}

// References lists the values that a template refers to, in its order. Freeze
// changes the template through them.
func References(t *v1alpha1.RevisionTemplate) (out []Reference) {
	for i := range t.Containers {
		c := &t.Containers[i]
		for j := range c.Environment {
			if e := &c.Environment[j]; e.ValueFrom != nil {
				out = append(out, Reference{c.Name, e.Name, v1alpha1.InEnvironment, full(t.ParameterPath, e.ValueFrom.SSM), e, nil})
			}
		}
		add := func(in v1alpha1.ReferencePlace, secrets []v1alpha1.Secret) {
			for j := range secrets {
				out = append(out, Reference{c.Name, secrets[j].Name, in, full(t.ParameterPath, secrets[j].ValueFrom), nil, &secrets[j]})
			}
		}
		add(v1alpha1.InSecrets, c.Secrets)
		if c.LogConfiguration != nil {
			add(v1alpha1.InLogOptions, c.LogConfiguration.SecretOptions)
		}
	}
	return out
}

// full is the full name of a parameter. ARNs, and names that begin with a slash,
// are full already.
func full(path, name string) string {
	if path == "" || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "arn:") {
		return name
	}
	return strings.TrimSuffix(path, "/") + "/" + name
}

// Held are the references of a revision. One that was frozen before they were
// recorded has those of its template, of which nothing is known.
func Held(frozen *v1alpha1.FrozenRevision) []v1alpha1.FrozenReference {
	if frozen.Configuration != nil {
		return frozen.Configuration.Entries
	}
	return unread(&frozen.Template)
}

// unread are the references of a template of which nothing is known.
func unread(t *v1alpha1.RevisionTemplate) (out []v1alpha1.FrozenReference) {
	for _, r := range References(t) {
		out = append(out, v1alpha1.FrozenReference{Container: r.Container, Name: r.Name, In: r.In, Source: r.Source})
	}
	return out
}

// Needed are the references of a template of which values or versions are needed
// to freeze it, and those that are only looked at.
func Needed(t *v1alpha1.RevisionTemplate, policy v1alpha1.SecretsPolicy) (needed, others []v1alpha1.FrozenReference) {
	for _, r := range unread(t) {
		if r.In == v1alpha1.InEnvironment || isSecret(r.Source) && pins(parse(r.Source), policy) {
			needed = append(needed, r)
		} else {
			others = append(others, r)
		}
	}
	return needed, others
}

// Resolved are the references that ECS resolves when a task starts. It doesn't
// matter any more whether those exist whose values a revision has.
func Resolved(held []v1alpha1.FrozenReference) (out []v1alpha1.FrozenReference) {
	for _, r := range held {
		if r.In != v1alpha1.InEnvironment {
			out = append(out, r)
		}
	}
	return out
}

// Sources are the names and ARNs of the parameters, and the ARNs of the secrets,
// that references have: each once, in order.
func Sources(of []v1alpha1.FrozenReference) (parameters, secrets []string) {
	names, arns := map[string]bool{}, map[string]bool{}
	for _, r := range of {
		switch {
		case isSecret(r.Source):
			arns[parse(r.Source).ARN] = true
		case !isHidden(r.Source):
			names[r.Source] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(arns))
}

// Answers are what was read.
type Answers struct {
	// Parameters by name or ARN, and Secrets by ARN. What isn't there doesn't exist,
	// unless it is Unread.
	Parameters map[string]cloud.Parameter
	Secrets    map[string]cloud.Secret
	// Unread are the parameters and secrets that nobody could look at.
	Unread map[string]bool
	// Refusal is why the first of those couldn't be looked at.
	Refusal error
	// Region of parameters that are named without one, for commands; "" if it isn't
	// known.
	Region string
}

// NewAnswers are answers without any, for parameters that are in a region unless their
// ARNs say otherwise.
func NewAnswers(region string) *Answers {
	return &Answers{Parameters: map[string]cloud.Parameter{}, Secrets: map[string]cloud.Secret{}, Unread: map[string]bool{}, Region: region}
}

// Take keeps what was read. skip is told what couldn't be: that is unread, unless it
// returns an error.
func (a *Answers) Take(parameters map[string]cloud.Reading[cloud.Parameter], secrets map[string]cloud.Reading[cloud.Secret], skip func(what string, err error) error) error {
	if err := take(a, parameters, a.Parameters, "the parameter %s (ssm:GetParameters)", skip); err != nil {
		return err
	}
	return take(a, secrets, a.Secrets, "the secret %s (secretsmanager:DescribeSecret)", skip)
}

func take[T any](a *Answers, readings map[string]cloud.Reading[T], into map[string]T, what string, skip func(string, error) error) error {
	for _, name := range slices.Sorted(maps.Keys(readings)) {
		switch r := readings[name]; {
		case r.Err == nil:
			into[name] = r.Value
		case !cloud.IsNotFound(r.Err):
			if err := skip(fmt.Sprintf(what, name), r.Err); err != nil {
				return err
			}
			a.Unread[name] = true
			a.Refusal = cmp.Or(a.Refusal, r.Err)
		}
	}
	return nil
}

// parameter is what is known of one. known is false if nobody could look.
func (a *Answers) parameter(source string) (p cloud.Parameter, found, known bool) {
	p, found = a.Parameters[source]
	return p, found, found || !a.Unread[source] && !isHidden(source)
}

// secret is the same of a secret.
func (a *Answers) secret(arn string) (s cloud.Secret, found, known bool) {
	s, found = a.Secrets[arn]
	return s, found, found || !a.Unread[arn]
}

// isSecret tells whether a source is in Secrets Manager.
func isSecret(source string) bool {
	return strings.HasPrefix(source, "arn:") && strings.Contains(source, ":secretsmanager:")
}

// secretPath is where Systems Manager has the secrets of Secrets Manager.
const secretPath = "/aws/reference/secretsmanager/"

// isHidden tells whether a source is a secret of Secrets Manager that is named as a
// parameter. Systems Manager tells nothing of it, not even whether it exists, without
// decrypting its value, so it is never asked for.
func isHidden(source string) bool {
	return strings.HasPrefix(source, secretPath) || strings.HasPrefix(source, "arn:") && strings.Contains(source, ":parameter"+secretPath)
}

// named is a secret as valueFrom names it:
// arn:aws:secretsmanager:<region>:<account>:secret:<name>:<key>:<stage>:<version>,
// in which the last three may be empty or left out (ECS developer guide, "Pass
// Secrets Manager secrets through Amazon ECS environment variables").
type named struct{ ARN, Key, Stage, Version string }

// arnParts is how many parts the ARN of a secret has.
const arnParts = 7

func parse(source string) named {
	parts := strings.Split(source, ":")
	part := func(i int) string {
		if i < len(parts) {
			return parts[i]
		}
		return ""
	}
	return named{strings.Join(parts[:min(arnParts, len(parts))], ":"), part(arnParts), part(arnParts + 1), part(arnParts + 2)}
}

// at names the secret in a version. Empty parts keep their colons, and a version
// has no stage beside it.
func (n named) at(version string) string { return n.ARN + ":" + n.Key + "::" + version }

// chosen is the version, or the staging label, that the user chose; "" is none.
func (n named) chosen() string { return cmp.Or(n.Version, n.Stage) }

// pins tells whether a policy may pin a secret at all. What the user chose stays.
func pins(secret named, policy v1alpha1.SecretsPolicy) bool {
	return policy != v1alpha1.SecretsFollow && secret.chosen() == ""
}
