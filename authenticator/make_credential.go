package authenticator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/internal/cbor"
	"github.com/hitherauth/hither/webauthn"
)

// Attestation statement formats, WebAuthn L3 §8.2 and §8.7.
const (
	formatPacked = "packed"
	formatNone   = "none"
)

// making is a MakeCredential on its way through the steps.
type making struct {
	*Authenticator
	request ctap2.MakeCredentialRequest

	algorithm    webauthn.Algorithm
	protection   Protection
	protected    bool // credProtect was asked for
	prf          *ctap2.PRFInput
	held         []Credential // of the relying party
	replaces     []byte       // the id of the credential that goes; nil: none
	answer       Answer
	credential   Credential
	unsigned     ctap2.Extensions
	response     ctap2.MakeCredentialResponse
	discoverable bool
	verification bool // is demanded
}

// MakeCredential makes a credential, once its user agrees: CTAP 2.2 §6.1.2. When
// it returns a response, the credential is in the store, durably.
//
// An answer of the authenticator is a [ctap2.StatusCode]; any other error says
// that the store or the user verifier failed, or that ctx ended.
func (a *Authenticator) MakeCredential(
	ctx context.Context, request ctap2.MakeCredentialRequest,
) (ctap2.MakeCredentialResponse, error) {
	m := &making{Authenticator: a, request: request}
	for _, step := range [...]func() error{
		m.checkEntities, m.checkPIN, m.chooseAlgorithm, m.checkOptions, m.checkEnterprise, m.readExtensions,
	} {
		if err := step(); err != nil {
			return ctap2.MakeCredentialResponse{}, err
		}
	}
	done, err := a.turn(ctx)
	if err != nil {
		return ctap2.MakeCredentialResponse{}, err
	}
	defer done()
	for _, step := range [...]func(context.Context) error{m.verifyUser, m.generate, m.attest, m.store} {
		if err := step(ctx); err != nil {
			return ctap2.MakeCredentialResponse{}, err
		}
	}
	return m.response, nil
}

// checkEntities holds the limits for what is shown and kept.
func (m *making) checkEntities() error {
	r := m.request
	switch {
	case r.RP.ID == "" || r.User.ID == nil:
		return ctap2.StatusMissingParameter
	case len(r.RP.ID) > maxRPIDLength || len(r.User.ID) == 0 || len(r.User.ID) > maxUserHandle:
		return ctap2.StatusInvalidLength
	case !validRPID(r.RP.ID):
		return ctap2.StatusInvalidParameter
	case len(r.ExcludeList) > maxListLength:
		return ctap2.StatusLimitExceeded
	default:
		return nil
	}
}

// checkPIN is §6.1.2, pinUvAuthParam (steps 1 and 2).
func (m *making) checkPIN() error {
	return checkPINAuthentication(m.request.PINUVAuthParam, m.request.PINUVAuthProtocol)
}

// chooseAlgorithm is §6.1.2, pubKeyCredParams (step 3): the first that is known.
func (m *making) chooseAlgorithm() error {
	for _, p := range m.request.Parameters {
		if p.Type == publicKey && (p.Algorithm == webauthn.ES256 || p.Algorithm == webauthn.EdDSA) {
			m.algorithm = p.Algorithm
			return nil
		}
	}
	return ctap2.StatusUnsupportedAlgorithm
}

// checkOptions is §6.1.2, options (step 5). Unknown ones are ignored.
//
// Divergence: without uv, a request to an authenticator with user verification
// should be denied (steps 6 to 8). The person is asked to verify in any case here,
// so it is answered.
func (m *making) checkOptions() error {
	if present, ok := m.request.Options[optionUserPresence]; ok && !present {
		return ctap2.StatusInvalidOption
	}
	m.discoverable = m.request.Options[optionDiscoverable]
	m.verification = m.request.Options[optionUserVerification]
	return nil
}

// checkEnterprise is §6.1.2, enterpriseAttestation (step 9).
func (m *making) checkEnterprise() error { return checkEnterprise(m.request.EnterpriseAttestation) }

// readExtensions reads the inputs of step 15 before the person is asked: what is
// malformed is nothing to ask about.
func (m *making) readExtensions() (err error) {
	if m.protection, m.protected, err = readProtection(m.request.Extensions); err != nil {
		return err
	}
	m.prf, err = readPRF(m.request.Extensions)
	return err
}

