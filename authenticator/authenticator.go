package authenticator

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"slices"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// Limits that GetInfo tells.
const (
	maxMessageSize = 1 << 20
	maxListLength  = 256
)

// defaultUserTimeout is how long a person may think.
const defaultUserTimeout = 2 * time.Minute

// Backup says whether new credentials may leave this machine, and whether they
// have: the flags BE and BS.
type Backup int

const (
	// DeviceBound credentials stay here.
	DeviceBound Backup = iota
	// BackupEligible credentials may be backed up, and are not now.
	BackupEligible
	// BackedUp credentials are.
	BackedUp
)

// Config describes an authenticator. The zero value answers GetInfo and refuses
// everything else.
type Config struct {
	// Store keeps credentials; nil: a MemoryStore of its own.
	Store CredentialStore
	// Verifier asks the user; nil: nobody can be asked, and every request is
	// denied.
	Verifier UserVerifier
	// UserTimeout is how long a question stays; zero: 2 minutes.
	UserTimeout time.Duration
	// AllowUnverified lets a person who consented and was not verified do what
	// does not demand user verification (option uv); the flag UV is then clear.
	// Zero: everything demands it.
	AllowUnverified bool
	// Backup is of new credentials; zero: DeviceBound. The state of those that
	// are eligible follows it.
	Backup Backup
	// Counting raises the signature counter of a credential with each assertion,
	// in the store, before it signs. Zero: the counter of new credentials is zero and
	// stays so, which says that there is none; one that has counted goes on.
	Counting bool
	// AAGUID says which model this is; zero: [ModelAAGUID].
	AAGUID webauthn.AAGUID
	// Rand is the source of ids and keys; nil: crypto/rand. Signatures do not use it.
	Rand io.Reader
	// Now is the clock, read when a credential is made; nil: time.Now.
	Now func() time.Time
}

// ModelAAGUID is this authenticator's model, "3fa3d42c-b53d-4dc4-9ff3-b2d1e1b941be",
// which was drawn at random once. It proves nothing: attestation is by the
// credential itself.
func ModelAAGUID() webauthn.AAGUID {
	return webauthn.AAGUID{
		0x3f, 0xa3, 0xd4, 0x2c, 0xb5, 0x3d, 0x4d, 0xc4, 0x9f, 0xf3, 0xb2, 0xd1, 0xe1, 0xb9, 0x41, 0xbe,
	}
}

// Authenticator answers requests. Make one with [New]. It is safe for concurrent
// use: requests but GetInfo wait for each other.
type Authenticator struct {
	config  Config
	working chan struct{} // holds a value while a request is at work
}

var _ ctap2.Authenticator = (*Authenticator)(nil)

// New makes an authenticator. It copies c.
func New(c Config) *Authenticator {
	if c.Store == nil {
		c.Store = &MemoryStore{}
	}
	if c.UserTimeout <= 0 {
		c.UserTimeout = defaultUserTimeout
	}
	if c.AAGUID == (webauthn.AAGUID{}) {
		c.AAGUID = ModelAAGUID()
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Authenticator{config: c, working: make(chan struct{}, 1)}
}

// GetInfo says what this authenticator can do, CTAP 2.2 §6.4. The version is
// FIDO_2_0, because a later one promises PINs and management (CTAP 2.2 §9); what is
// here of later versions is told by its own member. The error is nil.
func (a *Authenticator) GetInfo(context.Context) (ctap2.Info, error) {
	return ctap2.Info{
		Versions:                 []string{"FIDO_2_0"},
		Extensions:               []string{extensionCredProtect, ctap2.ExtensionPRF},
		AAGUID:                   a.config.AAGUID,
		Options:                  ctap2.Options{optionDiscoverable: true, optionUserPresence: true, optionUserVerification: true},
		MaxMessageSize:           maxMessageSize,
		MaxCredentialCountInList: maxListLength,
		MaxCredentialIDLength:    maxCredentialID,
		Transports:               []string{string(webauthn.TransportHybrid), string(webauthn.TransportInternal)},
		Algorithms: []webauthn.CredentialParameter{
			{Type: publicKey, Algorithm: webauthn.ES256}, {Type: publicKey, Algorithm: webauthn.EdDSA},
		},
		AttestationFormats: []string{formatPacked, formatNone},
	}, nil
}

// Bits of the flags, WebAuthn L3 §6.1.
const (
	flagUserPresent    = 1 << 0
	flagUserVerified   = 1 << 2
	flagBackupEligible = 1 << 3
	flagBackupState    = 1 << 4
	flagAttested       = 1 << 6
	flagExtensions     = 1 << 7
)

// authenticatorData writes authenticator data, WebAuthn L3 §6.1. The person has
// consented, so was there. Nil attested or extensions: none.
func (a *Authenticator) authenticatorData(c Credential, verified bool, attested, extensions []byte) []byte {
	flags := byte(flagUserPresent)
	if verified {
		flags |= flagUserVerified
	}
	if c.BackupEligible {
		flags |= flagBackupEligible
		if a.config.Backup == BackedUp {
			flags |= flagBackupState
		}
	}
	if attested != nil {
		flags |= flagAttested
	}
	if extensions != nil {
		flags |= flagExtensions
	}
	hash := sha256.Sum256([]byte(c.RP.ID))
	b := binary.BigEndian.AppendUint32(append(hash[:], flags), c.SignCount)
	return slices.Concat(b, attested, extensions)
}

// Names of options, CTAP 2.2 §6.1.
const (
	optionDiscoverable     = "rk"
	optionUserPresence     = "up"
	optionUserVerification = "uv"
)

// checkPINAuthentication is the step for pinUvAuthParam: no protocol is known
// here, so there is no token either, whatever its length.
func checkPINAuthentication(param []byte, protocol uint64) error {
	switch {
	case param == nil:
		return nil
	case protocol == 0:
		return ctap2.StatusMissingParameter
	default:
		return ctap2.StatusInvalidParameter
	}
}

// checkEnterprise refuses enterprise attestation, whatever its kind.
func checkEnterprise(kind uint64) error {
	if kind != 0 {
		return ctap2.StatusInvalidParameter
	}
	return nil
}
