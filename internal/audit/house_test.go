package audit_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/audit"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

const origin = "id.example/audit"

// house is a database with a sealer, whose clock is moved by hand.
type house struct {
	t     testing.TB
	path  string
	root  rootkey.Key
	now   time.Time
	epoch int64

	directory *sqlite.Directory
	store     *sqlite.Store
	sealer    *audit.Sealer
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, path: t.TempDir(), now: time.Date(2026, 11, 22, 12, 3, 5, 0, time.UTC)}
	h.root = newRoot(t)
	h.open()
	t.Cleanup(func() {
		if h.store != nil {
			h.close()
		}
	})
	return h
}

func newRoot(t testing.TB) rootkey.Key {
	t.Helper()
	root, err := rootkey.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) open() {
	h.t.Helper()
	var err error
	h.directory, err = sqlite.OwnDirectory(h.path)
	h.ok(err)
	h.store, err = sqlite.Open(context.Background(), sqlite.Config{Directory: h.directory})
	h.ok(err)
	h.sealer = h.newSealer()
}

func (h *house) close() {
	h.t.Helper()
	h.ok(errors.Join(h.store.Close(), h.directory.Close()))
	h.store = nil
}

func (h *house) newSealer() *audit.Sealer {
	return audit.NewSealer(audit.SealerConfig{
		Store: h.store, Keys: h.store, RootKey: h.root, Origin: origin, Epoch: h.epoch,
		Now: func() time.Time { return h.now },
	})
}

// record writes n rows, a second each.
func (h *house) record(n int) {
	h.t.Helper()
	for range n {
		h.write(account.ActorPerson)
		h.now = h.now.Add(time.Second)
	}
}

func (h *house) write(by account.Actor) {
	h.t.Helper()
	id, err := account.NewID(rand.Reader)
	h.ok(err)
	h.ok(h.store.Apply(context.Background(), account.Refuse{
		Spend: account.Spend{Ceremony: account.CeremonyID(id), ExpiresAt: h.now.Add(time.Hour)},
		Event: account.Event{
			At: h.now, Type: account.EventSignedIn, Actor: by, CredentialID: []byte{1},
			Client: account.Client{Address: netip.MustParseAddr("192.0.2.7"), Browser: "Firefox on Linux"},
		},
	}))
}

// multiply makes the rows up to number n out of the last one, with the database closed.
func (h *house) multiply(n int) {
	h.t.Helper()
	h.close()
	h.tamper(fmt.Sprintf(`WITH RECURSIVE more(no) AS (SELECT max(no) + 1 FROM event UNION ALL SELECT no + 1 FROM more WHERE no < %d)
		INSERT INTO event SELECT more.no, at, type, account, credential, actor, address, browser, failed, detail, count
		FROM more, event WHERE event.no = (SELECT max(no) FROM event)`, n))
	h.open()
}

// seal covers what there is.
func (h *house) seal() {
	h.t.Helper()
	_, err := h.sealer.Seal(context.Background())
	h.ok(err)
}

// rounds writes and seals n rows, each with a checkpoint of its own.
func (h *house) rounds(n int) {
	h.t.Helper()
	for range n {
		h.record(1)
		h.seal()
	}
}

// newest is the newest checkpoint's note.
func (h *house) newest() string {
	h.t.Helper()
	c, err := h.store.Newest(context.Background())
	h.ok(err)
	return c.Note
}

// tamper changes the closed database with another program.
func (h *house) tamper(statements ...string) {
	h.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(h.path, "hither.db"))
	h.ok(err)
	for _, s := range statements {
		_, err := db.ExecContext(h.t.Context(), s)
		h.ok(err)
	}
	h.ok(db.Close())
}

// database is the file of the closed database.
func (h *house) database() []byte {
	h.t.Helper()
	b, err := os.ReadFile(filepath.Join(h.path, "hither.db"))
	h.ok(err)
	return b
}

// putBack makes b the database, which is closed.
func (h *house) putBack(b []byte) {
	h.t.Helper()
	h.ok(os.WriteFile(filepath.Join(h.path, "hither.db"), b, 0o600))
}

// verify reads the database as hitherd audit verify does.
func (h *house) verify(outside ...audit.Outside) audit.Report {
	h.t.Helper()
	r, keys := h.read()
	report := h.verifyWith(r, keys, outside)
	h.ok(r.Close())
	return report
}

// read opens the database as hitherd audit does.
func (h *house) read() (*sqlite.Reader, []audit.VerifierKey) {
	h.t.Helper()
	r, err := sqlite.OpenReader(h.t.Context(), h.path)
	h.ok(err)
	system, err := r.System()
	h.ok(err)
	keys, err := audit.VerifierKeys(origin, h.root, system.Keys)
	h.ok(err)
	return r, keys
}

func (h *house) verifyWith(r *sqlite.Reader, keys []audit.VerifierKey, outside []audit.Outside) audit.Report {
	h.t.Helper()
	newest, sealed, err := r.Newest()
	h.ok(err)
	last, err := r.LastRow()
	h.ok(err)
	report, err := audit.Verify(audit.Log{
		Origin: origin, Keys: keys, Sealed: sealed,
		Rows: r.Rows(last), Checkpoints: r.Checkpoints(newest.Size),
	}, outside...)
	h.ok(err)
	return report
}

// wants compares the texts of problems.
func (h *house) wants(r audit.Report, texts ...string) {
	h.t.Helper()
	var got []string
	for _, p := range r.Problems {
		got = append(got, p.Text)
	}
	if !slices.Equal(got, texts) {
		h.t.Errorf("got problems %q\nwant         %q", got, texts)
	}
}
