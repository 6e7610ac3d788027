package relay_test

import (
	"crypto/tls"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

const (
	anID      = "000102030405060708090A0B0C0D0E0F"
	aRouting  = "000000"
	newPath   = "/cable/new/" + anID
	otherPath = "/cable/connect/" + aRouting + "/" + anID
)

// with is an opening handshake in which one header is another one, or none.
func with(t *testing.T, name string, values ...string) http.Header {
	t.Helper()
	header := upgrade(t, "fido.cable")
	delete(header, name)
	if len(values) > 0 {
		header[name] = values
	}
	return header
}

func TestHostileNew(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		method string // GET
		target string // newPath
		header http.Header
		want   int
	}{
		"the_good_one":        {want: http.StatusSwitchingProtocols},
		"lower_case":          {target: strings.ToLower(newPath), want: http.StatusSwitchingProtocols},
		"bad_hex":             {target: "/cable/new/G00102030405060708090A0B0C0D0E0F", want: 404},
		"short":               {target: "/cable/new/" + anID[2:], want: 404},
		"long":                {target: "/cable/new/" + anID + "00", want: 404},
		"none":                {target: "/cable/new/", want: 404},
		"full_width_digits":   {target: "/cable/new/" + strings.Repeat("%EF%BC%90", 32), want: 404},
		"trailing_slash":      {target: newPath + "/", want: 404},
		"double_slash":        {target: "/cable//new/" + anID, want: 404},
		"two_leading_slashes": {target: "//cable/new/" + anID, want: 404},
		"dots":                {target: "/cable/connect/../new/" + anID, want: 404},
		"encoded_dots":        {target: "/cable/%2e%2e/cable/new/" + anID, want: 404},
		"encoded_slash":       {target: "/cable%2Fnew/" + anID, want: 404},
		"encoded_digit":       {target: "/cable/new/%300" + anID[2:], want: 404},
		"nul":                 {target: newPath + "%00", want: 404},
		"other_case":          {target: "/Cable/New/" + anID, want: 404},
		"query":               {target: newPath + "?a=b", want: 404},
		"empty_query":         {target: newPath + "?", want: 404},
		"matrix":              {target: newPath + ";a=b", want: 404},
		"root":                {target: "/", want: 404},
		"asterisk":            {method: "OPTIONS", target: "*", want: 404},
		"post":                {method: http.MethodPost, want: 405},
		"head":                {method: http.MethodHead, want: 405},
		"connect":             {method: http.MethodPut, want: 405},
		"options":             {method: http.MethodOptions, want: 405},
		"invented_method":     {method: "NEW", want: 405},
		"plain_get":           {header: http.Header{}, want: 400},
		"no_connection":       {header: with(t, "Connection"), want: 400},
		"connection_close":    {header: with(t, "Connection", "close"), want: 400},
		"connection_word":     {header: with(t, "Connection", "NotUpgrade"), want: 400},
		"connection_list":     {header: with(t, "Connection", "keep-alive, Upgrade"), want: http.StatusSwitchingProtocols},
		"no_upgrade":          {header: with(t, "Upgrade"), want: 400},
		"upgrade_to_h2c":      {header: with(t, "Upgrade", "h2c"), want: 400},
		"no_version":          {header: with(t, "Sec-Websocket-Version"), want: 400},
		"version_8":           {header: with(t, "Sec-Websocket-Version", "8"), want: 400},
		"two_versions":        {header: with(t, "Sec-Websocket-Version", "13", "13"), want: 400},
		"no_key":              {header: with(t, "Sec-Websocket-Key"), want: 400},
		"two_keys":            {header: with(t, "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="), want: 400},
		"short_key":           {header: with(t, "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25j"), want: 400},
		"key_is_no_base64":    {header: with(t, "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ=!"), want: 400},
		"no_subprotocol":      {header: with(t, "Sec-Websocket-Protocol"), want: 400},
		"other_subprotocol":   {header: with(t, "Sec-Websocket-Protocol", "fido.cable2"), want: 400},
		"subprotocol_case":    {header: with(t, "Sec-Websocket-Protocol", "FIDO.CABLE"), want: 400},
		"subprotocol_twice":   {header: with(t, "Sec-Websocket-Protocol", "fido.cable, fido.cable"), want: 400},
		"subprotocol_lines":   {header: with(t, "Sec-Websocket-Protocol", "fido.cable", "fido.cable"), want: 400},
		"subprotocol_listen":  {header: with(t, "Sec-Websocket-Protocol", "hither.listen"), want: 400},
		"subprotocols":        {header: with(t, "Sec-Websocket-Protocol", "chat, fido.cable"), want: http.StatusSwitchingProtocols},
		"body":                {header: with(t, "Content-Length", "1"), want: 400},
		"chunked":             {header: with(t, "Transfer-Encoding", "chunked"), want: 400},
	}
	for name, row := range rows {
		t.Run("HYB-18/"+name, func(t *testing.T) {
			t.Parallel()
			if row.method == "" {
				row.method = http.MethodGet
			}
			if row.target == "" {
				row.target = newPath
			}
			if row.header == nil {
				row.header = upgrade(t, "fido.cable")
			}
			if got := newHouse(t, relay.Config{}).status(t, row.method, row.target, row.header); got != row.want {
				t.Errorf("answered %d, want %d", got, row.want)
			}
		})
	}
	t.Run("HYB-18/in_use", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		phone, routing, err := h.dialer.Create(t.Context(), h.Service, tunnel.ID{1})
		if err != nil {
			t.Fatal(err)
		}
		defer phone.Close()
		_, _, err = h.dialer.Create(t.Context(), h.Service, tunnel.ID{1})
		hasStatus(t, err, http.StatusConflict)
		client, err := h.dialer.Connect(t.Context(), h.Service, routing, tunnel.ID{1})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		_, _, err = h.dialer.Create(t.Context(), h.Service, tunnel.ID{1})
		hasStatus(t, err, http.StatusConflict)
		send(t, client, []byte("untouched"))
		if got := receive(t, phone); string(got) != "untouched" {
			t.Errorf("received %q", got)
		}
	})
	t.Run("HYB-18/frames_before_the_answer", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{})
		w := h.wire(t)
		request := "GET " + newPath + " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n"
		w.say(append([]byte(request), frame(0x82, []byte("early"))...))
		answer, err := http.ReadResponse(w.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("answered %d, want 400", answer.StatusCode)
		}
		eventually(t, func() bool { return h.metric(t, "hither_relay_tunnels", "") == 0 })
	})
	t.Run("HYB-18/extensions_are_not_spoken", func(t *testing.T) {
		t.Parallel()
		w := newHouse(t, relay.Config{}).wire(t)
		header := with(t, "Sec-Websocket-Extensions", "permessage-deflate; client_max_window_bits")
		status, answer := w.ask(t, http.MethodGet, newPath, header)
		if status != http.StatusSwitchingProtocols || answer.Values("Sec-Websocket-Extensions") != nil {
			t.Fatalf("answered %d with %v", status, answer)
		}
		w.say(frame(0xc2, []byte{0x4a, 0x04, 0x00})) // a message that says it is compressed
		w.closed(t, 1002)
	})
}

