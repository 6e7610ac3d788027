package server

import (
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/webauthn"
)

// decoyKinds are credentials as real authenticators make them, as often as
// they are met: length of the id in bytes, and transports as browsers list them.
func decoyKinds() []webauthn.CredentialDescriptor {
	sized := func(n int, transports ...webauthn.Transport) webauthn.CredentialDescriptor {
		return webauthn.CredentialDescriptor{Type: "public-key", ID: make(webauthn.Bytes, n), Transports: transports}
	}
	synced := []webauthn.Transport{webauthn.TransportHybrid, webauthn.TransportInternal}
	return []webauthn.CredentialDescriptor{
		sized(16, synced...), sized(16, synced...), sized(16, synced...),
		sized(20, synced...), sized(20, synced...),
		sized(32, webauthn.TransportInternal),
		sized(32, synced...),
		sized(48, webauthn.TransportNFC, webauthn.TransportUSB),
	}
}

// decoy is the one credential that a name seems to have when nobody has it:
// always the same for the same name, whatever its case, and not to be told
// from a real one without the key. It costs the same for names that exist.
func (s *Server) decoy(name string) []webauthn.CredentialDescriptor {
	stream, err := hkdf.Key(sha256.New, s.decoyKey[:], nil, "hither decoy credential v1\x00"+account.FoldName(name), 1+64)
	if err != nil {
		panic("server: expanding a decoy: " + err.Error()) // 65 bytes are always to be had
	}
	kinds := decoyKinds()
	d := kinds[int(stream[0])%len(kinds)]
	copy(d.ID, stream[1:])
	return []webauthn.CredentialDescriptor{d}
}
