package ctap2

import "github.com/hitherauth/hither/webauthn"

// GetAssertionResponse is the answer to [GetAssertionRequest], CTAP 2.2 §6.2.
type GetAssertionResponse struct {
	Credential          *webauthn.CredentialDescriptor // nil when absent: the only one of the allow list
	AuthenticatorData   []byte
	Signature           []byte
	User                *webauthn.UserEntity // nil when absent
	NumberOfCredentials uint64               // 0 when absent
	UserSelected        bool
	LargeBlobKey        LargeBlobKey // zero when absent
	UnsignedExtensions  Extensions
}

// ParseGetAssertionResponse reads b as [ParseMakeCredentialResponse] does its own.
func ParseGetAssertionResponse(b []byte) (GetAssertionResponse, error) {
	r := open(b)
	var a GetAssertionResponse
	if credential, ok := r.child(int64(1), "credential", optional); ok {
		a.Credential = new(credential.descriptor())
	}
	a.AuthenticatorData = r.bytes(int64(2), "authData", required, 1, unlimited)
	a.Signature = r.bytes(int64(3), "signature", required, 1, unlimited)
	if user, ok := r.child(int64(4), "user", optional); ok {
		a.User = new(user.user())
	}
	a.NumberOfCredentials = r.number(int64(5), "numberOfCredentials")
	a.UserSelected = r.flag(int64(6), "userSelected")
	a.LargeBlobKey = NewLargeBlobKey(r.bytes(int64(7), "largeBlobKey", optional, 0, unlimited))
	a.UnsignedExtensions = r.extensions(8, "unsignedExtensionOutputs")
	return done(r, a)
}

// Append writes the response behind b in the form that [ParseGetAssertionResponse]
// reads. The names of the user are written even when they are empty. The error is
// a [*ParseError]; with it the result is nil.
func (a GetAssertionResponse) Append(b []byte) ([]byte, error) {
	w := writer{members: map[any]any{int64(2): a.AuthenticatorData, int64(3): a.Signature}}
	if a.Credential != nil {
		w.members[int64(1)] = writeDescriptor(*a.Credential)
	}
	if a.User != nil {
		w.members[int64(4)] = writeUser(*a.User)
	}
	w.add(int64(5), a.NumberOfCredentials, a.NumberOfCredentials != 0)
	w.add(int64(6), true, a.UserSelected)
	w.add(int64(7), a.LargeBlobKey.Bytes(), a.LargeBlobKey.Bytes() != nil)
	w.extensions(8, "unsignedExtensionOutputs", a.UnsignedExtensions)
	return appendTo(b, w, ParseGetAssertionResponse)
}
