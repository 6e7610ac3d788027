package clientplatform_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// A program registers and signs its user in with a phone, by QR code: against the
// relying party alone, and against a server with everything that it has.
func TestJourneyByQRCode(t *testing.T) {
	t.Parallel()
	t.Run("relying_party", func(t *testing.T) {
		t.Parallel()
		s, r := newScene(t, nil), newRoom(t, heldBy(agrees))
		registration, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (relyingparty.Registration, error) { return s.register(t, a) })
		if err != nil {
			t.Fatal(err)
		}
		signed, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (relyingparty.Authentication, error) {
			return s.authenticate(t, a, registration, relyingparty.AuthenticationRequest{})
		})
		if err != nil {
			t.Fatal(err)
		}
		if string(signed.UserHandle) != "handle of alice" || !signed.UserVerified {
			t.Errorf("got %+v", signed)
		}
		r.phoneIsContent(t)
	})
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		i, r := openInstallation(t, slog.New(slog.DiscardHandler)), newRoom(t, heldBy(agrees))
		made, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (signedIn, error) { return i.register(t, a, "alice") })
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"", "alice"} {
			in, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (signedIn, error) { return i.signIn(t, a, name) })
			if err != nil {
				t.Fatal(err)
			}
			if in.Session.Token == made.Session.Token || i.me(t, in.Session.Token) != "alice" {
				t.Errorf("got %+v", in)
			}
		}
		// The account has this phone's passkey already.
		_, err = through(t, r.byQRCode, func(a ctap2.Authenticator) (signedIn, error) { return i.add(t, a, made.Session.Token) })
		seen(t, err, clientplatform.InvalidStateError, ctap2.StatusCredentialExcluded)
		r.phoneIsContent(t)
	})
}

// The next time there is no QR code.
func TestJourneyByLink(t *testing.T) {
	t.Parallel()
	i, r := openInstallation(t, slog.New(slog.DiscardHandler)), newRoom(t, heldBy(agrees))
	r.AllowLinking(t)
	if _, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (signedIn, error) { return i.register(t, a, "alice") }); err != nil {
		t.Fatal(err)
	}
	r.phoneIsContent(t)
	r.Listen(t, r.phone)
	for range 2 {
		in, err := through(t, r.byLink, func(a ctap2.Authenticator) (signedIn, error) { return i.signIn(t, a, "") })
		if err != nil {
			t.Fatal(err)
		}
		if i.me(t, in.Session.Token) != "alice" {
			t.Errorf("got %+v", in)
		}
	}
}

// A phone that has forgotten the program refuses it: the program forgets the phone,
// shows a QR code, and goes on.
func TestJourneyByDeadLink(t *testing.T) {
	t.Parallel()
	s, r := newScene(t, nil), newRoom(t, heldBy(agrees))
	r.AllowLinking(t)
	registration, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (relyingparty.Registration, error) { return s.register(t, a) })
	if err != nil {
		t.Fatal(err)
	}
	r.phoneIsContent(t)
	known, err := r.Phone.Linking.Links.All(t.Context())
	if err != nil || len(known) != 1 {
		t.Fatalf("the phone has %d links, %v", len(known), err)
	}
	if err := r.Phone.Linking.Links.Remove(t.Context(), known[0].ID); err != nil {
		t.Fatal(err)
	}
	r.Listen(t, r.phone)
	if conn, err := r.byLink(t); conn != nil || !errors.Is(err, hybrid.ErrLinkGone) {
		t.Fatalf("got connection %v, error %v", conn != nil, err)
	}
	if links, err := r.Client.Links.All(t.Context()); err != nil || len(links) != 0 {
		t.Errorf("%d links are left, %v", len(links), err)
	}
	if _, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (relyingparty.Authentication, error) {
		return s.authenticate(t, a, registration, relyingparty.AuthenticationRequest{})
	}); err != nil {
		t.Error(err)
	}
	r.phoneIsContent(t)
}

// Programs and phones that meet in one place, at the same tunnel service, at the
// same time: everybody signs in as who they are.
func TestJourneysSideBySide(t *testing.T) {
	t.Parallel()
	first := newRoom(t, nil)
	for n := range 8 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			s, r := newScene(t, nil), newRoom(t, heldBy(agrees))
			r.Client.Scanner, r.Phone.Advertiser = first.Ether, first.Ether
			r.Client.Services, r.Phone.Services = first.Client.Services, first.Phone.Services
			registration, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (relyingparty.Registration, error) { return s.register(t, a) })
			if err != nil {
				t.Fatal(err)
			}
			if _, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (relyingparty.Authentication, error) {
				return s.authenticate(t, a, registration, relyingparty.AuthenticationRequest{})
			}); err != nil {
				t.Error(err)
			}
			r.phoneIsContent(t)
		})
	}
}

