package webauthn

import "github.com/go-json-experiment/json/jsontext"

// PRFInputs says at which inputs the pseudo-random functions of a credential are
// evaluated, an AuthenticationExtensionsPRFInputsJSON in [WebAuthn L3 §10.1.4].
// Package clientplatform gives the outputs to the program that asked it, never
// to a server.
//
// [WebAuthn L3 §10.1.4]: https://www.w3.org/TR/webauthn-3/#prf-extension
type PRFInputs struct {
	Eval *PRFValues `json:"eval,omitzero"` // for any credential; nil when absent
	// EvalByCredential has inputs by the base64url of credential ids, at
	// authentication alone; nil when absent.
	EvalByCredential map[string]PRFValues `json:"evalByCredential,omitzero"`
}

// PRFValues is one input or two, of any length.
type PRFValues struct {
	First  Bytes `json:"first"`
	Second Bytes `json:"second,omitzero"` // nil when absent
}

// readPRFInputs reads the input of the extension prf. The keys of
// evalByCredential stay texts: what to do with one that is no credential id of
// the allow list is for the client to say.
func readPRFInputs(dec *jsontext.Decoder) (*PRFInputs, error) {
	var p PRFInputs
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "eval":
			var values PRFValues
			values, err = readPRFValues(dec)
			p.Eval = &values
		case "evalByCredential":
			p.EvalByCredential, err = readPRFRecord(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func readPRFRecord(dec *jsontext.Decoder) (map[string]PRFValues, error) {
	record := map[string]PRFValues{}
	err := readObject(dec, func(dec *jsontext.Decoder, name string) error {
		if len(record) == maxDescriptors {
			return malformed("", "more than the limit of %d credentials", maxDescriptors)
		}
		values, err := readPRFValues(dec)
		record[name] = values
		return err
	})
	return record, err
}

func readPRFValues(dec *jsontext.Decoder) (PRFValues, error) {
	var v PRFValues
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "first":
			v.First, err = readAnyBytes(dec)
		case "second":
			v.Second, err = readAnyBytes(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	if err == nil && v.First == nil {
		err = within("first", errMissing)
	}
	return v, err
}

// readAnyBytes reads a base64url string that may be empty. Its length is limited
// by that of the text around it.
func readAnyBytes(dec *jsontext.Decoder) (Bytes, error) {
	text, err := readString(dec)
	if err != nil {
		return nil, err
	}
	return decodeBase64URL(text)
}
