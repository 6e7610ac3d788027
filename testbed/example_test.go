package testbed_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/testbed"
)

// A page asks for a passkey, Chromium shows its QR code, and a phone answers. What the
// page makes of it is for the test of the page.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := func() error {
		bed, err := testbed.Start(ctx, testbed.Config{})
		if err != nil {
			return err
		}
		defer bed.Close()
		phone, err := bed.NewPhone(testbed.PhoneConfig{Backup: authenticator.BackedUp})
		if err != nil {
			return err
		}
		if _, err := bed.Browser(ctx, testbed.BrowserConfig{URL: "http://localhost:8080/sign-in"}); err != nil {
			return err
		}
		scan, err := phone.ScanScreen(ctx) // as soon as the page has asked
		if err != nil {
			return err
		}
		return scan.Answered(ctx)
	}()
	fmt.Println(err)
}

// The page is at https, under a name that only the browser of this bed knows.
func ExampleBed_Browser() {
	open := func(ctx context.Context, bed *testbed.Bed, pages *httptest.Server) (*testbed.Browser, error) {
		return bed.Browser(ctx, testbed.BrowserConfig{
			URL:   "https://login.example/",
			Hosts: map[string]string{"login.example": pages.Listener.Addr().String()},
			Trust: []*x509.Certificate{pages.Certificate()},
		})
	}
	_ = open
}

// The phone hangs up with the browser's request in its hand.
func ExamplePhone_SetFaults() {
	hangsUp := func(ctx context.Context, phone *testbed.Phone) error {
		if err := phone.SetFaults(testbed.DropRequest); err != nil { // or "drop_request"
			return err
		}
		scan, err := phone.ScanScreen(ctx)
		if err != nil {
			return err
		}
		if err := scan.Answered(ctx); !errors.Is(err, testbed.ErrDropped) {
			return fmt.Errorf("the phone should be gone: %w", err)
		}
		return phone.SetFaults()
	}
	_ = hangsUp
}

// The test is the person, and looks at what they are asked.
func ExamplePhone_Question() {
	consents := func(ctx context.Context, phone *testbed.Phone) error {
		if err := phone.SetManner(testbed.Ask); err != nil {
			return err
		}
		if _, err := phone.ScanScreen(ctx); err != nil {
			return err
		}
		q, err := phone.Question(ctx)
		if err != nil {
			return err
		}
		yes := q.Action == authenticator.ActionSignIn && q.RelyingParty.ID == "login.example"
		return phone.Answer(authenticator.Answer{Consented: yes, Verified: yes})
	}
	_ = consents
}
