package webauthntest

import (
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"time"
)

// Tags of DER values ([ITU-T X.690]) that attestation certificates and signatures use.
//
// [ITU-T X.690]: https://www.itu.int/rec/T-REC-X.690
const (
	DERTagBoolean         byte = 0x01
	DERTagInteger         byte = 0x02
	DERTagBitString       byte = 0x03
	DERTagOctetString     byte = 0x04
	DERTagNull            byte = 0x05
	DERTagOID             byte = 0x06
	DERTagEnumerated      byte = 0x0a
	DERTagUTF8String      byte = 0x0c
	DERTagPrintableString byte = 0x13
	DERTagIA5String       byte = 0x16
	DERTagUTCTime         byte = 0x17
	DERTagGeneralizedTime byte = 0x18
	DERTagSequence        byte = 0x30
	DERTagSet             byte = 0x31
)

// DERValue writes a value with a one-octet tag and the shortest definite length.
func DERValue(tag byte, parts ...[]byte) []byte {
	content := slices.Concat(parts...)
	n := len(content)
	if n < 0x80 {
		return slices.Concat([]byte{tag, byte(n)}, content)
	}
	octets := 1
	for n>>(8*octets) != 0 {
		octets++
	}
	return DERLongValue(tag, octets, n, content)
}

// DERLongValue writes a value whose length takes the long form with the given number of octets and claims the given
// length, which need be neither the shortest form nor true.
func DERLongValue(tag byte, octets, claimed int, content []byte) []byte {
	out := []byte{tag, 0x80 | byte(octets)}
	for i := octets - 1; i >= 0; i-- {
		if i > 7 {
			out = append(out, 0)
			continue
		}
		out = append(out, byte(claimed>>(8*i)))
	}
	return append(out, content...)
}

// DERIndefinite writes a constructed value in BER's indefinite form, which DER forbids.
func DERIndefinite(tag byte, parts ...[]byte) []byte {
	return slices.Concat([]byte{tag, 0x80}, slices.Concat(parts...), []byte{0, 0})
}

// DERContext writes an explicitly tagged value: context specific, constructed. Tags above 30 take the long form.
func DERContext(tag int, parts ...[]byte) []byte {
	content := slices.Concat(parts...)
	if tag < 31 {
		return DERValue(0xa0|byte(tag), content)
	}
	return slices.Concat([]byte{0xbf}, base128(tag), DERValue(0, content)[1:])
}

// DERInteger writes an integer in its shortest form.
func DERInteger(n *big.Int) []byte { return DERPaddedInteger(n, 0) }

// DERPaddedInteger writes an integer with that many octets of sign in front, which DER forbids.
func DERPaddedInteger(n *big.Int, padding int) []byte {
	content := n.Bytes()
	sign := byte(0)
	switch {
	case n.Sign() < 0:
		sign = 0xff
		// Two's complement: 2^(8k) + n with the smallest k that leaves the sign bit set.
		k := (new(big.Int).Not(n).BitLen() + 8) / 8
		content = new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), uint(8*k)), n).Bytes()
	case len(content) == 0 || content[0]&0x80 != 0:
		content = append([]byte{0}, content...)
	}
	return DERValue(DERTagInteger, slices.Repeat([]byte{sign}, padding), content)
}

// DERSmallInteger writes a small integer in its shortest form.
func DERSmallInteger(n int64) []byte { return DERInteger(big.NewInt(n)) }

// DERSequence writes a SEQUENCE of values that are already encoded.
func DERSequence(parts ...[]byte) []byte { return DERValue(DERTagSequence, parts...) }

// DERSet writes a SET of values that are already encoded, in the order given.
func DERSet(parts ...[]byte) []byte { return DERValue(DERTagSet, parts...) }

// DEROctetString writes an OCTET STRING.
func DEROctetString(b []byte) []byte { return DERValue(DERTagOctetString, b) }

// DERBitString writes a BIT STRING of whole octets.
func DERBitString(b []byte) []byte { return DERValue(DERTagBitString, []byte{0}, b) }

// DERBool writes a BOOLEAN.
func DERBool(b bool) []byte {
	if b {
		return DERValue(DERTagBoolean, []byte{0xff})
	}
	return DERValue(DERTagBoolean, []byte{0})
}

// DEROID writes an OBJECT IDENTIFIER of at least two arcs.
func DEROID(oid asn1.ObjectIdentifier) []byte {
	var content []byte
	if len(oid) >= 2 {
		content = base128(40*oid[0] + oid[1])
		for _, arc := range oid[2:] {
			content = append(content, base128(arc)...)
		}
	}
	return DERValue(DERTagOID, content)
}

// DERTime writes a time to the second as certificates do: UTCTime until 2049, GeneralizedTime from 2050.
func DERTime(t time.Time) []byte {
	t = t.UTC()
	if t.Year() < 2050 {
		return DERValue(DERTagUTCTime, []byte(t.Format("060102150405Z")))
	}
	return DERValue(DERTagGeneralizedTime, []byte(t.Format("20060102150405Z")))
}

// base128 writes a number in groups of seven bits, all but the last marked.
func base128(n int) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		out = append(out, byte(n&0x7f|0x80))
	}
	slices.Reverse(out)
	return out
}

// DERSignature writes an ECDSA signature as WebAuthn carries it (Ecdsa-Sig-Value).
func DERSignature(r, s *big.Int) []byte {
	return DERSequence(DERInteger(r), DERInteger(s))
}

// SplitSignature takes an ECDSA signature apart, so that a test can write it again in another form.
func SplitSignature(der []byte) (r, s *big.Int, err error) {
	var parts struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &parts)
	if err != nil {
		return nil, nil, err
	}
	if len(rest) != 0 {
		return nil, nil, errors.New("webauthntest: bytes after the signature")
	}
	return parts.R, parts.S, nil
}
