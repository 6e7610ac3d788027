package tunnel_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/hitherauth/hither/tunnel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve is a tunnel service that answers as it is told, and how to reach it.
func serve(t *testing.T, answer http.HandlerFunc) tunnel.Service {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return tunnel.Service{URL: "wss://" + s.Listener.Addr().String(), RootCAs: roots(s)}
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

// accept is a service that makes a WebSocket with these headers and runs f on it.
func accept(t *testing.T, header http.Header, f func(*websocket.Conn)) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), header)
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols: []string{tunnel.Subprotocol, tunnel.ListenSubprotocol},
			// Compared with what the dialer sent where that is what is tried.
			InsecureSkipVerify: true,
		})
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.CloseNow() }()
		f(conn)
	}
}

// stay keeps a connection until its other end is gone.
func stay(conn *websocket.Conn) {
	for {
		if _, _, err := conn.Read(context.Background()); err != nil {
			return
		}
	}
}

func id() tunnel.ID { return tunnel.ID{0xc0, 0xff, 0xee} }

// unsaid wants an error that names no identifier.
func unsaid(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, secret := range []string{"c0ffee", "/cable", "y_UAAA", "contactid"} {
		if strings.Contains(strings.ToLower(err.Error()), secret) {
			t.Errorf("the error says %q: %v", secret, err)
		}
	}
	if !strings.HasPrefix(err.Error(), "tunnel: ") || strings.Count(err.Error(), "tunnel: ") != 1 {
		t.Errorf("the error does not say once whose it is: %v", err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	var s tunnel.Service
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		want := http.Header{
			"Connection":             {"Upgrade"},
			"Upgrade":                {"websocket"},
			"Sec-Websocket-Version":  {"13"},
			"Sec-Websocket-Key":      r.Header["Sec-Websocket-Key"],
			"Sec-Websocket-Protocol": {"fido.cable"},
			"Origin":                 {s.URL},
			"User-Agent":             r.Header["User-Agent"],
		}
		if diff := cmp.Diff(want, r.Header); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		if want := "/cable/new/C0FFEE00000000000000000000000000"; r.RequestURI != want {
			t.Errorf("asked for %s, want %s", r.RequestURI, want)
		}
		accept(t, http.Header{"X-Cable-Routing-Id": {"00abCD"}, "Set-Cookie": {"a=b"}}, stay)(w, r)
	})
	d := tunnel.New(tunnel.Config{})
	for range 2 { // the cookie comes back with neither
		c, routing, err := d.Create(t.Context(), s, id())
		if err != nil {
			t.Fatal(err)
		}
		if want := (tunnel.RoutingID{0, 0xab, 0xcd}); routing != want {
			t.Errorf("routing id %x, want %x", routing, want)
		}
		c.Close()
	}
}

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	routed := http.Header{"X-Cable-Routing-Id": {"000000"}}
	rows := map[string]http.HandlerFunc{
		"no_routing_id":       accept(t, nil, stay),
		"two_routing_ids":     accept(t, http.Header{"X-Cable-Routing-Id": {"000000", "000000"}}, stay),
		"routing_ids_in_one":  accept(t, http.Header{"X-Cable-Routing-Id": {"000000, 000000"}}, stay),
		"short_routing_id":    accept(t, http.Header{"X-Cable-Routing-Id": {"0000"}}, stay),
		"routing_id_no_hex":   accept(t, http.Header{"X-Cable-Routing-Id": {"00000x"}}, stay),
		"quotes_the_address":  func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.URL.Path, http.StatusOK) },
		"redirects_to_itself": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"bad_location": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "%zz"+r.URL.Path)
			w.WriteHeader(302)
		},
		"wrong_accept":         raw("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: /cable/new\r\n\r\n"),
		"wrong_protocol_quote": raw("HTTP/1.1 101 OK\r\nUpgrade: /cable/new/C0FFEE\r\nConnection: Upgrade\r\n\r\n"),
		"no_http":              raw("SSH-2.0-OpenSSH /cable/new/C0FFEE\r\n"),
		"nothing":              raw(""),
		"endless_head":         raw("HTTP/1.1 101 OK\r\nX-Filler: " + strings.Repeat("a", 1<<20)),
		"no_subprotocol": func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Sec-WebSocket-Protocol")
			accept(t, routed, stay)(w, r)
		},
	}
	for name, answer := range rows {
		t.Run("HYB-18/"+name, func(t *testing.T) {
			t.Parallel()
			c, routing, err := tunnel.New(tunnel.Config{}).Create(t.Context(), serve(t, answer), id())
			unsaid(t, err)
			if c != nil || routing != (tunnel.RoutingID{}) {
				t.Error("an error, and a tunnel")
			}
		})
	}
}

