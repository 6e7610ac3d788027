package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/internal/server"
)

func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{edit: func(c *server.Config) {
		c.Ready = func(context.Context) error { panic("a bug with\nlines") }
	}})
	status, err := h.program().try(http.MethodGet, "/readyz", func(*http.Request) {})
	if err != nil || status != http.StatusInternalServerError {
		t.Errorf("got %d, %v", status, err)
	}
	if log := h.logs.String(); !strings.Contains(log, "request panicked") || !strings.Contains(log, "request_id=") {
		t.Errorf("got log %s", log)
	}
	h.program().do(http.MethodGet, "/livez", nil).want(t, http.StatusOK, "")
}

// HTTP-33: what goes wrong inside stays there.
func TestHostileErrorDetail(t *testing.T) {
	t.Parallel()
	t.Run("HTTP-33_errors_say_nothing", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("closed")
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/api/v1/me", "/", "/account"} {
			a := b.do(http.MethodGet, path, nil)
			if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
				t.Errorf("%s: got %d", path, a.status)
			}
			for _, inner := range []string{"sql", "SQLITE", "store", ".go:", "goroutine", "hither.db", "closed"} {
				if strings.Contains(strings.ReplaceAll(string(a.body), "hither-", ""), inner) && !strings.Contains(path, inner) {
					t.Errorf("%s says %q: %.300s", path, inner, a.body)
				}
			}
		}
	})
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{origin: func(int) string { return "https://id.example.test" }})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, h.address)
	}}}
	for host, want := range map[string]int{"id.example.test": 200, "ID.example.test": 200, "id.example.test:443": 421, "id.example.test:8443": 421, "id.example.test.": 421, "a.id.example.test": 421} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://id.example.test/login", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want || response.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
			t.Errorf("%s: got %d, %q", host, response.StatusCode, response.Header.Get("Strict-Transport-Security"))
		}
	}
	token := must(account.ParseToken(strings.Repeat("A", 43)))(t)
	if got, want := h.server.SetupLink(token), "https://id.example.test/setup#"+strings.Repeat("A", 43); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	for name, broken := range map[string]func(*server.Config){
		"public_url_missing":      func(c *server.Config) { c.PublicURL = "" },
		"public_url_path":         func(c *server.Config) { c.PublicURL += "/" },
		"public_url_upper_case":   func(c *server.Config) { c.PublicURL = "https://ID.example" },
		"public_url_userinfo":     func(c *server.Config) { c.PublicURL = "https://a@id.example" },
		"public_url_scheme":       func(c *server.Config) { c.PublicURL = "ftp://id.example" },
		"public_url_default_port": func(c *server.Config) { c.PublicURL = "https://id.example:443" },
		"related_origin_null":     func(c *server.Config) { c.RelatedOrigins = []string{"null"} },
		"related_origin_path":     func(c *server.Config) { c.RelatedOrigins = []string{"https://shop.example/"} },
		"no_relying_party":        func(c *server.Config) { c.RelyingParty = nil },
		"no_accounts":             func(c *server.Config) { c.Accounts = nil },
		"no_store":                func(c *server.Config) { c.Store = nil },
		"no_decoy_key":            func(c *server.Config) { c.DecoyKey = secret.Hidden[[32]byte]{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rp := openHouse(t)
			c := server.Config{PublicURL: h.origin, Accounts: rp.accounts, Store: rp.store, DecoyKey: secret.Hide([32]byte{1}), RelyingParty: rp.party}
			if _, err := server.New(c); err != nil {
				t.Fatal(err)
			}
			broken(&c)
			s, err := server.New(c)
			if err == nil || s != nil || !strings.HasPrefix(err.Error(), "server: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBrowserNames(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	b := h.browser()
	b.signUp("named")
	for _, row := range []struct{ agent, brands, want string }{
		{"hither/1 (Linux)", "", "hither on Linux"},
		{"hither/1 (Mac OS X)", "", "hither on macOS"},
		{"hither/1", "", "hither"},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", `"Chromium";v="140", "Not A Brand";v="24"`, "Chromium on Linux"},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36", "", "Chromium on Linux"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", `"Google Chrome";v="140", "Chromium";v="140"`, "Chrome on Windows"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "", "Edge on Windows"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "", "Safari on macOS"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "", "Safari on iOS"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1", "", "Chrome on iOS"},
		{"Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "", "Firefox on Android"},
		{"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "", "Samsung Internet on Android"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", `"Google Chrome";v="140"`, "Chrome on ChromeOS"},
		{"curl/8.0", "", ""},
		{strings.Repeat("x", 600) + " Firefox/140.0 Linux", "", ""},
		{"<script>Firefox/1</script>", "", "Firefox"},
	} {
		b.headers["User-Agent"], b.headers["Sec-Ch-Ua"] = row.agent, row.brands
		if got := b.signIn()["session"].(object)["browser"]; got != row.want {
			t.Errorf("%.60s: got %q, want %q", row.agent, got, row.want)
		}
	}
}

func TestHostileClientAddress(t *testing.T) {
	t.Parallel()
	address := func(t *testing.T, proxies []netip.Prefix, edits ...func(*http.Request)) string {
		t.Helper()
		h := openHouse(t, houseConfig{edit: func(c *server.Config) { c.TrustedProxies = proxies }})
		b := h.browser()
		_, body := b.create(b.beginRegistration(object{"name": "addressed"}))
		made := b.do(http.MethodPost, pathRegFinish, body, edits...).ok(t, http.StatusCreated)
		return made["session"].(object)["address"].(string)
	}
	loopback := prefix("127.0.0.0/8")
	for name, row := range map[string]struct {
		proxies []netip.Prefix
		sent    []string
		want    string
	}{
		"HTTP-07_stranger":                    {nil, []string{"203.0.113.9"}, "127.0.0.1"},
		"HTTP-07_other_network_is_trusted":    {[]netip.Prefix{prefix("10.0.0.0/8")}, []string{"203.0.113.9"}, "127.0.0.1"},
		"trusted_peer_without_a_header":       {[]netip.Prefix{loopback}, nil, "127.0.0.1"},
		"trusted_peer":                        {[]netip.Prefix{loopback}, []string{"203.0.113.9"}, "203.0.113.9"},
		"walked_from_the_right":               {[]netip.Prefix{loopback, prefix("10.0.0.0/8")}, []string{"198.51.100.1, 203.0.113.9, 10.1.1.1"}, "203.0.113.9"},
		"several_headers_are_one":             {[]netip.Prefix{loopback, prefix("10.0.0.0/8")}, []string{"198.51.100.1", "203.0.113.9,10.1.1.1"}, "203.0.113.9"},
		"all_are_trusted":                     {[]netip.Prefix{loopback, prefix("10.0.0.0/8")}, []string{"10.2.2.2, 10.1.1.1"}, "10.2.2.2"},
		"garbage_stops_the_walk":              {[]netip.Prefix{loopback, prefix("10.0.0.0/8")}, []string{"203.0.113.9, unknown, 10.1.1.1"}, "10.1.1.1"},
		"IPv6":                                {[]netip.Prefix{loopback}, []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv6_with_port":                      {[]netip.Prefix{loopback}, []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		"IPv4_in_IPv6_clothing_is_recognised": {[]netip.Prefix{loopback, prefix("10.0.0.0/8")}, []string{"203.0.113.9, ::ffff:10.1.1.1"}, "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := address(t, row.proxies, func(r *http.Request) {
				for _, v := range row.sent {
					r.Header.Add("X-Forwarded-For", v)
				}
				for _, other := range []string{"X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"} {
					r.Header.Set(other, "192.0.2.66")
				}
				for _, other := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL"} {
					r.Header.Set(other, "/evil.test")
				}
			})
			if got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	b := h.program()
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		if a := b.do(http.MethodGet, path, nil); a.status != http.StatusOK || string(a.body) != "ok\n" {
			t.Errorf("%s: got %d %q", path, a.status, a.body)
		}
		if a := b.do(http.MethodPost, path, nil); a.status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: got %d", path, a.status)
		}
	}
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	h.clock.move(2 * time.Second)
	for path, want := range map[string]int{"/livez": 200, "/readyz": 503, "/healthz": 503} {
		if a := b.do(http.MethodGet, path, nil); a.status != want {
			t.Errorf("%s: got %d", path, a.status)
		}
	}
	// A store that is gone is not our caller's fault, and says when to come back.
	a := b.do(http.MethodPost, pathAuthBegin, object{"name": "x"}).want(t, http.StatusServiceUnavailable, "unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Who asks while the store hangs shares one look at it, also when that look
// took longer than it is good for.
func TestHealthOfAStoreThatHangs(t *testing.T) {
	t.Parallel()
	var looks atomic.Int32
	var h *house
	h = openHouse(t, houseConfig{edit: func(c *server.Config) {
		c.Ready = func(context.Context) error {
			looks.Add(1)
			h.clock.move(3 * time.Second)
			return errors.New("hangs")
		}
	}})
	b := h.program()
	statuses := parallel(10, func(int) int { return b.do(http.MethodGet, "/readyz", nil).status })
	if statuses[http.StatusServiceUnavailable] != 10 || looks.Load() != 1 {
		t.Errorf("got %v after %d looks", statuses, looks.Load())
	}
}
