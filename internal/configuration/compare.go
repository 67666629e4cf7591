package configuration

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/command"
)

// shown is how many references status shows.
const shown = 40

// Comparison is what is compared, and with what.
type Comparison struct {
	// Revision is the name of the revision, and Held what it holds.
	Revision string
	Held     *v1alpha1.FrozenConfiguration
	// Template in spec, and the policy by which a new revision would be frozen; nil if
	// the revision is of another template.
	Template *v1alpha1.RevisionTemplate
	Policy   v1alpha1.SecretsPolicy
	// Before is what was found the last time; nil if nothing was.
	Before *v1alpha1.ConfigurationStatus
	// GivenUp are the SHA-256s of values of which a rollout was given up.
	GivenUp []string
	Now     time.Time
}

// Compare compares what a revision holds with what is current. What nobody could
// look at is as it was. It is nil if the revision refers to nothing.
func Compare(c *Comparison, answers *Answers) *v1alpha1.ConfigurationStatus {
	if c.Held == nil || len(c.Held.Entries) == 0 {
		return nil
	}
	out := &v1alpha1.ConfigurationStatus{Revision: c.Revision}
	var all findings
	for i := range c.Held.Entries {
		r := &c.Held.Entries[i]
		entry, known := c.entry(r, answers)
		all.note(&entry, known, c.wasSo(r, &entry))
		out.Entries = append(out.Entries, entry)
	}
	switch {
	case all.changed && all.unread && !all.news:
		out.Changed = c.seen() // that something can't be read any more is no change
	case all.changed:
		out.Changed = c.next(answers)
	case all.gone:
		out.Changed = c.stillGivenUp()
	}
	shorten(out)
	return out
}

// findings tell whether any reference has changed, is other than it was found the last
// time, couldn't be read, or keeps a task or a new revision from getting its value.
type findings struct{ changed, news, unread, gone bool }

func (f *findings) note(r *v1alpha1.ConfigurationReference, known, wasSo bool) {
	f.changed, f.gone = f.changed || r.Changed, f.gone || r.Problem != ""
	f.unread, f.news = f.unread || !known, f.news || known && !wasSo
}

// shorten keeps those that people have to know.
func shorten(s *v1alpha1.ConfigurationStatus) {
	slices.SortStableFunc(s.Entries, func(a, b v1alpha1.ConfigurationReference) int { return cmp.Compare(rank(&a), rank(&b)) })
	if n := len(s.Entries); n > shown {
		s.Entries, s.Omitted = s.Entries[:shown], int32(n-shown) //nolint:gosec // a template has few
	}
}

// rank puts first what people have to know.
func rank(r *v1alpha1.ConfigurationReference) int {
	switch {
	case r.Problem != "":
		return 0
	case r.Changed:
		return 1
	case r.Warning != "", r.HeldLater: // which is kept nowhere else
		return 2
	}
	return 3
}

// seen is the digest that was found the last time, of the same revision.
func (c *Comparison) seen() string {
	if c.Template == nil || c.Before == nil || c.Before.Revision != c.Revision {
		return ""
	}
	return c.Before.Changed
}

// stillGivenUp is the digest that was found the last time, if that was given up; else
// "". While no revision can be made it stays, so that it isn't tried again once one
// can.
func (c *Comparison) stillGivenUp() string {
	if seen := c.seen(); slices.Contains(c.GivenUp, seen) {
		return seen
	}
	return ""
}

// next is the digest of what a new revision of the template would hold; "" if that
// is the same. If none could be made now, it is what was given up, or "".
func (c *Comparison) next(answers *Answers) string {
	if c.Template == nil {
		return ""
	}
	would, missing := Freeze(c.Template.DeepCopy(), c.Policy, answers)
	switch {
	case missing != nil:
		return c.stillGivenUp()
	case would == nil || would.SHA256 == c.Held.SHA256:
		return ""
	}
	return would.SHA256
}

// wasSo tells whether a reference was found as it is the last time.
func (c *Comparison) wasSo(r *v1alpha1.FrozenReference, is *v1alpha1.ConfigurationReference) bool {
	before := c.before(r)
	return before != nil && before.Changed == is.Changed && before.Current == is.Current && before.Problem == is.Problem
}

