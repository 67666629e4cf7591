package rollout

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// story is a whole rollout as a log that a person can read.
type story struct {
	t *testing.T
	*world
	log  strings.Builder
	last string
}

// note writes down what someone or something did.
func (s *story) note(format string, args ...any) {
	fmt.Fprintf(&s.log, "%s  # %s\n", s.now.Format("15:04:05"), fmt.Sprintf(format, args...))
	s.last = ""
}

// run goes on until a decision satisfies done. Repeated lines are left out.
func (s *story) run(what string, done func(Decision) bool) {
	s.t.Helper()
	_, ok := s.until(func(d Decision) bool {
		at := s.now.Add(-max(d.After, time.Second))
		if line := s.line(d); line != s.last {
			fmt.Fprintf(&s.log, "%s  %s\n", at.Format("15:04:05"), line)
			s.last = line
		}
		for _, n := range d.Notices {
			fmt.Fprintf(&s.log, "%s  event %s: %s\n", at.Format("15:04:05"), n.Reason, n.Message)
		}
		return done(d)
	})
	if !ok {
		s.t.Fatalf("never %s:\n%s", what, s.log.String())
	}
}

func (s *story) finish() { s.t.Helper(); s.run("quiet", quiet) }

func (s *story) apply(template string) {
	s.note("spec.template is changed to %s", template)
	s.template = template
}

func (s *story) delete() {
	s.note("the ImmutableDeployment is deleted")
	s.deleting = true
	s.run("removed", func(d Decision) bool { return d.Action.Kind == ActionFinishDeletion })
}

// served brings the first version into service without a log of it.
func (s *story) served() {
	s.t.Helper()
	if _, ok := s.until(quiet); !ok {
		s.t.Fatal("the first version was never served")
	}
	s.note("shop-%d serves", s.progress.Stable)
}

// holding tells whether the step's weight is in effect.
func holding(step int) func(Decision) bool {
	return func(d Decision) bool {
		return d.Step == step && d.Progress.Rollout != nil && !d.Progress.Rollout.StepReachedAt.IsZero() && d.After > 0
	}
}

func paused(d Decision) bool { return d.Phase == v1alpha1.PhasePaused }

func TestStories(t *testing.T) { play(t, stories()) }

func stories() map[string]func(s *story) {
	return map[string]func(s *story){
		"canary": func(s *story) {
			s.apply("v1")
			s.finish()
			s.apply("v2")
			s.finish()
		},
		"blue-green": func(s *story) {
			s.plan = blueGreen()
			s.apply("v1")
			s.finish()
			s.apply("v2")
			s.finish()
		},
		"stack-failed": func(s *story) {
			s.served()
			s.failing["v2"] = "Service: CannotPullContainerError: shop:v2 not found"
			s.apply("v2")
			s.finish()
			s.apply("v1")
			s.finish()
		},
		"never-healthy": func(s *story) {
			s.sick["v1"] = "Target.ResponseCodeMismatch: Health checks failed with these codes: [500]"
			s.apply("v1")
			s.finish()
		},
		"health-lost": func(s *story) {
			s.served()
			s.apply("v2")
			s.run("at step 2", holding(2))
			s.note("tasks of shop-2 die")
			s.stack(2).flap, s.stack(2).left = "Target.FailedHealthChecks", 1
			s.finish()
		},
		"superseded": func(s *story) {
			s.served()
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.apply("v3")
			s.finish()
		},
		"changed-back": func(s *story) {
			s.served()
			s.apply("v2")
			s.run("at step 2", holding(2))
			s.apply("v1")
			s.finish()
		},
		"adopted-rule": func(s *story) {
			s.adopting()
			s.plan = Plan{{Weight: 10, Hold: time.Minute}, {Weight: 100, Hold: time.Minute}}
			s.apply("v1")
			s.finish()
			s.delete()
		},
		"drift": func(s *story) {
			s.served()
			s.apply("v2")
			s.run("at step 1", holding(1))
			was := s.rule.Targets
			s.note("someone sends half of the requests elsewhere")
			s.rule.Targets = Targets{{"tg-shop-1", 1}, {foreignGroup, 1}}
			s.run("paused", paused)
			s.now = s.now.Add(2 * time.Hour)
			s.note("two hours later the rule is put back")
			s.rule.Targets = was
			s.finish()
		},
		"record-deleted": func(s *story) {
			s.served()
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.note("someone deletes the ImmutableRevision shop-2")
			s.stack(2).Deleting = true
			s.run("begun anew", func(d Decision) bool { return d.Subject == 3 })
		},
		"reopened": func(s *story) {
			s.served()
			s.apply("v2")
			s.run("at step 2", holding(2))
			s.abort("shop-2")
			s.run("aborted", func(d Decision) bool { return d.Phase == v1alpha1.PhaseRollingBack })
			s.note("someone deletes the stack of shop-1")
			s.stack(1).Stack, s.stack(1).Cause = v1alpha1.RevisionFailed, "it was deleted"
			s.run("promoted", func(d Decision) bool { return d.Progress.Stable == 2 })
			s.apply("v2")
			s.finish()
		},
		"deletion": func(s *story) {
			s.served()
			s.apply("v2")
			s.run("at step 1", holding(1))
			s.delete()
		},
	}
}

// play writes the log of each story and compares it with the one on file.
func play(t *testing.T, stories map[string]func(s *story)) {
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			s := &story{t: t, world: newWorld()}
			tell(s)
			compareGolden(t, name, s.log.String())
		})
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
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
		t.Errorf("%s differs (-want +got), go test -update rewrites it:\n%s", path, diff)
	}
}
