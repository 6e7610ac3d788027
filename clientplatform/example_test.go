package clientplatform_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// A program signs its user in. The options come from the server at the origin, and
// the answer goes back there; here the authenticator has no passkey for it.
func Example() {
	client, err := clientplatform.New(clientplatform.Config{Origin: "https://id.example.org"})
	if err != nil {
		fmt.Println(err)
		return
	}
	options, err := webauthn.ParseRequestOptions([]byte(`{"challenge":"AAECAwQFBgcICQoLDA0ODw","rpId":"example.org"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var authenticator ctap2.Authenticator = newPhone(webauthntest.Config{}) // or a phone: see hybrid.Initiate
	answer, err := client.Get(context.Background(), authenticator, options)
	if err != nil {
		refused, _ := errors.AsType[*clientplatform.Error](err)
		fmt.Println(refused.Name, errors.Is(err, ctap2.StatusNoCredentials))
		return
	}
	fmt.Println(answer.CredentialID) // and answer.JSON is sent to https://id.example.org

	// Output:
	// NotAllowedError true
}

// Options cannot widen what the origin may do.
func ExampleClient_Get() {
	client, err := clientplatform.New(clientplatform.Config{Origin: "https://id.evil.example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	options := webauthn.RequestOptions{RPID: "example.org", Challenge: webauthn.Bytes("0123456789abcdef")}
	_, err = client.Get(context.Background(), newPhone(webauthntest.Config{}), options)
	fmt.Println(err)

	// Output:
	// clientplatform: SecurityError: RP ID "example.org" is neither "id.evil.example" nor a suffix of it
}
