package clientplatform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// silentless is an authenticator that never answers without its user.
type silentless struct{ *phone }

func (s *silentless) GetAssertion(ctx context.Context, q ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
	if up, ok := q.Options["up"]; ok && !up {
		return ctap2.GetAssertionResponse{}, ctap2.StatusUPRequired
	}
	return s.phone.GetAssertion(ctx, q)
}

type dataEdit = func(*webauthntest.AuthenticatorData)

// brokenData are things that must be right in either answer.
func brokenData() map[string]dataEdit {
	return map[string]dataEdit{
		"another_rp_id":         func(d *webauthntest.AuthenticatorData) { d.RPIDHash[31] ^= 1 },
		"nobody_present":        func(d *webauthntest.AuthenticatorData) { d.Flags &^= webauthntest.FlagUserPresent },
		"nobody_verified":       func(d *webauthntest.AuthenticatorData) { d.Flags &^= webauthntest.FlagUserVerified },
		"backed_up_and_not_so":  func(d *webauthntest.AuthenticatorData) { d.Flags |= webauthntest.FlagBackupState },
		"bytes_left_over":       func(d *webauthntest.AuthenticatorData) { d.Trailing = []byte{0} },
		"extensions_not_there":  func(d *webauthntest.AuthenticatorData) { d.Flags |= webauthntest.FlagExtensionData },
		"extensions_are_no_map": func(d *webauthntest.AuthenticatorData) { d.SetExtensions(webauthntest.CBORText("x")) },
		"data_of_9_kib":         func(d *webauthntest.AuthenticatorData) { d.Trailing = make([]byte, 9<<10) },
		"rp_id_hash_of_nothing": func(d *webauthntest.AuthenticatorData) { d.RPIDHash = make([]byte, 32) },
		"short_data":            func(d *webauthntest.AuthenticatorData) { d.RPIDHash = nil; d.Attested = nil },
		"attested_flag_turned":  func(d *webauthntest.AuthenticatorData) { d.Flags ^= webauthntest.FlagAttestedCredentialData },
		"attested_data_turned":  turnAttested,
		"attested_flag_and_turned": func(d *webauthntest.AuthenticatorData) {
			d.Flags ^= webauthntest.FlagAttestedCredentialData
			turnAttested(d)
		},
	}
}

// turnAttested takes the new credential away, or puts one where there was none.
func turnAttested(d *webauthntest.AuthenticatorData) {
	if d.Attested != nil {
		d.Attested = nil
		return
	}
	key := webauthntest.CBORMap(webauthntest.CBORInt(1), webauthntest.CBORInt(7), webauthntest.CBORInt(3), webauthntest.CBORInt(-48))
	d.Attested = &webauthntest.AttestedCredential{AAGUID: make([]byte, 16), CredentialID: []byte{1}, RawKey: key}
}

