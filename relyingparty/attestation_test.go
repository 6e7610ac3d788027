package relyingparty_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// statementRow breaks one thing in a statement that would otherwise verify and,
// under require, be trusted.
type statementRow struct {
	name        string
	policy      relyingparty.StatementPolicy // "" means verify
	attestation webauthntest.Attestation
	algorithm   webauthn.Algorithm // zero: ES256
	config      func(*relyingparty.AttestationPolicy)
	edit        regEdit
	ownRoot     bool // x5c carries the root too
	want        string
	text        string // part of the error: which of several things was noticed first
	attested    bool
	kind        string
}

func TestHostileStatements(t *testing.T) {
	t.Parallel()
	for _, row := range statementRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.run(t)
		})
	}
}

func (row statementRow) run(t *testing.T) {
	t.Helper()
	ca, err := webauthntest.NewCA(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(c *relyingparty.Config) {
		c.Attestation = relyingparty.AttestationPolicy{Statement: relyingparty.StatementVerify, Roots: [][]byte{ca.Root()}}
		if row.policy != "" {
			c.Attestation.Statement = row.policy
		}
		if row.config != nil {
			row.config(&c.Attestation)
		}
	}, func(c *webauthntest.Config) {
		c.Algorithm, c.Attestation, c.CA, c.AAGUID = webauthn.ES256, row.attestation, ca, webauthn.AAGUID{5}
		if row.algorithm != 0 {
			c.Algorithm = row.algorithm
		}
	})
	options, ceremony := s.beginRegistration(t)
	if options.Attestation != "direct" {
		t.Errorf("conveyance %q", options.Attestation)
	}
	var edits []regEdit
	if row.edit != nil {
		edits = append(edits, row.edit)
	}
	if row.ownRoot {
		edits = append(edits, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeSigning, func() { r.X5C = append(r.X5C, ca.Root()) })
		})
	}
	_, body := s.create(t, options, edits...)
	got, err := s.finishRegistration(ceremony, body)
	requireVerdict(t, got, err, row.want)
	if row.text != "" && !strings.Contains(err.Error(), row.text) {
		t.Errorf("error %v, want one that says %q", err, row.text)
	}
	if err == nil && (got.Attested != row.attested || got.AttestationType != row.kind) {
		t.Errorf("type %q, attested %t; want %q, %t", got.AttestationType, got.Attested, row.kind, row.attested)
	}
}

func statementRows() []statementRow {
	var rows []statementRow
	rows = append(rows, verifiedRows()...)
	rows = append(rows, packedRows()...)
	rows = append(rows, tpmRows()...)
	rows = append(rows, requiredRows()...)
	return rows
}

func verifiedRows() []statementRow {
	const refused = string(relyingparty.CheckStatement)
	return []statementRow{
		{name: "none", attestation: webauthntest.AttestationNone, want: accepted, kind: "none"},
		{name: "self_es256", attestation: webauthntest.AttestationSelf, want: accepted, kind: "basic_surrogate"},
		{name: "self_eddsa", attestation: webauthntest.AttestationSelf, algorithm: webauthn.EdDSA, want: accepted, kind: "basic_surrogate"},
		{name: "self_rs256", attestation: webauthntest.AttestationSelf, algorithm: webauthn.RS256, want: accepted, kind: "basic_surrogate"},
		{name: "packed", attestation: webauthntest.AttestationPacked, want: accepted, kind: "basic_full", attested: true},
		{name: "packed_unknown_root", attestation: webauthntest.AttestationPacked, config: otherRoot, want: accepted, kind: "basic_full"},
		{name: "packed_no_roots", attestation: webauthntest.AttestationPacked, config: func(p *relyingparty.AttestationPolicy) { p.Roots = nil }, want: accepted, kind: "basic_full"},
		{name: "tpm", attestation: webauthntest.AttestationTPM, want: accepted, kind: "attca", attested: true},
		{name: "tpm_rs256", attestation: webauthntest.AttestationTPM, algorithm: webauthn.RS256, want: accepted, kind: "attca", attested: true},
		{name: "fido_u2f", attestation: webauthntest.AttestationFIDOU2F, want: accepted, kind: "basic_full", attested: true},
		// The library verifies these two against the makers' roots, which it has built in.
		{name: "REG-40_android_key_not_of_google", attestation: webauthntest.AttestationAndroidKey, want: refused},
		{name: "REG-41_apple_not_of_apple", attestation: webauthntest.AttestationApple, want: refused},
		{name: "packed_with_extensions", attestation: webauthntest.AttestationPacked, edit: func(r *webauthntest.Registration) {
			r.AuthenticatorData.SetExtensions(webauthntest.CBORMap(webauthntest.CBORText("credProtect"), webauthntest.CBORText("x")))
		}, want: accepted, kind: "basic_full", attested: true},
		{name: "REG-37_u2f_with_model", attestation: webauthntest.AttestationFIDOU2F, edit: claimModel, want: accepted, kind: "basic_full"},
		{name: "REG-37_u2f_other_signature", attestation: webauthntest.AttestationFIDOU2F, edit: brokenSignature, want: refused},
	}
}

