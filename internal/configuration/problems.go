package configuration

import (
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Missing is what of the references that ECS resolves isn't there, so that no task
// could start; nil if all is, as far as anybody could look.
func Missing(held []v1alpha1.FrozenReference, answers *Answers) *rollout.Blocked {
	return sumUp(problems(Resolved(held), answers))
}

// sumUp tells all findings as one; nil if there are none.
func sumUp(findings []rollout.Blocked) *rollout.Blocked {
	switch n := len(findings); n {
	case 0:
		return nil
	case 1:
		return &findings[0]
	default:
		problems, remedies := make([]string, n), make([]string, n)
		for i, f := range findings {
			problems[i], remedies[i] = fmt.Sprintf("(%d) %s", i+1, f.Message), fmt.Sprintf("(%d) %s", i+1, f.Remedy)
		}
		return &rollout.Blocked{Reason: findings[0].Reason, Message: strings.Join(problems, "; "), Remedy: strings.Join(remedies, "; ")}
	}
}

// problems are what isn't there of what ECS resolves: each source once.
func problems(held []v1alpha1.FrozenReference, answers *Answers) (out []rollout.Blocked) {
	told := map[string]bool{}
	for i := range held {
		r := &held[i]
		if r.In == v1alpha1.InEnvironment {
			continue
		}
		found := problem(r, answers)
		if key := r.Source + " " + r.Version; found != nil && !told[key] {
			told[key] = true
			out = append(out, *found)
		}
	}
	return out
}

// problem is what keeps ECS from resolving a reference; nil if nothing does.
func problem(r *v1alpha1.FrozenReference, answers *Answers) *rollout.Blocked {
	if isSecret(r.Source) {
		return secretProblem(r, answers)
	}
	if _, found, known := answers.parameter(r.Source); found || !known {
		return nil
	}
	return new(noParameter(r, answers.Region))
}

// secretProblem is the same of a secret: it has to exist, not to be scheduled for
// deletion, and to have the version.
func secretProblem(r *v1alpha1.FrozenReference, answers *Answers) *rollout.Blocked {
	name := parse(r.Source)
	secret, found, known := answers.secret(name.ARN)
	version, pinned := r.Version, r.Pinned
	if name.Version != "" {
		version, pinned = name.Version, true
	}
	switch {
	case !known:
		return nil
	case !found:
		return gone(fmt.Sprintf("The secret %s of %s does not exist", name.ARN, placeOf(r)),
			fmt.Sprintf("Correct %s; to see the secrets of that name: %s", fieldOf(r), command.ListSecrets(name.ARN)))
	case !secret.DeletedAt.IsZero():
		return gone(fmt.Sprintf("The secret %s of %s is scheduled for deletion, and can't be read", name.ARN, placeOf(r)),
			"Take that back: "+command.RestoreSecret(name.ARN)+"; or refer to another secret")
	case pinned && len(secret.Stages[version]) == 0:
		return gone(fmt.Sprintf("The version %s of the secret %s of %s has no staging label any more, so that Secrets Manager may have deleted it", version, name.ARN, placeOf(r)),
			fmt.Sprintf("If it is still there, give it a label of its own, which keeps it: %s; else put its value into the secret again and roll out a changed spec.template, which pins the new version",
				command.LabelSecretVersion(name.ARN, version, "viridian-"+version)))
	case !pinned && name.Stage != "" && secret.Staged(name.Stage) == "":
		return gone(fmt.Sprintf("The secret %s of %s has no version with the staging label %s", name.ARN, placeOf(r), name.Stage),
			"Give a version the label, or correct "+fieldOf(r))
	}
	return nil
}

func gone(message, remedy string) *rollout.Blocked {
	return &rollout.Blocked{Reason: v1alpha1.ReasonConfigurationGone, Message: message, Remedy: remedy}
}

// noParameter says that a parameter doesn't exist.
func noParameter(r *v1alpha1.FrozenReference, region string) rollout.Blocked {
	kind := "SecureString"
	if r.In == v1alpha1.InEnvironment || r.Kind == v1alpha1.KindParameter {
		kind = "String"
	}
	return *gone(fmt.Sprintf("The parameter %s of %s does not exist in Systems Manager", r.Source, placeOf(r)),
		fmt.Sprintf("Create it: %s; or correct %s", command.PutParameter(r.Source, kind, region), fieldOf(r)))
}

// secureInEnvironment refuses to put a secret into an environment variable, where
// everybody reads it.
func secureInEnvironment(r *v1alpha1.FrozenReference) rollout.Blocked {
	return rollout.Blocked{Reason: v1alpha1.ReasonInvalidSpec,
		Message: fmt.Sprintf("The parameter %s of %s is a SecureString, and what is in environment is kept in plain text", r.Source, placeOf(r)),
		Remedy: fmt.Sprintf("Take %s out of environment of container %s and refer to the parameter in its secrets: {name: %s, valueFrom: %s}",
			r.Name, r.Container, r.Name, r.Source)}
}

// placeOf names a reference for sentences.
func placeOf(r *v1alpha1.FrozenReference) string {
	return fmt.Sprintf("%s of container %s", r.Name, r.Container)
}

// fieldOf is the field that has it.
func fieldOf(r *v1alpha1.FrozenReference) string {
	field := map[v1alpha1.ReferencePlace]string{
		v1alpha1.InEnvironment: "environment[%s].valueFrom.ssm",
		v1alpha1.InSecrets:     "secrets[%s].valueFrom",
		v1alpha1.InLogOptions:  "logConfiguration.secretOptions[%s].valueFrom",
	}[r.In]
	return fmt.Sprintf("spec.template.containers[%s]."+field, r.Container, r.Name)
}
