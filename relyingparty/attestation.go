package relyingparty

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/hitherauth/hither/webauthn"
)

// Limits of the certificates in a statement. They bound the cost of a chain
// before any of it is verified.
const (
	maxCertificates     = 6
	maxCertificateBytes = 8 << 10
)

// attestation is the policy, ready for use.
type attestation struct {
	policy  StatementPolicy
	aaguids []webauthn.AAGUID
	roots   *x509.CertPool // nil: none
	mds     *models        // nil: none
	now     func() time.Time
}

func newAttestation(p AttestationPolicy, now func() time.Time) (attestation, error) {
	a := attestation{policy: p.Statement, aaguids: slices.Clone(p.AAGUIDs), now: now}
	if a.policy == "" {
		a.policy = StatementIgnore
	}
	anchors := len(p.Roots) > 0 || len(p.Metadata) > 0
	switch a.policy {
	case StatementIgnore:
		if anchors || len(p.AAGUIDs) > 0 {
			return attestation{}, errors.New("roots, metadata and AAGUIDs are of no effect under the statement policy ignore")
		}
	case StatementVerify:
		if len(p.AAGUIDs) > 0 {
			return attestation{}, errors.New("a list of AAGUIDs is of no effect under the statement policy verify")
		}
	case StatementRequire:
		// An AAGUID without an anchor is a claim that anybody can make.
		if !anchors {
			return attestation{}, errors.New("the statement policy require needs roots or metadata")
		}
	default:
		return attestation{}, fmt.Errorf("statement policy %q is none of ignore, verify, require", string(a.policy))
	}
	if p.MetadataRoot != nil && len(p.Metadata) == 0 {
		return attestation{}, errors.New("a metadata root without metadata")
	}
	if len(p.Roots) > 0 {
		a.roots = x509.NewCertPool()
		for i, der := range p.Roots {
			root, err := x509.ParseCertificate(der)
			if err != nil {
				return attestation{}, fmt.Errorf("root %d: %w", i+1, err)
			}
			a.roots.AddCert(root)
		}
	}
	if len(p.Metadata) > 0 {
		m, err := parseMetadata(p.Metadata, p.MetadataRoot, now())
		if err != nil {
			return attestation{}, fmt.Errorf("metadata: %w", err)
		}
		a.mds = m
	}
	return a, nil
}

// conveyance is what creation options ask for.
func (a attestation) conveyance() string {
	if a.policy == StatementIgnore {
		return "none"
	}
	return "direct"
}

// statement is an attestation statement being judged.
type statement struct {
	object         *webauthn.AttestationObject
	clientDataHash [sha256.Size]byte

	members  map[string]any      // decoded
	chain    []*x509.Certificate // as sent, under verify and require
	kind     string              // attestation type, once verified
	attested bool                // chain ends at an anchor
}

// checkFormat accepts the formats whose verification procedure is implemented.
//
// Divergence: compound, android-safetynet (retired) and formats that nobody
// knows are refused under every policy, ignore included. The registration
// options ask for none, so a client that keeps to them sends none of these.
func (s *statement) checkFormat() error {
	if statementShape(s.object.Format) == nil {
		return fmt.Errorf("format %.200q is not supported", s.object.Format)
	}
	return nil
}

// checkStatement judges the form of the statement and, under verify and
// require, the statement itself ([WebAuthn L3 §8]).
//
// [WebAuthn L3 §8]: https://www.w3.org/TR/webauthn-3/#sctn-defined-attestation-formats
func (a attestation) checkStatement(s *statement) error {
	var object protocol.AttestationObject
	if err := object.UnmarshalCBOR(s.object.Raw); err != nil {
		return fmt.Errorf("%.200q", err.Error())
	}
	s.members = object.AttStatement
	if err := s.checkShape(); err != nil {
		return fmt.Errorf("%s: %w", s.object.Format, err)
	}
	if a.policy == StatementIgnore {
		return nil
	}
	if err := s.parseChain(); err != nil {
		return fmt.Errorf("%s: %w", s.object.Format, err)
	}
	// Built by hand from what package webauthn has decoded, so that there is one
	// reading of these bytes, and no opinion on extensions that nobody asked for.
	object.AuthData = s.authenticatorData()
	if err := object.VerifyAttestation(s.clientDataHash[:], nil, protocol.AttestationPolicy{}, protocol.SignaturePolicy{}); err != nil {
		return fmt.Errorf("%s: %.200q", s.object.Format, err.Error()) // the library's errors are no promise of ours
	}
	s.kind = object.Type
	return nil
}

