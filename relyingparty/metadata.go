package relyingparty

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/golang-jwt/jwt/v5"
)

// models is FIDO metadata: what is known of each model of authenticator.
type models struct {
	provider metadata.Provider
}

// parseMetadata verifies a metadata BLOB and reads it. The signing chain must
// end at root, DER (nil: the FIDO Alliance's). It fetches nothing: the library's
// own decoder asks for revocation lists over the network, so only the last step
// is left to it. An entry that the library cannot read is left out, and its
// model is unknown.
func parseMetadata(blob, root []byte, now time.Time) (*models, error) {
	anchor, err := metadataRoot(root)
	if err != nil {
		return nil, err
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256", "ES256", "ES384", "ES512"}),
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithStrictDecoding(),
	)
	token, err := parser.Parse(strings.TrimSpace(string(blob)), func(t *jwt.Token) (any, error) {
		return metadataSigner(t.Header, anchor, now)
	})
	if err != nil {
		return nil, err
	}
	payload, err := parser.DecodeSegment(strings.Split(token.Raw, ".")[1])
	if err != nil {
		return nil, err
	}
	var list metadata.PayloadJSON
	if err := json.Unmarshal(payload, &list); err != nil {
		return nil, err
	}
	decoder, err := metadata.NewDecoder(metadata.WithIgnoreEntryParsingErrors())
	if err != nil {
		return nil, err
	}
	parsed, err := decoder.Parse(&list)
	if err != nil {
		return nil, err
	}
	if len(parsed.Parsed.Entries) == 0 {
		return nil, errors.New("no readable entry")
	}
	provider, err := memory.New(
		memory.WithMetadata(parsed.ToMap()),
		memory.WithMetadataKeyIdentifiers(parsed.ToKeyIdentifierMap()),
		memory.WithValidateEntryKeyIdentifier(true),
	)
	if err != nil {
		return nil, err
	}
	return &models{provider: provider}, nil
}

func metadataRoot(der []byte) (*x509.Certificate, error) {
	if der == nil {
		var err error
		if der, err = base64.StdEncoding.DecodeString(metadata.ProductionMDSRoot); err != nil {
			return nil, err
		}
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	return root, nil
}

// metadataSigner returns the key of the certificate that signed a BLOB, once its
// chain is known to end at root (FIDO MDS 3.1.1, BLOB object processing rules).
func metadataSigner(header map[string]any, root *x509.Certificate, now time.Time) (any, error) {
	x5c, ok := header["x5c"].([]any)
	if !ok || len(x5c) == 0 || len(x5c) > maxCertificates {
		return nil, fmt.Errorf("no chain of 1-%d certificates in the header", maxCertificates)
	}
	chain := make([]*x509.Certificate, len(x5c))
	intermediates, roots := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	for i, v := range x5c {
		text, _ := v.(string)
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		if i > 0 {
			intermediates.AddCert(chain[i])
		}
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}); err != nil {
		return nil, err
	}
	return chain[0].PublicKey, nil
}

// judge returns nil if the metadata vouches for the statement: the model is
// listed, is in good standing, attests in this way, and the chain ends at one of
// its anchors. Otherwise known says whether the metadata has an entry for the
// model, so that its no is final.
func (m *models) judge(s *statement) (known bool, err error) {
	ctx := context.Background() // a map in memory: nothing to wait for
	aaguid := [16]byte(s.object.AuthenticatorData.AttestedCredential.AAGUID)
	entry, err := m.provider.GetEntry(ctx, aaguid)
	if err != nil {
		return false, err
	}
	x5c := make([]any, len(s.chain))
	for i, cert := range s.chain {
		x5c[i] = cert.Raw
	}
	data := s.authenticatorData()
	if e := protocol.ValidateMetadataWithAuthenticatorData(ctx, m.provider, aaguid, s.kind, s.object.Format, x5c, &data); e != nil {
		return entry != nil, fmt.Errorf("metadata of model %s: %.200q", s.object.AuthenticatorData.AttestedCredential.AAGUID, e.Details+" "+e.DevInfo)
	}
	return true, nil
}
