package webauthn_test

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/webauthn"
)

// A client answers request options with this JSON.
func ExampleParseAuthenticationResponse() {
	clientData := `{"type":"webauthn.get","challenge":"AAECAwQFBgcICQoLDA0ODw","origin":"https://id.example"}`
	authenticatorData := append(make([]byte, 32), 0x05, 0, 0, 0, 9)
	body := fmt.Appendf(nil,
		`{"id":"q6k","rawId":"q6k","type":"public-key","clientExtensionResults":{},
		  "response":{"clientDataJSON":%q,"authenticatorData":%q,"signature":"MAA"}}`,
		base64.RawURLEncoding.EncodeToString([]byte(clientData)),
		base64.RawURLEncoding.EncodeToString(authenticatorData))

	response, err := webauthn.ParseAuthenticationResponse(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.CredentialID, response.ClientData.Origin)
	fmt.Println(response.AuthenticatorData.Flags.UserVerified(), response.AuthenticatorData.SignCount)
	// Output:
	// q6k https://id.example
	// true 9
}

// Errors say where, for programs and for people.
func ExampleParseError() {
	_, err := webauthn.ParseClientData([]byte(`{"type":"webauthn.get","challenge":["AAEC"]}`))

	if malformed, ok := errors.AsType[*webauthn.ParseError](err); ok {
		fmt.Println(malformed.Member)
	}
	fmt.Println(err)
	// Output:
	// challenge
	// webauthn: challenge: an array instead of a string
}

func ExampleBytes() {
	id, err := webauthn.ParseBase64URL("q6k")
	fmt.Println(len(id), id, err)
	_, err = webauthn.ParseBase64URL("q6k=")
	fmt.Println(err)
	// Output:
	// 2 q6k <nil>
	// webauthn: not unpadded base64url
}
