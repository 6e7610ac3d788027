package testbed_test

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/testbed"
)

// TestNobodyComes has a phone wait for a browser that does not hear it.
func TestNobodyComes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, start(t), testbed.PhoneConfig{Patience: 50 * time.Millisecond})
	set(t, d.phone, testbed.NoAdvert)
	d.proximity = 300 * time.Millisecond
	if _, err := d.signIn(t.Context()); fails(hybrid.StageProximity, hybrid.ErrNoAdvert)(err) != "" {
		t.Errorf("got %v", err)
	}
	for _, err := range []error{d.scan.Asked(t.Context()), d.scan.Answered(t.Context()), d.scan.Ended(t.Context()), d.scan.Status().Err} {
		if !errors.Is(err, testbed.ErrNobody) {
			t.Errorf("got %v", err)
		}
	}
}

// TestBrowserHangsUp has the browser leave at each point; the phone takes its
// question away.
func TestBrowserHangsUp(t *testing.T) {
	t.Parallel()
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{})
	conn, err := d.meet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	for _, err := range []error{d.scan.Asked(t.Context()), d.scan.Answered(t.Context())} {
		if !errors.Is(err, testbed.ErrUnanswered) {
			t.Errorf("before a request: %v", err)
		}
	}
	if err := d.scan.Ended(t.Context()); err != nil {
		t.Error(err)
	}
	if err := d.phone.SetManner(testbed.Ask); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := make(chan error, 1)
	go func() {
		_, err := d.signIn(ctx)
		left <- err
	}()
	if _, err := d.phone.Question(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancel()
	if e, ok := errors.AsType[*clientplatform.Error](<-left); !ok || e.Name != clientplatform.AbortError {
		t.Errorf("who left: %v", e)
	}
	// Not always with a goodbye.
	if err := d.scan.Ended(t.Context()); err != nil && !errors.Is(err, testbed.ErrUnanswered) {
		t.Error(err)
	}
	if err := d.scan.Answered(t.Context()); !errors.Is(err, testbed.ErrUnanswered) {
		t.Errorf("with a question: %v", err)
	}
	if err := d.phone.Answer(authenticator.Answer{}); !errors.Is(err, testbed.ErrNoQuestion) {
		t.Errorf("the question stays: %v", err)
	}
}

// TestBrowserVanishes has the browser's computer fall silent, without a goodbye.
func TestBrowserVanishes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, start(t), testbed.PhoneConfig{})
	_, service := d.bed.Tunnel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	d.by = listener.Addr().String()
	cut := make(chan func() error, 1)
	var carried sync.WaitGroup
	defer carried.Wait()
	carried.Go(func() {
		browser, err := listener.Accept()
		if err != nil {
			return
		}
		defer browser.Close()
		relay, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(service.URL, "wss://"))
		if err != nil {
			t.Error(err)
			return
		}
		cut <- relay.Close
		carried.Go(func() { _, _ = io.Copy(relay, browser) })
		_, _ = io.Copy(browser, relay) // until it is cut
	})
	conn, err := d.meet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := (<-cut)(); err != nil {
		t.Error(err)
	}
	for _, err := range []error{d.scan.Answered(t.Context()), d.scan.Ended(t.Context())} {
		if !errors.Is(err, testbed.ErrUnanswered) {
			t.Errorf("got %v", err)
		}
	}
	_ = conn.Close()
}

// TestPhoneHangsUp has the phone's person hang up, begin another scan or close the
// phone, or the bed end, at each point. Nothing is left then: see TestMain.
func TestPhoneHangsUp(t *testing.T) {
	t.Parallel()
	shared := start(t)
	for point, prepare := range map[string]func(*testbed.Phone) error{
		"advertising": func(p *testbed.Phone) error { return p.SetFaults(testbed.WrongKey) },
		"fault":       func(p *testbed.Phone) error { return p.SetFaults(testbed.SlowUser(time.Hour)) },
		"asked":       func(p *testbed.Phone) error { return p.SetManner(testbed.Ask) },
	} {
		for name, end := range map[string]func(*desk, *testbed.Scan) error{
			"scan":  func(_ *desk, s *testbed.Scan) error { return s.Close() },
			"phone": func(d *desk, _ *testbed.Scan) error { return d.phone.Close() },
			"bed":   func(d *desk, _ *testbed.Scan) error { return d.bed.Close() },
			"another": func(d *desk, _ *testbed.Scan) error {
				_, err := d.phone.Scan(t.Context(), someQRCode(t))
				return err
			},
		} {
			t.Run(point+"/"+name, func(t *testing.T) {
				t.Parallel()
				bed := shared
				if name == "bed" {
					bed = start(t)
				}
				d := newDesk(t, bed, testbed.PhoneConfig{})
				if err := prepare(d.phone); err != nil {
					t.Fatal(err)
				}
				scans := make(chan *testbed.Scan, 1)
				d.show = func(text string) error {
					s, err := d.phone.Scan(t.Context(), text)
					scans <- s
					return err
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				made := make(chan error, 1)
				go func() {
					_, err := d.create(ctx, "none")
					made <- err
				}()
				s := <-scans
				happened(t, d.bed, d.phone, point)
				if err := end(d, s); err != nil {
					t.Error(err)
				}
				want := testbed.ErrHungUp
				if name == "bed" {
					want = testbed.ErrClosed
				}
				for _, err := range []error{s.Answered(t.Context()), s.Ended(t.Context())} {
					if !errors.Is(err, want) {
						t.Errorf("got %v, want %v", err, want)
					}
				}
				if err := d.phone.Answer(authenticator.Answer{}); !errors.Is(err, testbed.ErrNoQuestion) {
					t.Errorf("the question stays: %v", err)
				}
				cancel()
				if err := <-made; err == nil {
					t.Error("a passkey was made")
				}
			})
		}
	}
}

// TestClosedPhone is good for nothing.
func TestClosedPhone(t *testing.T) {
	t.Parallel()
	bed := start(t)
	phone, err := bed.NewPhone(testbed.PhoneConfig{})
	if err != nil {
		t.Fatal(err)
	}
	asking := make(chan error, 1)
	go func() {
		_, err := phone.Question(t.Context())
		asking <- err
	}()
	for range 2 {
		if err := phone.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-asking; !errors.Is(err, testbed.ErrHungUp) {
		t.Errorf("a question: %v", err)
	}
	s, err := phone.Scan(t.Context(), someQRCode(t))
	if err == nil {
		err = s.Ended(t.Context())
	}
	if !errors.Is(err, testbed.ErrHungUp) {
		t.Errorf("a scan: %v", err)
	}
	if err := bed.Close(); err != nil {
		t.Error(err)
	}
	if _, err := bed.NewPhone(testbed.PhoneConfig{}); !errors.Is(err, testbed.ErrClosed) {
		t.Errorf("a phone of a closed bed: %v", err)
	}
	if _, err := phone.Scan(t.Context(), someQRCode(t)); err == nil {
		t.Error("a phone scans in a closed bed")
	}
}

// someQRCode is the text of one that nobody waits for.
func someQRCode(t *testing.T) string {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	return hybrid.QRCode{ClientKey: key.PublicKey(), Secret: hybrid.QRSecretFromBytes(secret), KnownDomains: hybrid.AssignedDomains, Time: time.Now()}.Text()
}
