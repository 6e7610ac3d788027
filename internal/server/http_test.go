package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// mutating are all routes of the public door that change something.
func mutating() [][2]string {
	return [][2]string{
		{http.MethodPost, "/api/v1/registration/invitation"},
		{http.MethodPost, pathRegBegin},
		{http.MethodPost, pathRegFinish},
		{http.MethodPost, pathAuthBegin},
		{http.MethodPost, pathAuthFinish},
		{http.MethodPatch, "/api/v1/credentials/AAAA"},
		{http.MethodDelete, "/api/v1/credentials/AAAA"},
		{http.MethodDelete, "/api/v1/sessions"},
		{http.MethodDelete, "/api/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA"},
		{http.MethodPost, "/api/v1/logout"},
		{http.MethodPost, "/logout"},
		{http.MethodPost, "/account/credentials/AAAA/rename"},
		{http.MethodPost, "/account/sessions/AAAAAAAAAAAAAAAAAAAAAA/end"},
	}
}

// plainForm says whether a route takes a form instead of JSON.
func plainForm(path string) bool { return !strings.HasPrefix(path, "/api/") }

func (b *browser) mutate(route [2]string, edits ...func(*http.Request)) answer {
	b.h.t.Helper()
	var body any = object{}
	if plainForm(route[1]) {
		body = formBody("name=x")
	}
	return b.do(route[0], route[1], body, edits...)
}

// The list above is complete: the API's part is compared with the OpenAPI document.
func TestMutatingRoutesAreAllListed(t *testing.T) {
	t.Parallel()
	document := openHouse(t).browser().do(http.MethodGet, "/api/openapi.json", nil).ok(t, http.StatusOK)
	var got, want []string
	for path, item := range document["paths"].(object) {
		for method := range item.(object) {
			if method != "get" {
				got = append(got, strings.ToUpper(method)+" "+path)
			}
		}
	}
	for _, r := range mutating() {
		if plainForm(r[1]) {
			continue
		}
		path := strings.NewReplacer("/AAAAAAAAAAAAAAAAAAAAAA", "/{id}", "/AAAA", "/{id}").Replace(r[1])
		want = append(want, r[0]+" "+path)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the document has\n%v\nand the test\n%v", got, want)
	}
}

func TestHostileCrossSite(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	b := h.browser()
	b.signUp("target")
	none := func(r *http.Request) {
		r.Header.Del("Origin")
		r.Header.Del("Sec-Fetch-Site")
		r.Header.Del("Sec-Fetch-Mode")
	}
	with := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			none(r)
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Add(pairs[i], pairs[i+1])
			}
		}
	}
	refused := map[string]func(*http.Request){
		"origin_null":                  with("Origin", "null"),
		"origin_foreign":               with("Origin", "https://evil.test"),
		"origin_other_port":            with("Origin", "http://localhost:1"),
		"origin_https":                 with("Origin", strings.Replace(h.origin, "http:", "https:", 1)),
		"origin_slash":                 with("Origin", h.origin+"/"),
		"origin_subdomain":             with("Origin", strings.Replace(h.origin, "localhost", "a.localhost", 1)),
		"origin_empty":                 with("Origin", ""),
		"origin_twice":                 with("Origin", h.origin, "Origin", "https://evil.test"),
		"site_cross":                   with("Sec-Fetch-Site", "cross-site"),
		"site_same_site":               with("Sec-Fetch-Site", "same-site"),
		"site_none":                    with("Sec-Fetch-Site", "none"),
		"site_twice":                   with("Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"),
		"site_cross_with_our_origin":   with("Sec-Fetch-Site", "cross-site", "Origin", h.origin),
		"site_same_with_other_origin":  with("Sec-Fetch-Site", "same-origin", "Origin", "https://evil.test"),
		"nothing_but_cookies":          none,
		"our_origin_in_another_header": with("Referer", h.origin+"/", "X-Forwarded-Host", "localhost"),
	}
	for _, route := range mutating() {
		for name, edit := range refused {
			t.Run("HTTP-04_"+name+"_"+route[0]+"_"+route[1], func(t *testing.T) {
				t.Parallel()
				a := b.copy().mutate(route, edit)
				if a.status != http.StatusForbidden || len(a.cookie) != 0 {
					t.Errorf("got %d %.200s and cookies %v", a.status, a.body, a.cookie)
				}
				if !plainForm(route[1]) {
					a.want(t, http.StatusForbidden, "cross_site")
				}
				// A browser without cookies is refused as well, if it is one.
				if name != "nothing_but_cookies" && name != "our_origin_in_another_header" {
					c := b.copy()
					c.cookies = nil
					if a := c.mutate(route, edit); a.status != http.StatusForbidden || len(a.cookie) != 0 {
						t.Errorf("without cookies: got %d %.200s", a.status, a.body)
					}
				}
			})
		}
		t.Run("accepted_"+route[0]+"_"+route[1], func(t *testing.T) {
			t.Parallel()
			for _, edit := range []func(*http.Request){
				with("Origin", h.origin), with("Sec-Fetch-Site", "same-origin"), with("Sec-Fetch-Site", "same-origin", "Origin", "null"),
			} {
				c := h.browser()
				if a := c.mutate(route, edit); a.status == http.StatusForbidden && strings.Contains(string(a.body), "cross_site") {
					t.Errorf("got %d %s", a.status, a.body)
				}
			}
		})
	}
	t.Run("nobody_was_changed", func(t *testing.T) {
		b.do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
	})
}

