package webauthntest_test

import (
	"fmt"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// A valid ceremony, and the same one with one thing broken.
func Example() {
	a := webauthntest.New(webauthntest.Config{})
	options := webauthn.CreationOptions{
		RP:        webauthn.RelyingPartyEntity{ID: "id.example"},
		User:      webauthn.UserEntity{ID: webauthn.Bytes("handle"), Name: "ann"},
		Challenge: webauthn.Bytes("0123456789abcdef"),
	}
	_, valid, err := a.Create(options, "https://id.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, broken, err := a.Create(options, "https://id.example", func(r *webauthntest.Registration) {
		r.At(webauthntest.AfterObject, func() { r.AttestationObject = append(r.AttestationObject, 0) })
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = webauthn.ParseRegistrationResponse(valid)
	fmt.Println("valid:", err == nil)
	_, err = webauthn.ParseRegistrationResponse(broken)
	fmt.Println("broken:", err == nil)
	// Output:
	// valid: true
	// broken: false
}
