// Package share divides places between tenants, so that whatever one of them does,
// the next one has places, too.
//
// It imports the standard library only.
package share

import "sync"

// Shares are places. A tenant may take no more of them than it leaves free. It is
// safe for concurrent use; create one with New or NewGuaranteed.
type Shares struct {
	limit      int
	guaranteed bool

	mu    sync.Mutex
	taken map[string]int
	total int
}

// New returns limit places.
func New(limit int) *Shares { return &Shares{limit: limit, taken: map[string]int{}} }

// NewGuaranteed returns limit places, and one more for each tenant that has none:
// no number of tenants can take the last one from another.
func NewGuaranteed(limit int) *Shares {
	return &Shares{limit: limit, guaranteed: true, taken: map[string]int{}}
}

// Take takes a place for a tenant, and tells whether there was one.
func (s *Shares) Take(tenant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(tenant) {
		return false
	}
	s.taken[tenant]++
	s.total++
	return true
}

// Has tells whether there is a place for a tenant.
func (s *Shares) Has(tenant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.has(tenant)
}

func (s *Shares) has(tenant string) bool {
	own, free := s.taken[tenant], s.limit-s.total
	return s.guaranteed && own == 0 || free > 0 && (own == 0 || own+2 <= free) // it takes one more, and leaves one less
}

// Give gives a place of a tenant back.
func (s *Shares) Give(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.taken[tenant]--; s.taken[tenant] == 0 {
		delete(s.taken, tenant)
	}
}
