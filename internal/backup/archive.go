package backup

import (
	"archive/tar"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Names in the archive.
const (
	manifestName = "manifest.json"
	sumName      = "manifest.sum"
	databaseName = "hither.db"
)

// blockSize is what tar rounds up to, and endSize the zeros at its end.
const (
	blockSize = 512
	endSize   = 2 * blockSize
)

// maxHead is more than all that stands before the database.
const maxHead = maxManifest + 8*blockSize

// Backup is what an archive that was read to its end is of.
type Backup struct {
	Manifest Manifest
	// Offset is where the database begins in the archive.
	Offset int64

	text []byte // manifest.json
	mac  Sum
}

// Authentic says whether the backup was made with key.
func (b Backup) Authentic(key [32]byte) bool {
	mac := authenticate(b.text, key)
	return hmac.Equal(mac[:], b.mac[:])
}

func authenticate(manifest []byte, key [32]byte) Sum {
	h := hmac.New(sha256.New, key[:])
	_, _ = h.Write(manifest) // never fails
	return Sum(h.Sum(nil))
}

// NewReader gives the archive of a database and its size in bytes. The database
// must be what m.Database says. The key is derived from the root key for this
// alone; it is not kept and not in the archive.
func NewReader(m Manifest, key [32]byte, database io.Reader) (archive io.Reader, size int64, err error) {
	m.Format = Format
	text, err := m.encode()
	if err != nil {
		return nil, 0, err
	}
	if m, err = parseManifest(text); err != nil {
		return nil, 0, err
	}
	head, err := encodeHead(m, text, authenticate(text, key))
	if err != nil {
		return nil, 0, err
	}
	tail := tailSize(m.Database.Size)
	archive = io.MultiReader(bytes.NewReader(head), io.LimitReader(database, m.Database.Size), bytes.NewReader(make([]byte, tail)))
	return archive, int64(len(head)) + m.Database.Size + tail, nil
}

// tailSize is how many zeros follow a database of so many bytes.
func tailSize(database int64) int64 {
	return (blockSize-database%blockSize)%blockSize + endSize
}

// encodeHead makes everything that stands before the database.
func encodeHead(m Manifest, text []byte, mac Sum) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range []struct {
		name    string
		size    int64
		content []byte
	}{
		{manifestName, int64(len(text)), text},
		{sumName, int64(len(encodeSums(text, mac))), encodeSums(text, mac)},
		{databaseName, m.Database.Size, nil},
	} {
		// The GNU form has one block of header for any size.
		h := &tar.Header{Typeflag: tar.TypeReg, Name: file.name, Size: file.size, Mode: 0o600, ModTime: m.CreatedAt, Format: tar.FormatGNU}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
		if _, err := w.Write(file.content); err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
	}
	return b.Bytes(), nil
}

func encodeSums(text []byte, mac Sum) []byte {
	return fmt.Appendf(nil, "sha256 %x\nhmac-sha256 %x\n", sha256.Sum256(text), mac[:])
}

// Check reads an archive to its end, writes the database to database and says
// what it is of. Anything that is not exactly an archive of this package is
// refused: with ErrNewer, or an error of reading or writing, or one sentence. What
// was written is good only when Check has returned nil.
func Check(archive io.Reader, database io.Writer) (Backup, error) {
	b, err := readHead(archive)
	if err != nil {
		return Backup{}, err
	}
	size := b.Manifest.Database.Size
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(hash, database), io.LimitReader(archive, size))
	switch {
	case err != nil:
		return Backup{}, fmt.Errorf("backup: %w", err)
	case n != size:
		return Backup{}, errCutOff
	case Sum(hash.Sum(nil)) != b.Manifest.Database.SHA256:
		return Backup{}, errors.New("backup: the database does not have the checksum that the manifest gives: it is damaged")
	}
	if err := readTail(archive, tailSize(size)); err != nil {
		return Backup{}, err
	}
	return b, nil
}

var errCutOff = errors.New("backup: it is cut off")

// readHead reads what stands before the database, and nothing more.
func readHead(archive io.Reader) (Backup, error) {
	var seen bytes.Buffer
	r := tar.NewReader(io.TeeReader(io.LimitReader(archive, maxHead), &seen))
	text, err := readFile(r, manifestName, maxManifest)
	if err != nil {
		return Backup{}, err
	}
	m, err := parseManifest(text)
	if err != nil {
		return Backup{}, err
	}
	sums, err := readFile(r, sumName, int64(len(encodeSums(nil, Sum{}))))
	if err != nil {
		return Backup{}, err
	}
	b := Backup{Manifest: m, text: text}
	if b.mac, err = parseSums(sums, text); err != nil {
		return Backup{}, err
	}
	if _, err := r.Next(); err != nil {
		return Backup{}, unreadable(err)
	}
	head, err := encodeHead(m, text, b.mac)
	if err != nil {
		return Backup{}, err
	}
	if !bytes.Equal(seen.Bytes(), head) {
		return Backup{}, errors.New("backup: its files are not those of a backup, in their order and spelling")
	}
	b.Offset = int64(len(head))
	return b, nil
}

// readFile reads the next file of the archive, which must have this name.
func readFile(r *tar.Reader, name string, most int64) ([]byte, error) {
	h, err := r.Next()
	if err != nil {
		return nil, unreadable(err)
	}
	if h.Name != name || h.Typeflag != tar.TypeReg || h.Size > most {
		return nil, fmt.Errorf("backup: where %s should be is %.80q, of %d bytes", name, h.Name, h.Size)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, unreadable(err)
	}
	return content, nil
}

// parseSums compares the one sum and gives the other.
func parseSums(sums, text []byte) (mac Sum, err error) {
	if at := len(sums) - hex.EncodedLen(len(mac)) - 1; at > 0 {
		if err := mac.UnmarshalText(sums[at : len(sums)-1]); err != nil {
			return Sum{}, errors.New("backup: manifest.sum holds no sums")
		}
	}
	if !bytes.Equal(encodeSums(text, mac), sums) {
		return Sum{}, errors.New("backup: the manifest does not have the checksum that manifest.sum gives: it is damaged")
	}
	return mac, nil
}

func readTail(archive io.Reader, size int64) error {
	tail, err := io.ReadAll(io.LimitReader(archive, size+1))
	switch {
	case err != nil:
		return fmt.Errorf("backup: %w", err)
	case int64(len(tail)) < size:
		return errCutOff
	case int64(len(tail)) > size:
		return errors.New("backup: something follows its end")
	case !bytes.Equal(tail, make([]byte, size)):
		return errors.New("backup: its end is damaged")
	}
	return nil
}

// unreadable says why an archive ends in the middle of its head. What the tar
// reader finds wrong says nothing to an operator.
func unreadable(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("backup: it is no backup, or it is cut off")
	case errors.Is(err, tar.ErrHeader), errors.Is(err, tar.ErrFieldTooLong), errors.Is(err, tar.ErrInsecurePath):
		return errors.New("backup: it is no backup, or it is damaged")
	}
	return fmt.Errorf("backup: %w", err)
}
