package webhook

import "net/netip"

// policy decides which addresses may be posted to: public ones always, others
// only if they are allowed.
type policy struct {
	allowed []netip.Prefix
}

// newPolicy also accepts IPv4 prefixes in their IPv6 form, which netip doesn't
// match with IPv4 addresses.
func newPolicy(allowed []netip.Prefix) policy {
	p := policy{allowed: make([]netip.Prefix, 0, len(allowed))}
	for _, a := range allowed {
		if a.Addr().Is4In6() && a.Bits() >= 96 {
			a = netip.PrefixFrom(a.Addr().Unmap(), a.Bits()-96)
		}
		p.allowed = append(p.allowed, a)
	}
	return p
}

// permits reports whether the address may be connected to. An address that
// embeds another one, behind a translator, is treated like the embedded one.
func (p policy) permits(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	inner := embedded(a)
	for _, prefix := range p.allowed {
		if prefix.Contains(a) || prefix.Contains(inner) {
			return true
		}
	}
	return public(inner)
}

var (
	// nat64 is the well-known prefix of RFC 6052, which AWS uses too.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	// sixToFour is the prefix of RFC 3056.
	sixToFour = netip.MustParsePrefix("2002::/16")
	// globalUnicast is all of IPv6 that is allocated so far. Everything outside
	// it is not public: loopback, unspecified, fc00::/7, fe80::/10, multicast,
	// IPv4-compatible and the reserved ones.
	globalUnicast = netip.MustParsePrefix("2000::/3")
)

// embedded returns the IPv4 address that packets to a reach, or a itself.
func embedded(a netip.Addr) netip.Addr {
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	default:
		return a
	}
}

// special are the ranges within IPv4 and IPv6's global unicast that are not
// public, according to IANA's registries of special-purpose addresses.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),        // this network
	netip.MustParsePrefix("10.0.0.0/8"),       // private, RFC 1918
	netip.MustParsePrefix("100.64.0.0/10"),    // carrier-grade NAT; some clouds' services
	netip.MustParsePrefix("127.0.0.0/8"),      // loopback
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's own services on every host
	netip.MustParsePrefix("169.254.0.0/16"),   // link-local, with instance metadata
	netip.MustParsePrefix("172.16.0.0/12"),    // private, RFC 1918
	netip.MustParsePrefix("192.0.0.0/24"),     // IETF protocols
	netip.MustParsePrefix("192.0.2.0/24"),     // documentation
	netip.MustParsePrefix("192.88.99.0/24"),   // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),   // private, RFC 1918
	netip.MustParsePrefix("198.18.0.0/15"),    // benchmarking
	netip.MustParsePrefix("198.51.100.0/24"),  // documentation
	netip.MustParsePrefix("203.0.113.0/24"),   // documentation
	netip.MustParsePrefix("224.0.0.0/4"),      // multicast
	netip.MustParsePrefix("240.0.0.0/4"),      // reserved, and broadcast
	netip.MustParsePrefix("2001::/23"),        // IETF protocols: Teredo, benchmarking, ORCHID
	netip.MustParsePrefix("2001:db8::/32"),    // documentation
	netip.MustParsePrefix("3fff::/20"),        // documentation
}

// public reports whether the address is a public one. It must neither be
// IPv4-mapped nor embed another address.
func public(a netip.Addr) bool {
	if !a.Is4() && !globalUnicast.Contains(a) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(a) {
			return false
		}
	}
	return true
}
