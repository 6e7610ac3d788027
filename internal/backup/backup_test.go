package backup_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/backup"
)

func key() [32]byte { return [32]byte{1, 2, 3} }

func database() []byte { return bytes.Repeat([]byte("a database "), 100) }

func manifest(database []byte) backup.Manifest {
	return backup.Manifest{
		Format: backup.Format, Program: "v1.2.3", CreatedAt: time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC),
		PublicURL: "https://id.example", RPID: "id.example", SchemaVersion: 2, Epoch: 1, KeyCheck: backup.Sum{9},
		Accounts: 3, Credentials: 4,
		Database: backup.Database{Size: int64(len(database)), SHA256: sha256.Sum256(database)},
	}
}

func archive(t testing.TB, m backup.Manifest, database []byte) []byte {
	t.Helper()
	r, size, err := backup.NewReader(m, key(), bytes.NewReader(database))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != size {
		t.Errorf("got %d bytes, promised %d", len(b), size)
	}
	return b
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 511, 512, 513, 100_000} {
		want := bytes.Repeat([]byte{7}, size)
		b := archive(t, manifest(want), want)
		for name, r := range map[string]io.Reader{"whole": bytes.NewReader(b), "byte_by_byte": iotest.OneByteReader(bytes.NewReader(b))} {
			var got bytes.Buffer
			checked, err := backup.Check(r, &got)
			if err != nil {
				t.Fatalf("%d bytes, %s: %v", size, name, err)
			}
			if diff := cmp.Diff(manifest(want), checked.Manifest); diff != "" {
				t.Errorf("manifest differs (-want +got):\n%s", diff)
			}
			if !bytes.Equal(got.Bytes(), want) || !bytes.Equal(b[checked.Offset:checked.Offset+int64(size)], want) {
				t.Errorf("%d bytes: another database came out", size)
			}
			if !checked.Authentic(key()) || checked.Authentic([32]byte{1}) {
				t.Error("it does not know its key")
			}
		}
	}
}

// What any tar program shows of a backup.
func TestArchiveIsAnOrdinaryTar(t *testing.T) {
	t.Parallel()
	r := tar.NewReader(bytes.NewReader(archive(t, manifest(database()), database())))
	var names []string
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if h.Mode != 0o600 {
			t.Errorf("%s has mode %o", h.Name, h.Mode)
		}
		names = append(names, h.Name)
		if h.Name == "manifest.json" && !strings.HasPrefix(string(content), "{\n  \"format\": 1,\n  \"program\": \"v1.2.3\",\n  \"created_at\": \"2026-11-22T20:00:00Z\",\n") {
			t.Errorf("manifest.json is\n%s", content)
		}
	}
	if diff := cmp.Diff([]string{"manifest.json", "manifest.sum", "hither.db"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestNewReaderRefuses(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*backup.Manifest){
		"no_database":       func(m *backup.Manifest) { m.Database.Size = 0 },
		"half_seconds":      func(m *backup.Manifest) { m.CreatedAt = m.CreatedAt.Add(time.Millisecond) },
		"another_time_zone": func(m *backup.Manifest) { m.CreatedAt = m.CreatedAt.In(time.FixedZone("", 3600)) },
		"a_long_url":        func(m *backup.Manifest) { m.PublicURL = strings.Repeat("a", 10_000) },
	} {
		m := manifest(database())
		edit(&m)
		if _, _, err := backup.NewReader(m, key(), bytes.NewReader(database())); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Each bit of an archive counts, those of its padding too.
func TestHostileFlippedBits(t *testing.T) {
	t.Parallel()
	small := []byte("a database")
	whole := archive(t, manifest(small), small)
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		checked, err := backup.Check(bytes.NewReader(b), io.Discard)
		// A flipped bit of the HMAC is found by whoever has the key.
		if err == nil && checked.Authentic(key()) {
			t.Errorf("byte %d (%q): bit %d flipped, and accepted", i, b[max(0, i-8):i+1], i%8)
		}
	}
	for n := 0; n < len(whole); n += 7 {
		if _, err := backup.Check(bytes.NewReader(whole[:n]), io.Discard); err == nil {
			t.Errorf("cut off after %d of %d bytes, and accepted", n, len(whole))
		}
	}
}

// entry is one file of an archive that is made by hand.
type entry struct {
	header  tar.Header
	content string
}

// parts takes an archive apart, so that one thing can be broken.
func parts(t *testing.T) []entry {
	t.Helper()
	var all []entry
	for r := tar.NewReader(bytes.NewReader(archive(t, manifest(database()), database()))); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{*h, string(content)})
	}
}