func TestHostileConnect(t *testing.T) {
	t.Parallel()
	rows := map[string]string{
		"connect_before_new":   otherPath,
		"bad_routing_id":       "/cable/connect/00000G/" + anID,
		"short_routing_id":     "/cable/connect/0000/" + anID,
		"no_tunnel_id":         "/cable/connect/" + aRouting,
		"no_routing_id":        "/cable/connect/" + anID,
		"empty_routing_id":     "/cable/connect//" + anID,
		"one_more_segment":     otherPath + "/" + anID,
		"encoded_slash":        "/cable/connect/" + aRouting + "%2f" + anID,
		"swapped":              "/cable/connect/" + anID + "/" + aRouting,
		"contact_is_no_base64": "/cable/contact/a+b/",
		"contact_padded":       "/cable/contact/YQ==",
		"contact_stray_bits":   "/cable/contact/YR",
		"contact_line_break":   "/cable/contact/YWJj%0AYWJj",
		"contact_long":         "/cable/contact/" + strings.Repeat("a", 1400),
		"listen_bad_id":        "/hither/listen/=",
		"listen_empty_id":      "/hither/listen/",
	}
	h := newHouse(t, relay.Config{})
	for name, target := range rows {
		t.Run("HYB-19/"+name, func(t *testing.T) {
			t.Parallel()
			if got := h.status(t, http.MethodGet, target, upgrade(t, "fido.cable")); got != http.StatusNotFound {
				t.Errorf("answered %d, want 404", got)
			}
		})
	}
	t.Run("HYB-19/wrong_routing_id", func(t *testing.T) {
		t.Parallel()
		id := tunnel.ID{2}
		phone, routing, err := h.dialer.Create(t.Context(), h.Service, id)
		if err != nil {
			t.Fatal(err)
		}
		defer phone.Close()
		for i := range routing {
			wrong := routing
			wrong[i]++
			_, err = h.dialer.Connect(t.Context(), h.Service, wrong, id)
			hasStatus(t, err, http.StatusNotFound)
		}
		_, err = h.dialer.Connect(t.Context(), h.Service, routing, tunnel.ID{3})
		hasStatus(t, err, http.StatusNotFound)
		client, err := h.dialer.Connect(t.Context(), h.Service, routing, id)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
	})
	t.Run("HYB-19/third_party", func(t *testing.T) {
		t.Parallel()
		id := tunnel.ID{4}
		phone, routing := h.open(t, id)
		client, err := h.dialer.Connect(t.Context(), h.Service, routing, id)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for range 3 {
			_, err := h.dialer.Connect(t.Context(), h.Service, routing, id)
			hasStatus(t, err, http.StatusNotFound)
		}
		phone.say(frame(0x82, []byte("unaffected")))
		if got := receive(t, client); string(got) != "unaffected" {
			t.Errorf("received %q", got)
		}
	})
	t.Run("HYB-19/two_at_once", func(t *testing.T) {
		t.Parallel()
		id := tunnel.ID{5}
		_, routing := h.open(t, id)
		answers := make(chan error, 8)
		for range cap(answers) {
			go func() {
				c, err := h.dialer.Connect(t.Context(), h.Service, routing, id)
				if err == nil {
					t.Cleanup(func() { c.Close() })
				}
				answers <- err
			}()
		}
		came := 0
		for range cap(answers) {
			if err := <-answers; err == nil {
				came++
			} else {
				hasStatus(t, err, http.StatusNotFound)
			}
		}
		if came != 1 {
			t.Errorf("%d came to one tunnel", came)
		}
	})
	t.Run("HYB-19/bad_connect_consumes_nothing", func(t *testing.T) {
		t.Parallel()
		id := tunnel.ID{6}
		_, routing := h.open(t, id)
		path := "/cable/connect/" + routing.Text() + "/" + id.Text()
		if got := h.status(t, http.MethodGet, path, upgrade(t, "chat")); got != http.StatusBadRequest {
			t.Errorf("answered %d, want 400", got)
		}
		if got := h.status(t, http.MethodGet, path, upgrade(t, "fido.cable")); got != http.StatusSwitchingProtocols {
			t.Errorf("answered %d, want 101", got)
		}
	})
}

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
		h := newHouse(t, relay.Config{ClientAddr: by, Limits: relay.Limits{Tunnels: all, Waiting: 30 * time.Second}})
		got := map[int]int{}
		for i := range all + 20 {
			got[from(t, h, netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}).String(), i)]++
		}
		if diff := cmp.Diff(map[int]int{101: all, 503: 20}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
	t.Run("HYB-25/joined_tunnels_wait_no_more", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, relay.Config{Limits: relay.Limits{WaitingPerPrefix: 1}})
		for i := range 5 {
			h.pair(t, tunnel.ID{byte(i)})
		}
	})
}
