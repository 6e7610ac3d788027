package testbed_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/testbed"
)

// created is a desk whose phone has a passkey.
func created(t *testing.T, bed *testbed.Bed, config testbed.PhoneConfig) *desk {
	t.Helper()
	d := newDesk(t, bed, config)
	if _, err := d.create(t.Context(), "none"); err != nil {
		t.Fatalf("%v\n%s", err, history(bed, d.phone))
	}
	return d
}

// set gives a phone faults.
func set(t *testing.T, phone *testbed.Phone, faults ...testbed.Fault) {
	t.Helper()
	if err := phone.SetFaults(faults...); err != nil {
		t.Fatal(err)
	}
}

// happened waits for an event of a phone.
func happened(t *testing.T, bed *testbed.Bed, phone *testbed.Phone, kind string) {
	t.Helper()
	last := 0
	for {
		events, err := bed.WaitEvents(t.Context(), last)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if last = e.ID; e.Phone == phone.ID() && e.Kind == kind {
				return
			}
		}
	}
}

// TestStory is what the events of a phone tell of a passkey that is made, and then used.
func TestStory(t *testing.T) {
	t.Parallel()
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{Name: "Anna", Backup: authenticator.BackedUp})
	d.mustSignIn(t)
	story := []string{
		"phone_made Anna",
		"qr_read ", "connected ", "advertising ", "handshake_done ", "request_received make_credential", "asked create id.example.test", "agreed ", "reply_sent ok", "closed ",
		"qr_read ", "connected ", "advertising ", "handshake_done ", "request_received get_assertion", "asked sign_in id.example.test", "agreed ", "reply_sent ok", "closed ",
	}
	var told []string
	for _, e := range bed.Events(0) {
		if e.Phone == d.phone.ID() {
			told = append(told, e.Kind+" "+e.Detail)
		}
	}
	if !slices.Equal(told, story) {
		t.Errorf("the events are\n%s", history(bed, d.phone))
	}
	if s := d.scan.Status(); s.State != testbed.ScanEnded || s.Err != nil || s.Started.After(s.Read) || s.Read.After(s.Answered) {
		t.Errorf("the status is %+v", s)
	}
	if d.phone.Name() != "Anna" || d.phone.ID() != "phone-1" || d.scan.ID() != "scan-2" {
		t.Errorf("%s %s %s", d.phone.Name(), d.phone.ID(), d.scan.ID())
	}
}

