package ctap2

import "context"

// Authenticator holds credentials and answers for them: in software on this
// machine, or on a phone across the room.
//
// An error that is a [StatusCode] is the authenticator's own answer. Any other
// error means that there was no answer. A request is not kept after the call.
type Authenticator interface {
	// GetInfo says what the authenticator can do. It asks nobody.
	GetInfo(ctx context.Context) (Info, error)
	// MakeCredential makes a credential, once its user agrees.
	MakeCredential(ctx context.Context, request MakeCredentialRequest) (MakeCredentialResponse, error)
	// GetAssertion signs with a credential, once its user agrees. With an empty
	// allow list and several accounts, the authenticator lets its user choose.
	GetAssertion(ctx context.Context, request GetAssertionRequest) (GetAssertionResponse, error)
}
