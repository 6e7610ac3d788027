package relyingparty_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

type authEdit = func(*webauthntest.Authentication)

// authenticationRow breaks one thing in a valid authentication, or changes one
// thing that must not matter. The ceremony is identified unless discoverable.
type authenticationRow struct {
	name          string
	config        func(*relyingparty.Config)
	authenticator func(*webauthntest.Config)
	register      regEdit
	request       func(*relyingparty.AuthenticationRequest)
	discoverable  bool
	edit          authEdit
	record        func(*relyingparty.Credential)
	want          string
}

func authenticationRows() []authenticationRow {
	var rows []authenticationRow
	rows = append(rows, authenticationClientDataRows()...)
	rows = append(rows, authenticationAuthenticatorDataRows()...)
	rows = append(rows, authenticationIdentityRows()...)
	rows = append(rows, authenticationSignatureRows()...)
	return rows
}

func TestHostileFinishAuthentication(t *testing.T) {
	t.Parallel()
	for _, row := range authenticationRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.run(t)
		})
	}
}

func (row authenticationRow) run(t *testing.T) {
	t.Helper()
	s := newScene(t, row.config, row.authenticator)
	var registering []regEdit
	if row.register != nil {
		registering = append(registering, row.register)
	}
	cred, stored := s.register(t, registering...)
	var request relyingparty.AuthenticationRequest
	if !row.discoverable {
		request = relyingparty.AuthenticationRequest{
			Identified: true,
			UserHandle: testHandle(),
			Allow:      []webauthn.CredentialDescriptor{describe(cred)},
		}
	}
	if row.request != nil {
		row.request(&request)
	}
	options, ceremony := s.beginAuthentication(t, request)
	var edits []authEdit
	if row.edit != nil {
		edits = append(edits, row.edit)
	}
	body, err := cred.Get(options, testOrigin, edits...)
	if err != nil {
		t.Fatal(err)
	}
	if row.record != nil {
		row.record(&stored)
	}
	result, err := s.finishAuthentication(ceremony, body, stored)
	requireVerdict(t, result, err, row.want)
}

func TestFinishAuthenticationResult(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, func(c *webauthntest.Config) { c.BackupEligible, c.Counting = true, true })
	cred, stored := s.register(t)
	options, ceremony := s.beginAuthentication(t, relyingparty.AuthenticationRequest{})
	body, err := cred.Get(options, testOrigin, func(g *webauthntest.Authentication) {
		g.AuthenticatorData.Flags |= webauthntest.FlagBackupState
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.finishAuthentication(ceremony, body, stored)
	if err != nil {
		t.Fatal(err)
	}
	want := relyingparty.Authentication{
		CredentialID:   cred.ID,
		UserHandle:     testHandle(),
		SignCount:      1,
		UserVerified:   true,
		BackupEligible: true,
		BackupState:    true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("authentication (-want +got):\n%s", diff)
	}
}

// UV is what the authenticator says, not what was asked for (AST-11).
func TestFinishAuthenticationReportsUserVerification(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(c *relyingparty.Config) { c.UserVerification = webauthn.UserVerificationPreferred }, nil)
	cred, stored := s.register(t)
	options, ceremony := s.beginAuthentication(t, relyingparty.AuthenticationRequest{})
	body, err := cred.Get(options, testOrigin, authFlags(0, webauthntest.FlagUserVerified))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.finishAuthentication(ceremony, body, stored)
	if err != nil {
		t.Fatal(err)
	}
	if got.UserVerified {
		t.Error("the result claims user verification")
	}
}

func TestFinishAuthenticationZeroCeremony(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, nil)
	cred, stored := s.register(t)
	options, _ := s.beginAuthentication(t, relyingparty.AuthenticationRequest{})
	options.Challenge = make([]byte, 32)
	body, err := cred.Get(options, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.finishAuthentication(relyingparty.AuthenticationCeremony{}, body, stored)
	requireVerdict(t, result, err, string(relyingparty.CheckCeremony))
}

