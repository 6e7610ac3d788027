package audit

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const testOrigin = "id.example/audit"

func testKey(t testing.TB, first byte) signingKey {
	t.Helper()
	seed := make([]byte, 32)
	seed[0] = first
	k, err := newSigningKey([8]byte{first}, testOrigin, seed)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testCheckpoint(t testing.TB, k signingKey, leaves ...string) Checkpoint {
	t.Helper()
	var tree Tree
	for _, l := range leaves {
		if err := tree.Append([]byte(l)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := k.checkpoint(&tree, tree.Size(), time.Date(2026, 11, 22, 12, 3, 5, 678_900_000, time.UTC), 2)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is stored for ever: a change here makes every older log unreadable. Root,
// key and signature were computed by another program.
func TestFormats(t *testing.T) {
	t.Parallel()
	k := testKey(t, 1)
	if got, want := k.public.String(), "id.example/audit+ebe5d770+Ac7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8"; got != want {
		t.Errorf("verifier key %q", got)
	}
	c := testCheckpoint(t, k, "a", "b", "c")
	text, signature, _ := strings.Cut(c.Note, "\n\n")
	if want := "id.example/audit\n3\n" + "NmQuc8JUCrEh46a/lUWwokmCzYMOsT080Z3jzmwCHsE=" + "\ntime 2026-11-22T12:03:05.678Z\nepoch 2"; text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if signature != "— id.example/audit 6+XXcAkTdr8ysbwuKLuSl4KuygEInIM9V4InRRaWEPW9nyyQZQ43uqq7GyxmmIPh/n49kRjPs0L36o3ns9/HIOAjdQY=\n" {
		t.Errorf("signature %q", signature)
	}
	row := Row{No: 1, At: -2, Type: "t", Account: []byte{}, Credential: nil, Actor: "", Address: []byte{9, 8}, Browser: "bb", Count: 3}
	want := "hither event 1\n" +
		"\x00\x00\x00\x00\x00\x00\x00\x01" + "\xff\xff\xff\xff\xff\xff\xff\xfe" + "\x00\x00\x00\x00\x00\x00\x00\x03" +
		"\x01\x00\x00\x00\x01t" + "\x01\x00\x00\x00\x00" + "\x00" + "\x01\x00\x00\x00\x00" +
		"\x01\x00\x00\x00\x02\x09\x08" + "\x01\x00\x00\x00\x02bb" + "\x01\x00\x00\x00\x00" + "\x01\x00\x00\x00\x00"
	if got := string(row.AppendLeaf(nil)); got != want {
		t.Errorf("leaf\n%q\nwant\n%q", got, want)
	}
}

// readLeaf is the inverse of AppendLeaf, which proves that no two rows have one leaf.
func readLeaf(t *rapid.T, b []byte) Row {
	take := func(n int) []byte {
		if n > len(b) {
			t.Fatal("the leaf is too short")
		}
		part := b[:n]
		b = b[n:]
		return part
	}
	take(len(leafVersion))
	number := func() int64 { return int64(binary.BigEndian.Uint64(take(8))) }
	text := func() []byte {
		if take(1)[0] == 0 {
			return nil
		}
		return append([]byte{}, take(int(binary.BigEndian.Uint32(take(4))))...)
	}
	r := Row{No: number(), At: number(), Count: number()}
	r.Type, r.Account, r.Credential, r.Actor = string(text()), text(), text(), string(text())
	r.Address, r.Browser, r.Failed, r.Detail = text(), string(text()), string(text()), string(text())
	if len(b) != 0 {
		t.Fatal("the leaf is too long")
	}
	return r
}

func TestLeafIsUnambiguous(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		blob := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOf(rapid.Byte()))
		text := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "text")) })
		want := Row{
			No: rapid.Int64().Draw(t, "no"), At: rapid.Int64().Draw(t, "at"), Count: rapid.Int64().Draw(t, "count"),
			Type: text.Draw(t, "type"), Account: blob.Draw(t, "account"), Credential: blob.Draw(t, "credential"),
			Actor: text.Draw(t, "actor"), Address: blob.Draw(t, "address"), Browser: text.Draw(t, "browser"),
			Failed: text.Draw(t, "failed"), Detail: text.Draw(t, "detail"),
		}
		if diff := cmp.Diff(want, readLeaf(t, want.AppendLeaf(nil))); diff != "" {
			t.Fatal(diff)
		}
	})
}

