package relyingparty_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// A whole registration and a whole authentication, in memory. Between Begin and
// Open stand the network and the browser; here a software authenticator answers.
func Example() {
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		fmt.Println(err)
		return
	}
	rp, err := relyingparty.New(relyingparty.Config{
		ID:      "id.example.org",
		Name:    "Example",
		Origins: []string{"https://id.example.org"},
		Keyring: keyring,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	browser := webauthntest.New(webauthntest.Config{})

	// Registration: the options go to the browser, and so does the sealed ceremony.
	binding := relyingparty.Binding("hash of the browser's cookie")
	creation, sealed, err := rp.BeginRegistration(relyingparty.RegistrationRequest{
		User:    webauthn.UserEntity{ID: webauthn.Bytes("random bytes"), Name: "alice", DisplayName: "Alice"},
		Binding: binding,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, body, err := browser.Create(creation, "https://id.example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	registering, err := rp.OpenRegistration(sealed, binding)
	if err != nil {
		fmt.Println(err)
		return
	}
	attestation, err := webauthn.ParseRegistrationResponse(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	registration, err := rp.FinishRegistration(registering, attestation)
	if err != nil {
		fmt.Println(err)
		return
	}
	// In one transaction: spend registering.ID, store the record.
	record := relyingparty.Credential{
		ID:             registration.CredentialID,
		UserHandle:     registration.UserHandle,
		PublicKey:      registration.PublicKey,
		SignCount:      registration.SignCount,
		BackupEligible: &registration.BackupEligible,
	}
	fmt.Println("registered, user verified:", registration.UserVerified)

	// Authentication, with no user name.
	request, sealed, err := rp.BeginAuthentication(relyingparty.AuthenticationRequest{Binding: binding})
	if err != nil {
		fmt.Println(err)
		return
	}
	if body, err = browser.Get(request, "https://id.example.org"); err != nil {
		fmt.Println(err)
		return
	}
	authenticating, err := rp.OpenAuthentication(sealed, binding)
	if err != nil {
		fmt.Println(err)
		return
	}
	assertion, err := webauthn.ParseAuthenticationResponse(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	authentication, err := rp.FinishAuthentication(authenticating, assertion, record)
	if err != nil {
		fmt.Println(err)
		return
	}
	// In one transaction: spend authenticating.ID, update the record, open a session.
	fmt.Printf("signed in: %s\n", authentication.UserHandle)

	// Output:
	// registered, user verified: true
	// signed in: random bytes
}

// A refusal names the check that failed, for programs, and says what was seen,
// for people.
func ExampleVerificationError() {
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		fmt.Println(err)
		return
	}
	rp, err := relyingparty.New(relyingparty.Config{ID: "example.org", Origins: []string{"https://example.org"}, Keyring: keyring})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, sealed, err := rp.BeginAuthentication(relyingparty.AuthenticationRequest{Binding: relyingparty.Binding("one browser")})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = rp.OpenAuthentication(sealed, relyingparty.Binding("another browser"))
	if refused, ok := errors.AsType[*relyingparty.VerificationError](err); ok {
		fmt.Println(refused.Check)
	}
	fmt.Println(err)

	// Output:
	// binding
	// relyingparty: check binding: begun by another browser or session
}

// The options are what navigator.credentials takes, by way of
// PublicKeyCredential.parseRequestOptionsFromJSON.
func ExampleRelyingParty_BeginAuthentication() {
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		fmt.Println(err)
		return
	}
	rp, err := relyingparty.New(relyingparty.Config{ID: "example.org", Origins: []string{"https://example.org"}, Keyring: keyring})
	if err != nil {
		fmt.Println(err)
		return
	}
	options, _, err := rp.BeginAuthentication(relyingparty.AuthenticationRequest{Hints: []string{"hybrid"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	options.Challenge = webauthn.Bytes("32 random bytes")
	text, err := json.Marshal(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(text))

	// Output:
	// {"challenge":"MzIgcmFuZG9tIGJ5dGVz","timeout":300000,"rpId":"example.org","allowCredentials":[],"userVerification":"required","hints":["hybrid"]}
}
