package relay_test

import (
	"crypto/tls"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

func TestHostileOrigin(t *testing.T) {
	t.Parallel()
	h := newHouse(t, relay.Config{Origins: []string{"https://app.example"}})
	rows := map[string]struct {
		origin []string
		host   string // h.address
		want   int
	}{
		"missing":                {nil, "", 101},
		"same_wss":               {[]string{"wss://" + h.address}, "", 101},
		"same_https":             {[]string{"https://" + h.address}, "", 101},
		"default_port":           {[]string{"wss://relay.example"}, "relay.example:443", 101},
		"default_port_of_origin": {[]string{"wss://relay.example:443"}, "relay.example", 101},
		"other_case_of_host":     {[]string{"wss://relay.example"}, "Relay.Example", 101},
		"configured":             {[]string{"https://app.example"}, "", 101},
		"foreign":                {[]string{"https://evil.example"}, "", 403},
		"null":                   {[]string{"null"}, "", 403},
		"empty":                  {[]string{""}, "", 403},
		"other_port":             {[]string{"https://127.0.0.1:1"}, "", 403},
		"plain":                  {[]string{"http://" + h.address}, "", 403},
		"plain_ws":               {[]string{"ws://" + h.address}, "", 403},
		"subdomain":              {[]string{"https://a.app.example"}, "", 403},
		"suffix":                 {[]string{"https://evilapp.example"}, "", 403},
		"prefix":                 {[]string{"https://app.example.evil.example"}, "", 403},
		"path":                   {[]string{"wss://" + h.address + "/"}, "", 403},
		"userinfo":               {[]string{"wss://" + h.address + "@evil.example"}, "", 403},
		"two":                    {[]string{"wss://" + h.address, "https://evil.example"}, "", 403},
		"the_same_twice":         {[]string{"wss://" + h.address, "wss://" + h.address}, "", 403},
		"list":                   {[]string{"wss://" + h.address + " https://evil.example"}, "", 403},
		"extension":              {[]string{"chrome-extension://abcdefghijklmnop"}, "", 403},
		"file":                   {[]string{"file://"}, "", 403},
	}
	names := slices.Sorted(maps.Keys(rows))
	for i, name := range names {
		t.Run("HYB-22/"+name, func(t *testing.T) {
			t.Parallel()
			header := upgrade(t, "fido.cable")
			if rows[name].origin != nil {
				header["Origin"] = rows[name].origin
			}
			header.Set("Host", h.address)
			if rows[name].host != "" {
				header.Set("Host", rows[name].host)
			}
			header.Set("Cookie", "__Host-hither-session=somebody")
			id := tunnel.ID{9, byte(i)}
			if got := h.status(t, http.MethodGet, "/cable/new/"+id.Text(), header); got != rows[name].want {
				t.Errorf("answered %d, want %d", got, rows[name].want)
			}
		})
	}
	t.Run("HYB-22/rebound_name_without_tls", func(t *testing.T) {
		t.Parallel()
		r := relay.New(relay.Config{})
		for origin, want := range map[string]int{"http://evil.example": 403, "ws://evil.example": 403, "https://elsewhere.example": 403} {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://evil.example"+newPath, nil)
			request.RemoteAddr = "127.0.0.1:1"
			request.Header = upgrade(t, "fido.cable")
			request.Header.Set("Origin", origin)
			answer := httptest.NewRecorder()
			r.ServeHTTP(answer, request)
			if answer.Code != want {
				t.Errorf("%s was answered with %d, want %d", origin, answer.Code, want)
			}
		}
	})
}

func TestHostilePlain(t *testing.T) {
	t.Parallel()
	ask := func(t *testing.T, c relay.Config, change func(*http.Request)) int {
		t.Helper()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://relay.example"+newPath, nil)
		request.RemoteAddr = "192.0.2.1:1234"
		request.Header = upgrade(t, "fido.cable")
		change(request)
		answer := httptest.NewRecorder()
		relay.New(c).ServeHTTP(answer, request)
		return answer.Code
	}
	// A recorder cannot become a WebSocket: what would be 101 is 400.
	rows := map[string]struct {
		config relay.Config
		change func(*http.Request)
		want   int
	}{
		"plain_from_afar":       {relay.Config{}, func(*http.Request) {}, 403},
		"plain_from_nowhere":    {relay.Config{}, func(r *http.Request) { r.RemoteAddr = "@" }, 403},
		"plain_where_allowed":   {relay.Config{Plain: true}, func(*http.Request) {}, 400},
		"plain_from_loopback":   {relay.Config{}, func(r *http.Request) { r.RemoteAddr = "[::1]:1" }, 400},
		"plain_from_mapped":     {relay.Config{}, func(r *http.Request) { r.RemoteAddr = "[::ffff:127.0.0.1]:1" }, 400},
		"forwarded_does_naught": {relay.Config{}, func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, 403},
		"http_1_0": {relay.Config{Plain: true}, func(r *http.Request) {
			r.Proto, r.ProtoMinor = "HTTP/1.0", 0
		}, 400},
		"http_2": {relay.Config{}, func(r *http.Request) {
			r.Proto, r.ProtoMajor, r.ProtoMinor, r.TLS = "HTTP/2.0", 2, 0, &tls.ConnectionState{}
		}, 400},
	}
	for name, row := range rows {
		t.Run("HYB-31/"+name, func(t *testing.T) {
			t.Parallel()
			if got := ask(t, row.config, row.change); got != row.want {
				t.Errorf("answered %d, want %d", got, row.want)
			}
		})
	}
	t.Run("HYB-31/tls_1_1", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		d := tls.Dialer{Config: &tls.Config{RootCAs: h.RootCAs, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}}
		if conn, err := d.DialContext(t.Context(), "tcp", h.address); err == nil {
			conn.Close()
			t.Error("TLS 1.1 was spoken")
		}
	})
	t.Run("HYB-31/no_http_2", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		d := tls.Dialer{Config: &tls.Config{RootCAs: h.RootCAs, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}}
		conn, err := d.DialContext(t.Context(), "tcp", h.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got := conn.(*tls.Conn).ConnectionState().NegotiatedProtocol; got != "http/1.1" {
			t.Errorf("agreed on %q", got)
		}
	})
}

