package relyingparty_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// vector is one file: a body, what it answers, and what becomes of it.
type vector struct {
	comment    string
	verb       string // "registration" or "authentication"
	policy     relyingparty.StatementPolicy
	root       []byte // trust anchor, DER; nil: none
	challenge  []byte
	userHandle []byte // of the ceremony; nil: discoverable
	identified bool
	record     relyingparty.Credential
	verdict    string // a check, "malformed" or "accepted"
	library    string // "accepted" or "refused"
	body       []byte
}

// format writes a vector: lines of key and value, an empty line, and the body in
// base64url in lines of 76 characters.
func (v vector) format() []byte {
	var b bytes.Buffer
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", key, value)
		}
	}
	encode := func(p []byte) string { return webauthn.Bytes(p).String() }
	line("comment", v.comment)
	line("verb", v.verb)
	line("policy", string(v.policy))
	line("root", encode(v.root))
	line("challenge", encode(v.challenge))
	line("user_handle", encode(v.userHandle))
	if v.verb == "authentication" {
		line("identified", strconv.FormatBool(v.identified))
		line("record_id", encode(v.record.ID))
		line("record_user_handle", encode(v.record.UserHandle))
		line("record_public_key", encode(v.record.PublicKey))
		line("record_sign_count", strconv.FormatUint(uint64(v.record.SignCount), 10))
		line("record_backup_eligible", strconv.FormatBool(v.record.BackupEligible != nil && *v.record.BackupEligible))
	}
	line("verdict", v.verdict)
	line("library", v.library)
	b.WriteString("\n")
	for chunk := range slices.Chunk([]byte(encode(v.body)), 76) {
		b.Write(chunk)
		b.WriteString("\n")
	}
	return b.Bytes()
}

// parseVector reads a vector. An unknown key is an error.
func parseVector(text []byte) (vector, error) {
	head, body, ok := strings.Cut(string(text), "\n\n")
	if !ok {
		return vector{}, errors.New("no empty line before the body")
	}
	var v vector
	seen := map[string]bool{}
	for line := range strings.Lines(head + "\n") {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok || seen[key] {
			return vector{}, fmt.Errorf("line %q is no new key and value", line)
		}
		seen[key] = true
		if err := v.set(key, value); err != nil {
			return vector{}, fmt.Errorf("%s: %w", key, err)
		}
	}
	var err error
	if v.body, err = webauthn.ParseBase64URL(strings.ReplaceAll(body, "\n", "")); err != nil {
		return vector{}, err
	}
	if v.verb == "" || v.policy == "" || v.challenge == nil || v.verdict == "" || len(v.body) == 0 ||
		(v.library == "") != (v.policy == relyingparty.StatementIgnore) {
		return vector{}, errors.New("a key is missing")
	}
	return v, nil
}

func (v *vector) set(key, value string) (err error) {
	decode := func(to *[]byte) error {
		b, err := webauthn.ParseBase64URL(value)
		*to = b
		return err
	}
	oneOf := func(to *string, words ...string) error {
		*to = value
		if !slices.Contains(words, value) {
			return fmt.Errorf("%q is none of %q", value, words)
		}
		return nil
	}
	switch key {
	case "comment":
		v.comment = value
	case "verb":
		return oneOf(&v.verb, "registration", "authentication")
	case "policy":
		return oneOf((*string)(&v.policy), "ignore", "verify", "require")
	case "root":
		return decode(&v.root)
	case "challenge":
		return decode(&v.challenge)
	case "user_handle":
		return decode(&v.userHandle)
	case "identified":
		v.identified, err = strconv.ParseBool(value)
	case "record_id":
		return decode((*[]byte)(&v.record.ID))
	case "record_user_handle":
		return decode(&v.record.UserHandle)
	case "record_public_key":
		return decode(&v.record.PublicKey)
	case "record_sign_count":
		var n uint64
		n, err = strconv.ParseUint(value, 10, 32)
		v.record.SignCount = uint32(n)
	case "record_backup_eligible":
		var eligible bool
		eligible, err = strconv.ParseBool(value)
		v.record.BackupEligible = &eligible
	case "verdict":
		v.verdict = value
	case "library":
		return oneOf(&v.library, accepted, "refused")
	default:
		return errors.New("unknown key")
	}
	return err
}
