package clientplatform

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// Attestation conveyances that reach the relying party with a statement.
const (
	conveyanceIndirect   = "indirect"
	conveyanceDirect     = "direct"
	conveyanceEnterprise = "enterprise"
)

// Registration is the end of a registration ceremony.
type Registration struct {
	// JSON is a RegistrationResponseJSON, for the server of the client's origin alone.
	JSON         []byte
	CredentialID webauthn.Bytes
	// PRF holds outputs for the inputs of the options; nil when there are none. It
	// stays with the program: it is not in JSON, where a browser puts it.
	PRF *ctap2.PRFResults
}

// registration is a ceremony under way.
type registration struct {
	client        *Client
	authenticator ctap2.Authenticator
	options       webauthn.CreationOptions
	can           capabilities
	rpID          string
	discoverable  bool
	mustVerify    bool
	clientData    webauthn.ClientData
	prf           ctap2.PRFInput
	excluded      []webauthn.CredentialDescriptor
	request       ctap2.MakeCredentialRequest
}

// Create asks a to make a credential as options want it, by the steps of
// [WebAuthn L3 §5.1.3], and returns the response for the server. It waits for the
// authenticator's user until ctx is done or the timeout of the options, between 5
// and 10 minutes, is over. Options from a server are read with
// [webauthn.ParseCreationOptions].
//
// Hints are for whoever chooses the authenticator, and not looked at. Of
// extensions, credProps and prf are known; others are ignored. An enterprise
// attestation is never asked for. The error is an [*Error].
//
// [WebAuthn L3 §5.1.3]: https://www.w3.org/TR/webauthn-3/#sctn-createCredential
func (c *Client) Create(ctx context.Context, a ctap2.Authenticator, options webauthn.CreationOptions) (Registration, error) {
	ctx, stop := begin(ctx, options.Timeout)
	defer stop()
	r := &registration{client: c, authenticator: a, options: options}
	for _, step := range []func(context.Context) error{
		r.checkOptions,
		r.chooseParameters,
		r.collectClientData,
		r.selectAuthenticator,
		r.listExcluded,
		r.addExtensions,
	} {
		if err := step(ctx); err != nil {
			return Registration{}, err
		}
	}
	response, err := a.MakeCredential(ctx, r.request)
	if err != nil {
		return Registration{}, refused(ctx, err)
	}
	return r.result(response)
}

// §5.1.3: user.id, the RP ID, inputs of extensions, and that nobody has given up yet.
func (r *registration) checkOptions(ctx context.Context) (err error) {
	if n := len(r.options.User.ID); n < 1 || n > 64 {
		return failf(TypeError, "user.id of %d bytes instead of 1 to 64", n)
	}
	if len(r.options.Challenge) == 0 {
		return failf(TypeError, "no challenge")
	}
	if r.rpID, err = r.client.RPID(r.options.RP.ID); err != nil {
		return err
	}
	if r.prf, err = creationPRF(r.options.Extensions.PRF); err != nil {
		return err
	}
	r.request.RP = webauthn.RelyingPartyEntity{ID: r.rpID, Name: r.options.RP.Name}
	r.request.User = r.options.User
	return over(ctx)
}

// §5.1.3: pubKeyCredParams.
func (r *registration) chooseParameters(context.Context) error {
	if len(r.options.Parameters) == 0 {
		r.request.Parameters = []webauthn.CredentialParameter{
			{Type: typePublicKey, Algorithm: webauthn.ES256},
			{Type: typePublicKey, Algorithm: webauthn.RS256},
		}
		return nil
	}
	for _, p := range r.options.Parameters {
		if p.Type == typePublicKey && !slices.Contains(r.request.Parameters, p) {
			r.request.Parameters = append(r.request.Parameters, p)
		}
	}
	if r.request.Parameters == nil {
		return failf(NotSupportedError, "no pubKeyCredParams are of the type %q", typePublicKey)
	}
	return nil
}

// §5.1.3: client data and its hash.
func (r *registration) collectClientData(context.Context) error {
	r.clientData = r.client.clientData(webauthn.TypeCreate, r.options.Challenge)
	r.request.ClientDataHash = r.clientData.Hash()
	return nil
}

