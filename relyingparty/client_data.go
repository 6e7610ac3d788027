package relyingparty

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"

	"github.com/hitherauth/hither/webauthn"
)

// clientDataChecks judges client data; both verbs share it.
type clientDataChecks struct {
	rp       *RelyingParty
	ceremony *ceremony
	data     *webauthn.ClientData
	want     string // type
}

// §7.1, §7.2: type.
func (c clientDataChecks) checkType() error {
	if c.data.Type != c.want {
		return refuse(CheckType, "type %.200q is not %q", c.data.Type, c.want)
	}
	return nil
}

// §7.1, §7.2: challenge. Compared as text: there is one way to write it.
func (c clientDataChecks) checkChallenge() error {
	want := base64.RawURLEncoding.EncodeToString(c.ceremony.challenge)
	if subtle.ConstantTimeCompare([]byte(c.data.Challenge), []byte(want)) != 1 {
		return refuse(CheckChallenge, "not the challenge of this ceremony")
	}
	return nil
}

// §7.1, §7.2: origin. Whole strings: no parsing, no normalisation.
func (c clientDataChecks) checkOrigin() error {
	if !slices.Contains(c.rp.origins, c.data.Origin) && !slices.Contains(c.rp.relatedOrigins, c.data.Origin) {
		return refuse(CheckOrigin, "origin %.200q is not one of the %d configured origins", c.data.Origin, len(c.rp.origins)+len(c.rp.relatedOrigins))
	}
	return nil
}

// §7.1, §7.2: crossOrigin.
func (c clientDataChecks) checkCrossOrigin() error {
	if c.data.CrossOrigin && len(c.rp.topOrigins) == 0 {
		return refuse(CheckCrossOrigin, "made in a frame on another origin's page, and framing is not configured")
	}
	return nil
}

// §7.1, §7.2: topOrigin. Clients older than Level 3 do not send it, so its
// absence says nothing.
func (c clientDataChecks) checkTopOrigin() error {
	switch {
	case c.data.TopOrigin == "":
		return nil
	case !c.data.CrossOrigin:
		return refuse(CheckTopOrigin, "top origin %.200q without crossOrigin", c.data.TopOrigin)
	case !slices.Contains(c.rp.topOrigins, c.data.TopOrigin):
		return refuse(CheckTopOrigin, "top origin %.200q is not one of the %d configured top origins", c.data.TopOrigin, len(c.rp.topOrigins))
	}
	return nil
}

// authenticatorDataChecks judges authenticator data; both verbs share it.
type authenticatorDataChecks struct {
	rp       *RelyingParty
	ceremony *ceremony
	data     *webauthn.AuthenticatorData
}

// §7.1, §7.2: rpIdHash.
func (c authenticatorDataChecks) checkRPIDHash() error {
	if c.data.RPIDHash != c.rp.idHash {
		return refuse(CheckRPIDHash, "RP ID hash %x is not that of %q", c.data.RPIDHash[:8], c.rp.id)
	}
	return nil
}

// §7.1, §7.2: UP. Divergence: also required of a conditional create, which this
// package does not offer, and where the FIDO conformance tool would accept its
// absence.
func (c authenticatorDataChecks) checkUserPresent() error {
	if !c.data.Flags.UserPresent() {
		return refuse(CheckUserPresent, "the user present flag is not set")
	}
	return nil
}

// §7.1, §7.2: UV. What was required is sealed in the ceremony.
func (c authenticatorDataChecks) checkUserVerified() error {
	if c.ceremony.userVerification && !c.data.Flags.UserVerified() {
		return refuse(CheckUserVerified, "the user verified flag is not set, and this ceremony requires it")
	}
	return nil
}

// §7.1, §7.2: BE and BS.
func (c authenticatorDataChecks) checkBackupFlags() error {
	if c.data.Flags.BackupState() && !c.data.Flags.BackupEligible() {
		return refuse(CheckBackupFlags, "backed up, but not backup eligible")
	}
	return nil
}

// signedBytes is what an authenticator signs: authenticator data and the hash of
// client data.
func signedBytes(data *webauthn.AuthenticatorData, clientDataHash [sha256.Size]byte) []byte {
	return slices.Concat(data.Raw, clientDataHash[:])
}