// Whatever a new credential comes with, either it is given out whole or nothing is.
func TestHostileAuthenticatorCreates(t *testing.T) {
	t.Parallel()
	rows := map[string]func(*phone){
		"unknown_format_is_no_format": func(p *phone) { p.made = func(r *ctap2.MakeCredentialResponse) { r.Format = "with space" } },
		"no_format":                   func(p *phone) { p.made = func(r *ctap2.MakeCredentialResponse) { r.Format = "" } },
		"statement_is_no_cbor":        func(p *phone) { p.made = func(r *ctap2.MakeCredentialResponse) { r.Statement = []byte{0xff} } },
		"statement_with_none": func(p *phone) {
			p.made = func(r *ctap2.MakeCredentialResponse) { r.Statement = []byte("\xa1\x61a\x00") }
		},
		"no_data":             func(p *phone) { p.made = func(r *ctap2.MakeCredentialResponse) { r.AuthenticatorData = nil } },
		"statement_of_20_kib": func(p *phone) { p.made = bigStatement },
		"cut_data": func(p *phone) {
			p.made = func(r *ctap2.MakeCredentialResponse) { r.AuthenticatorData = r.AuthenticatorData[:60] }
		},
		"empty_id": func(p *phone) { p.data = func(d *webauthntest.AuthenticatorData) { d.Attested.CredentialID = nil } },
		"id_of_1024_bytes": func(p *phone) {
			p.data = func(d *webauthntest.AuthenticatorData) { d.Attested.CredentialID = make([]byte, 1024) }
		},
		"excluded_id": func(p *phone) {
			p.data = func(d *webauthntest.AuthenticatorData) { d.Attested.CredentialID = []byte("excluded") }
		},
		"algorithm_that_nobody_offered": func(p *phone) { p.device = webauthntest.New(webauthntest.Config{Algorithm: webauthn.ES384}) },
		"key_of_another_algorithm":      func(p *phone) { p.data = func(d *webauthntest.AuthenticatorData) { d.Attested.RawKey = key(1, 6) } },
		"point_off_the_curve":           func(p *phone) { p.data = func(d *webauthntest.AuthenticatorData) { d.Attested.RawKey = key(2, 1) } },
		"prf_is_no_map":                 prfOutput("\x01"),
		"prf_results_short":             prfOutput("\xa1\x67results\xa1\x65first\x41\x00"),
		"prf_results_nobody_asked_for":  prfOutput(string(output(2))),
		"prf_results_too_few":           prfOutput(string(output(1))),
	}
	for name, edit := range brokenData() {
		rows[name] = func(p *phone) { p.data = edit }
	}
	for name, edit := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, o := newPhone(webauthntest.Config{}), creation()
			edit(p)
			o.AuthenticatorSelection.UserVerification = webauthn.UserVerificationRequired
			o.ExcludeCredentials = []webauthn.CredentialDescriptor{{Type: "public-key", ID: []byte("excluded")}}
			o.Extensions.PRF = &webauthn.PRFInputs{}
			if name == "prf_results_too_few" {
				o.Extensions.PRF.Eval = &webauthn.PRFValues{First: []byte("a"), Second: []byte("b")}
			}
			answer, err := newClient(t, testOrigin).Create(t.Context(), p, o)
			failed(t, answer, err, clientplatform.UnknownError, nil)
		})
	}
}

func bigStatement(r *ctap2.MakeCredentialResponse) {
	r.Format = "packed"
	r.Statement = append([]byte("\xa1\x61a\x59\x50\x00"), make([]byte, 0x5000)...)
}

// key is a COSE key of zeros that claims ES256.
func key(kind, curve int64) []byte {
	zeros := webauthntest.CBORBytes(make([]byte, 32))
	return webauthntest.CBORMap(
		webauthntest.CBORInt(1), webauthntest.CBORInt(kind), webauthntest.CBORInt(3), webauthntest.CBORInt(-7),
		webauthntest.CBORInt(-1), webauthntest.CBORInt(curve), webauthntest.CBORInt(-2), zeros, webauthntest.CBORInt(-3), zeros,
	)
}

func prfOutput(b string) func(*phone) {
	return func(p *phone) {
		p.made = func(r *ctap2.MakeCredentialResponse) { r.UnsignedExtensions = ctap2.Extensions{"prf": []byte(b)} }
		p.signed = func(r *ctap2.GetAssertionResponse) { r.UnsignedExtensions = ctap2.Extensions{"prf": []byte(b)} }
	}
}

// output is an output of prf with n results.
func output(n int) []byte {
	out := ctap2.PRFOutput{Results: &ctap2.PRFResults{First: ctap2.NewPRFSecret([32]byte{1})}}
	if n == 2 {
		out.Results.Second = new(ctap2.NewPRFSecret([32]byte{2}))
	}
	b, err := out.Append(nil)
	if err != nil {
		panic(err)
	}
	return b
}

