package hybrid_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
)

func testEIDKey() hybrid.EIDKey { return hybrid.QRSecretFromBytes([16]byte{1}).EIDKey() }

func linkedEIDKey() hybrid.EIDKey {
	return hybrid.LinkSecretFromBytes([32]byte{1}).EIDKey(hybrid.ClientNonce{2})
}

func TestNewEID(t *testing.T) {
	t.Parallel()
	routing := tunnel.RoutingID{0xa, 0xb, 0xc}
	eid, err := hybrid.NewEID(bytes.NewReader([]byte("0123456789")), routing, 511)
	if err != nil {
		t.Fatal(err)
	}
	if want := hybrid.EID([]byte("\x000123456789\x0a\x0b\x0c\xff\x01")); eid != want {
		t.Errorf("%x, want %x", eid[:], want[:])
	}
	if eid.Nonce() != [10]byte([]byte("0123456789")) || eid.RoutingID() != routing || eid.Domain() != 511 {
		t.Errorf("nonce %x, routing ID %v, domain %d", eid.Nonce(), eid.RoutingID(), eid.Domain())
	}
	// nil means crypto/rand: no two are alike.
	first, err1 := hybrid.NewEID(nil, routing, 0)
	second, err2 := hybrid.NewEID(nil, routing, 0)
	if err := errors.Join(err1, err2); err != nil || first == second {
		t.Errorf("two random EIDs are alike (error: %v)", err)
	}
	for _, domain := range []hybrid.Domain{2, 128, 255} {
		if eid, err := hybrid.NewEID(nil, routing, domain); err == nil || eid != (hybrid.EID{}) {
			t.Errorf("domain %d has an EID", domain)
		}
	}
	for _, broken := range []io.Reader{bytes.NewReader(nil), bytes.NewReader(make([]byte, 9)), iotest.ErrReader(io.ErrUnexpectedEOF)} {
		if eid, err := hybrid.NewEID(broken, routing, 0); err == nil || eid != (hybrid.EID{}) {
			t.Error("an EID without random numbers")
		}
	}
}

