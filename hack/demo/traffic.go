package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// revisionHeader is the header with which the simulated tasks report their
// revision.
const revisionHeader = "X-Revision"

// keepAnswers is how long answers are kept: longer than any stage of the
// demonstration may take.
const keepAnswers = 15 * time.Minute

// answer is the result of one request.
type answer struct {
	at time.Time
	// revision that answered; 0 means none.
	revision int64
	// failure says what went wrong; "" means success.
	failure string
}

// tally counts answers.
type tally struct {
	total, failed int
	byRevision    map[int64]int
	// failures counts by what went wrong.
	failures map[string]int
}

// share is the percentage of all answers that came from a revision.
func (t tally) share(revision int64) float64 {
	if t.total == 0 {
		return 0
	}
	return 100 * float64(t.byRevision[revision]) / float64(t.total)
}

// revisions that answered, in ascending order.
func (t tally) revisions() []int64 {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(t.byRevision)), func(r int64) bool { return r == 0 })
}

func (t *tally) add(a answer) {
	t.total++
	t.byRevision[a.revision]++
	if a.failure != "" {
		t.failed++
		t.failures[a.failure]++
	}
}

// ledger keeps the answers of the last minutes.
type ledger struct {
	mu      sync.Mutex
	answers []answer
}

func (l *ledger) add(a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, a)
	if old := a.at.Add(-keepAnswers); l.answers[0].at.Before(old.Add(-time.Minute)) {
		l.answers = slices.DeleteFunc(l.answers, func(b answer) bool { return b.at.Before(old) })
	}
}

// between counts the answers from one time until before another.
func (l *ledger) between(from, to time.Time) tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := tally{byRevision: map[int64]int{}, failures: map[string]int{}}
	for _, a := range l.answers {
		if !a.at.Before(from) && a.at.Before(to) {
			t.add(a)
		}
	}
	return t
}

// users continuously send requests to the load balancer, independently of
// rollouts.
type users struct {
	// url of the listener, and the host that is requested there.
	url, host string
	client    *http.Client
	ledger    *ledger
}

const (
	// userCount users send a request each every userPause: 80 a second.
	userCount = 16
	userPause = 200 * time.Millisecond
	// requestLimit is how long a user waits for a response.
	requestLimit = 5 * time.Second
)

func newUsers(url, host string, l *ledger) *users {
	return &users{url: url, host: host, ledger: l, client: &http.Client{
		Timeout:   requestLimit,
		Transport: &http.Transport{MaxIdleConnsPerHost: userCount},
	}}
}

// run sends requests until ctx ends.
func (u *users) run(ctx context.Context) {
	var all sync.WaitGroup
	for range userCount {
		all.Go(func() { u.browse(ctx) })
	}
	all.Wait()
	u.client.CloseIdleConnections()
}

func (u *users) browse(ctx context.Context) {
	tick := time.NewTicker(userPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		a := u.ask(ctx, "")
		if ctx.Err() == nil {
			u.ledger.add(a)
		}
	}
}

// ask sends one request; preview is the value of the preview header, "" for
// none.
func (u *users) ask(ctx context.Context, preview string) answer {
	a := answer{at: time.Now()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url, http.NoBody)
	if err != nil {
		a.failure = err.Error()
		return a
	}
	request.Host = u.host
	if preview != "" {
		request.Header.Set("X-Viridian-Revision", preview)
	}
	response, err := u.client.Do(request)
	if err != nil {
		a.failure = err.Error()
		return a
	}
	defer response.Body.Close()                 //nolint:errcheck // it was read
	_, err = io.Copy(io.Discard, response.Body) // a truncated body is a failure
	a.revision, a.failure = judge(response.StatusCode, response.Header.Get(revisionHeader), err)
	return a
}

func judge(code int, told string, err error) (revision int64, failure string) {
	revision, _ = strconv.ParseInt(told, 10, 64) // 0 when it isn't one of ours
	switch {
	case err != nil:
		return revision, err.Error()
	case code != http.StatusOK:
		return revision, fmt.Sprintf("%d %s", code, http.StatusText(code))
	case revision == 0:
		return 0, fmt.Sprintf("no %s in the answer", revisionHeader)
	default:
		return revision, ""
	}
}
