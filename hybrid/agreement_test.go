package hybrid_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
)

func newKey(tb testing.TB) *ecdh.PrivateKey {
	tb.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func array16(t *rapid.T, name string) [16]byte {
	return [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name))
}

func array32(t *rapid.T, name string) [32]byte {
	return [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, name))
}

func requireBytes(t *rapid.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: %x, want %x", what, got, want)
	}
}

// Both implementations derive the same keys and read each other's adverts.
func TestImplementationsAgreeOnAdverts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		qr, link := array16(t, "QR secret"), array32(t, "link secret")
		nonce, eid := array16(t, "nonce"), array16(t, "EID")
		eid[0] = rapid.SampledFrom([]byte{0, 0, 0, 1, 0x80}).Draw(t, "reserved")
		eid[15] = rapid.SampledFrom([]byte{0, 1, eid[15]}).Draw(t, "domain")
		secret, linkSecret := hybrid.QRSecretFromBytes(qr), hybrid.LinkSecretFromBytes(link)
		id := secret.TunnelID()
		requireBytes(t, "tunnel ID", id[:], naiveDerive(qr[:], nil, 2, 16))
		requireBytes(t, "PSK", secret.PSK(eid).Reveal(), naiveDerive(qr[:], eid[:], 3, 32))
		requireBytes(t, "linked PSK", linkSecret.PSK(eid).Reveal(), naiveDerive(link[:], eid[:], 3, 32))
		for linked, key := range map[bool]hybrid.EIDKey{false: secret.EIDKey(), true: linkSecret.EIDKey(nonce)} {
			naiveKey := naiveDerive(qr[:], nil, 1, 64)
			if linked {
				naiveKey = naiveDerive(link[:], nonce[:], 1, 64)
			}
			requireBytes(t, "EID key", key.Reveal(), naiveKey)
			advert := key.Seal(eid)
			requireBytes(t, "advert", advert[:], naiveSeal(naiveKey, eid[:]))
			ours, ok := key.Open(advert[:])
			theirs, naiveOK := naiveOpen(naiveKey, advert[:], linked)
			if ok != naiveOK || ok && !bytes.Equal(ours[:], theirs) {
				t.Fatalf("linked %v: opened %v as %x, want %v and %x", linked, ok, ours[:], naiveOK, theirs)
			}
		}
	})
}

// Both implementations write the same QR codes, and this one reads what it writes.
func TestImplementationsAgreeOnQRCodes(t *testing.T) {
	t.Parallel()
	keys := make([]*ecdh.PublicKey, 8)
	for i := range keys {
		keys[i] = newKey(t).PublicKey()
	}
	rapid.Check(t, func(t *rapid.T) {
		key, secret := rapid.SampledFrom(keys).Draw(t, "key"), array16(t, "secret")
		q := hybrid.QRCode{
			ClientKey:    key,
			Secret:       hybrid.QRSecretFromBytes(secret),
			KnownDomains: uint64(rapid.IntRange(0, 1<<20).Draw(t, "domains")),
			Linking:      rapid.Bool().Draw(t, "linking"),
			Hint:         hybrid.Hint(rapid.IntRange(0, 3).Draw(t, "hint")),
		}
		point := key.Bytes()
		m := []pair{
			{0, append([]byte{2 | point[64]&1}, point[1:33]...)},
			{1, secret[:]},
			{2, int(q.KnownDomains)},
		}
		if rapid.Bool().Draw(t, "says the time") {
			seconds := rapid.IntRange(0, 1<<32-1).Draw(t, "time")
			q.Time = time.Unix(int64(seconds), 0)
			m = append(m, pair{3, seconds})
		}
		m = append(m, pair{4, q.Linking}, pair{5, []string{"ga", "mc", "dcp", "dci"}[q.Hint]})
		if got, want := q.Text(), "FIDO:/"+naiveDigits(naiveCBOR(m)); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		again, err := hybrid.ParseQRCode(q.Text())
		if err != nil || !sameQRCode(again, q) {
			t.Fatalf("%+v is read as %+v (error: %v)", q, again, err)
		}
	})
}

func sameQRCode(a, b hybrid.QRCode) bool {
	return a.ClientKey.Equal(b.ClientKey) && a.Secret.Equal(b.Secret) && a.KnownDomains == b.KnownDomains &&
		a.Time.Equal(b.Time) && a.Linking == b.Linking && a.Hint == b.Hint
}

// Both implementations give all 65,536 domains the same name, or none.
func TestImplementationsAgreeOnDomains(t *testing.T) {
	t.Parallel()
	lengths := map[int]int{}
	for id := range 1 << 16 {
		host, err := hybrid.Domain(id).Host()
		if want := naiveHost(id); host != want || (err == nil) != (want != "") {
			t.Fatalf("domain %d: %q, want %q (error: %v)", id, host, want, err)
		}
		if id >= 256 {
			label := host[len("cable."):]
			lengths[strings.IndexByte(label, '.')]++
		}
	}
	if lengths[13] != 48974 || lengths[12] != 15824 || lengths[11] != 466 || lengths[10] != 16 {
		t.Errorf("lengths of labels: %v", lengths)
	}
}

// Each end proves a link to the other implementation's other end.
func TestImplementationsAgreeOnLinking(t *testing.T) {
	t.Parallel()
	clientKey, phoneKey := newKey(t), newKey(t)
	rapid.Check(t, func(t *rapid.T) {
		hash, linkID := array32(t, "hash"), array16(t, "link ID")
		proof, err := hybrid.LinkProof(phoneKey, clientKey.PublicKey(), hash)
		if err != nil {
			t.Fatal(err)
		}
		requireBytes(t, "proof", proof[:], naiveProof(clientKey, phoneKey.PublicKey(), hash[:]))
		l := hybrid.LinkingInfo{
			ContactID: tunnel.ContactID(rapid.SliceOfN(rapid.Byte(), 0, 150).Draw(t, "contact ID")),
			LinkID:    hybrid.LinkID(linkID[:8]), Secret: array32(t, "secret"),
			PhoneKey: phoneKey.PublicKey(), Name: rapid.StringN(0, 40, 150).Draw(t, "name"), Proof: proof,
		}
		if rapid.Bool().Draw(t, "wrong") {
			l.Proof[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1
		}
		payload, err := hybrid.AppendUpdate(nil, &l)
		if err != nil {
			t.Fatal(err)
		}
		if len(payload) != 511 {
			t.Fatalf("%d bytes, want 511", len(payload))
		}
		want := map[bool]string{true: "proven", false: "unproven"}[l.Proof == proof]
		if got := naiveUpdate(payload, clientKey, hash[:]); got != want {
			t.Fatalf("the other implementation: %s, want %s, of %x", got, want, payload)
		}
		if got := judgeUpdate(payload, clientKey, hash); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}

// judgeUpdate is what package hybrid thinks of an update.
func judgeUpdate(payload []byte, clientKey *ecdh.PrivateKey, hash [32]byte) string {
	l, err := hybrid.ParseUpdate(payload)
	switch {
	case err != nil:
		return "malformed"
	case l == nil:
		return "nothing"
	case !l.Proven(clientKey, hash):
		return "unproven"
	default:
		return "proven"
	}
}
