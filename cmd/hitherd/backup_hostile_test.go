package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/backup"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/load"
	"github.com/hitherauth/hither/internal/rootkey"
)

// inhabited is an installation with a person and, beside it, its backup.
func inhabited(t *testing.T) (i installation, archive string) {
	t.Helper()
	i = newInstallation(t)
	s := i.start(t)
	check1(load.NewPerson(newClient(t, s.origin, 1)).Register(t.Context(), api.Registration{Name: "ada"}))(t)
	s.stop(t)
	archive = filepath.Join(i.dir, "good.backup")
	i.do(t, "backup", archive)
	return i, archive
}

// emptied is another installation with the same root key and no database.
func (i installation) emptied(t *testing.T) installation {
	t.Helper()
	other := newInstallation(t)
	if err := os.Mkdir(other.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other.data, keyName), check1(os.ReadFile(filepath.Join(i.data, keyName)))(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return other
}

// edited makes a backup of the same installation with another database, as only
// the holder of a key can; nil is the root key's.
func (i installation) edited(t *testing.T, archive string, key *[32]byte, statement string, edit func(*backup.Manifest)) []byte {
	t.Helper()
	f := check1(os.Open(archive))(t)
	var database bytes.Buffer
	b := check1(backup.Check(f, &database))(t)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "edited.db")
	if err := os.WriteFile(path, database.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, path, statement)
	changed := check1(os.ReadFile(path))(t)
	m := b.Manifest
	m.Database = backup.Database{Size: int64(len(changed)), SHA256: sha256.Sum256(changed)}
	if edit != nil {
		edit(&m)
	}
	if key == nil {
		derived := check1(rootkey.Load(filepath.Join(i.data, keyName)))(t).Derive(backupKey)
		key = &derived
	}
	r, _, err := backup.NewReader(m, *key, bytes.NewReader(changed))
	if err != nil {
		t.Fatal(err)
	}
	return check1(io.ReadAll(r))(t)
}

func execute(t *testing.T, database, statement string) {
	t.Helper()
	db := check1(sql.Open("sqlite", database))(t)
	_, err := db.ExecContext(t.Context(), statement)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestHostileBackups(t *testing.T) {
	t.Parallel()
	i, archive := inhabited(t)
	good := check1(os.ReadFile(archive))(t)
	flip := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 1
		return b
	}
	newer := "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)"
	nothing := "SELECT 1"
	for _, row := range []struct {
		name    string
		content []byte
		code    int
		want    string
	}{
		{"empty", nil, cli.ExitFailure, "it is no backup, or it is cut off"},
		{"a_letter", []byte(strings.Repeat("a letter to a friend\n", 100)), cli.ExitFailure, "it is no backup, or it is damaged"},
		{"a_bare_database", good[3*1024:], cli.ExitFailure, "it is no backup"},
		{"first_byte", flip(0), cli.ExitFailure, "it is no backup, or it is damaged"},
		{"manifest", flip(700), cli.ExitFailure, "manifest"},
		{"database", flip(len(good) - 5000), cli.ExitFailure, "the database does not have the checksum"},
		{"last_byte", flip(len(good) - 1), cli.ExitFailure, "its end is damaged"},
		{"cut_off", good[:len(good)-1], cli.ExitFailure, "it is cut off"},
		{"cut_in_half", good[:len(good)/2], cli.ExitFailure, "it is cut off"},
		{"something_behind", append(bytes.Clone(good), 0), cli.ExitFailure, "something follows its end"},
		{"twice", append(bytes.Clone(good), good...), cli.ExitFailure, "something follows its end"},
		{"made_without_the_key", i.edited(t, archive, &[32]byte{}, "UPDATE account SET administrator = 1", nil), cli.ExitFailure, "it was changed by somebody who does not have the root key"},
		{"unvouched_for_and_not_looked_into", i.edited(t, archive, &[32]byte{}, "DROP TABLE session", nil), cli.ExitFailure, "it was changed by somebody who does not have the root key"},
		{"newer_database", i.edited(t, archive, nil, newer, func(m *backup.Manifest) { m.SchemaVersion = 99999 }), cli.ExitRefused, "use a newer program"},
		{"newer_database_that_denies_it", i.edited(t, archive, nil, newer, nil), cli.ExitRefused, "use a newer program"},
		{"another_manifest", i.edited(t, archive, nil, nothing, func(m *backup.Manifest) { m.Credentials = 7 }), cli.ExitFailure, "its manifest is not that of its database"},
		{"another_rp_id", i.edited(t, archive, nil, "UPDATE system SET rp_id = 'id.example'", func(m *backup.Manifest) { m.RPID = "id.example" }), cli.ExitRefused, `belongs to RP ID "id.example"`},
		{"another_programs_database", i.edited(t, archive, nil, "PRAGMA application_id = 7", nil), cli.ExitFailure, "another program"},
		{"stray_rows", i.edited(t, archive, nil, "PRAGMA foreign_keys = 0; DELETE FROM account", nil), cli.ExitFailure, "rows that are not there"},
		{"no_system", i.edited(t, archive, nil, "DELETE FROM system", nil), cli.ExitFailure, "damaged"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			fresh := i.emptied(t)
			file := filepath.Join(fresh.dir, "bad.backup")
			if err := os.WriteFile(file, row.content, 0o600); err != nil {
				t.Fatal(err)
			}
			fresh.refuses(t, row.code, row.want, "restore", file)
			if row.name != "another_rp_id" { // which is good, and somebody else's
				fresh.refuses(t, row.code, row.want, "restore", "--verify", file)
			}
			if diff := cmp.Diff([]string{keyName, "hither.lock"}, files(t, fresh.data)); diff != "" {
				t.Errorf("something was written (-want +got):\n%s", diff)
			}
		})
	}
}

