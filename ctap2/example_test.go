package ctap2_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

// nothing is an authenticator that holds no credentials.
type nothing struct{}

func (nothing) GetInfo(context.Context) (ctap2.Info, error) {
	return ctap2.Info{Versions: []string{"FIDO_2_1"}, Options: ctap2.Options{"rk": true}}, nil
}

func (nothing) MakeCredential(context.Context, ctap2.MakeCredentialRequest) (ctap2.MakeCredentialResponse, error) {
	return ctap2.MakeCredentialResponse{}, ctap2.StatusKeyStoreFull
}

func (nothing) GetAssertion(context.Context, ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
	return ctap2.GetAssertionResponse{}, ctap2.StatusNoCredentials
}

// Handle and Remote are the ends of a road that carries bytes. This one is a
// function call.
func ExampleRemote() {
	ctx := context.Background()
	road := func(ctx context.Context, request []byte) ([]byte, error) {
		fmt.Println("asked:", ctap2.Command(request[0]))
		return ctap2.Handle(ctx, nothing{}, request), nil
	}
	info, _ := nothing{}.GetInfo(ctx)
	var phone ctap2.Authenticator = ctap2.NewRemote(info, road)

	_, err := phone.GetAssertion(ctx, ctap2.GetAssertionRequest{
		RPID:      "id.example",
		AllowList: []webauthn.CredentialDescriptor{{Type: "public-key", ID: []byte{1, 2, 3}}},
	})
	if status, ok := errors.AsType[ctap2.StatusCode](err); ok && status == ctap2.StatusNoCredentials {
		fmt.Println("answer:", err)
	}
	// Output:
	// asked: authenticatorGetAssertion
	// answer: ctap2: CTAP2_ERR_NO_CREDENTIALS (0x2e)
}
