package webauthn

import "github.com/go-json-experiment/json/jsontext"

const (
	// maxResponse is the longest response that is read, in bytes of JSON.
	maxResponse = 64 << 10
	// maxSignature has room for ML-DSA-87, which needs 4627 bytes.
	maxSignature = 8 << 10
	// maxUserHandle is the limit of [WebAuthn L3 §4], "user handle".
	maxUserHandle = 64
)

// RegistrationResponse is what a client sends at the end of a registration
// ceremony, a RegistrationResponseJSON in [WebAuthn L3 §5.1], fully decoded.
//
// [WebAuthn L3 §5.1]: https://www.w3.org/TR/webauthn-3/#dictdef-registrationresponsejson
type RegistrationResponse struct {
	// CredentialID is what the client says, 1-1023 bytes. The authenticator's own
	// word is in the attestation object, and the two are not compared here.
	CredentialID Bytes
	// Transports holds the known values, each once, in the order in which they came.
	Transports        []Transport
	Attachment        string // "platform", "cross-platform" or ""
	ClientData        ClientData
	AttestationObject AttestationObject
	// Discoverable is the extension output credProps.rk; nil when the client does
	// not say, or says something that is no boolean.
	Discoverable *bool
	// PRFEnabled is the extension output prf.enabled, in the same way. Outputs of
	// the pseudo-random functions are not read: a server has no use for them.
	PRFEnabled *bool
}

// AuthenticationResponse is what a client sends at the end of an authentication
// ceremony, an AuthenticationResponseJSON in [WebAuthn L3 §5.1], fully decoded.
//
// [WebAuthn L3 §5.1]: https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson
type AuthenticationResponse struct {
	CredentialID      Bytes  // 1-1023 bytes
	Attachment        string // "platform", "cross-platform" or ""
	ClientData        ClientData
	AuthenticatorData AuthenticatorData
	Signature         Bytes // 1-8192 bytes
	UserHandle        Bytes // 1-64 bytes; nil when absent or null
}

