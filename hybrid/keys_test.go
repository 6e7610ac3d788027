package hybrid_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/secret/secrettest"
)

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	sum := seeded("secret")
	qr, link := hybrid.QRSecretFromBytes([16]byte(sum[:16])), hybrid.LinkSecretFromBytes(sum)
	eid := hybrid.EID(sum[16:])
	secrettest.Check(t, "hybrid.QRSecret", qr, sum[:16])
	secrettest.Check(t, "hybrid.LinkSecret", link, sum[:])
	secrettest.Check(t, "hybrid.EIDKey", qr.EIDKey(), qr.EIDKey().Reveal())
	secrettest.Check(t, "hybrid.PSK", link.PSK(eid), link.PSK(eid).Reveal())
	// An EID is an array, which hides from those who ask it only.
	if got := fmt.Sprintf("%x %d %v", eid, []hybrid.EID{eid}, struct{ EID hybrid.EID }{eid}); got != "[redacted] [[redacted]] {[redacted]}" {
		t.Errorf("an EID prints as %s", got)
	}
	if got, err := json.Marshal(map[string]any{"eid": eid}); string(got) != `{"eid":"[redacted]"}` {
		t.Errorf("an EID as JSON is %s, %v", got, err)
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
