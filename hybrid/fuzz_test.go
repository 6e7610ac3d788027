package hybrid_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/internal/cbor"
)

// FuzzParseQRCode: what is read is written so that it is read alike.
func FuzzParseQRCode(f *testing.F) {
	good := goodMap()
	for _, seed := range []string{
		qrText(good), qrText(good[:2]), qrText(append(good, pair{65535, 0})), strings.ToLower(qrText(good)),
		"FIDO:/", "FIDO://", "FIDO:/999", "", qrText([]any{1}),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := hybrid.ParseQRCode(text)
		if err != nil {
			requireNoQRCode(t, text)
			return
		}
		again, err := hybrid.ParseQRCode(q.Text())
		if err != nil || !sameQRCode(again, q) || again.Text() != q.Text() {
			t.Fatalf("%q is written as %q (error: %v)", text, q.Text(), err)
		}
	})
}

// FuzzParseQRMap is FuzzParseQRCode without the digits, which hide the map from a fuzzer.
func FuzzParseQRMap(f *testing.F) {
	good := goodMap()
	for _, m := range [][]pair{good, good[:2], append(good[:6:6], pair{65535, 0}), good[1:]} {
		f.Add(naiveCBOR(m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		digits := hybrid.Digits(b)
		if again, err := hybrid.ParseDigits(digits); err != nil || !bytes.Equal(again, b) || digits != naiveDigits(b) {
			t.Fatalf("%x is %s, and that is %x (error: %v)", b, digits, again, err)
		}
		q, err := hybrid.ParseQRCode("FIDO:/" + digits)
		if err != nil {
			requireNoQRCode(t, "FIDO:/"+digits)
			return
		}
		if again, err := hybrid.ParseQRCode(q.Text()); err != nil || !sameQRCode(again, q) {
			t.Fatalf("%x is written as %q (error: %v)", b, q.Text(), err)
		}
	})
}

// FuzzParseDigits: digits have one reading and are written back as they were.
func FuzzParseDigits(f *testing.F) {
	for _, seed := range []string{"", "000", "999", "16736865", "72057594037927935", "72057594037927936", "1234", "１２３"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, digits string) {
		b, err := hybrid.ParseDigits(digits)
		if err != nil && b != nil || err == nil && hybrid.Digits(b) != digits {
			t.Fatalf("%q is read as %x (error: %v)", digits, b, err)
		}
	})
}

// FuzzOpenAdvert: both implementations open the same adverts.
func FuzzOpenAdvert(f *testing.F) {
	qr, link := hybrid.QRSecretFromBytes([16]byte{1}), hybrid.LinkSecretFromBytes([32]byte{1})
	good, linked := qr.EIDKey().Seal(hybrid.EID{1: 1, 15: 1}), link.EIDKey(hybrid.ClientNonce{2}).Seal(hybrid.EID{1: 1, 14: 128})
	for _, seed := range [][]byte{good[:], linked[:], good[:19], append(good[:], 0xa1, 0x01, 0x18, 0x82), make([]byte, 20), {}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, serviceData []byte) {
		for linked, key := range map[bool]hybrid.EIDKey{false: qr.EIDKey(), true: link.EIDKey(hybrid.ClientNonce{2})} {
			eid, ok := key.Open(serviceData)
			theirs, naiveOK := naiveOpen(key.Reveal(), serviceData, linked)
			if ok != naiveOK || ok && !bytes.Equal(eid[:], theirs) || !ok && eid != (hybrid.EID{}) {
				t.Fatalf("linked %v: %x is opened %v as %x, want %v and %x", linked, serviceData, ok, eid[:], naiveOK, theirs)
			}
		}
	})
}

// FuzzSealEID: what is sealed is opened, if it may be.
func FuzzSealEID(f *testing.F) {
	f.Add(make([]byte, 16))
	f.Add(append(make([]byte, 14), 128, 0))
	f.Add(bytes.Repeat([]byte{1}, 16))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 16 {
			return
		}
		eid, key := hybrid.EID(b), testEIDKey()
		sealed := key.Seal(eid)
		got, ok := key.Open(sealed[:])
		if want := b[0] == 0 && naiveHost(int(b[14])+256*int(b[15])) != ""; ok != want || ok && got != eid {
			t.Fatalf("%x is opened %v as %x", b, ok, got[:])
		}
	})
}

