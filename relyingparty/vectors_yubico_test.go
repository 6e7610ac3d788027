package relyingparty_test

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

type yubicoVector struct {
	ID                string         `json:"id"`
	AttestationObject webauthn.Bytes `json:"attestationObject"`
	ClientData        webauthn.Bytes `json:"clientDataJSON"`
	Challenge         webauthn.Bytes `json:"challenge"`
	RPID              string         `json:"rpId"`
	Origin            string         `json:"origin"`
	Indefinite        bool           `json:"indefiniteLengthTopMap"`
}

// yubicoExpectations say what becomes of a vector whose attestation object was
// written again in canonical form, under ignore and verify.
func yubicoExpectations() map[string][2]string {
	const (
		format    = string(relyingparty.CheckFormat)
		algorithm = string(relyingparty.CheckAlgorithm)
		key       = string(relyingparty.CheckPublicKey)
		statement = string(relyingparty.CheckStatement)
	)
	var (
		retired    = [2]string{format, format}
		notOffered = [2]string{algorithm, algorithm}
		sound      = [2]string{accepted, accepted}
		expired    = [2]string{accepted, statement} // the certificate
		leading    = [2]string{key, key}            // the modulus has a leading zero, which RFC 8230 forbids
	)
	return map[string][2]string{
		"AndroidSafetynet.RealExample":                    retired,
		"AndroidSafetynet.BasicAttestation":               retired,
		"AndroidSafetynet.WrongHostname":                  retired,
		"AndroidSafetynet.FalseCtsProfileMatch":           retired,
		"FidoU2f.BasicAttestation":                        expired,
		"FidoU2f.SelfAttestation":                         expired,
		"NoneAttestation.Default":                         sound,
		"Packed.BasicAttestation":                         expired,
		"Packed.BasicAttestationEdDsa":                    expired,
		"Packed.BasicAttestationEd448":                    notOffered,
		"Packed.BasicAttestationMlDsa44":                  notOffered,
		"Packed.BasicAttestationMlDsa65":                  notOffered,
		"Packed.BasicAttestationMlDsa87":                  notOffered,
		"Packed.BasicAttestationRsa":                      leading,
		"Packed.BasicAttestationRs384":                    notOffered,
		"Packed.BasicAttestationRs512":                    notOffered,
		"Packed.BasicAttestationRs1":                      notOffered,
		"Packed.BasicAttestationRsaReal":                  sound,
		"Packed.BasicAttestationWithoutAaguidExtension":   expired,
		"Packed.BasicAttestationWithWrongAaguidExtension": {accepted, statement}, // differs, and has expired
		"Packed.SelfAttestation":                          sound,
		"Packed.SelfAttestationRs1":                       notOffered,
		"Tpm.ValidEs256":                                  {accepted, statement}, // pubArea leaves out a leading zero of the coordinate
		"Tpm.ValidEs256Alt":                               expired,
		"Tpm.ValidEs384":                                  expired,
		"Tpm.ValidEs512":                                  expired,
		"Tpm.ValidRs256":                                  leading,
		"Tpm.ValidRs384":                                  notOffered,
		"Tpm.ValidRs512":                                  notOffered,
		"Tpm.ValidRs1":                                    notOffered,
	}
}

func TestVectorsYubico(t *testing.T) {
	t.Parallel()
	var vectors struct {
		Synthetic []yubicoVector `json:"synthetic"`
	}
	readVectors(t, "yubico-java-webauthn-server.json", &vectors)
	expected := yubicoExpectations()
	passed, canonical, verdicts := 0, 0, map[string]int{}
	for _, v := range vectors.Synthetic {
		want, ok := expected[v.ID]
		if !ok {
			t.Errorf("%s: no expectation", v.ID)
		}
		again := canonicalObject(t, v.AttestationObject)
		asIs := want
		if bytes.Equal(again, v.AttestationObject) {
			canonical++
		} else {
			// Indefinite lengths (BF…FF), or the members out of order.
			asIs = [2]string{malformedBody, malformedBody}
		}
		if v.Indefinite && asIs[0] != malformedBody {
			t.Errorf("%s: indefinite, and yet canonical", v.ID)
		}
		for i, policy := range []relyingparty.StatementPolicy{relyingparty.StatementIgnore, relyingparty.StatementVerify} {
			first, second := v.register(t, policy, v.AttestationObject), v.register(t, policy, again)
			if first != asIs[i] || second != want[i] {
				t.Errorf("%s under %s: %s, want %s; in canonical form: %s, want %s", v.ID, policy, first, asIs[i], second, want[i])
				continue
			}
			passed++
			verdicts[second]++
		}
	}
	if len(vectors.Synthetic) != 30 || passed != 60 {
		t.Errorf("%d vectors, %d registrations as expected; want 30, 60", len(vectors.Synthetic), passed)
	}
	t.Logf("yubico: %d of 30 vectors under 2 policies as expected: %d canonical, the others malformed; written again in canonical form: %v", passed/2, canonical, verdicts)
}

// canonicalObject writes an attestation object again in canonical form, which
// changes no byte that is signed.
func canonicalObject(t *testing.T, b []byte) []byte {
	t.Helper()
	var object map[string]any
	if err := cbor.Unmarshal(b, &object); err != nil {
		t.Fatal(err)
	}
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := mode.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (v yubicoVector) register(t *testing.T, policy relyingparty.StatementPolicy, object []byte) string {
	t.Helper()
	keyring, err := relyingparty.NewKeyring()
	if err != nil {
		t.Fatal(err)
	}
	rp, err := relyingparty.New(relyingparty.Config{
		ID: v.RPID, Origins: []string{v.Origin}, Algorithms: allAlgorithms(), Keyring: keyring,
		UserVerification: webauthn.UserVerificationPreferred,
		Attestation:      relyingparty.AttestationPolicy{Statement: policy},
	})
	if err != nil {
		t.Fatal(err)
	}
	// The set has no envelopes: the id is the one that the authenticator names.
	id := []byte("unknown")
	if parsed, err := webauthn.ParseAttestationObject(object); err == nil && parsed.AuthenticatorData.AttestedCredential != nil {
		id = parsed.AuthenticatorData.AttestedCredential.CredentialID
	}
	_, err = vectorRegistration(rp, v.Challenge, registrationBody(id, v.ClientData, object))
	return verdict(err)
}
