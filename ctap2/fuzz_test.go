package ctap2_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/internal/cbor"
)

// settled checks what holds for every decoder. An error is a short ParseError with
// a status to answer, beside the zero value, and is no status itself. What was
// accepted is written again as something that is read as the same, and says the same.
func settled[T appender](t *testing.T, b []byte, numbers int64, parse func([]byte) (T, error)) {
	t.Helper()
	kept := bytes.Clone(b)
	got, err := parse(b)
	if err != nil {
		var zero T
		malformed, ok := errors.AsType[*ctap2.ParseError](err)
		_, status := errors.AsType[ctap2.StatusCode](err)
		if !ok || status || malformed.Status == ctap2.StatusOK || len(err.Error()) > 200 || !cmp.Equal(got, zero) {
			t.Fatalf("%x: value %v, error %v", kept, got, err)
		}
		return
	}
	again, err := got.Append(nil)
	if err != nil || !same(decoded(t, kept), decoded(t, again), numbers) {
		t.Fatalf("%x\nis written again as\n%x, %v", kept, again, err)
	}
	clear(b)
	if reread, err := parse(again); err != nil || !cmp.Equal(got, reread) {
		t.Fatalf("%x\nis read as\n%+v, and once more as\n%+v, %v", kept, got, reread, err)
	}
}

func decoded(t *testing.T, b []byte) any {
	t.Helper()
	v, err := cbor.Message.Decode(b)
	if err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	return v
}

// same reports whether what was written again says what was read: nothing else is
// in it but empty names and statements, and of the members with the numbers 1 to
// numbers only those are gone that were empty.
func same(read, again any, numbers int64) bool {
	switch again := again.(type) {
	case map[any]any:
		read, ok := read.(map[any]any)
		for key, v := range again {
			of, present := read[key]
			if present && !same(of, v, 0) || !present && !empty(v) {
				return false
			}
		}
		for key, v := range read {
			_, present := again[key]
			if n, isNumber := key.(int64); isNumber && n >= 1 && n <= numbers && !present && !empty(v) {
				return false
			}
		}
		return ok
	case []any:
		read, ok := read.([]any)
		for i, v := range again {
			if len(again) != len(read) || !same(read[i], v, 0) {
				return false
			}
		}
		return ok
	default:
		return cmp.Equal(read, again)
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case map[any]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	default:
		return v == "" || v == false
	}
}

func fuzz[T appender](f *testing.F, numbers int64, parse func([]byte) (T, error), seeds ...appender) {
	f.Helper()
	for _, seed := range seeds {
		b, err := seed.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) { settled(t, b, numbers, parse) })
}

func FuzzParseMakeCredentialRequest(f *testing.F) {
	vectors, _ := readVectors()
	for _, v := range vectors {
		if v.Kind == "frame" && v.Expected.Type == 1 {
			f.Add(unhex(f, v.Expected.Payload)[1:])
		}
	}
	fuzz(f, 11, ctap2.ParseMakeCredentialRequest, makeCredentialRequest(), smallMakeCredentialRequest())
}

func FuzzParseMakeCredentialResponse(f *testing.F) {
	fuzz(f, 6, ctap2.ParseMakeCredentialResponse, makeCredentialResponse(), ctap2.MakeCredentialResponse{Format: "none", AuthenticatorData: []byte{0}})
}

func FuzzParseGetAssertionRequest(f *testing.F) {
	fuzz(f, 9, ctap2.ParseGetAssertionRequest, getAssertionRequest(), ctap2.GetAssertionRequest{RPID: "a"})
}

func FuzzParseGetAssertionResponse(f *testing.F) {
	fuzz(f, 8, ctap2.ParseGetAssertionResponse, getAssertionResponse(), ctap2.GetAssertionResponse{AuthenticatorData: []byte{0}, Signature: []byte{1}})
}

// Info is loss-free to the last byte, as long as nobody clears Raw.
func FuzzParseInfo(f *testing.F) {
	vectors, _ := readVectors()
	for _, v := range vectors {
		if v.Kind == "post_handshake" {
			f.Add(v.infoBytes(f))
		}
	}
	fuzz(f, 22, func(b []byte) (ctap2.Info, error) {
		i, err := ctap2.ParseInfo(b)
		if err == nil && !bytes.Equal(i.Raw, b) {
			return ctap2.Info{}, errors.New("raw bytes differ")
		}
		return i, err
	}, info(), ctap2.Info{})
}

func FuzzParsePRFInput(f *testing.F) {
	fuzz(f, 0, ctap2.ParsePRFInput, prfInput(), ctap2.PRFInput{})
}

func FuzzParsePRFOutput(f *testing.F) {
	fuzz(f, 0, ctap2.ParsePRFOutput, prfOutput(), ctap2.PRFOutput{Enabled: new(false)})
}

// Whatever comes, there is an answer: a refusal of one byte, or what the
// authenticator says, and it was asked exactly then.
func FuzzHandle(f *testing.F) {
	for command, seed := range map[ctap2.Command]appender{
		ctap2.CommandMakeCredential: makeCredentialRequest(), ctap2.CommandGetAssertion: getAssertionRequest(),
	} {
		b, err := seed.Append([]byte{byte(command)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{byte(ctap2.CommandGetInfo)})
	f.Fuzz(func(t *testing.T, b []byte) {
		a := willing()
		got := ctap2.Handle(context.Background(), a, b)
		if len(got) == 0 || (got[0] == byte(ctap2.StatusOK)) != (len(a.asked) == 1) || got[0] != byte(ctap2.StatusOK) && len(got) != 1 {
			t.Fatalf("%x: answer %x, asked %d times", b, got, len(a.asked))
		}
	})
}
