package audit_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/audit"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// move gives the rows between two numbers other numbers.
func move(by, from, to string) string {
	return "UPDATE event SET no = -no WHERE no BETWEEN " + from + " AND " + to + "; " +
		"UPDATE event SET no = -no " + by + " WHERE no < 0"
}

const copyRow = `INSERT INTO event SELECT %, at, type, account, credential, actor, address, browser, failed, detail, count FROM event WHERE no = 3`

// Each row is one log of ten rows, covered one by one with a checkpoint each,
// that somebody without the root key has changed.
func TestHostileTampering(t *testing.T) {
	t.Parallel()
	const (
		between = "rows %s: at least one was changed, or they were put in another order"
		row7    = "row 7 was changed"
	)
	made := newHouse(t)
	made.rounds(10)
	made.close()
	whole, root := made.database(), made.root
	for name, c := range map[string]struct {
		sql  []string
		want []string
	}{
		"nothing":            {},
		"time_of_a_row":      {[]string{"UPDATE event SET at = at + 1 WHERE no = 7"}, []string{row7}},
		"type_of_a_row":      {[]string{"UPDATE event SET type = 'session.ended' WHERE no = 7"}, []string{row7}},
		"account_of_a_row":   {[]string{"UPDATE event SET account = zeroblob(16) WHERE no = 7"}, []string{row7}},
		"credential":         {[]string{"UPDATE event SET credential = NULL WHERE no = 7"}, []string{row7}},
		"empty_for_null":     {[]string{"UPDATE event SET account = x'' WHERE no = 7"}, []string{row7}},
		"actor_of_a_row":     {[]string{"UPDATE event SET actor = 'operator' WHERE no = 7"}, []string{row7}},
		"address_of_a_row":   {[]string{"UPDATE event SET address = x'c0000208' WHERE no = 7"}, []string{row7}},
		"address_mapped":     {[]string{"UPDATE event SET address = x'00000000000000000000ffffc0000207' WHERE no = 7"}, []string{row7}},
		"address_of_5_bytes": {[]string{"UPDATE event SET address = x'c000020700' WHERE no = 7"}, []string{row7}},
		"browser_of_a_row":   {[]string{"UPDATE event SET browser = '' WHERE no = 7"}, []string{row7}},
		"check_of_a_row":     {[]string{"UPDATE event SET failed = 'origin' WHERE no = 7"}, []string{row7}},
		"detail_of_a_row":    {[]string{"UPDATE event SET detail = 'x' WHERE no = 7"}, []string{row7}},
		"count_of_a_row":     {[]string{"UPDATE event SET count = 2 WHERE no = 7"}, []string{row7}},
		"two_rows": {
			[]string{"UPDATE event SET count = 2 WHERE no IN (2, 7)"},
			[]string{"row 2 was changed", row7},
		},
		"row_deleted":    {[]string{"DELETE FROM event WHERE no = 7"}, []string{"row 7 is missing"}},
		"rows_deleted":   {[]string{"DELETE FROM event WHERE no BETWEEN 3 AND 5"}, []string{"row 3 is missing", "row 4 is missing", "row 5 is missing"}},
		"first_deleted":  {[]string{"DELETE FROM event WHERE no = 1"}, []string{"row 1 is missing"}},
		"newest_deleted": {[]string{"DELETE FROM event WHERE no = 10"}, []string{"row 10 is missing"}},
		"row_deleted_and_the_gap_closed": {
			[]string{"DELETE FROM event WHERE no = 7", move("- 1", "8", "10")},
			[]string{row7, "row 8 was changed", "row 9 was changed", "row 10 is missing"},
		},
		"row_inserted_in_the_middle": {
			[]string{move("+ 1", "8", "10"), strings.Replace(copyRow, "%", "8", 1)},
			[]string{"row 8 was changed", "row 9 was changed", "row 10 was changed"},
		},
		"row_inserted_before_the_first": {[]string{strings.Replace(copyRow, "%", "0", 1)}, []string{"row 0 was inserted before the first"}},
		"row_inserted_far_behind":       {[]string{strings.Replace(copyRow, "%", "1000", 1)}, []string{"rows 11-999 are missing"}},
		"rows_exchanged": {
			[]string{"UPDATE event SET no = -1 WHERE no = 6; UPDATE event SET no = 6 WHERE no = 7; UPDATE event SET no = 7 WHERE no = -1"},
			[]string{"row 6 was changed", row7},
		},
		"checkpoint_deleted_in_the_middle": {[]string{"DELETE FROM checkpoint WHERE size = 7"}, nil}, // what it said, the next says too
		"row_changed_and_its_checkpoint_deleted": {
			[]string{"DELETE FROM checkpoint WHERE size = 7", "UPDATE event SET count = 2 WHERE no = 7"},
			[]string{strings.Replace(between, "%s", "7-8", 1)},
		},
		"newest_checkpoint_deleted":  {[]string{"DELETE FROM checkpoint WHERE size = 10"}, []string{"the newest checkpoint, of 10 rows, is missing"}},
		"all_checkpoints_deleted":    {[]string{"DELETE FROM checkpoint"}, []string{"the newest checkpoint, of 10 rows, is missing"}},
		"checkpoint_of_another_size": {[]string{"UPDATE checkpoint SET size = 11 WHERE size = 10"}, []string{"checkpoint of 11 rows: is stored beside another size or time than it was signed with"}},
		"checkpoint_of_another_time": {[]string{"UPDATE checkpoint SET at = at + 1 WHERE size = 7"}, []string{"checkpoint of 7 rows: is stored beside another size or time than it was signed with"}},
		"checkpoint_of_fewer_rows":   {[]string{"UPDATE checkpoint SET last = 6 WHERE size = 7"}, []string{"checkpoint of 7 rows: it does not cover the rows that it was signed for", strings.Replace(between, "%s", "7-8", 1)}},
		"checkpoint_text_changed":    {[]string{"UPDATE checkpoint SET note = replace(note, 'time 2026', 'time 2025') WHERE size = 7"}, []string{"checkpoint of 7 rows: has no valid signature: invalid signature for key id.example/audit+KEY"}},
		"checkpoint_no_note":         {[]string{"UPDATE checkpoint SET note = 'x' WHERE size = 7"}, []string{"checkpoint of 7 rows: has no valid signature: malformed note"}},
		"checkpoint_exchanged":       {[]string{"UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 6) WHERE size = 7"}, []string{"checkpoint of 7 rows: is stored beside another size or time than it was signed with"}},
		"edge_changed":               {[]string{"UPDATE checkpoint SET edge = zeroblob(96) WHERE size = 7"}, []string{"checkpoint of 7 rows: the edge of the tree beside it was changed"}},
		"edge_cut":                   {[]string{"UPDATE checkpoint SET edge = x'' WHERE size = 7"}, []string{"checkpoint of 7 rows: the edge of the tree beside it was changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &house{t: t, path: t.TempDir(), root: root}
			h.putBack(whole)
			h.tamper(c.sql...)
			for i, w := range c.want {
				c.want[i] = strings.Replace(w, "KEY", h.keyHash(), 1)
			}
			h.wants(h.verify(), c.want...)
		})
	}
}

