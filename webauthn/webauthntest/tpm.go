package webauthntest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/hitherauth/hither/webauthn"
)

// TPM is what a statement of the format tpm says, in the structures of TPM 2.0 Part 2. Members that are nil are
// computed once the client data and authenticator data stand.
type TPM struct {
	Version string // "2.0"

	Public  TPMPublic
	PubArea []byte // nil: Public, encoded

	Magic           uint32
	Type            uint16
	QualifiedSigner []byte
	ExtraData       []byte // nil: the hash of authenticator data and client data hash
	Clock           [17]byte
	FirmwareVersion uint64
	Name            []byte // nil: that of PubArea
	QualifiedName   []byte
	CertInfo        []byte // nil: the members above, encoded
}

// TPMPublic is TPMT_PUBLIC.
type TPMPublic struct {
	Type          uint16 // 0x0001 RSA, 0x0023 ECC
	NameAlgorithm uint16 // 0x000b SHA-256
	Attributes    uint32
	Policy        []byte
	Parameters    []byte   // encoded
	Unique        [][]byte // each is written with its length in front
}

const (
	tpmGenerated       uint32 = 0xff544347
	tpmAttestCertify   uint16 = 0x8017
	tpmAlgorithmRSA    uint16 = 0x0001
	tpmAlgorithmSHA256 uint16 = 0x000b
	tpmAlgorithmNull   uint16 = 0x0010
	tpmAlgorithmECC    uint16 = 0x0023
)

// newTPM describes a public key as a TPM does.
func newTPM(public crypto.PublicKey) (TPM, error) {
	p := TPMPublic{NameAlgorithm: tpmAlgorithmSHA256, Attributes: 0x00060472}
	order := binary.BigEndian
	parameters := order.AppendUint16(nil, tpmAlgorithmNull)       // symmetric
	parameters = order.AppendUint16(parameters, tpmAlgorithmNull) // scheme
	switch key := public.(type) {
	case *rsa.PublicKey:
		p.Type = tpmAlgorithmRSA
		parameters = order.AppendUint16(parameters, uint16(key.N.BitLen()))
		p.Parameters = order.AppendUint32(parameters, uint32(key.E))
		p.Unique = [][]byte{key.N.Bytes()}
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			return TPM{}, fmt.Errorf("webauthntest: public key: %w", err)
		}
		half := len(point) / 2
		p.Type = tpmAlgorithmECC
		// TPMs number P-256, P-384 and P-521 as 3, 4, 5.
		parameters = order.AppendUint16(parameters, uint16(2+coseCurve(key.Curve)))
		p.Parameters = order.AppendUint16(parameters, tpmAlgorithmNull) // key derivation
		p.Unique = [][]byte{point[1 : 1+half], point[1+half:]}
	default:
		return TPM{}, fmt.Errorf("webauthntest: a TPM holds no %T", public)
	}
	return TPM{Version: "2.0", Public: p, Magic: tpmGenerated, Type: tpmAttestCertify}, nil
}

// Encode writes TPMT_PUBLIC.
func (p TPMPublic) Encode() []byte {
	out := binary.BigEndian.AppendUint16(nil, p.Type)
	out = binary.BigEndian.AppendUint16(out, p.NameAlgorithm)
	out = binary.BigEndian.AppendUint32(out, p.Attributes)
	out = slices.Concat(out, TPMSized(p.Policy), p.Parameters)
	for _, u := range p.Unique {
		out = append(out, TPMSized(u)...)
	}
	return out
}

// TPMSized writes octets with their length in front (TPM2B).
func TPMSized(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

// complete computes what was left nil. signed is authenticator data and client data hash.
func (t *TPM) complete(signed []byte, alg webauthn.Algorithm) error {
	if t.PubArea == nil {
		t.PubArea = t.Public.Encode()
	}
	if t.Name == nil {
		digest := sha256.Sum256(t.PubArea)
		t.Name = append(binary.BigEndian.AppendUint16(nil, t.Public.NameAlgorithm), digest[:]...)
	}
	if t.ExtraData == nil {
		hash, known := hashes(alg)
		if !known || hash == 0 {
			return ErrNoAlgorithm
		}
		h := hash.New()
		h.Write(signed)
		t.ExtraData = h.Sum(nil)
	}
	if t.CertInfo == nil {
		out := binary.BigEndian.AppendUint32(nil, t.Magic)
		out = binary.BigEndian.AppendUint16(out, t.Type)
		out = slices.Concat(out, TPMSized(t.QualifiedSigner), TPMSized(t.ExtraData), t.Clock[:])
		out = binary.BigEndian.AppendUint64(out, t.FirmwareVersion)
		t.CertInfo = slices.Concat(out, TPMSized(t.Name), TPMSized(t.QualifiedName))
	}
	return nil
}
