// Command mutants introduces one plausible mistake after the other, runs the tests
// that are made for it and the simulation until something detects it, and prints
// what did and how fast. No file is changed: the compiler gets the mistake in an overlay.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// stage is one way of detecting a mistake.
type stage struct {
	name string
	// pkg is the tests' package.
	pkg  string
	args []string
	// timed is true for tests that wait for processes, which a busy machine can
	// make fail: they have to fail twice. They wait less long than otherwise, since
	// most of them notice a mistake by waiting in vain.
	timed bool
}

// stages returns the ways of detecting a mistake, the quick ones first: the tests
// that are made for it, those beside the code that decides. A binary is built only
// when its turn comes, and that of the simulation takes longest.
func stages(m mutant, seeds int) []stage {
	simulation := "./test/simulation"
	few := min(seeds, 100)
	var all []stage
	if m.unit != "" {
		beside := filepath.Dir(m.file)
		all = append(all, stage{name: strings.TrimPrefix(beside, "internal/"), pkg: "./" + beside, args: []string{"-test.run=^(" + m.unit + ")$"}})
	}
	if m.test != "" {
		all = append(all, stage{name: "controllers", pkg: "./controllers", args: []string{"-test.run=^(" + m.test + ")$", "-patience=40s"}, timed: true})
	}
	deciding := []stage{
		{name: "rollout", pkg: "./internal/rollout", args: []string{"-test.run=."}},
		{name: "stack", pkg: "./internal/stack", args: []string{"-test.run=."}},
	}
	first := func(s stage) bool { return s.pkg == "./"+filepath.Dir(m.file) }
	if i := slices.IndexFunc(deciding, first); i >= 0 && m.unit == "" {
		all, deciding = append(all, deciding[i]), slices.Delete(deciding, i, i+1)
	}
	return slices.Concat(all, []stage{
		{name: "seeds", pkg: simulation, args: []string{"-test.run=^TestSeeds$", "-shrinks=0", "-from=0", fmt.Sprintf("-seeds=%d", few)}},
		{name: "regressions", pkg: simulation, args: []string{"-test.run=^(TestRegressions|TestHistoryStaysBounded)$"}},
	}, deciding, []stage{
		{name: "crash points", pkg: simulation, args: []string{"-test.run=^TestEveryCallFails$", "-stride=20"}},
		{name: "seeds", pkg: simulation, args: []string{"-test.run=^TestSeeds$", "-shrinks=0", fmt.Sprintf("-from=%d", few), fmt.Sprintf("-seeds=%d", seeds-few)}},
	})
}

// finding is the result for a mutant.
type finding struct {
	stage, by string
	took      time.Duration
	err       error
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	only := flag.String("only", "", "regular expression of the mutants to run")
	seeds := flag.Int("seeds", 400, "how many seeds to try")
	workers := flag.Int("workers", runtime.NumCPU(), "how many mutants at once")
	own := flag.Bool("own", false, "run only the tests that are made for a mutant, and no others without them")
	kept := flag.String("record", "", "file that keeps what was found: another run with it goes on from there")
	flag.Parse()
	if err := run(ctx, *kept, *only, *seeds, *workers, *own); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, kept, only string, seeds, workers int, own bool) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	known, err := openRecord(kept)
	if err != nil {
		return err
	}
	chosen := choose(pattern, own)
	findings := make([]finding, len(chosen))
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				tests := stages(chosen[i], seeds)
				if own {
					tests = tests[:1]
				}
				findings[i] = try(ctx, chosen[i], tests)
				fmt.Fprintln(os.Stderr, line(chosen[i], findings[i]))
				if err := known.add(chosen[i], findings[i]); err != nil {
					findings[i].err = err
				}
			}
		})
	}
	for i, m := range chosen {
		if f, ok := known.kept[m.name]; ok {
			findings[i] = f
			continue
		}
		next <- i
	}
	close(next)
	group.Wait()
	return tell(chosen, findings)
}

