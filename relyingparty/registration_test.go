package relyingparty_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

type regEdit = func(*webauthntest.Registration)

// registrationRow breaks one thing in a valid registration, or changes one thing
// that must not matter.
type registrationRow struct {
	name          string
	config        func(*relyingparty.Config)
	authenticator func(*webauthntest.Config)
	edit          regEdit
	want          string // a check, "malformed" or "accepted"
}

func registrationRows() []registrationRow {
	var rows []registrationRow
	rows = append(rows, registrationClientDataRows()...)
	rows = append(rows, registrationAuthenticatorDataRows()...)
	rows = append(rows, registrationKeyRows()...)
	rows = append(rows, registrationFormatRows()...)
	return rows
}

func TestHostileFinishRegistration(t *testing.T) {
	t.Parallel()
	for _, row := range registrationRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, row.config, row.authenticator)
			options, ceremony := s.beginRegistration(t)
			edits := []regEdit{}
			if row.edit != nil {
				edits = append(edits, row.edit)
			}
			_, body := s.create(t, options, edits...)
			result, err := s.finishRegistration(ceremony, body)
			requireVerdict(t, result, err, row.want)
		})
	}
}

func TestFinishRegistrationResult(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, func(c *webauthntest.Config) {
		c.AAGUID = webauthn.AAGUID{1, 2, 3}
		c.BackupEligible, c.BackupState = true, true
		c.Transports = []webauthn.Transport{webauthn.TransportUSB}
		c.Attachment = "cross-platform"
	})
	options, ceremony := s.beginRegistration(t)
	cred, body := s.create(t, options, func(r *webauthntest.Registration) { r.AuthenticatorData.SignCount = 7 })
	got, err := s.finishRegistration(ceremony, body)
	if err != nil {
		t.Fatal(err)
	}
	discoverable := true
	want := relyingparty.Registration{
		CredentialID:      cred.ID,
		PublicKey:         cred.PublicKey,
		Algorithm:         webauthn.ES256,
		UserHandle:        testHandle(),
		AAGUID:            webauthn.AAGUID{1, 2, 3},
		Transports:        []webauthn.Transport{webauthn.TransportUSB},
		Attachment:        "cross-platform",
		SignCount:         7,
		UserVerified:      true,
		BackupEligible:    true,
		BackupState:       true,
		Discoverable:      &discoverable,
		AttestationFormat: "none",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("registration (-want +got):\n%s", diff)
	}
}

// A ceremony that did not come out of OpenRegistration has no challenge, so
// nothing may answer it.
func TestFinishRegistrationZeroCeremony(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, nil)
	options, _ := s.beginRegistration(t)
	options.Challenge = make([]byte, 32)
	_, body := s.create(t, options)
	result, err := s.finishRegistration(relyingparty.RegistrationCeremony{}, body)
	requireVerdict(t, result, err, string(relyingparty.CheckCeremony))
}

