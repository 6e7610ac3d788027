package hybrid_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/tunnel"
)

// TestRespondNobodyListens wants the reason, not that nothing was said in time.
func TestRespondNobodyListens(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := hybridtest.NewScene(t)
	s.Phone.Services = map[hybrid.Domain]tunnel.Service{hybridtest.Domain: {URL: "ws://" + address}}
	ctx, cancel := context.WithCancel(t.Context())
	s.Client.Show = func(text string) error {
		defer cancel()
		qr, err := hybrid.ParseQRCode(text)
		if err != nil {
			return err
		}
		err = hybrid.Respond(ctx, s.Phone, qr, authenticator.New(authenticator.Config{}))
		if e, ok := errors.AsType[*hybrid.Error](err); !ok || e.Stage != hybrid.StageConnection ||
			errors.Is(err, hybrid.ErrSilent) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v", err)
		}
		return nil
	}
	if _, err := hybrid.Initiate(ctx, s.Client); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
