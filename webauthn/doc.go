// Package webauthn holds the words of [WebAuthn L3] as Go values: the options
// that a relying party sends, and what a client sends back: client data,
// authenticator data, attestation objects and COSE keys, in JSON and in CBOR.
//
// It turns bytes into values and has no opinion about them. A value that came
// from a Parse function is well formed, so later code need not look again;
// whether the challenge, the origin or the signature in it are right is judged
// by package relyingparty. There is no I/O here, no clock and no log.
//
// # Strictness
//
// What arrives was written by a stranger, so there is one way to read it, and
// the rest is an error. A Parse function returns the zero value with every
// error, and the error is a [*ParseError] that names the member.
//
//   - Limits come first: 64 KiB for a response, 512 KiB for options, 16 levels of
//     JSON, and a size for each binary member.
//   - JSON is UTF-8 with no duplicate member names at any level and nothing
//     after the value. Members are matched by their exact names; "Challenge" is
//     not "challenge" but an unknown member. Unknown members are skipped, as the
//     specification wants. Null is no substitute for a value; only userHandle and
//     authenticatorAttachment may be null.
//   - base64url is unpadded, with no stray bits and no line breaks.
//   - CBOR is in the canonical form of CTAP2, with nothing left over.
//
// What a client says about extensions and transports is no evidence of anything,
// so it cannot break a ceremony either: what is not understood there is dropped.
//
// # Example
//
//	response, err := webauthn.ParseAuthenticationResponse(body)
//	if malformed, ok := errors.AsType[*webauthn.ParseError](err); ok {
//		// malformed.Member is, for example, "response.clientDataJSON.origin".
//	}
//
// [WebAuthn L3]: https://www.w3.org/TR/webauthn-3/
package webauthn
