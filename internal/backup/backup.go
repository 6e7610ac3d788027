// Package backup is the form of a backup: a tar archive of three files, in this
// order and in one spelling only.
//
//	manifest.json  what the backup is of; see Manifest
//	manifest.sum   SHA-256 of manifest.json, and its HMAC-SHA-256 under a key
//	               that the root key makes
//	hither.db      the database; its size and SHA-256 are in the manifest
//
// The sums find every change. The HMAC also tells who made the backup: without
// the root key nobody can make one, or change one and its sums, that
// [Backup.Authentic] takes. Encryption for a recipient cannot do that, since
// anybody can encrypt for anybody.
//
// There is exactly one archive for a manifest, a key and a database: [Check]
// writes again what it reads, and refuses what differs. The package knows
// nothing of databases and keeps nothing on disk.
package backup

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Format is the version of the form that this package writes and reads.
const Format = 1

// MaxDatabase is how large a database in a backup may be, in bytes.
const MaxDatabase = 1 << 40

// maxManifest bounds manifest.json, in bytes.
const maxManifest = 8 << 10

// Manifest says what a backup is of.
type Manifest struct {
	Format        int       `json:"format"`         // set by NewReader
	Program       string    `json:"program"`        // version of the hitherd that made it
	CreatedAt     time.Time `json:"created_at"`     // UTC, whole seconds
	PublicURL     string    `json:"public_url"`     // of the installation
	RPID          string    `json:"rp_id"`          // that its passkeys are bound to
	SchemaVersion int64     `json:"schema_version"` // of the database
	Epoch         int64     `json:"epoch"`          // of the database
	KeyCheck      Sum       `json:"key_check"`      // of the root key; see internal/rootkey
	Accounts      int64     `json:"accounts"`
	Credentials   int64     `json:"credentials"`
	Database      Database  `json:"database"`
}

// Database is the file hither.db.
type Database struct {
	Size   int64 `json:"size"` // in bytes
	SHA256 Sum   `json:"sha256"`
}

// Sum is 32 bytes, written as 64 small hexadecimal digits.
type Sum [32]byte

// MarshalText implements encoding.TextMarshaler.
func (s Sum) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

var errSum = errors.New("backup: a sum has 64 hexadecimal digits")

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Sum) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(s)) {
		return errSum
	}
	if _, err := hex.Decode(s[:], text); err != nil {
		*s = Sum{}
		return errSum
	}
	return nil
}

// ErrNewer is wrapped when a backup has a form that this package does not know.
var ErrNewer = errors.New("backup: use a newer program")

// encode is the one spelling of a manifest.
func (m Manifest) encode() ([]byte, error) {
	text, err := json.Marshal(m, jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	return append(text, '\n'), nil
}

// parseManifest takes that spelling of a manifest that can be true.
func parseManifest(text []byte) (Manifest, error) {
	if len(text) > maxManifest {
		return Manifest{}, fmt.Errorf("backup: a manifest has at most %d bytes", maxManifest)
	}
	var version struct {
		Format  int    `json:"format"`
		Program string `json:"program"`
	}
	// Another format may have other members: this comes first.
	if err := json.Unmarshal(text, &version); err != nil {
		return Manifest{}, errors.New("backup: manifest.json is not a manifest")
	}
	if version.Format > Format {
		return Manifest{}, fmt.Errorf("%w: it has format %d, made by version %.40q, and this program knows formats up to %d",
			ErrNewer, version.Format, version.Program, Format)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, errors.New("backup: manifest.json is not a manifest")
	}
	again, err := m.encode()
	if err != nil || string(again) != string(text) {
		return Manifest{}, errors.New("backup: manifest.json is not spelt as hitherd spells it")
	}
	return m, m.judge()
}

func (m Manifest) judge() error {
	switch {
	case m.Format != Format:
		return fmt.Errorf("backup: format %d does not exist", m.Format)
	case m.Database.Size <= 0 || m.Database.Size > MaxDatabase:
		return fmt.Errorf("backup: a database of %d bytes is not believed", m.Database.Size)
	case m.SchemaVersion <= 0 || m.Epoch <= 0 || m.Accounts < 0 || m.Credentials < 0:
		return errors.New("backup: the manifest holds numbers that cannot be true")
	case !printable(m.Program) || !printable(m.PublicURL) || !printable(m.RPID):
		return errors.New("backup: the manifest holds more than printable ASCII")
	case !m.CreatedAt.Equal(m.CreatedAt.Truncate(time.Second)) || m.CreatedAt.Location() != time.UTC || m.CreatedAt.Unix() < 0:
		return errors.New("backup: the manifest's time is not whole seconds in UTC")
	}
	return nil
}

// printable says whether a text can be shown on a terminal as it is.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
