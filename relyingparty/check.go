package relyingparty

import "fmt"

// Check names one step of the verification of a ceremony. The text is stable:
// audit logs and metrics carry it. The comments name the steps of
// [WebAuthn L3 §7.1] (registration) and [WebAuthn L3 §7.2] (authentication).
//
// [WebAuthn L3 §7.1]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
// [WebAuthn L3 §7.2]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
type Check string

const (
	// CheckCeremony fails unless the sealed ceremony is one of ours, for this relying party and for this verb.
	CheckCeremony Check = "ceremony"
	// CheckBinding fails unless the ceremony is finished by whoever began it.
	CheckBinding Check = "binding"
	// CheckExpiry fails unless the ceremony is still alive.
	CheckExpiry Check = "expiry"
	// CheckType (§7.1, §7.2: type): client data says webauthn.create or webauthn.get.
	CheckType Check = "type"
	// CheckChallenge (§7.1, §7.2: challenge): client data carries the challenge of this ceremony.
	CheckChallenge Check = "challenge"
	// CheckOrigin (§7.1, §7.2: origin): client data names one of the configured origins.
	CheckOrigin Check = "origin"
	// CheckCrossOrigin (§7.1, §7.2: crossOrigin): framed pages only where framing is configured.
	CheckCrossOrigin Check = "cross_origin"
	// CheckTopOrigin (§7.1, §7.2: topOrigin): the framing page is one of the configured ones.
	CheckTopOrigin Check = "top_origin"
	// CheckRPIDHash (§7.1, §7.2: rpIdHash): the authenticator answered for this RP ID.
	CheckRPIDHash Check = "rp_id_hash"
	// CheckUserPresent (§7.1, §7.2: UP): somebody was there. Always required.
	CheckUserPresent Check = "user_present"
	// CheckUserVerified (§7.1, §7.2: UV): the authenticator verified the person, where the ceremony required it.
	CheckUserVerified Check = "user_verified"
	// CheckBackupFlags (§7.1, §7.2: BE and BS): nothing is backed up that is not backup eligible.
	CheckBackupFlags Check = "backup_flags"
	// CheckBackupEligible (§7.2: BE): backup eligibility is what it was at registration.
	CheckBackupEligible Check = "backup_eligible"
	// CheckAttestedData (§6.1): attested credential data is there at registration and not at authentication.
	CheckAttestedData Check = "attested_data"
	// CheckAlgorithm (§7.1: alg): the key's algorithm was offered in this ceremony.
	CheckAlgorithm Check = "algorithm"
	// CheckPublicKey (§5.8.5): the key is a sound key of its algorithm.
	CheckPublicKey Check = "public_key"
	// CheckFormat (§7.1: fmt): the attestation statement format is a supported one.
	CheckFormat Check = "attestation_format"
	// CheckStatement (§7.1: attStmt): the statement is well formed and, by policy, verifies.
	CheckStatement Check = "attestation_statement"
	// CheckTrust (§7.1: trust anchors): by policy, the statement's chain ends at a configured anchor and the model is listed.
	CheckTrust Check = "attestation_trust"
	// CheckCredentialID (§7.1, §7.2: credential id): the id in the body is the authenticator's and the record's.
	CheckCredentialID Check = "credential_id"
	// CheckAllowed (§7.2: allowCredentials): the credential is one of those the ceremony asked for.
	CheckAllowed Check = "credential_allowed"
	// CheckUserHandle (§7.2: user handle): ceremony, response and record mean the same person.
	CheckUserHandle Check = "user_handle"
	// CheckSignature (§7.2: signature): the credential's key signed this response.
	CheckSignature Check = "signature"
	// CheckSignCount (§7.2: signCount): a signature counter that is in use has grown.
	CheckSignCount Check = "sign_count"
)

// VerificationError reports which check of a ceremony failed.
type VerificationError struct {
	Check Check // for programs
	Err   error // for people: what was seen. Carries no challenge, key or signature.
}

// Error returns the check and what was seen, in one line.
func (e *VerificationError) Error() string {
	return fmt.Sprintf("relyingparty: check %s: %v", e.Check, e.Err)
}

// Unwrap returns what was seen.
func (e *VerificationError) Unwrap() error { return e.Err }

// refuse makes the error of a failed check. Text that a client chose goes
// through the verb %.200q, so that it is one bounded, printable line.
func refuse(c Check, format string, args ...any) error {
	return &VerificationError{Check: c, Err: fmt.Errorf(format, args...)}
}

// firstError runs checks in order and returns the first refusal.
func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
