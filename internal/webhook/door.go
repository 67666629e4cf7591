package webhook

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"syscall"
)

// errShut stops a connection; explain has the words for it.
var errShut = errors.New("the address is not public")

// door is what every connection of one call goes through. It remembers whom it
// turned away, as a dial tries several addresses and tells one error only.
type door struct {
	policy policy

	mu     sync.Mutex
	let    int
	turned []netip.Addr
}

// control is the dialer's ControlContext: it gets the address that is about to
// be connected to, resolved.
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

// shut returns the address that was turned away, the lowest if there are
// several so that equal failures read equal, and whether none was let through.
func (d *door) shut() (turned netip.Addr, all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.turned) == 0 {
		return netip.Addr{}, false
	}
	return slices.MinFunc(d.turned, netip.Addr.Compare), d.let == 0
}
