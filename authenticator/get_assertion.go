package authenticator

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// asserting is a GetAssertion on its way through the steps.
type asserting struct {
	*Authenticator
	request ctap2.GetAssertionRequest

	prf          *ctap2.PRFInput
	verification bool // is demanded
	answer       Answer
	credential   Credential
	response     ctap2.GetAssertionResponse
}

// GetAssertion signs with a credential, once its user agrees: CTAP 2.2 §6.2.2.
// With an empty allow list the user chooses among the accounts, and the response
// tells the user handle and that it was chosen; names are not told. Nothing is
// told of what is here or is not before the user consents.
//
// Errors are as those of MakeCredential.
func (a *Authenticator) GetAssertion(
	ctx context.Context, request ctap2.GetAssertionRequest,
) (ctap2.GetAssertionResponse, error) {
	g := &asserting{Authenticator: a, request: request}
	for _, step := range [...]func() error{
		g.checkRequest, g.checkPIN, g.checkOptions, g.checkEnterprise, g.readExtensions,
	} {
		if err := step(); err != nil {
			return ctap2.GetAssertionResponse{}, err
		}
	}
	done, err := a.turn(ctx)
	if err != nil {
		return ctap2.GetAssertionResponse{}, err
	}
	defer done()
	for _, step := range [...]func(context.Context) error{g.chooseCredential, g.count, g.sign} {
		if err := step(ctx); err != nil {
			return ctap2.GetAssertionResponse{}, err
		}
	}
	return g.response, nil
}

// checkRequest holds the limits.
func (g *asserting) checkRequest() error {
	switch {
	case g.request.RPID == "":
		return ctap2.StatusMissingParameter
	case len(g.request.RPID) > maxRPIDLength:
		return ctap2.StatusInvalidLength
	case !validRPID(g.request.RPID):
		return ctap2.StatusInvalidParameter
	case len(g.request.AllowList) > maxListLength:
		return ctap2.StatusLimitExceeded
	default:
		return nil
	}
}

// checkPIN is §6.2.2, pinUvAuthParam (steps 1 and 2).
func (g *asserting) checkPIN() error {
	return checkPINAuthentication(g.request.PINUVAuthParam, g.request.PINUVAuthProtocol)
}

// checkOptions is §6.2.2, options (step 4). Unknown ones are ignored.
//
// Divergence: up may be false there, for an assertion that nobody notices. Here
// it is an unsupported option.
func (g *asserting) checkOptions() error {
	if _, ok := g.request.Options[optionDiscoverable]; ok {
		return ctap2.StatusUnsupportedOption
	}
	if present, ok := g.request.Options[optionUserPresence]; ok && !present {
		return ctap2.StatusUnsupportedOption
	}
	g.verification = g.request.Options[optionUserVerification]
	return nil
}

// checkEnterprise refuses enterprise attestation.
func (g *asserting) checkEnterprise() error { return checkEnterprise(g.request.EnterpriseAttestation) }

// readExtensions reads the inputs of step 10 before the person is asked.
func (g *asserting) readExtensions() (err error) {
	g.prf, err = readPRF(g.request.Extensions)
	return err
}

// chooseCredential is §6.2.2, user verification, locating credentials, user
// presence and the choice (steps 6 to 9, 11 and 12), with one question.
func (g *asserting) chooseCredential(ctx context.Context) error {
	held, err := g.held(ctx)
	if err != nil {
		return err
	}
	q := Question{Action: ActionNothing, RelyingParty: webauthn.RelyingPartyEntity{ID: g.request.RPID}}
	shown := slices.DeleteFunc(held, func(c Credential) bool { return !g.applicable(c, true) })
	for _, c := range shown {
		q.Action = ActionSignIn
		q.Accounts = append(q.Accounts, c.clone().User)
	}
	if len(shown) > 0 {
		q.RelyingParty.Name = shown[0].RP.Name
	}
	if g.answer, err = g.ask(ctx, q); err != nil {
		return err
	}
	if g.verification && !g.answer.Verified {
		return ctap2.StatusOperationDenied
	}
	if len(shown) == 0 {
		return ctap2.StatusNoCredentials
	}
	g.credential = shown[g.answer.Account]
	if !g.applicable(g.credential, g.answer.Verified) {
		return ctap2.StatusNoCredentials
	}
	// What was removed while the person was thinking signs no more.
	if held, err = g.held(ctx); err != nil {
		return err
	}
	i := list(held).index(g.credential.ID)
	if i < 0 {
		return ctap2.StatusNoCredentials
	}
	g.credential = held[i]
	return nil
}

// held are the credentials of the relying party.
func (g *asserting) held(ctx context.Context) ([]Credential, error) {
	held, err := g.config.Store.Credentials(ctx, g.request.RPID)
	if err != nil {
		return nil, fmt.Errorf("authenticator: looking for credentials: %w", err)
	}
	return held, nil
}

// applicable says whether a credential of the relying party may answer.
func (g *asserting) applicable(c Credential, verified bool) bool {
	if len(g.request.AllowList) == 0 {
		return c.Discoverable && c.Protection.allows(verified, false)
	}
	return listed(g.request.AllowList, c) && c.Protection.allows(verified, true)
}

// count is the signature counter, WebAuthn L3 §6.1.1: what is signed was kept
// before, so no count is told twice. A credential that has counted goes on, because
// its relying party takes a counter that stands still for that of a copy.
func (g *asserting) count(ctx context.Context) (err error) {
	if !g.config.Counting && g.credential.SignCount == 0 {
		return nil
	}
	g.credential.SignCount, err = g.config.Store.Count(ctx, g.credential.ID)
	if err != nil {
		return fmt.Errorf("authenticator: counting the signature: %w", err)
	}
	return nil
}

// sign is §6.2.2, extensions and signature (steps 10 and 13).
func (g *asserting) sign(context.Context) (err error) {
	c := g.credential
	g.response = ctap2.GetAssertionResponse{
		Credential:        &webauthn.CredentialDescriptor{Type: publicKey, ID: c.ID},
		AuthenticatorData: g.authenticatorData(c, g.answer.Verified, nil, nil),
		UserSelected:      len(g.request.AllowList) == 0,
	}
	if c.Discoverable {
		// The client platform needs the handle alone.
		g.response.User = &webauthn.UserEntity{ID: c.User.ID}
	}
	signed := slices.Concat(g.response.AuthenticatorData, g.request.ClientDataHash[:])
	if g.response.Signature, err = c.Key.Sign(signed); err != nil {
		return err
	}
	g.response.UnsignedExtensions, err = evaluatePRF(g.prf, c, g.answer.Verified, false)
	return err
}

// listed says whether a list of descriptors names c.
func listed(list []webauthn.CredentialDescriptor, c Credential) bool {
	return slices.ContainsFunc(list, func(d webauthn.CredentialDescriptor) bool {
		return d.Type == publicKey && bytes.Equal(d.ID, c.ID)
	})
}
