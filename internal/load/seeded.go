package load

import (
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// Population is people who follow from a seed: whoever knows it has all their
// keys. A database of them is for measuring and for nothing else.
type Population struct {
	// Seed is any text; who has the same one has the same people.
	Seed string
	// RPID is what their passkeys are bound to, such as "localhost".
	RPID string
}

// Seeded is one person of a population, with one passkey.
type Seeded struct {
	Name          string // in no order
	AccountID     [16]byte
	Credential    *webauthntest.Credential // ES256, synced, without a counter
	Authenticator *webauthntest.Authenticator
}

// Person makes person n, always the same one. It takes some tens of microseconds.
func (p Population) Person(n int64) (Seeded, error) {
	random := sha3.NewSHAKE128()
	_, _ = random.Write([]byte("hither population\x00" + p.Seed + "\x00")) // never fails
	_, _ = random.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))     //nolint:gosec // G115: any bits do

	var s Seeded
	var tag [4]byte
	var handle [32]byte
	for _, b := range [][]byte{tag[:], s.AccountID[:], handle[:]} {
		_, _ = random.Read(b)
	}
	// As random as names are in an index, and never twice.
	s.Name = fmt.Sprintf("%s-%d@example.org", hex.EncodeToString(tag[:]), n)
	s.Authenticator = webauthntest.New(webauthntest.Config{
		Rand: random, Algorithm: webauthn.ES256, BackupEligible: true, BackupState: true,
	})
	var err error
	s.Credential, _, err = s.Authenticator.Create(webauthn.CreationOptions{
		RP:   webauthn.RelyingPartyEntity{ID: p.RPID},
		User: webauthn.UserEntity{ID: handle[:], Name: s.Name, DisplayName: s.Name},
	}, "https://"+p.RPID)
	if err != nil {
		return Seeded{}, fmt.Errorf("load: person %d: %w", n, err)
	}
	return s, nil
}