// identity makes an age identity in a file.
func identity(t *testing.T, name string) *age.X25519Identity {
	t.Helper()
	id := check1(age.GenerateX25519Identity())(t)
	if err := os.WriteFile(name, []byte("# made for a test\n"+id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestHostileEncryptedBackups(t *testing.T) {
	t.Parallel()
	i, _ := inhabited(t)
	in := func(name string) string { return filepath.Join(i.dir, name) }
	mine, second := identity(t, in("mine.txt")), identity(t, in("second.txt"))
	identity(t, in("foreign.txt"))
	pq := check1(age.GenerateHybridIdentity())(t)
	write := func(name string, content []byte) {
		if err := os.WriteFile(in(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pq.txt", []byte(pq.String()))
	write("recipients.txt", []byte("# who may read it\n"+second.Recipient().String()+"\n"))
	i.do(t, "backup", "one.age", "--recipient", mine.Recipient().String(), "--recipients-file", "recipients.txt")
	i.do(t, "backup", "pq.age", "--recipient", pq.Recipient().String())
	for file, id := range map[string][]string{"mine.txt": {"one.age"}, "second.txt": {"one.age"}, "pq.txt": {"pq.age"}} {
		i.do(t, append([]string{"restore", "--verify", "--identity", file}, id...)...)
	}
	good := check1(os.ReadFile(in("one.age")))(t)
	if bytes.Contains(good, []byte("SQLite")) || bytes.Contains(good, []byte("manifest")) {
		t.Error("it is not encrypted")
	}
	flipped := bytes.Clone(good)
	flipped[len(good)/2] ^= 1
	header := bytes.Clone(good)
	header[bytes.IndexByte(good, '\n')+40] ^= 1
	write("flipped.age", flipped)
	write("header.age", header)
	write("cut.age", good[:len(good)-1])
	write("behind.age", append(bytes.Clone(good), 0))
	write("start.age", good[:30])
	var text bytes.Buffer
	a := armor.NewWriter(&text)
	if _, err := a.Write(good); err != nil || a.Close() != nil {
		t.Fatal(err)
	}
	write("text.age", text.Bytes())
	fresh := i.emptied(t)
	for _, row := range []struct {
		name, file, identity string
		code                 int
		want                 string
	}{
		{"no_identity", "one.age", "", cli.ExitFailure, "it is encrypted: name the file of an identity that opens it with --identity"},
		{"for_somebody_else", "one.age", "foreign.txt", cli.ExitFailure, "it is encrypted for somebody else: none of the identities opens it"},
		{"no_identity_file", "one.age", "nowhere.txt", cli.ExitRefused, "identity file: "},
		{"recipients_for_identities", "one.age", "recipients.txt", cli.ExitRefused, "holds no age identity"},
		{"flipped_bit", "flipped.age", "mine.txt", cli.ExitFailure, "flipped.age: "},
		{"flipped_bit_in_the_header", "header.age", "mine.txt", cli.ExitFailure, "header.age: it is encrypted"},
		{"cut_off", "cut.age", "mine.txt", cli.ExitFailure, "it is encrypted, and damaged or cut off"},
		{"cut_in_the_header", "start.age", "mine.txt", cli.ExitFailure, "it is encrypted, and damaged or cut off"},
		{"something_behind", "behind.age", "mine.txt", cli.ExitFailure, "it is encrypted, and damaged or cut off"},
		{"as_text", "text.age", "mine.txt", cli.ExitFailure, "it is an encrypted file in the form of text"},
	} {
		t.Run(row.name, func(t *testing.T) {
			args := []string{"restore", in(row.file)}
			if row.identity != "" {
				args = append(args, "--identity", in(row.identity))
			}
			fresh.refuses(t, row.code, row.want, args...)
			fresh.refuses(t, row.code, row.want, append(args, "--verify")...)
		})
	}
	if diff := cmp.Diff([]string{keyName, "hither.lock"}, files(t, fresh.data)); diff != "" {
		t.Errorf("something was written (-want +got):\n%s", diff)
	}
	fresh.do(t, "restore", in("one.age"), "--identity", in("mine.txt"))
	fresh.do(t, "admin", "list")
	if diff := cmp.Diff([]string{"data"}, files(t, fresh.dir)); diff != "" {
		t.Errorf("something lies beside the data directory (-want +got):\n%s", diff)
	}
}

// fatten gives a database so many rows of 1 MiB that a copy of it takes a moment.
func (i installation) fatten(t *testing.T, rows int) {
	t.Helper()
	execute(t, filepath.Join(i.data, "hither.db"), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < `+strconv.Itoa(rows)+`)
		INSERT INTO event (at, type, actor, browser, failed, detail, count) SELECT 1764000000000 + i, 'session.opened', 'person', '', '', hex(randomblob(524288)), 1 FROM n`)
}

// interrupted runs a backup under a umask that hides nothing, and calls interrupt
// when the server makes the copy. It returns what the command has said; ok is
// false when everything was over before.
func (i installation) interrupted(t *testing.T, name string, interrupt func(command *os.Process)) (said string, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "umask 000; exec \"$0\" backup \"$1\"", hitherdProgram(), name)
	cmd.Dir, cmd.Env = i.dir, append(os.Environ(), i.environ...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		if info, err := os.Stat(filepath.Join(i.data, "hither.db.copy")); err == nil {
			if mode := info.Mode().Perm(); mode != 0o600 {
				t.Errorf("STO-22 the copy has mode %04o", mode)
			}
			break
		}
		select {
		case err := <-ended:
			t.Logf("it was over before it was seen: %v", err)
			return stderr.String(), false
		case <-time.After(time.Millisecond):
		}
	}
	interrupt(cmd.Process)
	err := <-ended
	return stderr.String(), err != nil
}

// A server that is killed while a backup is made leaves no half one, and the next
// start has nothing of it. Everything is private whatever the umask.
func TestHostileBackupKilled(t *testing.T) {
	t.Parallel()
	i, _ := inhabited(t)
	i.fatten(t, 24)
	s := i.start(t)
	said, ok := i.interrupted(t, "killed.backup", func(*os.Process) { s.signal(t, syscall.SIGKILL) })
	if ok {
		_ = s.cmd.Wait() // killed
		if got := files(t, i.dir); !slices.Equal(got, []string{"data", "good.backup"}) {
			t.Errorf("it left %v", got)
		}
		s = i.start(t)
	}
	t.Logf("the command said: %s", said)
	for _, name := range files(t, i.data) {
		if strings.Contains(name, "copy") {
			t.Errorf("the next start has left %s", name)
		}
	}
	// The same again, with people at the door and nobody killed.
	signIns, failures, stop := signInMeanwhile(t, newClient(t, s.origin, 4), 2)
	at := signIns.Load()
	i.do(t, "backup", "whole.backup")
	t.Logf("%d sign-ins while a backup of %d bytes was made", signIns.Load()-at, check1(os.Stat(filepath.Join(i.dir, "whole.backup")))(t).Size())
	stop()
	if failures.Load() > 0 {
		t.Errorf("%d sign-ins failed", failures.Load())
	}
	if mode := check1(os.Stat(filepath.Join(i.dir, "whole.backup")))(t).Mode().Perm(); mode != 0o600 {
		t.Errorf("STO-22 the backup has mode %04o", mode)
	}
	s.stop(t)
	i.do(t, "restore", "--verify", "whole.backup")
}

// A command that is told to stop leaves nothing either, and the server goes on.
func TestHostileBackupInterrupted(t *testing.T) {
	t.Parallel()
	i, _ := inhabited(t)
	i.fatten(t, 24)
	s := i.start(t)
	_, ok := i.interrupted(t, "half.backup", func(command *os.Process) {
		if err := command.Signal(syscall.SIGINT); err != nil {
			t.Log(err) // it has just ended
		}
	})
	if got := files(t, i.dir); ok && !slices.Equal(got, []string{"data", "good.backup"}) {
		t.Errorf("it left %v", got)
	}
	for deadline := time.Now().Add(patience); slices.Contains(files(t, i.data), "hither.db.copy"); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the copy is still there")
		}
	}
	if got := i.do(t, "backup", "next.backup"); !strings.HasPrefix(got, "wrote next.backup: ") {
		t.Error(got)
	}
	s.stop(t)
}

// A restore that is killed at any moment leaves no database, or the new epoch.
func TestHostileRestoreKilled(t *testing.T) {
	t.Parallel()
	i, _ := inhabited(t)
	i.fatten(t, 6)
	i.do(t, "backup", "fat.backup")
	archive := filepath.Join(i.dir, "fat.backup")
	began := time.Now()
	i.emptied(t).do(t, "restore", archive)
	whole := time.Since(began)
	const rounds = 6
	finished := 0
	for round := range rounds {
		fresh := i.emptied(t)
		cmd := exec.CommandContext(t.Context(), hitherdProgram(), "restore", archive)
		cmd.Env = append(os.Environ(), fresh.environ...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(whole * time.Duration(2*round+1) / (2 * rounds)) // the moment to kill at
		_ = cmd.Process.Kill()                                        // it may have ended
		_ = cmd.Wait()
		r := fresh.run(t, "backup", "after.backup")
		if r.code == cli.ExitOK {
			finished++
		} else {
			if r.code != cli.ExitRefused || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("round %d: exit code %d: %s", round, r.code, r.stderr)
			}
			// Nothing that could be served, so it can be done again.
			fresh.do(t, "restore", archive)
			r = fresh.run(t, "backup", "after.backup")
		}
		if !strings.Contains(r.stdout, " epoch 2, ") {
			t.Errorf("round %d: %s%s", round, r.stdout, r.stderr)
		}
	}
	t.Logf("%d kills within %v, %d after the end", rounds, whole, finished)
}
