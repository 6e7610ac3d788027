package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/webauthn"
)

// smallAuthenticator answers with what it was asked, so that a test sees that it
// got there. Its fields say what else its user does.
type smallAuthenticator struct {
	decide func(context.Context) error // nil: the user agrees at once
}

func (smallAuthenticator) GetInfo(context.Context) (ctap2.Info, error) {
	return ctap2.Info{Versions: []string{"FIDO_2_0"}, Options: ctap2.Options{"rk": true, "uv": true}}, nil
}

func (a smallAuthenticator) MakeCredential(ctx context.Context, request ctap2.MakeCredentialRequest) (ctap2.MakeCredentialResponse, error) {
	if err := a.ask(ctx); err != nil {
		return ctap2.MakeCredentialResponse{}, err
	}
	return ctap2.MakeCredentialResponse{Format: "none", AuthenticatorData: request.ClientDataHash[:]}, nil
}

func (a smallAuthenticator) GetAssertion(ctx context.Context, request ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
	if err := a.ask(ctx); err != nil {
		return ctap2.GetAssertionResponse{}, err
	}
	return ctap2.GetAssertionResponse{
		Credential:        &webauthn.CredentialDescriptor{Type: "public-key", ID: []byte("credential")},
		AuthenticatorData: make([]byte, 37),
		Signature:         request.ClientDataHash[:],
	}, nil
}

func (a smallAuthenticator) ask(ctx context.Context) error {
	if a.decide == nil {
		return nil
	}
	return a.decide(ctx)
}

// assertion is a request with a hash of its own.
func assertion(n byte) ctap2.GetAssertionRequest {
	return ctap2.GetAssertionRequest{RPID: "example.com", ClientDataHash: [32]byte{n}}
}

// signIn asks for an assertion and wants the one that answers this request.
func signIn(t *testing.T, conn *hybrid.Conn, n byte) {
	t.Helper()
	got, err := conn.GetAssertion(t.Context(), assertion(n))
	if err != nil {
		t.Fatalf("GetAssertion: %v", err)
	}
	if want := assertion(n).ClientDataHash; !bytes.Equal(got.Signature, want[:]) {
		t.Fatalf("GetAssertion answered another request: %x", got.Signature)
	}
}

// closeAndWait closes the connection and wants both ends to end in good order.
func closeAndWait(t *testing.T, conn *hybrid.Conn, phone <-chan error) {
	t.Helper()
	if err := conn.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := conn.Wait(t.Context()); err != nil {
		t.Errorf("Wait: %v", err)
	}
	if err := <-phone; err != nil {
		t.Errorf("the phone: %v", err)
	}
}

func TestQRInitiated(t *testing.T) {
	t.Parallel()
	scene := hybridtest.NewScene(t)
	phone := scene.Scan(t, smallAuthenticator{})
	conn, err := hybrid.Initiate(t.Context(), scene.Client)
	if err != nil {
		t.Fatalf("Initiate: %v", err)
	}
	if air := scene.Ether.OnAir(); len(air) != 0 {
		t.Errorf("%d adverts are on the air after the first message", len(air))
	}
	info, err := conn.GetInfo(t.Context())
	if err != nil || !info.Options["uv"] {
		t.Errorf("GetInfo: %v, %v", info, err)
	}
	signIn(t, conn, 1)
	signIn(t, conn, 2) // ours stays up
	closeAndWait(t, conn, phone)
	if _, err := conn.GetAssertion(t.Context(), assertion(3)); !errors.Is(err, hybrid.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestLinking(t *testing.T) {
	t.Parallel()
	scene := hybridtest.NewScene(t)
	scene.AllowLinking(t)
	phone := scene.Scan(t, smallAuthenticator{})
	conn, err := hybrid.Initiate(t.Context(), scene.Client)
	if err != nil {
		t.Fatalf("Initiate: %v", err)
	}
	signIn(t, conn, 1)
	closeAndWait(t, conn, phone)
	links, err := scene.Client.Links.All(t.Context())
	if err != nil || len(links) != 1 {
		t.Fatalf("%d links: %v", len(links), err)
	}
	if links[0].Name != scene.Phone.Linking.Name || links[0].Domain != hybridtest.Domain {
		t.Errorf("the link is of %q at %d", links[0].Name, links[0].Domain)
	}

	scene.Listen(t, smallAuthenticator{})
	for n := range byte(2) {
		conn, err := hybrid.InitiateLinked(t.Context(), scene.Client, links[0])
		if err != nil {
			t.Fatalf("InitiateLinked: %v", err)
		}
		signIn(t, conn, 10+n)
		if err := conn.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := conn.Wait(t.Context()); err != nil {
			t.Errorf("Wait: %v", err)
		}
	}
}

// BenchmarkQRInitiated is a whole transaction of both ends, over a relay on
// loopback with TLS: from the QR code to the reply.
func BenchmarkQRInitiated(b *testing.B) {
	scene := hybridtest.NewScene(b)
	for b.Loop() {
		phone := scene.Scan(b, smallAuthenticator{})
		conn, err := hybrid.Initiate(b.Context(), scene.Client)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := conn.GetAssertion(b.Context(), assertion(1)); err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(conn.Close(), conn.Wait(b.Context()), <-phone); err != nil {
			b.Fatal(err)
		}
	}
}