// TestCreate has passkeys made by phones with faults, and each attestation checked.
func TestCreate(t *testing.T) {
	t.Parallel()
	bed := start(t)
	for _, row := range []struct {
		fault    testbed.Fault // "": none
		config   testbed.PhoneConfig
		refused  ctap2.StatusCode
		check    relyingparty.Check
		eligible bool
		backedUp bool
		count    uint32
	}{
		{},
		{config: testbed.PhoneConfig{Backup: authenticator.BackupEligible}, eligible: true},
		{config: testbed.PhoneConfig{Backup: authenticator.BackedUp}, eligible: true, backedUp: true},
		{config: testbed.PhoneConfig{Counting: true}, count: 1},
		{fault: testbed.BEFlipped, eligible: true},
		{fault: testbed.BEFlipped, config: testbed.PhoneConfig{Backup: authenticator.BackedUp}},
		{fault: testbed.CounterBack, config: testbed.PhoneConfig{Counting: true}, count: 1},
		{fault: testbed.UVCleared, check: relyingparty.CheckUserVerified},
		{fault: testbed.Declines, refused: ctap2.StatusOperationDenied},
		{fault: testbed.WrongPIN, refused: ctap2.StatusPINInvalid},
		{fault: testbed.AnswersStatus(ctap2.StatusKeyStoreFull), refused: ctap2.StatusKeyStoreFull},
		{fault: testbed.SlowUser(time.Millisecond)},
	} {
		for _, attestation := range []string{"none", "direct"} {
			t.Run(row.fault.String()+"/"+attestation, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, bed, row.config)
				if row.fault != "" {
					set(t, d.phone, row.fault)
				}
				r, err := d.create(t.Context(), attestation)
				switch {
				case row.refused != 0:
					if wrong := notAllowed(row.refused)(err); wrong != "" {
						t.Errorf("%v: %s", err, wrong)
					}
				case row.check != "":
					if e, ok := errors.AsType[*relyingparty.VerificationError](err); !ok || e.Check != row.check {
						t.Errorf("%v, want %s", err, row.check)
					}
				case err != nil:
					t.Error(err)
				case r.BackupEligible != row.eligible || r.BackupState != row.backedUp || r.SignCount != row.count:
					t.Errorf("%+v", r)
				case attestation == "direct" && r.AttestationFormat != "packed":
					t.Errorf("the attestation is %s", r.AttestationFormat)
				}
				if err := d.scan.Answered(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	t.Parallel()
	d := newDesk(t, start(t), testbed.PhoneConfig{})
	set(t, d.phone, testbed.WrongPIN, "slow_user_1000ms")
	for _, f := range []testbed.Fault{"nonsense", testbed.CounterBack, testbed.SlowUser(0), testbed.AnswersStatus(ctap2.StatusOK)} {
		if err := d.phone.SetFaults(testbed.NoAdvert, f); err == nil {
			t.Errorf("%s was taken", f)
		}
	}
	if got := d.phone.Faults(); !slices.Equal(got, []testbed.Fault{testbed.WrongPIN, testbed.SlowUser(time.Second)}) {
		t.Errorf("the faults are %v", got)
	}
	if err := d.phone.SetManner("sulk"); err == nil || d.phone.Manner() != testbed.Agree {
		t.Errorf("%v, and the manner is %s", err, d.phone.Manner())
	}
}

// TestFaultsAdd has a slow person who then declines.
func TestFaultsAdd(t *testing.T) {
	t.Parallel()
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{})
	set(t, d.phone, testbed.Declines, testbed.SlowUser(time.Millisecond))
	if _, err := d.signIn(t.Context()); notAllowed(ctap2.StatusOperationDenied)(err) != "" {
		t.Errorf("got %v", err)
	}
	var struck []string
	for _, e := range bed.Events(0) {
		if e.Kind == "fault" {
			struck = append(struck, e.Detail)
		}
	}
	if !slices.Equal(struck, []string{"slow_user_1ms", "declines"}) {
		t.Errorf("%q struck", struck)
	}
}

func TestManners(t *testing.T) {
	t.Parallel()
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{})
	if err := d.phone.SetManner(testbed.Decline); err != nil {
		t.Fatal(err)
	}
	if _, err := d.signIn(t.Context()); notAllowed(ctap2.StatusOperationDenied)(err) != "" {
		t.Errorf("who declines: %v", err)
	}
	if err := d.scan.Answered(t.Context()); err != nil {
		t.Errorf("a refusal is no answer: %v", err)
	}
	if err := d.phone.SetManner(testbed.Ask); err != nil {
		t.Fatal(err)
	}
	if err := d.phone.Answer(authenticator.Answer{Consented: true}); !errors.Is(err, testbed.ErrNoQuestion) {
		t.Errorf("an answer without a question: %v", err)
	}
	for _, row := range []struct {
		answer authenticator.Answer
		err    error
	}{
		{authenticator.Answer{Consented: true, Verified: true}, nil},
		{authenticator.Answer{Consented: true}, ctap2.StatusOperationDenied}, // the client platform wants to know who it is
		{authenticator.Answer{}, ctap2.StatusOperationDenied},
	} {
		signedIn := make(chan error, 1)
		go func() {
			_, err := d.signIn(t.Context())
			signedIn <- err
		}()
		q, err := d.phone.Question(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if q.Action != authenticator.ActionSignIn || q.RelyingParty.ID != rpID || len(q.Accounts) != 1 || q.Accounts[0].Name != "alice" {
			t.Errorf("the question is %+v", q)
		}
		if err := d.phone.Answer(row.answer); err != nil {
			t.Error(err)
		}
		if err := <-signedIn; !errors.Is(err, row.err) {
			t.Errorf("after %+v: %v, want %v", row.answer, err, row.err)
		}
		if err := d.scan.Asked(t.Context()); err != nil {
			t.Error(err)
		}
		if err := d.phone.Answer(row.answer); !errors.Is(err, testbed.ErrNoQuestion) {
			t.Errorf("a second answer: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.phone.Question(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("who waits no more for a question: %v", err)
	}
}

func TestVerifier(t *testing.T) {
	t.Parallel()
	d := created(t, start(t), testbed.PhoneConfig{Verifier: curious{}})
	d.mustSignIn(t)
	set(t, d.phone, testbed.Declines)
	if _, err := d.signIn(t.Context()); notAllowed(ctap2.StatusOperationDenied)(err) != "" {
		t.Errorf("who declines by a fault: %v", err)
	}
}

// curious agrees to what is asked, if it is a question.
type curious struct{}

func (curious) Verify(_ context.Context, q authenticator.Question) (authenticator.Answer, error) {
	yes := q.RelyingParty.ID == rpID && len(q.Accounts) > 0
	return authenticator.Answer{Consented: yes, Verified: yes}, nil
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	d := created(t, start(t), testbed.PhoneConfig{})
	passkeys := d.phone.Passkeys()
	if len(passkeys) != 1 || passkeys[0].RPID != rpID || passkeys[0].UserName != "alice" || passkeys[0].DisplayName != "Alice" ||
		passkeys[0].Created.IsZero() || !bytes.Equal(passkeys[0].ID, d.record.ID) {
		t.Errorf("the passkeys are %+v", passkeys)
	}
	if err := d.phone.Forget(passkeys[0].ID); err != nil {
		t.Error(err)
	}
	if err := d.phone.Forget(passkeys[0].ID); !errors.Is(err, authenticator.ErrNoCredential) {
		t.Errorf("forgotten twice: %v", err)
	}
	if _, err := d.signIn(t.Context()); notAllowed(ctap2.StatusNoCredentials)(err) != "" {
		t.Errorf("without a passkey: %v", err)
	}
}

// TestTwoPhones has two phones on one air, each with a client platform of its own.
func TestTwoPhones(t *testing.T) {
	t.Parallel()
	bed := start(t)
	desks := []*desk{created(t, bed, testbed.PhoneConfig{}), created(t, bed, testbed.PhoneConfig{})}
	met := make(chan error, len(desks))
	for _, d := range desks {
		go func() {
			_, err := d.signIn(t.Context())
			met <- err
		}()
	}
	for range desks {
		if err := <-met; err != nil {
			t.Error(err)
		}
	}
	// The other one's passkey is not on this phone.
	desks[0].record = desks[1].record
	if _, err := desks[0].signIn(t.Context()); err == nil {
		t.Error("a phone signed in with the passkey of another")
	}
}

func TestTextOfNoQRCode(t *testing.T) {
	t.Parallel()
	d := created(t, start(t), testbed.PhoneConfig{})
	last := d.scan
	for _, text := range []string{"", "FIDO:/", "FIDO:/12", "https://id.example.test"} {
		if s, err := d.phone.Scan(t.Context(), text); err == nil || s != nil {
			t.Errorf("%q was scanned", text)
		}
	}
	if err := last.Ended(t.Context()); err != nil {
		t.Errorf("what goes on was hung up: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.phone.Scan(ctx, someQRCode(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("too late: %v", err)
	}
}

// TestPowerOff has phones without a radio.
func TestPowerOff(t *testing.T) {
	t.Parallel()
	d := created(t, start(t), testbed.PhoneConfig{})
	d.bed.SetPower(false)
	s, err := d.phone.Scan(t.Context(), someQRCode(t))
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := errors.AsType[*ble.Error](s.Answered(t.Context())); !ok || e.Code != ble.CodePoweredOff {
		t.Errorf("got %v", s.Status().Err)
	}
	d.bed.SetPower(true)
	d.mustSignIn(t)
}

// TestNothingSecretIsTold: whoever reads a QR code can be the phone.
func TestNothingSecretIsTold(t *testing.T) {
	t.Parallel()
	needs(t, "Xvfb", "dbus-daemon")
	var log bytes.Buffer
	bed, err := testbed.Start(context.WithoutCancel(t.Context()), testbed.Config{
		Interval: 10 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, bed, testbed.PhoneConfig{})
	var secrets []string
	d.show = func(text string) error {
		qr, err := hybrid.ParseQRCode(text)
		if err != nil {
			return err
		}
		secrets = append(secrets, text, qr.Secret.TunnelID().Text())
		d.scan, err = d.phone.Scan(t.Context(), text)
		return err
	}
	_, created := d.create(t.Context(), "none")
	set(t, d.phone, testbed.Tunnel404)
	_, refused := d.signIn(t.Context())
	err = d.scan.Ended(t.Context())
	if created != nil || refused == nil || err == nil {
		t.Errorf("%v, %v, %v", created, refused, err)
	}
	told := history(bed, d.phone) + refused.Error() + err.Error()
	if err := bed.Close(); err != nil {
		t.Error(err)
	}
	told = strings.ToUpper(told + log.String())
	for _, secret := range secrets {
		if strings.Contains(told, strings.ToUpper(strings.TrimPrefix(secret, "FIDO:/"))) {
			t.Errorf("%s is told", secret)
		}
	}
	if !strings.Contains(told, "STAGE PASSED") || len(secrets) != 4 {
		t.Error("nothing is told at all")
	}
}
