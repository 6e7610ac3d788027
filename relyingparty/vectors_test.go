package relyingparty_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// readVectors reads a file of published vectors into v, or skips the test.
// HITHER_VECTORS names their folder, from the repository's root.
func readVectors(t *testing.T, name string, v any) {
	t.Helper()
	folder := os.Getenv("HITHER_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "shared", "vectors")
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join("..", folder)
	}
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("published vectors are not there (HITHER_VECTORS): %v", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// hexBytes is a byte string in hex.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type w3cVectors struct {
	RPID            string `json:"rpId"`
	Origin          string `json:"origin"`
	TopOrigin       string `json:"topOrigin"`
	AttestationRoot struct {
		Certificate hexBytes `json:"attestation_ca_cert"`
	} `json:"attestationRoot"`
	Vectors []struct {
		ID           string `json:"id"`
		Registration struct {
			Challenge         hexBytes `json:"challenge"`
			CredentialID      hexBytes `json:"credential_id"`
			ClientData        hexBytes `json:"clientDataJSON"`
			AttestationObject hexBytes `json:"attestationObject"`
		} `json:"registration"`
		Authentication struct {
			Challenge         hexBytes `json:"challenge"`
			ClientData        hexBytes `json:"clientDataJSON"`
			AuthenticatorData hexBytes `json:"authenticatorData"`
			Signature         hexBytes `json:"signature"`
		} `json:"authentication"`
	} `json:"vectors"`
}

// w3cExpectation says what becomes of a vector's registration under the three
// statement policies, require with the set's own root.
type w3cExpectation struct{ ignore, verify, require string }

func w3cExpectations() map[string]w3cExpectation {
	const algorithm, statement, trust = string(relyingparty.CheckAlgorithm), string(relyingparty.CheckStatement), string(relyingparty.CheckTrust)
	trusted := w3cExpectation{accepted, accepted, accepted}
	unattested := w3cExpectation{accepted, accepted, trust}
	refused := w3cExpectation{accepted, statement, statement} // a test manufacturer; not of Google; not of Apple
	return map[string]w3cExpectation{
		"none-es256":                    unattested,
		"packed-self-es256":             unattested,
		"none-es256-crossOrigin":        unattested,
		"none-es256-topOrigin":          unattested,
		"none-es256-long-credential-id": unattested,
		"packed-es256":                  trusted,
		"packed-es384":                  trusted,
		"packed-es512":                  trusted,
		"packed-rs256":                  trusted,
		"packed-eddsa":                  trusted,
		"packed-ed448":                  {algorithm, algorithm, algorithm}, // not supported
		"tpm-es256":                     refused,
		"android-key-es256":             refused,
		"apple-es256":                   refused,
		"fido-u2f-es256":                unattested, // names a model, which U2F does not sign
	}
}

func allAlgorithms() []webauthn.Algorithm {
	return []webauthn.Algorithm{webauthn.EdDSA, webauthn.ES256, webauthn.ES384, webauthn.ES512, webauthn.RS256}
}

func TestHostileVectorsW3C(t *testing.T) {
	t.Parallel()
	var vectors w3cVectors
	readVectors(t, "w3c-webauthn-l3-section16.json", &vectors)
	expected := w3cExpectations()
	registrations, assertions := 0, 0
	for _, v := range vectors.Vectors {
		name := "AST-32_" + v.ID
		if v.ID == "fido-u2f-es256" {
			name = "AST-29_AST-32_" + v.ID
		}
		t.Run(name, func(t *testing.T) {
			want, ok := expected[v.ID]
			if !ok {
				t.Fatal("no expectation")
			}
			for policy, verdictWanted := range map[relyingparty.StatementPolicy]string{
				relyingparty.StatementIgnore:  want.ignore,
				relyingparty.StatementVerify:  want.verify,
				relyingparty.StatementRequire: want.require,
			} {
				rp := w3cRelyingParty(t, vectors, policy)
				registration, err := vectorRegistration(rp, v.Registration.Challenge,
					registrationBody(v.Registration.CredentialID, v.Registration.ClientData, v.Registration.AttestationObject))
				if got := verdict(err); got != verdictWanted {
					t.Errorf("registration under %s: %s, want %s (error: %v)", policy, got, verdictWanted, err)
					continue
				}
				registrations++
				if err != nil {
					continue
				}
				response, err := webauthn.ParseAuthenticationResponse(authenticationBody(v.Registration.CredentialID,
					v.Authentication.ClientData, v.Authentication.AuthenticatorData, v.Authentication.Signature, testHandle()))
				if err != nil {
					t.Errorf("assertion: %v", err)
					continue
				}
				if _, err := rp.FinishAuthentication(relyingparty.CeremonySpec{Challenge: v.Authentication.Challenge}.Authentication(), response, record(registration)); err != nil {
					t.Errorf("assertion: %v", err)
					continue
				}
				assertions++
			}
		})
	}
	if len(vectors.Vectors) != len(expected) || registrations != 3*len(expected) || assertions != 14+11+5 {
		t.Errorf("%d vectors, %d registrations, %d assertions as expected; want 15, 45, 30", len(vectors.Vectors), registrations, assertions)
	}
	t.Logf("w3c: %d of %d vectors: %d registrations (under 3 policies) and %d assertions as expected", len(vectors.Vectors), len(expected), registrations, assertions)
}

func w3cRelyingParty(t *testing.T, vectors w3cVectors, policy relyingparty.StatementPolicy) *relyingparty.RelyingParty {
	t.Helper()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	config := relyingparty.Config{
		ID: vectors.RPID, Origins: []string{vectors.Origin}, TopOrigins: []string{vectors.TopOrigin}, Algorithms: allAlgorithms(),
		UserVerification: webauthn.UserVerificationPreferred, Keyring: keyring,
		Attestation: relyingparty.AttestationPolicy{Statement: policy},
	}
	if policy != relyingparty.StatementIgnore {
		config.Attestation.Roots = [][]byte{vectors.AttestationRoot.Certificate}
	}
	rp, err := relyingparty.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

// vectorRegistration parses and judges a registration whose challenge somebody else chose.
func vectorRegistration(rp *relyingparty.RelyingParty, challenge, body []byte) (relyingparty.Registration, error) {
	response, err := webauthn.ParseRegistrationResponse(body)
	if err != nil {
		return relyingparty.Registration{}, err
	}
	ceremony := relyingparty.CeremonySpec{Challenge: challenge, UserHandle: testHandle(), Algorithms: allAlgorithms()}.Registration()
	return rp.FinishRegistration(ceremony, response)
}

func registrationBody(id, clientData, attestationObject []byte) []byte {
	return fmt.Appendf(nil, `{"type":"public-key","id":%[1]s,"rawId":%[1]s,"response":{"clientDataJSON":%[2]s,"attestationObject":%[3]s,"transports":[]},"clientExtensionResults":{}}`,
		webauthntest.JSONBytes(id), webauthntest.JSONBytes(clientData), webauthntest.JSONBytes(attestationObject))
}

func authenticationBody(id, clientData, authenticatorData, signature, userHandle []byte) []byte {
	return fmt.Appendf(nil, `{"type":"public-key","id":%[1]s,"rawId":%[1]s,"response":{"clientDataJSON":%[2]s,"authenticatorData":%[3]s,"signature":%[4]s,"userHandle":%[5]s},"clientExtensionResults":{}}`,
		webauthntest.JSONBytes(id), webauthntest.JSONBytes(clientData), webauthntest.JSONBytes(authenticatorData), webauthntest.JSONBytes(signature), webauthntest.JSONBytes(userHandle))
}
