package webauthntest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/hitherauth/hither/webauthn"
)

// Errors that a browser would show to a page as an exception.
var (
	// ErrExcluded is the InvalidStateError of create: a credential of the exclude list is here.
	ErrExcluded = errors.New("webauthntest: a credential of the exclude list is here")
	// ErrNoCredential is the NotAllowedError of get: no credential here fits the options.
	ErrNoCredential = errors.New("webauthntest: no credential here fits the options")
	// ErrNoAlgorithm is the NotSupportedError of create: the authenticator knows none of the algorithms asked for.
	ErrNoAlgorithm = errors.New("webauthntest: none of the algorithms asked for is known")
)

// Attestation names what an authenticator states about itself ([WebAuthn L3 §8]).
//
// [WebAuthn L3 §8]: https://www.w3.org/TR/webauthn-3/#sctn-defined-attestation-formats
type Attestation string

// The attestations that an authenticator can make.
const (
	AttestationNone       Attestation = "none"
	AttestationSelf       Attestation = "self"   // format packed, signed by the credential's own key
	AttestationPacked     Attestation = "packed" // with certificates
	AttestationTPM        Attestation = "tpm"
	AttestationAndroidKey Attestation = "android-key"
	AttestationFIDOU2F    Attestation = "fido-u2f"
	AttestationApple      Attestation = "apple"
)

// Config describes an authenticator. The zero value is a synced passkey provider on the same device, in every respect
// but the backup flags.
type Config struct {
	// Rand is where identifiers and keys come from; nil means crypto/rand. With a reader of your own everything but
	// RSA keys repeats itself: signatures are then made as in RFC 6979. It need not be safe for concurrent use.
	Rand io.Reader
	// Algorithm of new credentials, whether the options offer it or not; zero means the first offered one that is
	// known: ES256, ES384, ES512, EdDSA, RS256.
	Algorithm webauthn.Algorithm
	// Attestation of new credentials; "" means none.
	Attestation Attestation
	// CA issues attestation certificates; nil means one of its own, which is made when it is first needed.
	CA *CA
	// AAGUID is the model.
	AAGUID webauthn.AAGUID
	// BackupEligible and BackupState set the flags BE and BS of new credentials.
	BackupEligible, BackupState bool
	// NotVerified leaves the flag UV clear.
	NotVerified bool
	// Counting makes each assertion raise the credential's signature counter by one; otherwise it stays zero.
	Counting bool
	// Transports are reported at registration; nil means internal and hybrid.
	Transports []webauthn.Transport
	// Attachment is authenticatorAttachment; "" means platform.
	Attachment string
	// RSAKey is the key of all RS256 credentials; nil means one that is made when it is first needed, of RSABits
	// (zero means 2048) and at least 1024 bits.
	RSAKey  *rsa.PrivateKey
	RSABits int
}

// Authenticator is a software authenticator together with the client in front of it. Make one with [New].
type Authenticator struct {
	config Config
	random io.Reader
	rsaKey func() (*rsa.PrivateKey, error)
	ca     func() (*CA, error)
	// attestationKey signs statements of the formats packed, tpm and fido-u2f.
	attestationKey func() (crypto.Signer, error)

	mu          sync.RWMutex
	credentials []*Credential
}

// New makes an authenticator that holds nothing yet. It reads nothing from c.Rand before the first ceremony.
func New(c Config) *Authenticator {
	a := &Authenticator{config: c, random: rand.Reader}
	if c.Rand != nil {
		a.random = &lockedReader{r: c.Rand}
	}
	if c.Transports == nil {
		a.config.Transports = []webauthn.Transport{webauthn.TransportInternal, webauthn.TransportHybrid}
	}
	if c.Attachment == "" {
		a.config.Attachment = "platform"
	}
	if c.Attestation == "" {
		a.config.Attestation = AttestationNone
	}
	if c.RSABits == 0 {
		a.config.RSABits = 2048
	}
	a.rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) {
		if c.RSAKey != nil {
			return c.RSAKey, nil
		}
		return rsa.GenerateKey(rand.Reader, a.config.RSABits)
	})
	a.ca = sync.OnceValues(func() (*CA, error) {
		if c.CA != nil {
			return c.CA, nil
		}
		return NewCA(a.random)
	})
	a.attestationKey = sync.OnceValues(func() (crypto.Signer, error) {
		return newECKey(a.random, webauthn.ES256)
	})
	return a
}

