package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/cli"
)

const linksLong = `Phones that are linked with this terminal sign in without a QR code; Bluetooth still proves that they are near, and they
still ask their person. Links are made with hither login --link, by a phone that agrees. With --phone, the command is about the
other side: the computers that may wake the phone in software on this machine.

Both ends can end a link. The other one notices the next time it uses it.`

func (p program) linksCommand() *cobra.Command {
	return cli.Group(&cobra.Command{Use: "links", Short: "List and remove links between terminals and phones", Long: linksLong},
		p.linksListCommand(), p.linksRemoveCommand())
}

// The documents of both sides are of no use to anybody but this machine, and are
// made again with a QR code.
const (
	terminalLinks = "links.json"
	phoneLinks    = "phone-links.json"
)

// linkStore is where one side's links are. Its directory is made.
func (p program) linkStore(name string) (*hybrid.FileStore, error) {
	dir, err := p.stateDir()
	if err != nil {
		return nil, cli.Exit(cli.ExitRefused, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return hybrid.NewFileStore(filepath.Join(dir, name)), nil
}

// badLinks is for a document that cannot be read: nothing overwrites it.
func badLinks(err error) error {
	if err == nil {
		return nil
	}
	return cli.Exit(cli.ExitRefused, fmt.Errorf("links are not used: %w", err)).Hint("make the file yours alone, or remove it: links are made again with a QR code")
}

// listedLink is a link as it is listed: nothing of it is secret.
type listedLink struct {
	ID       string     `json:"id"`
	Phone    string     `json:"phone,omitempty"`
	LastUsed *time.Time `json:"last_used,omitempty"`

	remove func(context.Context) error
}

// listed are the links of one side.
func (p program) listed(ctx context.Context, ofPhone bool) ([]listedLink, error) {
	list := []listedLink{}
	if ofPhone {
		store, err := p.linkStore(phoneLinks)
		if err != nil {
			return nil, err
		}
		links := hybrid.NewPhoneLinks(store)
		all, err := links.All(ctx)
		for _, l := range all {
			list = append(list, listedLink{ID: linkName(l.ID), LastUsed: &l.Used, remove: func(ctx context.Context) error { return links.Remove(ctx, l.ID) }})
		}
		return list, badLinks(err)
	}
	store, err := p.linkStore(terminalLinks)
	if err != nil {
		return nil, err
	}
	links := hybrid.NewLinks(store)
	all, err := links.All(ctx)
	for _, l := range all {
		list = append(list, listedLink{ID: linkName(l.ID), Phone: l.Name, remove: func(ctx context.Context) error { return links.Remove(ctx, l.PhoneKey) }})
	}
	return list, badLinks(err)
}

func linkName(id hybrid.LinkID) string { return hex.EncodeToString(id[:]) }

func (p program) linksListCommand() *cobra.Command {
	var ofPhone, asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the phones that this terminal remembers",
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.linksList(ctx, ofPhone, asJSON))
		},
	}
	cmd.Flags().BoolVar(&ofPhone, "phone", false, "list the computers that may wake the phone in software on this machine")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p program) linksList(ctx context.Context, ofPhone, asJSON bool) error {
	list, err := p.listed(ctx, ofPhone)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(map[string]any{"links": list})
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	if ofPhone {
		_, _ = fmt.Fprintln(table, "LINK\tLAST USED")
	} else {
		_, _ = fmt.Fprintln(table, "LINK\tPHONE")
	}
	for _, l := range list {
		what := cli.Printable(l.Phone)
		if l.LastUsed != nil {
			what = l.LastUsed.Format(time.DateTime)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\n", l.ID, what)
	}
	return table.Flush()
}

func (p program) linksRemoveCommand() *cobra.Command {
	var ofPhone bool
	cmd := &cobra.Command{
		Use:   "remove LINK",
		Short: "Forget a phone, so that it needs a QR code again",
		Long:  "Remove a link, named by its id, or the beginning of it, as hither links list shows it.",
		Args:  cli.Between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.linksRemove(ctx, ofPhone, args[0]))
		},
	}
	cmd.Flags().BoolVar(&ofPhone, "phone", false, "remove a computer that may wake the phone in software on this machine")
	return cmd
}

// shortLink is how much of a link's id is enough.
const shortLink = 6

func (p program) linksRemove(ctx context.Context, ofPhone bool, id string) error {
	if len(id) < shortLink {
		return cli.Usage(fmt.Sprintf("give %d characters or more of the link's id", shortLink)).Hint("hither links list")
	}
	list, err := p.listed(ctx, ofPhone)
	if err != nil {
		return err
	}
	var found []listedLink
	for _, l := range list {
		if strings.HasPrefix(l.ID, id) {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 0:
		return cli.Failed(errors.New("there is no such link")).Hint("hither links list, or with --phone those of the phone in software")
	case 1:
	default:
		return cli.Failed(errors.New("the ids of several links begin like that: give more of it"))
	}
	if err := found[0].remove(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Removed the link %s.\n", found[0].ID)
	return err
}
