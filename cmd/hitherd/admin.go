package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

func (p program) adminCommand() *cobra.Command {
	var asJSON, administrator bool
	var hours int
	invite := p.operatorCommand(&cobra.Command{
		Use:   "invite [NAME]",
		Short: "Make a link with which one person creates an account",
		Long:  "Make a link with which one person creates an account, once. With NAME the account gets that name, else the person chooses.",
		Args:  cli.Between(0, 1),
	}, func(ctx context.Context, o operator, args []string) error {
		request := invitationRequest{Administrator: administrator, Hours: hours}
		if len(args) == 1 {
			request.Name = args[0]
		}
		i, err := o.invite(ctx, request)
		if err != nil {
			return err
		}
		return p.printInvitation(i, asJSON)
	})
	invite.Flags().BoolVar(&administrator, "administrator", false, "the new account is an administrator's")
	invite.Flags().IntVar(&hours, "hours", 24, "how long the link works, 1 to 168")
	list := p.operatorCommand(&cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  cli.Between(0, 0),
	}, func(ctx context.Context, o operator, _ []string) error {
		accounts, err := o.accounts(ctx)
		if err != nil {
			return err
		}
		return p.printAccounts(accounts, asJSON)
	})
	for _, cmd := range []*cobra.Command{invite, list} {
		cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	return cli.Group(
		&cobra.Command{
			Use:   "admin",
			Short: "Invite people and manage accounts",
			Long:  "Invite people and manage accounts: through the running server, or on the data directory itself when no server runs.",
		},
		invite, list,
		p.accountCommand("disable", "Shut an account out and end its sessions", "disabled"),
		p.accountCommand("enable", "Let a disabled account in again", "enabled"),
		p.accountCommand("remove", "Remove an account with its passkeys and sessions, for ever", "removed"),
	)
}

// accountCommand is one of the commands that change one account by its name.
func (p program) accountCommand(verb, short, done string) *cobra.Command {
	return p.operatorCommand(&cobra.Command{Use: verb + " NAME", Short: short, Args: cli.Between(1, 1)},
		func(ctx context.Context, o operator, args []string) error {
			if err := o.change(ctx, verb, args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(p.stdout, "%s %s\n", done, args[0])
			return err
		})
}

// operatorCommand gives cmd the work do, with the operators' door that answers.
func (p program) operatorCommand(cmd *cobra.Command, do func(context.Context, operator, []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		_, c, err := p.resolve(cmd)
		if err != nil {
			return err
		}
		ctx, stop := cli.UntilSignal(cmd.Context())
		defer stop()
		return c.operate(ctx, func(ctx context.Context, o operator) error { return do(ctx, o, args) })
	}
	return configured(cmd, "data_dir")
}

// operate finds the operators' door of the running server or, with no server
// running, takes the data directory and opens the door for one command.
func (c config) operate(ctx context.Context, do func(context.Context, operator) error) error {
	socket := c.socketPath()
	conn, err := dialSocket(ctx, socket)
	switch {
	case err == nil:
		_ = conn.Close()
		return do(ctx, newOperator(socket))
	case errors.Is(err, fs.ErrPermission):
		return refused("%s may not be opened by this user: use the one that hitherd runs as", socket)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return c.operateAlone(ctx, do)
	default:
		return err
	}
}

func (c config) operateAlone(ctx context.Context, do func(context.Context, operator) error) (err error) {
	s, err := c.judgeSite()
	if err != nil {
		return err
	}
	d, err := c.existingDirectory()
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, c, d, s.rpID, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	srv, err := h.server(s)
	if err != nil {
		return err
	}
	door, err := h.openOperatorDoor(ctx, srv.Operator())
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- door.run(running) }()
	o := newOperator(h.socket())
	if e, err := parseListen("listen", c.Listen); err == nil && e.port == 0 && c.PublicURL == "" {
		o.linkless = refused("listen %q leaves the port to the system, so nobody knows where a link would lead: set public_url, or start hitherd serve first", c.Listen)
	}
	err = do(ctx, o)
	stop()
	return errors.Join(err, <-ended)
}

// existingDirectory takes a data directory that has a database: a mistyped one
// must not become a new installation.
func (c config) existingDirectory() (*sqlite.Directory, error) {
	none := refused("%s holds no database: name the data directory of your installation with HITHER_DATA_DIR, or begin one with hitherd serve", c.DataDir)
	if _, err := os.Stat(c.DataDir); errors.Is(err, fs.ErrNotExist) {
		return nil, none
	}
	d, err := ownDirectory(c.DataDir)
	if err != nil {
		return nil, err
	}
	if !d.HasDatabase() {
		return nil, errors.Join(none, d.Close())
	}
	return d, nil
}

func (p program) printInvitation(i invitation, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(i)
	}
	if _, err := fmt.Fprintln(p.stdout, i.Link); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stderr, "works once, until %s\n", i.ExpiresAt.Local().Format("2006-01-02 15:04 MST"))
	return err
}

func (p program) printAccounts(accounts []accountEntry, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(map[string][]accountEntry{"accounts": accounts})
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NAME\tDISPLAY NAME\tROLE\tSTATE\tCREATED")
	for _, a := range accounts {
		role := "person"
		if a.Administrator {
			role = "administrator"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", cell(a.Name), cell(a.DisplayName), role, cell(a.State), a.CreatedAt.UTC().Format(time.DateOnly))
	}
	return w.Flush()
}
