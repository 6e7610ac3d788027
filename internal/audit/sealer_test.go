package audit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/audit"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

func isError(err, want error) bool { return errors.Is(err, want) }

func (h *house) checkpoints() int {
	h.t.Helper()
	marks, err := h.store.Marks(context.Background(), 1_000_000)
	h.ok(err)
	return len(marks)
}

func TestSealer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.verify()
	h.wants(r)
	if r.Rows != 0 || r.Checkpoints != 0 || r.Newest != nil || r.Uncovered.Count != 0 {
		t.Errorf("new log: got %+v", r)
	}
	h.seal()
	if n := h.checkpoints(); n != 0 {
		t.Errorf("%d checkpoints of nothing", n)
	}
	h.record(3)
	if r = h.verify(); r.Uncovered.Count != 3 || r.Uncovered.First != 1 || r.Uncovered.Last != 3 {
		t.Errorf("before the first checkpoint: got %+v", r.Uncovered)
	}
	h.seal()
	h.seal()
	h.seal()
	if n := h.checkpoints(); n != 1 {
		t.Errorf("%d checkpoints of one step", n)
	}
	if r = h.verify(); r.Rows != 3 || r.Checkpoints != 1 || !r.Newest.Equal(h.now) || r.Uncovered.Count != 0 {
		t.Errorf("got %+v", r)
	}
	h.close()
	h.open()
	h.now = h.now.Add(time.Minute)
	h.rounds(3)
	r = h.verify()
	h.wants(r)
	if r.Rows != 6 || r.Checkpoints != 4 {
		t.Errorf("after reopening: got %+v", r)
	}
}

// The key is there before anything is, so that no backup lacks it.
func TestSealerPrepare(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.sealer.Prepare(t.Context())
	key := h.key()
	h.newSealer().Prepare(t.Context())
	h.rounds(1)
	if again := h.key(); again.String() != key.String() {
		t.Errorf("%v became %v", key, again)
	}
	h.close()
	h.tamper("DELETE FROM key WHERE purpose = 'audit'")
	h.open()
	h.sealer.Prepare(t.Context())
	system, err := h.store.System(t.Context())
	h.ok(err)
	if len(system.Keys) != 0 {
		t.Error("another key was made in the place of one that had signed")
	}
}

// A log that was never sealed is caught up with in pieces.
func TestSealerCatchesUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.record(1)
	h.multiply(20_010)
	h.sealer.Finish(t.Context())
	r := h.verify()
	h.wants(r)
	if r.Rows != 20_010 || r.Checkpoints != 2 {
		t.Errorf("got %+v", r)
	}
}

// Of two sealers one seals; when it is gone the other does.
func TestSealerLease(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	second := h.newSealer()
	h.record(1)
	h.seal()
	h.write("person")
	if _, err := second.Seal(t.Context()); !errors.Is(err, audit.ErrLeased) {
		t.Errorf("while the first has the lease: %v", err)
	}
	h.now = h.now.Add(6 * time.Second)
	if n, err := second.Seal(t.Context()); n != 1 || err != nil {
		t.Errorf("when the lease is over: %d rows, %v", n, err)
	}
	h.write("person")
	if _, err := h.sealer.Seal(t.Context()); !errors.Is(err, audit.ErrLeased) {
		t.Errorf("the first, when the second has the lease: %v", err)
	}
	second.Finish(t.Context())
	h.write("person")
	h.seal()
	r := h.verify()
	h.wants(r)
	if r.Rows != 4 || r.Checkpoints != 4 {
		t.Errorf("got %+v", r)
	}
}

// A sealer that runs notices that the log goes back under its hands.
func TestHostileSealerRolledBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rounds(5)
	h.tamper("DELETE FROM checkpoint WHERE size > 3", "UPDATE sealer SET size = 3")
	h.record(1)
	h.refuses(audit.ErrRolledBack)
	h.tamper("UPDATE sealer SET size = 2")
	h.refuses(audit.ErrBroken)
}

func TestSealerThins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.now = h.now.Truncate(time.Hour)
	for range 5 * 12 {
		h.rounds(1)
		h.now = h.now.Add(5*time.Minute - time.Second)
	}
	h.rounds(1)
	h.ok(h.sealer.Thin(t.Context()))
	h.ok(h.sealer.Thin(t.Context())) // nothing to do
	r := h.verify()
	h.wants(r)
	// The first, the last of each of the first four hours, and all of the last.
	if r.Rows != 61 || r.Checkpoints < 1+4+12 || r.Checkpoints > 1+4+13 {
		t.Errorf("got %+v", r)
	}
}

// What a sealer says is in the log of the process: the note, whole, and no key.
func TestSealerTells(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var out bytes.Buffer
	s := audit.NewSealer(audit.SealerConfig{
		Store: h.store, Keys: h.store, RootKey: h.root, Origin: origin,
		Logger: slog.New(slog.NewTextHandler(&out, nil)), Now: func() time.Time { return h.now },
	})
	h.record(2)
	s.Finish(t.Context())
	s.Finish(t.Context())
	if got := strings.Count(out.String(), `msg="audit checkpoint"`); got != 1 {
		t.Errorf("told %d times:\n%s", got, out.String())
	}
	if !strings.Contains(out.String(), "id.example/audit\\n2\\n") {
		t.Errorf("no note in\n%s", out.String())
	}
}

func TestReaderBesideNothing(t *testing.T) {
	t.Parallel()
	if _, err := sqlite.OpenReader(t.Context(), t.TempDir()); !errors.Is(err, sqlite.ErrNoDatabase) {
		t.Errorf("got %v", err)
	}
}
