package relyingparty_test

import (
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	library "github.com/go-webauthn/webauthn/webauthn"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// oracle is go-webauthn's complete validation, from the body's first byte.
// Production uses none of this path.
type oracle struct{ webauthn *library.WebAuthn }

func newOracle(tb testing.TB, topOrigins ...string) *oracle {
	tb.Helper()
	w, err := library.New(&library.Config{
		RPID:               testID,
		RPDisplayName:      "Example",
		RPOrigins:          []string{testOrigin},
		RPTopOrigins:       topOrigins,
		RPAllowCrossOrigin: len(topOrigins) > 0,
		// Ours ignores outputs that nobody asked for (§7.1); so shall the oracle.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return &oracle{webauthn: w}
}

// person is an account as the library wants it.
type person struct {
	handle      []byte
	credentials []library.Credential
}

func (p person) WebAuthnID() []byte                        { return p.handle }
func (p person) WebAuthnName() string                      { return "alice" }
func (p person) WebAuthnDisplayName() string               { return "Alice" }
func (p person) WebAuthnCredentials() []library.Credential { return p.credentials }

// register judges a registration: the verdict, and what to store.
func (o *oracle) register(options webauthn.CreationOptions, body []byte) (*library.Credential, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(body)
	if err != nil {
		return nil, err
	}
	var params []protocol.CredentialParameter
	for _, p := range options.Parameters {
		params = append(params, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: coseAlgorithm(p.Algorithm)})
	}
	return o.webauthn.CreateCredential(person{handle: options.User.ID}, library.SessionData{
		Challenge:        options.Challenge.String(),
		RelyingPartyID:   testID,
		UserID:           options.User.ID,
		UserVerification: protocol.UserVerificationRequirement(options.AuthenticatorSelection.UserVerification),
		CredParams:       params,
	}, parsed)
}

// authenticate judges an authentication; identified is the user handle of the
// person named, or nil.
func (o *oracle) authenticate(options webauthn.RequestOptions, identified, body []byte, record relyingparty.Credential) (*library.Credential, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return nil, err
	}
	stored := library.Credential{ID: record.ID, PublicKey: record.PublicKey, Authenticator: library.Authenticator{SignCount: record.SignCount}}
	stored.Flags.BackupEligible = record.BackupEligible != nil && *record.BackupEligible
	owner := person{handle: record.UserHandle, credentials: []library.Credential{stored}}
	session := library.SessionData{
		Challenge:        options.Challenge.String(),
		RelyingPartyID:   testID,
		UserID:           identified,
		UserVerification: protocol.UserVerificationRequirement(options.UserVerification),
	}
	if identified == nil {
		_, cred, err := o.webauthn.ValidatePasskeyLogin(func(_, _ []byte) (library.User, error) { return owner, nil }, session, parsed)
		return cred, err
	}
	for _, allowed := range options.AllowCredentials {
		session.AllowedCredentialIDs = append(session.AllowedCredentialIDs, allowed.ID)
	}
	return o.webauthn.ValidateLogin(owner, session, parsed)
}
