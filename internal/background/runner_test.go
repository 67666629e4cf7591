package background_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/viridian-dev/viridian/internal/background"
)

var errNo = errors.New("no")

// owner has the calls of tests that have one owner.
var owner = background.Owner{Tenant: "shop", Name: "checkout"}

// forever is a call that runs until it is stopped.
func forever(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// after is a call that answers after a while.
func after(d time.Duration, answer string, err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		time.Sleep(d)
		return answer, err
	}
}

func wantStart(t *testing.T, r *background.Runner[string], key string, fn func(context.Context) (string, error), want bool) {
	t.Helper()
	if got := r.Start(key, owner, time.Minute, fn); got != want {
		t.Errorf("Start(%q) = %v, want %v", key, got, want)
	}
}

func wantState(t *testing.T, r *background.Runner[string], key string, want background.State) {
	t.Helper()
	if _, got, _ := r.Poll(key); got != want {
		t.Errorf("state of %q is %s, want %s", key, got, want)
	}
}

// TestAnswers has every way in which a call can end.
func TestAnswers(t *testing.T) {
	tests := map[string]struct {
		call    func(context.Context) (string, error)
		answer  string
		is      error
		message string
	}{
		"answers":            {call: after(time.Second, "yes", nil), answer: "yes"},
		"fails":              {call: after(time.Second, "", errNo), is: errNo},
		"takes too long":     {call: forever, is: context.DeadlineExceeded},
		"panics":             {call: func(context.Context) (string, error) { panic("oops") }, message: "the call panicked: oops"},
		"ends its goroutine": {call: func(context.Context) (string, error) { runtime.Goexit(); return "yes", nil }, message: "the call ended without an answer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := background.New[string](1)
				wantState(t, r, "a", background.Unknown)
				wantStart(t, r, "a", tt.call, true)
				wantState(t, r, "a", background.Running)
				time.Sleep(time.Minute)
				synctest.Wait()
				answer, state, err := r.Poll("a")
				if answer != tt.answer || state != background.Done {
					t.Errorf("got %q, %s", answer, state)
				}
				if tt.is != nil && !errors.Is(err, tt.is) || tt.message != "" && err.Error() != tt.message {
					t.Errorf("got error %v", err)
				}
				if tt.is == nil && tt.message == "" && err != nil {
					t.Errorf("got error %v", err)
				}
				r.Forget("a")
				wantState(t, r, "a", background.Unknown)
				wantStart(t, r, "b", after(0, "", nil), true)
				synctest.Wait()
				wantState(t, r, "b", background.Done)
			})
		})
	}
}

// TestPanicStack: what panicked can be found in the log.
func TestPanicStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](1)
		r.Start("a", owner, time.Minute, func(context.Context) (string, error) { panic(errNo) })
		synctest.Wait()
		_, _, err := r.Poll("a")
		p, ok := errors.AsType[*background.PanicError](err)
		if !ok || !strings.Contains(string(p.Stack), "TestPanicStack") {
			t.Errorf("got %v", err)
		}
	})
}

// TestStartTwice: neither a running call nor one whose answer is waiting is
// repeated.
func TestStartTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](2)
		var calls atomic.Int32
		call := func(context.Context) (string, error) {
			time.Sleep(time.Second)
			calls.Add(1)
			return "yes", nil
		}
		wantStart(t, r, "a", call, true)
		wantStart(t, r, "a", call, true)
		time.Sleep(2 * time.Second)
		wantStart(t, r, "a", call, true)
		synctest.Wait()
		if got := calls.Load(); got != 1 {
			t.Errorf("called %d times", got)
		}
	})
}

// TestLimit: calls beyond the limit have to try again; waiting answers occupy
// no slot.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](4)
		wantStart(t, r, "a", after(time.Second, "a", nil), true)
		wantStart(t, r, "b", after(10*time.Second, "b", nil), true)
		wantStart(t, r, "c", after(time.Second, "c", nil), false)
		wantState(t, r, "c", background.Waiting)
		wantStart(t, r, "b", forever, true)
		time.Sleep(2 * time.Second)
		wantState(t, r, "c", background.Admitted)
		wantStart(t, r, "c", after(time.Second, "c", nil), true)
		wantStart(t, r, "d", forever, false)
		time.Sleep(20 * time.Second)
		for _, key := range []string{"a", "b", "c"} {
			if answer, state, err := r.Poll(key); answer != key || state != background.Done || err != nil {
				t.Errorf("%s: got %q, %s, %v", key, answer, state, err)
			}
		}
	})
}

