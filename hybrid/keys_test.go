package hybrid_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hitherauth/hither/hybrid"
)

// requireSilent fails if texts tell a secret in any way in which Go prints bytes.
func requireSilent(t *testing.T, name string, secret []byte, texts ...string) {
	t.Helper()
	decimal := fmt.Sprintf("%d %d %d", secret[0], secret[1], secret[2])
	list := fmt.Sprintf("%d,%d,%d", secret[0], secret[1], secret[2])
	commas := fmt.Sprintf("%#x, %#x, %#x", secret[0], secret[1], secret[2])
	for _, text := range texts {
		for _, telling := range []string{
			string(secret), hex.EncodeToString(secret[:4]), strings.ToUpper(hex.EncodeToString(secret[:4])), decimal, list, commas,
			base64.StdEncoding.EncodeToString(secret)[:5], base64.RawURLEncoding.EncodeToString(secret)[:5],
		} {
			if strings.Contains(text, telling) {
				t.Errorf("%s tells %q in %q", name, telling, text)
			}
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	sum := seeded("secret")
	qr, link := hybrid.QRSecretFromBytes([16]byte(sum[:16])), hybrid.LinkSecretFromBytes(sum)
	eid := hybrid.EID(sum[16:])
	for name, row := range map[string]struct {
		value  any
		secret []byte
	}{
		"QRSecret":   {qr, sum[:16]},
		"LinkSecret": {link, sum[:]},
		"EIDKey":     {qr.EIDKey(), qr.EIDKey().Reveal()},
		"PSK":        {qr.PSK(eid), qr.PSK(eid).Reveal()},
		"EID":        {eid, eid[:]},
		"in_a_struct": {struct {
			Secret hybrid.QRSecret
			More   *hybrid.LinkSecret
		}{qr, &link}, sum[:16]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var texts []string
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%o", "%c", "%U", "%t"} {
				texts = append(texts, fmt.Sprintf(verb, row.value), fmt.Sprintf(verb, []any{row.value}))
			}
			if direct, ok := row.value.(interface {
				fmt.Stringer
				fmt.GoStringer
				slog.LogValuer
			}); ok {
				texts = append(texts, direct.String(), direct.GoString(), direct.LogValue().String())
			} else if name != "in_a_struct" {
				t.Error("something prints it as it likes")
			}
			j, err := json.Marshal(map[string]any{"secret": row.value})
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("secret", "value", row.value)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("secret", "value", row.value)
			requireSilent(t, name, row.secret, append(texts, string(j), log.String())...)
			if !strings.Contains(texts[0], "[redacted]") {
				t.Errorf("%s prints %q", name, texts[0])
			}
		})
	}
}

func TestSecretsEqual(t *testing.T) {
	t.Parallel()
	a, b := seeded("a"), seeded("b")
	qr := func(s [32]byte) hybrid.QRSecret { return hybrid.QRSecretFromBytes([16]byte(s[:16])) }
	link := hybrid.LinkSecretFromBytes
	eid, nonce := hybrid.EID{1}, hybrid.ClientNonce{1}
	for name, equal := range map[string][2]bool{
		"QRSecret":   {qr(a).Equal(qr(a)), qr(a).Equal(qr(b))},
		"LinkSecret": {link(a).Equal(link(a)), link(a).Equal(link(b))},
		"EIDKey":     {qr(a).EIDKey().Equal(qr(a).EIDKey()), qr(a).EIDKey().Equal(qr(b).EIDKey())},
		"EIDKey_of_a_link_with_another_nonce": {
			link(a).EIDKey(nonce).Equal(link(a).EIDKey(nonce)), link(a).EIDKey(nonce).Equal(link(a).EIDKey(hybrid.ClientNonce{})),
		},
		"PSK": {qr(a).PSK(eid).Equal(qr(a).PSK(eid)), qr(a).PSK(eid).Equal(qr(a).PSK(hybrid.EID{}))},
	} {
		if !equal[0] || equal[1] {
			t.Errorf("%s: equal to itself %v, to another %v", name, equal[0], equal[1])
		}
	}
	if got := link(a).Bytes(); got != a {
		t.Errorf("a link secret gives up %x, want %x", got, a)
	}
}
