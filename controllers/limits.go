package controllers

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// The API server refuses a status of which a single text or list is longer than
// the schema allows. A pass that can't write its status is over, and all that
// follow end in the same way, so however long the words of AWS, of a gate or of
// a person are, every status is cut to size before it is written. The schema
// counts characters, these are bytes, so that any script fits, and all of it
// together into etcd. A test holds them against the schema.
const (
	conditionLength = 8192
	blockedLength   = 1024
	remedyLength    = 4096
	requestLength   = 256
	noteLength      = 512
	outcomeLength   = 2048
	historyText     = 300
	verdictLength   = 512
	valueLength     = 64
	boundLength     = 128
	outputLength    = 1024
	reasonLength    = 512
	failureLength   = 2048
	answeredLength  = 320
	imageLength     = 512
	referenceLength = 1024
	digestLength    = 128
	logGroupLength  = 512
	sumLength       = 64
	containerLength = 255
	sourceLength    = 2048
	versionLength   = 128
	problemLength   = 256
	mendingLength   = 512

	// comparedLength is how many values are compared.
	comparedLength = 40

	// imagesLength is how many images that run.
	imagesLength = 20

	// historyLength is how many rollouts that ended are kept in status.
	historyLength = 20
	// checksLength is how many checks, and gatesLength how many gates.
	checksLength, gatesLength = 100, 100
	// writersLength is how many marks of writers of the rule.
	writersLength = 4
	// timelineLength is how many changes of its traffic a revision remembers.
	timelineLength = 50
	// verdictsLength is how many verdicts.
	verdictsLength = 100
	// retainedLength is how many resources that a deletion left behind.
	retainedLength = 50
)

// fitDeployment cuts the status of a deployment to size.
func fitDeployment(s *v1alpha1.ImmutableDeploymentStatus) {
	fitConditions(s.Conditions)
	fitBlocked(s.BlockedBy)
	fitRequests(s.Handled)
	fitRequests(s.Waiting)
	if l := s.LastRequest; l != nil {
		fit(&l.Request, answeredLength)
		fit(&l.Message, blockedLength)
	}
	fit(&s.Image, imageLength)
	s.Images = s.Images[:min(len(s.Images), imagesLength)]
	for i := range s.Images {
		fit(&s.Images[i].Image, referenceLength)
		fit(&s.Images[i].Digest, digestLength)
	}
	s.History = s.History[:min(len(s.History), historyLength)] // the newest come first
	for i := range s.History {
		fit(&s.History[i].Request, requestLength)
		fit(&s.History[i].Image, referenceLength+digestLength)
		fit(&s.History[i].Message, historyText)
	}
	if s.Rollout != nil {
		fitRollout(s.Rollout)
	}
	if s.Configuration != nil {
		fitConfiguration(s.Configuration)
	}
	if t := s.Traffic; t != nil {
		t.Writers = t.Writers[max(0, len(t.Writers)-writersLength):]
	}
}

// fitConfiguration cuts what is said of values to size. Those that matter come first.
func fitConfiguration(c *v1alpha1.ConfigurationStatus) {
	fit(&c.Changed, sumLength)
	c.Entries = c.Entries[:min(len(c.Entries), comparedLength)]
	for i := range c.Entries {
		r := &c.Entries[i]
		fit(&r.Container, containerLength)
		fit(&r.Name, containerLength)
		fit(&r.Source, sourceLength)
		fit(&r.Held, versionLength)
		fit(&r.Current, versionLength)
		fit(&r.Problem, problemLength)
		fit(&r.Remedy, mendingLength)
		fit(&r.Warning, problemLength)
	}
}

// fitRequests cuts requests by annotation to size.
func fitRequests(h *v1alpha1.HandledRequests) {
	if h == nil {
		return
	}
	for _, text := range []*string{&h.Promote, &h.Abort, &h.Retry, &h.Unknown} {
		fit(text, requestLength)
	}
}

// fitRollout cuts a rollout to size. A step that is over asks for none of its
// gates again, so the oldest make room.
func fitRollout(r *v1alpha1.Rollout) {
	fit(&r.Request, requestLength)
	fit(&r.Note, noteLength)
	fit(&r.Message, outcomeLength)
	r.Checks = r.Checks[:min(len(r.Checks), checksLength)]
	fitVerdicts(r.Checks)
	r.Gates = r.Gates[max(0, len(r.Gates)-gatesLength):]
	for i := range r.Gates {
		fit(&r.Gates[i].Message, verdictLength)
		fit(&r.Gates[i].Output, outputLength)
	}
}

// fitRevision cuts the status of a revision to size.
func fitRevision(s *v1alpha1.ImmutableRevisionStatus) {
	fitConditions(s.Conditions)
	fit(&s.Image, imageLength)
	fit(&s.LogGroup, logGroupLength)
	s.Traffic = s.Traffic[max(0, len(s.Traffic)-timelineLength):]
	s.Verdicts = s.Verdicts[max(0, len(s.Verdicts)-verdictsLength):]
	fitVerdicts(s.Verdicts)
	s.Retained = s.Retained[:min(len(s.Retained), retainedLength)]
	for i := range s.Retained {
		fit(&s.Retained[i].Reason, reasonLength)
	}
	if s.Failure != nil {
		fit(&s.Failure.Message, failureLength)
		fit(&s.Failure.Remedy, remedyLength)
	}
	fitBlocked(s.BlockedBy)
}

func fitBlocked(b *v1alpha1.BlockedBy) {
	if b != nil {
		fit(&b.Message, blockedLength)
		fit(&b.Remedy, remedyLength)
	}
}

func fitConditions(conditions []metav1.Condition) {
	for i := range conditions {
		fit(&conditions[i].Message, conditionLength)
	}
}

func fitVerdicts(verdicts []v1alpha1.Verdict) {
	for i := range verdicts {
		v := &verdicts[i]
		fit(&v.Message, verdictLength)
		fit(&v.Value, valueLength)
		fit(&v.StableValue, valueLength)
		fit(&v.Bound, boundLength)
	}
}

// fit cuts a text in place.
func fit(text *string, n int) { *text = truncate(*text, n) }

// truncate cuts a text at n bytes, at the end of a character. JSON can't hold
// bytes that are no text: what it would have instead may be longer. Others' words
// must not steer the terminal of whoever reads them, either.
func truncate(s string, n int) string {
	s = strings.Map(printable, strings.ToValidUTF8(s, "�"))
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-len("…")], "") + "…"
}

// printable replaces what a terminal doesn't print but obeys: control characters,
// and those that reorder text.
func printable(c rune) rune {
	switch {
	case c == '\n' || c == '\r' || c == '\t':
		return ' '
	case unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c):
		return '�'
	}
	return c
}

// What an event may hold, in bytes: ValidateEventCreate in k8s.io/kubernetes,
// pkg/apis/core/validation/events.go.
const (
	eventWordLength = 128
	eventNoteLength = 1024
)

// emit sends an event that the API server takes. One that is too long would be
// refused, which nobody hears of.
func (o *Options) emit(about client.Object, kind, reason, action, note string) {
	o.Recorder.Eventf(about, nil, kind, word(reason), word(action), "%s", truncate(note, eventNoteLength))
}

// word shortens what events are told apart by, so that they still are.
func word(s string) string {
	if len(s) <= eventWordLength {
		return s
	}
	hash := fnv.New32a()
	fmt.Fprint(hash, s)
	sum := fmt.Sprintf("-%08x", hash.Sum32())
	return truncate(s, eventWordLength-len(sum)) + sum
}
