// Package budget limits how often something may be done, and shares that between
// tenants: while there isn't enough for all, they take turns, however much one of
// them wants.
//
// It imports the standard library and golang.org/x/time/rate only.
package budget

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Budget is a bucket of tokens, which is refilled at a fixed rate. It is safe for
// concurrent use; create one with New.
type Budget struct {
	tokens *rate.Limiter

	mu sync.Mutex
	// waiting are those who wait, by tenant, in the order in which they came.
	waiting map[string][]ticket
	// turns are the tenants that wait; the first one gets the next token.
	turns []string
	// armed is true while serve is going to be called.
	armed bool
}

// ticket is closed when its holder gets a token.
type ticket chan struct{}

// minWait keeps rounding errors from becoming a busy loop.
const minWait = time.Millisecond

// New returns a full bucket of size tokens, into which perSecond of them return.
func New(perSecond float64, size int) *Budget {
	return &Budget{tokens: rate.NewLimiter(rate.Limit(perSecond), size), waiting: map[string][]ticket{}}
}

// Wait takes a token for a tenant. While there is none it waits for the tenant's
// turn. It returns the error of a context that ends before.
func (b *Budget) Wait(ctx context.Context, tenant string) error {
	t := b.enter(tenant)
	if t == nil {
		return nil
	}
	select {
	case <-t:
		return nil
	case <-ctx.Done():
		if b.leave(tenant, t) {
			return ctx.Err()
		}
		return nil // it got its token at the same moment
	}
}

// Idle tells whether all tokens are there, as in a new bucket.
func (b *Budget) Idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.turns) == 0 && b.tokens.Tokens() >= float64(b.tokens.Burst())
}

// enter returns nil if there is a token, else a ticket.
func (b *Budget) enter(tenant string) ticket {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.turns) == 0 && b.tokens.Allow() {
		return nil
	}
	t := make(ticket)
	if len(b.waiting[tenant]) == 0 {
		b.turns = append(b.turns, tenant)
	}
	b.waiting[tenant] = append(b.waiting[tenant], t)
	b.arm()
	return t
}

// leave gives a ticket back; it returns false if it was served already.
func (b *Budget) leave(tenant string, t ticket) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting[tenant], t)
	if i < 0 {
		return false
	}
	b.waiting[tenant] = slices.Delete(b.waiting[tenant], i, i+1)
	if len(b.waiting[tenant]) == 0 {
		delete(b.waiting, tenant)
		b.turns = slices.DeleteFunc(b.turns, func(x string) bool { return x == tenant })
	}
	return true
}

// serve hands out the tokens that are there.
func (b *Budget) serve() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = false
	for len(b.turns) > 0 && b.tokens.Allow() {
		b.next()
	}
	b.arm()
}

// next serves the tenant whose turn it is, which then comes last.
func (b *Budget) next() {
	tenant := b.turns[0]
	b.turns = b.turns[1:]
	queue := b.waiting[tenant]
	close(queue[0])
	if len(queue) == 1 {
		delete(b.waiting, tenant)
		return
	}
	b.waiting[tenant] = queue[1:]
	b.turns = append(b.turns, tenant)
}

// arm has serve called when there is a token, if somebody waits for it.
func (b *Budget) arm() {
	if b.armed || len(b.turns) == 0 {
		return
	}
	missing := 1 - b.tokens.Tokens()
	b.armed = true
	time.AfterFunc(max(minWait, time.Duration(missing/float64(b.tokens.Limit())*float64(time.Second))), b.serve)
}
