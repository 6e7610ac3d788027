package webauthn_test

import (
	"testing"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

const origin = "https://id.example"

func creationOptions() webauthn.CreationOptions {
	return webauthn.CreationOptions{
		RP:        webauthn.RelyingPartyEntity{ID: "id.example", Name: "Example"},
		User:      webauthn.UserEntity{ID: webauthn.Bytes("a user handle"), Name: "ann", DisplayName: "Ann"},
		Challenge: webauthn.Bytes("0123456789abcdef0123456789abcdef"),
		Parameters: []webauthn.CredentialParameter{
			{Type: "public-key", Algorithm: webauthn.ES256},
		},
		Extensions: webauthn.CreationExtensions{CredProps: true},
	}
}

// registration makes the body of a registration, valid but for what the edits break.
func registration(t testing.TB, config webauthntest.Config, edits ...func(*webauthntest.Registration)) []byte {
	t.Helper()
	_, body, err := webauthntest.New(config).Create(creationOptions(), origin, edits...)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// authentication makes the body of an authentication, valid but for what the edits break.
func authentication(t testing.TB, edits ...func(*webauthntest.Authentication)) []byte {
	t.Helper()
	a := webauthntest.New(webauthntest.Config{})
	if _, _, err := a.Create(creationOptions(), origin); err != nil {
		t.Fatal(err)
	}
	options := webauthn.RequestOptions{Challenge: creationOptions().Challenge, RPID: "id.example"}
	body, err := a.Get(options, origin, edits...)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// envelope edits the members around the response, response those in it.
func envelope(edit func(*webauthntest.JSONObject)) func(*webauthntest.Ceremony) {
	return func(c *webauthntest.Ceremony) { c.At(webauthntest.BeforeBody, func() { edit(&c.Envelope) }) }
}

func response(edit func(*webauthntest.JSONObject)) func(*webauthntest.Ceremony) {
	return func(c *webauthntest.Ceremony) { c.At(webauthntest.BeforeBody, func() { edit(&c.Response) }) }
}

func body(edit func([]byte) []byte) func(*webauthntest.Ceremony) {
	return func(c *webauthntest.Ceremony) { c.At(webauthntest.AfterBody, func() { c.Body = edit(c.Body) }) }
}

func set(name, value string) func(*webauthntest.JSONObject) {
	return func(o *webauthntest.JSONObject) { o.Set(name, value) }
}

func add(name, value string) func(*webauthntest.JSONObject) {
	return func(o *webauthntest.JSONObject) { o.Add(name, value) }
}

func remove(name string) func(*webauthntest.JSONObject) {
	return func(o *webauthntest.JSONObject) { o.Delete(name) }
}

func rename(name, to string) func(*webauthntest.JSONObject) {
	return func(o *webauthntest.JSONObject) { o.Rename(name, to) }
}

// text changes the JSON text of a member.
func text(name string, edit func(string) string) func(*webauthntest.JSONObject) {
	return func(o *webauthntest.JSONObject) { o.Set(name, edit(o.Get(name))) }
}

func insert(what string) func(string) string { // before the closing quotation mark
	return func(s string) string { return s[:len(s)-1] + what + `"` }
}
