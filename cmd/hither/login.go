package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/webauthn"
)

const loginLong = `Sign in to a Hither server from this terminal, with the passkey on a phone that is near: a QR code appears, the phone's
camera reads it, Bluetooth proves that both are in the same room. With --software the passkey is one in the vault on this
machine (hither phone create makes one).

With --create an account is made, with a first passkey; --invite gives the link that allows it.

The session's token is kept in the keyring, or where there is none in a file that only you may read; hither says which.
hither token prints it, for programs.

  hither login https://id.example
  curl -H "Authorization: Bearer $(hither token https://id.example)" https://id.example/api/v1/me`

// loginFlags are the flags of hither login.
type loginFlags struct {
	create      bool
	invite      string
	name        string
	displayName string
	software    bool
	vault       vaultFlags
	tunnels     tunnels
	links       linkFlags
	qrFile      string
	invert      bool
	wait        time.Duration
	noKeyring   bool
	json        bool
}

func (p program) loginCommand() *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "login URL",
		Short: "Sign in from this terminal with a passkey",
		Long:  loginLong,
		Args:  cli.Between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			origin, err := parseServer(args[0])
			if err != nil {
				return err
			}
			if err := f.check(); err != nil {
				return err
			}
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.login(ctx, origin, f))
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.create, "create", false, "make an account with a first passkey")
	flags.StringVar(&f.invite, "invite", "", "the setup or invitation link that allows it (-: read it from standard input)")
	flags.StringVar(&f.name, "name", "", "the new account's name, where the link does not fix it")
	flags.StringVar(&f.displayName, "display-name", "", "what the person is called, if not by that name")
	flags.BoolVar(&f.software, "software", false, "use the vault on this machine instead of a phone")
	f.vault.flags(cmd, true)
	f.tunnels.flag(cmd, tunnelHelp)
	f.links.flags(cmd)
	flags.StringVar(&f.qrFile, "qr-file", "", "have a picture of the QR code in this file (.png or .svg) while it is good, instead of drawing it")
	flags.BoolVar(&f.invert, "invert", false, "draw the QR code for dark text on a light background")
	flags.DurationVar(&f.wait, "wait", 5*time.Minute, "how long to look for the phone")
	flags.BoolVar(&f.noKeyring, "no-keyring", false, "keep the session in a file")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (f *loginFlags) check() error {
	switch {
	case !f.create && (f.invite != "" || f.name != "" || f.displayName != ""):
		return cli.Usage("--invite, --name and --display-name go with --create")
	case f.software && (f.qrFile != "" || f.invert || len(f.tunnels) > 0):
		return cli.Usage("--qr-file, --invert and --tunnel are for a phone, not for --software")
	case f.software && f.links != (linkFlags{}):
		return cli.Usage("--link, --phone and --qr are for a phone, not for --software")
	case !f.software && f.vault != (vaultFlags{}):
		return cli.Usage("--vault, --passphrase-file and --yes go with --software")
	case f.wait <= 0:
		return cli.Usage("--wait is longer than nothing")
	case f.qrFile != "" && !isPicture(f.qrFile):
		return cli.Usage("--qr-file takes a name that ends in .png or .svg")
	case f.invite == "-" && f.vault.readFrom == "-":
		return cli.Usage("one thing is read from standard input: the link or the passphrase")
	}
	return f.links.check()
}

// road leads to an authenticator, once it is needed. done lets it go.
type road func(ctx context.Context, hint hybrid.Hint) (a ctap2.Authenticator, done func(), err error)

// login signs in, in the order in which things can go wrong without having bothered
// anybody: this machine, the server, the person.
func (p program) login(ctx context.Context, origin string, f loginFlags) error {
	platform, err := clientplatform.New(clientplatform.Config{Origin: origin})
	if err != nil {
		return err
	}
	kept, err := p.sessions(!f.noKeyring)
	if err != nil {
		return err
	}
	v, err := p.voice(f.invert)
	if err != nil {
		return err
	}
	defer v.close()
	known, err := p.remembered(ctx, f)
	if err != nil {
		return err
	}
	defer known.end()
	way, err := p.road(ctx, v, f, known)
	if err != nil {
		return err
	}
	server := client(origin)
	result, err := p.ceremony(ctx, ceremonyParts{server, platform, way, v}, f)
	if err != nil {
		return err
	}
	opened, err := newSession(origin, result)
	if err != nil {
		return err
	}
	before := ""
	if replaced, err := kept.get(origin); err == nil {
		before, _ = kept.token(ctx, replaced) // it may be gone from the keyring
	}
	where, err := kept.put(ctx, opened)
	if err != nil {
		return errors.Join(err, server.SignOut(context.WithoutCancel(ctx), result.Session.Token)) // nobody could use it
	}
	if before != "" {
		_ = server.SignOut(ctx, before) // as good as forgotten
	}
	known.settle(ctx, v)
	v.close()
	return p.signedIn(opened, where, f, known)
}