func TestHostileHTTP(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	b := h.browser()
	b.signUp("door")

	t.Run("HTTP-03_content_types", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []string{
			"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16",
			"application/json, text/plain", "application/jsonp", "text/json", "application/json; x=y", "application/problem+json",
			"application/json\u00a0", "application/json; charset*=utf-8''utf-8", "application/json; charset=utf-8; charset=utf-8",
			"app lication/json", "application / json", "application/json; charset = utf-8", "application/json;",
		} {
			for _, route := range mutating() {
				if plainForm(route[1]) {
					continue
				}
				b.copy().do(route[0], route[1], object{}, header("Content-Type", kind)).want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
			}
		}
		for _, kind := range []string{"application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON", `application/json ;  charset="utf-8"`} {
			b.copy().do(http.MethodPost, pathAuthBegin, object{}, header("Content-Type", kind)).ok(t, http.StatusOK)
		}
		b.copy().do(http.MethodPost, pathAuthBegin, object{}, header("Content-Encoding", "gzip")).want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		for _, kind := range []string{"", "application/json", "text/plain", "multipart/form-data; boundary=x"} {
			if a := b.copy().do(http.MethodPost, "/logout", formBody(""), header("Content-Type", kind)); a.status != http.StatusUnsupportedMediaType {
				t.Errorf("%q: got %d", kind, a.status)
			}
		}
	})

	t.Run("HTTP-05_no_cross_origin_sharing", func(t *testing.T) {
		t.Parallel()
		for _, origin := range []string{"https://evil.test", "null", h.origin + ".evil.test", h.origin} {
			for _, path := range []string{"/", "/login", "/api/v1/me", pathAuthBegin, "/api/openapi.json", "/livez"} {
				for _, method := range []string{http.MethodOptions, http.MethodGet} {
					a := b.copy().do(method, path, nil, header("Origin", origin), header("Access-Control-Request-Method", "POST"))
					for name := range a.header {
						if strings.HasPrefix(name, "Access-Control-") {
							t.Errorf("%s %s: got %s", method, path, name)
						}
					}
					if method == http.MethodOptions && a.status != http.StatusMethodNotAllowed {
						t.Errorf("%s: got %d", path, a.status)
					}
				}
			}
		}
	})

	t.Run("HTTP-06_host", func(t *testing.T) {
		t.Parallel()
		for _, host := range []string{"evil.test", "localhost", "localhost:1", "127.0.0.1" + h.origin[strings.LastIndex(h.origin, ":"):], "a@" + strings.TrimPrefix(h.origin, "http://"), "localhost.:80"} {
			for _, path := range []string{"/", "/api/v1/me", pathAuthBegin, "/assets/x", "/nothing"} {
				a := b.copy().do(http.MethodGet, path, nil, func(r *http.Request) { r.Host = host })
				if a.status != http.StatusMisdirectedRequest && a.status != http.StatusBadRequest {
					t.Errorf("%s at %s: got %d", path, host, a.status)
				}
			}
		}
		two := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login", nil)
		two.Host, two.Header["Host"] = strings.TrimPrefix(h.origin, "http://"), []string{"evil.test"}
		answer := httptest.NewRecorder()
		h.server.Handler().ServeHTTP(answer, two)
		if answer.Code != http.StatusMisdirectedRequest {
			t.Errorf("two hosts over HTTP/2: got %d", answer.Code)
		}
		if a := b.copy().do(http.MethodGet, "/livez", nil, func(r *http.Request) { r.Host = "10.0.0.7:8080" }); a.status != http.StatusOK {
			t.Errorf("health: got %d", a.status)
		}
		b.copy().do(http.MethodGet, "/api/v1/me", nil, func(r *http.Request) { r.Host = strings.ToUpper(strings.TrimPrefix(h.origin, "http://")) }).ok(t, http.StatusOK)
	})

	t.Run("HTTP-17_headers", func(t *testing.T) {
		t.Parallel()
		many := func(n int) func(*http.Request) {
			return func(r *http.Request) {
				for i := range n {
					r.Header.Set(fmt.Sprintf("X-%d", i), "x")
				}
			}
		}
		for name, edit := range map[string]func(*http.Request){
			"one_of_1_MiB":    header("X-Large", strings.Repeat("x", 1<<20)),
			"10000":           many(10_000),
			"cookie_of_64KiB": header("Cookie", "a="+strings.Repeat("x", 64<<10)),
			"200_cookies":     header("Cookie", strings.Repeat("a=b; ", 200)),
		} {
			a, err := b.copy().try(http.MethodGet, "/login", edit)
			if err == nil && a != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%s: got %d", name, a)
			}
		}
		b.copy().do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
	})

	t.Run("HTTP-19_methods", func(t *testing.T) {
		t.Parallel()
		for _, route := range mutating() {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodTrace, http.MethodOptions, http.MethodConnect, "PROPFIND", "post"} {
				if method == http.MethodConnect || strings.HasPrefix(route[1], "/api/v1/sessions") && method != http.MethodTrace || strings.HasPrefix(route[1], "/api/v1/credentials") && method == http.MethodDelete {
					continue // other routes of the same path
				}
				a := b.copy().do(method, route[1], nil, header("X-HTTP-Method-Override", "POST"))
				if a.status != http.StatusMethodNotAllowed || !strings.Contains(a.header.Get("Allow"), route[0]) {
					t.Errorf("%s %s: got %d, Allow %q", method, route[1], a.status, a.header.Get("Allow"))
				}
			}
		}
		b.copy().do(http.MethodGet, "/api/v1/me", nil).ok(t, http.StatusOK)
	})

	t.Run("HTTP-20_headers", func(t *testing.T) {
		t.Parallel()
		for _, a := range []answer{
			b.copy().do(http.MethodGet, "/", nil), b.copy().do(http.MethodGet, "/login", nil), b.copy().do(http.MethodGet, "/account", nil),
			b.copy().do(http.MethodGet, "/nothing", nil), b.copy().do(http.MethodGet, "/assets/nothing.js", nil), b.copy().do(http.MethodGet, "/%00", nil),
			b.copy().do(http.MethodGet, "/api/v1/nothing", nil), b.copy().do(http.MethodGet, "/api/v1/me", nil), b.copy().do(http.MethodGet, "/api/openapi.json", nil),
			b.copy().do(http.MethodPut, "/login", nil), b.copy().do(http.MethodPost, pathAuthBegin, "["), b.copy().do(http.MethodGet, "/livez", nil),
			b.copy().do(http.MethodGet, "/", nil, func(r *http.Request) { r.Host = "evil.test" }),
		} {
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Strict-Transport-Security": "", "Server": "", "X-Powered-By": "",
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("status %d: got %s: %q, want %q", a.status, name, got, want)
				}
			}
			csp := a.header.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "script-src 'self'"} {
				if !strings.Contains(csp, want) {
					t.Errorf("status %d: no %s in %q", a.status, want, csp)
				}
			}
			if strings.Contains(csp, "unsafe") {
				t.Errorf("got %q", csp)
			}
			if p := a.header.Get("Permissions-Policy"); !strings.Contains(p, "publickey-credentials-get=(self)") || !strings.Contains(p, "publickey-credentials-create=(self)") {
				t.Errorf("got %q", p)
			}
		}
	})

	t.Run("HTTP-24_path_games", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{
			"//api/v1/me", "/api//v1/me", "/api/./v1/me", "/api/v1/../v1/me", "/api/..%2fv1/me", "/api/v1/me/", "/api/v1/me%00", "/api/v1/me;x", "/API/v1/me",
			"/api/v1/me.", "/api/v1/m%65", "/api/v1/me%20", "/%c0%af", "/api%2fv1%2fme", "/login/", "/LOGIN", "/account/.", "/assets", "/assets/", "/assets/../login",
			"/assets/..%2f..%2fetc%2fpasswd", "/index.html", "/.well-known/x", `/api\v1\me`, "/api/v1/me%2f", "/api/v1/credentials/%2e%2e/me", "/api", "/api/",
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				status, _ := h.raw(method + " " + path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(h.origin, "http://") + "\r\nConnection: close\r\n\r\n")
				if status != http.StatusNotFound {
					t.Errorf("%s %s: got %d", method, path, status)
				}
			}
		}
	})
}

