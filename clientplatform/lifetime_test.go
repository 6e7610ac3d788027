package clientplatform_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// patient is an authenticator whose user never comes.
type patient struct{ phone }

func (p *patient) MakeCredential(ctx context.Context, _ ctap2.MakeCredentialRequest) (ctap2.MakeCredentialResponse, error) {
	<-ctx.Done()
	return ctap2.MakeCredentialResponse{}, ctap2.StatusKeepaliveCancel
}

func (p *patient) GetAssertion(ctx context.Context, _ ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
	<-ctx.Done()
	return ctap2.GetAssertionResponse{}, ctx.Err()
}

func TestLifetime(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name          string
		timeout, want time.Duration
	}{
		{"none", 0, 5 * time.Minute},
		{"too_short", time.Second, 5 * time.Minute},
		{"in_range", 7 * time.Minute, 7 * time.Minute},
		{"too_long", 24 * time.Hour, 10 * time.Minute},
		{"negative", -time.Hour, 5 * time.Minute},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, p, start := newClient(t, testOrigin), &patient{*newPhone(webauthntest.Config{})}, time.Now()
				o := creation()
				o.Timeout = webauthn.Milliseconds(row.timeout)
				made, err := client.Create(t.Context(), p, o)
				failed(t, made, err, clientplatform.NotAllowedError, clientplatform.ErrTimeout)
				if got := time.Since(start); got != row.want {
					t.Errorf("waited %s, want %s", got, row.want)
				}
				q := request()
				q.Timeout = webauthn.Milliseconds(row.timeout)
				signed, err := client.Get(t.Context(), p, q)
				failed(t, signed, err, clientplatform.NotAllowedError, clientplatform.ErrTimeout)
				if got := time.Since(start); got != 2*row.want {
					t.Errorf("waited %s, want %s", got, 2*row.want)
				}
			})
		})
	}
}

// A program that gives up, before or meanwhile, hears its own reason.
func TestAbort(t *testing.T) {
	t.Parallel()
	reason := errors.New("the window was closed")
	client := newClient(t, testOrigin)
	ctx, abort := context.WithCancelCause(t.Context())
	abort(reason)
	p := newPhone(webauthntest.Config{})
	made, err := client.Create(ctx, p, creation())
	failed(t, made, err, clientplatform.AbortError, reason)
	signed, err := client.Get(ctx, p, request())
	failed(t, signed, err, clientplatform.AbortError, reason)
	if p.creations != nil || p.assertions != nil {
		t.Error("the authenticator was asked")
	}
	synctest.Test(t, func(t *testing.T) {
		p := &patient{*newPhone(webauthntest.Config{})}
		ctx, abort := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { abort(reason) })
		made, err := client.Create(ctx, p, creation())
		failed(t, made, err, clientplatform.AbortError, reason)
		short, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		signed, err := client.Get(short, p, request())
		failed(t, signed, err, clientplatform.AbortError, context.DeadlineExceeded)
	})
}
