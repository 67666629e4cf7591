package simulation

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
)

var (
	seedCount = flag.Uint64("seeds", 4, "how many seeds to run")
	verbose   = flag.Bool("log", false, "show the log of each run")
	chunkFile = flag.String("chunk", "", "file for a summary of the seeds")
	all       = flag.Bool("all", false, "go on after a violation")
	save      = flag.String("save", "", "file for the shortest plan that breaks an invariant")
	shrinks   = flag.Int("shrinks", 60, "how many runs to take for making a plan shorter")
	seedFrom  = flag.Uint64("from", 0, "the first seed")
)

// runPlan runs a plan in its own bubble. The SDK's random numbers follow from
// the seed too.
func runPlan(t *testing.T, p plan) report {
	t.Helper()
	var r report
	t.Run("seed", func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, p.Seed)
		synctest.Test(t, func(*testing.T) { r = newWorld(p, loud).run() })
	})
	return r
}

// All invariants hold for every seed.
func TestSeeds(t *testing.T) {
	for seed := *seedFrom; seed < *seedFrom+*seedCount; seed++ {
		r := runPlan(t, newPlan(seed))
		if *verbose {
			t.Logf("%s\n%s\n%+v", r.plan.String(), r.log, r.stats)
		}
		if r.violation == nil {
			continue
		}
		t.Errorf("Seed %d: %s", seed, r.violation)
		if !*all {
			explain(t, r)
			return
		}
	}
}

// explain shows the shortest run that violates the same invariant.
func explain(t *testing.T, r report) {
	t.Helper()
	short := shrink(t, r.plan, r.violation.Invariant, *shrinks)
	t.Logf("%s\n%s\n%s", short.violation, short.plan.String(), short.log)
	if *save != "" {
		out, err := json.MarshalIndent(short.plan, "", " ")
		must(err)
		must(os.WriteFile(*save, append(out, '\n'), 0o600))
	}
	t.Logf("To repeat it: make simulate SEEDS=1 FROM=%d", r.plan.Seed)
}

// The same seed gives the same run, down to the last line of its log.
func TestSameSeedSameRun(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 4, 58} {
		first, second := runPlan(t, newPlan(seed)), runPlan(t, newPlan(seed))
		if first.hash != second.hash {
			t.Errorf("Seed %d: %s, then %s", seed, first.hash, second.hash)
		}
	}
}

// TestChunk runs seeds for hack/simulate.
func TestChunk(t *testing.T) {
	if *chunkFile == "" {
		t.Skip("for hack/simulate only")
	}
	sum := Summary{From: *seedFrom}
	for seed := *seedFrom; seed < *seedFrom+*seedCount; seed++ {
		r := runPlan(t, newPlan(seed))
		s := r.stats
		one := Summary{Seeds: 1, VirtualHours: s.virtual.Hours(), AWSCalls: s.aws, KubernetesCalls: s.calls - s.aws, Mutations: s.mutations,
			Writes: s.writes, Passes: s.passes, Rollouts: s.rollouts, Faults: s.faults, Crashes: s.crashes}
		if r.violation != nil {
			one.Violations = map[uint64]string{seed: r.violation.String()}
		}
		sum.Add(one)
	}
	out, err := json.Marshal(sum)
	must(err)
	must(os.WriteFile(*chunkFile, out, 0o600))
}
