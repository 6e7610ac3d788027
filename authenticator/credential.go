package authenticator

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hitherauth/hither/webauthn"
)

// Limits of what a credential holds.
const (
	// MaxNameLength is how long the names of a relying party and of an account
	// may be, in bytes. Longer ones are cut between characters when a credential
	// is made; CTAP 2.2 §6.1 asks for at least 64.
	MaxNameLength = 256
	// maxRPIDLength is the length of the longest domain name, in bytes.
	maxRPIDLength = 253
	// maxUserHandle is the limit of [WebAuthn L3 §5.4.3].
	//
	// [WebAuthn L3 §5.4.3]: https://www.w3.org/TR/webauthn-3/#dom-publickeycredentialuserentity-id
	maxUserHandle = 64
	// credentialIDSize is the length of the ids that are made here: random, so
	// nobody finds one.
	credentialIDSize = 32
	// Ids within these are kept.
	minCredentialID = 16
	maxCredentialID = 64
)

// publicKey is the one type of credentials.
const publicKey = "public-key"

// Protection is who may learn of a credential, the values of the extension
// credProtect, CTAP 2.2 §12.1.
type Protection uint8

// The values of CTAP 2.2 §12.1.
const (
	// ProtectionNone is userVerificationOptional.
	ProtectionNone Protection = 1
	// ProtectionList is userVerificationOptionalWithCredentialIDList: without
	// user verification, only for whoever knows the credential's id.
	ProtectionList Protection = 2
	// ProtectionRequired is userVerificationRequired.
	ProtectionRequired Protection = 3
)

// allows says whether a request may learn of the credential. Listed: the
// request names the credential's id.
func (p Protection) allows(verified, listed bool) bool {
	switch p {
	case ProtectionNone:
		return true
	case ProtectionList:
		return verified || listed
	default:
		return verified
	}
}

// PRFSecrets are a credential's two pseudo-random functions, as hmac-secret has
// them: what is computed for a verified user is not computed for another.
type PRFSecrets struct {
	Verified, Unverified PRFSecret
}

func (s PRFSecrets) of(verified bool) PRFSecret {
	if verified {
		return s.Verified
	}
	return s.Unverified
}

// Credential is a key pair and what belongs to it.
type Credential struct {
	ID   webauthn.Bytes // 16-64 bytes
	RP   webauthn.RelyingPartyEntity
	User webauthn.UserEntity
	// Discoverable: offered to a request without an allow list. There is one such
	// credential for an account of a relying party.
	Discoverable   bool
	Key            PrivateKey
	PRF            PRFSecrets
	Protection     Protection
	BackupEligible bool // since it was made; it never changes
	SignCount      uint32
	Created        time.Time // whole seconds, UTC
}

// replaces says whether c, when it is new, takes old's place.
func (c Credential) replaces(old Credential) bool {
	return c.Discoverable && old.Discoverable && c.RP.ID == old.RP.ID && bytes.Equal(c.User.ID, old.User.ID)
}

// clone shares no memory with c.
func (c Credential) clone() Credential {
	c.ID, c.User.ID = slices.Clone(c.ID), slices.Clone(c.User.ID)
	return c
}

// check says what is wrong with c. What a store has taken it can give back.
func (c Credential) check() error {
	switch {
	case len(c.ID) < minCredentialID || len(c.ID) > maxCredentialID:
		return fmt.Errorf("the id has %d bytes instead of %d to %d", len(c.ID), minCredentialID, maxCredentialID)
	case !validRPID(c.RP.ID):
		return errors.New("the RP ID is no domain in lower case")
	case len(c.User.ID) == 0 || len(c.User.ID) > maxUserHandle:
		return fmt.Errorf("the user handle has %d bytes instead of 1 to %d", len(c.User.ID), maxUserHandle)
	case c.Key.Algorithm() == 0:
		return errors.New("no private key")
	case c.Protection < ProtectionNone || c.Protection > ProtectionRequired:
		return fmt.Errorf("protection %d instead of 1 to 3", c.Protection)
	case c.Created.Unix() < 0 || !c.Created.Equal(time.Unix(c.Created.Unix(), 0)) || c.Created.Location() != time.UTC:
		return errors.New("the time of creation is not in whole seconds, UTC, since 1970")
	}
	for _, name := range [...]string{c.RP.Name, c.User.Name, c.User.DisplayName} {
		if len(name) > MaxNameLength || !utf8.ValidString(name) {
			return fmt.Errorf("a name is longer than %d bytes or not UTF-8", MaxNameLength)
		}
	}
	return nil
}

// validRPID says whether id is a domain name in its ASCII form and in lower
// case, which is all that a client platform ever sends. It is shown to people:
// nothing in it may deceive the eye.
func validRPID(id string) bool {
	if id == "" || len(id) > maxRPIDLength {
		return false
	}
	for label := range strings.SplitSeq(id, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// shorten cuts a name to MaxNameLength bytes between two characters.
func shorten(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	if len(name) <= MaxNameLength {
		return name
	}
	n := MaxNameLength
	for !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}
