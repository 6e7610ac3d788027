// Package vectorfile reads and writes the known answers that the tests of the
// hybrid transport keep as files: lines of "key: value", an empty line, and a body
// in unpadded base64url. Nothing but tests imports it.
package vectorfile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// lineLength is how many characters of a body stand in a line.
const lineLength = 76

// Vector is what a file holds.
type Vector struct {
	Header []Field
	Body   []byte
}

// Field is a line of the header.
type Field struct{ Key, Value string }

// Text makes a field of words.
func Text(key, value string) Field { return Field{key, value} }

// Bytes makes a field of a byte string.
func Bytes(key string, value []byte) Field {
	return Field{key, base64.RawURLEncoding.EncodeToString(value)}
}

// Get returns a value.
func (v Vector) Get(key string) string {
	for _, f := range v.Header {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// Decode returns a value that is n bytes.
func (v Vector) Decode(key string, n int) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(v.Get(key))
	if err != nil || len(b) != n {
		return nil, fmt.Errorf("vectorfile: %s is not %d bytes in base64url", key, n)
	}
	return b, nil
}

// Append appends the file to b.
func (v Vector) Append(b []byte) []byte {
	for _, f := range v.Header {
		b = fmt.Appendf(b, "%s: %s\n", f.Key, f.Value)
	}
	b = append(b, '\n')
	body := base64.RawURLEncoding.EncodeToString(v.Body)
	for line := range slices.Chunk([]byte(body), lineLength) {
		b = append(append(b, line...), '\n')
	}
	return b
}

// Parse reads a file. It must have exactly these keys, in this order, and be as
// [Vector.Append] writes it.
func Parse(text []byte, keys ...string) (Vector, error) {
	head, body, ok := strings.Cut(string(text), "\n\n")
	if !ok {
		return Vector{}, errors.New("vectorfile: no empty line before the body")
	}
	var v Vector
	for i, line := range strings.Split(head, "\n") {
		key, value, ok := strings.Cut(line, ": ")
		if !ok || value == "" || i >= len(keys) || key != keys[i] {
			return Vector{}, fmt.Errorf("vectorfile: line %d is not the key that belongs there and its value", i+1)
		}
		v.Header = append(v.Header, Field{key, value})
	}
	if len(v.Header) != len(keys) {
		return Vector{}, fmt.Errorf("vectorfile: the key %q is missing", keys[len(v.Header)])
	}
	var err error
	if v.Body, err = base64.RawURLEncoding.Strict().DecodeString(strings.ReplaceAll(body, "\n", "")); err != nil {
		return Vector{}, errors.New("vectorfile: the body is not base64url")
	}
	if string(v.Append(nil)) != string(text) {
		return Vector{}, errors.New("vectorfile: the file is not as this package writes it")
	}
	return v, nil
}
