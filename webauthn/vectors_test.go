package webauthn_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/webauthn"
)

// vector is one published ceremony, or a registration without authentication.
type vector struct {
	ID           string
	Indefinite   bool
	Registration struct{ ClientData, AttestationObject string }
	Assertion    struct{ ClientData, AuthenticatorData, Signature string }
}

// readVectors reads the published vectors, or says why not. They are not part of
// the project: see the environment variable HITHER_VECTORS.
func readVectors() ([]vector, error) {
	folder := os.Getenv("HITHER_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "vectors")
	}
	w3c, err := readW3C(filepath.Join(folder, "w3c-webauthn-l3-section16.json"))
	if err != nil {
		return nil, err
	}
	yubico, err := readYubico(filepath.Join(folder, "yubico-java-webauthn-server.json"))
	return append(w3c, yubico...), err
}

func readW3C(path string) ([]vector, error) {
	var file struct {
		Vectors []struct {
			ID           string `json:"id"`
			Registration struct {
				AttestationObject string `json:"attestationObject_b64u"`
				ClientData        string `json:"clientDataJSON_b64u"`
			} `json:"registration"`
			Authentication struct {
				AuthenticatorData string `json:"authenticatorData_b64u"`
				ClientData        string `json:"clientDataJSON_b64u"`
				Signature         string `json:"signature_b64u"`
			} `json:"authentication"`
		} `json:"vectors"`
	}
	if err := readJSON(path, &file); err != nil {
		return nil, err
	}
	all := make([]vector, len(file.Vectors))
	for i, v := range file.Vectors {
		all[i].ID = "w3c_" + v.ID
		all[i].Registration.AttestationObject = v.Registration.AttestationObject
		all[i].Registration.ClientData = v.Registration.ClientData
		all[i].Assertion.AuthenticatorData = v.Authentication.AuthenticatorData
		all[i].Assertion.ClientData = v.Authentication.ClientData
		all[i].Assertion.Signature = v.Authentication.Signature
	}
	return all, nil
}

func readYubico(path string) ([]vector, error) {
	var file struct {
		Synthetic []struct {
			ID                string `json:"id"`
			AttestationObject string `json:"attestationObject"`
			ClientDataJSON    string `json:"clientDataJSON"`
			Indefinite        bool   `json:"indefiniteLengthTopMap"`
			Assertion         struct {
				Response struct {
					AuthenticatorData string `json:"authenticatorData"`
					ClientDataJSON    string `json:"clientDataJSON"`
					Signature         string `json:"signature"`
				} `json:"response"`
			} `json:"assertionResponse"`
		} `json:"synthetic"`
	}
	if err := readJSON(path, &file); err != nil {
		return nil, err
	}
	all := make([]vector, len(file.Synthetic))
	for i, v := range file.Synthetic {
		all[i].ID = "yubico_" + v.ID
		all[i].Indefinite = v.Indefinite
		all[i].Registration.AttestationObject = v.AttestationObject
		all[i].Registration.ClientData = v.ClientDataJSON
		all[i].Assertion.AuthenticatorData = v.Assertion.Response.AuthenticatorData
		all[i].Assertion.ClientData = v.Assertion.Response.ClientDataJSON
		all[i].Assertion.Signature = v.Assertion.Response.Signature
	}
	return all, nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func (v vector) registration() []byte {
	return fmt.Appendf(nil, `{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":%q,"attestationObject":%q}}`,
		v.Registration.ClientData, v.Registration.AttestationObject)
}

func (v vector) authentication() []byte {
	return fmt.Appendf(nil, `{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":%q,"authenticatorData":%q,"signature":%q}}`,
		v.Assertion.ClientData, v.Assertion.AuthenticatorData, v.Assertion.Signature)
}

// outOfOrder are the published registrations whose attestation object has the
// keys authData and fmt or attStmt in the wrong order for the canonical form:
// those that Yubico made with a newer library, and one of an early Windows.
func outOfOrder(v vector) bool {
	return slices.Contains([]string{
		"yubico_Packed.BasicAttestationEd448", "yubico_Packed.BasicAttestationMlDsa44", "yubico_Packed.BasicAttestationMlDsa65",
		"yubico_Packed.BasicAttestationMlDsa87", "yubico_Packed.BasicAttestationRsaReal",
	}, v.ID)
}

// published is the published vectors. Without them the test is skipped, and fails
// where everything must run.
func published(t *testing.T) []vector {
	t.Helper()
	vectors, err := readVectors()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("published vectors not found, set HITHER_VECTORS to their folder: ", err)
	}
	return vectors
}

// Every published ceremony can be read, except those whose attestation object is
// not in the canonical form (REG-23).
func TestVectors(t *testing.T) {
	t.Parallel()
	vectors := published(t)
	var registrations, refused, authentications int
	for _, v := range vectors {
		r, err := webauthn.ParseRegistrationResponse(v.registration())
		switch {
		case v.Indefinite && (err == nil || !strings.Contains(err.Error(), "indefinite")):
			t.Errorf("%s: indefinite length gives %v", v.ID, err)
		case outOfOrder(v) && (err == nil || !strings.Contains(err.Error(), "canonical")):
			t.Errorf("%s: keys out of order give %v", v.ID, err)
		case v.Indefinite || outOfOrder(v):
			refused++
		case err != nil:
			t.Errorf("%s: %v", v.ID, err)
		case r.ClientData.Type != webauthn.TypeCreate || r.AttestationObject.AuthenticatorData.AttestedCredential == nil:
			t.Errorf("%s: type %q, authenticator data %v", v.ID, r.ClientData.Type, r.AttestationObject.AuthenticatorData)
		default:
			registrations++
		}
		if v.Assertion.Signature == "" {
			continue
		}
		a, err := webauthn.ParseAuthenticationResponse(v.authentication())
		if err != nil || a.ClientData.Type != webauthn.TypeGet {
			t.Errorf("%s: type %q, %v", v.ID, a.ClientData.Type, err)
			continue
		}
		authentications++
	}
	t.Logf("read %d registrations and %d authentications, refused %d registrations that are not canonical",
		registrations, authentications, refused)
}
