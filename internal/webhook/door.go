package webhook

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"syscall"
)

// errShut stops a connection; explain turns it into a message.
var errShut = errors.New("the address is not public")

// door checks every connection of one call. It remembers the rejected
// addresses, as a dial tries several addresses and returns only one error.
type door struct {
	policy policy

	mu     sync.Mutex
	let    int
	turned []netip.Addr
}

// control is the dialer's ControlContext: it gets the resolved address that is
// about to be connected to.
func (d *door) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || !d.policy.permits(to.Addr()) {
		d.turned = append(d.turned, to.Addr())
		return errShut
	}
	d.let++
	return nil
}

// shut returns the rejected address (the lowest if there are several, so that
// equal failures have equal messages), and whether all were rejected.
func (d *door) shut() (turned netip.Addr, all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.turned) == 0 {
		return netip.Addr{}, false
	}
	return slices.MinFunc(d.turned, netip.Addr.Compare), d.let == 0
}