func TestHostileWaiting(t *testing.T) {
	t.Parallel()
	// The client's address is what the test says it is.
	by := func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("X-Test-Address")) }
	var wires []*wire
	from := func(t *testing.T, h *house, address string, i int) int {
		t.Helper()
		w := h.wire(t)
		wires = append(wires, w)
		header := upgrade(t, "fido.cable")
		header.Set("X-Test-Address", address)
		id := tunnel.ID{0: byte(i >> 8), 1: byte(i)}
		copy(id[2:], address)
		status, answer := w.ask(t, http.MethodGet, "/cable/new/"+id.Text(), header)
		if status != 101 && answer.Get("Retry-After") == "" {
			t.Error("nobody says when to come again")
		}
		return status
	}
	t.Run("HYB-25/one_prefix", func(t *testing.T) {
		h := newHouse(t, relay.Config{ClientAddr: by, Limits: relay.Limits{WaitingPerPrefix: 5}})
		for _, same := range [][]string{
			{"192.0.2.1", "192.0.2.255", "::ffff:192.0.2.7"},
			{"2001:db8:0:ff00::1", "2001:db8:0:ffff:ffff:ffff:ffff:ffff"},
		} {
			for i := range 8 {
				want := 101
				if i >= 5 {
					want = 429
				}
				if got := from(t, h, same[i%len(same)], i); got != want {
					t.Errorf("tunnel %d of %s was answered with %d, want %d", i, same, got, want)
				}
			}
		}
		for _, neighbour := range []string{"192.0.3.1", "2001:db8:1::1"} {
			if got := from(t, h, neighbour, 99); got != 101 {
				t.Errorf("a neighbour was answered with %d", got)
			}
		}
		for _, w := range wires {
			w.Close()
		}
		eventually(t, func() bool { return h.metric(t, "hither_relay_tunnels", "waiting") == 0 })
		if got := from(t, h, "192.0.2.1", 100); got != 101 {
			t.Errorf("answered %d after the others had ended", got)
		}
	})
	t.Run("HYB-25/many_prefixes", func(t *testing.T) {
		t.Parallel()
		const all = 200
		h := newHouse(t, relay.Config{ClientAddr: by, Limits: relay.Limits{Tunnels: all}})
		got := map[int]int{}
		for i := range all + 20 {
			got[from(t, h, netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}).String(), i)]++
		}
		if diff := cmp.Diff(map[int]int{101: all, 503: 20}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
	t.Run("HYB-25/joined_by_one_prefix", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{TunnelsPerPrefix: 3}})
		for i := range 3 {
			h.pair(t, tunnel.ID{byte(i)})
		}
		_, _, err := h.dialer.Create(t.Context(), h.Service, tunnel.ID{3})
		hasStatus(t, err, http.StatusTooManyRequests)
	})
	t.Run("HYB-25/joined_tunnels_wait_no_more", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{WaitingPerPrefix: 1}})
		for i := range 5 {
			h.pair(t, tunnel.ID{byte(i)})
		}
	})
}
