package relyingparty

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// Limits of the life of a ceremony, and its default.
const (
	MinTimeout     = time.Minute
	MaxTimeout     = 10 * time.Minute
	DefaultTimeout = 5 * time.Minute
)

// Config configures [New], which copies it.
type Config struct {
	// ID is the RP ID, a domain in lower case; required. It is neither an IP
	// address nor a public suffix. "localhost" is taken for development.
	ID string
	// Name is shown by authenticators; "" means ID.
	Name string
	// Origins are the origins of the pages that may answer, as whole strings
	// without a path: "https://id.example.org". At least one. The host of each
	// is ID or ends in it; http is taken for localhost only.
	Origins []string
	// RelatedOrigins are further origins whose pages may answer, of any domain:
	// what the RP ID's /.well-known/webauthn tells browsers ([WebAuthn L3 §5.11]).
	// Whole strings, as Origins, and none that stands there. A host is no public
	// suffix, and localhost only if the RP ID is: browsers relate no others. Who
	// runs one of them signs in with its people's credentials as if it were ID.
	//
	// [WebAuthn L3 §5.11]: https://www.w3.org/TR/webauthn-3/#sctn-related-origins
	RelatedOrigins []string
	// TopOrigins are the origins of pages that may frame ours. Empty: a response
	// made in a frame is refused.
	TopOrigins []string
	// Algorithms are offered in this order at registration. Empty: EdDSA, ES256,
	// RS256. A credential that exists goes on working when its algorithm is
	// taken from the list.
	Algorithms []webauthn.Algorithm
	// Timeout is the life of a ceremony, 1-10 minutes in whole milliseconds;
	// zero: 5 minutes.
	Timeout time.Duration
	// UserVerification is what ceremonies ask for; "" means required. Required
	// is also checked; preferred and discouraged are not, and the result says
	// what happened.
	UserVerification webauthn.UserVerification
	// Attestation says what is done with attestation statements. The zero value
	// asks for none and keeps none.
	Attestation AttestationPolicy
	// Keyring seals ceremonies; required.
	Keyring *Keyring
	// Rand is the source of challenges, ids and nonces; nil: crypto/rand. Safe
	// for concurrent use, if the RelyingParty is used so.
	Rand io.Reader
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// AttestationPolicy says what is done with attestation statements, see
// [StatementPolicy].
type AttestationPolicy struct {
	// Statement; "" means ignore.
	Statement StatementPolicy
	// AAGUIDs are the models that StatementRequire accepts; empty: any with an anchor.
	AAGUIDs []webauthn.AAGUID
	// Roots are trust anchors, DER certificates: roots, intermediates, or
	// attestation certificates themselves. No other certificate is an anchor,
	// whatever a statement carries.
	Roots [][]byte
	// Metadata is a FIDO metadata BLOB (MDS3, a signed JWT), verified by New
	// without any network access. A model that it knows is judged by its entry
	// alone; Roots speak for the others.
	Metadata []byte
	// MetadataRoot is the DER root certificate of Metadata; nil: the FIDO
	// Alliance's production root.
	MetadataRoot []byte
}

// StatementPolicy says how attestation statements are treated.
type StatementPolicy string

const (
	// StatementIgnore asks for no attestation. A statement that comes anyway must
	// be well formed; it is neither evaluated nor kept.
	StatementIgnore StatementPolicy = "ignore"
	// StatementVerify asks for attestation and refuses a statement that does not
	// verify. None and self attestation pass. A chain to an anchor is reported,
	// not required.
	StatementVerify StatementPolicy = "verify"
	// StatementRequire is StatementVerify, and a chain must end at a configured
	// anchor, and the model must be listed if models are listed. None and self
	// attestation never pass: they prove no model. Shuts out synced passkeys
	// and, on some platforms, phones.
	StatementRequire StatementPolicy = "require"
)

// RelyingParty begins and finishes ceremonies. Safe for concurrent use.
type RelyingParty struct {
	id               string
	idHash           [32]byte
	name             string
	origins          []string
	relatedOrigins   []string
	topOrigins       []string
	algorithms       []webauthn.Algorithm
	timeout          time.Duration
	userVerification webauthn.UserVerification
	attestation      attestation
	keyring          *Keyring
	rand             io.Reader
	now              func() time.Time
}

// New checks the configuration and makes a relying party of it. An RP ID that
// can never work is refused here, not at the first sign-in ([WebAuthn L3 §5.1.3]).
//
// [WebAuthn L3 §5.1.3]: https://www.w3.org/TR/webauthn-3/#sctn-createCredential
func New(c Config) (*RelyingParty, error) {
	rp := &RelyingParty{
		id:               c.ID,
		idHash:           sha256.Sum256([]byte(c.ID)),
		name:             c.Name,
		origins:          slices.Clone(c.Origins),
		relatedOrigins:   slices.Clone(c.RelatedOrigins),
		topOrigins:       slices.Clone(c.TopOrigins),
		algorithms:       slices.Clone(c.Algorithms),
		timeout:          c.Timeout,
		userVerification: c.UserVerification,
		keyring:          c.Keyring,
		rand:             c.Rand,
		now:              c.Now,
	}
	rp.setDefaults()
	if err := firstError(
		func() error { return validateRPID(rp.id) },
		func() error { return validateOrigins(rp.id, rp.origins) },
		func() error { return validateRelatedOrigins(rp.id, rp.origins, rp.relatedOrigins) },
		func() error { return validateTopOrigins(rp.topOrigins) },
		rp.validateOptions,
	); err != nil {
		return nil, fmt.Errorf("relyingparty: %w", err)
	}
	att, err := newAttestation(c.Attestation, rp.now)
	if err != nil {
		return nil, fmt.Errorf("relyingparty: attestation: %w", err)
	}
	rp.attestation = att
	return rp, nil
}

// ID is the RP ID.
func (rp *RelyingParty) ID() string { return rp.id }

func (rp *RelyingParty) setDefaults() {
	if rp.name == "" {
		rp.name = rp.id
	}
	if len(rp.algorithms) == 0 {
		rp.algorithms = []webauthn.Algorithm{webauthn.EdDSA, webauthn.ES256, webauthn.RS256}
	}
	if rp.timeout == 0 {
		rp.timeout = DefaultTimeout
	}
	if rp.userVerification == "" {
		rp.userVerification = webauthn.UserVerificationRequired
	}
	if rp.rand == nil {
		rp.rand = rand.Reader
	}
	if rp.now == nil {
		rp.now = time.Now
	}
}

func (rp *RelyingParty) validateOptions() error {
	if rp.keyring == nil || len(rp.keyring.ring()) == 0 {
		return errors.New("a keyring is required")
	}
	if rp.timeout < MinTimeout || rp.timeout > MaxTimeout || rp.timeout%time.Millisecond != 0 {
		return fmt.Errorf("timeout %v is not between %v and %v in whole milliseconds", rp.timeout, MinTimeout, MaxTimeout)
	}
	switch rp.userVerification {
	case webauthn.UserVerificationRequired, webauthn.UserVerificationPreferred, webauthn.UserVerificationDiscouraged:
	default:
		return fmt.Errorf("user verification %q is none of required, preferred, discouraged", string(rp.userVerification))
	}
	for i, a := range rp.algorithms {
		if !knownAlgorithm(a) {
			return fmt.Errorf("algorithm %d is not supported", int64(a))
		}
		if slices.Contains(rp.algorithms[:i], a) {
			return fmt.Errorf("algorithm %d is listed twice", int64(a))
		}
	}
	return nil
}

// random returns n fresh random bytes.
func (rp *RelyingParty) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(rp.rand, b); err != nil {
		return nil, fmt.Errorf("relyingparty: reading randomness: %w", err)
	}
	return b, nil
}
