package control_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hitherauth/hither/testbed"
)

// TestHostile has a request that is good but for one thing. Nothing comes of it.
func TestHostile(t *testing.T) {
	t.Parallel()
	h := start(t)
	const (
		method = http.MethodPut
		path   = "/v1/air"
		body   = `{"power": false}`
	)
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	token := h.api.Token().Reveal()
	address := strings.TrimPrefix(h.api.URL(), "http://")
	_, port, _ := net.SplitHostPort(address)
	rows := map[string]struct {
		method, path, body string // "": as above
		change             func(*http.Request)
		status             int
		code               string
	}{
		// Who asks.
		"no token":                 {change: header("Authorization"), status: 401, code: "unauthenticated"},
		"an empty token":           {change: header("Authorization", "Bearer "), status: 401, code: "unauthenticated"},
		"the token of nobody":      {change: header("Authorization", "Bearer "+strings.Repeat("A", 43)), status: 401, code: "unauthenticated"},
		"a shorter token":          {change: header("Authorization", "Bearer "+token[:42]), status: 401, code: "unauthenticated"},
		"a longer token":           {change: header("Authorization", "Bearer "+token+"A"), status: 401, code: "unauthenticated"},
		"two tokens":               {change: header("Authorization", "Bearer "+token, "Bearer "+token), status: 401, code: "unauthenticated"},
		"the token of another way": {change: header("Authorization", "Basic "+token), status: 401, code: "unauthenticated"},
		"the token alone":          {change: header("Authorization", token), status: 401, code: "unauthenticated"},
		"the token as a cookie": {
			change: func(r *http.Request) {
				r.Header.Del("Authorization")
				r.AddCookie(&http.Cookie{Name: "token", Value: token})
			}, status: 401, code: "unauthenticated",
		},
		"the token in the query": {
			path: path + "?access_token=" + token, change: header("Authorization"), status: 401, code: "unauthenticated",
		},
		// From where: names that lead here, pages that ask.
		"a name that leads here":        {change: func(r *http.Request) { r.Host = "attacker.example:" + port }, status: 421, code: "misdirected"},
		"localhost":                     {change: func(r *http.Request) { r.Host = "localhost:" + port }, status: 421, code: "misdirected"},
		"the address without its port":  {change: func(r *http.Request) { r.Host = "127.0.0.1" }, status: 421, code: "misdirected"},
		"another writing of it":         {change: func(r *http.Request) { r.Host = "127.1:" + port }, status: 421, code: "misdirected"},
		"a page":                        {change: header("Origin", "https://attacker.example"), status: 403, code: "cross_site"},
		"a page of this origin":         {change: header("Origin", h.api.URL()), status: 403, code: "cross_site"},
		"a page without an origin":      {change: header("Origin", "null"), status: 403, code: "cross_site"},
		"a page that hides where it is": {change: header("Origin", ""), status: 403, code: "cross_site"},
		"an address bar":                {change: header("Sec-Fetch-Site", "none"), status: 403, code: "cross_site"},
		"a picture in a page":           {change: header("Sec-Fetch-Dest", "image"), status: 403, code: "cross_site"},
		"a page that is pressed":        {change: header("Sec-Fetch-User", "?1"), status: 403, code: "cross_site"},
		"a page with storage":           {change: header("Sec-Fetch-Storage-Access", "none"), status: 403, code: "cross_site"},
		"a question about headers":      {method: http.MethodOptions, change: header("Access-Control-Request-Headers", "authorization"), status: 403, code: "cross_site"},
		"a question about the network":  {method: http.MethodOptions, change: header("Access-Control-Request-Private-Network", "true"), status: 403, code: "cross_site"},
		"a question before it":          {method: http.MethodOptions, change: header("Access-Control-Request-Method", "PUT"), status: 403, code: "cross_site"},
		// What is sent.
		"a form":                 {change: header("Content-Type", "application/x-www-form-urlencoded"), status: 415, code: "unsupported_media_type"},
		"plain text":             {change: header("Content-Type", "text/plain"), status: 415, code: "unsupported_media_type"},
		"no type":                {change: header("Content-Type"), status: 415, code: "unsupported_media_type"},
		"two types":              {change: header("Content-Type", "application/json", "application/json"), status: 415, code: "unsupported_media_type"},
		"UTF-16":                 {change: header("Content-Type", "application/json; charset=utf-16"), status: 415, code: "unsupported_media_type"},
		"a packed body":          {change: header("Content-Encoding", "gzip"), status: 415, code: "unsupported_media_type"},
		"no body":                {body: " ", status: 400, code: "body_malformed"},
		"a number":               {body: "1", status: 400, code: "body_malformed"},
		"null":                   {body: "null", status: 400, code: "body_malformed"},
		"half a body":            {body: body[:8], status: 400, code: "body_malformed"},
		"something behind":       {body: body + "{}", status: 400, code: "body_malformed"},
		"an unknown member":      {body: `{"power": false, "poweroff": true}`, status: 400, code: "body_malformed"},
		"a member in capitals":   {body: `{"Power": false}`, status: 400, code: "body_malformed"},
		"a member twice":         {body: `{"power": false, "power": false}`, status: 400, code: "body_malformed"},
		"a text for a yes or no": {body: `{"power": "false"}`, status: 400, code: "body_malformed"},
		"a fraction":             {body: `{"power": false, "lose": 1.5}`, status: 400, code: "body_malformed"},
		"a number out of reach":  {body: `{"power": false, "lose": 1e300}`, status: 400, code: "body_malformed"},
		"no UTF-8":               {body: "{\"power\": false, \"\xff\": 1}", status: 400, code: "body_malformed"},
		"deep lists":             {body: `{"power": ` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000) + `}`, status: 400, code: "body_malformed"},
		"a large body":           {body: body + strings.Repeat(" ", 64<<10), status: 413, code: "body_too_large"},
		"a large body in parts": {
			body: body + strings.Repeat(" ", 64<<10), change: func(r *http.Request) { r.ContentLength = -1 }, status: 413, code: "body_too_large",
		},
		"less than never":      {body: `{"power": false, "lose": -2}`, status: 400, code: "value_invalid"},
		"more than an hour":    {body: `{"power": false, "delay_ms": 3600001}`, status: 400, code: "value_invalid"},
		"an endless echo":      {body: `{"power": false, "repeat": 1001}`, status: 400, code: "value_invalid"},
		"an unknown parameter": {path: path + "?power=false", status: 400, code: "query_malformed"},
		"a broken query":       {path: path + "?%zz", status: 400, code: "query_malformed"},
		// Where to.
		"a way around":        {path: "/v1/../v1/air", status: 404, code: "not_found"},
		"a double slash":      {path: "//v1/air", status: 404, code: "not_found"},
		"a slash at the end":  {path: "/v1/air/", status: 404, code: "not_found"},
		"a dot":               {path: "/v1/./air", status: 404, code: "not_found"},
		"a written slash":     {path: "/v1%2Fair", status: 404, code: "not_found"},
		"a method in capital": {method: "put", status: 405, code: "method_not_allowed"},
		"another method":      {method: http.MethodPost, status: 405, code: "method_not_allowed"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			// Not in parallel: the state is looked at after each.
			a := h.send(t, or(row.method, method), or(row.path, path), or(row.body, body), row.change)
			a.is(t, row.status, row.code)
			if a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("its headers are %v", a.header)
			}
			for name, value := range map[string]string{
				"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
				"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
			} {
				if a.header.Get(name) != value {
					t.Errorf("%s: %q, want %q", name, a.header.Get(name), value)
				}
			}
			if strings.Contains(string(a.body), token) {
				t.Errorf("it repeats the token: %s", a.body)
			}
			if !h.bed.Power() {
				t.Error("it was obeyed")
				h.bed.SetPower(true)
			}
		})
	}
	if h.ask(t, method, path, body)["power"] != false || h.bed.Power() {
		t.Error("the good request was not obeyed")
	}
	// What Node's fetch says of itself is no page's.
	a := h.send(t, method, path, `{}`, header("Sec-Fetch-Mode", "cors"))
	if a.status != http.StatusOK || !h.bed.Power() {
		t.Errorf("Node is answered %d %s", a.status, a.body)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// TestHostileValues has values that are no use, at each operation that takes some.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.ask(t, http.MethodPost, "/v1/phones", "")
	phone := "/v1/phones/phone-1"
	faults := strings.Repeat(`"no_advert",`, 40)
	for name, row := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"no such backup":           {http.MethodPost, "/v1/phones", `{"backup": "maybe"}`, 400, "value_invalid"},
		"a long name":              {http.MethodPost, "/v1/phones", `{"name": "` + strings.Repeat("x", 65) + `"}`, 400, "value_invalid"},
		"a name that moves":        {http.MethodPost, "/v1/phones", `{"name": "\u001b[2J"}`, 400, "value_invalid"},
		"no such phone":            {http.MethodGet, "/v1/phones/phone-2", "", 404, "not_found"},
		"a phone out of the way":   {http.MethodGet, "/v1/phones/..%2Fphone-1", "", 404, "not_found"},
		"a phone of no name":       {http.MethodGet, "/v1/phones/", "", 404, "not_found"},
		"no such answer":           {http.MethodPatch, phone, `{"answer": "Agree"}`, 400, "value_invalid"},
		"no such fault":            {http.MethodPatch, phone, `{"faults": ["` + strings.Repeat("x", 60_000) + `"]}`, 400, "value_invalid"},
		"a fault that cannot be":   {http.MethodPatch, phone, `{"faults": ["counter_back"]}`, 400, "value_invalid"},
		"a status that is none":    {http.MethodPatch, phone, `{"faults": ["ctap_0x00"]}`, 400, "value_invalid"},
		"many faults":              {http.MethodPatch, phone, `{"faults": [` + faults[:len(faults)-1] + `]}`, 400, "value_invalid"},
		"no passkey":               {http.MethodDelete, phone + "/passkeys/AAAA", "", 404, "not_found"},
		"a passkey in padding":     {http.MethodDelete, phone + "/passkeys/AA==", "", 404, "not_found"},
		"no way to get so far":     {http.MethodPost, phone + "/scans", `{"until": "ended"}`, 400, "value_invalid"},
		"no time":                  {http.MethodPost, phone + "/scans", `{"timeout_ms": 0}`, 400, "value_invalid"},
		"a day":                    {http.MethodPost, phone + "/scans", `{"timeout_ms": 86400000}`, 400, "value_invalid"},
		"another QR code":          {http.MethodPost, phone + "/scans", `{"text": "https://attacker.example"}`, 400, "qr_code_invalid"},
		"half a QR code":           {http.MethodPost, phone + "/scans", `{"text": "FIDO:/123"}`, 400, "qr_code_invalid"},
		"no such scan":             {http.MethodGet, phone + "/scans/scan-1", "", 404, "not_found"},
		"a scan to hang up":        {http.MethodDelete, phone + "/scans/scan-1", "", 404, "not_found"},
		"nothing asked":            {http.MethodGet, phone + "/question", "", 404, "no_question"},
		"nothing asked in time":    {http.MethodGet, phone + "/question?wait_ms=1", "", 404, "no_question"},
		"a time that was":          {http.MethodGet, phone + "/question?wait_ms=-1", "", 400, "query_malformed"},
		"a time twice":             {http.MethodGet, phone + "/question?wait_ms=1&wait_ms=1", "", 400, "query_malformed"},
		"an answer to nothing":     {http.MethodPost, phone + "/answer", `{"agree": true}`, 404, "no_question"},
		"an answer that is none":   {http.MethodPost, phone + "/answer", `{"verified": true}`, 400, "value_invalid"},
		"no answer":                {http.MethodPost, phone + "/answer", "", 415, "unsupported_media_type"},
		"events of another number": {http.MethodGet, "/v1/events?after=99999999999", "", 400, "query_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := h.send(t, row.method, row.path, row.body, nil)
			a.is(t, row.status, row.code)
			if len(a.body) > 1000 {
				t.Errorf("%d bytes about it", len(a.body))
			}
		})
	}
}