func TestHostileAuthenticatorSigns(t *testing.T) {
	t.Parallel()
	signed := func(edit func(*ctap2.GetAssertionResponse)) func(*phone) { return func(p *phone) { p.signed = edit } }
	rows := map[string]func(*phone){
		"no_credential_of_two":       signed(func(r *ctap2.GetAssertionResponse) { r.Credential = nil }),
		"credential_not_on_the_list": signed(func(r *ctap2.GetAssertionResponse) { r.Credential.ID = []byte("stranger") }),
		"credential_without_id":      signed(func(r *ctap2.GetAssertionResponse) { r.Credential.ID = nil }),
		"credential_of_another_type": signed(func(r *ctap2.GetAssertionResponse) { r.Credential.Type = "password" }),
		"no_signature":               signed(func(r *ctap2.GetAssertionResponse) { r.Signature = nil }),
		"signature_of_9_kib":         signed(func(r *ctap2.GetAssertionResponse) { r.Signature = make([]byte, 9<<10) }),
		"no_data":                    signed(func(r *ctap2.GetAssertionResponse) { r.AuthenticatorData = nil }),
		"empty_user_handle":          signed(func(r *ctap2.GetAssertionResponse) { r.User.ID = nil }),
		"user_handle_of_65_bytes":    signed(func(r *ctap2.GetAssertionResponse) { r.User.ID = make([]byte, 65) }),
		"prf_is_no_map":              prfOutput("\x01"),
		"prf_results_too_many":       prfOutput(string(output(2))),
	}
	for name, edit := range brokenData() {
		if name != "attested_flag_turned" && name != "attested_data_turned" { // left over, or cut
			rows[name] = func(p *phone) { p.data = edit }
		}
	}
	for name, edit := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, own := enrolled(t)
			edit(p)
			o := request()
			o.UserVerification = webauthn.UserVerificationRequired
			o.AllowCredentials = append(strangers(1), own)
			o.Extensions.PRF = &webauthn.PRFInputs{Eval: &webauthn.PRFValues{First: []byte("a")}}
			answer, err := newClient(t, testOrigin).Get(t.Context(), p, o)
			failed(t, answer, err, clientplatform.UnknownError, nil)
		})
	}
}

// Whoever was not named is told by the authenticator, and nobody else chooses.
func TestHostileAccounts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		named bool
		edit  func(*ctap2.GetAssertionResponse)
		ok    bool
	}{
		{"no_user", false, func(r *ctap2.GetAssertionResponse) { r.User = nil }, false},
		{"no_user_and_named", true, func(r *ctap2.GetAssertionResponse) { r.User = nil }, true},
		{"no_credential", false, func(r *ctap2.GetAssertionResponse) { r.Credential = nil }, false},
		{"credential_without_id", false, func(r *ctap2.GetAssertionResponse) { r.Credential.ID = nil }, false},
		{"no_credential_and_named", true, func(r *ctap2.GetAssertionResponse) { r.Credential = nil }, true},
		{"several", false, func(r *ctap2.GetAssertionResponse) { r.NumberOfCredentials = 2 }, false},
		{"several_and_named", true, func(r *ctap2.GetAssertionResponse) { r.NumberOfCredentials = 2 }, true},
		{"several_chosen_there", false, func(r *ctap2.GetAssertionResponse) { r.NumberOfCredentials, r.UserSelected = 2, true }, true},
		{"one", false, func(r *ctap2.GetAssertionResponse) { r.NumberOfCredentials = 1 }, true},
		{"longest_user_handle", false, func(r *ctap2.GetAssertionResponse) { r.User.ID = make([]byte, 64) }, true},
		{"longest_signature", false, func(r *ctap2.GetAssertionResponse) { r.Signature = make([]byte, 8<<10) }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, own := enrolled(t)
			p.signed = row.edit
			o := request()
			if row.named {
				o.AllowCredentials = []webauthn.CredentialDescriptor{own}
			}
			answer, err := newClient(t, testOrigin).Get(t.Context(), p, o)
			if !row.ok {
				failed(t, answer, err, clientplatform.UnknownError, nil)
				return
			}
			if err != nil || !bytes.Equal(answer.CredentialID, own.ID) {
				t.Errorf("got credential %s, %v", answer.CredentialID, err)
			}
		})
	}
}

