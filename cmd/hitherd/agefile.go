package main

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"filippo.io/age"

	"github.com/hitherauth/hither/internal/cli"
)

// maxAgeFile bounds a file of recipients or identities, in bytes.
const maxAgeFile = 64 << 10

// ageHeader is how an encrypted file begins, and armorHeader one that was made
// text afterwards.
const (
	ageHeader   = "age-encryption.org/"
	armorHeader = "-----BEGIN AGE ENCRYPTED FILE-----"
)

// parseRecipients reads whom a backup is encrypted for: recipients, and files
// with one to a line. None: nobody, it is not encrypted.
func parseRecipients(recipients, files []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, text := range recipients {
		r, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, cli.Usage("--recipient is no age recipient: they begin with age1").Hint("age-keygen makes one, and the identity that belongs to it")
		}
		all = append(all, r...)
	}
	for _, name := range files {
		text, err := readBounded(name, maxAgeFile)
		if err != nil {
			return nil, refused("recipients file: %w", err)
		}
		r, err := age.ParseRecipients(bytes.NewReader(text))
		if err != nil {
			return nil, refused("recipients file %s: %w", name, err)
		}
		all = append(all, r...)
	}
	return all, nil
}

// parseIdentities reads what opens an encrypted backup. Errors do not repeat what
// the file holds.
func parseIdentities(files []string) ([]age.Identity, error) {
	var all []age.Identity
	for _, name := range files {
		text, err := readBounded(name, maxAgeFile)
		if err != nil {
			return nil, refused("identity file: %w", err)
		}
		identities, err := age.ParseIdentities(bytes.NewReader(text))
		if err != nil {
			return nil, refused("%s holds no age identity, or something else besides: AGE-SECRET-KEY-1… on a line of its own", name)
		}
		all = append(all, identities...)
	}
	return all, nil
}

// encrypt is w for what it is encrypted for, or w itself. It must be closed; w
// stays open.
func encrypt(w io.Writer, to []age.Recipient) (io.WriteCloser, error) {
	if len(to) == 0 {
		return struct {
			io.Writer
			io.Closer
		}{w, io.NopCloser(nil)}, nil
	}
	return age.Encrypt(w, to...)
}

// decrypt gives the content of a file that may be encrypted.
func decrypt(file io.ReaderAt, size int64, identities []age.Identity) (io.ReaderAt, int64, error) {
	var head [len(armorHeader)]byte
	if _, err := io.ReadFull(io.NewSectionReader(file, 0, size), head[:]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	switch {
	case string(head[:]) == armorHeader:
		return nil, 0, errors.New("it is an encrypted file in the form of text: decode it first, hitherd writes and reads the binary form")
	case !bytes.HasPrefix(head[:], []byte(ageHeader)):
		return file, size, nil
	case len(identities) == 0:
		return nil, 0, errors.New("it is encrypted: name the file of an identity that opens it with --identity")
	}
	content, n, err := age.DecryptReaderAt(file, size, identities...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, 0, errors.New("it is encrypted for somebody else: none of the identities opens it")
	}
	if err != nil {
		return nil, 0, errors.New("it is encrypted, and damaged or cut off")
	}
	return content, n, nil
}