// entry compares one reference. known is false if nobody could look.
func (c *Comparison) entry(r *v1alpha1.FrozenReference, answers *Answers) (out v1alpha1.ConfigurationReference, known bool) {
	out = v1alpha1.ConfigurationReference{Container: r.Container, Name: r.Name, Source: r.Source, Kind: r.Kind, Held: r.Version, Pinned: r.Pinned}
	before := c.before(r)
	if r.Version == "" && before != nil {
		out.Held, out.HeldLater, out.HeldModifiedAt = before.Held, before.HeldLater, before.HeldModifiedAt
	}
	compare := compareParameter
	if isSecret(r.Source) {
		compare = compareSecret
	}
	if known := compare(r, answers, &out); !known {
		if before != nil {
			return *before, false
		}
		return out, false
	}
	if !out.Changed && out.Problem == "" {
		return out, true
	}
	out.Since = c.since(before, &out)
	return out, true
}

// since is when a change or a problem was seen first.
func (c *Comparison) since(before, is *v1alpha1.ConfigurationReference) *metav1.Time {
	if before != nil && before.Since != nil && before.Changed == is.Changed && (before.Problem == "") == (is.Problem == "") {
		return before.Since
	}
	return &metav1.Time{Time: c.Now.Truncate(time.Second)}
}

// before is what was found of a reference of the same revision the last time.
func (c *Comparison) before(r *v1alpha1.FrozenReference) *v1alpha1.ConfigurationReference {
	if c.Before == nil || c.Before.Revision != c.Revision {
		return nil
	}
	for i := range c.Before.Entries {
		if b := &c.Before.Entries[i]; b.Container == r.Container && b.Name == r.Name && b.Source == r.Source {
			return b
		}
	}
	return nil
}

// compareParameter compares a parameter; false if nobody could look. Of a variable
// the value counts: one that was written again, the same, has not changed. One of
// which nobody knows what the revision was made with is held as it is read first.
func compareParameter(r *v1alpha1.FrozenReference, answers *Answers, out *v1alpha1.ConfigurationReference) bool {
	p, found, known := answers.parameter(r.Source)
	switch {
	case !known:
		return false
	case !found && r.In == v1alpha1.InEnvironment:
		out.Problem = "the parameter does not exist any more: tasks keep the value, but no new revision can be made"
		out.Remedy = noParameter(r, answers.Region).Remedy
		return true
	case !found:
		out.Problem = "the parameter does not exist any more: no task can start"
		out.Remedy = noParameter(r, answers.Region).Remedy
		return true
	}
	out.Current, out.Kind = strconv.FormatInt(p.Version, 10), cmp.Or(out.Kind, kindOf(p))
	heldAt := r.ModifiedAt
	if out.HeldLater {
		heldAt = out.HeldModifiedAt
	}
	switch {
	case r.In != v1alpha1.InEnvironment && out.Held == "":
		out.Held, out.HeldLater, out.HeldModifiedAt = out.Current, true, writtenAt(p)
	case r.In != v1alpha1.InEnvironment:
		out.Changed = out.Current != out.Held || isOfAnotherTime(heldAt, writtenAt(p))
	case p.Secure:
		out.Problem = "the parameter is a SecureString now: no new revision can be made"
		out.Remedy = secureInEnvironment(r).Remedy
	default:
		out.Changed = sum(p.Value) != r.ValueSHA256
	}
	return true
}

// isOfAnotherTime tells whether two versions with one number were written at different
// times, as far as both are known: then the parameter was deleted and created again.
func isOfAnotherTime(held, current *metav1.Time) bool {
	return held != nil && current != nil && !held.Time.Equal(current.Time)
}