func claimModel(r *webauthntest.Registration) {
	r.AuthenticatorData.Attested.AAGUID = append([]byte{5}, make([]byte, 15)...)
}

func brokenSignature(r *webauthntest.Registration) {
	r.At(webauthntest.AfterSigning, func() { r.Signature = flip(r.Signature, 100) })
}

func otherRoot(p *relyingparty.AttestationPolicy) {
	ca, err := webauthntest.NewCA(nil)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	p.Roots = [][]byte{ca.Root()}
}

// leaf changes the attestation certificate before it is signed.
func leaf(change func(c *webauthntest.Certificate)) regEdit {
	return func(r *webauthntest.Registration) {
		r.At(webauthntest.BeforeCertificate, func() { change(&r.Leaf) })
	}
}

func extension(id asn1.ObjectIdentifier, change func(e *webauthntest.Extension)) regEdit {
	return leaf(func(c *webauthntest.Certificate) { change(c.Extension(id)) })
}

func packedRows() []statementRow {
	rows := []statementRow{
		{name: "REG-32_other_algorithm", attestation: webauthntest.AttestationSelf, edit: statementMember("alg", webauthntest.CBORInt(-8))},
		{name: "REG-32_other_key", attestation: webauthntest.AttestationSelf, edit: func(r *webauthntest.Registration) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				panic(err) // crypto/rand does not fail
			}
			r.SigningKey = key
		}},
		{name: "REG-32_signs_authenticator_data_alone", attestation: webauthntest.AttestationSelf, edit: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeSigning, func() { r.SignatureInput = r.RawAuthenticatorData })
		}},
		{name: "REG-33_signature", edit: brokenSignature},
		{name: "REG-33_aaguid_differs", edit: extension(webauthntest.OIDAAGUID(), func(e *webauthntest.Extension) {
			e.Value = webauthntest.DEROctetString(make([]byte, 16))
		})},
		{name: "REG-33_aaguid_critical", edit: extension(webauthntest.OIDAAGUID(), func(e *webauthntest.Extension) { e.Critical = true })},
		{name: "REG-33_aaguid_single_wrapped", edit: extension(webauthntest.OIDAAGUID(), func(e *webauthntest.Extension) {
			id := webauthn.AAGUID{5}
			e.Value = id[:]
		})},
		{name: "REG-33_ca", edit: extension(webauthntest.OIDBasicConstraints(), func(e *webauthntest.Extension) {
			e.Value = webauthntest.DERSequence(webauthntest.DERBool(true))
		})},
		{name: "REG-33_version_1", edit: leaf(func(c *webauthntest.Certificate) {
			c.Version, c.Extensions = -1, nil
		})},
		{name: "REG-33_unit", edit: leaf(func(c *webauthntest.Certificate) { c.Subject[2].Value = "Authenticator" })},
		{name: "REG-33_country", edit: leaf(func(c *webauthntest.Certificate) { c.Subject[0].Value = "NOR" })},
		{name: "REG-33_expired", edit: leaf(func(c *webauthntest.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) })},
		{name: "REG-33_not_yet", edit: leaf(func(c *webauthntest.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })},
		{name: "REG-33_certificate_garbage", edit: func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeSigning, func() { r.X5C[0] = []byte{0x30, 0} })
		}},
		{name: "REG-36_rsa_16384", text: "more than 4096", edit: leaf(func(c *webauthntest.Certificate) { c.PublicKey = rsaPublicKey(16384) })},
		{name: "REG-36_rsa_4097", text: "more than 4096", edit: leaf(func(c *webauthntest.Certificate) { c.PublicKey = rsaPublicKey(4097) })},
	}
	for i := range rows {
		if rows[i].attestation == "" {
			rows[i].attestation = webauthntest.AttestationPacked
		}
		rows[i].want = string(relyingparty.CheckStatement)
	}
	return append(rows, statementRow{
		name: "REG-33_no_aaguid_extension", attestation: webauthntest.AttestationPacked,
		edit: leaf(func(c *webauthntest.Certificate) { c.DeleteExtension(webauthntest.OIDAAGUID()) }),
		want: accepted, kind: "basic_full", attested: true,
	})
}

