package control_test

import (
	"encoding/base64"
	"testing"

	"github.com/hitherauth/hither/internal/control"
	"github.com/hitherauth/hither/internal/secret/secrettest"
)

func TestToken(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.api.Token()
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token.Reveal())
	if err != nil || len(raw) != 32 {
		t.Fatalf("a token of %d bytes, %v", len(raw), err)
	}
	secrettest.Check(t, "control.Token", token, raw)
	if other := start(t).api.Token(); !token.Equal(token) || token.Equal(other) || token.Equal(control.Token{}) {
		t.Error("tokens are not told apart")
	}
}