// TestRawRequests has what no client library sends.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	h := start(t)
	address := strings.TrimPrefix(h.api.URL(), "http://")
	head := "Authorization: Bearer " + h.api.Token().Reveal() + "\r\n"
	for name, row := range map[string]struct {
		request string
		status  int
	}{
		"as it should be":       {"GET /v1/air HTTP/1.1\r\nHost: " + address + "\r\n" + head + "\r\n", 405},
		"no host":               {"GET /v1/bed HTTP/1.0\r\n" + head + "\r\n", 421},
		"two hosts":             {"GET /v1/bed HTTP/1.1\r\nHost: " + address + "\r\nHost: attacker.example\r\n" + head + "\r\n", 400},
		"a host in the request": {"GET http://attacker.example/v1/bed HTTP/1.1\r\nHost: " + address + "\r\n" + head + "\r\n", 421},
		"a star":                {"OPTIONS * HTTP/1.1\r\nHost: " + address + "\r\n" + head + "\r\n", 404},
		"a tunnel":              {"CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n" + head + "\r\n", 404},
		"two lengths":           {"PUT /v1/air HTTP/1.1\r\nHost: " + address + "\r\n" + head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
		"large headers":         {"GET /v1/bed HTTP/1.1\r\nHost: " + address + "\r\n" + head + "X: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
		"another protocol":      {"GET /v1/bed HTTP/1.1\r\nHost: " + address + "\r\n" + head + "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://attacker.example\r\n\r\n", 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() { _, _ = io.WriteString(conn, row.request) }() // it may be refused before its end
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != row.status {
				body, _ := io.ReadAll(response.Body)
				t.Errorf("got %d %s, want %d", response.StatusCode, body, row.status)
			}
		})
	}
}

