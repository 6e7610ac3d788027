package hybrid_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// seeded are 32 bytes that are the same each time, and look like any other.
func seeded(seed string) [32]byte { return sha256.Sum256([]byte(seed)) }

func seededKey(seed string) *ecdh.PrivateKey {
	sum := seeded(seed)
	key, err := ecdh.P256().NewPrivateKey(sum[:])
	if err != nil {
		panic(err)
	}
	return key
}

// writeOwnVectors makes the vectors from seeds, with the naive implementation. What
// both do not judge alike is an error and is not written.
func writeOwnVectors(t *testing.T) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join("testdata", "vectors", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	writeLinkedAdverts(t)
	writeUpdates(t)
}

func writeOwnVector(t *testing.T, name string, v ownVector) {
	t.Helper()
	if ours, theirs := v.judge(); ours != v.want() || theirs != v.want() {
		t.Errorf("%s: %s, the other implementation: %s; want %s", name, ours, theirs, v.want())
		return
	}
	if err := os.WriteFile(filepath.Join("testdata", "vectors", name+".txt"), v.file().Append(nil), 0o600); err != nil {
		t.Fatal(err)
	}
}

// madeAdvert is an advert with the EID that change makes of a random one.
func madeAdvert(name string, change func(eid []byte)) linkedAdvert {
	eid, nonce := seeded(name+" EID"), seeded(name+" nonce")
	v := linkedAdvert{comment: name, secret: seeded(name + " secret"), nonce: [16]byte(nonce[:16]), verdict: "accepted", eid: [16]byte(eid[:16])}
	v.eid[0] = 0
	change(v.eid[:])
	v.psk = [32]byte(naiveDerive(v.secret[:], v.eid[:], 3, 32))
	v.advert = naiveSeal(naiveDerive(v.secret[:], v.nonce[:], 1, 64), v.eid[:])
	return v
}

func writeLinkedAdverts(t *testing.T) {
	t.Helper()
	same := func([]byte) {}
	for name, change := range map[string]func(eid []byte){
		"valid_1": same, "valid_2": same, "valid_3": same,
		"domain_assigned_to_nobody": func(eid []byte) { eid[14], eid[15] = 128, 0 }, // there is no domain in it
		"all_zero":                  func(eid []byte) { clear(eid) },
	} {
		writeOwnVector(t, "linked_advert_"+name, madeAdvert(name, change))
	}
	for name, spoil := range map[string]func(v *linkedAdvert){
		"suffix":    func(v *linkedAdvert) { v.advert = append(v.advert, 0xa1, 0x01, 0x18, 0x82) }, // CTAP 2.3
		"no_suffix": func(v *linkedAdvert) { v.advert = append(v.advert, 0xff) },                   // not CBOR
	} {
		v := madeAdvert(name, same)
		spoil(&v)
		writeOwnVector(t, "linked_advert_"+name, v)
	}
	for name, spoil := range map[string]func(v *linkedAdvert){
		"reserved_byte":   nil,
		"tag_bit":         func(v *linkedAdvert) { v.advert[19] ^= 1 },
		"ciphertext_bit":  func(v *linkedAdvert) { v.advert[0] ^= 0x80 },
		"truncated":       func(v *linkedAdvert) { v.advert = v.advert[:19] },
		"tag_missing":     func(v *linkedAdvert) { v.advert = v.advert[:16] },
		"other_secret":    func(v *linkedAdvert) { v.secret[31] ^= 1 },
		"other_nonce":     func(v *linkedAdvert) { v.nonce[0] ^= 1 },
		"key_of_qr_code":  func(v *linkedAdvert) { v.advert = naiveSeal(naiveDerive(v.secret[:], nil, 1, 64), v.eid[:]) },
		"tag_at_the_back": func(v *linkedAdvert) { v.advert = slices.Concat(v.advert[:16], []byte{0}, v.advert[16:]) },
	} {
		v := madeAdvert(name, same)
		if name == "reserved_byte" {
			v = madeAdvert(name, func(eid []byte) { eid[0] = 1 })
		} else {
			spoil(&v)
		}
		v.comment, v.verdict = "broken: "+name, "refused"
		writeOwnVector(t, "linked_advert_"+name, v)
	}
}

