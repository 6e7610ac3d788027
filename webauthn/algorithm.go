package webauthn

// Algorithm is a COSE algorithm identifier, a COSEAlgorithmIdentifier in the
// specification. The constants are those that package relyingparty can check;
// any other number may stand in a [COSEKey] too.
type Algorithm int64

// The algorithms by their names in the COSE registry.
const (
	ES256 Algorithm = -7   // ECDSA with SHA-256; in WebAuthn on P-256
	EdDSA Algorithm = -8   // in WebAuthn on Ed25519
	ES384 Algorithm = -35  // ECDSA with SHA-384; in WebAuthn on P-384
	ES512 Algorithm = -36  // ECDSA with SHA-512; in WebAuthn on P-521
	RS256 Algorithm = -257 // RSASSA-PKCS1-v1_5 with SHA-256
)