// keyHash is the hash in the verifier key's text.
func (h *house) keyHash() string {
	h.t.Helper()
	return strings.Split(h.key().String(), "+")[1]
}

func (h *house) key() audit.VerifierKey {
	h.t.Helper()
	r, keys := h.read()
	h.ok(r.Close())
	if len(keys) != 1 {
		h.t.Fatalf("there are %d keys", len(keys))
	}
	return keys[0]
}

// Many rows under one checkpoint: a change is located as well as the kept
// checkpoints allow, and what comes behind it is verified all the same.
func TestHostileTamperingLocated(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.record(1)
	for i := range 5 {
		h.multiply(220 * (i + 1))
		h.seal()
	}
	h.close()
	h.tamper("UPDATE event SET detail = 'x' WHERE no IN (300, 301, 1000)")
	r := h.verify()
	h.wants(r,
		"rows 221-440: at least one was changed, or they were put in another order",
		"rows 881-1,100: at least one was changed, or they were put in another order")
	if r.Rows != 660 || r.Checkpoints != 5 {
		t.Errorf("got %d rows and %d checkpoints", r.Rows, r.Checkpoints)
	}
}

// Somebody who can write to the database and has not the root key cannot sign,
// but can take signatures away. Only a copy kept elsewhere shows that.
func TestHostileRollback(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rounds(5)
	h.close()
	older := h.database()
	h.open()
	h.rounds(5)
	outside := audit.Outside{Name: "mine", Note: h.newest()}
	h.close()
	h.wants(h.verify(outside))

	h.putBack(older)
	h.wants(h.verify()) // nothing to be seen from inside
	h.wants(h.verify(outside), "mine: this checkpoint covers 10 rows and the log has 5: the log was rewritten, cut off or put back to an older state")

	// The log goes on, and is longer than the copy, and still not the same.
	h.open()
	h.rounds(7)
	h.close()
	h.wants(h.verify())
	h.wants(h.verify(outside), "mine: the first 10 rows are not those that this checkpoint was signed for: the log was rewritten, cut off or put back to an older state")
}

func TestHostileRewritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rounds(10)
	outside := audit.Outside{Name: "mine", Note: h.newest()}
	key := h.key()
	h.close()
	// Everything from row 6 on is taken away, with its checkpoints.
	h.tamper("DELETE FROM event WHERE no > 5", "DELETE FROM checkpoint WHERE size > 5", "UPDATE sealer SET size = 5")
	h.wants(h.verify())
	h.wants(h.verify(outside), "mine: this checkpoint covers 10 rows and the log has 5: the log was rewritten, cut off or put back to an older state")
	// Checkpoints alone.
	h.tamper("DELETE FROM checkpoint WHERE size > 3", "UPDATE sealer SET size = 3")
	h.open()
	h.record(5)
	h.close()
	r := h.verify()
	h.wants(r)
	if r.Uncovered.Count != 7 || r.Uncovered.First != 4 || r.Uncovered.Last != 10 {
		t.Errorf("got %+v", r.Uncovered)
	}
	// Another key, and everything signed anew.
	h.tamper("DELETE FROM checkpoint", "UPDATE sealer SET size = 0", "DELETE FROM key WHERE purpose = 'audit'")
	h.open()
	h.seal()
	h.close()
	h.wants(h.verify())
	h.wants(h.verify(outside), "mine: the checkpoint is not signed by this log's key")
	r2, err := sqlite.OpenReader(t.Context(), h.path)
	h.ok(err)
	h.wants(h.verifyWith(r2, []audit.VerifierKey{key}, nil), "checkpoint of 10 rows: is not signed by this log's key")
	h.ok(r2.Close())
}

func TestHostileKey(t *testing.T) {
	t.Parallel()
	t.Run("signed_by_another", func(t *testing.T) {
		t.Parallel()
		h, other := newHouse(t), newHouse(t)
		h.rounds(3)
		other.rounds(3)
		note := other.newest()
		h.close()
		h.tamper("UPDATE checkpoint SET note = '" + note + "' WHERE size = 3")
		h.wants(h.verify(), "checkpoint of 3 rows: is not signed by this log's key")
		// The sealer does not sign on.
		h.open()
		h.record(1)
		h.refuses(audit.ErrBroken)
	})
	t.Run("put_in_from_another_installation", func(t *testing.T) {
		t.Parallel()
		h, other := newHouse(t), newHouse(t)
		h.rounds(3)
		other.rounds(3)
		h.close()
		other.close()
		h.tamper("ATTACH '" + filepath.Join(other.path, "hither.db") + "' AS o; UPDATE key SET wrapped = (SELECT wrapped FROM o.key WHERE purpose = 'audit') WHERE purpose = 'audit'")
		r, err := sqlite.OpenReader(t.Context(), h.path)
		h.ok(err)
		system, err := r.System()
		h.ok(err)
		h.ok(r.Close())
		if _, err := audit.VerifierKeys(origin, h.root, system.Keys); err == nil {
			t.Error("a key that another root key has wrapped was taken")
		}
	})
	t.Run("removed", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.rounds(3)
		h.close()
		h.tamper("DELETE FROM key WHERE purpose = 'audit'")
		h.wants(h.verify(),
			"checkpoint of 1 row: is not signed by this log's key",
			"checkpoint of 2 rows: is not signed by this log's key",
			"checkpoint of 3 rows: is not signed by this log's key")
		h.open()
		h.record(1)
		h.refuses(audit.ErrBroken)
	})
}

