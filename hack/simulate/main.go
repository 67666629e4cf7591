// Command simulate runs seeds of test/simulation in as many processes as there
// are cores, shows its progress and prints a summary. The first seed that
// violates an invariant is run again and explained.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/test/simulation"
)

// perProcess is how many seeds a process runs: enough to make its start
// negligible, and few enough to show progress.
const perProcess = 50

// show prints a summary.
func show(w io.Writer, s *simulation.Summary, took time.Duration) {
	fmt.Fprintf(w, "%-24s %12d\n%-24s %12.0f\n%-24s %12d\n%-24s %12d\n%-24s %12d\n%-24s %12d\n%-24s %12d\n%-24s %12d\n%-24s %12d\n%-24s %12d\n%-24s %12d\n%-24s %12s\n",
		"seeds", s.Seeds, "virtual hours", s.VirtualHours, "rollouts", s.Rollouts, "reconciles", s.Passes,
		"AWS calls", s.AWSCalls, "of them changes", s.Mutations, "Kubernetes calls", s.KubernetesCalls, "of them writes", s.Writes,
		"faults", s.Faults, "crashes", s.Crashes, "violations", len(s.Violations), "took", took.Round(time.Second))
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	seeds := flag.Uint64("seeds", 2000, "how many seeds")
	from := flag.Uint64("from", 0, "the first seed")
	workers := flag.Int("workers", runtime.NumCPU(), "how many processes at once")
	keep := flag.String("keep", "", "file in which summaries are kept, to go on from later")
	flag.Parse()
	if err := run(ctx, *keep, job{*seeds, *from, *workers}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// job says which seeds to run.
type job struct {
	seeds, from uint64
	workers     int
}

// run runs the seeds. After a signal it summarises those that were run.
func run(ctx context.Context, keep string, j job) error {
	dir, err := os.MkdirTemp("", "simulate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	binary := filepath.Join(dir, "simulation.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-trimpath", "-o", binary, "./test/simulation") //nolint:gosec // a temporary file
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build test/simulation: %w", err)
	}
	known, err := openLedger(keep, binary)
	if err != nil {
		return err
	}
	began := time.Now()
	sum, err := spread(ctx, binary, known, j)
	show(os.Stdout, sum, time.Since(began))
	if err != nil {
		return err
	}
	return explain(ctx, binary, sum)
}

// spread has workers run chunks of the seeds.
func spread(ctx context.Context, binary string, known *ledger, j job) (*simulation.Summary, error) {
	sum, began, shown := &simulation.Summary{}, time.Now(), time.Now()
	chunks := make(chan uint64)
	var mu sync.Mutex
	var group sync.WaitGroup
	var failed error
	for range j.workers {
		group.Go(func() {
			for first := range chunks {
				part, err := runChunk(ctx, binary, first, min(perProcess, j.from+j.seeds-first))
				mu.Lock()
				if err == nil {
					err = known.keep(part)
				}
				if err != nil && ctx.Err() == nil {
					failed = err
				}
				sum.Add(part)
				if time.Since(shown) > 10*time.Second {
					shown = time.Now()
					fmt.Fprintf(os.Stderr, "%d of %d seeds, %d violations, %.1f seeds/s\n", sum.Seeds, j.seeds, len(sum.Violations), float64(sum.Seeds)/time.Since(began).Seconds())
				}
				mu.Unlock()
			}
		})
	}
	for first := j.from; first < j.from+j.seeds && ctx.Err() == nil; first += perProcess {
		if part, ok := known.find(first, min(perProcess, j.from+j.seeds-first)); ok {
			mu.Lock()
			sum.Add(part)
			mu.Unlock()
			continue
		}
		chunks <- first
	}
	close(chunks)
	group.Wait()
	return sum, failed
}

// runChunk runs some seeds in a separate process.
func runChunk(ctx context.Context, binary string, from, seeds uint64) (simulation.Summary, error) {
	file := binary + "-" + strconv.FormatUint(from, 10)
	command := exec.CommandContext(ctx, binary, "-test.run=^TestChunk$", "-test.timeout=1h", "-chunk="+file, //nolint:gosec // it was built here
		"-from="+strconv.FormatUint(from, 10), "-seeds="+strconv.FormatUint(seeds, 10))
	command.Dir, command.Env = "test/simulation", append(os.Environ(), "GOGC=4000", "GOMAXPROCS=1", "GODEBUG=gcshrinkstackoff=1")
	if out, err := command.CombinedOutput(); err != nil {
		return simulation.Summary{}, fmt.Errorf("seeds from %d: %w\n%s", from, err, out)
	}
	text, err := os.ReadFile(file) //nolint:gosec // it was written here
	if err != nil {
		return simulation.Summary{}, err
	}
	var part simulation.Summary
	return part, json.Unmarshal(text, &part)
}

// explain lists the seeds that violated an invariant and explains the first
// one.
func explain(ctx context.Context, binary string, sum *simulation.Summary) error {
	if len(sum.Violations) == 0 {
		return nil
	}
	var seeds []uint64
	for seed := range sum.Violations {
		seeds = append(seeds, seed)
	}
	slices.Sort(seeds)
	for _, seed := range seeds {
		fmt.Fprintf(os.Stdout, "seed %d: %s\n", seed, sum.Violations[seed])
	}
	command := exec.CommandContext(ctx, binary, "-test.run=^TestSeeds$", "-test.timeout=1h", "-seeds=1", "-from="+strconv.FormatUint(seeds[0], 10)) //nolint:gosec // it was built here
	command.Dir, command.Stdout, command.Stderr = "test/simulation", os.Stdout, os.Stderr
	_ = command.Run() // it fails, as before
	return fmt.Errorf("%d seeds broke an invariant; to repeat one: make simulate SEEDS=1 FROM=%d", len(seeds), seeds[0])
}