// raw answers with these bytes.
func raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, answer)
		_ = conn.Close()
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 404, 405, 409, 410, 429, 500, 502, 503} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.URL.Path, status) })
		d := tunnel.New(tunnel.Config{})
		_, _, err1 := d.Create(t.Context(), s, id())
		_, err2 := d.Connect(t.Context(), s, tunnel.RoutingID{}, id())
		_, err3 := d.Contact(t.Context(), s, tunnel.ContactID(id().Text()), nil)
		_, err4 := d.Listen(t.Context(), s, secret(t), tunnel.ContactID(id().Text()))
		for _, err := range []error{err1, err2, err3, err4} {
			unsaid(t, err)
			var answer *tunnel.StatusError
			if !errors.As(err, &answer) || answer.Status != status {
				t.Errorf("got %v, want status %d", err, status)
			}
			if errors.Is(err, tunnel.ErrGone) != (status == 410) {
				t.Errorf("%v is ErrGone: %t", err, errors.Is(err, tunnel.ErrGone))
			}
		}
	}
}

func secret(t *testing.T) tunnel.ContactSecret {
	t.Helper()
	s, err := tunnel.NewContactSecret(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHostileServices(t *testing.T) {
	t.Parallel()
	good := serve(t, accept(t, http.Header{"X-Cable-Routing-Id": {"000000"}}, stay))
	host := strings.TrimPrefix(good.URL, "wss://")
	rows := map[string]tunnel.Service{
		"plain":             {URL: "ws://relay.example"},
		"plain_localhost":   {URL: "ws://localhost:1"},
		"plain_private":     {URL: "ws://192.168.0.1"},
		"https":             {URL: "https://" + host, RootCAs: good.RootCAs},
		"no_scheme":         {URL: host, RootCAs: good.RootCAs},
		"path":              {URL: good.URL + "/a", RootCAs: good.RootCAs},
		"query":             {URL: good.URL + "?a", RootCAs: good.RootCAs},
		"fragment":          {URL: good.URL + "#a", RootCAs: good.RootCAs},
		"user":              {URL: "wss://user@" + host, RootCAs: good.RootCAs},
		"no_host":           {URL: "wss://", RootCAs: good.RootCAs},
		"none":              {},
		"bad_escape":        {URL: "wss://%zz"},
		"roots_of_another":  {URL: good.URL, RootCAs: x509.NewCertPool()},
		"the_systems_roots": {URL: good.URL},
		"nobody":            {URL: "wss://127.0.0.1:1", RootCAs: good.RootCAs},
	}
	for name, service := range rows {
		t.Run("HYB-31/"+name, func(t *testing.T) {
			t.Parallel()
			_, _, err := tunnel.New(tunnel.Config{}).Create(t.Context(), service, id())
			unsaid(t, err)
		})
	}
	t.Run("HYB-31/tls_1_1", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewUnstartedServer(accept(t, http.Header{"X-Cable-Routing-Id": {"000000"}}, stay))
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		s.StartTLS()
		defer s.Close()
		_, _, err := tunnel.New(tunnel.Config{}).Create(t.Context(), tunnel.Service{URL: "wss://" + s.Listener.Addr().String(), RootCAs: roots(s)}, id())
		unsaid(t, err)
	})
	t.Run("HYB-31/plain_on_loopback_is_allowed", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewServer(accept(t, http.Header{"X-Cable-Routing-Id": {"000000"}}, stay))
		defer s.Close()
		c, _, err := tunnel.New(tunnel.Config{}).Create(t.Context(), tunnel.Service{URL: "ws://" + s.Listener.Addr().String()}, id())
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
	t.Run("HYB-26/silent", func(t *testing.T) {
		t.Parallel()
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, _, err = tunnel.New(tunnel.Config{DialTimeout: 50 * time.Millisecond}).Create(t.Context(), tunnel.Service{URL: "wss://" + l.Addr().String()}, id())
		unsaid(t, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err = tunnel.New(tunnel.Config{}).Create(ctx, tunnel.Service{URL: "wss://" + l.Addr().String()}, id())
		if unsaid(t, err); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the caller's end", err)
		}
	})
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	contact := tunnel.ContactID(id().Text())
	// A service that sends on so many times, then accepts.
	hops := func(t *testing.T, n int32) (tunnel.Service, *atomic.Int32) {
		t.Helper()
		asked := new(atomic.Int32)
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") != "wss://"+r.Host || r.Header.Get("X-Cable-Client-Payload") != "0A0B" || r.Header.Get("Referer") != "" {
				t.Errorf("after %d redirects it was asked with %v", asked.Load(), r.Header)
			}
			if asked.Add(1) <= n {
				http.Redirect(w, r, "wss://"+r.Host+"/elsewhere", http.StatusTemporaryRedirect)
				return
			}
			accept(t, nil, stay)(w, r)
		}), asked
	}
	t.Run("five_are_followed", func(t *testing.T) {
		t.Parallel()
		s, _ := hops(t, 5)
		c, err := tunnel.New(tunnel.Config{}).Contact(t.Context(), s, contact, []byte{10, 11})
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
	t.Run("six_are_not", func(t *testing.T) {
		t.Parallel()
		s, asked := hops(t, 6)
		_, err := tunnel.New(tunnel.Config{}).Contact(t.Context(), s, contact, []byte{10, 11})
		if unsaid(t, err); asked.Load() != 6 {
			t.Errorf("asked %d times, want 6", asked.Load())
		}
	})
	t.Run("to_another_service", func(t *testing.T) {
		t.Parallel()
		second := httptest.NewUnstartedServer(nil)
		second.StartTLS()
		defer second.Close()
		second.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if want := "wss://" + second.Listener.Addr().String(); r.Header.Get("Origin") != want {
				t.Errorf("the origin is %s, want %s", r.Header.Get("Origin"), want)
			}
			w.WriteHeader(http.StatusGone)
		})
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, second.URL, http.StatusFound) })
		s.RootCAs.AddCert(second.Certificate())
		_, err := tunnel.New(tunnel.Config{}).Contact(t.Context(), s, contact, nil)
		if !errors.Is(err, tunnel.ErrGone) {
			t.Errorf("got %v, want ErrGone", err)
		}
	})
	for name, target := range map[string]string{
		"plain":          "http://relay.example/C0FFEE",
		"plain_ws":       "ws://relay.example/C0FFEE",
		"loopback":       "ws://127.0.0.1:1/C0FFEE", // from a service with TLS
		"file":           "file:///etc/C0FFEE",
		"with_a_user":    "wss://user:C0FFEE@relay.example/",
		"no_host":        "wss:///C0FFEE",
		"empty":          "",
		"not_understood": "wss://[::1/C0FFEE",
	} {
		t.Run("not_to_"+name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", target)
				w.WriteHeader(http.StatusFound)
			})
			_, err := tunnel.New(tunnel.Config{}).Contact(t.Context(), s, contact, nil)
			unsaid(t, err)
		})
	}
	t.Run("none_but_on_contact", func(t *testing.T) {
		t.Parallel()
		var asked atomic.Int32
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		})
		_, err := tunnel.New(tunnel.Config{}).Connect(t.Context(), s, tunnel.RoutingID{}, id())
		var answer *tunnel.StatusError
		if !errors.As(err, &answer) || answer.Status != http.StatusFound || asked.Load() != 1 {
			t.Errorf("asked %d times and got %v", asked.Load(), err)
		}
	})
}

func TestProxy(t *testing.T) {
	s := serve(t, accept(t, http.Header{"X-Cable-Routing-Id": {"000000"}}, stay))
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	c, _, err := tunnel.New(tunnel.Config{}).Create(t.Context(), s, id())
	if err != nil {
		t.Fatalf("the environment was heard: %v", err)
	}
	c.Close()
	d := tunnel.New(tunnel.Config{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("http://127.0.0.1:1") }})
	_, _, err = d.Create(t.Context(), s, id())
	unsaid(t, err)
}
