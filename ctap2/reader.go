package ctap2

import (
	"errors"
	"fmt"

	"github.com/hitherauth/hither/internal/cbor"
)

// reader takes the members out of a map. The first thing that is wrong with it, or
// with a map within it, is kept; nothing is read after that.
type reader struct {
	members map[any]any
	path    string
	problem **ParseError
}

// Whether a member must be there.
const (
	required = true
	optional = false
)

// unlimited is for what only the length of the message bounds.
const unlimited = cbor.MaxMessageBytes

// open decodes b, which must be one canonical map within the limits of a message.
func open(b []byte) reader {
	r := reader{problem: new(*ParseError)}
	if len(b) > cbor.MaxMessageBytes {
		r.refuse("", StatusRequestTooLarge, fmt.Errorf("%d bytes, more than the limit of %d", len(b), cbor.MaxMessageBytes))
		return r
	}
	v, err := cbor.Message.Decode(b)
	switch {
	case errors.Is(err, cbor.ErrLimit):
		r.refuse("", StatusLimitExceeded, err)
	case err != nil:
		r.refuse("", StatusInvalidCBOR, err)
	default:
		r.members = as[map[any]any](r, "", v)
	}
	return r
}

// done returns v, or the zero value and what was wrong.
func done[T any](r reader, v T) (T, error) {
	if *r.problem != nil {
		var zero T
		return zero, *r.problem
	}
	return v, nil
}

// refuse keeps the first problem, with the member called name.
func (r reader) refuse(name string, status StatusCode, err error) {
	if *r.problem == nil {
		*r.problem = &ParseError{Member: r.pathOf(name), Status: status, Err: err}
	}
}

func (r reader) pathOf(name string) string {
	if r.path == "" || name == "" {
		return r.path + name
	}
	return r.path + "." + name
}

// as is v, which must be a T.
func as[T any](r reader, name string, v any) T {
	t, ok := v.(T)
	if !ok {
		r.refuse(name, StatusCBORUnexpectedType, fmt.Errorf("%s instead of %s", cbor.Describe(v), cbor.Describe(t)))
	}
	return t
}

// get is the member of a key, which must be a T. ok is false when there is none.
func get[T any](r reader, key any, name string, must bool) (t T, ok bool) {
	if *r.problem != nil {
		return t, false
	}
	v, present := r.members[key]
	if !present {
		if must {
			r.refuse(name, StatusMissingParameter, errors.New("missing"))
		}
		return t, false
	}
	t = as[T](r, name, v)
	return t, *r.problem == nil
}

// size refuses a length outside of its limits.
func (r reader) size(name string, n, least, most int) {
	switch {
	case n < least:
		r.refuse(name, StatusInvalidLength, fmt.Errorf("%d bytes, fewer than %d", n, least))
	case n > most:
		r.refuse(name, StatusLimitExceeded, fmt.Errorf("%d bytes, more than the limit of %d", n, most))
	}
}

// bytes is nil when the member is absent, and only then.
func (r reader) bytes(key any, name string, must bool, least, most int) []byte {
	b, ok := get[[]byte](r, key, name, must)
	if ok {
		r.size(name, len(b), least, most)
	}
	return b
}

// bytes32 is a byte string of 32 bytes, or ok is false.
func (r reader) bytes32(key any, name string, must bool) (all [32]byte, ok bool) {
	b, ok := get[[]byte](r, key, name, must)
	if ok && len(b) != len(all) {
		r.refuse(name, StatusInvalidLength, fmt.Errorf("%d bytes instead of %d", len(b), len(all)))
	}
	copy(all[:], b)
	return all, ok
}

func (r reader) text(key any, name string, must bool, least, most int) string {
	s, ok := get[string](r, key, name, must)
	if ok {
		r.size(name, len(s), least, most)
	}
	return s
}

// number is 0 when the member is absent, and only then.
func (r reader) number(key any, name string) uint64 {
	n, ok := get[int64](r, key, name, optional)
	if ok && n <= 0 {
		r.refuse(name, StatusInvalidParameter, errors.New("not a number from 1"))
	}
	return uint64(max(n, 0))
}

func (r reader) flag(key any, name string) bool {
	v, _ := get[bool](r, key, name, optional)
	return v
}

// encoded is the CBOR of a value that is kept as it came.
func (r reader) encoded(name string, v any) []byte {
	b, err := cbor.Encode(v)
	if err != nil {
		r.refuse(name, StatusInvalidCBOR, err)
	}
	return b
}

// within is a map that is a member, or that is in one.
func (r reader) within(name string, members map[any]any) reader {
	return reader{members: members, path: r.pathOf(name), problem: r.problem}
}

// child is a member that is a map.
func (r reader) child(key any, name string, must bool) (inner reader, ok bool) {
	members, ok := get[map[any]any](r, key, name, must)
	return r.within(name, members), ok
}

// texts is nil when the list is absent or empty.
func (r reader) texts(key any, name string) []string {
	list, _ := get[[]any](r, key, name, optional)
	var all []string
	for _, element := range list {
		all = append(all, as[string](r, name, element))
	}
	return all
}

// list reads each element, which must be a map. It is nil when the list is absent
// or empty.
func list[T any](r reader, key any, name string, must bool, read func(reader) T) []T {
	elements, _ := get[[]any](r, key, name, must)
	if len(elements) == 0 {
		return nil
	}
	all := make([]T, 0, len(elements))
	for _, element := range elements {
		all = append(all, read(r.within(name, as[map[any]any](r, name, element))))
	}
	return all
}
