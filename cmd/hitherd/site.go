package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// localhost is the one host that browsers trust over plain HTTP.
const localhost = "localhost"

// site is where people find this installation.
type site struct {
	origin string // as browsers write it
	host   string
	rpID   string
}

// site derives the site from the configuration, for a listener that has the
// given port.
func (c config) site(port int) (site, error) {
	e, err := parseListen("listen", c.Listen)
	if err != nil {
		return site{}, err
	}
	text, scheme := c.PublicURL, "http"
	if c.TLSCertFile != "" {
		scheme = "https"
	}
	if text == "" {
		if !e.local() {
			return site{}, refused("listen %q can be reached from other machines and public_url is not set: set HITHER_PUBLIC_URL to the address that people open, such as https://id.example", c.Listen)
		}
		text = scheme + "://" + net.JoinHostPort(localhost, strconv.Itoa(port))
	}
	u, err := parsePublicURL(text)
	if err != nil {
		return site{}, err
	}
	if scheme == "https" && u.Scheme == "http" {
		return site{}, refused("public_url %q is plain http and a certificate is configured: write https, or leave the certificate out", text)
	}
	s := site{origin: u.Scheme + "://" + u.Host, host: u.Hostname(), rpID: c.RPID}
	if s.rpID == "" {
		s.rpID = s.host
	}
	return s, nil
}

// parsePublicURL brings a public URL into the form of an origin. Whether it can
// be one, and has the RP ID, is judged by package relyingparty.
func parsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil: // the library's report repeats the text, which may hold a password
		return nil, refused("public_url is no address: write it like https://id.example")
	case u.User != nil:
		return nil, refused("public_url holds a user name or password: leave it out")
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, refused("public_url %q has no scheme or no host: write it like https://id.example", text)
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "", u.ForceQuery:
		return nil, refused("public_url %q has more than scheme, host and port: hitherd needs an address of its own, without a path", text)
	}
	u.Host = strings.ToLower(u.Host)
	if p := u.Port(); p == "443" && u.Scheme == "https" || p == "80" && u.Scheme == "http" {
		u.Host = strings.TrimSuffix(u.Host, ":"+p) // browsers leave it out of the origin
	}
	return u, nil
}

// relyingParty makes the relying party that serves s, and refuses what cannot
// work (WebAuthn L3 §5.1.3).
func (c config) relyingParty(s site, keyring *relyingparty.Keyring, now func() time.Time) (*relyingparty.RelyingParty, error) {
	rc := relyingparty.Config{ID: s.rpID, Name: c.Name, Origins: []string{s.origin}, Keyring: keyring, Now: now}
	if _, err := relyingparty.New(rc); err != nil {
		return nil, refusedBy(err).Hint("public_url is the https address that people open (http for localhost alone), rp_id its host or a parent domain of it")
	}
	rc.RelatedOrigins = c.RelatedOrigins
	if _, err := relyingparty.New(rc); err != nil {
		return nil, refusedBy(err).Hint("related_origins are written as browsers do: https://shop.example, without a path")
	}
	var err error
	if rc.Attestation, err = c.attestationPolicy(); err != nil {
		return nil, err
	}
	for _, a := range c.Algorithms {
		rc.Algorithms = append(rc.Algorithms, webauthn.Algorithm(a))
	}
	rp, err := relyingparty.New(rc)
	if err != nil {
		return nil, refusedBy(err)
	}
	return rp, nil
}

// refusedBy is a refusal by package relyingparty, without its name, which says
// nothing to an operator.
func refusedBy(err error) *cli.ExitError {
	return refused("%s", strings.TrimPrefix(err.Error(), "relyingparty: "))
}

func (c config) attestationPolicy() (relyingparty.AttestationPolicy, error) {
	policy := relyingparty.AttestationPolicy{Statement: c.Attestation, AAGUIDs: c.AttestationAAGUIDs}
	if name := c.AttestationRootsFile; name != "" {
		text, err := os.ReadFile(name) //nolint:gosec // G304: the path is the operator's
		if err != nil {
			return policy, refused("attestation_roots_file: %w", err)
		}
		if policy.Roots, err = parseCertificates(text); err != nil {
			return policy, refused("attestation_roots_file %s: %w", name, err)
		}
	}
	if name := c.AttestationMetadataFile; name != "" {
		text, err := os.ReadFile(name) //nolint:gosec // G304: the path is the operator's
		if err != nil {
			return policy, refused("attestation_metadata_file: %w", err)
		}
		policy.Metadata = []byte(strings.TrimSpace(string(text)))
	}
	return policy, nil
}

// parseCertificates takes PEM certificates and nothing else, and returns them
// as DER.
func parseCertificates(text []byte) ([][]byte, error) {
	var certificates [][]byte
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("the file holds a " + block.Type + ", and must hold certificates only")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, err
		}
		certificates = append(certificates, block.Bytes)
	}
	if len(certificates) == 0 || strings.TrimSpace(string(text)) != "" {
		return nil, errors.New("the file is not a list of PEM certificates")
	}
	return certificates, nil
}
