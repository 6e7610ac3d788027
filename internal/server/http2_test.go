package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/hitherauth/hither/internal/server"
)

// secureHouse is a house behind TLS and HTTP/2 with the limits that hitherd sets.
type secureHouse struct {
	*house
	listener *httptest.Server
	hold     chan struct{} // requests for /login?hold wait until it is closed
	running  atomic.Int32  // those that wait
	most     atomic.Int32  // the most at once
}

func openSecureHouse(t *testing.T) *secureHouse {
	t.Helper()
	s := &secureHouse{house: openHouse(t), hold: make(chan struct{})}
	handler := s.server.Handler()
	s.listener = httptest.NewUnstartedServer(nil)
	s.listener.Config = server.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "hold" {
			now := s.running.Add(1)
			defer s.running.Add(-1)
			for {
				if most := s.most.Load(); now <= most || s.most.CompareAndSwap(most, now) {
					break
				}
			}
			<-s.hold
		}
		handler.ServeHTTP(w, r)
	}), nil)
	s.listener.EnableHTTP2 = true
	s.listener.StartTLS()
	t.Cleanup(s.listener.Close)
	t.Cleanup(func() { close(s.hold) }) // first
	return s
}

// attack is one HTTP/2 connection that says what it likes. It reads what comes back until the server ends it.
type attack struct {
	frames *http2.Framer
	conn   net.Conn
	block  bytes.Buffer
	hpack  *hpack.Encoder
	ended  chan error  // why the server ended it
	status chan string // of answers
}

func (s *secureHouse) attack() *attack {
	s.t.Helper()
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}
	conn := must(dialer.DialContext(s.t.Context(), "tcp", s.listener.Listener.Addr().String()))(s.t)
	s.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	a := &attack{conn: conn, ended: make(chan error, 1), status: make(chan string, 10_000)}
	a.hpack, a.frames = hpack.NewEncoder(&a.block), http2.NewFramer(conn, conn)
	a.frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		s.t.Fatal(err)
	}
	if err := a.frames.WriteSettings(); err != nil {
		s.t.Fatal(err)
	}
	go a.read()
	return a
}

func (a *attack) read() {
	for {
		frame, err := a.frames.ReadFrame()
		if err != nil {
			a.ended <- err
			return
		}
		switch f := frame.(type) {
		case *http2.GoAwayFrame:
			a.ended <- http2.ConnectionError(f.ErrCode)
			return
		case *http2.MetaHeadersFrame:
			a.status <- f.PseudoValue("status")
		}
	}
}

// headers is a request's header block.
func (a *attack) headers(s *secureHouse, path string, more ...string) []byte {
	a.block.Reset()
	fields := append([]string{":method", "GET", ":scheme", "https", ":path", path, ":authority", strings.TrimPrefix(s.origin, "http://")}, more...)
	for i := 0; i < len(fields); i += 2 {
		_ = a.hpack.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}) // into a buffer
	}
	return bytes.Clone(a.block.Bytes())
}

// wait is why the server ended the connection.
func (a *attack) wait(t *testing.T) error {
	t.Helper()
	err := <-a.ended
	if timedOut(err) {
		t.Fatal("the connection goes on")
	}
	return err
}

// canary says that others are served.
func (s *secureHouse) canary(t *testing.T) {
	t.Helper()
	client := s.listener.Client()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.listener.URL+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = strings.TrimPrefix(s.origin, "http://")
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
		t.Errorf("somebody else got %s over %s, %v", response.Status, response.Proto, err)
	}
}

