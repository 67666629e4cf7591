package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/test/traffic"
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

const (
	// userCount users send a request each every userPause: 80 a second.
	userCount = 16
	userPause = 200 * time.Millisecond
	// requestLimit is how long a user waits for a response.
	requestLimit = 5 * time.Second
)

// newUsers send requests to a listener, for a host; the ledger remembers what
// they get.
func newUsers(url, host string, l *ledger) *traffic.Users {
	return &traffic.Users{
		URL: url, Host: host, Count: userCount, Pause: userPause, Patience: requestLimit,
		Record: func(got traffic.Answer) {
			a := answer{at: got.At}
			a.revision, a.failure = judge(got)
			l.add(a)
		},
	}
}

// judge tells which revision answered, and what went wrong, if anything did.
func judge(got traffic.Answer) (revision int64, failure string) {
	revision, _ = strconv.ParseInt(got.Header.Get(revisionHeader), 10, 64) // 0 when it isn't one of ours
	switch {
	case got.Err != nil:
		return revision, got.Err.Error()
	case got.Status != http.StatusOK:
		return revision, fmt.Sprintf("%d %s", got.Status, http.StatusText(got.Status))
	case revision == 0:
		return 0, fmt.Sprintf("no %s in the answer", revisionHeader)
	default:
		return revision, ""
	}
}