// Quirk of Chromium as a client platform: it looks for a domain in random bytes.
func TestNewLinkedEID(t *testing.T) {
	t.Parallel()
	unlucky, lucky := bytes.Repeat([]byte{0x80, 0}, 8)[:15], bytes.Repeat([]byte{7}, 15)
	unlucky[13], unlucky[14] = 255, 0
	eid, err := hybrid.NewLinkedEID(bytes.NewReader(slices.Concat(unlucky, unlucky, lucky)))
	if err != nil || !bytes.Equal(eid[1:], lucky) || eid[0] != 0 {
		t.Errorf("%x, want %x (error: %v)", eid[:], lucky, err)
	}
	for name, broken := range map[string]io.Reader{
		"always_unlucky": bytes.NewReader(bytes.Repeat(unlucky, 1000)),
		"ends":           bytes.NewReader(slices.Concat(unlucky, lucky[:14])),
	} {
		if eid, err := hybrid.NewLinkedEID(broken); err == nil || eid != (hybrid.EID{}) {
			t.Errorf("%s: EID %x", name, eid[:])
		}
	}
	for range 2000 {
		eid, err := hybrid.NewLinkedEID(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := eid.Domain().Host(); err != nil {
			t.Fatalf("Chromium would not hear %x", eid[:])
		}
	}
}

func TestHostileAdverts(t *testing.T) {
	t.Parallel()
	eid := hybrid.EID{1: 1, 11: 2, 15: 1}
	for name, key := range map[string]hybrid.EIDKey{"QR_initiated": testEIDKey(), "state_assisted": linkedEIDKey()} {
		good := key.Seal(eid)
		if got, ok := key.Open(good[:]); !ok || got != eid {
			t.Fatalf("%s: a good advert is not opened", name)
		}
		t.Run("HYB-04_"+name+"_each_bit", func(t *testing.T) {
			t.Parallel()
			for bit := range 8 * len(good) {
				bad := good
				bad[bit/8] ^= 1 << (bit % 8)
				requireForeign(t, key, bad[:])
			}
		})
		t.Run("HYB-04_"+name+"_lengths", func(t *testing.T) {
			t.Parallel()
			for n := range 41 {
				serviceData := append(bytes.Clone(good[:]), make([]byte, 20)...)[:n]
				if n < hybrid.AdvertSize {
					requireForeign(t, key, serviceData)
				} else if got, ok := key.Open(serviceData); !ok || got != eid {
					t.Errorf("an advert with %d bytes behind it is not opened", n-hybrid.AdvertSize)
				}
				requireForeign(t, key, make([]byte, n))
			}
		})
		t.Run("HYB-04_"+name+"_reserved_byte", func(t *testing.T) {
			t.Parallel()
			for reserved := 1; reserved < 256; reserved++ {
				bad := eid
				bad[0] = byte(reserved)
				sealed := key.Seal(bad)
				requireForeign(t, key, sealed[:])
			}
		})
		t.Run("HYB-04_"+name+"_moved", func(t *testing.T) {
			t.Parallel()
			requireForeign(t, key, append([]byte{0}, good[:]...))
			requireForeign(t, key, good[1:])
			requireForeign(t, key, slices.Concat(good[:16], good[17:], good[:1]))
		})
	}
	t.Run("HYB-04_unassigned_domains", func(t *testing.T) {
		t.Parallel()
		for domain := range 258 {
			e := eid
			e[14], e[15] = byte(domain), byte(domain>>8)
			sealed := testEIDKey().Seal(e)
			if _, ok := testEIDKey().Open(sealed[:]); ok != (domain < 2 || domain > 255) {
				t.Errorf("domain %d: opened %v", domain, ok)
			}
			// A linked phone's EID has no domain in it.
			sealed = linkedEIDKey().Seal(e)
			if got, ok := linkedEIDKey().Open(sealed[:]); !ok || got != e {
				t.Errorf("state-assisted, %d in place of a domain: not opened", domain)
			}
		}
	})
	t.Run("HYB-04_other_keys", func(t *testing.T) {
		t.Parallel()
		good := testEIDKey().Seal(eid)
		for bit := range 128 {
			var secret [16]byte
			secret[0] = 1
			secret[bit/8] ^= 1 << (bit % 8)
			requireForeign(t, hybrid.QRSecretFromBytes(secret).EIDKey(), good[:])
		}
		requireForeign(t, linkedEIDKey(), good[:])
		requireForeign(t, hybrid.EIDKey{}, good[:])
		linked := linkedEIDKey().Seal(eid)
		for i := range 16 {
			nonce := hybrid.ClientNonce{2}
			nonce[i] ^= 1
			requireForeign(t, hybrid.LinkSecretFromBytes([32]byte{1}).EIDKey(nonce), linked[:])
		}
	})
}

func requireForeign(t *testing.T, key hybrid.EIDKey, serviceData []byte) {
	t.Helper()
	if eid, ok := key.Open(serviceData); ok || eid != (hybrid.EID{}) {
		t.Errorf("%x is opened as %x", serviceData, eid[:])
	}
}

// Nobody's advert costs an allocation, however many are in the air.
func TestOpenAllocatesNothing(t *testing.T) {
	key, advert := testEIDKey(), linkedEIDKey().Seal(hybrid.EID{1: 1})
	if n := testing.AllocsPerRun(100, func() { key.Open(advert[:]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleEIDKey_Open() {
	secret := hybrid.QRSecretFromBytes([16]byte{1, 2, 3}) // of 16 random bytes
	eid, err := hybrid.NewEID(nil, tunnel.RoutingID{1, 2, 3}, 266)
	if err != nil {
		fmt.Println(err)
		return
	}
	advert := secret.EIDKey().Seal(eid) // the phone sends it
	heard, ok := secret.EIDKey().Open(advert[:])
	host, err := heard.Domain().Host()
	fmt.Println(ok, host, err, heard)
	// Output: true cable.wufkweyy3uaxb.com <nil> [redacted]
}