// TestLimits has as much as there can be, and a little more.
func TestLimits(t *testing.T) {
	t.Parallel()
	h := start(t)
	for range 64 {
		h.ask(t, http.MethodPost, "/v1/phones", "")
	}
	h.refused(t, http.StatusConflict, "too_many", http.MethodPost, "/v1/phones", "{}")
	h.ask(t, http.MethodDelete, "/v1/phones/phone-7", "")
	h.ask(t, http.MethodPost, "/v1/phones", "{}")

	// Patient clients take all the room there is, until they go.
	ctx, leave := context.WithCancel(t.Context())
	var patient sync.WaitGroup
	newest := len(h.bed.Events(0))
	for range 256 {
		patient.Go(func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/events?after=%d&wait_ms=600000", h.api.URL(), newest+1000), http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+h.api.Token().Reveal())
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if response, err := client.Do(r); err == nil {
				t.Errorf("an event that was not waited for: %s", response.Status)
				_ = response.Body.Close()
			}
		})
	}
	eventually(t, func() bool { return h.api.Busy() == 256 })
	h.refused(t, http.StatusServiceUnavailable, "busy", http.MethodGet, "/v1/phones", "")
	leave()
	patient.Wait()
	eventually(t, func() bool { return h.api.Busy() == 0 })
	h.ask(t, http.MethodGet, "/v1/phones", "")
}

// TestCloseEndsWhoWaits closes the API under a client that waits.
func TestCloseEndsWhoWaits(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.ask(t, http.MethodPost, "/v1/phones", "")
	answers := make(chan answer)
	go func() { answers <- h.send(t, http.MethodGet, "/v1/phones/phone-1/question?wait_ms=600000", "", nil) }()
	go func() { answers <- h.send(t, http.MethodGet, "/v1/events?after=1000&wait_ms=600000", "", nil) }()
	eventually(t, func() bool { return h.api.Busy() == 2 })
	h.api.Close()
	for range 2 {
		(<-answers).is(t, http.StatusServiceUnavailable, "closing")
	}
	if _, err := h.bed.NewPhone(testbed.PhoneConfig{}); err != nil {
		t.Errorf("the bed ended, too: %v", err)
	}
}