// try is do for requests that may end with the connection.
func (b *browser) try(method, path string, edit func(*http.Request)) (int, error) {
	r, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.origin+path, nil)
	if err != nil {
		return 0, err
	}
	edit(r)
	response, err := b.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// raw sends bytes as they are and gives the status of the answer, 0 for none,
// and whether the connection was closed behind it.
func (h *house) raw(request string) (status int, closed bool) {
	h.t.Helper()
	conn, err := new(net.Dialer).DialContext(h.t.Context(), "tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		h.t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(conn, request) }() // the other end may have closed
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, true
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, response.Close
}

func TestHostileWire(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	host := strings.TrimPrefix(h.origin, "http://")
	post := func(path, headers, body string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\n" + headers + "\r\n" + body
	}
	for name, row := range map[string]struct {
		request string
		status  int
	}{
		"HTTP-01_declared_64KiB_and_1":      {post(pathAuthBegin, "Content-Length: 65537\r\n", ""), 413},
		"HTTP-01_declared_1GiB":             {post(pathAuthBegin, "Content-Length: 1073741824\r\n", ""), 413},
		"HTTP-01_declared_1GiB_to_a_form":   {post("/logout", "Content-Length: 1073741824\r\n", ""), 413},
		"HTTP-01_endless_chunks":            {post(pathAuthBegin, "Transfer-Encoding: chunked\r\n", strings.Repeat("1000\r\n"+strings.Repeat("x", 4096)+"\r\n", 64)), 413},
		"HTTP-06_two_hosts":                 {"GET /login HTTP/1.1\r\nHost: " + host + "\r\nHost: evil.test\r\n\r\n", 400},
		"HTTP-06_no_host":                   {"GET /login HTTP/1.1\r\n\r\n", 400},
		"HTTP-06_absolute_form_of_another":  {"GET http://evil.test/login HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 421},
		"HTTP-06_absolute_form_hides_host":  {"GET " + h.origin + "/login HTTP/1.1\r\nHost: evil.test\r\n\r\n", 421},
		"HTTP-06_authority_form":            {"CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 421},
		"HTTP-06_asterisk_form":             {"OPTIONS * HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 421},
		"HTTP-15_length_and_chunked":        {post(pathAuthBegin, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), 400},
		"HTTP-15_chunked":                   {post(pathAuthBegin, "Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), 400},
		"HTTP-15_two_lengths":               {post(pathAuthBegin, "Content-Length: 2\r\nContent-Length: 3\r\n", "{}}"), 400},
		"HTTP-15_negative_length":           {post(pathAuthBegin, "Content-Length: -1\r\n", ""), 400},
		"HTTP-15_unknown_transfer_encoding": {post(pathAuthBegin, "Transfer-Encoding: xchunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), 501},
		"HTTP-15_chunk_extension_of_1MiB":   {post(pathAuthBegin, "Transfer-Encoding: chunked\r\n", "2;"+strings.Repeat("x", 1<<20)+"\r\n{}\r\n0\r\n\r\n"), 400},
		"HTTP-15_negative_chunk":            {post(pathAuthBegin, "Transfer-Encoding: chunked\r\n", "-2\r\n{}\r\n0\r\n\r\n"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, closed := h.raw(row.request)
			if status != row.status {
				t.Errorf("got %d, want %d", status, row.status)
			}
			if !closed && (strings.HasPrefix(name, "HTTP-15") || strings.HasPrefix(name, "HTTP-01")) {
				t.Error("the connection was kept")
			}
		})
	}
}
