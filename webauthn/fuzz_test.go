package webauthn_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// seeds hands the published vectors to a fuzz target, if they are there. The
// target has seeds of its own besides.
func seeds(f *testing.F, add func(vector)) {
	f.Helper()
	vectors, err := readVectors()
	if err != nil {
		f.Log("published vectors not found, set HITHER_VECTORS to their folder: ", err)
		return
	}
	for _, v := range vectors {
		add(v)
	}
}

// decoded is the bytes of a seed; none when it has none.
func decoded(text string) []byte {
	b, err := webauthn.ParseBase64URL(text)
	if err != nil {
		return nil
	}
	return b
}

// settled checks what holds for every decoder: an error is a ParseError beside
// the zero value. It reports whether the input was accepted.
func settled[T any](t *testing.T, got T, err error) bool {
	t.Helper()
	if err == nil {
		return true
	}
	var malformed *webauthn.ParseError
	if !errors.As(err, &malformed) || malformed.Err == nil || len(err.Error()) > 200 {
		t.Fatalf("error %v is no short ParseError", err)
	}
	var zero T
	if !reflect.DeepEqual(got, zero) {
		t.Fatalf("value %v beside error %v", got, err)
	}
	return false
}

// encodeAuthenticatorData writes what was read once more.
func encodeAuthenticatorData(a webauthn.AuthenticatorData) []byte {
	b := append(a.RPIDHash[:], byte(a.Flags))
	b = binary.BigEndian.AppendUint32(b, a.SignCount)
	if c := a.AttestedCredential; c != nil {
		b = append(b, c.AAGUID[:]...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(c.CredentialID)))
		b = append(b, c.CredentialID...)
		b = append(b, c.PublicKey.Raw...)
	}
	return append(b, a.Extensions...)
}

func encodeAttestationObject(o webauthn.AttestationObject) []byte {
	return webauthntest.CBORMap(
		webauthntest.CBORText("fmt"), webauthntest.CBORText(o.Format),
		webauthntest.CBORText("attStmt"), o.Statement,
		webauthntest.CBORText("authData"), webauthntest.CBORBytes(o.AuthenticatorData.Raw),
	)
}

func FuzzParseRegistrationResponse(f *testing.F) {
	f.Add(registration(f, webauthntest.Config{}))
	f.Add(registration(f, webauthntest.Config{Attestation: webauthntest.AttestationPacked}))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"transports":["usb",1]},"clientExtensionResults":{"credProps":{"rk":true}}}`))
	seeds(f, func(v vector) { f.Add(v.registration()) })
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := webauthn.ParseRegistrationResponse(b)
		if !settled(t, got, err) {
			return
		}
		c, err := webauthn.ParseClientData(got.ClientData.Raw)
		if err != nil || !reflect.DeepEqual(c, got.ClientData) {
			t.Fatalf("client data read again: %v, %v", c, err)
		}
		o, err := webauthn.ParseAttestationObject(got.AttestationObject.Raw)
		if err != nil || !reflect.DeepEqual(o, got.AttestationObject) {
			t.Fatalf("attestation object read again: %v, %v", o, err)
		}
		if n := len(got.CredentialID); n < 1 || n > 1023 || len(got.Transports) > 6 {
			t.Fatalf("%d bytes of id, transports %v", n, got.Transports)
		}
	})
}

func FuzzParseAuthenticationResponse(f *testing.F) {
	f.Add(authentication(f))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","authenticatorAttachment":null,"response":{"userHandle":null,"signature":"AA"}}`))
	seeds(f, func(v vector) { f.Add(v.authentication()) })
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := webauthn.ParseAuthenticationResponse(b)
		if !settled(t, got, err) {
			return
		}
		c, err := webauthn.ParseClientData(got.ClientData.Raw)
		if err != nil || !reflect.DeepEqual(c, got.ClientData) {
			t.Fatalf("client data read again: %v, %v", c, err)
		}
		if !bytes.Equal(encodeAuthenticatorData(got.AuthenticatorData), got.AuthenticatorData.Raw) {
			t.Fatalf("authenticator data %x is read as %v", got.AuthenticatorData.Raw, got.AuthenticatorData)
		}
		if n := len(got.CredentialID); n < 1 || n > 1023 || len(got.Signature) == 0 || len(got.UserHandle) > 64 {
			t.Fatalf("id %x, signature %x, user handle %x", got.CredentialID, got.Signature, got.UserHandle)
		}
	})
}

