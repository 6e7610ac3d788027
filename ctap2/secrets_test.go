package ctap2_test

import (
	"bytes"
	"testing"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/internal/secret/secrettest"
)

// Nothing that a response keeps secret prints, in any of the ways in which values
// get into logs.
func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	raw := [32]byte([]byte("nobody may read what stands here"))
	first := ctap2.NewPRFSecret(raw)
	key := ctap2.NewLargeBlobKey(raw[:])
	output := ctap2.PRFOutput{Results: &ctap2.PRFResults{First: first, Second: &first}}
	made, asserted := makeCredentialResponse(), getAssertionResponse()
	made.LargeBlobKey, made.UnsignedExtensions = key, nil
	asserted.LargeBlobKey, asserted.UnsignedExtensions = key, nil
	secrettest.Check(t, "ctap2.PRFSecret", first, raw[:])
	secrettest.Check(t, "ctap2.PRFOutput", output, raw[:])
	secrettest.Check(t, "ctap2.LargeBlobKey", key, raw[:])
	secrettest.Check(t, "ctap2.MakeCredentialResponse", made, raw[:])
	secrettest.Check(t, "ctap2.GetAssertionResponse", asserted, raw[:])
	if other := ctap2.NewPRFSecret(filled('T')); !first.Equal(first) || first.Equal(other) || !bytes.Equal(first.Bytes(), raw[:]) {
		t.Error("Equal or Bytes of PRFSecret is wrong")
	}
	none, empty := ctap2.LargeBlobKey{}, ctap2.NewLargeBlobKey([]byte{})
	if !key.Equal(key) || key.Equal(empty) || none.Equal(empty) || none.Bytes() != nil || empty.Bytes() == nil || !bytes.Equal(key.Bytes(), raw[:]) {
		t.Error("Equal or Bytes of LargeBlobKey is wrong")
	}
}
