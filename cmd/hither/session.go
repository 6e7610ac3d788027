package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/ownfile"
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
	if err := s.write(ctx, s.path(one.Origin), append(text, '\n')); err != nil {
		return keptIn{}, fmt.Errorf("keeping the session: %w", err)
	}
	return kept, nil
}

func (s sessions) write(ctx context.Context, path string, text []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	unlock, err := ownfile.Lock(ctx, s.dir)
	if err != nil {
		return err
	}
	defer unlock()
	return ownfile.Replace(path, text)
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
	text, err := ownfile.Read(path, maxSessionFile)
	if errors.Is(err, fs.ErrNotExist) {
		return session{}, err
	}
	one := session{file: path}
	if err == nil {
		if json.Unmarshal(text, &one) != nil || one.Origin == "" {
			err = errors.New(path + " is damaged")
		}
	}
	if err != nil {
		return session{}, cli.Exit(cli.ExitRefused, fmt.Errorf("a session is not used: %w", err)).Hint("remove the file, and sign in again")
	}
	return one, nil
}
