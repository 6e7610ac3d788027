package authenticator_test

import (
	"context"
	"fmt"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// agreeable is a user who says yes to everything, which a user should not.
type agreeable struct{}

func (agreeable) Verify(_ context.Context, q authenticator.Question) (authenticator.Answer, error) {
	fmt.Printf("%s at %s?\n", q.Action, q.RelyingParty.ID)
	return authenticator.Answer{Consented: true, Verified: true}, nil
}

// An authenticator makes a credential and signs with it. A program would hand it a
// Vault, and a UserVerifier that asks.
func Example() {
	ctx := context.Background()
	a := authenticator.New(authenticator.Config{Store: &authenticator.MemoryStore{}, Verifier: agreeable{}})

	made, err := a.MakeCredential(ctx, ctap2.MakeCredentialRequest{
		RP:         webauthn.RelyingPartyEntity{ID: "example.org", Name: "Example"},
		User:       webauthn.UserEntity{ID: webauthn.Bytes("handle"), Name: "alice", DisplayName: "Alice"},
		Parameters: []webauthn.CredentialParameter{{Type: "public-key", Algorithm: webauthn.ES256}},
		Options:    ctap2.Options{"rk": true, "uv": true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.Format)

	signed, err := a.GetAssertion(ctx, ctap2.GetAssertionRequest{RPID: "example.org", Options: ctap2.Options{"uv": true}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(signed.User.ID), signed.UserSelected)

	_, err = a.GetAssertion(ctx, ctap2.GetAssertionRequest{RPID: "example.com"})
	fmt.Println(err)

	// Output:
	// create at example.org?
	// packed
	// sign_in at example.org?
	// handle true
	// nothing at example.com?
	// ctap2: CTAP2_ERR_NO_CREDENTIALS (0x2e)
}
