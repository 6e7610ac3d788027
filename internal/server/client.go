package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how far X-Forwarded-For is walked.
const maxHops = 32

// clientAddress is who asks: the peer or, when the peer is a trusted proxy,
// the first address from the right of X-Forwarded-For that is not. Nothing
// else is read from forwarded headers. The zero address means unknown, as
// behind a unix socket.
func (s *Server) clientAddress(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	address := plain(peer)
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for range maxHops {
		if !s.trusted(address) || len(hops) == 0 {
			break
		}
		last := strings.TrimSpace(hops[len(hops)-1])
		hops = hops[:len(hops)-1]
		next, ok := parseHop(last)
		if !ok {
			break // what a trusted proxy did not write is nobody's word
		}
		address = next
	}
	return address
}

func (s *Server) trusted(address netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

// parseHop takes an address with or without a port, as proxies write both.
func parseHop(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return plain(a), true
	}
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return plain(ap.Addr()), true
	}
	return netip.Addr{}, false
}

// plain drops what does not tell two clients apart: a zone, and the IPv6
// clothing of an IPv4 address.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

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
