package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/term"
)

// session is a signed-in person's, as it is remembered between two runs. There is
// one for each origin, in a file of its own. The token is in the file unless it is
// in the keyring.
type session struct {
	Origin    string      `json:"origin"`
	Account   api.Account `json:"account"`
	ID        string      `json:"id"`
	ExpiresAt time.Time   `json:"expires_at"`
	Token     string      `json:"token,omitempty"`

	file string
}

// Bounds of what a server may have kept here, which may be anybody's.
const (
	maxToken = 4096 // bytes
	maxText  = 256  // characters
)

// newSession is what a server has opened. Its token is put into headers by whoever
// gets it, so nothing may be in it that means something there, RFC 6750 §2.1.
func newSession(origin string, r api.Result) (session, error) {
	token := r.Session.Token
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="
	if token == "" || len(token) > maxToken || strings.Trim(token, characters) != "" {
		return session{}, notOurs(errors.New("there is no token in it that can be one"))
	}
	for _, text := range []*string{&r.Account.ID, &r.Account.Name, &r.Account.DisplayName, &r.Session.ID} {
		*text = term.Shorten(*text, maxText)
	}
	return session{Origin: origin, Account: r.Account, ID: r.Session.ID, ExpiresAt: r.Session.ExpiresAt, Token: token}, nil
}

// sessions is where sessions are kept.
type sessions struct {
	dir     string
	keyring keyring
	noKey   bool // new tokens are not put into the keyring
}

const (
	maxSessionFile = 64 << 10
	sessionSuffix  = ".json"
)

func (p program) sessions(useKeyring bool) (sessions, error) {
	dir, err := p.stateDir()
	if err != nil {
		return sessions{}, cli.Exit(cli.ExitRefused, err)
	}
	return sessions{dir: filepath.Join(dir, "sessions"), keyring: p.keyring(), noKey: !useKeyring}, nil
}

func (s sessions) path(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:16])+sessionSuffix)
}

// keptIn says where a token is, for people and programs.
type keptIn struct {
	Place string `json:"place"`          // "keyring" or "file"
	File  string `json:"file,omitempty"` // of the place "file"
	Why   string `json:"-"`              // the keyring is not used; "": it is, or was not wanted
}

func (k keptIn) String() string {
	switch {
	case k.Place == placeKeyring:
		return "in the keyring"
	case k.Why != "":
		return "in the file " + k.File + " (" + k.Why + ")"
	default:
		return "in the file " + k.File
	}
}

const (
	placeKeyring = "keyring"
	placeFile    = "file"
)

// put remembers a session: the token in the keyring, else in the file.
func (s sessions) put(ctx context.Context, one session) (keptIn, error) {
	kept := keptIn{Place: placeFile, File: s.path(one.Origin)}
	if !s.noKey {
		err := s.keyring.set(ctx, one.Origin, one.Token)
		switch {
		case err == nil:
			kept, one.Token = keptIn{Place: placeKeyring}, ""
		case ctx.Err() != nil:
			return keptIn{}, context.Cause(ctx)
		default:
			kept.Why = err.Error()
		}
	}
	text, err := json.Marshal(one)
	if err != nil {
		return keptIn{}, err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return keptIn{}, fmt.Errorf("keeping the session: %w", err)
	}
	if err := writePrivate(s.path(one.Origin), append(text, '\n')); err != nil {
		return keptIn{}, fmt.Errorf("keeping the session: %w", err)
	}
	return kept, nil
}

// get is the session of an origin, or of the only one there is, without its token if
// that is in the keyring.
func (s sessions) get(origin string) (session, error) {
	if origin != "" {
		one, err := readSession(s.path(origin))
		if errors.Is(err, fs.ErrNotExist) {
			return session{}, cli.Exit(cli.ExitDenied, errors.New("nobody is signed in to "+origin+" here")).Hint("hither login " + origin)
		}
		return one, err
	}
	all, err := s.all()
	switch {
	case err != nil:
		return session{}, err
	case len(all) == 0:
		return session{}, cli.Exit(cli.ExitDenied, errors.New("nobody is signed in here")).Hint("hither login URL")
	case len(all) > 1:
		origins := make([]string, len(all))
		for i, one := range all {
			origins[i] = one.Origin
		}
		return session{}, cli.Usage("there are several sessions here: give the URL of one").Hint("one of " + strings.Join(origins, ", "))
	}
	return all[0], nil
}

// token reads the token of a session.
func (s sessions) token(ctx context.Context, one session) (string, error) {
	if one.Token != "" {
		return one.Token, nil
	}
	token, err := s.keyring.get(ctx, one.Origin)
	if err != nil {
		return "", cli.Exit(cli.ExitUnavailable, fmt.Errorf("the session of %s is in the keyring: %w", one.Origin, err)).
			Hint("sign in again: hither login " + one.Origin)
	}
	return token, nil
}

// remove forgets a session.
func (s sessions) remove(ctx context.Context, one session) error {
	if one.Token == "" {
		if err := s.keyring.remove(ctx, one.Origin); err != nil {
			return fmt.Errorf("forgetting the session of %s: %w", one.Origin, err)
		}
	}
	if err := os.Remove(one.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forgetting the session of %s: %w", one.Origin, err)
	}
	return nil
}

func (s sessions) all() ([]session, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []session
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), sessionSuffix) {
			continue
		}
		one, err := readSession(filepath.Join(s.dir, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func readSession(path string) (session, error) {
	f, err := os.Open(path) //nolint:gosec // G304: a file of ours
	if err != nil {
		return session{}, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return session{}, err
	}
	refused := func(why string) error {
		return cli.Exit(cli.ExitRefused, errors.New("the session in "+path+" is not used: "+why)).Hint("remove the file, and sign in again")
	}
	switch {
	case !info.Mode().IsRegular() || info.Size() > maxSessionFile:
		return session{}, refused("it is no file of ours")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return session{}, refused("others may read or change it")
	}
	text := make([]byte, info.Size())
	if _, err := io.ReadFull(f, text); err != nil {
		return session{}, err
	}
	one := session{file: path}
	if err := json.Unmarshal(text, &one); err != nil || one.Origin == "" {
		return session{}, refused("it is damaged")
	}
	return one, nil
}

// writePrivate puts a file of mode 0600 in the place of the one that is there.
func writePrivate(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
