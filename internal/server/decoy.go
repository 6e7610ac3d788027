package server

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/webauthn"
)

const (
	// maxDecoys is the most credentials that a name seems to have when nobody has it.
	maxDecoys = 3
	// decoyTagSize is how much of a decoy's id is a tag by which it is known
	// again; the rest is made from the name. In bytes.
	decoyTagSize = 8
	maxDecoyID   = 64
)

// decoyKinds are credentials as real authenticators make them, about as often
// as they are met: length of the id in bytes, and transports in the order of
// descriptors. A kind that is missing here would say that somebody is there, so
// the rare ones count.
func decoyKinds() []webauthn.CredentialDescriptor {
	sized := func(n int, transports ...webauthn.Transport) webauthn.CredentialDescriptor {
		return webauthn.CredentialDescriptor{Type: "public-key", ID: make(webauthn.Bytes, n), Transports: transports}
	}
	synced := []webauthn.Transport{webauthn.TransportHybrid, webauthn.TransportInternal}
	return []webauthn.CredentialDescriptor{
		sized(16, synced...), sized(16, synced...), sized(16, synced...), sized(16, synced...), sized(16),
		sized(20, synced...), sized(20, synced...), sized(20, synced...),
		sized(32, synced...), sized(32, webauthn.TransportInternal), sized(32, webauthn.TransportInternal), sized(32),
		sized(48, webauthn.TransportNFC, webauthn.TransportUSB), sized(48, webauthn.TransportUSB),
		sized(64, webauthn.TransportNFC, webauthn.TransportUSB), sized(maxDecoyID, webauthn.TransportUSB),
	}
}

// decoys are the credentials that a name seems to have when nobody has it:
// always the same for the same name, whatever its case, and not to be told
// from real ones without the key. They cost the same for names that exist.
//
// Most names have one; some have two or three, or else two would say that
// somebody is there.
func (s *Server) decoys(name string) []webauthn.CredentialDescriptor {
	key := secret.Reveal(s.decoyKey)
	stream, err := hkdf.Key(sha256.New, key[:], nil, "hither decoy credentials v1\x00"+account.FoldName(name), 1+maxDecoys*(1+maxDecoyID))
	if err != nil {
		panic("server: expanding decoys: " + err.Error()) // so few bytes are always to be had
	}
	count := 1
	if stream[0] >= 184 {
		count = 2
	}
	if stream[0] >= 240 {
		count = maxDecoys
	}
	out := make([]webauthn.CredentialDescriptor, count)
	for i := range out {
		own := stream[1+i*(1+maxDecoyID):]
		kinds := decoyKinds()
		out[i] = kinds[int(own[0])%len(kinds)]
		body := out[i].ID[:len(out[i].ID)-decoyTagSize]
		copy(body, own[1:])
		copy(out[i].ID[len(body):], s.decoyTag(body))
	}
	return out
}

// isDecoy says whether an id was handed out for a name that nobody has. Whoever
// sends one back must hear what is said of a credential that somebody has:
// otherwise a begin and a finish together would tell which names exist.
func (s *Server) isDecoy(id webauthn.Bytes) bool {
	body := id[:max(0, len(id)-decoyTagSize)]
	return hmac.Equal(id[len(body):], s.decoyTag(body))
}

func (s *Server) decoyTag(body []byte) []byte {
	key := secret.Reveal(s.decoyKey)
	tag := hmac.New(sha256.New, key[:])
	tag.Write([]byte("hither decoy tag v1\x00"))
	tag.Write(body)
	return tag.Sum(nil)[:decoyTagSize]
}
