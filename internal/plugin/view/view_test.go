package view

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// now is when the objects in testdata are looked at.
var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// objects reads a deployment, its revisions and their events.
func objects(t *testing.T, name string) (*v1alpha1.ImmutableDeployment, []v1alpha1.ImmutableRevision, []corev1.Event) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var imd v1alpha1.ImmutableDeployment
	var revisions []v1alpha1.ImmutableRevision
	var events []corev1.Event
	for i, doc := range bytes.Split(body, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		var err error
		if err := yaml.Unmarshal(doc, &kind); err != nil {
			t.Fatal(err)
		}
		switch kind.Kind {
		case "ImmutableDeployment":
			err = yaml.UnmarshalStrict(doc, &imd)
		case "ImmutableRevision":
			var r v1alpha1.ImmutableRevision
			err = yaml.UnmarshalStrict(doc, &r)
			revisions = append(revisions, r)
		case "Event":
			var e corev1.Event
			err = yaml.UnmarshalStrict(doc, &e)
			events = append(events, e)
		default:
			t.Fatalf("document %d is of kind %q", i, kind.Kind)
		}
		if err != nil {
			t.Fatalf("document %d: %v", i, err)
		}
	}
	return &imd, revisions, events
}

var cases = []string{"canary", "rolledback", "denied", "serving", "unseen"}

func TestStatus(t *testing.T) {
	for _, name := range cases {
		t.Run(name, func(t *testing.T) {
			imd, revisions, _ := objects(t, name)
			d := Of(imd, revisions)
			for _, width := range []int{80, 120, 0} {
				screen := Screen{Width: width, Now: now}
				got := screen.Status(&d)
				golden(t, fmt.Sprintf("%s.status-%d.txt", name, width), got)
				fits(t, got, width)
			}
			body, err := json.MarshalIndent(d, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".status.json", string(body)+"\n")
		})
	}
}

// fits checks that no line is too long, but for those that hold a command or an ARN.
func fits(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		long := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > width
		if width > 0 && long && !strings.Contains(line, "kubectl ") && !strings.Contains(line, "aws ") && !strings.Contains(line, " arn:aws:") {
			t.Errorf("longer than %d: %s", width, line)
		}
	}
}

func TestWhy(t *testing.T) {
	for _, name := range cases {
		t.Run(name, func(t *testing.T) {
			imd, revisions, _ := objects(t, name)
			d := Of(imd, revisions)
			w := WhyOf(&d)
			screen := Screen{Width: 80, Now: now}
			got := screen.Why(&w)
			golden(t, name+".why.txt", got)
			fits(t, got, 80)
		})
	}
}

func TestHistory(t *testing.T) {
	imd, _, _ := objects(t, "rolledback")
	for _, width := range []int{80, 120} {
		screen := Screen{Width: width, Now: now}
		got := screen.History(imd.Status.History)
		golden(t, fmt.Sprintf("rolledback.history-%d.txt", width), got)
		fits(t, got, width)
	}
	if got := (&Screen{}).History(nil); got != "No rollout has ended yet.\n" {
		t.Errorf("of none: %q", got)
	}
}

func TestEvents(t *testing.T) {
	_, _, events := objects(t, "rolledback")
	screen := Screen{Width: 80, Now: now}
	golden(t, "rolledback.events.txt", screen.Events(EventsOf(events)))
	if got := screen.Events(nil); !strings.HasPrefix(got, "No events") {
		t.Errorf("of none: %q", got)
	}
}

// Colours change no text.
func TestColour(t *testing.T) {
	imd, revisions, _ := objects(t, "canary")
	d := Of(imd, revisions)
	plain, painted := Screen{Width: 80, Now: now}, Screen{Width: 80, Now: now, Colour: true}
	bare := painted.Status(&d)
	if !strings.Contains(bare, "\x1b[33m") {
		t.Error("no colour at all")
	}
	for _, style := range []string{"0", bold, dim, red, green, yellow} {
		bare = strings.ReplaceAll(bare, "\x1b["+style+"m", "")
	}
	if diff := cmp.Diff(plain.Status(&d), bare); diff != "" {
		t.Error(diff)
	}
}

// The state decides how commands exit.
func TestState(t *testing.T) {
	condition := func(kind string, status metav1.ConditionStatus) []metav1.Condition {
		return []metav1.Condition{{Type: kind, Status: status}}
	}
	for name, c := range map[string]struct {
		status     v1alpha1.ImmutableDeploymentStatus
		generation int64
		deleted    bool
		want       State
	}{
		"new":                {v1alpha1.ImmutableDeploymentStatus{}, 0, false, InProgress},
		"complete":           {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseComplete}, 0, false, Serving},
		"complete but dead":  {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseComplete, Conditions: condition("Available", "False")}, 0, false, NotServing},
		"cleaning up":        {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseCleaningUp}, 0, false, Serving},
		"switched off":       {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseSwitchedOff}, 0, false, Serving},
		"not seen yet":       {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseComplete}, 1, false, InProgress},
		"being deleted":      {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseComplete}, 0, true, InProgress},
		"on the way back":    {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseRollingBack}, 0, false, InProgress},
		"waits for a person": {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhasePaused}, 0, false, InProgress},
		"rolled back":        {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseRolledBack}, 0, false, NotServing},
		"failed":             {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseFailed}, 0, false, NotServing},
		"outage":             {v1alpha1.ImmutableDeploymentStatus{Phase: v1alpha1.PhaseUnavailable}, 0, false, NotServing},
	} {
		t.Run(name, func(t *testing.T) {
			imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Generation: c.generation}, Status: c.status}
			if c.deleted {
				imd.DeletionTimestamp = &metav1.Time{Time: now}
			}
			if got := stateOf(imd); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"as it  is", 40, []string{"as it  is"}},
		{"", 40, []string{""}},
		{"one two three four five six", 20, []string{"one two three four", "five six"}},
		{"größer größer größer1", 20, []string{"größer größer", "größer1"}},
		{"a-word-that-is-longer-than-that b", 20, []string{"a-word-that-is-longer-than-that", "b"}},
	} {
		if diff := cmp.Diff(c.want, wrap(c.text, c.width)); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
	}
}
