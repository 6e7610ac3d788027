package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/backup"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/load"
	"github.com/hitherauth/hither/internal/rootkey"
	"github.com/hitherauth/hither/internal/store/sqlite"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// testdata/versions has a data directory of each version of the schema, as that
// version of hitherd left it: the database as SQL and the root key as
// hexadecimal digits. In it lives ada, whose passkey is always the same. They
// are never edited. Whoever adds a migration adds one, with the program of that
// version:
//
//	HITHER_TEST_WRITE_VERSION=1 HITHER_TEST_BIN=$PWD/bin/hitherd go test -run '^TestWriteVersion$' ./cmd/hitherd
const (
	versionsFolder = "testdata/versions"
	versionSQL     = "hither.sql"
	versionKey     = "hither.key.hex"
)

// sameAuthenticator makes the same first passkey for the same user handle, always.
func sameAuthenticator() *webauthntest.Authenticator {
	return webauthntest.New(webauthntest.Config{Algorithm: webauthn.ES256, Rand: rand.NewChaCha8([32]byte([]byte("ada of every version of hitherd.")))})
}

func TestEachVersionOpens(t *testing.T) {
	t.Parallel()
	folders := check1(filepath.Glob(versionsFolder + "/*"))(t)
	if len(folders) == 0 {
		t.Fatal("there are no versions")
	}
	for _, folder := range folders {
		version := strings.TrimLeft(filepath.Base(folder), "0")
		t.Run("version_"+version, func(t *testing.T) {
			t.Parallel()
			i := newInstallation(t)
			i.unpack(t, folder)
			if version == "1" {
				// A command of its own does what serve does.
				if got := i.do(t, "migrate"); !strings.HasSuffix(got, " (was 1)") {
					t.Error(got)
				}
			}
			i.adaSignsIn(t)
			i.do(t, "backup", "now.backup")

			// The same, out of a backup of that version.
			old := newInstallation(t)
			old.unpack(t, folder)
			archive := old.archived(t)
			fresh := old.emptied(t)
			if got := fresh.do(t, "restore", archive); !strings.Contains(got, "accounts 1, passkeys 1, ") {
				t.Error(got)
			}
			fresh.adaSignsIn(t)
		})
	}
}

// unpack makes the data directory of a version.
func (i installation) unpack(t *testing.T, folder string) {
	t.Helper()
	key := check1(hex.DecodeString(string(bytes.TrimSpace(check1(os.ReadFile(filepath.Join(folder, versionKey)))(t)))))(t)
	if err := os.Mkdir(i.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.data, keyName), key, 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, filepath.Join(i.data, "hither.db"), string(check1(os.ReadFile(filepath.Join(folder, versionSQL)))(t)))
}

// adaSignsIn starts the server, signs ada in and stops it.
func (i installation) adaSignsIn(t *testing.T) {
	t.Helper()
	var handle []byte
	i.ask(t, "SELECT user_handle FROM account WHERE name = 'ada'", &handle)
	options := check1(json.Marshal(map[string]any{
		"rp": map[string]string{"id": "localhost", "name": "Hither"}, "user": map[string]any{"id": webauthn.Bytes(handle), "name": "ada", "displayName": "Ada"},
		"challenge": "AAAAAAAAAAAAAAAAAAAAAA", "pubKeyCredParams": []map[string]any{{"type": "public-key", "alg": -7}},
		"authenticatorSelection": map[string]any{"residentKey": "required"},
	}))(t)
	s := i.start(t)
	ada := load.NewPerson(newClient(t, s.origin, 1)).With(sameAuthenticator())
	if _, _, err := ada.Authenticator().CreateJSON(options, s.origin); err != nil {
		t.Fatal(err)
	}
	signedIn := check1(ada.SignIn(t.Context()))(t)
	if signedIn.Account.Name != "ada" {
		t.Errorf("signed in as %+v", signedIn)
	}
	s.stop(t)
}