func pack(t *testing.T, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		e.header.Size = int64(len(e.content))
		if err := w.WriteHeader(&e.header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.content); err != nil && e.header.Typeflag == tar.TypeReg {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withManifest changes the manifest's text and makes its sum fit.
func withManifest(entries []entry, from, to string) []entry {
	text := strings.Replace(entries[0].content, from, to, 1)
	entries[0].content = text
	entries[1].content = fmt.Sprintf("sha256 %x\nhmac-sha256 %064x\n", sha256.Sum256([]byte(text)), 0)
	return entries
}

func TestHostileArchives(t *testing.T) {
	t.Parallel()
	const misspelt, damaged = "not spelt as hitherd spells it", "cannot be true"
	for _, row := range []struct {
		name string
		edit func([]entry) []entry
		want string
	}{
		{"no_files", func([]entry) []entry { return nil }, "cut off"},
		{"no_manifest", func(e []entry) []entry { return e[1:] }, "where manifest.json should be"},
		{"no_sum", func(e []entry) []entry { return []entry{e[0], e[2]} }, "where manifest.sum should be"},
		{"no_database", func(e []entry) []entry { return e[:2] }, "cut off"},
		{"second_manifest", func(e []entry) []entry { return []entry{e[0], e[0], e[1], e[2]} }, "where manifest.sum should be"},
		{"manifest_behind", func(e []entry) []entry { return append(e, e[0]) }, "its end is damaged|something follows"},
		{"second_database", func(e []entry) []entry { return append(e, e[2]) }, "its end is damaged|something follows"},
		{"another_order", func(e []entry) []entry { return []entry{e[2], e[0], e[1]} }, "where manifest.json should be"},
		{"another_name", func(e []entry) []entry { e[2].header.Name = "../hither.db"; return e }, "order and spelling"},
		{"absolute_name", func(e []entry) []entry { e[2].header.Name = "/etc/passwd"; return e }, "order and spelling"},
		{"a_root_key", func(e []entry) []entry { e[2].header.Name = "hither.key"; return e }, "order and spelling"},
		{"a_link", func(e []entry) []entry {
			e[2].header.Typeflag, e[2].header.Linkname, e[2].content = tar.TypeSymlink, "/etc/passwd", ""
			return e
		}, "order and spelling"},
		{"a_folder", func(e []entry) []entry {
			return append([]entry{{tar.Header{Typeflag: tar.TypeDir, Name: "x/", Mode: 0o700}, ""}}, e...)
		}, "where manifest.json should be"},
		{"another_mode", func(e []entry) []entry { e[2].header.Mode = 0o4755; return e }, "order and spelling"},
		{"an_owner", func(e []entry) []entry { e[0].header.Uname = "root"; return e }, "order and spelling"},
		{"another_form_of_tar", func(e []entry) []entry { e[0].header.Format = tar.FormatPAX; return e }, "order and spelling"},
		{"more_in_the_header", func(e []entry) []entry {
			e[0].header.Format, e[0].header.PAXRecords = tar.FormatPAX, map[string]string{"hither.note": strings.Repeat("a", 3000)}
			return e
		}, "order and spelling"},
		{"a_huge_header", func(e []entry) []entry {
			e[0].header.Format, e[0].header.PAXRecords = tar.FormatPAX, map[string]string{"hither.note": strings.Repeat("a", 500_000)}
			return e
		}, "cut off"},
		{"a_huge_manifest", func(e []entry) []entry { e[0].content += strings.Repeat(" ", 9000); return e }, "where manifest.json should be"},
		{"a_long_sum", func(e []entry) []entry { e[1].content += "\n"; return e }, "where manifest.sum should be"},
		{"another_sum", func(e []entry) []entry {
			e[1].content = "sha256 " + strings.Repeat("0", 64) + e[1].content[71:]
			return e
		}, "damaged"},
		{"no_sums", func(e []entry) []entry { e[1].content = ""; return e }, "damaged"},
		{"another_database", func(e []entry) []entry { e[2].content = "A" + e[2].content[1:]; return e }, "does not have the checksum"},
		{"shorter_database", func(e []entry) []entry { e[2].content = e[2].content[:900]; return e }, "order and spelling"},
		{"newer_format", func(e []entry) []entry { return withManifest(e, `"format": 1`, `"format": 2, "news": true`) }, `use a newer program: it has format 2, made by version "v1.2.3"`},
		{"no_format", func(e []entry) []entry { return withManifest(e, `"format": 1`, `"format": 0`) }, "format 0 does not exist"},
		{"no_json", func(e []entry) []entry { return withManifest(e, "{", "[") }, "is not a manifest"},
		{"unknown_member", func(e []entry) []entry { return withManifest(e, `"epoch"`, "\"x\": 1,\n  \"epoch\"") }, misspelt},
		{"member_twice", func(e []entry) []entry { return withManifest(e, `"epoch": 1`, "\"epoch\": 1,\n  \"epoch\": 1") }, "is not a manifest"},
		{"missing_member", func(e []entry) []entry { return withManifest(e, "  \"epoch\": 1,\n", "") }, misspelt},
		{"another_case", func(e []entry) []entry { return withManifest(e, `"rp_id"`, `"RP_ID"`) }, misspelt},
		{"more_space", func(e []entry) []entry { return withManifest(e, `"epoch": 1`, `"epoch":  1`) }, misspelt},
		{"something_behind", func(e []entry) []entry { return withManifest(e, "}\n}\n", "}\n}\n{}") }, "is not a manifest"},
		{"epoch_zero", func(e []entry) []entry { return withManifest(e, `"epoch": 1`, `"epoch": 0`) }, damaged},
		{"fewer_than_none", func(e []entry) []entry { return withManifest(e, `"accounts": 3`, `"accounts": -3`) }, damaged},
		{"a_terminals_escape", func(e []entry) []entry { return withManifest(e, `"id.example"`, `"id\u001b[2J"`) }, "printable"},
		{"absurd_size", func(e []entry) []entry { return withManifest(e, `"size": 1100`, `"size": 9223372036854775807`) }, "is not believed"},
		{"negative_size", func(e []entry) []entry { return withManifest(e, `"size": 1100`, `"size": -1`) }, "is not believed"},
		{"another_size", func(e []entry) []entry { return withManifest(e, `"size": 1100`, `"size": 1101`) }, "order and spelling"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			_, err := backup.Check(bytes.NewReader(pack(t, row.edit(parts(t)))), &out)
			if err == nil {
				t.Fatal("accepted")
			}
			matches := false
			for want := range strings.SplitSeq(row.want, "|") {
				matches = matches || strings.Contains(err.Error(), want)
			}
			if !matches || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line with %q", err, row.want)
			}
			if errors.Is(err, backup.ErrNewer) != (row.name == "newer_format") {
				t.Errorf("newer: %v", err)
			}
		})
	}
}

