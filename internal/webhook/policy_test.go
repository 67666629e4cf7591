package webhook

import (
	"net/netip"
	"testing"
)

func prefixes(ss ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range ss {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

// TestPublic tests the first and the last address of each rejected range, and
// their neighbours.
func TestPublic(t *testing.T) {
	tests := map[string]struct {
		refused, public []string
	}{
		"this network": {[]string{"0.0.0.0", "0.255.255.255"}, []string{"1.0.0.0"}},
		"private": {
			[]string{"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"},
			[]string{"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0"},
		},
		"carrier-grade NAT":  {[]string{"100.64.0.0", "100.100.100.200", "100.127.255.255"}, []string{"100.63.255.255", "100.128.0.0"}},
		"loopback":           {[]string{"127.0.0.1", "127.255.255.255", "::1"}, []string{"126.255.255.255", "128.0.0.0"}},
		"link-local":         {[]string{"169.254.0.0", "169.254.169.254", "169.254.170.2", "fe80::", "fe80::1%eth0", "febf::1"}, []string{"169.253.255.255", "169.255.0.0"}},
		"other clouds":       {[]string{"168.63.129.16"}, []string{"168.63.129.15", "168.63.129.17"}},
		"IETF protocols":     {[]string{"192.0.0.0", "192.0.0.255", "192.88.99.1", "2001::1", "2001:2::1", "2001:1ff:ffff::"}, []string{"192.0.1.0", "192.88.98.255", "2001:200::"}},
		"documentation":      {[]string{"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff::1"}, []string{"192.0.3.0", "203.0.114.0", "2001:db9::", "3fff:1000::"}},
		"benchmarking":       {[]string{"198.18.0.0", "198.19.255.255"}, []string{"198.17.255.255", "198.20.0.0"}},
		"multicast":          {[]string{"224.0.0.0", "239.255.255.255", "ff02::1", "ff0e::1"}, []string{"223.255.255.255"}},
		"reserved":           {[]string{"240.0.0.0", "255.255.255.255", "100::1", "1fff:ffff::", "4000::", "5f00::1"}, []string{"2000::", "2600:1f00::1", "3ffe::1"}},
		"unspecified":        {[]string{"::"}, nil},
		"unique local":       {[]string{"fc00::1", "fd00:ec2::254", "fdff::1", "fec0::1"}, nil},
		"IPv4-mapped":        {[]string{"::ffff:10.0.0.5", "::ffff:169.254.169.254", "::ffff:127.0.0.1"}, []string{"::ffff:8.8.8.8"}},
		"IPv4-compatible":    {[]string{"::10.0.0.5", "::8.8.8.8"}, nil},
		"IPv4-translated":    {[]string{"::ffff:0:10.0.0.5"}, nil},
		"NAT64":              {[]string{"64:ff9b::10.0.0.5", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "64:ff9b::1:808:808"}, []string{"64:ff9b::8.8.8.8"}},
		"6to4":               {[]string{"2002:a00:5::1", "2002:a9fe:a9fe::", "2002:7f00:1::"}, []string{"2002:808:808::1"}},
		"somebody's address": {nil, []string{"8.8.8.8", "2a00:1450:4001::1", "54.239.28.85"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, a := range tt.refused {
				if newPolicy(nil).permits(netip.MustParseAddr(a)) {
					t.Errorf("%s passes", a)
				}
			}
			for _, a := range tt.public {
				if !newPolicy(nil).permits(netip.MustParseAddr(a)) {
					t.Errorf("%s is refused", a)
				}
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	tests := map[string]struct {
		allowed []netip.Prefix
		address string
		want    bool
	}{
		"within":                        {prefixes("10.1.0.0/16"), "10.1.2.3", true},
		"one of several":                {prefixes("10.1.0.0/16", "fd00::/8"), "fd12::1", true},
		"outside":                       {prefixes("10.1.0.0/16"), "10.2.2.3", false},
		"public nevertheless":           {prefixes("10.1.0.0/16"), "8.8.8.8", true},
		"IPv4-mapped address":           {prefixes("10.1.0.0/16"), "::ffff:10.1.2.3", true},
		"IPv4-mapped prefix":            {prefixes("::ffff:10.1.0.0/112"), "10.1.2.3", true},
		"outside an IPv4-mapped prefix": {prefixes("::ffff:10.1.0.0/112"), "10.2.2.3", false},
		"prefix with host bits":         {prefixes("10.1.2.3/16"), "10.1.0.1", true},
		"behind NAT64":                  {prefixes("10.1.0.0/16"), "64:ff9b::10.1.2.3", true},
		"another behind NAT64":          {prefixes("10.1.0.0/16"), "64:ff9b::10.2.2.3", false},
		"with a zone":                   {prefixes("fe80::/10"), "fe80::1%eth0", true},
		"all of IPv6 is not IPv4":       {prefixes("::/0"), "10.1.2.3", false},
		"all of IPv4 is not IPv6":       {prefixes("0.0.0.0/0"), "::1", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newPolicy(tt.allowed).permits(netip.MustParseAddr(tt.address)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// FuzzDoor looks for addresses, as a dialer writes them, that pass although
// according to netip or their embedded address they shouldn't.
func FuzzDoor(f *testing.F) {
	for _, s := range []string{"10.0.0.5:443", "[::ffff:10.0.0.5]:443", "[64:ff9b::a00:5]:443", "[2002:a00:5::]:443", "[fe80::1%eth0]:443", "8.8.8.8:443", "[::]:0", "host:1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		d := &door{}
		if err := d.control(t.Context(), "tcp", address, nil); err != nil {
			if _, all := d.shut(); !all {
				t.Errorf("%q was refused and not remembered", address)
			}
			return
		}
		a := netip.MustParseAddrPort(address).Addr().Unmap()
		for _, a := range []netip.Addr{a, embedded(a)} {
			if !a.IsGlobalUnicast() || a.IsPrivate() {
				t.Errorf("%q passes", address)
			}
		}
	})
}