// ask reads one value of the database, which nobody has open.
func (i installation) ask(t *testing.T, query string, dest any) {
	t.Helper()
	db := check1(sql.Open("sqlite", filepath.Join(i.data, "hither.db")))(t)
	err := db.QueryRowContext(t.Context(), query).Scan(dest)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// archived makes a backup of the database as it is, whatever its version.
func (i installation) archived(t *testing.T) string {
	t.Helper()
	database := check1(os.ReadFile(filepath.Join(i.data, "hither.db")))(t)
	facts := check1(sqlite.Inspect(t.Context(), bytes.NewReader(database), int64(len(database))))(t)
	key := check1(rootkey.Load(filepath.Join(i.data, keyName)))(t)
	r, _, err := backup.NewReader(backup.Manifest{
		CreatedAt: time.Unix(1_764_000_000, 0).UTC(), RPID: facts.RPID, SchemaVersion: facts.Version, Epoch: facts.Epoch,
		KeyCheck: backup.Sum(facts.KeyCheck), Accounts: facts.Accounts, Credentials: facts.Credentials,
		Database: backup.Database{Size: int64(len(database)), SHA256: sha256.Sum256(database)},
	}, key.Derive(backupKey), bytes.NewReader(database))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(i.dir, "old.backup")
	if err := os.WriteFile(path, check1(io.ReadAll(r))(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	i, _ := inhabited(t)
	execute(t, filepath.Join(i.data, "hither.db"), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	before := check1(os.ReadFile(filepath.Join(i.data, "hither.db")))(t)
	for _, args := range [][]string{{"serve"}, {"migrate"}, {"admin", "list"}, {"backup", "new.backup"}} {
		i.refuses(t, cli.ExitRefused, "has version 99999, this program knows versions up to ", args...)
	}
	if !bytes.Equal(before, check1(os.ReadFile(filepath.Join(i.data, "hither.db")))(t)) {
		t.Error("it was written to")
	}
}

// TestWriteVersion writes the folder of this version, into testdata when it is
// told to, and otherwise wants one to be there.
func TestWriteVersion(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	s := i.start(t)
	ada := load.NewPerson(newClient(t, s.origin, 1)).With(sameAuthenticator())
	check1(ada.Register(t.Context(), api.Registration{Name: "ada", DisplayName: "Ada"}))(t)
	s.stop(t)
	var version int64
	i.ask(t, "SELECT max(version_id) FROM goose_db_version", &version)
	name := fmt.Sprintf("%05d", version)
	folder := filepath.Join(versionsFolder, name)
	if os.Getenv("HITHER_TEST_WRITE_VERSION") == "" {
		check1(os.Stat(filepath.Join(folder, versionSQL)))(t) // whoever has added a migration has added it
		folder = filepath.Join(t.TempDir(), name)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	key := check1(os.ReadFile(filepath.Join(i.data, keyName)))(t)
	for name, content := range map[string]string{versionSQL: i.dump(t), versionKey: hex.EncodeToString(key) + "\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := newInstallation(t)
	again.unpack(t, folder)
	again.adaSignsIn(t)
}

// dump is the whole database as SQL.
func (i installation) dump(t *testing.T) string {
	t.Helper()
	db := check1(sql.Open("sqlite", filepath.Join(i.data, "hither.db")))(t)
	defer db.Close()
	column := func(query string) []string {
		rows := check1(db.QueryContext(t.Context(), query))(t)
		defer rows.Close()
		var all []string
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	var application int64
	i.ask(t, "PRAGMA application_id", &application)
	var b strings.Builder
	b.WriteString("PRAGMA application_id = " + strconv.FormatInt(application, 10) + ";\n")
	for _, statement := range column("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type <> 'table', rowid") {
		b.WriteString(statement + ";\n")
	}
	for _, table := range column("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid") {
		values := column("SELECT 'quote(' || name || ')' FROM pragma_table_info('" + table + "') ORDER BY cid")
		for _, row := range column("SELECT " + strings.Join(values, " || ', ' || ") + " FROM " + table) {
			b.WriteString("INSERT INTO " + table + " VALUES (" + row + ");\n")
		}
	}
	return b.String()
}
