package ctap2_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/ctap2"
)

// spoken is an authenticator that says what it was told to, and remembers what it
// was asked.
type spoken struct {
	info     ctap2.Info
	made     ctap2.MakeCredentialResponse
	asserted ctap2.GetAssertionResponse
	err      error
	asked    []any
}

func willing() *spoken {
	return &spoken{info: info(), made: makeCredentialResponse(), asserted: getAssertionResponse()}
}

func (s *spoken) GetInfo(context.Context) (ctap2.Info, error) {
	s.asked = append(s.asked, "info")
	return s.info, s.err
}

func (s *spoken) MakeCredential(_ context.Context, q ctap2.MakeCredentialRequest) (ctap2.MakeCredentialResponse, error) {
	s.asked = append(s.asked, q)
	return s.made, s.err
}

func (s *spoken) GetAssertion(_ context.Context, q ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
	s.asked = append(s.asked, q)
	return s.asserted, s.err
}

// remote is a at the other end of a road without length.
func remote(a ctap2.Authenticator) *ctap2.Remote {
	return ctap2.NewRemote(info(), func(ctx context.Context, request []byte) ([]byte, error) {
		return ctap2.Handle(ctx, a, request), nil
	})
}

// What goes in at one end comes out at the other.
func TestHandleAndRemote(t *testing.T) {
	t.Parallel()
	a := willing()
	r := remote(a)
	if got, err := r.GetInfo(t.Context()); err != nil || !cmp.Equal(got, info()) {
		t.Errorf("info: %v, %v", got, err)
	}
	if len(a.asked) > 0 {
		t.Error("the other end was asked for its info, at which an iPhone hangs up")
	}
	made, err := r.MakeCredential(t.Context(), makeCredentialRequest())
	if diff := cmp.Diff(made, makeCredentialResponse()); err != nil || diff != "" {
		t.Errorf("MakeCredential: %v (-got +want)\n%s", err, diff)
	}
	asserted, err := r.GetAssertion(t.Context(), getAssertionRequest())
	if diff := cmp.Diff(asserted, getAssertionResponse()); err != nil || diff != "" {
		t.Errorf("GetAssertion: %v (-got +want)\n%s", err, diff)
	}
	if diff := cmp.Diff(a.asked, []any{makeCredentialRequest(), getAssertionRequest()}); diff != "" {
		t.Errorf("asked: (-got +want)\n%s", diff)
	}
	b := ctap2.Handle(t.Context(), a, []byte{byte(ctap2.CommandGetInfo)})
	if got, err := ctap2.ParseInfo(b[1:]); err != nil || b[0] != 0 || got.AAGUID != info().AAGUID {
		t.Errorf("info over the road: %x, %v", b, err)
	}
}

// A refusal crosses the road as it is, whichever of the 255 it is. Everything else
// that can go wrong with the other end is not for strangers.
func TestRefusalsCrossTheRoad(t *testing.T) {
	t.Parallel()
	for n := range 256 {
		code := ctap2.StatusCode(n)
		want := code
		if code == ctap2.StatusOK { // no error can mean this
			want = ctap2.StatusOther
		}
		for _, err := range []error{code, fmt.Errorf("no: %w", code)} {
			a := willing()
			a.err = err
			_, err = remote(a).GetAssertion(t.Context(), getAssertionRequest())
			if got, ok := errors.AsType[ctap2.StatusCode](err); !ok || got != want {
				t.Errorf("0x%02x arrives as %v", n, err)
			}
		}
	}
	a := willing()
	a.err = errors.New("the disk is full")
	if got := ctap2.Handle(t.Context(), a, []byte{byte(ctap2.CommandGetInfo)}); len(got) != 1 || got[0] != byte(ctap2.StatusOther) {
		t.Errorf("an error of its own is answered with %x", got)
	}
	a = willing()
	a.made.Statement = []byte{0xff}
	if _, err := remote(a).MakeCredential(t.Context(), makeCredentialRequest()); !errors.Is(err, ctap2.StatusOther) {
		t.Errorf("a response that cannot be written arrives as %v", err)
	}
}

// Where there was no answer, no error is a status code.
func TestHostileRoads(t *testing.T) {
	t.Parallel()
	down := errors.New("the road is down")
	for name, row := range map[string]struct {
		response []byte
		err      error
	}{
		"HYB-12_error":              {nil, down},
		"HYB-12_nothing":            {nil, nil},
		"HYB-12_success_and_no_map": {[]byte{0}, nil},
		"HYB-12_no_canonical_map":   {[]byte{0, 0xbf, 0xff}, nil},
		"HYB-12_map_of_nothing":     {[]byte{0, 0xa0}, nil},
		"HYB-12_two_maps":           {[]byte{0, 0xa0, 0xa0}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := ctap2.NewRemote(ctap2.Info{}, func(context.Context, []byte) ([]byte, error) { return row.response, row.err })
			made, err := r.MakeCredential(t.Context(), makeCredentialRequest())
			noAnswer(t, made, err, row.err)
			asserted, err := r.GetAssertion(t.Context(), getAssertionRequest())
			noAnswer(t, asserted, err, row.err)
		})
	}
	r := remote(willing())
	_, err := r.MakeCredential(t.Context(), ctap2.MakeCredentialRequest{})
	if malformed, ok := errors.AsType[*ctap2.ParseError](err); !ok || malformed.Member != "rp.id" {
		t.Errorf("a request without RP ID: %v", err)
	}
}

func noAnswer[T any](t *testing.T, got T, err, want error) {
	t.Helper()
	var zero T
	_, malformed := errors.AsType[*ctap2.ParseError](err)
	_, refused := errors.AsType[ctap2.StatusCode](err)
	if refused || malformed != (want == nil) || want != nil && !errors.Is(err, want) || !cmp.Equal(got, zero) {
		t.Errorf("got %v, %v", got, err)
	}
}