func tpmRows() []statementRow {
	edit := func(name string, change func(t *webauthntest.TPM)) statementRow {
		return statementRow{
			name: "REG-38_" + name, attestation: webauthntest.AttestationTPM, want: string(relyingparty.CheckStatement),
			edit: func(r *webauthntest.Registration) { change(&r.TPM) },
		}
	}
	return []statementRow{
		edit("magic", func(t *webauthntest.TPM) { t.Magic ^= 1 }),
		edit("type", func(t *webauthntest.TPM) { t.Type = 0x8018 }),
		edit("extra_data", func(t *webauthntest.TPM) { t.ExtraData = make([]byte, 32) }),
		edit("name", func(t *webauthntest.TPM) { t.Name = append([]byte{0, 0x0b}, make([]byte, 32)...) }),
		edit("version", func(t *webauthntest.TPM) { t.Version = "1.2" }),
		edit("name_algorithm", func(t *webauthntest.TPM) { t.Public.NameAlgorithm = 0xffff }),
		edit("other_key", func(t *webauthntest.TPM) { t.Public.Unique[0] = make([]byte, 32) }),
		edit("public_area_sized", func(t *webauthntest.TPM) { t.PubArea = webauthntest.TPMSized(t.Public.Encode()) }),
		{
			name: "REG-38_maker", attestation: webauthntest.AttestationTPM, want: string(relyingparty.CheckStatement),
			edit: extension(webauthntest.OIDSubjectAltName(), func(e *webauthntest.Extension) {
				e.Value = webauthntest.TPMSubjectAltName("id:00000000", "x", "id:1")
			}),
		},
		{
			name: "REG-38_no_key_usage", attestation: webauthntest.AttestationTPM, want: string(relyingparty.CheckStatement),
			edit: leaf(func(c *webauthntest.Certificate) { c.DeleteExtension(webauthntest.OIDExtendedKeyUsage()) }),
		},
	}
}

func requiredRows() []statementRow {
	const untrusted = string(relyingparty.CheckTrust)
	listed := func(id webauthn.AAGUID) func(*relyingparty.AttestationPolicy) {
		return func(p *relyingparty.AttestationPolicy) { p.AAGUIDs = []webauthn.AAGUID{{8}, id} }
	}
	rows := []statementRow{
		{name: "require_packed", attestation: webauthntest.AttestationPacked, want: accepted, kind: "basic_full", attested: true},
		{name: "require_packed_listed", attestation: webauthntest.AttestationPacked, config: listed(webauthn.AAGUID{5}), want: accepted, kind: "basic_full", attested: true},
		{name: "require_tpm", attestation: webauthntest.AttestationTPM, want: accepted, kind: "attca", attested: true},
		{name: "require_fido_u2f", attestation: webauthntest.AttestationFIDOU2F, want: accepted, kind: "basic_full", attested: true},
		{name: "require_not_listed", attestation: webauthntest.AttestationPacked, config: listed(webauthn.AAGUID{6}), want: untrusted},
		{name: "require_unknown_root", attestation: webauthntest.AttestationPacked, config: otherRoot, want: untrusted},
		// REG-54: the model in authenticator data is a claim.
		{name: "REG-54_none_claims_model", attestation: webauthntest.AttestationNone, config: listed(webauthn.AAGUID{5}), want: untrusted},
		{name: "REG-54_self_claims_model", attestation: webauthntest.AttestationSelf, config: listed(webauthn.AAGUID{5}), want: untrusted},
		// REG-34: an attacker's root inside x5c is no anchor.
		{name: "REG-34_own_root_in_x5c", attestation: webauthntest.AttestationPacked, config: otherRoot, ownRoot: true, want: untrusted},
		{name: "REG-34_configured_root_in_x5c", attestation: webauthntest.AttestationPacked, ownRoot: true, want: accepted, kind: "basic_full", attested: true},
		// What a U2F authenticator signs holds no AAGUID.
		{name: "REG-37_u2f_claims_model", attestation: webauthntest.AttestationFIDOU2F, config: listed(webauthn.AAGUID{5}), edit: claimModel, want: untrusted},
		{name: "require_broken_signature", attestation: webauthntest.AttestationPacked, edit: brokenSignature, want: string(relyingparty.CheckStatement)},
	}
	for i := range rows {
		rows[i].policy = relyingparty.StatementRequire
	}
	return rows
}
