package lambda

import (
	"errors"
	"fmt"
)

// The quotas of an account.
const (
	// maxConcurrency is how many invocations run at a time.
	maxConcurrency = 1000
	// minUnreserved is what reservations must leave of it.
	minUnreserved = 100
)

// throttled says why a function can't run now, "" if it can.
func (s *Service) throttled(f *function) (reason string) {
	if f.ReservedConcurrency > 0 {
		if f.running >= f.ReservedConcurrency {
			return "ReservedFunctionConcurrentInvocationLimitExceeded"
		}
		return ""
	}
	left := s.unreserved(nil)
	for _, other := range s.functions {
		if other.ReservedConcurrency == 0 {
			left -= other.running
		}
	}
	if left <= 0 {
		return "ConcurrentInvocationLimitExceeded"
	}
	return ""
}

// unreserved is what the reservations of all functions but one leave.
func (s *Service) unreserved(but *function) int {
	left := maxConcurrency
	for _, f := range s.functions {
		if f != but {
			left -= f.ReservedConcurrency
		}
	}
	return left
}

// checkReservation refuses one that leaves the other functions too little.
func (s *Service) checkReservation(f *function, reserved int) error {
	if reserved < 0 {
		return errors.New("the function's reserved concurrency must not be negative")
	}
	if left := s.unreserved(f) - reserved; left < minUnreserved {
		return fmt.Errorf("the function's reserved concurrency leaves %d of the account's %d to functions without a reservation; at least %d must be left", left, maxConcurrency, minUnreserved)
	}
	return nil
}