func TestHostileInfo(t *testing.T) {
	t.Parallel()
	for name, versions := range map[string][]string{"none": nil, "u2f": {"U2F_V2"}, "not_quite": {"fido_2_0", "FIDO_3_0"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := enrolled(t)
			p.info.Versions = versions
			made, err := newClient(t, testOrigin).Create(t.Context(), p, creation())
			failed(t, made, err, clientplatform.NotAllowedError, nil)
			signed, err := newClient(t, testOrigin).Get(t.Context(), p, request())
			failed(t, signed, err, clientplatform.NotAllowedError, nil)
			if p.creations != nil || p.assertions != nil {
				t.Error("the authenticator was asked")
			}
		})
	}
}

// scripted answers with what it was given.
type scripted struct {
	info   ctap2.Info
	made   ctap2.MakeCredentialResponse
	signed ctap2.GetAssertionResponse
	err    error

	errInfo error
}

func (s *scripted) GetInfo(context.Context) (ctap2.Info, error) { return s.info, s.errInfo }

func (s *scripted) MakeCredential(context.Context, ctap2.MakeCredentialRequest) (ctap2.MakeCredentialResponse, error) {
	return s.made, s.err
}

func (s *scripted) GetAssertion(context.Context, ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
	return s.signed, s.err
}

// FuzzAnswers lets an authenticator answer whatever can be read. Nothing is given
// out beside an error, and what is given out our relying party can read.
func FuzzAnswers(f *testing.F) {
	p := newPhone(webauthntest.Config{})
	add := func(v interface{ Append([]byte) ([]byte, error) }) []byte {
		b, err := v.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	made, err := p.MakeCredential(f.Context(), ctap2.MakeCredentialRequest{
		RP: webauthn.RelyingPartyEntity{ID: testID}, User: creation().User, Parameters: creation().Parameters, Options: ctap2.Options{"uv": true},
	})
	if err != nil {
		f.Fatal(err)
	}
	signed, err := p.GetAssertion(f.Context(), ctap2.GetAssertionRequest{RPID: testID, Options: ctap2.Options{"uv": true}})
	if err != nil {
		f.Fatal(err)
	}
	signed.UnsignedExtensions = ctap2.Extensions{"prf": output(1)}
	f.Add(add(p.info), add(made), add(signed), byte(0))
	f.Add(add(ctap2.Info{Versions: []string{"FIDO_2_0"}, MaxCredentialCountInList: 1}), add(made), add(signed), byte(0x2e))
	f.Fuzz(func(t *testing.T, info, made, signed []byte, status byte) {
		var a scripted
		var errInfo, errMade, errSigned error
		a.info, errInfo = ctap2.ParseInfo(info)
		a.made, errMade = ctap2.ParseMakeCredentialResponse(made)
		a.signed, errSigned = ctap2.ParseGetAssertionResponse(signed)
		if errInfo != nil || errMade != nil || errSigned != nil {
			t.Skip()
		}
		if status != 0 {
			a.err = ctap2.StatusCode(status)
		}
		client := newClient(t, testOrigin)
		o := creation()
		o.ExcludeCredentials = strangers(3)
		o.Extensions.PRF = &webauthn.PRFInputs{Eval: &webauthn.PRFValues{First: []byte("a")}}
		one, err := client.Create(t.Context(), &a, o)
		if err == nil {
			_, err = webauthn.ParseRegistrationResponse(one.JSON)
		} else if _, ok := errors.AsType[*clientplatform.Error](err); ok && one.JSON == nil {
			err = nil
		}
		if err != nil {
			t.Fatalf("got %s, %v", one.JSON, err)
		}
		for _, allow := range [][]webauthn.CredentialDescriptor{nil, strangers(1), strangers(3)} {
			q := request()
			q.AllowCredentials = allow
			q.Extensions.PRF = o.Extensions.PRF
			two, err := client.Get(t.Context(), &a, q)
			if err == nil {
				_, err = webauthn.ParseAuthenticationResponse(two.JSON)
			} else if _, ok := errors.AsType[*clientplatform.Error](err); ok && two.JSON == nil {
				err = nil
			}
			if err != nil || !json.Valid(two.JSON) && two.JSON != nil {
				t.Fatalf("got %s, %v", two.JSON, err)
			}
		}
	})
}
