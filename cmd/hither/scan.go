package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // photographs
	_ "image/png"  // screenshots
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/eye"
)

const scanLong = `Scan the QR code that a computer nearby shows, given as its text (-: read it from standard input), as a picture, or on this
machine's own screen (X11: what DISPLAY names), and answer what the computer asks for with a passkey of the vault: you see who asks for what, and agree or not.

The tunnel service is given with --tunnel. One that is not at its domain's own address must be given to the computer, too.

  hither phone scan --screen --tunnel 0=wss://relay.example`

// scanFlags are the flags of hither phone scan.
type scanFlags struct {
	vault   vaultFlags
	tunnels tunnels
	image   string
	screen  bool
	wait    time.Duration
	link    bool
}

func (p program) phoneScanCommand() *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "scan [TEXT]",
		Short: "Scan a QR code and answer who shows it",
		Long:  scanLong,
		Args:  cli.Between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.scan(ctx, f, args))
		},
	}
	f.vault.flags(cmd, true)
	f.tunnels.flag(cmd, tunnelHelp+"; a number alone: the domain's own address")
	cmd.Flags().BoolVar(&f.link, "link", false, "let the computer ask this phone again without a QR code, if you agree: see hither phone listen")
	cmd.Flags().DurationVar(&f.wait, "wait", time.Minute, "how long to wait for the computer, and for a QR code on the screen")
	cmd.Flags().StringVar(&f.image, "image", "", "a picture with the QR code in it, PNG or JPEG")
	cmd.Flags().BoolVar(&f.screen, "screen", false, "wait for the QR code on this machine's screen")
	return cmd
}

func (p program) scan(ctx context.Context, f scanFlags, args []string) error {
	domains, services, err := f.tunnels.parse()
	if err != nil {
		return err
	}
	if f.wait <= 0 {
		return cli.Usage("--wait is longer than nothing")
	}
	if len(domains) == 0 {
		return cli.Usage("no tunnel service").Hint("give one with --tunnel ID=wss://HOST")
	}
	v, err := p.voice(false)
	if err != nil {
		return err
	}
	defer v.close()
	qr, err := p.qrCode(ctx, v, f, args)
	if err != nil {
		return err
	}
	radio, software, err := p.phone(ctx, v, f.vault)
	if err != nil {
		return err
	}
	seen := &witness{Authenticator: software}
	config := hybrid.ResponderConfig{Advertiser: radio, Domains: domains, Transport: transport(services, v)}
	config.Limits.Arrival = f.wait
	if config.Linking, err = p.linking(v, f, domains[0], seen); err != nil {
		return err
	}
	progress := config.Progress
	config.Progress = func(e hybrid.Event) {
		if sent, ok := e.(hybrid.LinkingSent); ok && sent.Agreed {
			seen.saw("Linked: that computer needs no QR code while hither phone listen runs.", nil)
		}
		progress(e)
	}
	err = hybrid.Respond(ctx, config, qr, seen)
	v.close()
	return p.scanned(ctx, seen, err)
}

// phone is what a phone in software needs: a radio, before its person is asked for
// anything, and the passkeys of a vault.
func (p program) phone(ctx context.Context, v voice, f vaultFlags) (*ble.Radio, ctap2.Authenticator, error) {
	radio, err := p.radio(ctx)
	if err != nil {
		return nil, nil, err
	}
	opened, err := p.openVault(ctx, v, f)
	if err != nil {
		return nil, nil, err
	}
	software, err := p.authenticator(v, opened, f)
	return radio, software, err
}

// scanned says what became of it: the person sees no end of it elsewhere, for a
// browser does not say that the tunnel is gone.
func (p program) scanned(ctx context.Context, seen *witness, err error) error {
	done, refused := seen.said()
	for _, d := range done {
		if _, printErr := fmt.Fprintln(p.stdout, d); printErr != nil {
			return printErr
		}
	}
	_, answered := errors.AsType[ctap2.StatusCode](refused)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case len(done) > 0: // how the computer hung up does not matter
		return nil
	case answered:
		return refused
	case err == nil:
		return cli.Exit(cli.ExitUnavailable, errors.New("the computer hung up before it had an answer"))
	}
	if e, ok := errors.AsType[*cli.ExitError](explained(ctx, err)); ok {
		return e.Hint("the computer may not notice: cancel there, and scan again")
	}
	return err
}