// choose returns the mutants of a name, and of these, with own, those that have tests
// of their own.
func choose(name *regexp.Regexp, own bool) (chosen []mutant) {
	for _, m := range catalogue() {
		if name.MatchString(m.name) && (!own || m.unit != "" || m.test != "") {
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// line is a mutant's line in the table.
func line(m mutant, f finding) string {
	switch {
	case f.err != nil:
		return fmt.Sprintf("| %s | error | %v | |", m.name, f.err)
	case f.by == "":
		return fmt.Sprintf("| %s | **survives** | %s | |", m.name, m.survives)
	}
	return fmt.Sprintf("| %s | %s | %s | %s |", m.name, f.stage, f.by, f.took.Round(100*time.Millisecond))
}

// tell prints the table.
func tell(chosen []mutant, findings []finding) error {
	caught, bad := 0, 0
	fmt.Fprintln(os.Stdout, "| Mistake | Caught by | How | After |\n| --- | --- | --- | --- |")
	for i, m := range chosen {
		fmt.Fprintln(os.Stdout, line(m, findings[i]))
		switch {
		case findings[i].by != "":
			caught++
		case findings[i].err != nil || m.survives == "":
			bad++
		}
	}
	fmt.Fprintf(os.Stdout, "\n%d of %d caught\n", caught, len(chosen))
	if bad > 0 {
		return fmt.Errorf("%d mutants survive without an explanation", bad)
	}
	return nil
}

// try tries to detect one mistake by tests.
func try(ctx context.Context, m mutant, tests []stage) finding {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return finding{err: err}
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	overlay, err := plant(dir, m)
	if err != nil {
		return finding{err: err}
	}
	var spent time.Duration
	binaries := map[string]string{}
	for _, s := range tests {
		if binaries[s.pkg] == "" {
			binaries[s.pkg] = filepath.Join(dir, filepath.Base(s.pkg)+".test")
			build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay="+overlay, "-o", binaries[s.pkg], s.pkg) //nolint:gosec // from the catalogue
			if out, err := build.CombinedOutput(); err != nil {
				return finding{err: fmt.Errorf("build %s: %w\n%s", s.pkg, err, out)}
			}
		}
		by, took, err := hunt(ctx, binaries[s.pkg], s)
		spent += took
		if s.timed && err == nil && by != "" {
			by, _, err = hunt(ctx, binaries[s.pkg], s)
		}
		if err != nil || by != "" {
			return finding{s.name, by, spent, err}
		}
	}
	return finding{took: spent}
}

// hunt runs a stage; by is what detected the mistake.
func hunt(ctx context.Context, binary string, s stage) (by string, took time.Duration, err error) {
	began := time.Now()
	command := exec.CommandContext(ctx, binary, append(s.args, "-test.timeout=2h", "-test.failfast")...) //nolint:gosec // it was built here
	command.Dir, command.Env = s.pkg, append(os.Environ(), "GOGC=400", "GOMAXPROCS=1", "GODEBUG=gcshrinkstackoff=1")
	out, err := command.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		if by = what(string(out)); by == "" && ctx.Err() == nil {
			return "", time.Since(began), fmt.Errorf("no test tells why %s failed: %.500s", s.name, out)
		}
		return by, time.Since(began), ctx.Err()
	}
	return "", time.Since(began), err
}

var (
	seedLine  = regexp.MustCompile(`(Seed \d+: [^:\n]+)`)
	crashLine = regexp.MustCompile(`_test\.go:\d+: ([^,\n]+, (?:call \d+, [^(:\n]+|undisturbed))`)
	failLine  = regexp.MustCompile(`--- FAIL: (\S+)`)
)

// what returns what detected a mistake; "" if no test did: one that took too long
// detected nothing.
func what(out string) string {
	if m := seedLine.FindStringSubmatch(out); m != nil {
		return strings.ToLower(m[1][:1]) + m[1][1:]
	}
	if m := crashLine.FindStringSubmatch(out); m != nil {
		return strings.TrimSpace(m[1])
	}
	if all := failLine.FindAllStringSubmatch(out, -1); all != nil {
		return all[len(all)-1][1]
	}
	if strings.Contains(out, "panic:") && !strings.Contains(out, "panic: test timed out") {
		return "panic"
	}
	return ""
}

// plant writes an overlay with the mistake.
func plant(dir string, m mutant) (string, error) {
	replace := map[string]string{}
	for x := &m; x != nil; x = x.also {
		path, err := filepath.Abs(x.file)
		if err != nil {
			return "", err
		}
		from := path
		if replace[path] != "" {
			from = replace[path]
		}
		text, err := os.ReadFile(from) //nolint:gosec // from the catalogue
		if err != nil {
			return "", err
		}
		if n := strings.Count(string(text), x.old); n != 1 {
			return "", fmt.Errorf("%q is %d times in %s", x.old, n, x.file)
		}
		replace[path] = filepath.Join(dir, strings.ReplaceAll(x.file, "/", "_"))
		if err := os.WriteFile(replace[path], []byte(strings.Replace(string(text), x.old, x.new, 1)), 0o600); err != nil { //nolint:gosec // in a temporary directory
			return "", err
		}
	}
	out, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, out, 0o600)
}
