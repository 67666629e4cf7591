package webhook

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"syscall"
)

// errShut stops a connection; explain turns it into a message.
var errShut = errors.New("the address is not public")

// door checks every connection of one call, as a dial tries several addresses and
// returns only one error.
type door struct {
	policy policy

	mu          sync.Mutex
	let, turned int
}

// control is the dialer's ControlContext: it gets the resolved address that is
// about to be connected to.
func (d *door) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || !d.policy.permits(to.Addr()) {
		d.turned++
		return errShut
	}
	d.let++
	return nil
}

// shut tells whether addresses were rejected, and whether all were.
func (d *door) shut() (some, all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.turned > 0, d.turned > 0 && d.let == 0
}
