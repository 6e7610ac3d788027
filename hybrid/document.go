package hybrid

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// documentVersion is the version of the documents in stores.
const documentVersion = 1

// appendDocument writes a document of a store.
func appendDocument(d any) ([]byte, error) {
	b, err := json.Marshal(d, jsontext.Multiline(true))
	if err != nil {
		return nil, errors.New("hybrid: the document cannot be written") // the cause may quote it
	}
	return append(b, '\n'), nil
}

// parseDocument reads a document of a store: no member that is not known, none
// twice, none in another case. Its errors quote nothing of it.
func parseDocument(b []byte, d any) error {
	if err := json.Unmarshal(b, d, json.RejectUnknownMembers(true)); err != nil {
		return errors.New("hybrid: the document is not one of this package, or was damaged")
	}
	return nil
}

// fields reads base64url members, and keeps the first error.
type fields struct{ err error }

// bytes decodes a member of n bytes; 0 is any number.
func (f *fields) bytes(name, text string, n int) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	switch {
	case f.err != nil:
	case err != nil:
		f.err = fmt.Errorf("%s is not base64url", name)
	case n != 0 && len(b) != n:
		f.err = fmt.Errorf("%s has %d bytes and not %d", name, len(b), n)
	}
	return b
}
