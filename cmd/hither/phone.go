package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/term"
)

const phoneLong = `Be a phone in software: a vault on this machine holds passkeys, and answers who shows a QR code nearby, as a phone does.
It is as safe as this machine and its passphrase. Whoever has both has the passkeys.`

func (p program) phoneCommand() *cobra.Command {
	return cli.Group(&cobra.Command{
		Use:   "phone",
		Short: "Be a phone in software: passkeys in a vault on this machine",
		Long:  phoneLong,
	}, p.phoneCreateCommand(), p.phoneListCommand(), p.phoneScanCommand(), p.phoneListenCommand(), p.phoneRemoveCommand())
}

func (p program) phoneCreateCommand() *cobra.Command {
	var f vaultFlags
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make an empty vault",
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.phoneCreate(ctx, f))
		},
	}
	f.flags(cmd, false)
	return cmd
}

func (p program) phoneCreate(ctx context.Context, f vaultFlags) error {
	path, err := p.vaultFile(f)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return cli.Failed(errors.New("there is a vault already: " + path))
	}
	v, err := p.voice(false)
	if err != nil {
		return err
	}
	defer v.close()
	passphrase, err := p.newPassphrase(ctx, v, f)
	if err != nil {
		return err
	}
	key, err := authenticator.PassphraseKey(passphrase, 0)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if _, err := authenticator.CreateVault(ctx, path, key); errors.Is(err, fs.ErrExist) {
		return cli.Failed(errors.New("there is a vault already: " + path))
	} else if err != nil {
		return err
	}
	v.close()
	_, err = fmt.Fprintf(p.stdout, "Made the vault %s. Without its passphrase nobody can open it.\n", cli.Printable(path))
	return err
}

// newPassphrase asks twice: it cannot be told to anybody again.
func (p program) newPassphrase(ctx context.Context, v voice, f vaultFlags) (string, error) {
	if f.readFrom != "" {
		return p.readPassphrase(f.readFrom)
	}
	if err := v.asks("give the passphrase with --passphrase-file FILE"); err != nil {
		return "", err
	}
	first, err := v.terminal.Passphrase(ctx, "Passphrase of the new vault: ",
		"Whoever copies the file can try passphrases for as long as they like: take several words that nobody guesses.")
	if err != nil {
		return "", err
	}
	if first == "" {
		return "", term.ErrDeclined
	}
	second, err := v.terminal.Passphrase(ctx, "The same again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", cli.Failed(errors.New("the two passphrases differ: nothing was made"))
	}
	return first, nil
}

func (p program) phoneListCommand() *cobra.Command {
	var f vaultFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the passkeys in the vault",
		Args:  cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.phoneList(ctx, f, asJSON))
		},
	}
	f.flags(cmd, false)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listed is what is shown of a credential: nothing secret.
type listed struct {
	ID           string    `json:"id"`
	RelyingParty string    `json:"relying_party"`
	Account      string    `json:"account"`
	DisplayName  string    `json:"display_name"`
	CreatedAt    time.Time `json:"created_at"`
}

func (p program) phoneList(ctx context.Context, f vaultFlags, asJSON bool) error {
	v, err := p.voice(false)
	if err != nil {
		return err
	}
	defer v.close()
	opened, err := p.openVault(ctx, v, f)
	if err != nil {
		return err
	}
	credentials, err := opened.All(ctx)
	if err != nil {
		return err
	}
	v.close()
	list := make([]listed, len(credentials))
	for i, c := range credentials {
		list[i] = listed{ID: c.ID.String(), RelyingParty: c.RP.ID, Account: c.User.Name, DisplayName: c.User.DisplayName, CreatedAt: c.Created}
	}
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(map[string]any{"passkeys": list})
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PASSKEY\tRELYING PARTY\tACCOUNT\tCREATED")
	for _, k := range list {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.ID[:shortID], k.RelyingParty, cli.Printable(k.Account), k.CreatedAt.Format(time.DateOnly))
	}
	return table.Flush()
}

// shortID is how much of an id people see and type. Ids are random and of 32 bytes.
const shortID = 12

func (p program) phoneRemoveCommand() *cobra.Command {
	var f vaultFlags
	cmd := &cobra.Command{
		Use:   "remove PASSKEY",
		Short: "Remove a passkey from the vault for good",
		Long:  "Remove a passkey, named by the beginning of its id as hither phone list shows it. The server still has its half: remove that there, too.",
		Args:  cli.Between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.phoneRemove(ctx, f, args[0]))
		},
	}
	// One id in 64 looks like a flag.
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return cli.Usage(err.Error()).Hint("an id that begins with - is given behind --, as in hither phone remove -- -CTt6GG_fyMn")
	})
	f.flags(cmd, true)
	return cmd
}

func (p program) phoneRemove(ctx context.Context, f vaultFlags, id string) error {
	v, err := p.voice(false)
	if err != nil {
		return err
	}
	defer v.close()
	if !f.yes {
		if err := v.asks("agree beforehand with --yes"); err != nil {
			return err
		}
	}
	opened, err := p.openVault(ctx, v, f)
	if err != nil {
		return err
	}
	credential, err := find(ctx, opened, id)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("the passkey of %s for %s", term.Shorten(cli.Printable(credential.User.Name), 30), credential.RP.ID)
	if !f.yes {
		yes, err := v.terminal.Confirm(ctx, "Remove it?", "This is "+what+".", "Nobody can bring it back.")
		if err != nil {
			return err
		}
		if !yes {
			return term.ErrDeclined
		}
	}
	if err := opened.Remove(ctx, credential.ID); err != nil {
		return err
	}
	v.close()
	_, err = fmt.Fprintf(p.stdout, "Removed %s.\n", what)
	return err
}

// find is the one credential whose id begins like that.
func find(ctx context.Context, v *vault, id string) (authenticator.Credential, error) {
	if len(id) < shortID/2 {
		return authenticator.Credential{}, cli.Usage(fmt.Sprintf("give %d characters or more of the passkey's id", shortID/2)).Hint("hither phone list")
	}
	credentials, err := v.All(ctx)
	if err != nil {
		return authenticator.Credential{}, err
	}
	var found []authenticator.Credential
	for _, c := range credentials {
		if strings.HasPrefix(c.ID.String(), id) {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return authenticator.Credential{}, authenticator.ErrNoCredential
	case 1:
		return found[0], nil
	default:
		return authenticator.Credential{}, cli.Failed(errors.New("the ids of several passkeys begin like that: give more of it"))
	}
}
