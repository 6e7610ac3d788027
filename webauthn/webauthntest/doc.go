// Package webauthntest is a software authenticator with a client, for tests: it makes a valid ceremony and can
// break any one thing in it.
//
// An [Authenticator] holds credentials and answers the options of a relying party with the JSON bodies that a browser
// would send ([WebAuthn L3 §5.1]). Each call takes edits: functions on a [Registration] or an [Authentication], which
// show every part before it is encoded, and which may ask with At to be called again at a later [Stage], for example
// after the signature was made:
//
//	a := webauthntest.New(webauthntest.Config{})
//	cred, body, err := a.Create(options, "https://id.example", func(r *webauthntest.Registration) {
//		r.ClientData.SetString("type", "webauthn.get")
//	})
//	…
//	body, err = a.Get(options, "https://id.example", func(g *webauthntest.Authentication) {
//		g.At(webauthntest.AfterSigning, func() { g.Signature[7] ^= 1 })
//	})
//
// What it sends is written by writers of its own (CBOR…, DER…, [JSONObject], [Certificate]), which share no code with
// the decoders under test and can write what those must refuse: duplicate members and keys, indefinite lengths,
// integers that are longer than needed, lengths that lie, bytes left over.
//
// Unlike a browser it does not compare RP ID and origin, asks nobody for consent, and sends the attestation format that
// it was configured with whatever conveyance the options ask for: the relying party is what is tested. It is no place
// for keys that matter.
//
// An Authenticator is safe for concurrent use.
//
// [WebAuthn L3 §5.1]: https://www.w3.org/TR/webauthn-3/#iface-pkcredential
package webauthntest
