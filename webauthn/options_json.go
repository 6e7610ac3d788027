package webauthn

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxOptions is the longest options text that is read, in bytes of JSON: the
	// longest list of the longest credential ids fits.
	maxOptions = 512 << 10
	// maxChallenge is far above what relying parties send, and fits client data.
	maxChallenge = 1 << 10
	// maxDescriptors and maxParameters are the longest lists of credentials and
	// of algorithms.
	maxDescriptors = 256
	maxParameters  = 64
)

// ParseCreationOptions reads the JSON text of a
// PublicKeyCredentialCreationOptionsJSON, at most 512 KiB. It shares no memory with b.
//
// Needed are rp with a name, user with its three members, challenge and
// pubKeyCredParams, which may be empty. A value that the specification does not
// know is as good as none: such an authenticatorAttachment, residentKey,
// userVerification, attestation or hint is dropped. Credentials and parameters
// of unknown types are kept. At most 256 credentials and 64 parameters are read,
// and a challenge of at most 1 KiB.
func ParseCreationOptions(b []byte) (CreationOptions, error) {
	var o CreationOptions
	var hasRP, hasParameters bool
	err := parseOptions(b, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "rp":
			hasRP = true
			o.RP, err = readRelyingParty(dec)
		case "user":
			o.User, err = readUser(dec)
		case "challenge":
			o.Challenge, err = readBytes(dec, maxChallenge)
		case "pubKeyCredParams":
			hasParameters = true
			o.Parameters, err = readList(dec, maxParameters, readParameter)
		case "timeout":
			o.Timeout, err = readMilliseconds(dec)
		case "excludeCredentials":
			o.ExcludeCredentials, err = readList(dec, maxDescriptors, readDescriptor)
		case "authenticatorSelection":
			o.AuthenticatorSelection, err = readSelection(dec)
		case "hints":
			o.Hints, err = readHints(dec)
		case "attestation":
			o.Attestation, err = readKnown(dec, "none", "indirect", "direct", "enterprise")
		case "attestationFormats":
			o.AttestationFormats, err = readAttestationFormats(dec)
		case "extensions":
			o.Extensions, err = readCreationExtensions(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	switch {
	case err != nil:
		return CreationOptions{}, err
	case !hasRP:
		return CreationOptions{}, within("rp", errMissing)
	case o.User.ID == nil:
		return CreationOptions{}, within("user", errMissing)
	case o.Challenge == nil:
		return CreationOptions{}, within("challenge", errMissing)
	case !hasParameters:
		return CreationOptions{}, within("pubKeyCredParams", errMissing)
	}
	return o, nil
}

// ParseRequestOptions reads the JSON text of a
// PublicKeyCredentialRequestOptionsJSON as [ParseCreationOptions] does. Needed is
// challenge.
func ParseRequestOptions(b []byte) (RequestOptions, error) {
	var o RequestOptions
	err := parseOptions(b, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "challenge":
			o.Challenge, err = readBytes(dec, maxChallenge)
		case "timeout":
			o.Timeout, err = readMilliseconds(dec)
		case "rpId":
			o.RPID, err = readRPID(dec)
		case "allowCredentials":
			o.AllowCredentials, err = readList(dec, maxDescriptors, readDescriptor)
		case "userVerification":
			o.UserVerification, err = readUserVerification(dec)
		case "hints":
			o.Hints, err = readHints(dec)
		case "extensions":
			o.Extensions, err = readRequestExtensions(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	switch {
	case err != nil:
		return RequestOptions{}, err
	case o.Challenge == nil:
		return RequestOptions{}, within("challenge", errMissing)
	}
	return o, nil
}

func parseOptions(b []byte, member func(*jsontext.Decoder, string) error) error {
	if len(b) > maxOptions {
		return malformed("", "%d bytes, more than the limit of %d", len(b), maxOptions)
	}
	return within("", parseJSONObject(b, member))
}

func readRelyingParty(dec *jsontext.Decoder) (RelyingPartyEntity, error) {
	var rp RelyingPartyEntity
	var hasName bool
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "id":
			rp.ID, err = readRPID(dec)
		case "name":
			hasName = true
			rp.Name, err = readString(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	if err == nil && !hasName {
		err = within("name", errMissing)
	}
	return rp, err
}

// readRPID refuses the empty text: in a value it says that there is none, and
// the client would put its own host there.
func readRPID(dec *jsontext.Decoder) (string, error) {
	id, err := readString(dec)
	if err == nil && id == "" {
		return "", errors.New("empty")
	}
	return id, err
}

func readUser(dec *jsontext.Decoder) (UserEntity, error) {
	var u UserEntity
	var hasName, hasDisplayName bool
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "id":
			u.ID, err = readBytes(dec, maxUserHandle)
		case "name":
			hasName = true
			u.Name, err = readString(dec)
		case "displayName":
			hasDisplayName = true
			u.DisplayName, err = readString(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	switch {
	case err != nil:
		return UserEntity{}, err
	case u.ID == nil:
		return UserEntity{}, within("id", errMissing)
	case !hasName:
		return UserEntity{}, within("name", errMissing)
	case !hasDisplayName:
		return UserEntity{}, within("displayName", errMissing)
	}
	return u, nil
}

func readParameter(dec *jsontext.Decoder) (CredentialParameter, error) {
	var p CredentialParameter
	var hasType, hasAlgorithm bool
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "type":
			hasType = true
			p.Type, err = readString(dec)
		case "alg":
			hasAlgorithm = true
			p.Algorithm, err = readAlgorithm(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	switch {
	case err != nil:
		return CredentialParameter{}, err
	case !hasType:
		return CredentialParameter{}, within("type", errMissing)
	case !hasAlgorithm:
		return CredentialParameter{}, within("alg", errMissing)
	}
	return p, nil
}

func readDescriptor(dec *jsontext.Decoder) (CredentialDescriptor, error) {
	var d CredentialDescriptor
	var hasType bool
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "type":
			hasType = true
			d.Type, err = readString(dec)
		case "id":
			d.ID, err = readBytes(dec, maxCredentialID)
		case "transports":
			d.Transports, err = readTransports(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	switch {
	case err != nil:
		return CredentialDescriptor{}, err
	case !hasType:
		return CredentialDescriptor{}, within("type", errMissing)
	case d.ID == nil:
		return CredentialDescriptor{}, within("id", errMissing)
	}
	return d, nil
}

func readSelection(dec *jsontext.Decoder) (AuthenticatorSelection, error) {
	var s AuthenticatorSelection
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "authenticatorAttachment":
			s.Attachment, err = readKnown(dec, "platform", "cross-platform")
		case "residentKey":
			s.ResidentKey, err = readKnown(dec, "required", "preferred", "discouraged")
		case "requireResidentKey":
			s.RequireResidentKey, err = readBool(dec)
		case "userVerification":
			s.UserVerification, err = readUserVerification(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	return s, err
}

func readCreationExtensions(dec *jsontext.Decoder) (CreationExtensions, error) {
	var e CreationExtensions
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "credProps":
			e.CredProps, err = readBool(dec)
		case "prf":
			e.PRF, err = readPRFInputs(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	return e, err
}

func readRequestExtensions(dec *jsontext.Decoder) (RequestExtensions, error) {
	var e RequestExtensions
	err := readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		if name != "prf" {
			return skipValue(dec)
		}
		e.PRF, err = readPRFInputs(dec)
		return within(name, err)
	})
	return e, err
}

func readUserVerification(dec *jsontext.Decoder) (UserVerification, error) {
	v, err := readKnown(dec, string(UserVerificationRequired), string(UserVerificationPreferred), string(UserVerificationDiscouraged))
	return UserVerification(v), err
}

// readKnown reads a string and drops what is none of known: an unknown value is
// treated as if the member were not there.
func readKnown(dec *jsontext.Decoder, known ...string) (string, error) {
	text, err := readString(dec)
	if err != nil || !slices.Contains(known, text) {
		return "", err
	}
	return text, nil
}

// readHints reads an array of strings and keeps the known hints, each once, of
// [WebAuthn L3 §5.8.7].
//
// [WebAuthn L3 §5.8.7]: https://www.w3.org/TR/webauthn-3/#enum-hints
func readHints(dec *jsontext.Decoder) ([]string, error) {
	var hints []string
	_, err := readList(dec, maxParameters, func(dec *jsontext.Decoder) (struct{}, error) {
		hint, err := readKnown(dec, "security-key", "client-device", "hybrid")
		if hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
		return struct{}{}, err
	})
	return hints, err
}

// readAttestationFormats reads an array of strings and drops what cannot be a format.
func readAttestationFormats(dec *jsontext.Decoder) ([]string, error) {
	var formats []string
	_, err := readList(dec, maxParameters, func(dec *jsontext.Decoder) (struct{}, error) {
		text, err := readString(dec)
		if format, malformed := parseFormat(text); malformed == nil {
			formats = append(formats, format)
		}
		return struct{}{}, err
	})
	return formats, err
}

// readAlgorithm reads a COSEAlgorithmIdentifier, which is a long of 32 bits.
func readAlgorithm(dec *jsontext.Decoder) (Algorithm, error) {
	text, err := readNumber(dec)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, errors.New("not a whole number of 32 bits")
	}
	return Algorithm(n), nil
}

func readMilliseconds(dec *jsontext.Decoder) (Milliseconds, error) {
	text, err := readNumber(dec)
	if err != nil {
		return 0, err
	}
	ms, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, errors.New("not a whole number of milliseconds below 2³²")
	}
	return Milliseconds(time.Duration(ms) * time.Millisecond), nil
}

// readNumber returns the text of a number.
func readNumber(dec *jsontext.Decoder) (string, error) {
	if err := expect(dec, '0'); err != nil {
		return "", err
	}
	token, err := readToken(dec)
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

// readList reads an array of at most limit elements; nil for the empty one.
func readList[T any](dec *jsontext.Decoder, limit int, element func(*jsontext.Decoder) (T, error)) ([]T, error) {
	if err := expect(dec, '['); err != nil {
		return nil, err
	}
	if _, err := readToken(dec); err != nil {
		return nil, err
	}
	var list []T
	for dec.PeekKind() != ']' {
		if len(list) == limit {
			return nil, fmt.Errorf("more than the limit of %d elements", limit)
		}
		e, err := element(dec)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	_, err := readToken(dec)
	return list, err
}
