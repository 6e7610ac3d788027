package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/cli"
)

// linking lets the computer that shows a QR code remember this phone, once it has
// been answered and the person agrees.
func (p program) linking(v voice, f scanFlags, domain hybrid.Domain, seen *witness) (*hybrid.Linking, error) {
	if !f.link {
		return nil, nil //nolint:nilnil // the value of hybrid.ResponderConfig that says no
	}
	store, err := p.linkStore(phoneLinks)
	if err != nil {
		return nil, err
	}
	links := hybrid.NewPhoneLinks(store)
	if _, err := links.All(context.Background()); err != nil {
		return nil, badLinks(err)
	}
	return &hybrid.Linking{Links: links, Domain: domain, Name: phoneName(), Agree: func(ctx context.Context) (bool, error) {
		if done, _ := seen.said(); len(done) == 0 {
			return false, nil // who was refused is not remembered
		}
		if f.vault.yes {
			return true, nil
		}
		return v.terminal.Confirm(ctx, "Let that computer ask without a QR code from now on?",
			"It must be near each time, and you are asked each time.", "hither links remove --phone takes it back.")
	}}, nil
}

// phoneName is what computers call this phone.
func phoneName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "hither phone"
	}
	return "hither phone on " + host
}

const listenLong = `Answer the computers that are linked with this phone, without a QR code, until Ctrl-C: you see who asks for what, and agree
or not. Computers are linked with hither phone scan --link; the tunnel service must be the same, and one of hither relay.`

// listenFlags are the flags of hither phone listen.
type listenFlags struct {
	vault   vaultFlags
	tunnels tunnels
}

func (p program) phoneListenCommand() *cobra.Command {
	var f listenFlags
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Answer the computers that are linked with this phone",
		Long:  listenLong,
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.listen(ctx, f))
		},
	}
	f.vault.flags(cmd, true)
	f.tunnels.flag(cmd, tunnelHelp)
	return cmd
}

func (p program) listen(ctx context.Context, f listenFlags) error {
	domains, services, err := f.tunnels.parse()
	if err != nil {
		return err
	}
	if len(domains) != 1 {
		return cli.Usage("give the tunnel service of the links, and no other one").Hint("--tunnel ID=wss://HOST")
	}
	store, err := p.linkStore(phoneLinks)
	if err != nil {
		return err
	}
	links := hybrid.NewPhoneLinks(store)
	if _, err := links.All(ctx); err != nil {
		return badLinks(err)
	}
	v, err := p.voice(false)
	if err != nil {
		return err
	}
	defer v.close()
	radio, software, err := p.phone(ctx, v, f.vault)
	if err != nil {
		return err
	}
	return p.keepListening(ctx, v, hybrid.ResponderConfig{
		Advertiser: radio, Domains: domains, Transport: transport(services, v),
		Linking: &hybrid.Linking{Links: links, Domain: domains[0]},
	}, &witness{Authenticator: software})
}

// What a phone waits before it goes to a tunnel service again that it has lost.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// keepListening comes back to a tunnel service that was lost. One that never was
// there is an error.
func (p program) keepListening(ctx context.Context, v voice, config hybrid.ResponderConfig, seen *witness) error {
	const waiting = "waiting for computers that are linked"
	there := false
	pause := firstPause
	progress := config.Progress
	config.Progress = func(e hybrid.Event) {
		switch e := e.(type) {
		case hybrid.Listening:
			there, pause = true, firstPause
			v.says(waiting)
		case hybrid.Closed:
			v.status("")
			p.answered(ctx, seen, e.Err)
			v.status(waiting)
		default:
			progress(e)
		}
	}
	for {
		err := hybrid.Listen(ctx, config, seen)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it was told to end
		case !there:
			return err
		}
		v.says("the tunnel service is lost: trying again")
		again := time.NewTimer(pause)
		pause = min(2*pause, lastPause)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return nil
		}
	}
}

// answered says what became of one computer that asked.
func (p program) answered(ctx context.Context, seen *witness, err error) {
	if err := p.scanned(ctx, seen, err); err != nil && ctx.Err() == nil {
		cli.Report(p.stderr, "hither", explained(ctx, err))
	}
	seen.forget()
}
