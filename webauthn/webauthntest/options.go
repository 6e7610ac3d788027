package webauthntest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hitherauth/hither/webauthn"
)

// text is a base64url member of options, decoded without the help of the package under test.
type text []byte

func (t *text) UnmarshalText(b []byte) error {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(string(b))
	*t = decoded
	return err
}

type descriptor struct {
	Type       string               `json:"type"`
	ID         text                 `json:"id"`
	Transports []webauthn.Transport `json:"transports"`
}

func descriptors(in []descriptor) []webauthn.CredentialDescriptor {
	out := make([]webauthn.CredentialDescriptor, len(in))
	for i, d := range in {
		out[i] = webauthn.CredentialDescriptor{Type: d.Type, ID: webauthn.Bytes(d.ID), Transports: d.Transports}
	}
	return out
}

// ReadCreationOptions reads PublicKeyCredentialCreationOptionsJSON as a client does.
func ReadCreationOptions(b []byte) (webauthn.CreationOptions, error) {
	var in struct {
		RP   webauthn.RelyingPartyEntity `json:"rp"`
		User struct {
			ID          text   `json:"id"`
			Name        string `json:"name"`
			DisplayName string `json:"displayName"`
		} `json:"user"`
		Challenge              text                            `json:"challenge"`
		Parameters             []webauthn.CredentialParameter  `json:"pubKeyCredParams"`
		Timeout                int64                           `json:"timeout"`
		ExcludeCredentials     []descriptor                    `json:"excludeCredentials"`
		AuthenticatorSelection webauthn.AuthenticatorSelection `json:"authenticatorSelection"`
		Hints                  []string                        `json:"hints"`
		Attestation            string                          `json:"attestation"`
		Extensions             webauthn.CreationExtensions     `json:"extensions"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return webauthn.CreationOptions{}, fmt.Errorf("webauthntest: creation options: %w", err)
	}
	return webauthn.CreationOptions{
		RP: in.RP,
		User: webauthn.UserEntity{
			ID: webauthn.Bytes(in.User.ID), Name: in.User.Name, DisplayName: in.User.DisplayName,
		},
		Challenge:              webauthn.Bytes(in.Challenge),
		Parameters:             in.Parameters,
		Timeout:                webauthn.Milliseconds(time.Duration(in.Timeout) * time.Millisecond),
		ExcludeCredentials:     descriptors(in.ExcludeCredentials),
		AuthenticatorSelection: in.AuthenticatorSelection,
		Hints:                  in.Hints,
		Attestation:            in.Attestation,
		Extensions:             in.Extensions,
	}, nil
}

// ReadRequestOptions reads PublicKeyCredentialRequestOptionsJSON as a client does.
func ReadRequestOptions(b []byte) (webauthn.RequestOptions, error) {
	var in struct {
		Challenge        text                      `json:"challenge"`
		Timeout          int64                     `json:"timeout"`
		RPID             string                    `json:"rpId"`
		AllowCredentials []descriptor              `json:"allowCredentials"`
		UserVerification webauthn.UserVerification `json:"userVerification"`
		Hints            []string                  `json:"hints"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return webauthn.RequestOptions{}, fmt.Errorf("webauthntest: request options: %w", err)
	}
	return webauthn.RequestOptions{
		Challenge:        webauthn.Bytes(in.Challenge),
		Timeout:          webauthn.Milliseconds(time.Duration(in.Timeout) * time.Millisecond),
		RPID:             in.RPID,
		AllowCredentials: descriptors(in.AllowCredentials),
		UserVerification: in.UserVerification,
		Hints:            in.Hints,
	}, nil
}
