package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
)

func (p program) tokenCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "token [URL]",
		Short: "Print the token of a session, for programs",
		Long: `Print the token of the session at URL, or of the only one there is. Nothing is asked over the network: a session that was
ended elsewhere is not noticed. The token opens what the person may do: it does not belong in files, logs or command lines.`,
		Args: cli.Between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.token(ctx, args, asJSON))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the time at which it expires")
	return cmd
}

// found is the session that a command is about, and its token.
func (p program) found(ctx context.Context, args []string) (session, string, error) {
	origin, err := parseOptionalServer(args)
	if err != nil {
		return session{}, "", err
	}
	kept, err := p.sessions(true)
	if err != nil {
		return session{}, "", err
	}
	one, err := kept.get(origin)
	if err != nil {
		return session{}, "", err
	}
	token, err := kept.token(ctx, one)
	return one, token, err
}

func (p program) token(ctx context.Context, args []string, asJSON bool) error {
	one, token, err := p.found(ctx, args)
	if err != nil {
		return err
	}
	if !one.ExpiresAt.IsZero() && !time.Now().Before(one.ExpiresAt) {
		return ended(one.Origin)
	}
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(map[string]any{"origin": one.Origin, "account": one.Account, "token": token, "expires_at": one.ExpiresAt})
	}
	_, err = fmt.Fprintln(p.stdout, token)
	return err
}

func ended(origin string) error {
	return cli.Exit(cli.ExitDenied, errors.New("the session at "+origin+" has ended")).Hint("hither login " + origin)
}

func (p program) whoamiCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "whoami [URL]",
		Short: "Ask the server who is signed in",
		Args:  cli.Between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.whoami(ctx, args, asJSON))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p program) whoami(ctx context.Context, args []string, asJSON bool) error {
	one, token, err := p.found(ctx, args)
	if err != nil {
		return err
	}
	account, open, err := client(one.Origin).Me(ctx, token)
	if isUnauthenticated(err) {
		return ended(one.Origin)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(map[string]any{
			"origin": one.Origin, "account": account,
			"session": map[string]any{"id": open.ID, "expires_at": open.ExpiresAt},
		})
	}
	_, err = fmt.Fprintf(p.stdout, "%s at %s\n", cli.Printable(account.Name), one.Origin)
	return err
}

func isUnauthenticated(err error) bool {
	r, ok := errors.AsType[*api.RefusalError](err)
	return ok && r.Status == http.StatusUnauthorized
}

func (p program) logoutCommand() *cobra.Command {
	var forget bool
	cmd := &cobra.Command{
		Use:   "logout [URL]",
		Short: "End a session, there and here",
		Args:  cli.Between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			return explained(ctx, p.logout(ctx, args, forget))
		},
	}
	cmd.Flags().BoolVar(&forget, "forget", false, "do not ask the server: the session is forgotten here, and stays open there until it expires")
	return cmd
}

func (p program) logout(ctx context.Context, args []string, forget bool) error {
	origin, err := parseOptionalServer(args)
	if err != nil {
		return err
	}
	kept, err := p.sessions(true)
	if err != nil {
		return err
	}
	one, err := kept.get(origin)
	if err != nil {
		return err
	}
	if !forget {
		token, err := kept.token(ctx, one)
		if err != nil {
			return err
		}
		if err := client(one.Origin).SignOut(ctx, token); err != nil && !isUnauthenticated(err) {
			f := explained(ctx, err)
			if e, ok := errors.AsType[*cli.ExitError](f); ok {
				return e.Hint("nothing was forgotten; hither logout --forget does without the server")
			}
			return f
		}
	}
	if err := kept.remove(ctx, one); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Signed out of %s.\n", one.Origin)
	return err
}