// TestTenants: whatever one tenant does, the next one has places, and each has one
// at least.
func TestTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](8)
		started := func(tenant string) int {
			n := 0
			for i := range 20 {
				key := fmt.Sprintf("%s/%d", tenant, i)
				if r.Start(key, background.Owner{Tenant: tenant, Name: key}, time.Hour, forever) {
					n++
				}
			}
			return n
		}
		for i, want := range []int{4, 2, 1, 1, 1, 1} {
			if got := started(fmt.Sprintf("tenant-%d", i)); got != want {
				t.Errorf("tenant %d has %d calls, want %d", i, got, want)
			}
		}
		time.Sleep(2 * time.Hour) // all end
	})
}

// TestKeepCurrent: calls that are nobody's any more are stopped and leave their
// place, those of others aren't.
func TestKeepCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](4)
		other := background.Owner{Tenant: owner.Tenant, Name: "search"}
		wantStart(t, r, "old", forever, true)
		wantStart(t, r, "current", forever, true)
		r.Start("waits", owner, time.Minute, forever)
		r.Start("others", other, time.Minute, forever)
		wantState(t, r, "others", background.Waiting)
		r.Keep(owner, "current")
		synctest.Wait()
		wantState(t, r, "old", background.Unknown)
		wantState(t, r, "waits", background.Unknown)
		wantState(t, r, "current", background.Running)
		wantState(t, r, "others", background.Admitted)
		if !r.Start("others", other, time.Minute, forever) {
			t.Error("there is no place")
		}
		r.Keep(owner)
		synctest.Wait()
		wantState(t, r, "current", background.Unknown)
		wantState(t, r, "others", background.Running)
		time.Sleep(time.Hour) // all end
	})
}

// TestWaitsLong: whoever asks again and again isn't forgotten.
func TestWaitsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](1)
		r.Start("a", owner, 24*time.Hour, forever)
		wantStart(t, r, "b", forever, false)
		for range 3 {
			time.Sleep(40 * time.Minute)
			wantState(t, r, "b", background.Waiting)
		}
		time.Sleep(2 * time.Hour)
		wantState(t, r, "b", background.Unknown) // nobody asked for so long
		time.Sleep(24 * time.Hour)               // all end
	})
}

// TestLimitOfNone: a runner always runs at least one call.
func TestLimitOfNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wantStart(t, background.New[string](0), "a", after(0, "", nil), true)
	})
}

// TestKeep: answers that are never polled don't pile up.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](2)
		wantStart(t, r, "a", after(time.Second, "yes", nil), true)
		time.Sleep(time.Hour)
		wantState(t, r, "a", background.Done)
		time.Sleep(time.Second)
		wantState(t, r, "a", background.Unknown)

		again := make(chan struct{})
		wantStart(t, r, "b", after(time.Second, "yes", nil), true)
		time.Sleep(time.Hour + time.Second)
		wantStart(t, r, "b", func(context.Context) (string, error) { close(again); return "", nil }, true)
		<-again
	})
}

// TestForgetRunning: a call that is forgotten is stopped, and its late answer
// isn't used as that of the next call.
func TestForgetRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](4)
		stopped := false
		wantStart(t, r, "a", func(ctx context.Context) (string, error) {
			<-ctx.Done()
			stopped = true
			time.Sleep(time.Second)
			return "old", nil
		}, true)
		r.Forget("a")
		r.Forget("never started")
		wantState(t, r, "a", background.Unknown)
		wantStart(t, r, "a", after(10*time.Second, "new", nil), true)
		wantStart(t, r, "b", forever, false)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if !stopped {
			t.Error("not stopped")
		}
		wantState(t, r, "a", background.Running)
		time.Sleep(10 * time.Second)
		if answer, state, err := r.Poll("a"); answer != "new" || state != background.Done || err != nil {
			t.Errorf("got %q, %s, %v", answer, state, err)
		}
	})
}

// TestRun: at the end calls are stopped and waited for. One that fails because
// of that has no answer; one that succeeds anyway has.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](4)
		wantStart(t, r, "before", forever, true)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		wantStart(t, r, "during", func(ctx context.Context) (string, error) {
			<-ctx.Done()
			time.Sleep(5 * time.Second)
			return "yes", nil
		}, true)

		start := time.Now()
		cancel()
		synctest.Wait()
		wantState(t, r, "during", background.Running)
		wantStart(t, r, "after", after(0, "", nil), false)
		if err := <-ended; err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
		wantState(t, r, "before", background.Unknown)
		wantState(t, r, "during", background.Done)
		wantStart(t, r, "after", after(0, "", nil), false)
	})
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := background.New[string](3)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		var askers sync.WaitGroup
		for i := range 20 {
			askers.Go(func() {
				key := string(rune('a' + i%5))
				for range 50 {
					r.Start(key, owner, time.Second, after(time.Millisecond, key, nil))
					if answer, state, _ := r.Poll(key); state == background.Done && answer != key {
						t.Errorf("%s got %q", key, answer)
					}
					time.Sleep(time.Millisecond)
					r.Forget(key)
				}
			})
		}
		time.Sleep(20 * time.Millisecond)
		cancel()
		<-ended
		askers.Wait()
	})
}
