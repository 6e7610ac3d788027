package webauthn

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxJSONDepth is how deep JSON may nest. A response needs 3 levels of its own;
// the rest is for extension outputs.
const maxJSONDepth = 16

// parseJSONObject reads b, which must be one JSON object and nothing else.
// It calls member with the name of each member; member must read the value.
// The decoder refuses duplicate names at every level, and invalid UTF-8.
func parseJSONObject(b []byte, member func(dec *jsontext.Decoder, name string) error) error {
	// A decoder on a bytes.Buffer works on the buffer's bytes without a copy.
	dec := jsontext.NewDecoder(bytes.NewBuffer(b))
	if err := readObject(dec, member); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("more text after the JSON object")
	}
	return nil
}

func readObject(dec *jsontext.Decoder, member func(dec *jsontext.Decoder, name string) error) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	if _, err := readToken(dec); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := readToken(dec)
		if err != nil {
			return err
		}
		if err := member(dec, name.String()); err != nil {
			return err
		}
	}
	_, err := readToken(dec)
	return err
}

func readString(dec *jsontext.Decoder) (string, error) {
	if err := expect(dec, '"'); err != nil {
		return "", err
	}
	token, err := readToken(dec)
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

func readBool(dec *jsontext.Decoder) (bool, error) {
	if dec.PeekKind() != 'f' {
		if err := expect(dec, 't'); err != nil {
			return false, err
		}
	}
	token, err := readToken(dec)
	if err != nil {
		return false, err
	}
	return token.Bool(), nil
}

// readBytes reads a base64url string of 1 to limit bytes.
func readBytes(dec *jsontext.Decoder, limit int) (Bytes, error) {
	text, err := readString(dec)
	if err != nil {
		return nil, err
	}
	return decodeLimited(text, limit)
}

func decodeLimited(text string, limit int) (Bytes, error) {
	if text == "" {
		return nil, errors.New("empty")
	}
	if n := base64.RawURLEncoding.DecodedLen(len(text)); n > limit {
		return nil, fmt.Errorf("%d bytes, more than the limit of %d", n, limit)
	}
	return decodeBase64URL(text)
}

// skipValue reads a value of any kind.
func skipValue(dec *jsontext.Decoder) error {
	outside := dec.StackDepth()
	for {
		if _, err := readToken(dec); err != nil {
			return err
		}
		if dec.StackDepth() == outside {
			return nil
		}
	}
}

// expect reports an error unless the next value is of kind want.
func expect(dec *jsontext.Decoder, want jsontext.Kind) error {
	switch got := dec.PeekKind(); got {
	case want:
		return nil
	case 'n', 't', 'f', '0', '"', '{', '[':
		return fmt.Errorf("%s instead of %s", describeKind(got), describeKind(want))
	default:
		// Not JSON, or the end of it: reading on says which.
		if _, err := readToken(dec); err != nil {
			return err
		}
		return errors.New("not well-formed JSON")
	}
}

func describeKind(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '0':
		return "a number"
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	default:
		return "no value"
	}
}

// readToken reads a token and keeps the depth.
func readToken(dec *jsontext.Decoder) (jsontext.Token, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return jsontext.Token{}, explain(err)
	}
	if dec.StackDepth() > maxJSONDepth {
		return jsontext.Token{}, fmt.Errorf("JSON nested deeper than %d levels", maxJSONDepth)
	}
	return token, nil
}

// explain puts the decoder's errors in words that quote no input; its own quote
// the names of the members around.
func explain(err error) error {
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errors.New("an object names the same member twice")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON text ends early")
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("not well-formed JSON after %d bytes", syntactic.ByteOffset)
	}
	return errors.New("not well-formed JSON")
}