// verifyUser is §6.1.2, user verification, exclude list and user presence (steps
// 11 to 14): one question, and then its answer. That an excluded credential is
// here is told only with consent.
func (m *making) verifyUser(ctx context.Context) (err error) {
	if m.held, err = m.config.Store.Credentials(ctx, m.request.RP.ID); err != nil {
		return fmt.Errorf("authenticator: looking for credentials: %w", err)
	}
	q := Question{
		Action:       ActionCreate,
		RelyingParty: webauthn.RelyingPartyEntity{ID: m.request.RP.ID, Name: shorten(m.request.RP.Name)},
	}
	user := webauthn.UserEntity{
		ID: m.request.User.ID, Name: shorten(m.request.User.Name), DisplayName: shorten(m.request.User.DisplayName),
	}
	m.credential = Credential{RP: q.RelyingParty, User: user, Discoverable: m.discoverable}.clone()
	q.Accounts = []webauthn.UserEntity{m.credential.clone().User}
	old := slices.IndexFunc(m.held, m.credential.replaces)
	if old >= 0 {
		m.replaces, q.Action = m.held[old].ID, ActionReplace
	}
	if m.excluded(true) {
		q.Action = ActionExcluded
	}
	if m.answer, err = m.ask(ctx, q); err != nil {
		return err
	}
	if m.verification && !m.answer.Verified {
		return ctap2.StatusOperationDenied
	}
	if m.excluded(m.answer.Verified) {
		return ctap2.StatusCredentialExcluded
	}
	if old >= 0 && !m.held[old].Protection.allows(m.answer.Verified, false) {
		// To lose it takes whom it takes to use it.
		return ctap2.StatusOperationDenied
	}
	if q.Action == ActionExcluded {
		// It is here, and may not be told of. The person did not agree to another.
		return ctap2.StatusOperationDenied
	}
	return nil
}

// excluded says whether a credential of the exclude list is here, of which the
// request may learn.
func (m *making) excluded(verified bool) bool {
	return slices.ContainsFunc(m.held, func(c Credential) bool {
		return listed(m.request.ExcludeList, c) && c.Protection.allows(verified, true)
	})
}

// generate is §6.1.2, key pair (step 16).
func (m *making) generate(context.Context) (err error) {
	c := &m.credential
	c.ID = make([]byte, credentialIDSize)
	if _, err := io.ReadFull(m.config.Rand, c.ID); err != nil {
		return fmt.Errorf("authenticator: reading randomness: %w", err)
	}
	if c.Key, err = generatePrivateKey(m.algorithm, m.config.Rand); err != nil {
		return err
	}
	if c.PRF.Verified, err = generatePRFSecret(m.config.Rand); err != nil {
		return err
	}
	if c.PRF.Unverified, err = generatePRFSecret(m.config.Rand); err != nil {
		return err
	}
	c.Protection = m.protection
	c.BackupEligible = m.config.Backup != DeviceBound
	c.Created = time.Unix(max(0, m.config.Now().Unix()), 0).UTC()
	return nil
}

// attest is §6.1.2, extensions and attestation statement (steps 15 and 19).
func (m *making) attest(context.Context) error {
	public, err := m.credential.Key.PublicKey()
	if err != nil {
		return err
	}
	var extensions []byte
	if m.protected {
		outputs := map[any]any{extensionCredProtect: int64(m.protection)}
		if extensions, err = cbor.Encode(outputs); err != nil {
			return fmt.Errorf("authenticator: %w", err)
		}
	}
	if m.unsigned, err = evaluatePRF(m.prf, m.credential, m.answer.Verified, true); err != nil {
		return err
	}
	attested := binary.BigEndian.AppendUint16(slices.Clone(m.config.AAGUID[:]), credentialIDSize)
	attested = slices.Concat(attested, m.credential.ID, public.Raw)
	data := m.authenticatorData(m.credential, m.answer.Verified, attested, extensions)
	statement := map[any]any{}
	format := attestationFormat(m.request.AttestationFormats)
	if format == formatPacked {
		signature, err := m.credential.Key.Sign(slices.Concat(data, m.request.ClientDataHash[:]))
		if err != nil {
			return err
		}
		statement["alg"], statement["sig"] = int64(m.algorithm), signature
	}
	encoded, err := cbor.Encode(statement)
	if err != nil {
		return fmt.Errorf("authenticator: %w", err)
	}
	m.response = ctap2.MakeCredentialResponse{
		Format: format, AuthenticatorData: data, Statement: encoded, UnsignedExtensions: m.unsigned,
	}
	return nil
}

// attestationFormat is the first that is wanted and known, or else packed.
func attestationFormat(preferred []string) string {
	for _, format := range preferred {
		if format == formatPacked || format == formatNone {
			return format
		}
	}
	return formatPacked
}

// store is §6.1.2, the store (steps 17 and 18). It is the last step, so that
// nothing is kept of a request that fails.
func (m *making) store(ctx context.Context) error {
	switch err := m.config.Store.Put(ctx, m.credential, m.replaces); {
	case errors.Is(err, ErrFull):
		return ctap2.StatusKeyStoreFull
	case errors.Is(err, ErrAccountHeld):
		// It came while the person was thinking, who did not agree to lose it.
		return ctap2.StatusOperationDenied
	case err != nil:
		return fmt.Errorf("authenticator: keeping the credential: %w", err)
	}
	return nil
}

// malformed is the status code of a parser's error.
func malformed(err error) error {
	if parse, ok := errors.AsType[*ctap2.ParseError](err); ok {
		return parse.Status
	}
	return ctap2.StatusInvalidCBOR
}