// linkingPairs are the six entries of a linking map.
func linkingPairs(phone *ecdh.PrivateKey, client *ecdh.PublicKey, hash []byte) []pair {
	secret, link := seeded("link secret"), seeded("link ID")
	return []pair{
		{1, []byte("contact")},
		{2, link[:8]},
		{3, secret[:]},
		{4, phone.PublicKey().Bytes()},
		{5, "Telefon von Jürgen"},
		{6, naiveProof(phone, client, hash)},
	}
}

// spoiledLinking are linking maps that one thing is wrong with, and what becomes of
// them.
func spoiledLinking(l []pair) map[string]struct {
	verdict string
	linking any
} {
	type row = struct {
		verdict string
		linking any
	}
	with := func(i int, value any) []pair {
		m := slices.Clone(l)
		m[i].value = value
		return m
	}
	flipped := func(i, at int) []pair {
		b := bytes.Clone(l[i].value.([]byte))
		b[at] ^= 1
		return with(i, b)
	}
	point := l[3].value.([]byte)
	rows := map[string]row{
		"marked_as_new":     {"proven", append(slices.Clone(l), pair{999, true})},
		"unknown_keys":      {"proven", slices.Concat(l, []pair{{7, []byte{1}}, {1000, "?"}})},
		"name_empty":        {"proven", with(4, "")},
		"proof_first_bit":   {"unproven", flipped(5, 0)},
		"proof_last_bit":    {"unproven", flipped(5, 31)},
		"proof_short":       {"malformed", with(5, l[5].value.([]byte)[:31])},
		"link_id_long":      {"malformed", with(1, make([]byte, 9))},
		"secret_short":      {"malformed", with(2, make([]byte, 16))},
		"key_compressed":    {"malformed", with(3, slices.Concat([]byte{2 | point[64]&1}, point[1:33]))},
		"key_off_curve":     {"malformed", flipped(3, 64)},
		"key_infinity":      {"malformed", with(3, []byte{0})},
		"key_all_zero":      {"malformed", with(3, make([]byte, 65))},
		"key_of_another":    {"unproven", with(3, seededKey("another phone").PublicKey().Bytes())},
		"name_bytes":        {"malformed", with(4, []byte("name"))},
		"contact_id_text":   {"malformed", with(0, "contact")},
		"linking_no_map":    {"malformed", []byte{1}},
		"linking_empty_map": {"malformed", []pair{}},
		"linking_unordered": {"malformed", []pair{l[1], l[0], l[2], l[3], l[4], l[5]}},
	}
	for i, name := range []string{"contact_id", "link_id", "secret", "key", "name", "proof"} {
		rows["without_"+name] = row{"malformed", slices.Delete(slices.Clone(l), i, i+1)}
	}
	return rows
}

func writeUpdates(t *testing.T) {
	t.Helper()
	client, phone, hash := seededKey("client"), seededKey("phone"), seeded("hash")
	linking := linkingPairs(phone, client.PublicKey(), hash[:])
	update := func(name, verdict string, payload []byte) {
		writeOwnVector(t, "update_"+name, linkingUpdate{name, client, hash, verdict, payload})
	}
	valid := naiveCBOR([]pair{{0, make([]byte, 308)}, {1, linking}})
	update("valid", "proven", valid)
	update("without_padding", "proven", naiveCBOR([]pair{{1, linking}}))
	update("user_declined", "nothing", naiveCBOR([]pair{{0, make([]byte, 506)}}))
	update("empty_map", "nothing", naiveCBOR([]pair{}))
	update("unknown_key", "nothing", naiveCBOR([]pair{{2, "?"}}))
	update("padding_text", "malformed", naiveCBOR([]pair{{0, "?"}, {1, linking}}))
	update("truncated", "malformed", valid[:len(valid)-1])
	update("extended", "malformed", append(bytes.Clone(valid), 0))
	update("no_bytes", "malformed", nil)
	update("no_map", "malformed", naiveCBOR([]any{1}))
	update("key_twice", "malformed", naiveCBOR([]pair{{1, linking}, {1, linking}}))
	for name, row := range spoiledLinking(linking) {
		update(name, row.verdict, naiveCBOR([]pair{{1, row.linking}}))
	}
	for name, v := range map[string]linkingUpdate{
		"other_handshake": {"other_handshake", client, seeded("another hash"), "unproven", valid},
		"other_qr_code":   {"other_qr_code", seededKey("another client"), hash, "unproven", valid},
	} {
		writeOwnVector(t, "update_"+name, v)
	}
}
