package hybrid_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
)

// attentive is a user who remembers what they were asked, and says no.
type attentive struct {
	asked atomic.Pointer[authenticator.Question]
}

func (u *attentive) Verify(_ context.Context, q authenticator.Question) (authenticator.Answer, error) {
	u.asked.Store(&q)
	return authenticator.Answer{}, nil
}

// The QR code of an attacker is shown to a victim, on a page that looks like one they know.
func TestHostileRelayedQRCode(t *testing.T) {
	t.Parallel()
	t.Run("HYB-16_shown_to_somebody_far_away", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		victims := &hybridtest.Ether{}
		scene.Phone.Advertiser = victims // where the attacker is not
		scene.Client.Limits.Proximity = 200 * time.Millisecond
		scene.Phone.Limits.Arrival = 400 * time.Millisecond
		victim := &attentive{}
		ended := scene.Scan(t, authenticator.New(authenticator.Config{Verifier: victim}))

		_, err := hybrid.Initiate(t.Context(), scene.Client)
		requireFailure(t, err, hybrid.StageProximity, hybrid.ErrNoAdvert)
		requireFailure(t, <-ended, hybrid.StageProximity, hybrid.ErrSilent)
		if len(victims.Sent()) != 1 {
			t.Errorf("the phone has sent %d adverts, not 1: this test tries nothing", len(victims.Sent()))
		}
		if q := victim.asked.Load(); q != nil {
			t.Errorf("the victim was asked: %+v", *q)
		}
	})
	t.Run("HYB-16_shown_by_somebody_in_the_same_room", func(t *testing.T) {
		t.Parallel()
		scene := hybridtest.NewScene(t)
		victim := &attentive{}
		scene.Scan(t, authenticator.New(authenticator.Config{Verifier: victim}))
		conn, err := hybrid.Initiate(t.Context(), scene.Client)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow() //nolint:errcheck // it returns nil
		_, err = conn.GetAssertion(t.Context(), ctap2.GetAssertionRequest{RPID: "bank.example"})
		if !errors.Is(err, ctap2.StatusOperationDenied) {
			t.Errorf("got %v, not a refusal", err)
		}
		if q := victim.asked.Load(); q == nil || q.RelyingParty.ID != "bank.example" {
			t.Errorf("the victim was asked %+v, without the relying party", q)
		}
	})
}

func requireFailure(t *testing.T, err error, stage hybrid.Stage, cause error) {
	t.Helper()
	failed, ok := errors.AsType[*hybrid.Error](err)
	if !ok || failed.Stage != stage || !errors.Is(err, cause) {
		t.Errorf("got %v, want %v at stage %s", err, cause, stage)
	}
}
