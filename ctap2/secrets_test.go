package ctap2_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hitherauth/hither/ctap2"
)

// Nothing that a response keeps secret prints, in any of the ways in which values
// get into logs.
func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	const c = 'S'
	secret := filled(c)
	output := ctap2.PRFOutput{Results: &ctap2.PRFResults{First: ctap2.NewPRFSecret(secret), Second: new(ctap2.NewPRFSecret(secret))}}
	extension, err := output.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	made, asserted := makeCredentialResponse(), getAssertionResponse()
	made.LargeBlobKey, made.UnsignedExtensions = secret[:], ctap2.Extensions{ctap2.ExtensionPRF: extension}
	asserted.LargeBlobKey, asserted.UnsignedExtensions = secret[:], made.UnsignedExtensions
	for name, v := range map[string]any{
		"secret": output.Results.First, "results": *output.Results, "output": output,
		"key": made.LargeBlobKey, "extensions": made.UnsignedExtensions, "made": made, "asserted": asserted,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%o", "%c", "%U"} {
				fmt.Fprintf(&out, verb+"\n", v)
			}
			slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
			text, err := json.Marshal(v)
			if err != nil {
				t.Error(err)
			}
			out.Write(text)
			for _, leak := range []string{"SSS", "83 83", "83,83", "5353", "0x53", "123 123", "U+0053", "U1NT", "NTU1", "TU1N"} {
				if strings.Contains(out.String(), leak) {
					t.Errorf("%q in %s", leak, out.String())
				}
			}
		})
	}
	if a, b := ctap2.NewPRFSecret(secret), ctap2.NewPRFSecret(filled('T')); !a.Equal(a) || a.Equal(b) || !bytes.Equal(a.Bytes(), secret[:]) {
		t.Error("Equal or Bytes is wrong")
	}
}