// Outputs of prf come all the way, to the program alone: the same for the same
// inputs, for nobody else's.
func TestJourneyWithPRF(t *testing.T) {
	t.Parallel()
	client, r := newClient(t, testOrigin), newRoom(t, heldBy(agrees))
	o := creation()
	o.AuthenticatorSelection.ResidentKey = "required"
	o.Extensions.PRF = &webauthn.PRFInputs{}
	made, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (clientplatform.Registration, error) {
		return client.Create(t.Context(), a, o)
	})
	if err != nil || !bytes.Contains(made.JSON, []byte(`"prf":{"enabled":true}`)) {
		t.Fatalf("got %s, %v", made.JSON, err)
	}
	evaluate := func(v webauthn.PRFValues) *ctap2.PRFResults {
		q := request()
		q.AllowCredentials = []webauthn.CredentialDescriptor{{Type: "public-key", ID: made.CredentialID}}
		q.Extensions.PRF = &webauthn.PRFInputs{EvalByCredential: map[string]webauthn.PRFValues{made.CredentialID.String(): v}}
		answer, err := through(t, r.byQRCode, func(a ctap2.Authenticator) (clientplatform.Authentication, error) {
			return client.Get(t.Context(), a, q)
		})
		if err != nil || answer.PRF == nil || bytes.Contains(answer.JSON, []byte("prf")) {
			t.Fatalf("got %v, %s, %v", answer.PRF, answer.JSON, err)
		}
		return answer.PRF
	}
	one, two := evaluate(values("a")), evaluate(values("b", "a"))
	if one.Second != nil || two.Second == nil || !one.First.Equal(*two.Second) || one.First.Equal(two.First) {
		t.Error("the outputs are not those of a function of the inputs")
	}
	r.phoneIsContent(t)
}

// Whatever server, program and phone write down of both journeys, at debug level and
// as events, has no secret in it, and no name by which a tunnel is found.
func TestJourneySecretsStay(t *testing.T) {
	t.Parallel()
	var written record
	logger := slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	i, r := openInstallation(t, logger), newRoom(t, heldBy(agrees))
	r.AllowLinking(t)
	r.Client.Logger, r.Phone.Logger = logger, logger
	events := func(e hybrid.Event) { _, _ = fmt.Fprintf(&written, "%T %+v %#v\n", e, e, e) }
	r.Client.Progress, r.Phone.Progress = events, events
	secrets := map[string]string{}
	made, err := through(t, func(t testing.TB) (*hybrid.Conn, error) {
		r.ended = append(r.ended, r.Scan(t, r.phone))
		show := r.Client.Show
		r.Client.Show = func(text string) error {
			qr, err := hybrid.ParseQRCode(text)
			secrets["QR code"], secrets["tunnel id"] = text, qr.Secret.TunnelID().Text()
			_, _ = fmt.Fprintf(&written, "%v %+v %#v\n", qr, qr, qr.Secret)
			return errors.Join(err, show(text))
		}
		return hybrid.Initiate(t.Context(), r.Client)
	}, func(a ctap2.Authenticator) (signedIn, error) { return i.register(t, a, "alice") })
	if err != nil {
		t.Fatal(err)
	}
	r.phoneIsContent(t)
	r.Listen(t, r.phone)
	links, err := r.Client.Links.All(t.Context())
	if err != nil || len(links) != 1 {
		t.Fatalf("%d links, %v", len(links), err)
	}
	in, err := through(t, r.byLink, func(a ctap2.Authenticator) (signedIn, error) { return i.signIn(t, a, "") })
	if err != nil {
		t.Fatal(err)
	}
	link := links[0].Secret.Bytes()
	secrets["session"], secrets["other session"] = made.Session.Token, in.Session.Token
	secrets["link secret"], secrets["contact id"] = string(link[:]), string(links[0].ContactID)
	for n, advert := range r.Ether.Sent() {
		secrets[fmt.Sprint("advert ", n)] = string(advert)
	}
	log := written.String()
	if !strings.Contains(log, "stage passed") || len(secrets) != 8 {
		t.Fatalf("%d secrets, %d bytes written", len(secrets), len(log))
	}
	for name, secret := range secrets {
		b := []byte(secret)
		for _, form := range []string{
			secret, hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.RawURLEncoding.EncodeToString(b),
			base64.RawStdEncoding.EncodeToString(b), strings.Trim(fmt.Sprintf("%d", b), "[]"), strings.ToLower(secret),
		} {
			if strings.Contains(log, form) {
				t.Errorf("the %s stands in what is written", name)
			}
		}
	}
}

// record takes what is written.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// BenchmarkQRInitiated is a whole sign-in by QR code, from the code to the response
// for the server, over the ether in memory and a tunnel service on loopback.
func BenchmarkQRInitiated(b *testing.B) {
	client, r := newClient(b, testOrigin), newRoom(b, heldBy(agrees))
	o := creation()
	o.AuthenticatorSelection.ResidentKey = "required"
	if _, err := client.Create(b.Context(), r.phone, o); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ended := r.Scan(b, r.phone)
		conn, err := hybrid.Initiate(b.Context(), r.Client)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := client.Get(b.Context(), conn, request()); err != nil {
			b.Fatal(err)
		}
		_ = conn.Close()
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
	}
}
