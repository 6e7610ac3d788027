package hybrid_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/tunnel/relay"
	"github.com/hitherauth/hither/webauthn"
)

// getAssertion is the shortest way: options come from a server, and the answer goes back there.
func getAssertion(ctx context.Context, radio hybrid.Scanner, draw func(qrCode string) error, options webauthn.RequestOptions) ([]byte, error) {
	phone, err := hybrid.Initiate(ctx, hybrid.Config{Scanner: radio, Show: draw}) // until a phone has read the code and is near
	if err != nil {
		return nil, err
	}
	defer phone.Close()
	client, err := clientplatform.New(clientplatform.Config{Origin: "https://id.example.org"})
	if err != nil {
		return nil, err
	}
	answer, err := client.Get(ctx, phone, options) // the phone asks its user
	return answer.JSON, err
}

// Without a phone there is nothing but a QR code.
func ExampleInitiate() {
	ctx, changeMind := context.WithCancel(context.Background())
	defer changeMind()
	radio := &hybridtest.Ether{}
	draw := func(string) error {
		changeMind()
		return nil
	}
	_, err := getAssertion(ctx, radio, draw, webauthn.RequestOptions{})
	fmt.Println(err)
	// Output:
	// hybrid: proximity: context canceled
}

// signInWithPhone answers the options of the server at origin with a passkey on a phone, and has send bring it the answer.
func signInWithPhone(ctx context.Context, cfg hybrid.Config, origin string, options []byte, send func(answer []byte) error) error {
	client, err := clientplatform.New(clientplatform.Config{Origin: origin})
	if err != nil {
		return err
	}
	asked, err := webauthn.ParseRequestOptions(options)
	if err != nil {
		return err
	}
	phone, err := connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer phone.Close()
	answer, err := client.Get(ctx, phone, asked) // the phone asks its user
	if err != nil {
		return err
	}
	if err := send(answer.JSON); err != nil {
		return err
	}
	_ = phone.Close()
	return phone.Wait(ctx) // until the phone hangs up: it may still ask to be remembered
}

// connect wakes the phone that is remembered, if there is one and it can be reached, and otherwise shows a QR code.
func connect(ctx context.Context, cfg hybrid.Config) (*hybrid.Conn, error) {
	links, err := cfg.Links.All(ctx)
	if err != nil {
		return nil, err
	}
	if len(links) > 0 { // with several, ask the person which
		phone, err := hybrid.InitiateLinked(ctx, cfg, links[0])
		if !errors.Is(err, hybrid.ErrLinkGone) {
			return phone, err
		}
	}
	return hybrid.Initiate(ctx, cfg)
}

// advice is what to tell a person whose sign-in has failed.
func advice(err error) string {
	switch {
	case errors.Is(err, hybrid.ErrNoAdvert):
		return "No phone came near. Switch Bluetooth on, here and there, and scan the code again."
	case errors.Is(err, ctap2.StatusNoCredentials):
		return "The phone has no passkey for this site."
	case errors.Is(err, ctap2.StatusOperationDenied):
		return "It was declined on the phone."
	case errors.Is(err, ctap2.StatusCredentialExcluded):
		return "The phone has a passkey for this account already: sign in with it."
	case errors.Is(err, hybrid.ErrPeerTooOld):
		return "The phone speaks a version from before mid-2022. Update it."
	}
	if _, ok := errors.AsType[*tunnel.StatusError](err); ok {
		return "The service that connects computer and phone refuses. Try again later."
	}
	return "The phone did not come through. Scan the code again."
}

// answerQRCode is a phone whose scanner has read text.
func answerQRCode(ctx context.Context, cfg hybrid.ResponderConfig, text string, a ctap2.Authenticator) error {
	qr, err := hybrid.ParseQRCode(text)
	if err != nil {
		return err
	}
	return hybrid.Respond(ctx, cfg, qr, a)
}

// consenting is a user who agrees to everything.
type consenting struct{ screen io.Writer }

func (u consenting) Verify(_ context.Context, q authenticator.Question) (authenticator.Answer, error) {
	_, err := fmt.Fprintf(u.screen, "phone: %v at %s?\n", q.Action, q.RelyingParty.ID)
	return authenticator.Answer{Consented: true, Verified: true}, err
}

// A program signs its user in with a phone: both ends, the radio and the tunnel
// service are in this process.
func Example() {
	ctx := context.Background()
	service := relay.New(relay.Config{})
	server := httptest.NewTLSServer(service)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	at := tunnel.Service{URL: strings.Replace(server.URL, "https", "wss", 1), RootCAs: roots}

	ether := &hybridtest.Ether{}
	services := map[hybrid.Domain]tunnel.Service{0xf980: at} // a private one: both ends know where it is
	phone := hybrid.ResponderConfig{
		Advertiser: ether, Domains: []hybrid.Domain{0xf980},
		Transport: hybrid.Transport{Services: services},
	}
	a := authenticator.New(authenticator.Config{Verifier: consenting{os.Stdout}})
	hungUp := make(chan error, 1)
	computer := hybrid.Config{
		Scanner: ether,
		Links:   hybrid.NewLinks(&hybrid.MemoryStore{}),
		Show: func(text string) error { // the person scans it
			fmt.Println("computer:", text[:6], len(text), "characters")
			go func() { hungUp <- answerQRCode(ctx, phone, text, a) }()
			return nil
		},
		Transport: hybrid.Transport{Services: services},
	}

	const options = `{"challenge":"AAECAwQFBgcICQoLDA0ODw","rpId":"example.org"}`
	err := signInWithPhone(ctx, computer, "https://id.example.org", []byte(options), func(answer []byte) error {
		fmt.Println("computer: an answer of", len(answer), "bytes")
		return nil
	})
	fmt.Println("computer:", advice(err))
	fmt.Println("phone:", <-hungUp)
	// Output:
	// computer: FIDO:/ 174 characters
	// phone: nothing at example.org?
	// computer: The phone has no passkey for this site.
	// phone: <nil>
}