// §5.1.3: authenticatorSelection. There is one candidate, so what a browser tells
// after its time is over is told at once.
func (r *registration) selectAuthenticator(ctx context.Context) (err error) {
	if r.can, err = ask(ctx, r.authenticator); err != nil {
		return err
	}
	s := r.options.AuthenticatorSelection
	r.mustVerify = s.UserVerification == webauthn.UserVerificationRequired
	switch s.ResidentKey {
	case "required":
		r.discoverable = true
	case "preferred":
		r.discoverable = r.can.discoverable
	case "discouraged":
	default: // absent or not known
		r.discoverable = s.RequireResidentKey
	}
	switch {
	case s.Attachment == "platform":
		return failf(NotAllowedError, "the options want the authenticator of this device, and this one is reached from outside")
	case r.discoverable && !r.can.discoverable:
		return failf(ConstraintError, "a discoverable credential is required, and the authenticator keeps none")
	case r.mustVerify && !r.can.userVerification:
		return failf(ConstraintError, "user verification is required, and the authenticator has none")
	case len(r.can.algorithms) > 0 && !slices.ContainsFunc(r.request.Parameters, func(p webauthn.CredentialParameter) bool {
		return slices.Contains(r.can.algorithms, p)
	}):
		return failf(NotSupportedError, "the authenticator has none of the algorithms")
	}
	r.request.Options = options(r.discoverable, r.can.wantsVerification(s.UserVerification, r.asksPRF()))
	if r.can.formats {
		r.request.AttestationFormats = r.options.AttestationFormats
		if !r.conveyed() {
			r.request.AttestationFormats = []string{"none"}
		}
	}
	return nil
}

// conveyed reports whether the relying party gets the attestation statement.
func (r *registration) conveyed() bool {
	switch r.options.Attestation {
	case conveyanceIndirect, conveyanceDirect, conveyanceEnterprise:
		return true
	default: // none, absent or not known
		return false
	}
}

// §5.1.3: excludeCredentials. Transports of the list may be out of date, so
// nothing is left out for them.
func (r *registration) listExcluded(ctx context.Context) (err error) {
	r.excluded = publicKeys(r.options.ExcludeCredentials)
	r.request.ExcludeList, err = fitting(ctx, r.authenticator, r.can, r.rpID, r.excluded)
	return err
}

// asksPRF reports whether it is asked for, of somebody who can.
func (r *registration) asksPRF() bool { return r.options.Extensions.PRF != nil && r.can.prf }

// §5.1.3: extensions.
func (r *registration) addExtensions(context.Context) (err error) {
	if r.asksPRF() {
		r.request.Extensions, err = extensions(r.prf)
	}
	return err
}

// result judges the authenticator's answer and makes the response.
func (r *registration) result(response ctap2.MakeCredentialResponse) (Registration, error) {
	object, err := r.attestationObject(response)
	if err != nil {
		return Registration{}, err
	}
	credential := object.AuthenticatorData.AttestedCredential
	out := webauthn.RegistrationResponse{
		CredentialID:      credential.CredentialID,
		Transports:        r.can.transports,
		Attachment:        attachment,
		ClientData:        r.clientData,
		AttestationObject: object,
	}
	if r.options.Extensions.CredProps {
		out.Discoverable = &r.discoverable
	}
	var prf ctap2.PRFOutput
	if r.asksPRF() {
		if prf, err = prfOutput(response.UnsignedExtensions, r.prf, credential.CredentialID); err != nil {
			return Registration{}, err
		}
	}
	if r.options.Extensions.PRF != nil {
		out.PRFEnabled = prf.Enabled
		if prf.Enabled == nil {
			out.PRFEnabled = new(prf.Results != nil)
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return Registration{}, failf(UnknownError, "the authenticator's new credential: %w", err)
	}
	return Registration{JSON: text, CredentialID: credential.CredentialID, PRF: prf.Results}, nil
}

// attestationObject judges what came back and puts it into the form in which the
// relying party gets it.
func (r *registration) attestationObject(response ctap2.MakeCredentialResponse) (webauthn.AttestationObject, error) {
	var object webauthn.AttestationObject
	b, err := response.AttestationObject()
	if err == nil {
		object, err = webauthn.ParseAttestationObject(b)
	}
	if err != nil {
		return webauthn.AttestationObject{}, failf(UnknownError, "the authenticator's attestation object: %w", err)
	}
	if err := judge(object.AuthenticatorData, r.rpID, r.mustVerify); err != nil {
		return webauthn.AttestationObject{}, err
	}
	credential := object.AuthenticatorData.AttestedCredential
	switch {
	case credential == nil:
		return webauthn.AttestationObject{}, failf(UnknownError, "the authenticator's answer has no credential in it")
	case !slices.Contains(r.request.Parameters, webauthn.CredentialParameter{Type: typePublicKey, Algorithm: credential.PublicKey.Algorithm}):
		return webauthn.AttestationObject{}, failf(UnknownError, "the authenticator chose algorithm %d, which was not offered", int64(credential.PublicKey.Algorithm))
	case contains(r.excluded, credential.CredentialID):
		return webauthn.AttestationObject{}, failf(UnknownError, "the authenticator's new credential has the id of an excluded one")
	case r.conveyed():
		return object, nil
	}
	object, err = object.WithoutStatement()
	if err != nil {
		return webauthn.AttestationObject{}, failf(UnknownError, "the authenticator's attestation object: %w", err)
	}
	return object, nil
}
