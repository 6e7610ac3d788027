// Package authenticator is an authenticator in software: it holds discoverable
// credentials, asks its user, and signs. Given somewhere to keep keys and a way to
// ask, it is a ctap2.Authenticator.
//
// # What it is made of
//
// An [Authenticator] follows the algorithms of CTAP 2.2 §6.1.2 and §6.2.2, one
// method to a step. It has two ports. A [CredentialStore] keeps credentials: a
// [Vault] in a file that is encrypted by age, or a [MemoryStore]. A [UserVerifier]
// asks the person, once for each request: who asks, what for, with which account.
//
// # What it does
//
// Nothing is signed, made or told without the person's consent, which includes
// that a credential is here or is not. There are no silent assertions. ES256 and
// EdDSA; attestation is packed, signed by the credential itself, or none; the
// extensions are prf, in the form of the hybrid transport, and credProtect. (The
// client platform answers credProps; it reads there what it asked for as option
// rk, and that is what is made.)
//
// # What it does not
//
// It has no PIN, so nothing of authenticatorClientPIN, and none of the management
// commands: this is why it calls itself FIDO_2_0 and no more. It does not check
// that who asks may ask for an RP ID: that is the client platform's promise, which
// the person is shown.
package authenticator
