package testbed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/testbed"
	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/webauthn"
)

const (
	rpID   = "id.example.test"
	origin = "https://id.example.test"
)

// desk is what a phone of a bed meets: a client platform in the place of the browser,
// and a relying party behind it. It is one test's.
type desk struct {
	bed    *testbed.Bed
	phone  *testbed.Phone
	rp     *relyingparty.RelyingParty
	client *clientplatform.Client
	// proximity is how long the client platform listens; 0: as long as it does.
	proximity time.Duration
	// show is what is done with a QR code; nil: the phone scans its text.
	show func(text string) error

	record relyingparty.Credential // of the phone's passkey

	scan *testbed.Scan // the last one
	by   string        // host:port by which the tunnel service is reached; "": its own

	mu    sync.Mutex
	heard []int // lengths of adverts, since the last QR code
}

func newDesk(t *testing.T, bed *testbed.Bed, config testbed.PhoneConfig) *desk {
	t.Helper()
	phone, err := bed.NewPhone(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = phone.Close() })
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	rp, err := relyingparty.New(relyingparty.Config{
		ID: rpID, Origins: []string{origin}, Keyring: keyring,
		Attestation: relyingparty.AttestationPolicy{Statement: relyingparty.StatementVerify},
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := clientplatform.New(clientplatform.Config{Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	return &desk{bed: bed, phone: phone, rp: rp, client: client}
}

// Scan is [hybrid.Scanner]'s: the radio of the bed, and what it hears is noted.
func (d *desk) Scan(ctx context.Context, heard func([]byte)) (func() error, error) {
	address, _ := busAddress(d.bed)
	radio, err := ble.Open(ctx, ble.Config{BusAddress: address})
	if err != nil {
		return nil, err
	}
	return radio.Scan(ctx, func(b []byte) {
		d.mu.Lock()
		d.heard = append(d.heard, len(b))
		d.mu.Unlock()
		heard(b)
	})
}

func (d *desk) lengths() []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.Sort(d.heard)
	return slices.Compact(slices.Clone(d.heard))
}

// meet shows a QR code and returns the phone that came.
func (d *desk) meet(ctx context.Context) (*hybrid.Conn, error) {
	domain, service := d.bed.Tunnel()
	if d.by != "" {
		service.URL = "wss://" + d.by
	}
	return hybrid.Initiate(ctx, hybrid.Config{
		Scanner: d,
		Show: func(text string) (err error) {
			d.mu.Lock()
			d.heard = nil
			d.mu.Unlock()
			if d.show != nil {
				return d.show(text)
			}
			d.scan, err = d.phone.Scan(ctx, text)
			return err
		},
		Transport: hybrid.Transport{
			Services: map[hybrid.Domain]tunnel.Service{domain: service},
			Limits:   hybrid.Limits{Proximity: d.proximity},
		},
	})
}

// create has the phone make a passkey. attestation is what is asked for.
func (d *desk) create(ctx context.Context, attestation string) (relyingparty.Registration, error) {
	options, sealed, err := d.rp.BeginRegistration(relyingparty.RegistrationRequest{
		User: webauthn.UserEntity{ID: webauthn.Bytes("handle of alice"), Name: "alice", DisplayName: "Alice"},
	})
	if err != nil {
		return relyingparty.Registration{}, err
	}
	// The client platform looks at what is required, and the relying party must see it by itself.
	options.AuthenticatorSelection.UserVerification = "preferred"
	options.Attestation = attestation
	conn, err := d.meet(ctx)
	if err != nil {
		return relyingparty.Registration{}, err
	}
	defer conn.Close()
	answer, err := d.client.Create(ctx, conn, options)
	if err != nil {
		return relyingparty.Registration{}, err
	}
	ceremony, err := d.rp.OpenRegistration(sealed, nil)
	if err != nil {
		return relyingparty.Registration{}, err
	}
	response, err := webauthn.ParseRegistrationResponse(answer.JSON)
	if err != nil {
		return relyingparty.Registration{}, err
	}
	r, err := d.rp.FinishRegistration(ceremony, response)
	if err != nil {
		return relyingparty.Registration{}, err
	}
	d.record = relyingparty.Credential{
		ID: r.CredentialID, UserHandle: r.UserHandle, PublicKey: r.PublicKey, SignCount: r.SignCount, BackupEligible: &r.BackupEligible,
	}
	return r, nil
}

// signIn signs in with the passkey that was created.
func (d *desk) signIn(ctx context.Context) (relyingparty.Authentication, error) {
	options, sealed, err := d.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		return relyingparty.Authentication{}, err
	}
	options.UserVerification = "preferred"
	conn, err := d.meet(ctx)
	if err != nil {
		return relyingparty.Authentication{}, err
	}
	defer conn.Close()
	answer, err := d.client.Get(ctx, conn, options)
	if err != nil {
		return relyingparty.Authentication{}, err
	}
	ceremony, err := d.rp.OpenAuthentication(sealed, nil)
	if err != nil {
		return relyingparty.Authentication{}, err
	}
	response, err := webauthn.ParseAuthenticationResponse(answer.JSON)
	if err != nil {
		return relyingparty.Authentication{}, err
	}
	a, err := d.rp.FinishAuthentication(ceremony, response, d.record)
	if err == nil {
		d.record.SignCount = a.SignCount
	}
	return a, err
}

// mustSignIn wants a sign-in without a fault, which the phone has seen to its end.
func (d *desk) mustSignIn(t *testing.T) {
	t.Helper()
	if err := d.phone.SetFaults(); err != nil {
		t.Fatal(err)
	}
	a, err := d.signIn(t.Context())
	if err != nil {
		t.Fatalf("without a fault: %v\n%s", err, history(d.bed, d.phone))
	}
	if !a.UserVerified {
		t.Error("without a fault, the user was not verified")
	}
	if err := d.scan.Answered(t.Context()); err != nil {
		t.Error(err)
	}
	if err := d.scan.Ended(t.Context()); err != nil {
		t.Error(err)
	}
}

// history is what has happened with a phone, to be read when a test fails.
func history(bed *testbed.Bed, phone *testbed.Phone) string {
	var lines strings.Builder
	for _, e := range bed.Events(0) {
		if e.Phone == phone.ID() {
			fmt.Fprintln(&lines, e.Time.Format("15:04:05.000"), e.Scan, e.Kind, e.Detail)
		}
	}
	return lines.String()
}

func busAddress(bed *testbed.Bed) (string, bool) {
	for _, entry := range bed.Environ() {
		if address, ok := strings.CutPrefix(entry, "DBUS_SYSTEM_BUS_ADDRESS="); ok {
			return address, true
		}
	}
	return "", false
}