// What we accept encoding/json reads in the same way: no parser behind ours can
// see another challenge or origin.
func FuzzParseClientData(f *testing.F) {
	f.Add([]byte(`{"type":"webauthn.get","challenge":"AAEC","origin":"https://id.example","crossOrigin":true,"topOrigin":"https://top.example"}`))
	f.Add([]byte("\ufeff" + `{"type":"","Type":"x","challenge":"\u0041","origin":"","x":[{"a":null}]}`))
	seeds(f, func(v vector) { f.Add(decoded(v.Registration.ClientData)) })
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := webauthn.ParseClientData(b)
		if !settled(t, got, err) {
			return
		}
		if !bytes.Equal(got.Raw, b) {
			t.Fatalf("raw %q", got.Raw)
		}
		var other map[string]any
		if err := json.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), &other); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", b, err)
		}
		top, _ := other["topOrigin"].(string)
		cross, _ := other["crossOrigin"].(bool)
		if other["type"] != got.Type || other["challenge"] != got.Challenge || other["origin"] != got.Origin ||
			top != got.TopOrigin || cross != got.CrossOrigin {
			t.Fatalf("%q: got %v, encoding/json reads %v", b, got, other)
		}
	})
}

func FuzzParseAuthenticatorData(f *testing.F) {
	f.Add(make([]byte, 37))
	f.Add(attested(func(d *webauthntest.AuthenticatorData) { d.SetExtensions(extensions()) }))
	seeds(f, func(v vector) { f.Add(decoded(v.Assertion.AuthenticatorData)) })
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := webauthn.ParseAuthenticatorData(b)
		if !settled(t, got, err) {
			return
		}
		if !bytes.Equal(encodeAuthenticatorData(got), b) || !bytes.Equal(got.Raw, b) {
			t.Fatalf("%x is read as %v", b, got)
		}
	})
}

func FuzzParseAttestationObject(f *testing.F) {
	f.Add(object(func(*webauthntest.CBORObject) {}))
	f.Add(object(format("compound", webauthntest.CBORArray(webauthntest.CBORMap()))))
	f.Add(object(member(2, webauthntest.CBORBytes(attested(func(*webauthntest.AuthenticatorData) {})))))
	seeds(f, func(v vector) { f.Add(decoded(v.Registration.AttestationObject)) })
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := webauthn.ParseAttestationObject(b)
		if !settled(t, got, err) {
			return
		}
		if !bytes.Equal(encodeAttestationObject(got), b) || !bytes.Equal(got.Raw, b) {
			t.Fatalf("%x is read as %v", b, got)
		}
		if data := got.AuthenticatorData; !bytes.Equal(encodeAuthenticatorData(data), data.Raw) {
			t.Fatalf("authenticator data %x is read as %v", data.Raw, data)
		}
	})
}

func FuzzParseCOSEKey(f *testing.F) {
	x := []byte{1}
	f.Add(pairs(1, 2, 3, -7, -1, 1, -2, x, -3, x))
	f.Add(pairs(1, 1, 3, -8, -1, 6, -2, x))
	f.Add(pairs(1, 3, 3, -257, -1, x, -2, x))
	f.Add(pairs(1, 7, 3, -48, -1, x))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := webauthn.ParseCOSEKey(b)
		if !settled(t, got, err) {
			return
		}
		again := map[int64][]byte{
			1: pairs(1, int(got.KeyType), 3, int(got.Algorithm), -1, int(got.Curve), -2, got.X),
			2: pairs(1, int(got.KeyType), 3, int(got.Algorithm), -1, int(got.Curve), -2, got.X, -3, got.Y),
			3: pairs(1, int(got.KeyType), 3, int(got.Algorithm), -1, got.N, -2, got.E),
		}[got.KeyType]
		// A key with other members is longer than what was read of it.
		if !bytes.Equal(got.Raw, b) || len(again) >= len(b) && !bytes.Equal(again, b) {
			t.Fatalf("%x is read as %v", b, got)
		}
	})
}

func FuzzParseBase64URL(f *testing.F) {
	for _, s := range []string{"", "AA", "AB", "AA==", "-_8", "+/8", "AAAA\n", "A"} {
		f.Add(s)
	}
	seeds(f, func(v vector) { f.Add(v.Registration.ClientData) })
	f.Fuzz(func(t *testing.T, s string) {
		got, err := webauthn.ParseBase64URL(s)
		if settled(t, got, err) && got.String() != s {
			t.Fatalf("%q is read as %q", s, got)
		}
	})
}

func FuzzParseAAGUID(f *testing.F) {
	f.Add("ee882879-721c-4913-9775-3dfcce97072a")
	f.Add("EE882879-721C-4913-9775-3DFCCE97072A")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := webauthn.ParseAAGUID(s)
		if !settled(t, got, err) {
			return
		}
		if again, err := webauthn.ParseAAGUID(got.String()); err != nil || again != got || len(s) != len(got.String()) {
			t.Fatalf("%q is read as %v", s, got)
		}
	})
}