// road makes ready what leads to an authenticator, and finds out what is missing.
func (p program) road(ctx context.Context, v voice, f loginFlags, known *remembered) (road, error) {
	if !f.software {
		return p.phoneRoad(ctx, v, f, known)
	}
	opened, err := p.openVault(ctx, v, f.vault)
	if err != nil {
		return nil, err
	}
	software, err := p.authenticator(v, opened, f.vault)
	if err != nil {
		return nil, err
	}
	return func(context.Context, hybrid.Hint) (ctap2.Authenticator, func(), error) {
		return software, func() {}, nil
	}, nil
}

type ceremonyParts struct {
	server   *api.Client
	platform *clientplatform.Client
	way      road
	voice    voice
}

// ceremony is the registration or authentication itself.
func (p program) ceremony(ctx context.Context, c ceremonyParts, f loginFlags) (api.Result, error) {
	if f.create {
		return p.create(ctx, c, f)
	}
	return through(ctx, c, hybrid.HintGetAssertion, c.server.BeginAuthentication, webauthn.ParseRequestOptions,
		func(a ctap2.Authenticator, options webauthn.RequestOptions) ([]byte, error) {
			answer, err := c.platform.Get(ctx, a, options)
			return answer.JSON, err
		})
}

func (p program) create(ctx context.Context, c ceremonyParts, f loginFlags) (api.Result, error) {
	registration, err := p.registration(ctx, c, f)
	if err != nil {
		return api.Result{}, err
	}
	begin := func(ctx context.Context) (*api.Ceremony, error) { return c.server.BeginRegistration(ctx, registration) }
	return through(ctx, c, hybrid.HintMakeCredential, begin, webauthn.ParseCreationOptions,
		func(a ctap2.Authenticator, options webauthn.CreationOptions) ([]byte, error) {
			answer, err := c.platform.Create(ctx, a, options)
			return answer.JSON, err
		})
}

// through begins a ceremony, reaches an authenticator, and finishes it. It begins
// twice: to find out what the server has against it before anybody is bothered, and
// again when the phone is there, for the person may have taken as long to find it as
// a ceremony lives. What has only begun costs the server nothing.
func through[O any](ctx context.Context, c ceremonyParts, hint hybrid.Hint, begin func(context.Context) (*api.Ceremony, error),
	parse func([]byte) (O, error), ask func(ctap2.Authenticator, O) ([]byte, error),
) (api.Result, error) {
	begun := func() (ceremony *api.Ceremony, options O, err error) {
		if ceremony, err = begin(ctx); err != nil {
			return nil, options, err
		}
		if options, err = parse(ceremony.Options); err != nil {
			return nil, options, notOurs(err)
		}
		return ceremony, options, nil
	}
	if _, _, err := begun(); err != nil {
		return api.Result{}, err
	}
	a, done, err := c.way(ctx, hint)
	if err != nil {
		return api.Result{}, err
	}
	ceremony, options, err := begun()
	if err != nil {
		done()
		return api.Result{}, err
	}
	answer, err := ask(a, options)
	done()
	if err != nil {
		return api.Result{}, err
	}
	return ceremony.Finish(ctx, answer)
}

// registration says whose account is to be made: by the link, the flags, or the
// person, who is asked for a name where nothing else says it.
func (p program) registration(ctx context.Context, c ceremonyParts, f loginFlags) (api.Registration, error) {
	r := api.Registration{Name: f.name, DisplayName: f.displayName}
	if f.invite != "" {
		link := f.invite
		if link == "-" {
			text, err := io.ReadAll(io.LimitReader(p.stdin, maxPassphrase))
			if err != nil {
				return api.Registration{}, err
			}
			link = strings.TrimSpace(string(text))
		}
		var err error
		if r.Token, err = linkToken(c.server.Origin(), link); err != nil {
			return api.Registration{}, cli.Usage(err.Error())
		}
		fixed, err := c.server.Invitation(ctx, r.Token)
		if err != nil {
			return api.Registration{}, err
		}
		if fixed != "" && r.Name != "" {
			return api.Registration{}, cli.Usage("the link says what the account is called: leave --name out")
		}
		if fixed != "" {
			return r, nil
		}
	}
	if r.Name != "" {
		return r, nil
	}
	if err := c.voice.asks("give the account's name with --name"); err != nil {
		return api.Registration{}, err
	}
	name, err := c.voice.terminal.Ask(ctx, "Name of the new account: ")
	r.Name = strings.TrimSpace(name)
	return r, err
}

// notOurs is for options that no server of ours would send.
func notOurs(err error) error {
	return cli.Exit(cli.ExitUnavailable, fmt.Errorf("the server's answer is not understood: %w", err)).Hint("is there a Hither server at this URL?")
}

// signedIn prints who is.
func (p program) signedIn(s session, where keptIn, f loginFlags, known *remembered) error {
	if f.json {
		return json.NewEncoder(p.stdout).Encode(map[string]any{
			"origin": s.Origin, "account": s.Account, "created": f.create, "linked": known.madeLink(),
			"session": map[string]any{"id": s.ID, "expires_at": s.ExpiresAt, "kept_in": where},
		})
	}
	_, err := fmt.Fprintf(p.stdout, "Signed in to %s as %s. The session is %s.\n%s", s.Origin, cli.Printable(s.Account.Name), cli.Printable(where.String()), known.outcome())
	return err
}
