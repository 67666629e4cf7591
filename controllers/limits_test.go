package controllers

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// schema is what of a CRD's schema bounds a value.
type schema struct {
	Type       string            `json:"type"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	MaxLength  *int              `json:"maxLength"`
	MaxItems   *int              `json:"maxItems"`
	Enum       []string          `json:"enum"`
	Pattern    string            `json:"pattern"`
	Format     string            `json:"format"`
}

// statusSchema reads the schema of a kind's status.
func statusSchema(t testing.TB, plural string) schema {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "config", "crd", "bases", "deploy.viridian.dev_"+plural+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema schema `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(body, &crd); err != nil {
		t.Fatal(err)
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
}

// identifiers are the texts that are neither prose nor bounded by the schema:
// names, IDs and words of AWS and of ours, which nothing may shorten, and which
// AWS and the names of objects bound.
var identifiers = []string{
	"blockedBy.reason", "configuration.entries[].kind", "configuration.revision", "history[].from", "history[].id", "history[].reason", "history[].revision",
	"images[].container", "images[].revision", "lastRequest.reason",
	"outputs.cluster", "outputs.previewRuleARN", "outputs.serviceName", "outputs.targetGroupARN", "outputs.taskDefinitionARN",
	"failure.reason", "failure.resource", "retained[].logicalID", "retained[].physicalID", "retained[].type",
	"revision", "rollout.gates[].at", "rollout.id", "rollout.reason", "selector", "stableRevision", "stackID", "stackStatus", "step",
	"traffic.desired[].targetGroupARN", "traffic.observed[].targetGroupARN", "traffic.written[].targetGroupARN",
	"traffic.originalTargetGroupARN", "traffic.originalIdleTargetGroupARNs[]", "traffic.ruleARN",
	"preview.revision", "preview.host", "preview.header", "preview.value",
}

// keys are the texts by which something is found again, so that they must not be
// cut: the names of checks and gates are bounded by spec as well, and the marks
// of writers are values of tags, which AWS bounds.
var keys = []string{"rollout.checks[].name", "rollout.gates[].name", "traffic.writers[]", "verdicts[].name", "clusterID"}

// filler makes a value that goes beyond every bound of a schema.
type filler struct {
	letter    string   // that texts are made of
	unbounded []string // the texts that have no bound
}

func (f *filler) fill(s schema, path string) any {
	switch s.Type {
	case "object":
		out := map[string]any{}
		for name, inner := range s.Properties {
			out[name] = f.fill(inner, strings.TrimPrefix(path+"."+name, "."))
		}
		return out
	case "array":
		n := 5 // such as a rule's targets
		if s.MaxItems != nil {
			n = *s.MaxItems + 100
		} else if strings.HasSuffix(path, "conditions") {
			n = 9
		}
		out := make([]any, n)
		for i := range out {
			out[i] = f.fill(*s.Items, path+"[]")
		}
		return out
	case "boolean":
		return true
	case "string":
		return f.text(s, path)
	default:
		return 1
	}
}

func (f *filler) text(s schema, path string) string {
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "date-time":
		return time.Unix(0, 0).UTC().Format(time.RFC3339)
	case s.Pattern != "":
		return "Word"
	case slices.Contains(keys, path):
		return strings.Repeat(f.letter, *s.MaxLength)
	case s.MaxLength != nil:
		return strings.Repeat(f.letter, *s.MaxLength+1)
	}
	if !slices.Contains(f.unbounded, path) {
		f.unbounded = append(f.unbounded, path)
	}
	return strings.Repeat("x", 512) // longer than any
}

