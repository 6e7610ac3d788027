package clientplatform

import (
	"context"
	"encoding/json"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// maxSignature and maxUserHandle are what [webauthn.ParseAuthenticationResponse] takes, in bytes.
const (
	maxSignature  = 8 << 10
	maxUserHandle = 64
)

// Authentication is the end of an authentication ceremony.
type Authentication struct {
	// JSON is an AuthenticationResponseJSON, for the server of the client's origin alone.
	JSON         []byte
	CredentialID webauthn.Bytes
	// PRF holds outputs for the inputs of the options; nil when there are none. It
	// stays with the program: it is not in JSON, where a browser puts it.
	PRF *ctap2.PRFResults
}

// authentication is a ceremony under way.
type authentication struct {
	client        *Client
	authenticator ctap2.Authenticator
	options       webauthn.RequestOptions
	can           capabilities
	rpID          string
	mustVerify    bool
	clientData    webauthn.ClientData
	prf           ctap2.PRFInput
	request       ctap2.GetAssertionRequest
}

// Get asks a to sign with a credential as options want it, by the steps of
// [WebAuthn L3 §5.1.4], and returns the response for the server. It waits as
// [Client.Create] does. Options from a server are read with
// [webauthn.ParseRequestOptions]. The error is an [*Error].
//
// [WebAuthn L3 §5.1.4]: https://www.w3.org/TR/webauthn-3/#sctn-getAssertion
func (c *Client) Get(ctx context.Context, a ctap2.Authenticator, options webauthn.RequestOptions) (Authentication, error) {
	ctx, stop := begin(ctx, options.Timeout)
	defer stop()
	g := &authentication{client: c, authenticator: a, options: options}
	for _, step := range []func(context.Context) error{
		g.checkOptions,
		g.collectClientData,
		g.selectAuthenticator,
		g.listAllowed,
		g.addExtensions,
	} {
		if err := step(ctx); err != nil {
			return Authentication{}, err
		}
	}
	response, err := a.GetAssertion(ctx, g.request)
	if err != nil {
		return Authentication{}, refused(ctx, err)
	}
	return g.result(response)
}

// §5.1.4: the RP ID, inputs of extensions, and that nobody has given up yet.
func (g *authentication) checkOptions(ctx context.Context) (err error) {
	if len(g.options.Challenge) == 0 {
		return failf(TypeError, "no challenge")
	}
	if g.rpID, err = g.client.RPID(g.options.RPID); err != nil {
		return err
	}
	g.request.RPID = g.rpID
	if g.prf, err = requestPRF(g.options.Extensions.PRF, g.options.AllowCredentials); err != nil {
		return err
	}
	return over(ctx)
}

// §5.1.4: client data and its hash.
func (g *authentication) collectClientData(context.Context) error {
	g.clientData = g.client.clientData(webauthn.TypeGet, g.options.Challenge)
	g.request.ClientDataHash = g.clientData.Hash()
	return nil
}

// §5.1.4: userVerification.
func (g *authentication) selectAuthenticator(ctx context.Context) (err error) {
	if g.can, err = ask(ctx, g.authenticator); err != nil {
		return err
	}
	g.mustVerify = g.options.UserVerification == webauthn.UserVerificationRequired
	if g.mustVerify && !g.can.userVerification {
		return failf(NotAllowedError, "user verification is required, and the authenticator has none")
	}
	g.request.Options = options(false, g.can.wantsVerification(g.options.UserVerification, g.asksPRF()))
	return nil
}

// §5.1.4: allowCredentials.
func (g *authentication) listAllowed(ctx context.Context) (err error) {
	if len(g.options.AllowCredentials) == 0 {
		return nil
	}
	allowed := publicKeys(g.options.AllowCredentials)
	if allowed == nil { // §5.8.3: a list of unknown types is not the empty list
		return failf(NotSupportedError, "no allowCredentials are of the type %q", typePublicKey)
	}
	g.request.AllowList, err = fitting(ctx, g.authenticator, g.can, g.rpID, allowed)
	if err == nil && len(g.request.AllowList) == 0 {
		return failf(NotAllowedError, "the authenticator has none of the %d credentials: %w", len(allowed), ctap2.StatusNoCredentials)
	}
	return err
}

// asksPRF reports whether there is something to evaluate, and somebody who can.
func (g *authentication) asksPRF() bool {
	return g.can.prf && (g.prf.Eval != nil || len(g.prf.EvalByCredential) > 0)
}

// §5.1.4: extensions.
func (g *authentication) addExtensions(context.Context) (err error) {
	if g.prf = only(g.prf, g.request.AllowList); g.asksPRF() {
		g.request.Extensions, err = extensions(g.prf)
	}
	return err
}

// result judges the authenticator's answer and makes the response.
func (g *authentication) result(response ctap2.GetAssertionResponse) (Authentication, error) {
	data, err := webauthn.ParseAuthenticatorData(response.AuthenticatorData)
	if err != nil {
		return Authentication{}, failf(UnknownError, "the authenticator's data: %w", err)
	}
	if err := judge(data, g.rpID, g.mustVerify); err != nil {
		return Authentication{}, err
	}
	if data.AttestedCredential != nil {
		return Authentication{}, failf(UnknownError, "the authenticator's answer has a new credential in it")
	}
	if n := len(response.Signature); n == 0 || n > maxSignature {
		return Authentication{}, failf(UnknownError, "a signature of %d bytes", n)
	}
	id, err := answeredCredential(response.Credential, g.request.AllowList)
	if err != nil {
		return Authentication{}, err
	}
	handle, err := g.userHandle(response)
	if err != nil {
		return Authentication{}, err
	}
	var prf ctap2.PRFOutput
	if g.asksPRF() {
		if prf, err = prfOutput(response.UnsignedExtensions, g.prf, id); err != nil {
			return Authentication{}, err
		}
	}
	text, err := json.Marshal(webauthn.AuthenticationResponse{
		CredentialID:      id,
		Attachment:        attachment,
		ClientData:        g.clientData,
		AuthenticatorData: data,
		Signature:         response.Signature,
		UserHandle:        handle,
	})
	if err != nil {
		return Authentication{}, failf(UnknownError, "the authenticator's answer: %w", err)
	}
	return Authentication{JSON: text, CredentialID: id, PRF: prf.Results}, nil
}

// userHandle is whose the credential is. Who was not named must be told by the
// authenticator, and chosen by its user if there are several.
func (g *authentication) userHandle(response ctap2.GetAssertionResponse) (webauthn.Bytes, error) {
	named := len(g.request.AllowList) > 0
	switch {
	case !named && response.NumberOfCredentials > 1 && !response.UserSelected:
		return nil, failf(UnknownError, "the authenticator leaves the choice between %d accounts to somebody else", response.NumberOfCredentials)
	case response.User == nil && named:
		return nil, nil
	case response.User == nil:
		return nil, failf(UnknownError, "the authenticator does not say whose credential it signed with")
	case len(response.User.ID) == 0 || len(response.User.ID) > maxUserHandle:
		return nil, failf(UnknownError, "a user handle of %d bytes", len(response.User.ID))
	}
	return response.User.ID, nil
}
