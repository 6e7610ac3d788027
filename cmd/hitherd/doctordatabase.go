package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// databaseName is the file of the database in the data directory.
const databaseName = "hither.db"

// clockSlack is how far the newest event may be ahead of the clock: as much as
// the running server lets pass.
const clockSlack = time.Minute

// rpIDChange is what another RP ID than the database's would break: each passkey
// is bound to the one it was made for.
type rpIDChange struct {
	From     string          `json:"from"`
	To       string          `json:"to"`
	Accounts int64           `json:"accounts"` // that have passkeys
	Passkeys int64           `json:"passkeys"`
	Broken   []brokenAccount `json:"broken,omitempty"` // when they were asked for
}

// brokenAccount is an account that could not sign in any more.
type brokenAccount struct {
	Name          string `json:"name"`
	Administrator bool   `json:"administrator"`
	State         string `json:"state"`
	Passkeys      int64  `json:"passkeys"`
}

func (a brokenAccount) String() string {
	text := a.Name + ": " + counted(a.Passkeys, "passkey")
	if a.Administrator {
		text += ", administrator"
	}
	if a.State != string(account.StateActive) {
		text += ", " + a.State
	}
	return text
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// examineDatabase reads the database as the audit commands do: beside a running
// server, or with the directory owned meanwhile.
func (d *doctor) examineDatabase(ctx context.Context) {
	const check = "database"
	if d.stranger && d.holdsDatabase() {
		// Reading makes the lock and the log's index, if they are missing: the owner could not open ours.
		d.add(levelWarning, check, "not read: what reading makes in "+d.config.DataDir+" would be another user's", "be the user that hitherd runs as")
		d.examineKey(new(account.System))
		return
	}
	r, err := sqlite.OpenReader(ctx, d.config.DataDir)
	switch {
	case errors.Is(err, sqlite.ErrNoDatabase):
		d.add(levelNote, check, "there is none yet", "hitherd serve makes it")
		d.examineKey(nil)
		return
	case err != nil:
		d.fail(check, refused("%w", err))
		d.examineKey(new(account.System))
		return
	}
	defer func() {
		if err := r.Close(); err != nil {
			d.fail(check, err)
		}
	}()
	facts, err := r.Facts(ctx)
	if err == nil {
		err = r.Sound(ctx)
	}
	if err != nil {
		d.fail(check, refused("%w", err).Hint("restore a backup"))
	} else {
		d.ok(check, "whole; schema version %d, %s, %s", facts.Version, counted(facts.Accounts, "account"), counted(facts.Credentials, "passkey"))
	}
	system, err := r.System()
	if err != nil {
		d.fail(check, refused("%w", err))
		return
	}
	d.examineKey(&system)
	d.examineRPID(r, system.RPID)
	d.examineClock(r)
}

// examineKey looks at the root key. system is what the database says of it, nil
// without a database; one that cannot be read says nothing, but is there.
func (d *doctor) examineKey(system *account.System) {
	const check = "root_key"
	key, found, err := findKey(d.config.DataDir, d.config.KeyFile)
	path := keyPath(d.config.DataDir, d.config.KeyFile)
	switch {
	case err != nil:
		d.fail(check, err)
	case !found && system == nil:
		d.add(levelNote, check, "there is none yet", "hitherd serve makes it")
	case !found:
		d.problem(check, path+" is missing, and the database beside it is of no use without it", "put the key file back")
	case system == nil && d.config.KeyFile == "":
		d.problem(check, path+" is there without a database", "put the database back, or move the key away to begin anew")
	case system != nil && system.KeyCheck != nil && !key.Matches(system.KeyCheck):
		d.problem(check, path+" is not the key that the database was made with", "put the right key file back")
	default:
		d.ok(check, "%s", path)
	}
}

// examineRPID compares the RP ID of the database with the configured one.
func (d *doctor) examineRPID(r *sqlite.Reader, stored string) {
	const check = "rp_id"
	switch {
	case stored == "" || d.rpID == "":
		return
	case stored == d.rpID:
		d.ok(check, "%s, for which the passkeys were made", stored)
		return
	}
	change := &rpIDChange{From: stored, To: d.rpID}
	for k, err := range r.Keepers() {
		if err != nil {
			d.fail(check, refused("%w", err))
			return
		}
		change.Accounts++
		change.Passkeys += k.Passkeys
		if d.list {
			change.Broken = append(change.Broken, brokenAccount{Name: k.Name, Administrator: k.Administrator, State: string(k.State), Passkeys: k.Passkeys})
		}
	}
	d.Change = change
	d.problem(check, fmt.Sprintf("the database belongs to RP ID %s and the configuration says %s, where none of its passkeys would work (%s, %s)",
		stored, d.rpID, counted(change.Passkeys, "passkey"), counted(change.Accounts, "account")),
		fmt.Sprintf("set rp_id to %s, with a public_url whose host is %s or below it; passkeys do not move to another RP ID", stored, stored))
}

// examineClock compares the clock with what was recorded last.
func (d *doctor) examineClock(r *sqlite.Reader) {
	const check = "clock"
	newest, err := r.Events(sqlite.EventFilter{}, 1)
	if err != nil {
		d.fail(check, refused("%w", err))
		return
	}
	now := time.Now() // not d.now: a running server goes on recording
	if len(newest) == 0 {
		d.ok(check, "%s; nothing was recorded yet", now.UTC().Format("2006-01-02 15:04:05 UTC"))
		return
	}
	at := newest[0].At
	if ahead := at.Sub(now); ahead > clockSlack {
		d.add(levelWarning, check, fmt.Sprintf("the newest event is %v ahead of the clock (%s): it went back, or was ahead then",
			ahead.Round(time.Second), now.UTC().Format("2006-01-02 15:04:05 UTC")), "set the clock right, and keep it so (NTP)")
		return
	}
	d.ok(check, "%s, after the newest event", now.UTC().Format("2006-01-02 15:04:05 UTC"))
}