// misfits tells what of a value the schema doesn't allow.
func misfits(s schema, path string, value any) (out []string) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			out = append(out, misfits(s.Properties[name], path+"."+name, inner)...)
		}
	case []any:
		if s.MaxItems != nil && len(value) > *s.MaxItems {
			out = append(out, fmt.Sprintf("%s: %d items, not %d", path, len(value), *s.MaxItems))
		}
		for _, inner := range value {
			out = append(out, misfits(*s.Items, path+"[]", inner)...)
		}
	case string:
		if n := utf8.RuneCountInString(value); s.MaxLength != nil && n > *s.MaxLength {
			out = append(out, fmt.Sprintf("%s: %d characters, not %d", path, n, *s.MaxLength))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// convert goes from one representation to another by way of JSON.
func convert(t testing.TB, from, to any) (size int) {
	t.Helper()
	body, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(body, to)
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(body)
}

// Whatever is put into a status, what is written of it is what the API server
// takes: every text and list that the schema bounds is cut, every text that it
// doesn't is known, and all together fits into etcd.
func TestStatusFitsTheSchema(t *testing.T) {
	for _, letter := range []string{"a", "𝄞"} {
		var unbounded []string
		for plural, fit := range fits(t) {
			unbounded = append(unbounded, tryToFill(t, statusSchema(t, plural), plural, letter, fit)...)
		}
		slices.Sort(unbounded)
		unbounded = slices.Compact(unbounded) // both kinds have blockedBy
		want := slices.Sorted(slices.Values(identifiers))
		if diff := cmp.Diff(want, unbounded); diff != "" {
			t.Errorf("texts of status without a bound: give prose one, or name what is no prose in identifiers (-want +got):\n%s", diff)
		}
	}
}

// fits cut a status of each kind to size.
func fits(t testing.TB) map[string]func(filled any) any {
	return map[string]func(filled any) any{
		"immutabledeployments": func(filled any) any {
			var status v1alpha1.ImmutableDeploymentStatus
			convert(t, filled, &status)
			fitDeployment(&status)
			return status
		},
		"immutablerevisions": func(filled any) any {
			var status v1alpha1.ImmutableRevisionStatus
			convert(t, filled, &status)
			fitRevision(&status)
			return status
		},
	}
}

// tryToFill fills a status beyond its bounds, reports what is written of it that
// would be refused, and returns the texts that have no bound.
func tryToFill(t *testing.T, s schema, plural, letter string, fit func(filled any) any) (unbounded []string) {
	t.Helper()
	f := filler{letter: letter}
	filled := f.fill(s, "")
	if len(misfits(s, plural, filled)) < 5 {
		t.Fatalf("%s is filled too little to be tried", plural)
	}
	var written map[string]any
	size := convert(t, fit(filled), &written)
	for _, wrong := range misfits(s, plural, written) {
		t.Error("The API server would refuse ", wrong)
	}
	if size > 1<<20 {
		t.Errorf("a status of %s can have %d bytes, and etcd takes 1.5 MiB with the spec", plural, size)
	}
	return f.unbounded
}

// A text is cut between characters, not within one, and stays text.
func TestTruncate(t *testing.T) {
	for in, want := range map[string]string{
		"short text": "short text", "a longer text": "a longe…", "äääääääääää": "äää…", "a\xff": "a�", "€€€€": "€€…", "1234567€": "1234567€",
		"\x1b[31mred": "�[31mred", "a\nb\tc": "a b c", "\u202eabc": "�abc", "\u0085": "�",
	} {
		if got := truncate(in, 10); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// What an event is told apart by stays apart when it is cut, and is no longer
// than the API server allows.
func TestEventsAreCut(t *testing.T) {
	long := strings.Repeat("ä", 200)
	one, other := word(long+" Pass"), word(long+" Fail")
	if one == other || len(one) > eventWordLength || !utf8.ValidString(one) || !strings.HasPrefix(one, "äää") {
		t.Errorf("%q and %q", one, other)
	}
	if got := word("Retain checkout-1"); got != "Retain checkout-1" {
		t.Error(got)
	}
	for _, note := range []string{strings.Repeat("€", 1000), strings.Repeat("\xff-", 1000), "a" + strings.Repeat("𝄞", 1000)} {
		if got := truncate(note, eventNoteLength); len(got) > eventNoteLength || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	}
}

// FullDeploymentStatus is the largest status that is written of a deployment.
func FullDeploymentStatus(t testing.TB) v1alpha1.ImmutableDeploymentStatus {
	t.Helper()
	var status v1alpha1.ImmutableDeploymentStatus
	convert(t, fits(t)["immutabledeployments"](full(t, "immutabledeployments")), &status)
	for i := range status.Retiring {
		status.Retiring[i].Revision = int64(i + 1)
	}
	tell(status.Conditions)
	return status
}

// FullRevisionStatus is the largest status that is written of a revision.
func FullRevisionStatus(t testing.TB) v1alpha1.ImmutableRevisionStatus {
	t.Helper()
	var status v1alpha1.ImmutableRevisionStatus
	convert(t, fits(t)["immutablerevisions"](full(t, "immutablerevisions")), &status)
	status.Conditions = status.Conditions[:4] // Ready, Reconciling, Stalled, ImagesMissing
	tell(status.Conditions)
	return status
}

// full is a status beyond all bounds.
func full(t testing.TB, plural string) any {
	t.Helper()
	f := filler{letter: "a"}
	return f.fill(statusSchema(t, plural), "")
}

// tell makes conditions differ.
func tell(conditions []metav1.Condition) {
	for i := range conditions {
		conditions[i].Type = fmt.Sprintf("Condition%d", i)
	}
}
