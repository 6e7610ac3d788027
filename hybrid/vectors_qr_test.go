package hybrid_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/cbor"
)

type digitsInputs struct {
	Bytes  hexBytes `json:"bytes"`
	Digits string   `json:"digits"`
}

func checkDigits(inputs digitsInputs, expected struct {
	Digits string `json:"digits"`
},
) error {
	b, err := hybrid.ParseDigits(expected.Digits)
	return errors.Join(err, sameBytes("bytes", b, inputs.Bytes), same("digits", hybrid.Digits(inputs.Bytes), expected.Digits))
}

func checkDigitsInvalid(inputs digitsInputs, _ struct {
	Error string `json:"error"` // in words
},
) error {
	if b, err := hybrid.ParseDigits(inputs.Digits); err == nil || b != nil { // zero value beside an error
		return fmt.Errorf("accepted as %x", b)
	}
	return nil
}

type qrURL struct {
	URL string `json:"url"`
}

func checkQRURL(inputs qrURL, expected struct {
	Roundtrip    bool      `json:"roundtrip"`
	Secret       *hexBytes `json:"secret"`
	KnownDomains *uint64   `json:"known_domains"`
	Hint         *string   `json:"hint"`
},
) error {
	q, err := hybrid.ParseQRCode(inputs.URL)
	if err != nil {
		return err
	}
	digits, err := hybrid.ParseDigits(inputs.URL[len("FIDO:/"):])
	if err != nil {
		return err
	}
	v, err := cbor.Decode(digits)
	if err != nil {
		return err
	}
	// We always say whether we can link. A code that does not is other than ours in that alone.
	m, _ := v.(map[any]any)
	if m[int64(4)] == nil {
		m[int64(4)] = false
	}
	with4, err := cbor.Encode(m)
	if err != nil {
		return err
	}
	err = errors.Join(
		same("roundtrip", hybrid.Digits(digits) == inputs.URL[len("FIDO:/"):], expected.Roundtrip),
		same("text", q.Text(), "FIDO:/"+hybrid.Digits(with4)))
	if expected.Secret != nil {
		err = errors.Join(err, sameBytes("secret", q.Secret.Reveal(), *expected.Secret))
	}
	if expected.KnownDomains != nil {
		err = errors.Join(err, same("known_domains", q.KnownDomains, *expected.KnownDomains))
	}
	if expected.Hint != nil {
		err = errors.Join(err, same("hint", q.Hint.String(), *expected.Hint))
	}
	return err
}

func checkQRURLInvalid(inputs qrURL, expected struct {
	Error bool `json:"error"`
},
) error {
	q, err := hybrid.ParseQRCode(inputs.URL)
	return errors.Join(same("error", err != nil, expected.Error), same("zero value", q.ClientKey == nil, true))
}

// mapValue is one of the values that a map of a vector has.
type mapValue struct {
	Bytes *hexBytes `json:"bytes"`
	Int   *int64    `json:"int"`
	Text  *string   `json:"text"`
	Bool  *bool     `json:"bool"`
}

func (v mapValue) cbor() any {
	switch {
	case v.Bytes != nil:
		return []byte(*v.Bytes)
	case v.Int != nil:
		return *v.Int
	case v.Text != nil:
		return *v.Text
	default:
		return *v.Bool
	}
}

func checkQRMap(inputs struct {
	Map [][2]json.RawMessage `json:"map"`
}, expected struct {
	Valid        bool   `json:"valid"`
	KnownDomains uint64 `json:"known_domains"`
	Linking      *bool  `json:"linking"` // null: the map does not say, which counts as false
	Hint         string `json:"hint"`
},
) error {
	m := map[any]any{}
	for _, pair := range inputs.Map {
		var key int64
		var value mapValue
		if err := errors.Join(json.Unmarshal(pair[0], &key), json.Unmarshal(pair[1], &value)); err != nil {
			return err
		}
		m[key] = value.cbor()
	}
	b, err := cbor.Encode(m)
	if err != nil {
		return err
	}
	q, err := hybrid.ParseQRCode("FIDO:/" + hybrid.Digits(b))
	if err != nil || !expected.Valid {
		return same("valid", err == nil, expected.Valid)
	}
	return errors.Join(
		same("known_domains", q.KnownDomains, expected.KnownDomains),
		same("linking", q.Linking, expected.Linking != nil && *expected.Linking),
		same("hint", q.Hint.String(), expected.Hint))
}
