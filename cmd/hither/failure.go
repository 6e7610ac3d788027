package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/term"
)

// explained gives an error of a ceremony its exit code, and says what can be done.
// What has one already keeps it.
func explained(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*cli.ExitError](err); ok {
		return err
	}
	if ctx.Err() != nil {
		return cli.Exit(cli.ExitInterrupted, errors.New("interrupted"))
	}
	for _, explain := range []func(error) error{
		explainBluetooth, explainRefusal, explainStatus, explainRoad, explainPlatform, explainVault, explainTerminal,
	} {
		if e := explain(err); e != nil {
			return e
		}
	}
	return err
}

func explainBluetooth(err error) error {
	if e, ok := errors.AsType[*ble.Error](err); ok {
		return cli.Exit(cli.ExitUnavailable, fmt.Errorf("cannot use Bluetooth: %w", e.Err)).Hint(e.Hint())
	}
	return nil
}

// explainRefusal is for what a server answers, and for none that does.
func explainRefusal(err error) error {
	if r, ok := errors.AsType[*api.RefusalError](err); ok {
		code := cli.ExitDenied
		switch {
		case r.Status == http.StatusTooManyRequests:
			code = cli.ExitBusy
		case r.Status >= http.StatusInternalServerError || r.Code == "":
			code = cli.ExitUnavailable
		}
		text := fmt.Errorf("the server refused: %s", r.Detail)
		if r.Detail == "" {
			text = fmt.Errorf("the server answered %d %s", r.Status, http.StatusText(r.Status))
		}
		f := cli.Exit(code, text)
		switch r.Code {
		case "signup_closed":
			return f.Hint("ask whoever runs the server for a link, and give it with --invite LINK")
		case "invitation_invalid":
			return f.Hint("each link works once: ask for a new one")
		case "credential_unknown":
			return f.Hint("the passkey was removed there: use another one, or create one with --create")
		case "name_taken", "name_invalid":
			return f.Hint("choose another one with --name")
		case "misdirected":
			return f.Hint("use the address that the server gives itself: its own pages have it")
		case "rate_limited":
			return f.Hint(fmt.Sprintf("try again in %v", max(r.RetryAfter, requestPatience)))
		case "":
			return f.Hint("is there a Hither server at this URL?")
		}
		return f
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return cli.Exit(cli.ExitUnavailable, fmt.Errorf("the server cannot be reached: %w", e.Err)).
			Hint("is the URL right, is the server up, and is this machine online?")
	}
	return nil
}

// explainStatus is for what an authenticator answers.
func explainStatus(err error) error {
	status, ok := errors.AsType[ctap2.StatusCode](err)
	if !ok {
		return nil
	}
	switch status {
	case ctap2.StatusOperationDenied, ctap2.StatusNotAllowed, ctap2.StatusKeepaliveCancel:
		return cli.Exit(cli.ExitDenied, errors.New("declined where the passkey is"))
	case ctap2.StatusNoCredentials, ctap2.StatusInvalidCredential:
		return cli.Exit(cli.ExitDenied, errors.New("there is no passkey for this server")).
			Hint("use another phone, or create a passkey with hither login --create")
	case ctap2.StatusCredentialExcluded:
		return cli.Exit(cli.ExitDenied, errors.New("there is a passkey for this account already")).Hint("sign in with it: leave --create out")
	case ctap2.StatusUserActionTimeout, ctap2.StatusActionTimeout:
		return cli.Exit(cli.ExitUnavailable, errors.New("nobody answered in time where the passkey is")).Hint("try again")
	default:
		return cli.Failed(fmt.Errorf("the authenticator refused: %w", status))
	}
}

// explainRoad is for what can go wrong between a phone and this program.
func explainRoad(err error) error {
	e, ok := errors.AsType[*hybrid.Error](err)
	if !ok {
		return nil
	}
	if e := explainTerminal(err); e != nil {
		return e
	}
	switch {
	case errors.Is(err, hybrid.ErrNoAdvert):
		return cli.Exit(cli.ExitUnavailable, errors.New("no phone came near")).
			Hint("Bluetooth on at both ends? both online? the phone beside this machine? Then try again")
	case e.Stage == hybrid.StageProximity && errors.Is(err, hybrid.ErrSilent):
		return cli.Exit(cli.ExitUnavailable, errors.New("nobody came who shows this QR code")).
			Hint("a computer shows a new one each time, and has to be near")
	case errors.Is(err, hybrid.ErrOldQRCode):
		return cli.Exit(cli.ExitDenied, e.Err).Hint("have the computer show a new one")
	case errors.Is(err, hybrid.ErrNoDomain):
		return cli.Exit(cli.ExitUnavailable, e.Err).Hint("give a tunnel service that both know with --tunnel")
	case e.Stage == hybrid.StageConnection:
		return cli.Exit(cli.ExitUnavailable, fmt.Errorf("the tunnel service cannot be used: %w", e.Err)).
			Hint("is this machine online? A proxy is taken from HTTPS_PROXY, a private service is given with --tunnel")
	default:
		return cli.Exit(cli.ExitUnavailable, fmt.Errorf("the connection was lost (%s): %w", e.Stage, e.Err)).
			Hint("try again: cancel on both sides and scan a new QR code")
	}
}

func explainPlatform(err error) error {
	e, ok := errors.AsType[*clientplatform.Error](err)
	switch {
	case !ok:
		return nil
	case errors.Is(err, clientplatform.ErrTimeout):
		return cli.Exit(cli.ExitUnavailable, errors.New("nobody answered in time where the passkey is")).Hint("try again")
	case e.Name == clientplatform.SecurityError:
		return cli.Exit(cli.ExitRefused, fmt.Errorf("passkeys cannot be used there: %w", e.Err)).
			Hint("passkeys need https, or http at localhost; the rest is for whoever runs the server to put right")
	default:
		return cli.Failed(e.Err)
	}
}

func explainVault(err error) error {
	switch {
	case errors.Is(err, authenticator.ErrVaultKey):
		return cli.Exit(cli.ExitDenied, errors.New("the passphrase does not open the vault"))
	case errors.Is(err, authenticator.ErrVaultBusy):
		return cli.Exit(cli.ExitBusy, err)
	case errors.Is(err, authenticator.ErrVaultDamaged):
		return cli.Exit(cli.ExitRefused, err).Hint("put a copy of the file back; nothing overwrites it")
	case errors.Is(err, authenticator.ErrFull):
		return cli.Failed(err).Hint("remove passkeys with hither phone remove")
	case errors.Is(err, authenticator.ErrNoCredential):
		return cli.Failed(errors.New("there is no such passkey in the vault")).Hint("hither phone list")
	case errors.Is(err, fs.ErrNotExist):
		return cli.Exit(cli.ExitRefused, err)
	}
	return nil
}

func explainTerminal(err error) error {
	switch {
	case errors.Is(err, term.ErrDeclined):
		return cli.Exit(cli.ExitDenied, errors.New("declined"))
	case errors.Is(err, term.ErrNoTerminal):
		return cli.Usage("there is no terminal to show anything on or to ask at")
	}
	if too, ok := errors.AsType[*term.SizeError](err); ok {
		return cli.Failed(fmt.Errorf("the terminal has %d columns and %d rows: a QR code needs %d and %d", too.Columns, too.Rows, too.NeedColumns, too.NeedRows)).
			Hint("make it larger, or have a picture made with --qr-file FILE")
	}
	return nil
}
