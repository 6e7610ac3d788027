package server

import "net/netip"

// addressPrefix is the network that limits are counted for: an IPv4 /24 or an
// IPv6 /56, about what one household or company has.
func addressPrefix(a netip.Addr) netip.Prefix {
	bits := 56
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // unknown clients share one
	}
	return p
}
