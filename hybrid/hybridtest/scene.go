package hybridtest

import (
	"context"
	"crypto/x509"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
)

// Domain is that of the scene's tunnel service: cable.my4kstlhndi4c.net, which both
// ends are told to look for on loopback.
const Domain hybrid.Domain = 0xf980

// Scene is a client platform and a phone in one room, with a tunnel service over
// loopback TLS. A whole transaction is
//
//	scene := hybridtest.NewScene(t)
//	scene.Scan(t, authenticator)
//	conn, err := hybrid.Initiate(t.Context(), scene.Client)
type Scene struct {
	Ether *Ether
	// Service is where the tunnel service is.
	Service tunnel.Service
	// Client and Phone are the configurations of both ends, and may be changed
	// before they are used.
	Client hybrid.Config
	Phone  hybrid.ResponderConfig

	phones sync.WaitGroup
}

// NewScene makes a scene that ends with the test.
func NewScene(t testing.TB) *Scene {
	t.Helper()
	service := relay.New(relay.Config{})
	server := httptest.NewTLSServer(service)
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		if err := service.Shutdown(ctx); err != nil {
			t.Errorf("hybridtest: the tunnel service does not end: %v", err)
		}
		server.Close()
	})
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	s := &Scene{
		Ether:   &Ether{},
		Service: tunnel.Service{URL: strings.Replace(server.URL, "https://", "wss://", 1), RootCAs: roots},
	}
	services := map[hybrid.Domain]tunnel.Service{Domain: s.Service}
	s.Client.Scanner, s.Client.Services = s.Ether, services
	s.Phone.Advertiser, s.Phone.Services = s.Ether, services
	s.Phone.Domains = []hybrid.Domain{Domain}
	return s
}

// Scan has the QR code that the client platform is going to show read by a phone
// with this authenticator. The returned channel gets the phone's end.
func (s *Scene) Scan(t testing.TB, a ctap2.Authenticator) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	ctx, leave := context.WithCancel(t.Context())
	t.Cleanup(func() {
		leave()
		s.phones.Wait()
	})
	s.Client.Show = func(text string) error {
		qr, err := hybrid.ParseQRCode(text)
		if err != nil {
			return err
		}
		s.phones.Go(func() { ended <- hybrid.Respond(ctx, s.Phone, qr, a) })
		return nil
	}
	return ended
}

// AllowLinking lets the client platform remember the phone, whose user agrees.
func (s *Scene) AllowLinking(t testing.TB) {
	t.Helper()
	s.Client.Links = hybrid.NewLinks(&hybrid.MemoryStore{})
	s.Phone.Linking = &hybrid.Linking{
		Links:  hybrid.NewPhoneLinks(&hybrid.MemoryStore{}),
		Domain: Domain,
		Name:   "Phone of the scene",
		Agree:  func(context.Context) (bool, error) { return true, nil },
	}
}

// Listen has the phone wait until it is woken, with this authenticator, for as long
// as the test lasts. It returns when the phone can be reached.
func (s *Scene) Listen(t testing.TB, a ctap2.Authenticator) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	t.Cleanup(func() {
		leave()
		s.phones.Wait()
	})
	listening, ended := make(chan struct{}), make(chan struct{})
	phone := s.Phone
	phone.Progress = func(e hybrid.Event) {
		if _, ok := e.(hybrid.Listening); ok {
			close(listening)
		}
		if s.Phone.Progress != nil {
			s.Phone.Progress(e)
		}
	}
	s.phones.Go(func() {
		defer close(ended)
		if err := hybrid.Listen(ctx, phone, a); err != nil {
			t.Errorf("hybridtest: the phone does not listen any more: %v", err)
		}
	})
	select {
	case <-listening:
	case <-ended:
		t.FailNow()
	}
}
