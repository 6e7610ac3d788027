// Package relyingparty decides whether a WebAuthn response satisfies the
// ceremony that was begun for it. It follows [WebAuthn Level 3], §7.1 and §7.2.
//
// # Begin, open, finish
//
// A [RelyingParty] begins a ceremony with BeginRegistration or
// BeginAuthentication. Both return the options for the browser and a
// [SealedCeremony]: a text that the client carries and cannot read or change.
// Nothing is stored. When the client comes back, OpenRegistration or
// OpenAuthentication turn the text into a ceremony again, and
// FinishRegistration or FinishAuthentication judge the response against it.
//
// A response may be judged any number of times; it must take effect once. The
// caller keeps a table of spent [CeremonyID] values and inserts the id in the
// transaction that acts on the result (or, for a refused response, in one of
// its own). Whatever is not in that table can be used until it expires.
//
// # Verdicts
//
// Every refusal is a [*VerificationError] that names one [Check]. The checks run
// in the order of the specification, and each is a small function of its own.
// With an error comes the zero value of the result: success cannot be mistaken.
//
// # What it does not do
//
// No HTTP, no storage, no network, no log. It looks up no credential: the
// caller passes the stored [Credential] into FinishAuthentication. It does not
// know whether a credential id is taken: the caller's table of credentials has
// that as a constraint (§7.1, credential id is unknown).
//
// JSON, CBOR and base64url are decoded by package webauthn, strictly. Signatures
// and attestation statements are verified by go-webauthn on bytes that have
// passed there. Where this package is stricter than the specification or than
// go-webauthn, the source says "Divergence".
//
// [WebAuthn Level 3]: https://www.w3.org/TR/webauthn-3/
package relyingparty