// One valid note, one thing broken in each row.
func TestHostileNote(t *testing.T) {
	t.Parallel()
	k, other := testKey(t, 1), testKey(t, 2)
	c := testCheckpoint(t, k, "a", "b")
	keys := []VerifierKey{k.public}
	if _, err := c.check(testOrigin, keys); err != nil {
		t.Fatalf("the valid one: %v", err)
	}
	for name, broken := range map[string]func(*Checkpoint){
		"empty":            func(c *Checkpoint) { c.Note = "" },
		"another_key":      func(c *Checkpoint) { *c = testCheckpoint(t, other, "a", "b") },
		"another_root":     func(c *Checkpoint) { c.Note = strings.Replace(c.Note, "\n2\n", "\n2\nA", 1) },
		"another_size":     func(c *Checkpoint) { c.Note = strings.Replace(c.Note, "\n2\n", "\n3\n", 1) },
		"another_time":     func(c *Checkpoint) { c.Note = strings.Replace(c.Note, "time 2026", "time 2027", 1) },
		"another_epoch":    func(c *Checkpoint) { c.Note = strings.Replace(c.Note, "epoch 2", "epoch 3", 1) },
		"without_an_epoch": func(c *Checkpoint) { c.Note = strings.Replace(c.Note, "epoch 2\n", "", 1) },
		"cut_off":          func(c *Checkpoint) { c.Note = c.Note[:len(c.Note)-2] },
		"without_a_signature": func(c *Checkpoint) {
			text, _, _ := strings.Cut(c.Note, "\n\n")
			c.Note = text + "\n\n"
		},
		"stored_size": func(c *Checkpoint) { c.Size++ },
		"stored_time": func(c *Checkpoint) { c.At = c.At.Add(time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := c
			broken(&changed)
			h, err := changed.check(testOrigin, keys)
			if _, ok := errors.AsType[*OpenError](err); !ok || h != (Head{}) {
				t.Errorf("got %+v, %v", h, err)
			}
		})
	}
	t.Run("another_log", func(t *testing.T) {
		t.Parallel()
		if _, err := c.check("id.example.org/audit", keys); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("witnessed", func(t *testing.T) {
		t.Parallel()
		// The signature of somebody else, who has seen it, may stand beside ours.
		changed := c
		changed.Note += "— witness.example " + strings.Split(c.Note, " ")[len(strings.Split(c.Note, " "))-1]
		if _, err := changed.check(testOrigin, keys); err != nil {
			t.Error(err)
		}
	})
}

func FuzzParseHead(f *testing.F) {
	head, _, _ := strings.Cut(testCheckpoint(f, testKey(f, 1), "a", "b").Note, "\n\n")
	f.Add(head + "\n")
	f.Add("a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-11-22T12:03:05.000Z\n")
	f.Add("a\n-1\n\ntime \nepoch 0\n")
	f.Add("\n\n\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHead(text)
		if err != nil {
			if h != (Head{}) {
				t.Errorf("%v comes with %+v", err, h)
			}
			return
		}
		if h.text() != text {
			t.Errorf("got %q back from %q", h.text(), text)
		}
	})
}

func FuzzParseVerifierKey(f *testing.F) {
	f.Add(testKey(f, 1).public.String())
	f.Add("++")
	f.Add("a+00000000+")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseVerifierKey(text)
		if err != nil {
			if k != (VerifierKey{}) {
				t.Errorf("%v comes with %+v", err, k)
			}
			return
		}
		if k.String() != text {
			t.Errorf("got %q back from %q", k, text)
		}
	})
}

