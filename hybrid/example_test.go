package hybrid_test

import (
	"context"
	"fmt"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
)

// A client platform asks a phone for an assertion, and remembers the phone.
func ExampleInitiate() {
	signIn := func(ctx context.Context, radio hybrid.Scanner, request ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
		conn, err := hybrid.Initiate(ctx, hybrid.Config{
			Scanner: radio,
			Show: func(text string) error {
				_, err := fmt.Println("scan this:", text) // as a QR code
				return err
			},
			Links: hybrid.NewLinks(hybrid.NewFileStore("links.json")),
		})
		if err != nil {
			return ctap2.GetAssertionResponse{}, err
		}
		defer func() {
			_ = conn.Close()
			// The phone's user may still be deciding whether to be remembered.
			ctx, stop := context.WithTimeout(ctx, 10*time.Second)
			defer stop()
			_ = conn.Wait(ctx)
		}()
		return conn.GetAssertion(ctx, request)
	}
	_ = signIn
}
