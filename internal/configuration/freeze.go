package configuration

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Why a reference isn't pinned.
const (
	reasonParameter = "ECS reads the newest version of a parameter when a task starts"
	reasonRotated   = "the secret is rotated, so that old versions stop working"
	reasonPolicy    = "spec.configuration.secrets is Follow"
	reasonPlatform  = "Fargate's platform takes no versions of secrets before 1.4.0"
	reasonUnread    = "the controller may not look at it"
	reasonHidden    = "Systems Manager tells nothing of a secret without decrypting it; named by its ARN in Secrets Manager, it is pinned"
	reasonStage     = "valueFrom names a staging label, which can be moved"
	reasonNoCurrent = "it has no version with the label AWSCURRENT"
)

// heldMax is how many references a revision can hold.
const heldMax = 600

// Freeze has a template hold the values that it refers to: those of parameters in
// environment, and secrets by their versions as far as the policy pins them. It
// returns what is held, nil if the template refers to nothing, and what keeps it
// from that: then the template is not to be used.
func Freeze(t *v1alpha1.RevisionTemplate, policy v1alpha1.SecretsPolicy, answers *Answers) (*v1alpha1.FrozenConfiguration, *rollout.Blocked) {
	references := References(t)
	if len(references) == 0 {
		return nil, nil
	}
	if len(references) > heldMax {
		return nil, &rollout.Blocked{Reason: v1alpha1.ReasonInvalidSpec,
			Message: fmt.Sprintf("spec.template refers to %d parameters and secrets, and a revision can hold %d", len(references), heldMax),
			Remedy:  "Put several values into one secret or parameter, and refer to that"}
	}
	f := freezer{template: t, policy: policy, answers: answers}
	out := &v1alpha1.FrozenConfiguration{State: v1alpha1.ConfigurationFrozen}
	for i := range references {
		held := f.freeze(&references[i])
		if !held.Pinned {
			out.State = v1alpha1.ConfigurationPartial
		}
		out.Entries = append(out.Entries, held)
	}
	if missing := append(f.findings, problems(out.Entries, answers)...); len(missing) > 0 {
		return nil, sumUp(missing)
	}
	out.SHA256 = digest(out.Entries)
	return out, nil
}

// freezer freezes one reference after the other.
type freezer struct {
	template *v1alpha1.RevisionTemplate
	policy   v1alpha1.SecretsPolicy
	answers  *Answers
	findings []rollout.Blocked
}

func (f *freezer) freeze(r *Reference) v1alpha1.FrozenReference {
	held := v1alpha1.FrozenReference{Container: r.Container, Name: r.Name, In: r.In, Source: r.Source}
	switch {
	case r.variable != nil:
		f.freezeVariable(r, &held)
	case isSecret(r.Source):
		f.freezeSecret(r, &held)
	default:
		r.secret.ValueFrom = r.Source
		p, found, known := f.answers.parameter(r.Source)
		held.Reason = reasonParameter
		switch {
		case isHidden(r.Source):
			held.Reason = reasonHidden
		case found:
			held.Kind, held.Version, held.ModifiedAt = kindOf(p), strconv.FormatInt(p.Version, 10), writtenAt(p)
		case !known:
			held.Reason += "; " + reasonUnread
		}
	}
	return held
}

// freezeVariable puts the value of a parameter into a variable.
func (f *freezer) freezeVariable(r *Reference, held *v1alpha1.FrozenReference) {
	p, found, _ := f.answers.parameter(r.Source)
	switch {
	case p.Secure, isHidden(held.Source):
		f.findings = append(f.findings, secureInEnvironment(held))
		return
	case !found:
		f.findings = append(f.findings, noParameter(held, f.answers.Region))
		return
	}
	r.variable.Value, r.variable.ValueFrom = p.Value, nil
	held.Kind, held.Version, held.ValueSHA256, held.Pinned = v1alpha1.KindParameter, strconv.FormatInt(p.Version, 10), sum(p.Value), true
}

