package relay_test

import (
	"net/http"
	"strings"
	"testing"

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
