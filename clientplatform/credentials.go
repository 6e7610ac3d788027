package clientplatform

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// publicKeys returns the credentials of the only type that there is, each once
// and without transports, which an authenticator knows for itself.
func publicKeys(list []webauthn.CredentialDescriptor) []webauthn.CredentialDescriptor {
	var out []webauthn.CredentialDescriptor
	for _, d := range list {
		if d.Type == typePublicKey && !contains(out, d.ID) {
			out = append(out, webauthn.CredentialDescriptor{Type: d.Type, ID: d.ID})
		}
	}
	return out
}

func contains(list []webauthn.CredentialDescriptor, id []byte) bool {
	return slices.ContainsFunc(list, func(d webauthn.CredentialDescriptor) bool { return bytes.Equal(d.ID, id) })
}

// fitting returns what of list an authenticator takes in one request. A list that
// is longer than its limit is tried in parts, without its user (CTAP 2.2
// §6.1.1 and §6.2.1, pre-flight): what is returned then is the one that it has,
// or nothing. Whoever asked with a list must not ask without one when
// nothing is returned: that would be for any credential.
func fitting(ctx context.Context, a ctap2.Authenticator, c capabilities, rpID string, list []webauthn.CredentialDescriptor) ([]webauthn.CredentialDescriptor, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(d webauthn.CredentialDescriptor) bool { return len(d.ID) > c.maxID })
	if len(list) <= c.maxList {
		return list, nil
	}
	for batch := range slices.Chunk(list, c.maxList) {
		// The client data's hash is not that of the ceremony: nobody is present.
		response, err := a.GetAssertion(ctx, ctap2.GetAssertionRequest{
			RPID: rpID, AllowList: batch, Options: ctap2.Options{"up": false},
		})
		if errors.Is(err, ctap2.StatusNoCredentials) {
			continue
		}
		if err != nil {
			return nil, refused(ctx, err)
		}
		id, err := answeredCredential(response.Credential, batch)
		if err != nil {
			return nil, err
		}
		return []webauthn.CredentialDescriptor{{Type: typePublicKey, ID: id}}, nil
	}
	return nil, nil
}

// answeredCredential is the id of the credential that an assertion is by. An
// authenticator may leave it out when it was asked for exactly one. With a list,
// it is one of the list; without, any. It shares no memory with either.
func answeredCredential(answered *webauthn.CredentialDescriptor, allowed []webauthn.CredentialDescriptor) (webauthn.Bytes, error) {
	switch {
	case answered == nil && len(allowed) == 1:
		return slices.Clone(allowed[0].ID), nil
	case answered == nil:
		return nil, failf(UnknownError, "the authenticator does not say with which credential it signed")
	case answered.Type != typePublicKey || len(answered.ID) == 0:
		return nil, failf(UnknownError, "the authenticator signed with what is no credential")
	case len(allowed) > 0 && !contains(allowed, answered.ID):
		return nil, failf(UnknownError, "the authenticator signed with a credential that is not on the list")
	}
	return slices.Clone(answered.ID), nil
}
