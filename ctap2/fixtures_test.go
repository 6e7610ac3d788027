package ctap2_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/webauthn"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func filled(c byte) [32]byte { return [32]byte(bytes.Repeat([]byte{c}, 32)) }

// What each type is tried with: everything present, and as little as there can be.

func makeCredentialRequest() ctap2.MakeCredentialRequest {
	return ctap2.MakeCredentialRequest{
		ClientDataHash: filled(1),
		RP:             webauthn.RelyingPartyEntity{ID: "id.example", Name: "Example"},
		User:           webauthn.UserEntity{ID: []byte{2, 3}, Name: "maria", DisplayName: "María"},
		Parameters:     []webauthn.CredentialParameter{{Type: "public-key", Algorithm: webauthn.ES256}, {Type: "public-key", Algorithm: webauthn.EdDSA}},
		ExcludeList: []webauthn.CredentialDescriptor{
			{Type: "public-key", ID: []byte{4}},
			{Type: "public-key", ID: []byte{5, 6}, Transports: []webauthn.Transport{webauthn.TransportHybrid, "later"}},
		},
		Extensions:            ctap2.Extensions{"credProtect": {0x02}, "prf": {0xa0}},
		Options:               ctap2.Options{"rk": true, "uv": false},
		PINUVAuthParam:        []byte{},
		PINUVAuthProtocol:     2,
		EnterpriseAttestation: 1,
		AttestationFormats:    []string{"packed", "none"},
	}
}

func smallMakeCredentialRequest() ctap2.MakeCredentialRequest {
	return ctap2.MakeCredentialRequest{RP: webauthn.RelyingPartyEntity{ID: "a"}, User: webauthn.UserEntity{ID: []byte{0}}}
}

func makeCredentialResponse() ctap2.MakeCredentialResponse {
	return ctap2.MakeCredentialResponse{
		Format:                "packed",
		AuthenticatorData:     make([]byte, 37),
		Statement:             []byte("\xa1\x63alg\x26"),
		EnterpriseAttestation: true,
		LargeBlobKey:          ctap2.NewLargeBlobKey(make([]byte, 32)),
		UnsignedExtensions:    ctap2.Extensions{"prf": []byte("\xa1\x67enabled\xf5")},
	}
}

func getAssertionRequest() ctap2.GetAssertionRequest {
	return ctap2.GetAssertionRequest{
		RPID:                  "id.example",
		ClientDataHash:        filled(7),
		AllowList:             []webauthn.CredentialDescriptor{{Type: "public-key", ID: []byte{8}}},
		Extensions:            ctap2.Extensions{"prf": []byte("\xa1\x70evalByCredential\xa1\x41\x08\xa1\x65first\x58\x20" + strings.Repeat("s", 32))},
		Options:               ctap2.Options{"up": true},
		PINUVAuthParam:        []byte{9},
		PINUVAuthProtocol:     1,
		EnterpriseAttestation: 2,
		AttestationFormats:    []string{"none"},
	}
}

func getAssertionResponse() ctap2.GetAssertionResponse {
	return ctap2.GetAssertionResponse{
		Credential:          &webauthn.CredentialDescriptor{Type: "public-key", ID: []byte{8}},
		AuthenticatorData:   make([]byte, 37),
		Signature:           []byte{0x30, 0},
		User:                &webauthn.UserEntity{ID: []byte{2, 3}},
		NumberOfCredentials: 3,
		UserSelected:        true,
		LargeBlobKey:        ctap2.NewLargeBlobKey([]byte{}),
		UnsignedExtensions:  ctap2.Extensions{"prf": {0xa0}},
	}
}

func info() ctap2.Info {
	return ctap2.Info{
		Versions:                 []string{"FIDO_2_0", "FIDO_2_1"},
		Extensions:               []string{"prf"},
		AAGUID:                   webauthn.AAGUID{1, 2, 3},
		Options:                  ctap2.Options{"rk": true, "uv": true, "plat": false},
		MaxMessageSize:           1 << 20,
		PINUVAuthProtocols:       []uint64{2, 1},
		MaxCredentialCountInList: 64,
		MaxCredentialIDLength:    1023,
		Transports:               []string{"internal", "hybrid"},
		Algorithms:               []webauthn.CredentialParameter{{Type: "public-key", Algorithm: webauthn.ES256}},
		AttestationFormats:       []string{"packed", "none"},
	}
}

func prfInput() ctap2.PRFInput {
	return ctap2.PRFInput{
		Eval:             &ctap2.PRFSalts{First: filled(1), Second: new(ctap2.PRFSalt(filled(2)))},
		EvalByCredential: map[string]ctap2.PRFSalts{"\x08": {First: filled(3)}, "\xff\x00": {First: filled(4)}},
	}
}

func prfOutput() ctap2.PRFOutput {
	return ctap2.PRFOutput{
		Enabled: new(true),
		Results: &ctap2.PRFResults{First: ctap2.NewPRFSecret(filled(5)), Second: new(ctap2.NewPRFSecret(filled(6)))},
	}
}
