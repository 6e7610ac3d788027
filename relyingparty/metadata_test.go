package relyingparty_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// publisher signs metadata as the FIDO Alliance does, with a root of its own.
type publisher struct {
	root, leaf []byte // DER
	key        *ecdsa.PrivateKey
}

func newPublisher(t *testing.T) *publisher {
	t.Helper()
	rootKey, leafKey := newECDSAKey(t), newECDSAKey(t)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		// Nothing listens there: whoever asked for revocation lists would fail.
		CRLDistributionPoints: []string{"http://127.0.0.1:1/crl"},
	}
	p := &publisher{key: leafKey}
	var err error
	if p.root, err = x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey); err != nil {
		t.Fatal(err)
	}
	if p.leaf, err = x509.CreateCertificate(rand.Reader, leaf, root, leafKey.Public(), rootKey); err != nil {
		t.Fatal(err)
	}
	return p
}

func newECDSAKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (p *publisher) sign(t *testing.T, header map[string]any, payload any) []byte {
	t.Helper()
	if header == nil {
		header = map[string]any{"alg": "ES256", "typ": "JWT", "x5c": []string{base64.StdEncoding.EncodeToString(p.leaf)}}
	}
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(header) + "." + part(payload)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return []byte(text + "." + base64.RawURLEncoding.EncodeToString(signature))
}

// model is the entry of a model with one anchor.
func model(id webauthn.AAGUID, root []byte, status string) map[string]any {
	return map[string]any{
		"aaguid":                 id.String(),
		"timeOfLastStatusChange": "2026-01-01",
		"statusReports":          []any{map[string]any{"status": status, "effectiveDate": "2026-01-01"}},
		"metadataStatement": map[string]any{
			"aaguid":                      id.String(),
			"description":                 "Test authenticator",
			"attestationTypes":            []string{"basic_full", "basic_surrogate"},
			"attestationRootCertificates": []string{base64.StdEncoding.EncodeToString(root)},
		},
	}
}

func blob(entries ...map[string]any) map[string]any {
	return map[string]any{"legalHeader": "none", "no": 1, "nextUpdate": "2026-12-31", "entries": entries}
}

func TestHostileMetadata(t *testing.T) {
	t.Parallel()
	ca, err := webauthntest.NewCA(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := webauthntest.NewCA(nil)
	if err != nil {
		t.Fatal(err)
	}
	publisher := newPublisher(t)
	const untrusted = string(relyingparty.CheckTrust)
	ours := webauthn.AAGUID{5}
	for _, row := range []struct {
		name        string
		entry       map[string]any
		attestation webauthntest.Attestation
		roots       [][]byte
		want        string
	}{
		{"listed", model(ours, ca.Root(), "FIDO_CERTIFIED_L1"), webauthntest.AttestationPacked, nil, accepted},
		{"revoked", model(ours, ca.Root(), "REVOKED"), webauthntest.AttestationPacked, nil, untrusted},
		{"revoked_but_root_configured", model(ours, ca.Root(), "REVOKED"), webauthntest.AttestationPacked, [][]byte{ca.Root()}, untrusted},
		{"other_anchor", model(ours, other.Root(), "FIDO_CERTIFIED_L1"), webauthntest.AttestationPacked, nil, untrusted},
		{"other_anchor_but_root_configured", model(ours, other.Root(), "FIDO_CERTIFIED_L1"), webauthntest.AttestationPacked, [][]byte{ca.Root()}, untrusted},
		{"other_model", model(webauthn.AAGUID{6}, ca.Root(), "FIDO_CERTIFIED_L1"), webauthntest.AttestationPacked, nil, untrusted},
		{"other_model_but_root_configured", model(webauthn.AAGUID{6}, ca.Root(), "FIDO_CERTIFIED_L1"), webauthntest.AttestationPacked, [][]byte{ca.Root()}, accepted},
		{"REG-54_self_claims_model", model(ours, ca.Root(), "FIDO_CERTIFIED_L1"), webauthntest.AttestationSelf, nil, untrusted},
		{"REG-54_none_claims_model", model(ours, ca.Root(), "FIDO_CERTIFIED_L1"), webauthntest.AttestationNone, nil, untrusted},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, func(c *relyingparty.Config) {
				c.Attestation = relyingparty.AttestationPolicy{
					Statement: relyingparty.StatementRequire, Roots: row.roots,
					Metadata: publisher.sign(t, nil, blob(row.entry)), MetadataRoot: publisher.root,
				}
			}, func(c *webauthntest.Config) {
				c.Algorithm, c.Attestation, c.CA, c.AAGUID = webauthn.ES256, row.attestation, ca, ours
			})
			options, ceremony := s.beginRegistration(t)
			_, body := s.create(t, options)
			got, err := s.finishRegistration(ceremony, body)
			requireVerdict(t, got, err, row.want)
			if err == nil && !got.Attested {
				t.Error("not attested")
			}
		})
	}
}

func TestMetadataIsVerified(t *testing.T) {
	t.Parallel()
	publisher, stranger := newPublisher(t), newPublisher(t)
	payload := blob(model(webauthn.AAGUID{5}, publisher.root, "FIDO_CERTIFIED_L1"))
	good := publisher.sign(t, nil, payload)
	header := func(h map[string]any) []byte { return publisher.sign(t, h, payload) }
	chain := []string{base64.StdEncoding.EncodeToString(publisher.leaf)}
	for _, row := range []struct {
		name     string
		metadata []byte
		root     []byte
		valid    bool
	}{
		{"valid", good, publisher.root, true},
		{"valid_with_newline", append([]byte(string(good)), '\n'), publisher.root, true},
		{"production_root", good, nil, false},
		{"signed_by_a_stranger", stranger.sign(t, nil, payload), publisher.root, false},
		{"signature_of_other_text", []byte(strings.Replace(string(good), ".e", ".f", 1)), publisher.root, false},
		{"algorithm_none", header(map[string]any{"alg": "none", "x5c": chain}), publisher.root, false},
		{"algorithm_hmac", header(map[string]any{"alg": "HS256", "x5c": chain}), publisher.root, false},
		{"no_chain", header(map[string]any{"alg": "ES256"}), publisher.root, false},
		{"empty_chain", header(map[string]any{"alg": "ES256", "x5c": []string{}}), publisher.root, false},
		{"chain_of_numbers", header(map[string]any{"alg": "ES256", "x5c": []int{1}}), publisher.root, false},
		{"long_chain", header(map[string]any{"alg": "ES256", "x5c": append(chain, chain[0], chain[0], chain[0], chain[0], chain[0], chain[0])}), publisher.root, false},
		{"root_alone_in_chain", header(map[string]any{"alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(publisher.root)}}), publisher.root, false},
		{"no_entries", publisher.sign(t, nil, blob()), publisher.root, false},
		{"unreadable_entry_alone", publisher.sign(t, nil, blob(map[string]any{"aaguid": "x"})), publisher.root, false},
		{"root_garbage", good, []byte("x"), false},
	} {
		keyring, err := relyingparty.NewKeyring()
		if err != nil {
			t.Fatal(err)
		}
		_, err = relyingparty.New(relyingparty.Config{
			ID: testID, Origins: []string{testOrigin}, Keyring: keyring,
			Attestation: relyingparty.AttestationPolicy{Statement: relyingparty.StatementRequire, Metadata: row.metadata, MetadataRoot: row.root},
		})
		if (err == nil) != row.valid {
			t.Errorf("%s: error %v", row.name, err)
		}
	}
}