// authenticatorData is what the library's verification procedures read.
func (s *statement) authenticatorData() protocol.AuthenticatorData {
	data := &s.object.AuthenticatorData
	return protocol.AuthenticatorData{
		RPIDHash: data.RPIDHash[:],
		Flags:    protocol.AuthenticatorFlags(data.Flags),
		Counter:  data.SignCount,
		AttData: protocol.AttestedCredentialData{
			AAGUID:              data.AttestedCredential.AAGUID[:],
			CredentialID:        data.AttestedCredential.CredentialID,
			CredentialPublicKey: data.AttestedCredential.PublicKey.Raw,
		},
	}
}

// parseChain parses the certificates and bounds what verifying them can cost.
func (s *statement) parseChain() error {
	x5c, _ := s.members["x5c"].([]any)
	for i, v := range x5c {
		der, _ := v.([]byte) // checkShape has looked
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("certificate %d: %.200q", i+1, err.Error())
		}
		switch key := cert.PublicKey.(type) {
		case *rsa.PublicKey:
			if n := key.N.BitLen(); n > maxRSABits {
				return fmt.Errorf("certificate %d has an RSA key of %d bits, more than %d", i+1, n, maxRSABits)
			}
		case *ecdsa.PublicKey, ed25519.PublicKey:
		default:
			return fmt.Errorf("certificate %d has a key of no supported kind", i+1)
		}
		s.chain = append(s.chain, cert)
	}
	return nil
}

// checkTrust finds out whether the chain ends at a configured anchor and, under
// require, insists on it.
func (a attestation) checkTrust(s *statement) error {
	if a.policy == StatementIgnore {
		return nil
	}
	err := a.anchored(s)
	s.attested = err == nil
	if a.policy != StatementRequire {
		return nil
	}
	if err != nil {
		return err
	}
	aaguid := s.object.AuthenticatorData.AttestedCredential.AAGUID
	if len(a.aaguids) > 0 && !slices.Contains(a.aaguids, aaguid) {
		return fmt.Errorf("model %s is not one of the %d listed", aaguid, len(a.aaguids))
	}
	return nil
}

// anchored returns nil if the statement's chain ends at a configured anchor.
// §7.1: trust anchors come from configuration or metadata, never from x5c.
func (a attestation) anchored(s *statement) error {
	if len(s.chain) == 0 {
		return fmt.Errorf("%s attestation of type %s proves no model", s.object.Format, s.kind)
	}
	// §8.6: what a U2F authenticator signs holds no AAGUID, so one that stands
	// there is anybody's word. (The specification's own vector has one.)
	if aaguid := s.object.AuthenticatorData.AttestedCredential.AAGUID; s.object.Format == formatFIDOU2F && aaguid != (webauthn.AAGUID{}) {
		return fmt.Errorf("a U2F statement does not sign for model %s", aaguid)
	}
	if a.mds != nil {
		if known, err := a.mds.judge(s); known || err == nil {
			return err
		}
	}
	if a.roots == nil {
		return errors.New("no configured anchor knows the chain")
	}
	intermediates := x509.NewCertPool()
	for _, cert := range s.chain[1:] {
		intermediates.AddCert(cert)
	}
	leaf := *s.chain[0]
	if s.object.Format == formatTPM {
		leaf.UnhandledCriticalExtensions = withoutSubjectAltName(leaf.UnhandledCriticalExtensions)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots:         a.roots,
		Intermediates: intermediates,
		CurrentTime:   a.now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, // these are no TLS certificates
	}); err != nil {
		return fmt.Errorf("the chain ends at no configured root: %.200q", err.Error())
	}
	return nil
}
