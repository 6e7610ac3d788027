package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// eventQuery is what the flags of hitherd audit list say.
type eventQuery struct {
	account, kind, since string
	before               int64
	limit                int
	asJSON               bool
}

func (p program) auditListCommand() *cobra.Command {
	var q eventQuery
	cmd := p.auditReadCommand(&cobra.Command{
		Use:   "list",
		Short: "List what was recorded, the newest first",
	}, func(_ context.Context, l auditLog) error { return p.listEvents(l, q) })
	cmd.Flags().StringVar(&q.account, "account", "", "only of this account: its name, or its id when it was removed")
	cmd.Flags().StringVar(&q.kind, "type", "", "only of this type, such as session.opened")
	cmd.Flags().StringVar(&q.since, "since", "", "only since: a time such as 2026-11-22 or 2026-11-22T17:00:00Z, or how long ago, such as 90m, 12h or 7d")
	cmd.Flags().Int64Var(&q.before, "before", 0, "only rows before this number: the next page")
	cmd.Flags().IntVar(&q.limit, "limit", 50, "how many, 1 to 1000")
	cmd.Flags().BoolVar(&q.asJSON, "json", false, "print JSON")
	return cmd
}

// eventEntry is an event as it is printed.
type eventEntry struct {
	No           int64     `json:"no"`
	At           time.Time `json:"at"`
	Type         string    `json:"type"`
	AccountID    string    `json:"account_id,omitempty"`
	Account      string    `json:"account,omitempty"` // name today
	Actor        string    `json:"actor"`
	CredentialID string    `json:"credential_id,omitempty"` // as in the log
	Address      string    `json:"address,omitempty"`
	Browser      string    `json:"browser,omitempty"`
	Check        string    `json:"check,omitempty"`
	Detail       string    `json:"detail,omitempty"`
	Count        int64     `json:"count"`
}

type eventPage struct {
	Events []eventEntry `json:"events"`
	Next   int64        `json:"next,omitempty"` // for --before; absent on the last page
}

func (p program) listEvents(l auditLog, q eventQuery) error {
	filter, err := q.filter(l, time.Now())
	if err != nil {
		return err
	}
	list, err := l.Events(filter, q.limit+1)
	if err != nil {
		return err
	}
	page := eventPage{Events: []eventEntry{}}
	for i, e := range list {
		if i == q.limit {
			page.Next = list[i-1].No
			break
		}
		page.Events = append(page.Events, newEventEntry(e))
	}
	if q.asJSON {
		return json.NewEncoder(p.stdout).Encode(page)
	}
	return p.printEvents(page)
}

func (q eventQuery) filter(l auditLog, now time.Time) (sqlite.EventFilter, error) {
	f := sqlite.EventFilter{Type: account.EventType(q.kind), Before: q.before}
	switch {
	case q.limit < 1 || q.limit > 1000:
		return f, cli.Usage("--limit is from 1 to 1000")
	case q.before < 0:
		return f, cli.Usage("--before is the number of a row")
	}
	var err error
	if f.Since, err = parseSince(q.since, now); err != nil {
		return f, cli.Usage(err.Error())
	}
	if q.account == "" {
		return f, nil
	}
	if f.Account, err = l.AccountID(q.account); err != nil || f.Account != nil {
		return f, err
	}
	id, err := account.ParseID(q.account)
	if err != nil {
		return f, fmt.Errorf("there is no account %q", q.account)
	}
	f.Account = &id
	return f, nil
}

// parseSince reads a moment, or how long ago it was.
func parseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil {
			return t, nil
		}
	}
	var d duration
	if err := d.UnmarshalText([]byte(s)); err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a time such as 2026-11-22 or 2026-11-22T17:00:00Z nor how long ago, such as 12h", s)
	}
	return now.Add(-time.Duration(d)), nil
}

func newEventEntry(e sqlite.ListedEvent) eventEntry {
	entry := eventEntry{
		No: e.No, At: e.At, Type: string(e.Type), Account: e.AccountName, Actor: string(e.Actor),
		Browser: e.Client.Browser, Check: e.Check, Detail: e.Detail, Count: e.Count,
	}
	if e.AccountID != nil {
		entry.AccountID = e.AccountID.String()
	}
	if e.CredentialHash != nil {
		entry.CredentialID = hex.EncodeToString(e.CredentialHash[:8])
	}
	if e.Client.Address.IsValid() {
		entry.Address = e.Client.Address.String()
	}
	return entry
}

func (p program) printEvents(page eventPage) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NO\tTIME (UTC)\tTYPE\tACCOUNT\tBY\tADDRESS\tBROWSER\tDETAIL")
	for _, e := range page.Events {
		who := e.Account
		if who == "" {
			who = e.AccountID
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.No, e.At.UTC().Format(time.DateTime),
			cell(e.Type), cell(who), cell(e.Actor), cell(e.Address), cell(e.Browser), cell(e.detail()))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if page.Next > 0 {
		_, err := fmt.Fprintf(p.stderr, "older ones: --before %d\n", page.Next)
		return err
	}
	return nil
}

// detail is what there is to say beside the columns.
func (e eventEntry) detail() string {
	var parts []string
	if e.Check != "" {
		parts = append(parts, e.Check)
	}
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	if e.Count > 1 {
		parts = append(parts, fmt.Sprintf("%d times", e.Count))
	}
	return strings.Join(parts, ", ")
}

// cell is text for a table: "-" for none.
func cell(s string) string {
	if s == "" {
		return "-"
	}
	return cli.Printable(s)
}