// FuzzOpenRecord: no plaintext of an authenticated record does harm.
func FuzzOpenRecord(f *testing.F) {
	for _, seed := range [][]byte{{}, {0}, {31}, {32}, make([]byte, 32), append(make([]byte, 31), 31), append([]byte{1, 4}, 0, 0, 2)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, padded []byte) {
		record, err := direction().Seal(nil, padded)
		if err != nil {
			t.Fatal(err)
		}
		got, err := hybrid.OpenRecord(direction(), bytes.Clone(record))
		n := len(padded)
		if good := n > 0 && int(padded[n-1]) < n; (err == nil) != good {
			t.Fatalf("%x: error %v", padded, err)
		}
		if err == nil && !bytes.Equal(got, padded[:n-1-int(padded[n-1])]) || err != nil && got != nil {
			t.Fatalf("%x is opened as %x (error: %v)", padded, got, err)
		}
		sealed, err := hybrid.SealRecord(direction(), padded)
		if err != nil || len(sealed)%32 != noise.Overhead {
			t.Fatalf("%d bytes make a record of %d (error: %v)", n, len(sealed), err)
		}
		if again, err := hybrid.OpenRecord(direction(), sealed); err != nil || !bytes.Equal(again, padded) {
			t.Fatalf("%x is opened as %x (error: %v)", padded, again, err)
		}
	})
}

// FuzzParseFrame: what is read is written as it was.
func FuzzParseFrame(f *testing.F) {
	for _, seed := range [][]byte{{}, {0}, {1}, {1, 4}, {2, 0xa0}, []byte("\x03{}"), {4}, {0xff, 0xff}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		kind, payload, err := hybrid.ParseFrame(plaintext)
		if err != nil {
			requireFrame(t, plaintext, -1)
			return
		}
		if kind > 3 {
			t.Fatalf("type %d", kind)
		}
		requireFrame(t, plaintext, int(kind))
		if payload == nil {
			t.Fatal("a frame without memory")
		}
	})
}

// FuzzParsePostHandshake: what is read is written so that it is read alike.
func FuzzParsePostHandshake(f *testing.F) {
	linking := linkingPairs(seededKey("phone"), seededKey("client").PublicKey(), make([]byte, 32))
	for _, m := range [][]pair{
		{{1, someInfo()}}, {{1, someInfo()}, {3, []any{"ctap", "dc"}}}, {{1, someInfo()}, {2, linking}}, {{3, []any{"dc", 1}}}, {{0, []byte{0}}}, {},
	} {
		f.Add(naiveCBOR(m))
	}
	f.Add(append(naiveCBOR([]pair{{1, someInfo()}}), make([]byte, 100)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := hybrid.ParsePostHandshake(b)
		if err != nil {
			if p.Info != nil || p.Features != nil || p.Linking != nil {
				t.Fatalf("%+v beside an error", p)
			}
			return
		}
		again, err := p.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		q, err := hybrid.ParsePostHandshake(again)
		if err != nil || !bytes.Equal(p.Info, q.Info) || strings.Join(p.Features, "\x00") != strings.Join(q.Features, "\x00") {
			t.Fatalf("%x is written as %x (error: %v)", b, again, err)
		}
	})
}

// FuzzParseUpdate: both implementations judge alike what both can read.
func FuzzParseUpdate(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "vectors", "update_*.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		v, err := parseOwnVector(filepath.Base(name), text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(v.file().Body)
	}
	client, hash := seededKey("client"), seeded("hash")
	f.Fuzz(func(t *testing.T, b []byte) {
		got, theirs := judgeUpdate(b, client, hash), naiveUpdate(b, client, hash[:])
		// The naive decoder knows neither limits nor all of CBOR.
		if _, err := cbor.Message.Decode(b); err == nil && theirs != "malformed" && got != theirs {
			t.Fatalf("%x: %s, the other implementation: %s", b, got, theirs)
		}
		l, err := hybrid.ParseUpdate(b)
		if err != nil || l == nil {
			return
		}
		if again, err := hybrid.AppendUpdate(nil, l); err == nil && len(again) != 511 {
			t.Fatalf("written as %d bytes", len(again))
		}
	})
}

// FuzzParseClientPayload: what is read is written so that it is read alike.
func FuzzParseClientPayload(f *testing.F) {
	for _, m := range [][]pair{
		{{1, make([]byte, 8)}, {2, make([]byte, 16)}, {3, "ga"}}, {{1, make([]byte, 8)}, {2, make([]byte, 16)}, {3, "zz"}, {4, 0}}, {{1, make([]byte, 7)}}, {},
	} {
		f.Add(naiveCBOR(m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := hybrid.ParseClientPayload(b)
		if err != nil {
			if p != (hybrid.ClientPayload{}) {
				t.Fatalf("%+v beside an error", p)
			}
			return
		}
		again, err := p.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := hybrid.ParseClientPayload(again); err != nil || p != q {
			t.Fatalf("%x is written as %x (error: %v)", b, again, err)
		}
	})
}