// CA returns the issuer of the attestation certificates, whose Root a relying party can be told to trust.
func (a *Authenticator) CA() (*CA, error) { return a.ca() }

// Credentials returns what is held for an RP ID, the newest first.
func (a *Authenticator) Credentials(rpID string) []*Credential {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var out []*Credential
	for _, c := range slices.Backward(a.credentials) {
		if c.RPID == rpID {
			out = append(out, c)
		}
	}
	return out
}

// Forget drops a credential, as a person does in the settings of a phone.
func (a *Authenticator) Forget(c *Credential) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.credentials = slices.DeleteFunc(a.credentials, func(held *Credential) bool { return held == c })
}

// Get answers request options with the JSON of an authentication (AuthenticationResponseJSON): by the first credential
// of the allow list that is here, or, when the list is empty, by the newest discoverable one of the RP ID. Without one
// the error is [ErrNoCredential]. Origin is whole, for example "https://id.example". An RPID of "" means the origin's
// host.
func (a *Authenticator) Get(o webauthn.RequestOptions, origin string, edits ...func(*Authentication)) ([]byte, error) {
	if o.RPID == "" {
		o.RPID = host(origin)
	}
	held := a.Credentials(o.RPID)
	for _, allowed := range o.AllowCredentials {
		for _, c := range held {
			if bytes.Equal(c.ID, allowed.ID) {
				return c.Get(o, origin, edits...)
			}
		}
	}
	if len(o.AllowCredentials) == 0 {
		for _, c := range held {
			if c.Discoverable {
				return c.Get(o, origin, edits...)
			}
		}
	}
	return nil, ErrNoCredential
}

// GetJSON is Get for options as they came from a server.
func (a *Authenticator) GetJSON(options []byte, origin string, edits ...func(*Authentication)) ([]byte, error) {
	o, err := ReadRequestOptions(options)
	if err != nil {
		return nil, err
	}
	return a.Get(o, origin, edits...)
}

// CreateJSON is Create for options as they came from a server.
func (a *Authenticator) CreateJSON(
	options []byte, origin string, edits ...func(*Registration),
) (*Credential, []byte, error) {
	o, err := ReadCreationOptions(options)
	if err != nil {
		return nil, nil, err
	}
	return a.Create(o, origin, edits...)
}

// algorithm chooses what a new credential signs with.
func (a *Authenticator) algorithm(offered []webauthn.CredentialParameter) (webauthn.Algorithm, error) {
	if a.config.Algorithm != 0 {
		return a.config.Algorithm, nil
	}
	if len(offered) == 0 { // §5.1.3: an empty list stands for these two
		return webauthn.ES256, nil
	}
	for _, p := range offered {
		if _, known := hashes(p.Algorithm); known && p.Type == "public-key" {
			return p.Algorithm, nil
		}
	}
	return 0, ErrNoAlgorithm
}

// excluded says whether one of the listed credentials is here.
func (a *Authenticator) excluded(o webauthn.CreationOptions) bool {
	return slices.ContainsFunc(a.Credentials(o.RP.ID), func(c *Credential) bool {
		return slices.ContainsFunc(o.ExcludeCredentials, func(d webauthn.CredentialDescriptor) bool {
			return bytes.Equal(c.ID, d.ID)
		})
	})
}

func (a *Authenticator) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(a.random, b); err != nil {
		return nil, fmt.Errorf("webauthntest: reading randomness: %w", err)
	}
	return b, nil
}

// lockedReader lets a reader that is not safe for concurrent use serve an authenticator that is.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}
