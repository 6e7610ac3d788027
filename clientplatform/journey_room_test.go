package clientplatform_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
)

// user is whoever holds a phone.
type user func(ctx context.Context, q authenticator.Question) (authenticator.Answer, error)

// Verify asks the user.
func (u user) Verify(ctx context.Context, q authenticator.Question) (authenticator.Answer, error) {
	return u(ctx, q)
}

// agrees is a user who says yes to everything.
func agrees(context.Context, authenticator.Question) (authenticator.Answer, error) {
	return authenticator.Answer{Consented: true, Verified: true}, nil
}

// declines is a user who says no.
func declines(context.Context, authenticator.Question) (authenticator.Answer, error) {
	return authenticator.Answer{}, nil
}

// sleeps is a user who never comes.
func sleeps(ctx context.Context, _ authenticator.Question) (authenticator.Answer, error) {
	<-ctx.Done()
	return authenticator.Answer{}, ctx.Err()
}

// heldBy is an authenticator with this user, who may think for as long as a test takes.
func heldBy(u user) *authenticator.Authenticator {
	return authenticator.New(authenticator.Config{Verifier: u})
}

// room is a program and a phone near each other, a tunnel service, and nobody else.
type room struct {
	*hybridtest.Scene
	phone ctap2.Authenticator
	ended []<-chan error // of the phone, for each QR code
}

func newRoom(t testing.TB, phone ctap2.Authenticator) *room {
	return &room{Scene: hybridtest.NewScene(t), phone: phone}
}

// byQRCode reaches the phone as a program does that shows a QR code.
func (r *room) byQRCode(t testing.TB) (*hybrid.Conn, error) {
	t.Helper()
	r.ended = append(r.ended, r.Scan(t, r.phone))
	return hybrid.Initiate(t.Context(), r.Client)
}

// byLink reaches the phone as a program does that remembers it.
func (r *room) byLink(t testing.TB) (*hybrid.Conn, error) {
	t.Helper()
	links, err := r.Client.Links.All(t.Context())
	if err != nil || len(links) != 1 {
		t.Fatalf("%d links, %v", len(links), err)
	}
	return hybrid.InitiateLinked(t.Context(), r.Client, links[0])
}

// through runs one ceremony over a connection that ends with it, as real phones do.
func through[T any](t testing.TB, reach func(testing.TB) (*hybrid.Conn, error), ceremony func(ctap2.Authenticator) (T, error)) (T, error) {
	t.Helper()
	conn, err := reach(t)
	if err != nil {
		t.Fatal(err)
	}
	result, err := ceremony(conn)
	_ = conn.Close()
	if err := conn.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	return result, err
}

// phoneIsContent waits until the phone is done with all QR codes.
func (r *room) phoneIsContent(t testing.TB) {
	t.Helper()
	for _, ended := range r.ended {
		if err := <-ended; err != nil {
			t.Errorf("the phone ended with %v", err)
		}
	}
	r.ended = nil
}

// seen checks the error that a program's caller sees.
func seen(t testing.TB, err error, name clientplatform.Name, cause error) {
	t.Helper()
	if e, ok := errors.AsType[*clientplatform.Error](err); !ok || e.Name != name || !errors.Is(err, cause) {
		t.Errorf("got error %v, want %s due to %v", err, name, cause)
	}
}

// reach is byQRCode with a phone that is gone when ctx is done.
func (r *room) reach(ctx context.Context, t testing.TB, a ctap2.Authenticator) *hybrid.Conn {
	t.Helper()
	conn, err := r.try(ctx, t, a)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func (r *room) try(ctx context.Context, t testing.TB, a ctap2.Authenticator) (*hybrid.Conn, error) {
	t.Helper()
	var phone sync.WaitGroup
	ctx, leave := context.WithCancel(ctx)
	t.Cleanup(func() {
		leave()
		phone.Wait()
	})
	r.Client.Show = func(text string) error {
		qr, err := hybrid.ParseQRCode(text)
		if err == nil {
			phone.Go(func() { _ = hybrid.Respond(ctx, r.Phone, qr, a) })
		}
		return err
	}
	return hybrid.Initiate(t.Context(), r.Client)
}
