package ctap2_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/ctap2"
)

type appender interface {
	Append(b []byte) ([]byte, error)
}

// roundTrip writes v behind something, reads it, and writes what was read: nothing
// may be lost on either way.
func roundTrip[T appender](v T, parse func([]byte) (T, error)) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		b, err := v.Append([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		b, ok := bytes.CutPrefix(b, []byte("before"))
		if !ok {
			t.Fatalf("what was there is gone: %x", b)
		}
		kept := bytes.Clone(b)
		got, err := parse(b)
		if err != nil {
			t.Fatal(err)
		}
		clear(b) // no memory is shared
		want := any(v)
		if i, ok := want.(ctap2.Info); ok {
			i.Raw = kept
			want = i
		}
		if diff := cmp.Diff(any(got), want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
		again, err := got.Append(nil)
		if err != nil || !bytes.Equal(again, kept) {
			t.Errorf("written again: %x, %v; want %x", again, err, kept)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	none := []byte{0xa0}
	t.Run("make_credential_request", roundTrip(makeCredentialRequest(), ctap2.ParseMakeCredentialRequest))
	t.Run("small_make_credential_request", roundTrip(smallMakeCredentialRequest(), ctap2.ParseMakeCredentialRequest))
	t.Run("make_credential_response", roundTrip(makeCredentialResponse(), ctap2.ParseMakeCredentialResponse))
	t.Run("small_make_credential_response", roundTrip(ctap2.MakeCredentialResponse{
		Format: "none", AuthenticatorData: []byte{0}, Statement: none,
	}, ctap2.ParseMakeCredentialResponse))
	t.Run("compound_make_credential_response", roundTrip(ctap2.MakeCredentialResponse{
		Format: "compound", AuthenticatorData: []byte{0}, Statement: []byte("\x81\xa0"),
	}, ctap2.ParseMakeCredentialResponse))
	t.Run("get_assertion_request", roundTrip(getAssertionRequest(), ctap2.ParseGetAssertionRequest))
	t.Run("small_get_assertion_request", roundTrip(ctap2.GetAssertionRequest{RPID: "a"}, ctap2.ParseGetAssertionRequest))
	t.Run("get_assertion_response", roundTrip(getAssertionResponse(), ctap2.ParseGetAssertionResponse))
	t.Run("small_get_assertion_response", roundTrip(ctap2.GetAssertionResponse{
		AuthenticatorData: []byte{0}, Signature: []byte{1},
	}, ctap2.ParseGetAssertionResponse))
	t.Run("info", roundTrip(info(), ctap2.ParseInfo))
	t.Run("small_info", roundTrip(ctap2.Info{}, ctap2.ParseInfo))
	t.Run("prf_input", roundTrip(prfInput(), ctap2.ParsePRFInput))
	t.Run("small_prf_input", roundTrip(ctap2.PRFInput{}, ctap2.ParsePRFInput))
	t.Run("prf_output", roundTrip(prfOutput(), ctap2.ParsePRFOutput))
	t.Run("prf_output_of_one", roundTrip(ctap2.PRFOutput{Results: &ctap2.PRFResults{}}, ctap2.ParsePRFOutput))
	t.Run("small_prf_output", roundTrip(ctap2.PRFOutput{}, ctap2.ParsePRFOutput))
}

// What is absent, or there and empty, is read as one and the same.
func TestAbsentIsEmpty(t *testing.T) {
	t.Parallel()
	for _, b := range []string{"\xa2\x01\x64none\x02\x41\x00", "\xa4\x01\x64none\x02\x41\x00\x03\xa0\x06\xa0"} {
		got, err := ctap2.ParseMakeCredentialResponse([]byte(b))
		want := ctap2.MakeCredentialResponse{Format: "none", AuthenticatorData: []byte{0}, Statement: []byte{0xa0}}
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%x: %v (-got +want)\n%s", b, err, diff)
		}
	}
}