// AST-12: what a ceremony requires is sealed; configuration or a client that
// asks for less afterwards changes nothing.
func TestRequiredUserVerificationIsSealed(t *testing.T) {
	t.Parallel()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	shared := func(uv webauthn.UserVerification) func(*relyingparty.Config) {
		return func(c *relyingparty.Config) { c.Keyring, c.UserVerification = keyring, uv }
	}
	strict := newScene(t, shared(webauthn.UserVerificationRequired), nil)
	lax := newScene(t, shared(webauthn.UserVerificationDiscouraged), nil)
	cred, stored := strict.register(t)
	options, sealed, err := strict.rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ceremony, err := lax.rp.OpenAuthentication(sealed, nil)
	if err != nil {
		t.Fatal(err)
	}
	options.UserVerification = webauthn.UserVerificationDiscouraged
	body, err := cred.Get(options, testOrigin, authFlags(0, webauthntest.FlagUserVerified))
	if err != nil {
		t.Fatal(err)
	}
	result, err := lax.finishAuthentication(ceremony, body, stored)
	requireVerdict(t, result, err, string(relyingparty.CheckUserVerified))
}

// An algorithm that is no longer offered goes on working for those who have it.
func TestAlgorithmNoLongerOffered(t *testing.T) {
	t.Parallel()
	before := newScene(t, nil, func(c *webauthntest.Config) { c.Algorithm = webauthn.EdDSA })
	cred, stored := before.register(t)
	after := newScene(t, func(c *relyingparty.Config) { c.Algorithms = []webauthn.Algorithm{webauthn.ES256} }, nil)
	options, ceremony := after.beginAuthentication(t, relyingparty.AuthenticationRequest{})
	body, err := cred.Get(options, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	result, err := after.finishAuthentication(ceremony, body, stored)
	requireVerdict(t, result, err, accepted)
}

func authData(name, value string) authEdit {
	return func(g *webauthntest.Authentication) { g.ClientData.SetString(name, value) }
}

func authFlags(set, unset byte) authEdit {
	return func(g *webauthntest.Authentication) {
		g.AuthenticatorData.Flags = g.AuthenticatorData.Flags&^unset | set
	}
}

func authenticationClientDataRows() []authenticationRow {
	rows := []authenticationRow{
		{name: "valid_identified", want: accepted},
		{name: "valid_discoverable", discoverable: true, want: accepted},
		{name: "AST-01_type_create", edit: authData("type", "webauthn.create"), want: string(relyingparty.CheckType)},
		{name: "AST-01_type_case", edit: authData("type", "WebAuthn.get"), want: string(relyingparty.CheckType)},
		{name: "AST-01_type_missing", edit: func(g *webauthntest.Authentication) { g.ClientData.Delete("type") }, want: malformedBody},
		{name: "AST-06_challenge_bit", edit: func(g *webauthntest.Authentication) {
			g.ClientData.SetBytes("challenge", flip(g.Options.Challenge, 0))
		}, want: string(relyingparty.CheckChallenge)},
		{name: "AST-06_challenge_empty", edit: authData("challenge", ""), want: string(relyingparty.CheckChallenge)},
		{name: "AST-05_challenge_beside", edit: func(g *webauthntest.Authentication) {
			g.ClientData.SetBytes("challenge", bytes.Repeat([]byte{1}, 32))
			g.At(webauthntest.BeforeBody, func() {
				g.Envelope.SetBytes("challenge", bytes.Repeat([]byte{1}, 32))
				g.Envelope.SetBytes("expectedChallenge", bytes.Repeat([]byte{1}, 32))
			})
		}, want: string(relyingparty.CheckChallenge)},
		{name: "AST-08_related_origin", config: related, edit: authData("origin", "https://shop.example"), want: accepted},
		{name: "AST-08_own_origin_beside_related", config: related, edit: authData("origin", testOrigin), want: accepted},
		{name: "AST-08_related_origin_not_configured", edit: authData("origin", "https://shop.example"), want: string(relyingparty.CheckOrigin)},
		{name: "AST-08_below_related_origin", config: related, edit: authData("origin", "https://a.shop.example"), want: string(relyingparty.CheckOrigin)},
		{name: "AST-08_port_of_related_origin", config: related, edit: authData("origin", "https://shop.example:8443"), want: string(relyingparty.CheckOrigin)},
		{name: "AST-08_suffix_of_related_origin", config: related, edit: authData("origin", "https://shop.example.evil.test"), want: string(relyingparty.CheckOrigin)},
		{name: "AST-08_cross_origin", edit: func(g *webauthntest.Authentication) { g.ClientData.Set("crossOrigin", "true") }, want: string(relyingparty.CheckCrossOrigin)},
		{name: "AST-08_cross_origin_configured", config: framed, edit: func(g *webauthntest.Authentication) {
			g.ClientData.Set("crossOrigin", "true")
		}, want: accepted},
		{name: "AST-08_top_origin_listed", config: framed, edit: func(g *webauthntest.Authentication) {
			g.ClientData.Set("crossOrigin", "true")
			g.ClientData.SetString("topOrigin", "https://shop.example")
		}, want: accepted},
		{name: "AST-08_top_origin_not_listed", config: framed, edit: func(g *webauthntest.Authentication) {
			g.ClientData.Set("crossOrigin", "true")
			g.ClientData.SetString("topOrigin", "https://evil.example")
		}, want: string(relyingparty.CheckTopOrigin)},
	}
	for name, origin := range lookAlikes() {
		rows = append(rows, authenticationRow{name: "AST-08_origin_" + name, edit: authData("origin", origin), want: string(relyingparty.CheckOrigin)})
	}
	return rows
}

func authenticationAuthenticatorDataRows() []authenticationRow {
	hash := func(b []byte) authEdit {
		return func(g *webauthntest.Authentication) { g.AuthenticatorData.RPIDHash = b }
	}
	count := func(stored, sent uint32, want string) authenticationRow {
		return authenticationRow{
			register: func(r *webauthntest.Registration) { r.AuthenticatorData.SignCount = stored },
			edit:     func(g *webauthntest.Authentication) { g.AuthenticatorData.SignCount = sent },
			want:     want,
		}
	}
	named := func(name string, row authenticationRow) authenticationRow {
		row.name = name
		return row
	}
	const refused = string(relyingparty.CheckSignCount)
	eligible := func(c *webauthntest.Config) { c.BackupEligible = true }
	preferred := func(c *relyingparty.Config) { c.UserVerification = webauthn.UserVerificationPreferred }
	return []authenticationRow{
		{name: "AST-09_hash_of_parent", edit: hash(sum("example.test")), want: string(relyingparty.CheckRPIDHash)},
		{name: "AST-09_hash_of_other_tenant", edit: hash(sum("id.example.com")), want: string(relyingparty.CheckRPIDHash)},
		{name: "AST-09_hash_zero", edit: hash(make([]byte, 32)), want: string(relyingparty.CheckRPIDHash)},
		{name: "AST-11_user_not_present", edit: authFlags(0, webauthntest.FlagUserPresent), want: string(relyingparty.CheckUserPresent)},
		{name: "AST-11_user_not_verified", edit: authFlags(0, webauthntest.FlagUserVerified), want: string(relyingparty.CheckUserVerified)},
		{name: "AST-11_user_not_verified_preferred", config: preferred, edit: authFlags(0, webauthntest.FlagUserVerified), want: accepted},
		{name: "AST-14_backed_up_not_eligible", edit: authFlags(webauthntest.FlagBackupState, 0), want: string(relyingparty.CheckBackupFlags)},
		{name: "AST-14_eligible_0_to_1", edit: authFlags(webauthntest.FlagBackupEligible, 0), want: string(relyingparty.CheckBackupEligible)},
		{name: "AST-14_eligible_1_to_0", authenticator: eligible, edit: authFlags(0, webauthntest.FlagBackupEligible), want: string(relyingparty.CheckBackupEligible)},
		{name: "AST-14_eligible_unknown", edit: authFlags(webauthntest.FlagBackupEligible, 0), record: func(c *relyingparty.Credential) { c.BackupEligible = nil }, want: accepted},
		{name: "AST-14_state_0_to_1", authenticator: eligible, edit: authFlags(webauthntest.FlagBackupState, 0), want: accepted},
		named("AST-15_count_0_0", count(0, 0, accepted)),
		named("AST-15_count_0_1", count(0, 1, accepted)),
		named("AST-15_count_5_6", count(5, 6, accepted)),
		named("AST-15_count_5_max", count(5, 1<<32-1, accepted)),
		named("AST-15_count_5_4", count(5, 4, refused)),
		named("AST-15_count_5_5", count(5, 5, refused)),
		named("AST-15_count_5_0", count(5, 0, refused)),
		named("AST-15_count_max_max", count(1<<32-1, 1<<32-1, refused)),
		named("AST-15_count_max_0", count(1<<32-1, 0, refused)),
		{name: "AST-23_attested_data", edit: func(g *webauthntest.Authentication) {
			key, err := webauthntest.COSEKey(g.SigningKey.Public(), g.SigningAlgorithm)
			if err != nil {
				panic(err) // a key that webauthntest made
			}
			g.AuthenticatorData.Flags |= webauthntest.FlagAttestedCredentialData
			g.AuthenticatorData.Attested = &webauthntest.AttestedCredential{AAGUID: make([]byte, 16), CredentialID: g.CredentialID, Key: key}
		}, want: string(relyingparty.CheckAttestedData)},
		{name: "AST-23_38_bytes", edit: func(g *webauthntest.Authentication) { g.AuthenticatorData.Trailing = []byte{0} }, want: malformedBody},
		{name: "AST-23_36_bytes", edit: func(g *webauthntest.Authentication) {
			g.AuthenticatorData.RPIDHash = g.AuthenticatorData.RPIDHash[1:]
		}, want: malformedBody},
		{name: "REG-52_unsolicited_extensions", edit: func(g *webauthntest.Authentication) {
			g.AuthenticatorData.SetExtensions(webauthntest.CBORMap(webauthntest.CBORText("acme"), webauthntest.CBORNull()))
		}, want: accepted},
	}
}

func authenticationIdentityRows() []authenticationRow {
	const handle, allowed = string(relyingparty.CheckUserHandle), string(relyingparty.CheckAllowed)
	bob := webauthn.Bytes("handle of bob")
	decoy := []webauthn.CredentialDescriptor{{ID: bytes.Repeat([]byte{4}, 32)}}
	given := func(h []byte) authEdit { return func(g *webauthntest.Authentication) { g.UserHandle = h } }
	ofBob := func(c *relyingparty.Credential) { c.UserHandle = bob }
	return []authenticationRow{
		{name: "AST-16_credential_not_in_list", request: func(r *relyingparty.AuthenticationRequest) { r.Allow = decoy }, want: allowed},
		{name: "AST-17_credential_of_bob_says_bob", request: func(r *relyingparty.AuthenticationRequest) { r.Allow = decoy }, record: ofBob, edit: given(bob), want: allowed},
		// Were the lists wrong, the record's owner still decides.
		{name: "AST-17_record_of_bob_says_bob", record: ofBob, edit: given(bob), want: handle},
		{name: "AST-17_record_of_bob_says_nothing", record: ofBob, edit: given(nil), want: handle},
		{name: "AST-17_record_of_bob_says_alice", record: ofBob, want: handle},
		{name: "AST-18_nobody_of_that_name", request: func(r *relyingparty.AuthenticationRequest) { r.UserHandle = nil }, want: handle},
		{name: "AST-18_decoy_hit", request: func(r *relyingparty.AuthenticationRequest) { r.UserHandle = nil }, edit: given(nil), want: handle},
		{name: "AST-18_no_credential", request: func(r *relyingparty.AuthenticationRequest) { r.Allow, r.UserHandle = decoy, nil }, want: allowed},
		{name: "identified_says_nothing", edit: given(nil), want: accepted},
		{name: "identified_says_bob", edit: given(bob), want: handle},
		{name: "record_of_nobody", record: func(c *relyingparty.Credential) { c.UserHandle = nil }, want: handle},
		{name: "AST-19_missing", discoverable: true, edit: given(nil), want: handle},
		{name: "AST-19_empty", discoverable: true, edit: given([]byte{}), want: malformedBody},
		{name: "AST-19_unknown", discoverable: true, edit: given([]byte("nobody")), want: handle},
		{name: "AST-19_of_bob", discoverable: true, edit: given(bob), want: handle},
		{name: "AST-19_credential_of_bob", discoverable: true, record: ofBob, want: handle},
		{name: "AST-19_record_of_nobody", discoverable: true, record: func(c *relyingparty.Credential) { c.UserHandle = nil }, edit: given(nil), want: handle},
		{name: "AST-19_65_bytes", discoverable: true, edit: given(bytes.Repeat([]byte{1}, 65)), want: malformedBody},
		{name: "AST-20_id_is_not_raw_id", edit: func(g *webauthntest.Authentication) {
			g.At(webauthntest.BeforeBody, func() { g.Envelope.SetBytes("id", []byte("victim")) })
		}, want: malformedBody},
		{name: "record_of_another_credential", record: func(c *relyingparty.Credential) { c.ID = bytes.Repeat([]byte{1}, 32) }, want: string(relyingparty.CheckCredentialID)},
		{name: "record_without_id", discoverable: true, record: func(c *relyingparty.Credential) { c.ID = nil }, want: string(relyingparty.CheckCredentialID)},
	}
}

func authenticationSignatureRows() []authenticationRow {
	const refused = string(relyingparty.CheckSignature)
	signature := func(change func(g *webauthntest.Authentication) []byte) authEdit {
		return func(g *webauthntest.Authentication) {
			g.At(webauthntest.AfterSigning, func() { g.Signature = change(g) })
		}
	}
	stored := func(b []byte) func(*relyingparty.Credential) {
		return func(c *relyingparty.Credential) { c.PublicKey = b }
	}
	rows := []authenticationRow{
		{name: "AST-02_one_bit", edit: signature(func(g *webauthntest.Authentication) []byte { return flip(g.Signature, 80) }), want: refused},
		{name: "AST-02_truncated", edit: signature(func(g *webauthntest.Authentication) []byte { return g.Signature[:len(g.Signature)-1] }), want: refused},
		{name: "AST-02_trailing", edit: signature(func(g *webauthntest.Authentication) []byte { return append(g.Signature, 0) }), want: refused},
		{name: "AST-02_empty", edit: signature(func(*webauthntest.Authentication) []byte { return nil }), want: malformedBody},
		{name: "AST-02_zeros", edit: signature(func(*webauthntest.Authentication) []byte { return make([]byte, 64) }), want: refused},
		{name: "AST-02_7_kib", edit: signature(func(*webauthntest.Authentication) []byte { return make([]byte, 7<<10) }), want: refused},
		{name: "AST-02_swapped_order", edit: func(g *webauthntest.Authentication) {
			g.At(webauthntest.BeforeSigning, func() {
				n := len(g.RawAuthenticatorData)
				g.SignatureInput = append(bytes.Clone(g.SignatureInput[n:]), g.SignatureInput[:n]...)
			})
		}, want: refused},
		{name: "AST-02_hash_twice", edit: func(g *webauthntest.Authentication) {
			g.At(webauthntest.BeforeSigning, func() { g.SignatureInput = append(g.SignatureInput, g.ClientDataHash()...) })
		}, want: refused},
		{name: "AST-02_other_client_data", edit: func(g *webauthntest.Authentication) {
			g.At(webauthntest.BeforeBody, func() {
				g.Response.SetBytes("clientDataJSON", append(bytes.Clone(g.ClientDataJSON), ' '))
			})
		}, want: refused},
		{name: "AST-21_garbage", edit: signature(func(*webauthntest.Authentication) []byte { return []byte("garbage") }), want: refused},
		{name: "stored_key_empty", record: stored(nil), want: string(relyingparty.CheckPublicKey)},
		{name: "stored_key_garbage", record: stored([]byte{1, 2, 3}), want: string(relyingparty.CheckPublicKey)},
		{name: "stored_key_of_no_known_algorithm", record: stored(webauthntest.CBORMap(
			webauthntest.CBORInt(1), webauthntest.CBORInt(2), webauthntest.CBORInt(3), webauthntest.CBORInt(-47),
			webauthntest.CBORInt(-1), webauthntest.CBORInt(8), webauthntest.CBORInt(-2), webauthntest.CBORBytes(make([]byte, 32)),
			webauthntest.CBORInt(-3), webauthntest.CBORBytes(make([]byte, 32)),
		)), want: string(relyingparty.CheckPublicKey)},
	}
	for name, members := range map[string]map[int64]webauthntest.CBOR{
		"rsa_exponent_leading_zero": {-2: webauthntest.CBORBytes([]byte{0, 1, 0, 1})},
		"rsa_exponent_1":            {-2: webauthntest.CBORBytes([]byte{1})},
		"rsa_exponent_even":         {-2: webauthntest.CBORBytes([]byte{1, 0, 0})},
		"rsa_exponent_2_31":         {-2: webauthntest.CBORBytes([]byte{0x80, 0, 0, 1})},
		"rsa_exponent_long":         {-2: webauthntest.CBORBytes([]byte{1, 0, 0, 0, 1})},
		"rsa_1024":                  {-1: modulus(1024)},
		"rsa_16384":                 {-1: modulus(16384)},
	} {
		rows = append(rows, authenticationRow{name: "stored_key_" + name, record: stored(rsaCOSE(members).Encode()), want: string(relyingparty.CheckPublicKey)})
	}
	for name, point := range smallOrderPoints() {
		rows = append(rows, authenticationRow{name: "stored_key_ed25519_" + name, record: stored(webauthntest.CBORMap(
			webauthntest.CBORInt(1), webauthntest.CBORInt(1), webauthntest.CBORInt(3), webauthntest.CBORInt(-8),
			webauthntest.CBORInt(-1), webauthntest.CBORInt(6), webauthntest.CBORInt(-2), webauthntest.CBORBytes(point),
		)), want: string(relyingparty.CheckPublicKey)})
	}
	return rows
}
