package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/term"
)

// linkFlags say what hither login does with links.
type linkFlags struct {
	make   bool
	phone  string
	qrCode bool
}

func (f *linkFlags) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.make, "link", false, "remember the phone, if it agrees: the next sign-in needs no QR code")
	flags.StringVar(&f.phone, "phone", "", "the linked phone to use, by its name or its link's id")
	flags.BoolVar(&f.qrCode, "qr", false, "show a QR code, whatever is linked")
}

func (f linkFlags) check() error {
	if f.qrCode && f.phone != "" {
		return cli.Usage("choose one of --qr and --phone")
	}
	return nil
}

// wakePatience is how long a linked phone may take to be near.
const wakePatience = 30 * time.Second

// remembered is what one sign-in has to do with links.
type remembered struct {
	links   *hybrid.Links
	wanted  bool         // a link is to be made
	phone   *hybrid.Link // to be woken; nil: a QR code is shown
	instead string       // why one is, if somebody might wonder

	byCode bool         // the phone reads a QR code
	conn   *hybrid.Conn // over which the phone may still ask to be remembered

	mu     sync.Mutex
	linked string // the name of the phone that was remembered
	made   bool
}

// remembered finds out which phone is to be woken.
func (p program) remembered(ctx context.Context, f loginFlags) (*remembered, error) {
	if f.software {
		return &remembered{}, nil
	}
	store, err := p.linkStore(terminalLinks)
	if err != nil {
		return nil, err
	}
	r := &remembered{links: hybrid.NewLinks(store), wanted: f.links.make}
	all, err := r.links.All(ctx)
	if err != nil {
		return nil, badLinks(err)
	}
	var found []hybrid.Link
	for _, l := range all {
		if f.links.phone == "" || f.links.phone == l.Name || len(f.links.phone) >= shortLink && strings.HasPrefix(linkName(l.ID), f.links.phone) {
			found = append(found, l)
		}
	}
	switch {
	case f.links.qrCode:
	case len(found) == 1:
		r.phone = &found[0]
	case len(found) > 1 && f.links.phone == "":
		r.instead = "several phones are linked (--phone chooses)"
	case len(found) > 1:
		return nil, cli.Failed(errors.New("several linked phones fit: give the link's id")).Hint("hither links list")
	case f.links.phone != "":
		return nil, cli.Failed(errors.New("no such phone is linked")).Hint("hither links list")
	}
	return r, nil
}

// meet is the way to the phone: the linked one or, if it cannot be had or there is
// none, one that reads a QR code, where one can be shown.
func (r *remembered) meet(ctx context.Context, config hybrid.Config, v voice, wait time.Duration, canShow func() error) (*hybrid.Conn, error) {
	if r.phone != nil {
		conn, err := r.wake(ctx, config, v, wait)
		if conn != nil || err != nil {
			return conn, err
		}
		if err := canShow(); err != nil {
			v.says(r.instead)
			return nil, err
		}
	}
	return r.initiate(ctx, config, v)
}

// wake asks the linked phone. Without an error and a connection, it cannot be had:
// r.instead says why.
func (r *remembered) wake(ctx context.Context, config hybrid.Config, v voice, wait time.Duration) (*hybrid.Conn, error) {
	name := term.Shorten(cli.Printable(r.phone.Name), 24)
	progress := config.Progress
	config.Links, config.Limits.Wake = r.links, min(wait, wakePatience)
	config.Progress = func(e hybrid.Event) {
		if _, ok := e.(hybrid.Scanning); ok {
			v.says("asking " + name + ", which is linked: no QR code is needed")
			return
		}
		progress(e)
	}
	conn, err := hybrid.InitiateLinked(ctx, config, *r.phone)
	if err == nil || ctx.Err() != nil {
		return conn, err
	}
	why := unreachable(err)
	if why == "" {
		return nil, err
	}
	r.instead = name + " " + why
	return nil, nil //nolint:nilnil // the caller has another way
}

// unreachable says why a linked phone cannot be had, where a QR code may help; ""
// where it cannot.
func unreachable(err error) string {
	e, ok := errors.AsType[*hybrid.Error](err)
	if _, radio := errors.AsType[*ble.Error](err); radio || !ok {
		return ""
	}
	switch {
	case errors.Is(err, hybrid.ErrLinkGone):
		return "is not linked any more"
	case errors.Is(err, hybrid.ErrNoAdvert):
		return "is not near"
	case e.Stage == hybrid.StageConnection:
		return "cannot be reached"
	default:
		return ""
	}
}

// initiate shows a QR code, and says why if a linked phone was expected.
func (r *remembered) initiate(ctx context.Context, config hybrid.Config, v voice) (*hybrid.Conn, error) {
	progress := config.Progress
	config.Progress = func(e hybrid.Event) {
		switch e := e.(type) {
		case hybrid.Scanning:
			if r.instead != "" {
				v.says(r.instead + ": scan the QR code with its camera")
				return
			}
		case hybrid.LinkReceived:
			r.mu.Lock()
			r.linked, r.made = e.Name, true
			r.mu.Unlock()
		}
		progress(e)
	}
	if r.wanted {
		config.Links = r.links
	}
	r.byCode = true
	return hybrid.Initiate(ctx, config)
}

// leave says goodbye to the phone; one that does not hear it goes by itself. One that
// may be remembered has its person asked first: the sign-in does not wait for that, settle does.
func (r *remembered) leave(ctx context.Context, conn *hybrid.Conn) {
	_ = conn.Close()
	if r.wanted && r.byCode {
		r.conn = conn
		return
	}
	_ = conn.Wait(ctx)
}

// settle waits until the phone has said whether it may be remembered.
func (r *remembered) settle(ctx context.Context, v voice) {
	if r.conn != nil {
		v.status("signed in; waiting for the phone to agree to be remembered")
		_ = r.conn.Wait(ctx)
	}
}

// end lets the phone go, whatever has happened.
func (r *remembered) end() {
	if r.conn != nil {
		_ = r.conn.CloseNow()
	}
}

// madeLink says whether a phone was remembered.
func (r *remembered) madeLink() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made
}

// outcome is a sentence on what became of --link; "" where nothing was to.
func (r *remembered) outcome() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.made:
		return fmt.Sprintf("Linked with %s: the next sign-in needs no QR code.\n", cli.Printable(r.linked))
	case r.conn != nil:
		return "No link was made: the phone did not ask for it.\n"
	default:
		return ""
	}
}
