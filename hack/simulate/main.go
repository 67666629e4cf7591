// Command simulate runs seeds of internal/simtest in as many processes as there
// are cores, shows how far it is and sums up what happened. The first seed that
// breaks an invariant is run again and explained.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"
)

// perProcess is how many seeds a process runs: its start costs nothing beside
// them, and its end shows progress.
const perProcess = 10

// summary is what is known of some seeds.
type summary struct {
	Seeds                                        int
	VirtualHours                                 float64
	AWSCalls, KubernetesCalls, Mutations, Writes int
	Passes, Rollouts, Faults, Crashes            int
	Violations                                   map[uint64]string
}

func (s *summary) add(o summary) {
	s.Seeds += o.Seeds
	s.VirtualHours += o.VirtualHours
	s.AWSCalls += o.AWSCalls
	s.KubernetesCalls += o.KubernetesCalls
	s.Mutations += o.Mutations
	s.Writes += o.Writes
	s.Passes += o.Passes
	s.Rollouts += o.Rollouts
	s.Faults += o.Faults
	s.Crashes += o.Crashes
	maps.Copy(s.Violations, o.Violations)
}

func (s *summary) write(w io.Writer, took time.Duration) {
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
	flag.Parse()
	if err := run(ctx, *seeds, *from, *workers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// run runs the seeds. What was run until a signal is summed up, too.
func run(ctx context.Context, seeds, from uint64, workers int) error {
	dir, err := os.MkdirTemp("", "simulate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	binary := filepath.Join(dir, "simtest")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "./internal/simtest") //nolint:gosec // a temporary file
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build internal/simtest: %w", err)
	}
	began := time.Now()
	sum, err := spread(ctx, binary, seeds, from, workers)
	sum.write(os.Stdout, time.Since(began))
	if err != nil {
		return err
	}
	return explain(ctx, binary, sum)
}

// spread has workers run chunks of the seeds.
func spread(ctx context.Context, binary string, seeds, from uint64, workers int) (*summary, error) {
	sum, began, shown := &summary{Violations: map[uint64]string{}}, time.Now(), time.Now()
	chunks := make(chan uint64)
	var mu sync.Mutex
	var group sync.WaitGroup
	var failed error
	for range workers {
		group.Go(func() {
			for first := range chunks {
				part, err := runChunk(ctx, binary, first, min(perProcess, from+seeds-first))
				mu.Lock()
				if err != nil && ctx.Err() == nil {
					failed = err
				}
				sum.add(part)
				if time.Since(shown) > 10*time.Second {
					shown = time.Now()
					fmt.Fprintf(os.Stderr, "%d of %d seeds, %d violations, %.1f seeds/s\n", sum.Seeds, seeds, len(sum.Violations), float64(sum.Seeds)/time.Since(began).Seconds())
				}
				mu.Unlock()
			}
		})
	}
	for first := from; first < from+seeds && ctx.Err() == nil; first += perProcess {
		chunks <- first
	}
	close(chunks)
	group.Wait()
	return sum, failed
}

// runChunk runs some seeds in a process of their own.
func runChunk(ctx context.Context, binary string, from, seeds uint64) (summary, error) {
	file := binary + "-" + strconv.FormatUint(from, 10)
	command := exec.CommandContext(ctx, binary, "-test.run=^TestChunk$", "-test.timeout=1h", "-chunk="+file, //nolint:gosec // it was built here
		"-from="+strconv.FormatUint(from, 10), "-seeds="+strconv.FormatUint(seeds, 10))
	command.Dir, command.Env = "internal/simtest", append(os.Environ(), "GOGC=400", "GOMAXPROCS=1")
	if out, err := command.CombinedOutput(); err != nil {
		return summary{}, fmt.Errorf("seeds from %d: %w\n%s", from, err, out)
	}
	text, err := os.ReadFile(file) //nolint:gosec // it was written here
	if err != nil {
		return summary{}, err
	}
	var part summary
	return part, json.Unmarshal(text, &part)
}

// explain lists the seeds that broke an invariant and explains the first one.
func explain(ctx context.Context, binary string, sum *summary) error {
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
	command.Dir, command.Stdout, command.Stderr = "internal/simtest", os.Stdout, os.Stderr
	_ = command.Run() // it fails, as before
	return fmt.Errorf("%d seeds broke an invariant; to repeat one: make simulate SEEDS=1 FROM=%d", len(seeds), seeds[0])
}
