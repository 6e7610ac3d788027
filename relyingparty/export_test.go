package relyingparty

import (
	"crypto/sha256"
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// CeremonySpec makes ceremonies with a challenge that somebody else chose, which
// vectors need: ours are random, and always 32 bytes long.
type CeremonySpec struct {
	Challenge        []byte
	UserHandle       []byte
	Algorithms       []webauthn.Algorithm
	UserVerification bool // required
	Identified       bool
	Allow            [][]byte
}

func (s CeremonySpec) opened() *ceremony {
	c := &ceremony{
		challenge: s.Challenge, userHandle: s.UserHandle, algorithms: s.Algorithms,
		userVerification: s.UserVerification, identified: s.Identified,
	}
	for _, id := range s.Allow {
		c.allowed = append(c.allowed, sha256.Sum256(id))
	}
	return c
}

// Registration is the ceremony as OpenRegistration would return it.
func (s CeremonySpec) Registration() RegistrationCeremony {
	return RegistrationCeremony{UserHandle: s.UserHandle, opened: s.opened()}
}

// Authentication is the ceremony as OpenAuthentication would return it.
func (s CeremonySpec) Authentication() AuthenticationCeremony {
	return AuthenticationCeremony{UserHandle: s.UserHandle, Identified: s.Identified, opened: s.opened()}
}

// VerifySignature is what FinishAuthentication does with a stored key, the signed
// bytes and a signature. Vectors for signatures sign messages that no assertion
// can have.
func VerifySignature(publicKey, signed, signature []byte) error {
	s := authenticationState{record: &Credential{PublicKey: publicKey}}
	if err := s.checkPublicKey(); err != nil {
		return err
	}
	return s.checkSigned(signed, signature)
}

// RecodeCeremony decodes the inside of a sealed ceremony and encodes it again.
func RecodeCeremony(b []byte) ([]byte, error) {
	c, err := unmarshalCeremony(b)
	if err != nil {
		return nil, err
	}
	return c.marshal()
}

// EncodedCeremonies are insides of sealed ceremonies, to start from.
func EncodedCeremonies() ([][]byte, error) {
	now := time.Unix(1_800_000_000, 5)
	var out [][]byte
	for _, c := range []ceremony{
		{challenge: make([]byte, challengeSize), issuedAt: now, expiresAt: now.Add(time.Minute)},
		{
			challenge: make([]byte, challengeSize), issuedAt: now, expiresAt: now.Add(MaxTimeout), userVerification: true, identified: true,
			userHandle: []byte("handle"), algorithms: []webauthn.Algorithm{webauthn.EdDSA, webauthn.RS256}, allowed: make([][32]byte, 3), attachment: []byte("memory"),
		},
	} {
		b, err := c.marshal()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}
