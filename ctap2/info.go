package ctap2

import (
	"bytes"

	"github.com/hitherauth/hither/webauthn"
)

// Info is what an authenticator says about itself, authenticatorGetInfo, CTAP 2.2
// §6.4. Nil and empty are the same: the member is absent.
type Info struct {
	Versions                 []string
	Extensions               []string
	AAGUID                   webauthn.AAGUID
	Options                  Options
	MaxMessageSize           uint64 // 0 when absent
	PINUVAuthProtocols       []uint64
	MaxCredentialCountInList uint64 // 0 when absent
	MaxCredentialIDLength    uint64 // 0 when absent
	Transports               []string
	Algorithms               []webauthn.CredentialParameter
	AttestationFormats       []string
	// Raw is the map as it came; what is not understood is in here alone. If it is
	// not nil, it is what Append writes: clear it after a change.
	Raw []byte
}

// ParseInfo reads b, at most 1 MiB, which must be exactly one canonical CBOR map:
// a response without its status byte, or what a post-handshake message holds. That
// is all it insists on. Phones say things that no specification knows, and give
// known things other types; a member or an element that is not what it should be
// is left out. The error is a [*ParseError].
func ParseInfo(b []byte) (Info, error) {
	r := open(b)
	return done(r, Info{
		Versions:                 picked[string](r, 1),
		Extensions:               picked[string](r, 2),
		AAGUID:                   r.pickAAGUID(3),
		Options:                  r.pickOptions(4),
		MaxMessageSize:           r.pickNumber(5),
		PINUVAuthProtocols:       r.pickNumbers(6),
		MaxCredentialCountInList: r.pickNumber(7),
		MaxCredentialIDLength:    r.pickNumber(8),
		Transports:               picked[string](r, 9),
		Algorithms:               r.pickAlgorithms(10),
		AttestationFormats:       picked[string](r, 22),
		Raw:                      bytes.Clone(b),
	})
}

// Append writes Raw behind b, or else the other fields, in the form that
// [ParseInfo] reads. The error is a [*ParseError]; with it the result is nil.
func (i Info) Append(b []byte) ([]byte, error) {
	if i.Raw != nil {
		if _, err := ParseInfo(i.Raw); err != nil {
			return nil, err
		}
		return append(b, i.Raw...), nil
	}
	w := writer{members: map[any]any{int64(1): textList(i.Versions), int64(3): i.AAGUID[:]}}
	w.add(int64(2), textList(i.Extensions), len(i.Extensions) > 0)
	w.options(4, i.Options)
	w.add(int64(5), i.MaxMessageSize, i.MaxMessageSize != 0)
	protocols := make([]any, len(i.PINUVAuthProtocols))
	for n, protocol := range i.PINUVAuthProtocols {
		protocols[n] = protocol
	}
	w.add(int64(6), protocols, len(protocols) > 0)
	w.add(int64(7), i.MaxCredentialCountInList, i.MaxCredentialCountInList != 0)
	w.add(int64(8), i.MaxCredentialIDLength, i.MaxCredentialIDLength != 0)
	w.add(int64(9), textList(i.Transports), len(i.Transports) > 0)
	w.add(int64(10), mapList(i.Algorithms, writeParameter), len(i.Algorithms) > 0)
	w.add(int64(22), textList(i.AttestationFormats), len(i.AttestationFormats) > 0)
	return appendTo(b, w, ParseInfo)
}

// picked is what is a T in a list.
func picked[T any](r reader, key int64) []T {
	list, _ := r.members[key].([]any)
	var all []T
	for _, element := range list {
		if v, ok := element.(T); ok {
			all = append(all, v)
		}
	}
	return all
}

func (r reader) pickNumber(key int64) uint64 {
	n, _ := r.members[key].(int64)
	return uint64(max(n, 0))
}

func (r reader) pickNumbers(key int64) []uint64 {
	var all []uint64
	for _, n := range picked[int64](r, key) {
		if n >= 0 {
			all = append(all, uint64(n))
		}
	}
	return all
}

func (r reader) pickAAGUID(key int64) (a webauthn.AAGUID) {
	if b, _ := r.members[key].([]byte); len(b) == len(a) {
		copy(a[:], b)
	}
	return a
}

func (r reader) pickOptions(key int64) Options {
	members, _ := r.members[key].(map[any]any)
	var all Options
	for name, v := range members {
		text, isText := name.(string)
		on, isBool := v.(bool)
		if !isText || !isBool {
			continue
		}
		if all == nil {
			all = Options{}
		}
		all[text] = on
	}
	return all
}

func (r reader) pickAlgorithms(key int64) []webauthn.CredentialParameter {
	var all []webauthn.CredentialParameter
	for _, members := range picked[map[any]any](r, key) {
		algorithm, isNumber := members["alg"].(int64)
		kind, isText := members["type"].(string)
		if isNumber && isText {
			all = append(all, webauthn.CredentialParameter{Type: kind, Algorithm: webauthn.Algorithm(algorithm)})
		}
	}
	return all
}