// A response may be judged twice, with one outcome: it is the caller who spends.
func TestFinishRegistrationTwice(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, nil)
	options, ceremony := s.beginRegistration(t)
	_, body := s.create(t, options)
	first, err := s.finishRegistration(ceremony, body)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.finishRegistration(ceremony, body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

func clientData(name, value string) regEdit {
	return func(r *webauthntest.Registration) { r.ClientData.SetString(name, value) }
}

func related(c *relyingparty.Config) { c.RelatedOrigins = []string{"https://shop.example"} }

func framed(c *relyingparty.Config) { c.TopOrigins = []string{"https://shop.example"} }

// lookAlikes are REG-04: origins that are not the configured one.
func lookAlikes() map[string]string {
	return map[string]string{
		"scheme":            "http://id.example.test",
		"trailing_slash":    "https://id.example.test/",
		"path":              "https://id.example.test/login",
		"query":             "https://id.example.test?x",
		"fragment":          "https://id.example.test#x",
		"upper_case":        "HTTPS://ID.EXAMPLE.TEST",
		"default_port":      "https://id.example.test:443",
		"other_port":        "https://id.example.test:8443",
		"sub_domain":        "https://a.id.example.test",
		"parent_domain":     "https://example.test",
		"suffix":            "https://id.example.test.evil.test",
		"prefix":            "https://evilid.example.test",
		"user_info":         "https://id.example.test@evil.test",
		"user_info_reverse": "https://evil.test@id.example.test",
		"in_path":           "https://evil.test/https://id.example.test",
		"trailing_dot":      "https://id.example.test.",
		"opaque":            "null",
		"empty":             "",
		"newline":           "https://id.example.test\n",
		"android":           "android:apk-key-hash:aaaa",
	}
}

func registrationClientDataRows() []registrationRow {
	rows := []registrationRow{
		{name: "valid", want: accepted},
		{name: "REG-01_type_get", edit: clientData("type", "webauthn.get"), want: string(relyingparty.CheckType)},
		{name: "REG-01_type_case", edit: clientData("type", "Webauthn.create"), want: string(relyingparty.CheckType)},
		{name: "REG-01_type_space", edit: clientData("type", "webauthn.create "), want: string(relyingparty.CheckType)},
		{name: "REG-01_type_nul", edit: clientData("type", "webauthn.create\x00"), want: string(relyingparty.CheckType)},
		{name: "REG-01_type_payment", edit: clientData("type", "payment.create"), want: string(relyingparty.CheckType)},
		{name: "REG-01_type_missing", edit: func(r *webauthntest.Registration) { r.ClientData.Delete("type") }, want: malformedBody},
		{name: "REG-01_type_null", edit: func(r *webauthntest.Registration) { r.ClientData.Set("type", "null") }, want: malformedBody},
		{name: "REG-01_type_array", edit: func(r *webauthntest.Registration) { r.ClientData.Set("type", `["webauthn.create"]`) }, want: malformedBody},
		{name: "REG-02_challenge_bit", edit: func(r *webauthntest.Registration) {
			r.ClientData.SetBytes("challenge", flip(r.Options.Challenge, 100))
		}, want: string(relyingparty.CheckChallenge)},
		{name: "REG-02_challenge_empty", edit: clientData("challenge", ""), want: string(relyingparty.CheckChallenge)},
		{name: "REG-02_challenge_never_issued", edit: clientData("challenge", strings.Repeat("A", 43)), want: string(relyingparty.CheckChallenge)},
		{name: "REG-02_challenge_padded", edit: func(r *webauthntest.Registration) {
			r.ClientData.SetString("challenge", base64.URLEncoding.EncodeToString(r.Options.Challenge))
		}, want: string(relyingparty.CheckChallenge)},
		{name: "REG-02_challenge_stray_bits", edit: func(r *webauthntest.Registration) {
			text := []byte(base64.RawURLEncoding.EncodeToString(r.Options.Challenge))
			text[len(text)-1]++ // 43 characters for 32 bytes leave two bits that must be zero
			r.ClientData.SetString("challenge", string(text))
		}, want: string(relyingparty.CheckChallenge)},
		{name: "REG-04_origin_missing", edit: func(r *webauthntest.Registration) { r.ClientData.Delete("origin") }, want: malformedBody},
		{name: "REG-08_cross_origin", edit: func(r *webauthntest.Registration) { r.ClientData.Set("crossOrigin", "true") }, want: string(relyingparty.CheckCrossOrigin)},
		{name: "REG-08_related_origin", config: related, edit: func(r *webauthntest.Registration) { r.ClientData.SetString("origin", "https://shop.example") }, want: accepted},
		{name: "REG-08_related_origin_null", config: related, edit: func(r *webauthntest.Registration) { r.ClientData.SetString("origin", "null") }, want: string(relyingparty.CheckOrigin)},
		{name: "REG-08_cross_origin_configured", config: framed, edit: func(r *webauthntest.Registration) {
			r.ClientData.Set("crossOrigin", "true")
		}, want: accepted},
		{name: "REG-09_top_origin_listed", config: framed, edit: func(r *webauthntest.Registration) {
			r.ClientData.Set("crossOrigin", "true")
			r.ClientData.SetString("topOrigin", "https://shop.example")
		}, want: accepted},
		{name: "REG-09_top_origin_not_listed", config: framed, edit: func(r *webauthntest.Registration) {
			r.ClientData.Set("crossOrigin", "true")
			r.ClientData.SetString("topOrigin", "https://shop.example.evil.test")
		}, want: string(relyingparty.CheckTopOrigin)},
		{name: "REG-09_top_origin_is_our_origin", config: framed, edit: func(r *webauthntest.Registration) {
			r.ClientData.Set("crossOrigin", "true")
			r.ClientData.SetString("topOrigin", testOrigin)
		}, want: string(relyingparty.CheckTopOrigin)},
		{name: "REG-09_top_origin_without_cross_origin", config: framed, edit: clientData("topOrigin", "https://shop.example"), want: string(relyingparty.CheckTopOrigin)},
		{name: "REG-15_unknown_members", edit: func(r *webauthntest.Registration) {
			r.ClientData.SetString("extraData", "x")
			r.ClientData.Set("tokenBinding", `{"status":"supported"}`)
		}, want: accepted},
		{name: "REG-15_escaped_slashes", edit: func(r *webauthntest.Registration) {
			r.ClientData.Set("origin", `"https:\/\/id.example.test"`)
		}, want: accepted},
	}
	for name, origin := range lookAlikes() {
		rows = append(rows, registrationRow{name: "REG-04_origin_" + name, edit: clientData("origin", origin), want: string(relyingparty.CheckOrigin)})
	}
	return rows
}

func registrationAuthenticatorDataRows() []registrationRow {
	flags := func(set, unset byte) regEdit {
		return func(r *webauthntest.Registration) {
			r.AuthenticatorData.Flags = r.AuthenticatorData.Flags&^unset | set
		}
	}
	hash := func(b []byte) regEdit {
		return func(r *webauthntest.Registration) { r.AuthenticatorData.RPIDHash = b }
	}
	preferred := func(c *relyingparty.Config) { c.UserVerification = webauthn.UserVerificationPreferred }
	return []registrationRow{
		{name: "REG-45_user_not_present", edit: flags(0, webauthntest.FlagUserPresent), want: string(relyingparty.CheckUserPresent)},
		{name: "REG-45_user_not_verified", edit: flags(0, webauthntest.FlagUserVerified), want: string(relyingparty.CheckUserVerified)},
		{name: "REG-45_user_not_verified_preferred", config: preferred, edit: flags(0, webauthntest.FlagUserVerified), want: accepted},
		{name: "REG-45_backed_up_not_eligible", edit: flags(webauthntest.FlagBackupState, 0), want: string(relyingparty.CheckBackupFlags)},
		{name: "REG-45_backup_eligible", edit: flags(webauthntest.FlagBackupEligible, 0), want: accepted},
		{name: "REG-45_reserved_flags", edit: flags(webauthntest.FlagReserved1|webauthntest.FlagReserved5, 0), want: accepted},
		{name: "REG-47_hash_of_parent", edit: hash(sum("example.test")), want: string(relyingparty.CheckRPIDHash)},
		{name: "REG-47_hash_of_other_tenant", edit: hash(sum("id.example.com")), want: string(relyingparty.CheckRPIDHash)},
		{name: "REG-47_hash_of_origin", edit: hash(sum(testOrigin)), want: string(relyingparty.CheckRPIDHash)},
		{name: "REG-47_hash_zero", edit: hash(make([]byte, 32)), want: string(relyingparty.CheckRPIDHash)},
		{name: "REG-17_trailing_bytes", edit: func(r *webauthntest.Registration) { r.AuthenticatorData.Trailing = []byte{0} }, want: malformedBody},
		{name: "REG-20_long_credential_id", edit: func(r *webauthntest.Registration) { r.SetCredentialID(bytes.Repeat([]byte{1}, 1023)) }, want: accepted},
		{name: "no_attested_data", edit: func(r *webauthntest.Registration) {
			r.AuthenticatorData.Attested = nil
			r.AuthenticatorData.Flags &^= webauthntest.FlagAttestedCredentialData
		}, want: string(relyingparty.CheckAttestedData)},
		{name: "credential_id_of_another", edit: func(r *webauthntest.Registration) {
			r.CredentialID = bytes.Repeat([]byte{9}, 32)
		}, want: string(relyingparty.CheckCredentialID)},
		{name: "credential_id_longer", edit: func(r *webauthntest.Registration) {
			r.CredentialID = append(bytes.Clone(r.CredentialID), 0)
		}, want: string(relyingparty.CheckCredentialID)},
		{name: "REG-52_unsolicited_extensions", edit: func(r *webauthntest.Registration) {
			r.AuthenticatorData.SetExtensions(webauthntest.CBORMap(
				webauthntest.CBORText("acme"), webauthntest.CBORArray(webauthntest.CBORNull()),
				webauthntest.CBORText("credProtect"), webauthntest.CBORText("not a number"),
				webauthntest.CBORText("hmac-secret"), webauthntest.CBORBool(true),
			))
		}, want: accepted},
	}
}

func registrationKeyRows() []registrationRow {
	const rejected = string(relyingparty.CheckPublicKey)
	key := func(label int64, value webauthntest.CBOR) regEdit {
		return func(r *webauthntest.Registration) {
			r.AuthenticatorData.Attested.Key.Set(webauthntest.CBORInt(label), value)
		}
	}
	coordinate := func(label int64, change func(b []byte) []byte) regEdit {
		return func(r *webauthntest.Registration) {
			head := 2 // of a byte string of 24-255 bytes
			was := r.AuthenticatorData.Attested.Key.Get(webauthntest.CBORInt(label))[head:]
			key(label, webauthntest.CBORBytes(change(bytes.Clone(was))))(r)
		}
	}
	algorithm := func(a webauthn.Algorithm) func(*webauthntest.Config) {
		return func(c *webauthntest.Config) { c.Algorithm = a }
	}
	curve := func(n int64) regEdit { return key(webauthntest.COSECurve, webauthntest.CBORInt(n)) }
	all := func(c *relyingparty.Config) {
		c.Algorithms = []webauthn.Algorithm{webauthn.EdDSA, webauthn.ES256, webauthn.ES384, webauthn.ES512, webauthn.RS256}
	}
	rows := []registrationRow{
		{name: "REG-26_only_es256_offered", config: func(c *relyingparty.Config) {
			c.Algorithms = []webauthn.Algorithm{webauthn.ES256}
		}, authenticator: algorithm(webauthn.EdDSA), want: string(relyingparty.CheckAlgorithm)},
		{name: "es384", config: all, authenticator: algorithm(webauthn.ES384), want: accepted},
		{name: "es512", config: all, authenticator: algorithm(webauthn.ES512), want: accepted},
		{name: "eddsa", authenticator: algorithm(webauthn.EdDSA), want: accepted},
		{name: "REG-27_es256_with_p384", edit: curve(2), want: rejected},
		{name: "REG-27_es256_with_p521", edit: curve(3), want: rejected},
		{name: "REG-27_es256_with_secp256k1", edit: curve(8), want: rejected},
		{name: "REG-27_es384_with_p256", config: all, edit: key(webauthntest.COSEAlgorithm, webauthntest.CBORInt(-35)), want: rejected},
		{name: "REG-27_eddsa_with_x25519", authenticator: algorithm(webauthn.EdDSA), edit: curve(4), want: rejected},
		{name: "REG-27_eddsa_with_ed448", authenticator: algorithm(webauthn.EdDSA), edit: curve(7), want: rejected},
		{name: "REG-27_okp_as_es256", authenticator: algorithm(webauthn.EdDSA), edit: key(webauthntest.COSEAlgorithm, webauthntest.CBORInt(-7)), want: rejected},
		{name: "REG-27_rsa_as_es256", edit: rsaKey(map[int64]webauthntest.CBOR{3: webauthntest.CBORInt(-7)}), want: rejected},
		{name: "REG-27_ec2_as_eddsa", edit: key(webauthntest.COSEAlgorithm, webauthntest.CBORInt(-8)), want: rejected},
		{name: "REG-27_ec2_as_rs256", edit: key(webauthntest.COSEAlgorithm, webauthntest.CBORInt(-257)), want: rejected},
		{name: "REG-28_off_curve", edit: coordinate(webauthntest.COSEY, func(b []byte) []byte { return flip(b, 3) }), want: rejected},
		{name: "REG-28_origin_point", edit: func(r *webauthntest.Registration) {
			key(webauthntest.COSEX, webauthntest.CBORBytes(make([]byte, 32)))(r)
			key(webauthntest.COSEY, webauthntest.CBORBytes(make([]byte, 32)))(r)
		}, want: rejected},
		{name: "REG-28_x_not_reduced", edit: key(webauthntest.COSEX, webauthntest.CBORBytes(elliptic.P256().Params().P.Bytes())), want: rejected},
		{name: "REG-28_compressed", edit: key(webauthntest.COSEY, webauthntest.CBORBool(true)), want: malformedBody},
		{name: "REG-28_x_31_bytes", edit: coordinate(webauthntest.COSEX, func(b []byte) []byte { return b[1:] }), want: rejected},
		{name: "REG-28_x_33_bytes", edit: coordinate(webauthntest.COSEX, func(b []byte) []byte { return append([]byte{0}, b...) }), want: rejected},
		{name: "REG-28_coordinates_split_elsewhere", edit: func(r *webauthntest.Registration) {
			// Together the two are still a point.
			k := &r.AuthenticatorData.Attested.Key
			x, y := k.Get(webauthntest.CBORInt(webauthntest.COSEX))[2:], k.Get(webauthntest.CBORInt(webauthntest.COSEY))[2:]
			k.Set(webauthntest.CBORInt(webauthntest.COSEX), webauthntest.CBORBytes(x[:31]))
			k.Set(webauthntest.CBORInt(webauthntest.COSEY), webauthntest.CBORBytes(append(bytes.Clone(x[31:]), y...)))
		}, want: rejected},
		{name: "ed25519_31_bytes", authenticator: algorithm(webauthn.EdDSA), edit: coordinate(webauthntest.COSEX, func(b []byte) []byte { return b[1:] }), want: rejected},
		{name: "ed25519_off_curve", authenticator: algorithm(webauthn.EdDSA), edit: coordinate(webauthntest.COSEX, func(b []byte) []byte {
			clear(b)
			b[0] = 2 // y = 2 has no x
			return b
		}), want: rejected},
		{name: "REG-29_rsa_valid", edit: rsaKey(nil), want: accepted},
		{name: "REG-29_rsa_4096", edit: rsaKey(map[int64]webauthntest.CBOR{-1: modulus(4096)}), want: accepted},
		{name: "REG-29_rsa_3482", edit: rsaKey(map[int64]webauthntest.CBOR{-1: modulus(3482)}), want: accepted},
		{name: "REG-29_rsa_modulus_even", edit: rsaKey(map[int64]webauthntest.CBOR{-1: webauthntest.CBORBytes(append(bytes.Repeat([]byte{0xff}, 255), 0xfe))}), want: rejected},
		{name: "REG-29_rsa_modulus_leading_zero", edit: rsaKey(map[int64]webauthntest.CBOR{-1: webauthntest.CBORBytes(append([]byte{0}, bytes.Repeat([]byte{0xff}, 256)...))}), want: rejected},
		{name: "REG-29_rsa_exponent_leading_zero", edit: rsaKey(map[int64]webauthntest.CBOR{-2: webauthntest.CBORBytes([]byte{0, 1, 0, 1})}), want: rejected},
		{name: "REG-29_rsa_exponent_missing", edit: rsaKey(map[int64]webauthntest.CBOR{-2: nil}), want: malformedBody},
	}
	for _, bits := range []int{512, 1023, 1024, 2047, 4097, 8192, 16384} {
		rows = append(rows, registrationRow{
			name: "REG-29_rsa_modulus_" + big.NewInt(int64(bits)).String() + "_bits",
			edit: rsaKey(map[int64]webauthntest.CBOR{-1: modulus(bits)}), want: rejected,
		})
	}
	for name, e := range map[string][]byte{"empty": {}, "0": {0}, "1": {1}, "2": {2}, "3": {3}, "65536": {1, 0, 0}, "65539": {1, 0, 3}, "2_32_1": {1, 0, 0, 0, 1}, "2048_bits": bytes.Repeat([]byte{0xff}, 256)} {
		rows = append(rows, registrationRow{name: "REG-29_rsa_exponent_" + name, edit: rsaKey(map[int64]webauthntest.CBOR{-2: webauthntest.CBORBytes(e)}), want: rejected})
	}
	for _, a := range []int64{-47, -53, -65535, -48, -37, -36, 0, 7} {
		rows = append(rows, registrationRow{name: "REG-26_algorithm_" + big.NewInt(a).String(), edit: key(webauthntest.COSEAlgorithm, webauthntest.CBORInt(a)), want: string(relyingparty.CheckAlgorithm)})
	}
	for name, point := range smallOrderPoints() {
		rows = append(rows, registrationRow{name: "ed25519_" + name, authenticator: algorithm(webauthn.EdDSA), edit: key(webauthntest.COSEX, webauthntest.CBORBytes(point)), want: rejected})
	}
	return rows
}