func TestHostileHTTP2(t *testing.T) {
	t.Parallel()

	t.Run("HTTP-16_rapid_reset", func(t *testing.T) {
		t.Parallel()
		s := openSecureHouse(t)
		a := s.attack()
		for i := range 5_000 {
			stream := uint32(2*i + 1)
			if err := a.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: a.headers(s, "/login?hold"), EndStream: true, EndHeaders: true}); err != nil {
				break // ended already
			}
			if err := a.frames.WriteRSTStream(stream, http2.ErrCodeCancel); err != nil {
				break
			}
		}
		if err := a.wait(t); !errors.Is(err, http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)) {
			t.Logf("ended by %v", err)
		}
		s.canary(t)
		if most := s.most.Load(); most == 0 || most > 100 {
			t.Errorf("%d requests of one connection ran at once", most)
		}
	})

	t.Run("HTTP-16_rapid_reset_of_what_is_answered", func(t *testing.T) {
		t.Parallel()
		s := openSecureHouse(t)
		a := s.attack()
		for i := range 3_000 {
			stream := uint32(2*i + 1)
			if err := a.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: a.headers(s, "/livez"), EndStream: true, EndHeaders: true}); err != nil {
				break // ended already
			}
			if err := a.frames.WriteRSTStream(stream, http2.ErrCodeCancel); err != nil {
				break
			}
		}
		s.canary(t)
	})

	t.Run("HTTP-16_continuation_flood", func(t *testing.T) {
		t.Parallel()
		s := openSecureHouse(t)
		a := s.attack()
		if err := a.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: a.headers(s, "/login"), EndStream: true}); err != nil {
			t.Fatal(err)
		}
		part := a.headers(s, "/login", "x-filler", strings.Repeat("x", 8_000))
		sent := 0
		for range 2_000 { // 16 MiB, were they all taken
			if err := a.frames.WriteContinuation(1, false, part); err != nil {
				break
			}
			sent++
		}
		err := a.wait(t)
		t.Logf("ended by %v after %d frames", err, sent)
		s.canary(t)
	})

	t.Run("HTTP-16_header_bomb", func(t *testing.T) {
		t.Parallel()
		s := openSecureHouse(t)
		a := s.attack()
		// One large field, indexed, and then named fifteen thousand times by one byte each.
		block := append(a.headers(s, "/login", "x-filler", strings.Repeat("x", 3_000)), bytes.Repeat([]byte{0x80 | 62}, 15_000)...)
		if len(block) > 16<<10 {
			block = block[:16<<10]
		}
		if err := a.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndStream: true, EndHeaders: true}); err != nil {
			t.Fatal(err)
		}
		select {
		case status := <-a.status:
			if status != "431" {
				t.Errorf("got %s", status)
			}
		case err := <-a.ended:
			if timedOut(err) {
				t.Error("no answer, and no end")
			}
			t.Logf("ended by %v", err)
		}
		s.canary(t)
	})

	t.Run("HTTP-16_pings_and_settings", func(t *testing.T) {
		t.Parallel()
		s := openSecureHouse(t)
		a := s.attack()
		for range 5_000 {
			if a.frames.WritePing(false, [8]byte{}) != nil || a.frames.WriteSettings() != nil {
				break
			}
		}
		s.canary(t)
	})

	t.Run("HTTP-16_windows_of_one_byte", func(t *testing.T) {
		t.Parallel()
		s := openSecureHouse(t)
		a := s.attack()
		if err := a.frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}); err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			if err := a.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: a.headers(s, "/login"), EndStream: true, EndHeaders: true}); err != nil {
				t.Fatal(err)
			}
		}
		s.canary(t)
	})
}

// RoundTrip sends what was meant for the house to its listener with TLS.
func (s *secureHouse) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "https", s.listener.Listener.Addr().String()
	response, err := s.listener.Client().Transport.RoundTrip(r)
	if err == nil && response.ProtoMajor != 2 {
		s.t.Errorf("got %s", response.Proto)
	}
	return response, err
}

// One connection carries all of them, so they arrive closer together than over HTTP/1.1.
func TestHostileRacesOverHTTP2(t *testing.T) {
	t.Parallel()
	const n = 200
	s := openSecureHouse(t)
	b := s.browser()
	b.http = &http.Client{Transport: s}
	copies := make([]*browser, n)
	finish := func(path, body string) map[int]int {
		for i := range copies {
			copies[i] = b.copy()
		}
		return parallel(n, func(i int) int { return copies[i].do(http.MethodPost, path, body).status })
	}
	t.Run("CER-03_parallel_registrations", func(t *testing.T) {
		_, body := b.create(b.beginRegistration(object{"name": "once"}))
		if statuses := finish(pathRegFinish, body); statuses[http.StatusCreated] != 1 || statuses[http.StatusConflict] != n-1 {
			t.Errorf("got %v", statuses)
		}
		if _, creds := s.person("once"); len(creds) != 1 {
			t.Errorf("got %d credentials", len(creds))
		}
	})
	t.Run("CER-01_parallel_sign_ins", func(t *testing.T) {
		before := s.sessions("once")
		body := b.assert(b.beginAuthentication(object{}))
		if statuses := finish(pathAuthFinish, body); statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != n-1 {
			t.Errorf("got %v", statuses)
		}
		if now := s.sessions("once"); now != before+1 {
			t.Errorf("%d sessions became %d", before, now)
		}
	})
}
