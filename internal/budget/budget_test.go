package budget_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/viridian-dev/viridian/internal/budget"
)

// queue has each of the tenants call Wait, one after the other, and returns when
// the calls came through, in seconds since the start, by tenant.
func queue(t *testing.T, b *budget.Budget, tenants ...string) map[string][]float64 {
	t.Helper()
	var mu sync.Mutex
	got, start := map[string][]float64{}, time.Now()
	var all sync.WaitGroup
	for _, tenant := range tenants {
		all.Go(func() {
			if err := b.Wait(t.Context(), tenant); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[tenant] = append(got[tenant], time.Since(start).Seconds())
		})
		synctest.Wait()
	}
	all.Wait()
	return got
}

// TestTurns: a tenant with many calls delays another one's by one call, not by all
// of its own.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(1, 2)
		got := queue(t, b, append(strings.Split(strings.Repeat("a", 10), ""), "b", "b")...)
		if want := []float64{0, 0, 1, 3, 5, 6, 7, 8, 9, 10}; !slices.Equal(rounded(got["a"]), want) {
			t.Errorf("a: got %v, want %v", got["a"], want)
		}
		if want := []float64{2, 4}; !slices.Equal(rounded(got["b"]), want) {
			t.Errorf("b: got %v, want %v", got["b"], want)
		}
	})
}

func rounded(seconds []float64) []float64 {
	out := make([]float64, len(seconds))
	for i, s := range seconds {
		out[i] = float64(int(s + 0.5))
	}
	return out
}

// TestRate: all calls together stay within the rate, at whatever moments they
// come.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, size, calls = 10, 40, 500
		b, start := budget.New(rate, size), time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var all sync.WaitGroup
		for i := range calls {
			all.Go(func() {
				time.Sleep(time.Duration(i*i%37) * 100 * time.Millisecond)
				if err := b.Wait(t.Context(), fmt.Sprint(i%7)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Since(start))
			})
		}
		all.Wait()
		slices.Sort(at)
		for i := range at {
			for j := i; j < len(at); j++ {
				if allowed := size + rate*(at[j]-at[i]).Seconds(); float64(j-i+1) > allowed+1e-6 {
					t.Fatalf("%d calls from %s to %s, of %.1f", j-i+1, at[i], at[j], allowed)
				}
			}
		}
		if last, least := at[calls-1].Seconds(), float64(calls-size)/rate; last > least+1 {
			t.Errorf("the last call came after %.1f s, which is possible after %.1f s", last, least)
		}
	})
}

// TestLeave: whoever doesn't wait any longer takes nothing.
func TestLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(1, 1)
		if !b.Idle() {
			t.Error("a new budget isn't idle")
		}
		queue(t, b, "a")
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := b.Wait(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if b.Idle() {
			t.Error("it is idle without its token")
		}
		if got := queue(t, b, "c")["c"][0]; got > 0.71 {
			t.Errorf("c waited %.2f s, and b's place was left after 0.3 s", got)
		}
		time.Sleep(2 * time.Second)
		if !b.Idle() {
			t.Error("it isn't idle")
		}
	})
}
