package audit

import (
	"testing"

	"github.com/hitherauth/hither/internal/secret/secrettest"
)

func TestSigningKeyDoesNotPrint(t *testing.T) {
	t.Parallel()
	seed := []byte("0123456789abcdefFEDCBA9876543210")
	k, err := newSigningKey([8]byte{1}, testOrigin, seed)
	if err != nil {
		t.Fatal(err)
	}
	secrettest.Check(t, "audit.signingKey", k, seed)
	secrettest.Check(t, "audit.Sealer", &Sealer{keys: []signingKey{k}}, seed)
}