// No stored checkpoint and no file that somebody names makes verification fail
// in another way than by a report.
func FuzzVerify(f *testing.F) {
	k := testKey(f, 1)
	row := Row{No: 1, Type: "t", Count: 1}
	c := testCheckpoint(f, k, string(row.AppendLeaf(nil)))
	f.Add(int64(1), int64(1), c.Edge, c.Note, c.Note)
	f.Add(int64(1), int64(-1), []byte{}, "", "")
	f.Add(int64(-1), int64(1<<62), []byte{1}, c.Note, "x")
	f.Fuzz(func(t *testing.T, size, last int64, edge []byte, note, outside string) {
		_, err := Verify(Log{
			Origin: testOrigin, Keys: []VerifierKey{k.public}, Sealed: size,
			Rows: func(yield func(Row, error) bool) { yield(row, nil) },
			Checkpoints: func(yield func(Checkpoint, error) bool) {
				_ = yield(Checkpoint{Size: size, Last: last, At: c.At, Edge: edge, Note: note}, nil) && yield(c, nil)
			},
		}, Outside{Name: "outside", Note: outside})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestThin(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	at := func(hours, minutes int, size int64) Mark {
		return Mark{Size: size, At: now.Add(time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute)}
	}
	for name, c := range map[string]struct {
		marks []Mark
		drop  []int64
		upto  int64
	}{
		"none":             {nil, nil, 0},
		"one":              {[]Mark{at(-9, 0, 1)}, nil, 1},
		"young":            {[]Mark{at(-9, 0, 1), at(0, -50, 2), at(0, -49, 3), at(0, -48, 4)}, nil, 1},
		"same_hour":        {[]Mark{at(-9, 0, 1), at(-8, 0, 2), at(-8, 1, 3), at(-8, 2, 4), at(-7, 0, 5), at(-6, 0, 6)}, []int64{2, 3}, 5},
		"many_rows":        {[]Mark{at(-9, 0, 1), at(-8, 0, 2), at(-8, 1, 900), at(-8, 2, 1001), at(-8, 3, 1002), at(-8, 4, 9000)}, []int64{2, 900}, 1002},
		"from_the_future":  {[]Mark{at(9, 0, 1), at(9, 1, 2), at(9, 2, 3), at(0, 0, 4)}, []int64{2}, 3},
		"never_the_newest": {[]Mark{at(-9, 0, 1), at(-9, 1, 2)}, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drop, upto := thin(c.marks, now)
			if !slices.Equal(drop, c.drop) || upto != c.upto {
				t.Errorf("got %v from %d on, want %v from %d on", drop, upto, c.drop, c.upto)
			}
		})
	}
}

// However many there are and however often it runs: few are left, and always
// the newest.
func TestThinIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
		var marks []Mark
		size, moment := int64(0), now.Add(-10*time.Hour)
		for range rapid.IntRange(1, 400).Draw(t, "checkpoints") {
			size += rapid.Int64Range(1, 50).Draw(t, "rows")
			moment = moment.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
			marks = append(marks, Mark{Size: size, At: moment})
		}
		newest := marks[len(marks)-1]
		from := int64(0)
		for {
			i, _ := slices.BinarySearchFunc(marks, from, func(m Mark, n int64) int { return int(m.Size - n) })
			page := marks[i:min(i+50, len(marks))]
			drop, upto := thin(page, now)
			if len(drop) == 0 && upto == page[0].Size {
				break
			}
			marks = slices.DeleteFunc(marks, func(m Mark) bool { return slices.Contains(drop, m.Size) })
			from = upto
		}
		if marks[len(marks)-1] != newest {
			t.Fatal("the newest is gone")
		}
		if most := 3 + 8 + 2*int(size/keepRows); len(marks) > most {
			t.Fatalf("%d are left of %d rows, at most %d should be", len(marks), size, most)
		}
	})
}
