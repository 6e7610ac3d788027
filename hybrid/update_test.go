package hybrid_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
)

func someLinking() *hybrid.LinkingInfo {
	return &hybrid.LinkingInfo{
		ContactID: tunnel.ContactID("contact"), LinkID: hybrid.LinkID{1, 2}, Secret: [32]byte{3}, PhoneKey: seededKey("phone").PublicKey(),
		Name: "Jürgen's phone", Proof: [32]byte{4},
	}
}

// Whatever there is to say, and whether or not, an update has one length.
func TestUpdateHasOneLength(t *testing.T) {
	t.Parallel()
	const longest = 352 // bytes of contact ID and name; then there is no byte left for padding
	var marked int
	nothing, err := hybrid.AppendUpdate([]byte("before"), nil)
	if err != nil || len(nothing) != len("before")+511 {
		t.Errorf("nothing has %d bytes (error: %v)", len(nothing), err)
	}
	for n := range 600 {
		l := someLinking()
		l.Name = strings.Repeat("n", n/2)
		l.ContactID = bytes.Repeat([]byte{1}, n-n/2)
		b, err := hybrid.AppendUpdate(nil, l)
		if err != nil {
			if n <= longest || b != nil {
				t.Errorf("%d bytes of contact ID and name: %v", n, err)
			}
			continue
		}
		if n > longest {
			t.Errorf("%d bytes of contact ID and name fit", n)
		}
		if len(b) != 511 {
			t.Errorf("%d bytes of contact ID and name make an update of %d bytes", n, len(b))
		}
		got, err := hybrid.ParseUpdate(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l, got, cmp.Comparer(func(a, b *ecdh.PublicKey) bool { return a.Equal(b) })); diff != "" {
			t.Errorf("%d bytes: %s", n, diff)
		}
		if bytes.Contains(b, []byte{0x19, 0x03, 0xe7, 0xf5}) { // 999: true
			marked++
		}
	}
	// The two at which the length of the padding would gain a byte of its own.
	if marked != 2 {
		t.Errorf("%d lengths were made possible by a key that is ignored", marked)
	}
}

func TestLinkProof(t *testing.T) {
	t.Parallel()
	client, phone := seededKey("client"), seededKey("phone")
	hash := seeded("hash")
	l := someLinking()
	var err error
	if l.Proof, err = hybrid.LinkProof(phone, client.PublicKey(), hash); err != nil {
		t.Fatal(err)
	}
	if !l.Proven(client, hash) {
		t.Error("a good proof is refused")
	}
	for bit := range 256 {
		other := *l
		other.Proof[bit/8] ^= 1 << (bit % 8)
		otherHash := hash
		otherHash[bit/8] ^= 1 << (bit % 8)
		if other.Proven(client, hash) || l.Proven(client, otherHash) {
			t.Errorf("bit %d does not matter", bit)
		}
	}
	if l.Proven(seededKey("another client"), hash) {
		t.Error("a proof for another QR code is taken")
	}
	other := *l
	other.PhoneKey = seededKey("another phone").PublicKey()
	if other.Proven(client, hash) {
		t.Error("a proof for another phone is taken")
	}
	// A key of another curve is an error, not a panic.
	p384, err := ecdh.P384().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if proof, err := hybrid.LinkProof(p384, client.PublicKey(), hash); err == nil || proof != [32]byte{} {
		t.Error("a proof between two curves")
	}
	if l.Proven(p384, hash) {
		t.Error("a proof to a key of another curve is taken")
	}
}

func TestClientPayload(t *testing.T) {
	t.Parallel()
	good := []pair{{1, bytes.Repeat([]byte{1}, 8)}, {2, bytes.Repeat([]byte{2}, 16)}, {3, "mc"}}
	want := hybrid.ClientPayload{LinkID: hybrid.LinkID(good[0].value.([]byte)), Nonce: hybrid.ClientNonce(good[1].value.([]byte)), Hint: hybrid.HintMakeCredential}
	b, err := want.Append(nil)
	if err != nil || !bytes.Equal(b, naiveCBOR(good)) || len(b) != 33 {
		t.Errorf("%x, want %x (error: %v)", b, naiveCBOR(good), err)
	}
	for name, m := range map[string][]pair{"as_is": good, "unknown_key": append(good[:3:3], pair{4, "?"})} {
		if got, err := hybrid.ParseClientPayload(naiveCBOR(m)); err != nil || got != want {
			t.Errorf("%s: %+v, want %+v (error: %v)", name, got, want, err)
		}
	}
	longest := naiveCBOR(append(good[:3:3], pair{4, make([]byte, 220)}))
	if _, err := hybrid.ParseClientPayload(longest); err != nil || len(longest) != 256 {
		t.Errorf("%d bytes: %v", len(longest), err)
	}
	unknown := append(good[:2:2], pair{3, "zz"})
	if got, err := hybrid.ParseClientPayload(naiveCBOR(unknown)); err != nil || got.Hint != hybrid.HintGetAssertion {
		t.Errorf("an unknown hint is %v (error: %v)", got.Hint, err)
	}
	for name, bad := range map[string][]byte{
		"nothing":       nil,
		"no_link_id":    naiveCBOR(good[1:]),
		"no_nonce":      naiveCBOR([]pair{good[0], good[2]}),
		"no_hint":       naiveCBOR(good[:2]),
		"link_id_short": naiveCBOR([]pair{{1, make([]byte, 7)}, good[1], good[2]}),
		"nonce_long":    naiveCBOR([]pair{good[0], {2, make([]byte, 17)}, good[2]}),
		"hint_bytes":    naiveCBOR([]pair{good[0], good[1], {3, []byte("mc")}}),
		"array":         naiveCBOR([]any{1}),
		"trailing_byte": append(naiveCBOR(good), 0),
		"too_long":      naiveCBOR(append(good[:3:3], pair{4, make([]byte, 256)})),
	} {
		if got, err := hybrid.ParseClientPayload(bad); err == nil || got != (hybrid.ClientPayload{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