// ParseRegistrationResponse reads the JSON text of a registration response, at
// most 64 KiB. It shares no memory with b.
//
// Needed are id, rawId (the same text), type ("public-key"), and in response
// clientDataJSON and attestationObject. The copies that a client makes of parts
// of the attestation object (authenticatorData, publicKey, publicKeyAlgorithm)
// are not read.
func ParseRegistrationResponse(b []byte) (RegistrationResponse, error) {
	var r RegistrationResponse
	c, err := parseCredential(b, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "clientDataJSON":
			r.ClientData, err = readClientData(dec)
		case "attestationObject":
			r.AttestationObject, err = readAttestationObject(dec)
		case "transports":
			r.Transports, err = readTransports(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	switch {
	case err != nil:
		return RegistrationResponse{}, within("", err)
	case r.ClientData.Raw == nil:
		return RegistrationResponse{}, within("response.clientDataJSON", errMissing)
	case r.AttestationObject.Raw == nil:
		return RegistrationResponse{}, within("response.attestationObject", errMissing)
	}
	r.CredentialID, r.Attachment, r.Discoverable, r.PRFEnabled = c.id, c.attachment, c.discoverable, c.prfEnabled
	return r, nil
}

// ParseAuthenticationResponse reads the JSON text of an authentication response,
// at most 64 KiB. It shares no memory with b.
//
// Needed are id, rawId (the same text), type ("public-key"), and in response
// clientDataJSON, authenticatorData and signature.
func ParseAuthenticationResponse(b []byte) (AuthenticationResponse, error) {
	var r AuthenticationResponse
	c, err := parseCredential(b, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "clientDataJSON":
			r.ClientData, err = readClientData(dec)
		case "authenticatorData":
			r.AuthenticatorData, err = readAuthenticatorData(dec)
		case "signature":
			r.Signature, err = readBytes(dec, maxSignature)
		case "userHandle":
			if dec.PeekKind() == 'n' {
				return skipValue(dec)
			}
			r.UserHandle, err = readBytes(dec, maxUserHandle)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	switch {
	case err != nil:
		return AuthenticationResponse{}, within("", err)
	case r.ClientData.Raw == nil:
		return AuthenticationResponse{}, within("response.clientDataJSON", errMissing)
	case r.AuthenticatorData.Raw == nil:
		return AuthenticationResponse{}, within("response.authenticatorData", errMissing)
	case r.Signature == nil:
		return AuthenticationResponse{}, within("response.signature", errMissing)
	}
	r.CredentialID, r.Attachment = c.id, c.attachment
	return r, nil
}

// credential is what both responses have around their own.
type credential struct {
	id           Bytes
	attachment   string
	discoverable *bool
	prfEnabled   *bool
}

// parseCredential reads a PublicKeyCredential in JSON and calls response with
// each member of its member of that name.
func parseCredential(b []byte, response func(*jsontext.Decoder, string) error) (credential, error) {
	if len(b) > maxResponse {
		return credential{}, malformed("", "%d bytes, more than the limit of %d", len(b), maxResponse)
	}
	var c credential
	var id, rawID, kind string
	var hasResponse bool
	err := parseJSONObject(b, func(dec *jsontext.Decoder, name string) (err error) {
		switch name {
		case "id":
			id, err = readString(dec)
		case "rawId":
			rawID, err = readString(dec)
		case "type":
			kind, err = readString(dec)
		case "response":
			hasResponse = true
			err = readObject(dec, response)
		case "authenticatorAttachment":
			c.attachment, err = readAttachment(dec)
		case "clientExtensionResults":
			err = c.readExtensionResults(dec)
		default:
			return skipValue(dec)
		}
		return within(name, err)
	})
	if err != nil {
		return credential{}, err
	}
	switch {
	case rawID == "":
		return credential{}, malformed("rawId", "missing or empty")
	case id != rawID:
		// Compared as text: bytes have one base64url text only.
		return credential{}, malformed("id", "not the same as rawId")
	case kind != typePublicKey:
		return credential{}, malformed("type", "not %q", typePublicKey)
	case !hasResponse:
		return credential{}, within("response", errMissing)
	}
	if c.id, err = decodeLimited(rawID, maxCredentialID); err != nil {
		return credential{}, within("rawId", err)
	}
	return c, nil
}

func readClientData(dec *jsontext.Decoder) (ClientData, error) {
	b, err := readBytes(dec, maxClientData)
	if err != nil {
		return ClientData{}, err
	}
	return ParseClientData(b)
}

func readAuthenticatorData(dec *jsontext.Decoder) (AuthenticatorData, error) {
	b, err := readBytes(dec, maxAuthenticatorData)
	if err != nil {
		return AuthenticatorData{}, err
	}
	return ParseAuthenticatorData(b)
}

func readAttestationObject(dec *jsontext.Decoder) (AttestationObject, error) {
	b, err := readBytes(dec, maxAttestationObject)
	if err != nil {
		return AttestationObject{}, err
	}
	return ParseAttestationObject(b)
}

// readTransports reads an array and drops what is no known transport, of
// whatever kind it is.
func readTransports(dec *jsontext.Decoder) ([]Transport, error) {
	if err := expect(dec, '['); err != nil {
		return nil, err
	}
	if _, err := readToken(dec); err != nil {
		return nil, err
	}
	var list []Transport
	for dec.PeekKind() != ']' {
		if dec.PeekKind() != '"' {
			if err := skipValue(dec); err != nil {
				return nil, err
			}
			continue
		}
		text, err := readString(dec)
		if err != nil {
			return nil, err
		}
		list = appendTransport(list, Transport(text))
	}
	_, err := readToken(dec)
	return list, err
}

// readAttachment reads an authenticatorAttachment; a value that is not known is
// the same as none.
func readAttachment(dec *jsontext.Decoder) (string, error) {
	if dec.PeekKind() == 'n' {
		return "", skipValue(dec)
	}
	text, err := readString(dec)
	if err != nil || text != "platform" && text != "cross-platform" {
		return "", err
	}
	return text, nil
}

// readExtensionResults reads clientExtensionResults, which must be an object, and
// keeps credProps.rk and prf.enabled if they are booleans. Nothing else in it is
// read, so nothing else in it can be wrong.
func (c *credential) readExtensionResults(dec *jsontext.Decoder) error {
	return readObject(dec, func(dec *jsontext.Decoder, name string) (err error) {
		switch {
		case name == "credProps" && dec.PeekKind() == '{':
			c.discoverable, err = readOneBool(dec, "rk")
		case name == "prf" && dec.PeekKind() == '{':
			c.prfEnabled, err = readOneBool(dec, "enabled")
		default:
			return skipValue(dec)
		}
		return err
	})
}

// readOneBool reads an object and returns the member of this name if it is a boolean.
func readOneBool(dec *jsontext.Decoder, want string) (found *bool, err error) {
	err = readObject(dec, func(dec *jsontext.Decoder, name string) error {
		if k := dec.PeekKind(); name != want || k != 't' && k != 'f' {
			return skipValue(dec)
		}
		b, err := readBool(dec)
		found = &b
		return err
	})
	return found, err
}
