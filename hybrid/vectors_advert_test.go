package hybrid_test

import (
	"errors"
	"math"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/cbor"
)

func checkDerive(inputs struct {
	Secret  hexBytes `json:"secret"`
	Salt    hexBytes `json:"salt"`
	Purpose uint32   `json:"purpose"`
	Len     int      `json:"len"`
}, expected struct {
	Out hexBytes `json:"out"`
},
) error {
	return sameBytes("out", hybrid.Derive(inputs.Secret, inputs.Salt, inputs.Purpose, inputs.Len), expected.Out)
}

type advertInputs struct {
	QRSecret    hexBytes `json:"qr_secret"`
	ServiceData hexBytes `json:"service_data"`
}

type eidExpected struct {
	Plaintext hexBytes `json:"plaintext"`
	Valid     *bool    `json:"valid"`
	Nonce     hexBytes `json:"nonce"`
	RoutingID hexBytes `json:"routing_id"`
	DomainID  uint16   `json:"domain_id"`
}

func (e eidExpected) check(eid hybrid.EID) error {
	nonce, routing := eid.Nonce(), eid.RoutingID()
	return errors.Join(
		sameBytes("nonce", nonce[:], e.Nonce),
		sameBytes("routing_id", routing[:], e.RoutingID),
		same("domain_id", uint16(eid.Domain()), e.DomainID))
}

func checkAdvert(inputs advertInputs, expected eidExpected) error {
	key := hybrid.QRSecretFromBytes([16]byte(inputs.QRSecret)).EIDKey()
	eid, ok := key.Open(inputs.ServiceData)
	sealed := key.Seal(hybrid.EID(expected.Plaintext))
	return errors.Join(
		same("opened", ok, true),
		sameBytes("plaintext", eid[:], expected.Plaintext),
		sameBytes("service_data", sealed[:], inputs.ServiceData),
		expected.check(eid))
}

func checkAdvertInvalid(inputs advertInputs, expected struct {
	Error bool `json:"error"`
},
) error {
	eid, ok := hybrid.QRSecretFromBytes([16]byte(inputs.QRSecret)).EIDKey().Open(inputs.ServiceData)
	return errors.Join(same("error", !ok, expected.Error), same("zero value", eid == hybrid.EID{}, true))
}

func checkEID(inputs struct {
	Plaintext hexBytes `json:"plaintext"`
}, expected eidExpected,
) error {
	key := hybrid.QRSecretFromBytes([16]byte{1}).EIDKey()
	sealed := key.Seal(hybrid.EID(inputs.Plaintext))
	eid, ok := key.Open(sealed[:])
	if !ok || !*expected.Valid {
		return same("valid", ok, *expected.Valid)
	}
	return errors.Join(sameBytes("plaintext", eid[:], inputs.Plaintext), expected.check(eid))
}

func checkAdvertSuffix(inputs struct {
	Suffix hexBytes `json:"suffix"`
}, expected struct {
	PSM *uint16 `json:"ble_psm"`
},
) error {
	key := hybrid.QRSecretFromBytes([16]byte{1}).EIDKey()
	want := hybrid.EID{15: 1}
	sealed := key.Seal(want)
	eid, ok := key.Open(append(sealed[:], inputs.Suffix...))
	psm, offered := offeredPSM(append(sealed[:], inputs.Suffix...))
	err := errors.Join(same("opened", ok, true), same("eid", eid == want, true), same("offered", offered, expected.PSM != nil))
	if expected.PSM != nil {
		err = errors.Join(err, same("ble_psm", psm, *expected.PSM))
	}
	return err
}

func checkDomain(inputs struct {
	ID uint16 `json:"id"`
}, expected struct {
	Domain *string `json:"domain"`
},
) error {
	host, err := hybrid.Domain(inputs.ID).Host()
	if expected.Domain == nil {
		return errors.Join(same("valid", err == nil, false), same("host", host, ""))
	}
	return errors.Join(err, same("host", host, *expected.Domain))
}

// offeredPSM is the PSM of the BLE L2CAP channel that an advert offers behind its
// first 20 bytes, as CTAP 2.3 lets a phone do whose QR code asked for it. Nothing
// else here wants it: what the vectors say of it is read for them alone.
func offeredPSM(serviceData []byte) (psm uint16, ok bool) {
	if len(serviceData) <= hybrid.AdvertSize {
		return 0, false
	}
	v, err := cbor.Decode(serviceData[hybrid.AdvertSize:])
	if err != nil {
		return 0, false
	}
	m, _ := v.(map[any]any)
	n, ok := m[int64(1)].(int64)
	if !ok || n <= 0 || n > math.MaxUint16 {
		return 0, false
	}
	return uint16(n), true
}
