package clientplatform_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
	"github.com/hitherauth/hither/tunnel"
)

// How it can fail once the phone is there, as the program's caller sees it.
func TestHostileJourneys(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		phone func(leave func()) ctap2.Authenticator
		edit  func(*room)
		want  clientplatform.Name
		cause error
	}{
		{"declined", byUser(declines), nil, clientplatform.NotAllowedError, ctap2.StatusOperationDenied},
		{"not_verified", byUser(func(context.Context, authenticator.Question) (authenticator.Answer, error) {
			return authenticator.Answer{Consented: true}, nil
		}), nil, clientplatform.NotAllowedError, ctap2.StatusOperationDenied},
		{"no_passkey", byUser(agrees), nil, clientplatform.NotAllowedError, ctap2.StatusNoCredentials},
		{"nobody_at_the_phone", func(func()) ctap2.Authenticator {
			return authenticator.New(authenticator.Config{Verifier: user(sleeps), UserTimeout: 50 * time.Millisecond})
		}, nil, clientplatform.NotAllowedError, ctap2.StatusUserActionTimeout},
		{"user_cannot_be_asked", byUser(func(context.Context, authenticator.Question) (authenticator.Answer, error) {
			return authenticator.Answer{}, errors.New("the screen is broken")
		}), nil, clientplatform.NotAllowedError, ctap2.StatusOther},
		{"phone_is_silent", byUser(sleeps), func(r *room) { r.Client.Limits.Request = 50 * time.Millisecond }, clientplatform.NotAllowedError, hybrid.ErrSilent},
		{"phone_leaves", func(leave func()) ctap2.Authenticator {
			return heldBy(func(ctx context.Context, q authenticator.Question) (authenticator.Answer, error) {
				leave()
				return sleeps(ctx, q)
			})
		}, nil, clientplatform.NotAllowedError, hybrid.ErrClosed},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			r := newRoom(t, nil)
			if row.edit != nil {
				row.edit(r)
			}
			conn := r.reach(ctx, t, row.phone(leave))
			defer conn.CloseNow() //nolint:errcheck // it was over before
			answer, err := newClient(t, testOrigin).Get(t.Context(), conn, request())
			failed(t, answer, err, row.want, row.cause)
		})
	}
	t.Run("program_gives_up", func(t *testing.T) {
		t.Parallel()
		r := newRoom(t, nil)
		conn := r.reach(t.Context(), t, heldBy(sleeps))
		defer conn.CloseNow() //nolint:errcheck // it was over before
		ctx, abort := context.WithCancelCause(t.Context())
		reason := errors.New("the window was closed")
		time.AfterFunc(20*time.Millisecond, func() { abort(reason) })
		answer, err := newClient(t, testOrigin).Get(ctx, conn, request())
		failed(t, answer, err, clientplatform.AbortError, reason)
	})
	t.Run("HYB-12_yes_after_the_program_has_gone", func(t *testing.T) {
		t.Parallel()
		r := newRoom(t, nil)
		store := &authenticator.MemoryStore{}
		ctx, abort := context.WithCancel(t.Context())
		defer abort()
		late := func(asked context.Context, _ authenticator.Question) (authenticator.Answer, error) {
			abort()
			<-asked.Done()
			return authenticator.Answer{Consented: true, Verified: true}, nil
		}
		// When the phone is through with it, which is after the test: see reach.
		t.Cleanup(func() {
			if all, err := store.All(context.Background()); err != nil || len(all) != 0 {
				t.Errorf("%d passkeys were made for nobody, %v", len(all), err)
			}
		})
		conn := r.reach(t.Context(), t, authenticator.New(authenticator.Config{Store: store, Verifier: user(late)}))
		defer conn.CloseNow() //nolint:errcheck // it was over before
		made, err := newClient(t, testOrigin).Create(ctx, conn, creation())
		failed(t, made, err, clientplatform.AbortError, context.Canceled)
	})
	t.Run("phone_asks_for_too_much", func(t *testing.T) {
		t.Parallel()
		p, own := enrolled(t)
		p.signed = func(a *ctap2.GetAssertionResponse) { a.Credential.ID = append(own.ID, 0) }
		r := newRoom(t, nil)
		conn := r.reach(t.Context(), t, p)
		defer conn.CloseNow() //nolint:errcheck // it was over before
		o := request()
		o.AllowCredentials = append(strangers(1), own)
		answer, err := newClient(t, testOrigin).Get(t.Context(), conn, o)
		failed(t, answer, err, clientplatform.UnknownError, nil)
	})
}

// byUser is a phone whose user does this.
func byUser(u user) func(func()) ctap2.Authenticator {
	return func(func()) ctap2.Authenticator { return heldBy(u) }
}

// A phone that is gone before it has a request: the program hears at which stage,
// if not from the road then from the first request.
func TestHostileJourneysThatDoNotBegin(t *testing.T) {
	t.Parallel()
	advertising := func(e hybrid.Event) bool { _, ok := e.(hybrid.Advertising); return ok }
	shakenHands := func(e hybrid.Event) bool { _, ok := e.(hybrid.HandshakeDone); return ok }
	for _, row := range []struct {
		name  string
		gone  func(hybrid.Event) bool // the phone, when it is told this; nil: never
		edit  func(*room)
		stage []hybrid.Stage // any of them
		cause error
	}{
		{"HYB-14_no_advert", nil, func(r *room) {
			r.Phone.Advertiser = &hybridtest.Ether{} // of another room
			r.Client.Limits.Proximity = 50 * time.Millisecond
		}, []hybrid.Stage{hybrid.StageProximity}, hybrid.ErrNoAdvert},
		{"radio_is_off", nil, func(r *room) { r.Ether.DeafScanner = true }, []hybrid.Stage{hybrid.StageProximity}, hybridtest.ErrRadio},
		{"tunnel_service_is_down", nil, func(r *room) {
			r.Client.Services = map[hybrid.Domain]tunnel.Service{hybridtest.Domain: {URL: "wss://127.0.0.1:1"}}
		}, []hybrid.Stage{hybrid.StageConnection}, nil},
		{"gone_when_found", advertising, nil, []hybrid.Stage{hybrid.StageConnection, hybrid.StageHandshake}, nil},
		{"gone_after_the_handshake", shakenHands, nil, []hybrid.Stage{hybrid.StageHandshake, hybrid.StagePostHandshake, hybrid.StageRequest}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			r := newRoom(t, nil)
			if row.edit != nil {
				row.edit(r)
			}
			r.Phone.Progress = func(e hybrid.Event) {
				if row.gone != nil && row.gone(e) {
					leave()
				}
			}
			conn, err := r.try(ctx, t, heldBy(agrees))
			if err == nil {
				defer conn.CloseNow() //nolint:errcheck // it was over before
				_, err = newClient(t, testOrigin).Get(t.Context(), conn, request())
			}
			e, ok := errors.AsType[*hybrid.Error](err)
			if !ok || !slices.Contains(row.stage, e.Stage) || row.cause != nil && !errors.Is(err, row.cause) {
				t.Errorf("got error %v, want stage %v", err, row.stage)
			}
		})
	}
}