// compareSecret compares a secret; false if nobody could look. One that isn't
// pinned, or that names its version, doesn't change: its tasks get what they shall.
func compareSecret(r *v1alpha1.FrozenReference, answers *Answers, out *v1alpha1.ConfigurationReference) bool {
	name := parse(r.Source)
	secret, found, known := answers.secret(name.ARN)
	if !known {
		return false
	}
	if found {
		out.Current = secret.Staged(cmp.Or(name.Stage, cloud.StageCurrent))
	}
	if p := secretProblem(r, answers); p != nil {
		out.Problem, out.Remedy = strings.ToLower(p.Message[:1])+p.Message[1:], p.Remedy
		if len(out.Problem) > problemLength {
			out.Problem = shortProblem(&secret, found)
		}
	}
	pinned := r.Pinned && name.Version == ""
	if pinned && secret.Rotated && !r.Rotated {
		out.Warning = warningRotated
	}
	out.Changed = pinned && out.Current != "" && out.Current != r.Version
	return true
}

// warningRotated is said of what was pinned before.
const warningRotated = "the secret has become rotated: with a rotation, the version that is pinned stops working; a new revision follows the secret with spec.configuration.secrets: Auto"

// problemLength is how long a problem may be in status.
const problemLength = 256

// shortProblem is the same where names are long.
func shortProblem(secret *cloud.Secret, found bool) string {
	switch {
	case !found:
		return "the secret does not exist any more: no task can start"
	case !secret.DeletedAt.IsZero():
		return "the secret is scheduled for deletion: no task can start"
	}
	return "the version of the secret has no staging label any more: once Secrets Manager deletes it, no task can start"
}

// Verdict is what the condition ConfigurationCurrent says.
type Verdict struct {
	Current         bool
	Reason, Message string
}

// Judge says how the comparison came out. rollsOut tells whether changes are rolled
// out anyway: else the message has the command that does. givenUp tells whether these
// were.
func Judge(s *v1alpha1.ConfigurationStatus, namespace, name string, rollsOut, givenUp bool) Verdict {
	var gone, changed, unread []string
	for i := range s.Entries {
		r := &s.Entries[i]
		at := fmt.Sprintf("%s of container %s", r.Name, r.Container)
		switch {
		case r.Problem != "":
			gone = append(gone, at+": "+r.Problem+". "+r.Remedy)
		case r.Changed:
			changed = append(changed, fmt.Sprintf("%s (%s: %s)", at, r.Source, versions(r)))
		case r.Current == "":
			unread = append(unread, at)
		}
	}
	switch {
	case len(gone) > 0:
		return Verdict{false, v1alpha1.ReasonConfigurationGone, few(gone)}
	case len(changed) > 0:
		message := s.Revision + " was made with other values of " + few(changed)
		if s.Changed != "" { // else no revision of spec.template could have them
			message += whatBecomes(namespace, name, rollsOut, givenUp)
		}
		return Verdict{false, v1alpha1.ReasonConfigurationChanged, message}
	}
	message := s.Revision + " has the values that are current"
	if len(unread) > 0 {
		message += ", as far as they can be read; not " + few(unread)
	}
	return Verdict{true, v1alpha1.ReasonConfigurationCurrent, message}
}

// whatBecomes says what is done about values that have changed, unless it shows.
func whatBecomes(namespace, name string, rollsOut, givenUp bool) string {
	switch {
	case !rollsOut:
		return ". To roll them out: " + command.Patch(namespace, name, `{"configuration":{"onChange":"RollOut"}}`)
	case givenUp:
		return ". A rollout of these values was given up, so they are not tried again until they change; the condition Ready has the command that tries again"
	}
	return ""
}

// versions says which version is held, and which is current.
func versions(r *v1alpha1.ConfigurationReference) string {
	if r.Held == r.Current {
		return "created again, in version " + r.Current
	}
	if r.HeldLater {
		return fmt.Sprintf("version %s when it was first read, now %s", r.Held, r.Current)
	}
	return fmt.Sprintf("version %s, now %s", r.Held, r.Current)
}

// fewMax is how many things a sentence names.
const fewMax = 5

func few(of []string) string {
	if n := len(of); n > fewMax {
		return strings.Join(of[:fewMax], "; ") + fmt.Sprintf("; and %d more", n-fewMax)
	}
	return strings.Join(of, "; ")
}
