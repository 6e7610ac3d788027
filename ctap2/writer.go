package ctap2

import "github.com/hitherauth/hither/internal/cbor"

// writer gathers the members of a map. The first thing that cannot be written is kept.
type writer struct {
	members map[any]any
	problem *ParseError
}

// add puts v under a key if it is there.
func (w *writer) add(key, v any, present bool) {
	if present {
		w.members[key] = v
	}
}

// item is the value of one item of canonical CBOR.
func (w *writer) item(name string, b []byte) any {
	v, err := cbor.Message.Decode(b)
	if err != nil && w.problem == nil {
		w.problem = &ParseError{Member: name, Status: StatusInvalidCBOR, Err: err}
	}
	return v
}

// appendTo writes the map behind b, and reads it once more: what the other end
// would refuse is not written.
func appendTo[T any](b []byte, w writer, parse func([]byte) (T, error)) ([]byte, error) {
	if w.problem != nil {
		return nil, w.problem
	}
	item, err := cbor.Encode(w.members)
	if err != nil {
		return nil, &ParseError{Status: StatusOther, Err: err}
	}
	if _, err := parse(item); err != nil {
		return nil, err
	}
	return append(b, item...), nil
}

// textList is the list of CBOR for a list of text strings.
func textList[T ~string](all []T) []any {
	list := make([]any, len(all))
	for i, s := range all {
		list[i] = string(s)
	}
	return list
}

// mapList is the list of CBOR for a list of what is written as maps.
func mapList[T any](all []T, write func(T) map[any]any) []any {
	list := make([]any, len(all))
	for i, v := range all {
		list[i] = write(v)
	}
	return list
}
