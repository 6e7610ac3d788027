package testbed_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/testbed"
	"github.com/hitherauth/hither/tunnel"
)

// outcome is what comes of signing in with a phone that has a fault.
type outcome struct {
	fault testbed.Fault
	// browser says what is wrong with the client platform's error. It is not asked when
	// the relying party is the one to notice.
	browser func(error) string
	// check is what the relying party refuses by; "": it is not reached, or signs in.
	check relyingparty.Check
	// phone is why there was no answer; nil: there was.
	phone error
}

func outcomes() []outcome {
	return []outcome{
		{fault: testbed.NoAdvert, browser: fails(hybrid.StageProximity, hybrid.ErrNoAdvert), phone: testbed.ErrHungUp},
		{fault: testbed.WrongKey, browser: fails(hybrid.StageProximity, hybrid.ErrNoAdvert), phone: testbed.ErrHungUp},
		// Our client platform reads adverts of CTAP 2.3.
		{fault: testbed.AdvertSuffix, browser: signsIn},
		{fault: testbed.Tunnel404, browser: turnedAway(404), phone: testbed.ErrTurnedAway},
		{fault: testbed.Tunnel410, browser: turnedAway(410), phone: testbed.ErrTurnedAway},
		{fault: testbed.Tunnel503, browser: turnedAway(503), phone: testbed.ErrTurnedAway},
		{fault: testbed.DropConnection, browser: fails(hybrid.StageHandshake, hybrid.ErrClosed), phone: testbed.ErrDropped},
		{fault: testbed.DropHandshake, browser: fails(hybrid.StagePostHandshake, hybrid.ErrClosed), phone: testbed.ErrDropped},
		{fault: testbed.DropRequest, browser: notAllowed(hybrid.ErrClosed), phone: testbed.ErrDropped},
		{fault: testbed.AnswersStatus(ctap2.StatusOperationDenied), browser: notAllowed(ctap2.StatusOperationDenied)},
		{fault: testbed.WrongPIN, browser: notAllowed(ctap2.StatusPINInvalid)},
		{fault: testbed.SlowUser(20 * time.Millisecond), browser: signsIn},
		{fault: testbed.Declines, browser: notAllowed(ctap2.StatusOperationDenied)},
		{fault: testbed.UVCleared, check: relyingparty.CheckUserVerified},
		{fault: testbed.BEFlipped, check: relyingparty.CheckBackupEligible},
		{fault: testbed.CounterBack, check: relyingparty.CheckSignCount},
	}
}

// kind is a fault without its parameter.
func kind(f testbed.Fault) string {
	for _, prefix := range []string{"ctap_0x", "slow_user_"} {
		if strings.HasPrefix(f.String(), prefix) {
			return prefix
		}
	}
	return f.String()
}

// TestFaults has each fault strike between two sign-ins without one.
func TestFaults(t *testing.T) {
	t.Parallel()
	bed := start(t)
	rows := outcomes()
	for _, f := range testbed.Faults() {
		if !slices.ContainsFunc(rows, func(o outcome) bool { return kind(o.fault) == kind(f) }) {
			t.Errorf("%s has no row", f)
		}
	}
	for _, row := range rows {
		t.Run(row.fault.String(), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bed, testbed.PhoneConfig{Backup: authenticator.BackedUp, Counting: true})
			if _, err := d.create(t.Context(), "none"); err != nil {
				t.Fatal(err)
			}
			// The first one after the passkey was made: there is no other to stand on.
			row.strike(t, d)
			d.mustSignIn(t)
			row.strike(t, d)
			d.mustSignIn(t)
		})
	}
}

func (o outcome) strike(t *testing.T, d *desk) {
	t.Helper()
	if err := d.phone.SetFaults(o.fault); err != nil {
		t.Fatal(err)
	}
	if errors.Is(o.phone, testbed.ErrHungUp) {
		d.proximity = 300 * time.Millisecond // for what never comes
		defer func() { d.proximity = 0 }()
	}
	_, err := d.signIn(t.Context())
	if o.check != "" {
		refused, ok := errors.AsType[*relyingparty.VerificationError](err)
		if !ok || refused.Check != o.check {
			t.Errorf("the relying party says %v, want %s", err, o.check)
		}
	} else if wrong := o.browser(err); wrong != "" {
		t.Errorf("the client platform says %v: %s", err, wrong)
	}
	if errors.Is(o.phone, testbed.ErrHungUp) {
		_ = d.scan.Close()
	}
	if err := d.scan.Answered(t.Context()); !errors.Is(err, o.phone) {
		t.Errorf("the phone says %v, want %v", err, o.phone)
	}
	if err := d.scan.Ended(t.Context()); !errors.Is(err, o.phone) {
		t.Errorf("the phone ends with %v, want %v", err, o.phone)
	}
	if !slices.ContainsFunc(d.bed.Events(0), func(e testbed.Event) bool {
		return e.Scan == d.scan.ID() && e.Kind == "fault" && e.Detail == o.fault.String()
	}) {
		t.Errorf("no event says that the fault struck:\n%s", history(d.bed, d.phone))
	}
}

// TestAdverts says what is on the air of a bed with a phone whose radio is at fault.
func TestAdverts(t *testing.T) {
	t.Parallel()
	for fault, want := range map[testbed.Fault][]int{
		testbed.NoAdvert: nil, testbed.WrongKey: {20}, testbed.AdvertSuffix: {21},
	} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, start(t), testbed.PhoneConfig{})
			if err := d.phone.SetFaults(fault); err != nil {
				t.Fatal(err)
			}
			d.proximity = 300 * time.Millisecond
			if conn, err := d.meet(t.Context()); err == nil {
				_ = conn.Close()
			}
			if got := d.lengths(); !slices.Equal(got, want) {
				t.Errorf("adverts of %v bytes were heard, want %v", got, want)
			}
		})
	}
}

func signsIn(err error) string {
	if err != nil {
		return "it should sign in"
	}
	return ""
}

// fails wants the transport to fail at a stage.
func fails(stage hybrid.Stage, cause error) func(error) string {
	return func(err error) string {
		e, ok := errors.AsType[*hybrid.Error](err)
		if !ok || e.Stage != stage || !errors.Is(err, cause) {
			return fmt.Sprintf("want %v at the stage %s", cause, stage)
		}
		return ""
	}
}

// turnedAway wants the tunnel service's answer.
func turnedAway(status int) func(error) string {
	return func(err error) string {
		e, ok := errors.AsType[*tunnel.StatusError](err)
		if !ok || e.Status != status {
			return fmt.Sprintf("want status %d", status)
		}
		return fails(hybrid.StageConnection, e)(err)
	}
}

// notAllowed wants the exception that pages get for nearly everything.
func notAllowed(cause error) func(error) string {
	return func(err error) string {
		e, ok := errors.AsType[*clientplatform.Error](err)
		if !ok || e.Name != clientplatform.NotAllowedError || !errors.Is(err, cause) {
			return fmt.Sprintf("want a NotAllowedError because of %v", cause)
		}
		return ""
	}
}
