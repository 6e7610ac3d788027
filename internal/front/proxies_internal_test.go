package front

import (
	"net/http"
	"net/netip"
	"testing"
)

// A hop is an address or nothing.
func FuzzParseHop(f *testing.F) {
	for _, seed := range []string{"203.0.113.9", "203.0.113.9:80", "[2001:db8::1]:443", "2001:db8::1%eth0", "::ffff:10.0.0.1", "unknown", "_hidden"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := parseHop(s)
		if ok != a.IsValid() || a.Zone() != "" || a.Is4In6() {
			t.Fatalf("%q gives %v, %v", s, a, ok)
		}
	})
}

// A network is read as it is written again, and trusts its own first address.
func FuzzParseNetwork(f *testing.F) {
	for _, seed := range []string{"10.0.0.0/8", "127.0.0.1", "::1", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "10.1.0.0/8", "fe80::1%eth0", "/8", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseNetwork(s)
		if err != nil {
			if p.IsValid() {
				t.Fatalf("%q gives %v and %v", s, p, err)
			}
			return
		}
		again, err := ParseNetwork(p.String())
		if err != nil || again != p || p != p.Masked() || !(Proxies{p}).trust(p.Addr()) {
			t.Fatalf("%q gives %v, and that %v, %v", s, p, again, err)
		}
	})
}

// What the limits of a program count is never the address of a trusted proxy, if
// somebody else wrote to it. The rest is tried by the programs.
func TestClientAddr(t *testing.T) {
	t.Parallel()
	proxies := Proxies{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for name, row := range map[string]struct {
		proxies          Proxies
		peer, sent, want string
	}{
		"nobody_is_trusted":  {nil, "127.0.0.1:5", "203.0.113.9", "127.0.0.1"},
		"proxy":              {proxies, "127.0.0.1:5", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
		"proxy_over_IPv6":    {proxies, "[::1]:5", "203.0.113.9", "203.0.113.9"},
		"not_the_proxy":      {proxies, "192.0.2.1:5", "203.0.113.9", "192.0.2.1"},
		"garbage":            {proxies, "127.0.0.1:5", "203.0.113.9, unknown", "127.0.0.1"},
		"socket_has_no_peer": {proxies, "@", "203.0.113.9", "invalid IP"},
		"zone_is_nobodys":    {proxies, "[fe80::1%eth0]:5", "", "fe80::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: row.peer, Header: http.Header{"X-Forwarded-For": {row.sent}}}
			if got := row.proxies.ClientAddr(r).String(); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}
