package webauthn_test

import (
	"errors"
	"testing"

	"github.com/hitherauth/hither/webauthn"
)

func TestParseError(t *testing.T) {
	t.Parallel()
	cause := errors.New("seen")
	for member, want := range map[string]string{"": "webauthn: seen", "response.signature": "webauthn: response.signature: seen"} {
		err := &webauthn.ParseError{Member: member, Err: cause}
		if err.Error() != want || !errors.Is(err, cause) {
			t.Errorf("%q: got %q, want %q", member, err, want)
		}
	}
}
