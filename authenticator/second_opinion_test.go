package authenticator_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// python-fido2 verifies our attestation statements and assertions.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	python := findPython(t)
	type signed struct {
		Made     string `json:"made"`
		MakeHash string `json:"make_hash"`
		Asserted string `json:"asserted"`
		GetHash  string `json:"get_hash"`
	}
	var cases []signed
	for _, format := range []string{"packed", "none"} {
		for _, algorithm := range []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA} {
			a := authenticator.New(authenticator.Config{Verifier: &person{}})
			request := makeRequest("alice", func(r *ctap2.MakeCredentialRequest) {
				r.Parameters[0].Algorithm, r.AttestationFormats = algorithm, []string{format}
			})
			made, err := a.MakeCredential(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			asserted, err := a.GetAssertion(t.Context(), getRequest())
			if err != nil {
				t.Fatal(err)
			}
			hash := getRequest().ClientDataHash
			cases = append(cases, signed{
				Made: inHex(t, made), MakeHash: hex.EncodeToString(request.ClientDataHash[:]),
				Asserted: inHex(t, asserted), GetHash: hex.EncodeToString(hash[:]),
			})
		}
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/second_opinion.py")
	cmd.Stdin = bytes.NewReader(input)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaints.Bytes())
	}
	var got []string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"packed SELF -7 True alice True", "packed SELF -8 True alice True",
		"none NONE -7 True alice True", "none NONE -8 True alice True",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

func inHex(t testing.TB, r interface{ Append([]byte) ([]byte, error) }) string {
	t.Helper()
	b, err := r.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

func findPython(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), python, "-c", "import fido2.ctap2").Run() == nil {
			return python
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Python with python-fido2: tools/deps.sh installs it")
	}
	t.Skip("no Python with python-fido2: tools/deps.sh installs it")
	return ""
}

// virtualwebauthn is another authenticator in software. Both pass the same
// ceremonies, and the relying party learns the same of both.
func TestAnotherAuthenticator(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, webauthn.ES256)
	handle := webauthn.Bytes("alice's handle")
	ours := authenticator.New(authenticator.Config{Verifier: &person{}, Backup: authenticator.BackedUp, AAGUID: webauthn.AAGUID{1}})
	theirs := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{
		UserHandle: handle, BackupEligible: true, BackupState: true,
	})
	theirs.Aaguid = webauthn.AAGUID{1}
	party := virtualwebauthn.RelyingParty{ID: rpID, Name: rpID, Origin: origin}
	credential := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	// It leaves zeros in front of a coordinate out, against RFC 9053 §7.1.1, and one
	// key in 128 has some.
	for shape := keyShape(t, credential.Key.AttestationData()); shape["x"]+shape["y"] != 64; {
		credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		shape = keyShape(t, credential.Key.AttestationData())
	}

	options, sealed, err := rp.BeginRegistration(relyingparty.RegistrationRequest{User: webauthn.UserEntity{ID: handle, Name: "alice"}})
	if err != nil {
		t.Fatal(err)
	}
	options.Attestation = "direct"
	body, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(body))
	if err != nil {
		t.Fatal(err)
	}
	made := virtualwebauthn.CreateAttestationResponse(party, theirs, credential, *parsed)
	their := finishRegistration(t, rp, sealed, []byte(made))
	our := register(t, rp, ours, func(o *webauthn.CreationOptions) { o.Attestation = "direct" })
	if their.UserVerified != our.UserVerified || their.BackupEligible != our.BackupEligible || their.BackupState != our.BackupState ||
		their.AAGUID != our.AAGUID || !bytes.Equal(their.UserHandle, our.UserHandle) || their.SignCount != our.SignCount {
		t.Errorf("registrations\nours:   %+v\ntheirs: %+v", our, their)
	}
	if diff := cmp.Diff(keyShape(t, our.PublicKey), keyShape(t, their.PublicKey)); diff != "" {
		t.Errorf("public keys (-ours +theirs)\n%s", diff)
	}

	request, sealed, err := rp.BeginAuthentication(relyingparty.AuthenticationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if body, err = json.Marshal(request); err != nil {
		t.Fatal(err)
	}
	asked, err := virtualwebauthn.ParseAssertionOptions(string(body))
	if err != nil {
		t.Fatal(err)
	}
	answer := virtualwebauthn.CreateAssertionResponse(party, theirs, credential, *asked)
	theirSignIn := finishAuthentication(t, rp, sealed, []byte(answer), their)
	ourSignIn := signIn(t, rp, ours, our)
	theirSignIn.CredentialID, ourSignIn.CredentialID = nil, nil
	if diff := cmp.Diff(ourSignIn, theirSignIn); diff != "" {
		t.Errorf("authentications (-ours +theirs)\n%s", diff)
	}
}

// keyShape is what two keys of one kind have in common.
func keyShape(t testing.TB, raw []byte) map[string]int64 {
	t.Helper()
	key, err := webauthn.ParseCOSEKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]int64{
		"length": int64(len(key.Raw)), "type": key.KeyType, "algorithm": int64(key.Algorithm), "curve": key.Curve,
		"x": int64(len(key.X)), "y": int64(len(key.Y)),
	}
}