func TestCheckKeepsErrors(t *testing.T) {
	t.Parallel()
	whole := archive(t, manifest(database()), database())
	broken := errors.New("the disk is gone")
	for _, at := range []int{0, 600, 3000, len(whole) - 3} {
		r := io.MultiReader(bytes.NewReader(whole[:at]), iotest.ErrReader(broken))
		if _, err := backup.Check(r, io.Discard); !errors.Is(err, broken) {
			t.Errorf("read error at %d: got %v", at, err)
		}
	}
	if _, err := backup.Check(bytes.NewReader(whole), failing{broken}); !errors.Is(err, broken) {
		t.Errorf("write error: got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzCheck: no panic; an error comes with the zero value; what is accepted is
// the one archive that there is.
func FuzzCheck(f *testing.F) {
	whole := archive(f, manifest(database()), database())
	f.Add(whole)
	f.Add(whole[:1024])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var database bytes.Buffer
		checked, err := backup.Check(bytes.NewReader(b), &database)
		if err != nil {
			if diff := cmp.Diff(backup.Backup{}.Manifest, checked.Manifest); diff != "" || checked.Offset != 0 {
				t.Errorf("an error with a value: %s", diff)
			}
			return
		}
		again := archive(t, checked.Manifest, database.Bytes())
		const mac = 64 // hexadecimal digits, which are the maker's
		at := bytes.Index(again, []byte("hmac-sha256 ")) + len("hmac-sha256 ")
		copy(again[at:at+mac], b[at:at+mac])
		if !bytes.Equal(again, b) {
			t.Error("there is another archive of the same")
		}
	})
}
