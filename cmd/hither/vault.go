package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/term"
)

// vaultFlags say which vault, and how it is opened.
type vaultFlags struct {
	file     string
	readFrom string // a file with the passphrase; "": the person is asked
	yes      bool
}

func (f *vaultFlags) flags(cmd *cobra.Command, consents bool) {
	flags := cmd.Flags()
	flags.StringVar(&f.file, "vault", "", "the file of the vault (without it: hither/vault.age in XDG_DATA_HOME, which is ~/.local/share)")
	flags.StringVar(&f.readFrom, "passphrase-file", "", "read the vault's passphrase from the first line of this file (-: standard input) instead of asking for it")
	if consents {
		flags.BoolVar(&f.yes, "yes", false, "agree to whatever is asked, without asking a person: for tests and machines")
	}
}

const (
	maxPassphrase      = 1024 // bytes
	passphraseAttempts = 3
)

// vault is one that is open, and what its person proves themselves with.
type vault struct {
	*authenticator.Vault
	sum   [sha256.Size]byte // of the passphrase
	typed time.Time         // by the person; zero: it was read from a file
}

// check says whether somebody knows the passphrase.
func (v *vault) check(passphrase string) bool {
	sum := sha256.Sum256([]byte(passphrase))
	return subtle.ConstantTimeCompare(sum[:], v.sum[:]) == 1
}

func (p program) vaultFile(f vaultFlags) (string, error) {
	if f.file != "" {
		return f.file, nil
	}
	dir, err := p.dataDir()
	if err != nil {
		return "", cli.Exit(cli.ExitRefused, err)
	}
	return filepath.Join(dir, "vault.age"), nil
}

// openVault opens the vault with the passphrase of a file, or asks for it.
func (p program) openVault(ctx context.Context, v voice, f vaultFlags) (*vault, error) {
	path, err := p.vaultFile(f)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Exit(cli.ExitRefused, errors.New("there is no vault "+path)).Hint("make one with hither phone create")
	}
	if f.readFrom != "" {
		passphrase, err := p.readPassphrase(f.readFrom)
		if err != nil {
			return nil, err
		}
		return open(path, passphrase)
	}
	if err := v.asks("give the passphrase with --passphrase-file FILE"); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		passphrase, err := v.terminal.Passphrase(ctx, "Passphrase of the vault: ")
		if err != nil {
			return nil, err
		}
		if passphrase == "" {
			return nil, term.ErrDeclined
		}
		v.status("opening the vault")
		opened, err := open(path, passphrase)
		v.status("")
		if err == nil {
			opened.typed = time.Now()
		}
		if !errors.Is(err, authenticator.ErrVaultKey) || n == passphraseAttempts {
			return opened, err
		}
	}
}

func open(path, passphrase string) (*vault, error) {
	key, err := authenticator.PassphraseKey(passphrase, workFactor(path))
	if err != nil {
		return nil, err
	}
	opened, err := authenticator.OpenVault(path, key)
	if err != nil {
		return nil, err
	}
	return &vault{Vault: opened, sum: sha256.Sum256([]byte(passphrase))}, nil
}

// workFactor is that of the passphrase with which a vault was made, so that it stays
// what it was; 0 if the file does not say. Nobody can lower it unseen: age
// authenticates its header.
func workFactor(path string) int {
	f, err := os.Open(path) //nolint:gosec // G304: whose file it is, is for who runs this to say
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // nothing was written
	var salt string
	var n int
	if _, err := fmt.Fscanf(io.LimitReader(f, 128), "age-encryption.org/v1\n-> scrypt %s %d\n", &salt, &n); err != nil || n < 10 || n > 20 {
		return 0
	}
	return n
}

// readPassphrase reads the first line of a file.
func (p program) readPassphrase(name string) (string, error) {
	in := p.stdin
	if name != "-" {
		file, err := os.Open(name) //nolint:gosec // G304: whose file it is, is for who runs this to say
		if err != nil {
			return "", cli.Usage(err.Error())
		}
		defer file.Close() //nolint:errcheck // nothing was written
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPassphrase+2))
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" || len(line) > maxPassphrase {
		return "", cli.Usage(fmt.Sprintf("the passphrase has 1 to %d bytes, in the first line", maxPassphrase))
	}
	return line, nil
}

// authenticator is one over the vault, that asks the person at the terminal.
func (p program) authenticator(v voice, opened *vault, f vaultFlags) (*authenticator.Authenticator, error) {
	if f.yes {
		return authenticator.New(authenticator.Config{Store: opened, Verifier: agreeable{}}), nil
	}
	if err := v.asks("agree beforehand with --yes"); err != nil {
		return nil, err
	}
	return authenticator.New(authenticator.Config{
		Store:    opened,
		Verifier: &term.Verifier{Terminal: v.terminal, Check: opened.check, Typed: opened.typed},
	}), nil
}

// agreeable says yes to everything, for the newest account: --yes.
type agreeable struct{}

// Verify is [authenticator.UserVerifier]'s.
func (agreeable) Verify(context.Context, authenticator.Question) (authenticator.Answer, error) {
	return authenticator.Answer{Consented: true, Verified: true}, nil
}