// freezeSecret pins a secret, if that is to be.
func (f *freezer) freezeSecret(r *Reference, held *v1alpha1.FrozenReference) {
	held.Kind = v1alpha1.KindSecret
	name := parse(r.Source)
	secret, found, known := f.answers.secret(name.ARN)
	held.Rotated = secret.Rotated
	current := secret.Staged(cloud.StageCurrent)
	switch {
	case name.Version != "":
		held.Version, held.Pinned = name.Version, true
		return
	case name.Stage != "":
		held.Version, held.Reason = secret.Staged(name.Stage), reasonStage
		return
	}
	held.Version = current
	switch {
	case f.policy == v1alpha1.SecretsFollow:
		held.Reason = reasonPolicy
	case !known:
		held.Reason = reasonUnread
	case !found:
		// That is a finding of its own.
	case current == "":
		held.Reason = reasonNoCurrent
	default:
		held.Reason = f.whyFollowed(&secret)
	}
	if found && held.Reason == "" {
		held.Pinned, r.secret.ValueFrom = true, name.at(current)
	}
}

// whyFollowed is why a secret that could be pinned isn't; "" if it is.
func (f *freezer) whyFollowed(secret *cloud.Secret) string {
	switch {
	case f.policy == v1alpha1.SecretsPin:
		return ""
	case secret.Rotated:
		return reasonRotated
	case secret.OwningService != "":
		return fmt.Sprintf("the secret is managed by %s, which changes it", secret.OwningService)
	case oldPlatform(f.template.PlatformVersion):
		return reasonPlatform
	}
	return ""
}

// oldPlatform tells whether Fargate's platform takes only whole secrets (ECS
// developer guide, as above: a JSON key or a version needs 1.4.0).
func oldPlatform(version string) bool {
	switch version {
	case "1.0.0", "1.1.0", "1.2.0", "1.3.0":
		return true
	}
	return false
}

// Again has a template hold what a revision of the same template holds.
func Again(t *v1alpha1.RevisionTemplate, frozen *v1alpha1.FrozenRevision) {
	type place struct {
		container, name string
		in              v1alpha1.ReferencePlace
	}
	values, secrets := map[place]string{}, map[place]string{}
	for i := range frozen.Template.Containers {
		c := &frozen.Template.Containers[i]
		for _, e := range c.Environment {
			values[place{c.Name, e.Name, v1alpha1.InEnvironment}] = e.Value
		}
	}
	for _, r := range References(&frozen.Template) {
		if r.secret != nil {
			secrets[place{r.Container, r.Name, r.In}] = r.secret.ValueFrom
		}
	}
	for _, r := range References(t) {
		at := place{r.Container, r.Name, r.In}
		switch value, known := values[at]; {
		case r.variable != nil && known:
			r.variable.Value, r.variable.ValueFrom = value, nil
		case r.secret != nil && secrets[at] != "":
			r.secret.ValueFrom = secrets[at]
		}
	}
}

// digest tells what is held from what is held otherwise. What isn't pinned, and
// changes without anybody's doing, doesn't count.
func digest(references []v1alpha1.FrozenReference) string {
	all := sha256.New()
	for i := range references {
		r := &references[i]
		fmt.Fprintf(all, "%q %q %q %q\n", r.Container, r.In, r.Name, heldOf(r))
	}
	return hex.EncodeToString(all.Sum(nil))
}

// heldOf is what counts of a reference: the value of a variable, and the version
// of what is pinned, or of a parameter that somebody writes.
func heldOf(r *v1alpha1.FrozenReference) string {
	switch {
	case r.In == v1alpha1.InEnvironment:
		return r.ValueSHA256
	case r.ModifiedAt != nil:
		return r.Version + " of " + r.ModifiedAt.UTC().Format(time.RFC3339)
	case r.Pinned, r.Kind != v1alpha1.KindSecret:
		return r.Version
	}
	return ""
}

// writtenAt is when the version of a parameter was written, in seconds as records keep
// it; nil if it isn't known.
func writtenAt(p cloud.Parameter) *metav1.Time {
	if p.ModifiedAt.IsZero() {
		return nil
	}
	return &metav1.Time{Time: p.ModifiedAt.Truncate(time.Second)}
}

func kindOf(p cloud.Parameter) v1alpha1.ReferenceKind {
	if p.Secure {
		return v1alpha1.KindSecureParameter
	}
	return v1alpha1.KindParameter
}

func sum(value string) string {
	of := sha256.Sum256([]byte(value))
	return hex.EncodeToString(of[:])
}
