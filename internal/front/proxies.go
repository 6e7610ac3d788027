package front

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how far X-Forwarded-For is walked.
const maxHops = 32

// Proxies are the networks of the reverse proxies whose X-Forwarded-For is
// believed. Nil: none is.
type Proxies []netip.Prefix

// ClientAddr is who asks: the peer or, when the peer is a trusted proxy,
// the first address from the right of X-Forwarded-For that is not. Nothing
// else is read from forwarded headers. The zero address means unknown, as
// behind a unix socket.
func (p Proxies) ClientAddr(r *http.Request) netip.Addr {
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
		if !p.trust(address) || len(hops) == 0 {
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

func (p Proxies) trust(address netip.Addr) bool {
	for _, network := range p {
		if network.Contains(address) {
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

// ParseNetwork reads the network of a proxy as an operator writes it; a single
// address is a network of its own.
func ParseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap() // as addresses of clients are
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
	case p.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("%q is of IPv4 in the form of IPv6: write it as IPv4, such as 10.0.0.0/8", text)
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("%q has bits behind its length: did you mean %s?", text, p.Masked())
	}
	return p, nil
}
