package clientplatform

import (
	"crypto/sha256"

	"github.com/hitherauth/hither/webauthn"
)

// judge checks of authenticator data what a browser checks before it gives
// anything out: that it is the answer to this request. Whether the signature is
// right only the relying party can say.
func judge(data webauthn.AuthenticatorData, rpID string, mustVerify bool) error {
	switch {
	case data.RPIDHash != sha256.Sum256([]byte(rpID)):
		return failf(UnknownError, "the authenticator's answer is for another RP ID")
	case !data.Flags.UserPresent():
		return failf(UnknownError, "the authenticator answered without its user")
	case mustVerify && !data.Flags.UserVerified():
		return failf(UnknownError, "the authenticator answered without verifying its user, which is required")
	case data.Flags.BackupState() && !data.Flags.BackupEligible():
		return failf(UnknownError, "the authenticator says that a credential is backed up which cannot be")
	}
	return nil
}
