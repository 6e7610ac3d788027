package account

import (
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// ID names an account, a session or an invitation. It is 16 random bytes and
// no secret; its text form is unpadded base64url, 22 characters.
type ID [16]byte

const idTextLen = 22

var errID = errors.New("account: id is malformed")

// NewID makes an ID from 16 bytes of rand.
func NewID(rand io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return ID{}, err
	}
	return id, nil
}

// ParseID reads the text form. There is exactly one text for each ID.
func ParseID(s string) (ID, error) {
	var id ID
	if !decodeText(id[:], s, idTextLen) {
		return ID{}, errID
	}
	return id, nil
}

// String is the text form.
func (id ID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// MarshalText is the text form.
func (id ID) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, id[:]), nil
}

// decodeText fills dst from strict unpadded base64url of exactly n characters.
func decodeText(dst []byte, s string, n int) bool {
	if len(s) != n {
		return false
	}
	// The decoder skips line breaks. A text that holds one comes out too
	// short, so the comparison of lengths refuses it.
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(dst) {
		return false
	}
	copy(dst, b)
	return true
}

// State says whether an account can be used.
type State string

// The states of an account.
const (
	StateActive   State = "active"
	StateDisabled State = "disabled" // keeps its credentials, has no sessions, cannot sign in
)

// Account is a person.
type Account struct {
	ID            ID
	UserHandle    webauthn.Bytes // 32 random bytes, never the ID: authenticators show it to whoever holds them
	Name          string         // normalised by ParseName; unique by FoldName
	DisplayName   string
	Administrator bool
	State         State
	CreatedAt     time.Time
}
