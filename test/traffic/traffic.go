// Package traffic sends requests to a load balancer without a pause, as users
// do who know nothing of a rollout.
package traffic

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Answer is what became of one request.
type Answer struct {
	// At is when it was sent.
	At     time.Time
	Status int
	Header http.Header
	Body   []byte
	// Err says why there is no answer, or none that is whole.
	Err error
}

// Users send requests.
type Users struct {
	// URL is where they go, and Host the name that is asked for there.
	URL, Host string
	// Each of Count users sends a request every Pause and waits for the answer
	// for Patience.
	Count           int
	Pause, Patience time.Duration
	// Record is given each answer, by many goroutines at once.
	Record func(Answer)

	once   sync.Once
	client *http.Client
}

// Run sends requests until ctx ends.
func (u *Users) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range u.Count {
		all.Go(func() { u.browse(ctx) })
	}
	all.Wait()
	u.http().CloseIdleConnections()
}

func (u *Users) browse(ctx context.Context) {
	tick := time.NewTicker(u.Pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// A request that the end of the run cut short says nothing.
		if answer := u.Ask(ctx, nil); ctx.Err() == nil {
			u.Record(answer)
		}
	}
}

// Ask sends one request, with more headers if there are any.
func (u *Users) Ask(ctx context.Context, header http.Header) Answer {
	answer := Answer{At: time.Now()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.URL, http.NoBody)
	if err != nil {
		answer.Err = err
		return answer
	}
	request.Host = u.Host
	if header != nil {
		request.Header = header
	}
	response, err := u.http().Do(request)
	if err != nil {
		answer.Err = err
		return answer
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	answer.Status, answer.Header = response.StatusCode, response.Header
	answer.Body, answer.Err = io.ReadAll(response.Body)
	return answer
}

// http is the client that they share.
func (u *Users) http() *http.Client {
	u.once.Do(func() {
		u.client = &http.Client{Timeout: u.Patience, Transport: &http.Transport{MaxIdleConnsPerHost: u.Count}}
	})
	return u.client
}
