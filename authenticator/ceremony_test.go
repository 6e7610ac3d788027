package authenticator_test

import (
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/webauthn"
)

// Whole ceremonies between the authenticator, our client platform and our relying
// party, which verifies attestation statements.
func TestCeremonies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name        string
		algorithm   webauthn.Algorithm
		attestation string
		config      authenticator.Config
		eligible    bool
		state       bool
		counts      []uint32 // of three assertions
	}{
		{name: "es256_none", algorithm: webauthn.ES256, attestation: "none", counts: []uint32{0, 0, 0}},
		{name: "es256_packed", algorithm: webauthn.ES256, attestation: "direct", counts: []uint32{0, 0, 0}},
		{name: "eddsa_none", algorithm: webauthn.EdDSA, attestation: "none", counts: []uint32{0, 0, 0}},
		{name: "eddsa_packed", algorithm: webauthn.EdDSA, attestation: "direct", counts: []uint32{0, 0, 0}},
		{
			name: "backup_eligible", algorithm: webauthn.ES256, attestation: "none",
			config: authenticator.Config{Backup: authenticator.BackupEligible}, eligible: true, counts: []uint32{0, 0, 0},
		},
		{
			name: "backed_up", algorithm: webauthn.ES256, attestation: "none",
			config: authenticator.Config{Backup: authenticator.BackedUp}, eligible: true, state: true, counts: []uint32{0, 0, 0},
		},
		{
			name: "counting", algorithm: webauthn.ES256, attestation: "none",
			config: authenticator.Config{Counting: true}, counts: []uint32{1, 2, 3},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.config.Verifier = &person{}
			a := authenticator.New(row.config)
			rp := newRelyingParty(t, row.algorithm)
			registration := register(t, rp, a, func(o *webauthn.CreationOptions) { o.Attestation = row.attestation })
			if !registration.UserVerified || registration.BackupEligible != row.eligible || registration.BackupState != row.state {
				t.Errorf("registration: %+v", registration)
			}
			for _, want := range row.counts {
				got := signIn(t, rp, a, registration)
				if got.SignCount != want || !got.UserVerified || got.BackupState != row.state {
					t.Errorf("got %+v, want a count of %d", got, want)
				}
				registration.SignCount = got.SignCount
			}
		})
	}
}
