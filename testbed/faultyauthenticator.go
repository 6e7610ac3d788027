package testbed

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/internal/cbor"
	"github.com/hitherauth/hither/webauthn"
)

// faultyAuthenticator is a phone's authenticator, with what is wrong with it.
type faultyAuthenticator struct {
	ctap2.Authenticator
	store    *authenticator.MemoryStore // of the authenticator
	counting bool                       // so is the authenticator
	faults   flaws
	struck   func(Fault)       // is told of each fault that strikes
	drop     func(Fault) error // ends the transaction and says why
}

// Where the flags and the counter are in authenticator data, and bits of the
// flags, WebAuthn L3 §6.1.
const (
	flagsAt   = 32
	counterAt = 33

	flagUserVerified   = 1 << 2
	flagBackupEligible = 1 << 3
	flagBackupState    = 1 << 4
)

// firstCount is the signature counter of a new credential of a phone that counts.
// It is not 0: what has never counted cannot be turned back.
const firstCount = 1

// MakeCredential is [ctap2.Authenticator]'s.
func (a faultyAuthenticator) MakeCredential(
	ctx context.Context, q ctap2.MakeCredentialRequest,
) (ctap2.MakeCredentialResponse, error) {
	if err := a.refuse(); err != nil {
		return ctap2.MakeCredentialResponse{}, err
	}
	response, err := a.Authenticator.MakeCredential(ctx, q)
	if err != nil {
		return ctap2.MakeCredentialResponse{}, err
	}
	data, err := webauthn.ParseAuthenticatorData(response.AuthenticatorData)
	if err != nil || data.AttestedCredential == nil {
		return ctap2.MakeCredentialResponse{}, errors.Join(errors.New("testbed: the authenticator made no credential"), err)
	}
	id := data.AttestedCredential.CredentialID
	if a.counting {
		count, err := a.store.Count(ctx, id) // firstCount
		if err != nil {
			return ctap2.MakeCredentialResponse{}, err
		}
		binary.BigEndian.PutUint32(response.AuthenticatorData[counterAt:], count)
	}
	if !a.change(response.AuthenticatorData) && !a.counting {
		return response, nil
	}
	if response.Format != "packed" { // none: there is nothing to sign
		return response, nil
	}
	key, err := a.key(ctx, q.RP.ID, id)
	if err != nil {
		return ctap2.MakeCredentialResponse{}, err
	}
	signature, err := key.Sign(slices.Concat(response.AuthenticatorData, q.ClientDataHash[:]))
	if err != nil {
		return ctap2.MakeCredentialResponse{}, err
	}
	response.Statement, err = cbor.Encode(map[any]any{"alg": int64(key.Algorithm()), "sig": signature})
	return response, err
}

// GetAssertion is [ctap2.Authenticator]'s.
func (a faultyAuthenticator) GetAssertion(
	ctx context.Context, q ctap2.GetAssertionRequest,
) (ctap2.GetAssertionResponse, error) {
	if !asks(q) {
		return a.Authenticator.GetAssertion(ctx, q)
	}
	if err := a.refuse(); err != nil {
		return ctap2.GetAssertionResponse{}, err
	}
	response, err := a.Authenticator.GetAssertion(ctx, q)
	if err != nil {
		return ctap2.GetAssertionResponse{}, err
	}
	changed := a.change(response.AuthenticatorData)
	if a.faults.has(CounterBack) {
		a.struck(CounterBack)
		binary.BigEndian.PutUint32(response.AuthenticatorData[counterAt:], firstCount)
		changed = true
	}
	if !changed {
		return response, nil
	}
	key, err := a.key(ctx, q.RPID, response.Credential.ID)
	if err != nil {
		return ctap2.GetAssertionResponse{}, err
	}
	response.Signature, err = key.Sign(slices.Concat(response.AuthenticatorData, q.ClientDataHash[:]))
	return response, err
}

// asks says whether a request is one for the person: a browser may try first,
// without them, which of many credentials is here (CTAP 2.2 §6.2.1, pre-flight).
func asks(q ctap2.GetAssertionRequest) bool {
	present, ok := q.Options["up"]
	return present || !ok
}

// refuse is what happens to a request before anybody is asked.
func (a faultyAuthenticator) refuse() error {
	if a.faults.has(DropRequest) {
		return a.drop(DropRequest)
	}
	if status, fault, ok := a.faults.status(); ok {
		a.struck(fault)
		return status
	}
	return nil
}

// change makes flags say what is not so, and says whether it did.
func (a faultyAuthenticator) change(data []byte) (changed bool) {
	if a.faults.has(UVCleared) {
		a.struck(UVCleared)
		data[flagsAt] &^= flagUserVerified
		changed = true
	}
	if a.faults.has(BEFlipped) {
		a.struck(BEFlipped)
		data[flagsAt] ^= flagBackupEligible
		if data[flagsAt]&flagBackupEligible == 0 {
			data[flagsAt] &^= flagBackupState
		}
		changed = true
	}
	return changed
}

// key is that of a credential which the authenticator has just used.
func (a faultyAuthenticator) key(ctx context.Context, rpID string, id []byte) (authenticator.PrivateKey, error) {
	held, err := a.store.Credentials(ctx, rpID)
	if err != nil {
		return authenticator.PrivateKey{}, err
	}
	i := slices.IndexFunc(held, func(c authenticator.Credential) bool { return bytes.Equal(c.ID, id) })
	if i < 0 {
		return authenticator.PrivateKey{}, authenticator.ErrNoCredential
	}
	return held[i].Key, nil
}
