package ledger

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver of the server's own engine

	"github.com/hitherauth/hither/internal/account"
)

// counted are the types of audit rows that are the people's or the operator's
// own, one for each change. What strangers fail at is grouped by the server.
func counted() map[string]bool {
	types := map[string]bool{}
	for _, t := range []account.EventType{
		account.EventAccountCreated, account.EventAccountRemoved, account.EventCredentialAdded, account.EventCredentialRenamed,
		account.EventCredentialRemoved, account.EventSignedIn, account.EventSessionEnded, account.EventInvitationCreated,
	} {
		types[string(t)] = true
	}
	return types
}

// Audit reads the database file without writing to it: whether SQLite finds it
// whole, and whether each change since the last Audit has its audit row, and no
// row is without its change. It comes after a Compare, which has settled what was
// in doubt.
func (l *Ledger) Audit(ctx context.Context) error {
	db, err := l.database.open()
	if err != nil {
		return err
	}
	err = errors.Join(l.checkIntegrity(ctx, db), l.checkEvents(ctx, db))
	return errors.Join(err, db.Close())
}

type database string

func (d database) open() (*sql.DB, error) {
	u := url.URL{Scheme: "file", Path: string(d), RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// checkIntegrity asks SQLite.
func (l *Ledger) checkIntegrity(ctx context.Context, db *sql.DB) error {
	var says string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&says); err != nil {
		return fmt.Errorf("ledger: integrity_check: %w", err)
	}
	if says != "ok" {
		l.find(Integrity, nil, "integrity_check says: %s", says)
	}
	rows, err := db.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return fmt.Errorf("ledger: foreign_key_check: %w", err)
	}
	defer func() { _ = rows.Close() }() // what it could say, Err has said
	for rows.Next() {
		l.find(Integrity, nil, "foreign_key_check found a row")
	}
	return rows.Err()
}

// lastEvent is the number of the youngest audit row.
func (l *Ledger) lastEvent(ctx context.Context) (int64, error) {
	db, err := l.database.open()
	if err != nil {
		return 0, err
	}
	var no int64
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(no), 0) FROM event").Scan(&no)
	return no, errors.Join(err, db.Close())
}

// row says which audit rows are meant.
type row struct{ account, kind string }

// checkEvents counts the audit rows that have come.
func (l *Ledger) checkEvents(ctx context.Context, db *sql.DB) error {
	found, last, err := l.countEvents(ctx, db)
	if err != nil {
		return err
	}
	l.auditedTo = last
	l.mu.Lock()
	pages := append([]*page(nil), l.gone...)
	asked, maybe := l.invited, l.uninvited
	l.invited, l.uninvited = 0, 0
	l.mu.Unlock()
	for _, s := range l.slots {
		if s.page != nil {
			pages = append(pages, s.page)
		}
	}
	for _, p := range pages {
		for kind, want := range p.events {
			got := found[row{p.id, kind}]
			delete(found, row{p.id, kind})
			l.judgeEvents(p, kind, got, want, want)
		}
		clear(p.events)
	}
	invitations := row{"", string(account.EventInvitationCreated)}
	l.judgeEvents(nil, invitations.kind, found[invitations], asked, asked+maybe)
	delete(found, invitations)
	for r, n := range found {
		l.find(Integrity, nil, "%d audit rows %s of account %s are of no change", n, r.kind, r.account)
	}
	return nil
}

func (l *Ledger) judgeEvents(p *page, kind string, got, least, most int) {
	if got < least {
		l.find(Lost, p, "%d acknowledged changes have %d audit rows %s", least, got, kind)
	}
	if got > most {
		l.find(Integrity, p, "%d changes have %d audit rows %s", most, got, kind)
	}
}

func (l *Ledger) countEvents(ctx context.Context, db *sql.DB) (found map[row]int, last int64, err error) {
	rows, err := db.QueryContext(ctx, "SELECT no, type, account FROM event WHERE no > ? ORDER BY no", l.auditedTo)
	if err != nil {
		return nil, 0, fmt.Errorf("ledger: reading audit rows: %w", err)
	}
	defer func() { _ = rows.Close() }() // as above
	types := counted()
	found, last = map[row]int{}, l.auditedTo
	for rows.Next() {
		var kind string
		var id []byte
		if err := rows.Scan(&last, &kind, &id); err != nil {
			return nil, 0, fmt.Errorf("ledger: reading audit rows: %w", err)
		}
		if types[kind] {
			found[row{base64.RawURLEncoding.EncodeToString(id), kind}]++
		}
	}
	return found, last, rows.Err()
}