// refuses wants the sealer to sign nothing.
func (h *house) refuses(want error) {
	h.t.Helper()
	before := h.checkpoints()
	if _, err := h.sealer.Seal(h.t.Context()); !isError(err, want) {
		h.t.Errorf("got error %v, want %v", err, want)
	}
	if after := h.checkpoints(); after != before {
		h.t.Errorf("%d checkpoints became %d", before, after)
	}
}

// A restored backup goes on from an older size, and says so.
func TestHostileRestored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.epoch = 1
	h.sealer = h.newSealer()
	h.rounds(5)
	early := audit.Outside{Name: "early", Note: h.newest()}
	h.close()
	backup := h.database()
	h.open()
	h.rounds(5)
	late := audit.Outside{Name: "late", Note: h.newest()}
	h.close()

	h.putBack(backup)
	h.epoch = 2
	h.now = h.now.Add(time.Minute)
	h.open()
	h.rounds(2)
	h.close()
	h.wants(h.verify())
	h.wants(h.verify(early))
	h.wants(h.verify(early, late), "late: this checkpoint covers 10 rows and the log has 7: it is of epoch 1 and the log of epoch 2, so a backup was restored in between")
	h.open()
	h.rounds(5)
	h.close()
	h.wants(h.verify(late), "late: the first 10 rows are not those that this checkpoint was signed for: it is of epoch 1 and the log of epoch 2, so a backup was restored in between")
}

// Rows that count strangers' events are covered when their minute is over, and
// not changed afterwards.
func TestHostileStrangers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.record(1)
	for range account.CountedAfter + 20 {
		h.write(account.ActorStranger)
	}
	h.record(1)
	h.seal()
	r := h.verify()
	h.wants(r)
	if r.Rows != 11 || r.Uncovered.Count != 2 || r.Uncovered.First != 12 {
		t.Errorf("while the minute lasts: got %+v", r)
	}
	h.now = h.now.Truncate(time.Minute).Add(time.Minute)
	h.seal() // settles
	h.seal()
	if r = h.verify(); r.Rows != 13 || r.Uncovered.Count != 0 {
		t.Errorf("when it is over: got %+v", r)
	}
	h.now = h.now.Add(-time.Minute)
	h.write(account.ActorStranger) // comes late
	h.now = h.now.Add(2 * time.Minute)
	h.seal()
	h.seal()
	r = h.verify()
	h.wants(r)
	if r.Rows != 14 {
		t.Errorf("with one that came late: got %+v", r)
	}
}

func TestHostileClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rounds(3)
	for _, jump := range []time.Duration{-time.Hour, 400 * 24 * time.Hour, -800 * 24 * time.Hour, 0} {
		h.now = h.now.Add(jump)
		for range account.CountedAfter + 2 {
			h.write(account.ActorStranger) // a row that counts, in this minute
		}
		h.rounds(3)
	}
	h.now = h.now.Add(2 * time.Minute)
	h.seal()
	h.seal()
	r := h.verify()
	h.wants(r)
	if r.Uncovered.Count != 0 {
		t.Errorf("got %+v", r)
	}
}