// qrCode reads the QR code from where the flags say.
func (p program) qrCode(ctx context.Context, v voice, f scanFlags, args []string) (hybrid.QRCode, error) {
	ways := len(args)
	for _, given := range []bool{f.image != "", f.screen} {
		if given {
			ways++
		}
	}
	var text string
	var err error
	switch {
	case ways != 1:
		return hybrid.QRCode{}, cli.Usage("give the text of the QR code, or a picture of it with --image FILE, or --screen")
	case f.screen:
		return p.scanScreen(ctx, v, f.wait)
	case f.image != "":
		text, err = readImage(f.image)
	case args[0] == "-":
		var b []byte
		b, err = io.ReadAll(io.LimitReader(p.stdin, maxScanned))
		text = strings.TrimSpace(string(b))
	default:
		text = args[0]
	}
	if err != nil {
		return hybrid.QRCode{}, err
	}
	qr, err := hybrid.ParseQRCode(text)
	if err != nil {
		return hybrid.QRCode{}, cli.Failed(errors.New("this is no QR code for signing in with a phone")).
			Hint("its text begins with FIDO:/ and is shown by a browser, or by hither login")
	}
	return qr, nil
}

const (
	maxScanned = 16 << 10 // bytes of a text
	maxImage   = 32 << 20 // bytes
	maxPixels  = 50_000_000
)

// readImage finds a QR code in a picture.
func readImage(name string) (string, error) {
	f, err := os.Open(name) //nolint:gosec // G304: whose file it is, is for who runs this to say
	if err != nil {
		return "", cli.Usage(err.Error())
	}
	defer f.Close() //nolint:errcheck // nothing was written
	unreadable := cli.Failed(fmt.Errorf("%s is no picture that can be read", name)).Hint("PNG and JPEG are read")
	size, _, err := image.DecodeConfig(io.LimitReader(f, maxImage))
	if err != nil || size.Width <= 0 || size.Height <= 0 || size.Width > maxPixels/size.Height {
		return "", unreadable
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	picture, _, err := image.Decode(io.LimitReader(f, maxImage))
	if err != nil {
		return "", unreadable
	}
	if texts := eye.Find(picture); len(texts) > 0 {
		return texts[0], nil
	}
	return "", cli.Failed(fmt.Errorf("no QR code is found in %s", name)).Hint("the whole code must be in the picture, with some light around it")
}

// witness remembers what an authenticator answered.
type witness struct {
	ctap2.Authenticator

	mu      sync.Mutex
	done    []string
	refused error
}

// MakeCredential is [ctap2.Authenticator]'s.
func (w *witness) MakeCredential(ctx context.Context, request ctap2.MakeCredentialRequest) (ctap2.MakeCredentialResponse, error) {
	response, err := w.Authenticator.MakeCredential(ctx, request)
	w.saw("Created a passkey for "+cli.Printable(request.RP.ID)+".", err)
	return response, err
}

// GetAssertion is [ctap2.Authenticator]'s.
func (w *witness) GetAssertion(ctx context.Context, request ctap2.GetAssertionRequest) (ctap2.GetAssertionResponse, error) {
	response, err := w.Authenticator.GetAssertion(ctx, request)
	w.saw("Signed in to "+cli.Printable(request.RPID)+".", err)
	return response, err
}

func (w *witness) saw(what string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.refused = err
		return
	}
	w.done = append(w.done, what)
}

func (w *witness) said() (done []string, refused error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done, w.refused
}

// forget makes room for what is next.
func (w *witness) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done, w.refused = nil, nil
}
