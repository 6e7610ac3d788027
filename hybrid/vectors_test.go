package hybrid_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/cbor"
)

// publishedVector is an entry of hybrid-transport.json. Its kind says which
// members are there.
type publishedVector struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Inputs   json.RawMessage `json:"inputs"`
	Expected json.RawMessage `json:"expected"`
}

type publishedVectors struct {
	Vectors   []publishedVector `json:"vectors"`
	Generated []publishedVector `json:"generated"`
}

// readVectors reads the published vectors, or skips the test. HITHER_VECTORS names
// their folder, from the repository's root.
func readVectors(t *testing.T) publishedVectors {
	t.Helper()
	folder := os.Getenv("HITHER_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "shared", "vectors")
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join("..", folder)
	}
	b, err := os.ReadFile(filepath.Join(folder, "hybrid-transport.json"))
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("published vectors are not there (HITHER_VECTORS): %v", err)
	}
	var v publishedVectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// hexBytes is a byte string in hex.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// kinds are how a vector of each kind is checked.
func kinds() map[string]func(inputs, expected json.RawMessage) error {
	return map[string]func(inputs, expected json.RawMessage) error{
		"digits":         checked(checkDigits),
		"digits_invalid": checked(checkDigitsInvalid),
		"qr_url":         checked(checkQRURL),
		"qr_url_invalid": checked(checkQRURLInvalid),
		"qr_map":         checked(checkQRMap),
		"derive":         checked(checkDerive),
		"advert":         checked(checkAdvert),
		"advert_invalid": checked(checkAdvertInvalid),
		"eid_plaintext":  checked(checkEID),
		"advert_suffix":  checked(checkAdvertSuffix),
		"domain":         checked(checkDomain),
	}
}

// checked decodes what a vector holds for a check. Members that the check does not
// know are an error: nothing of a vector is passed over.
func checked[I, E any](check func(I, E) error) func(inputs, expected json.RawMessage) error {
	return func(inputs, expected json.RawMessage) error {
		var i I
		var e E
		for _, part := range []struct {
			text json.RawMessage
			to   any
		}{{inputs, &i}, {expected, &e}} {
			decoder := json.NewDecoder(bytes.NewReader(part.text))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(part.to); err != nil {
				return err
			}
		}
		return check(i, e)
	}
}

func TestVectors(t *testing.T) {
	t.Parallel()
	published := readVectors(t)
	counts := map[string]int{}
	for _, v := range slices.Concat(published.Vectors, published.Generated) {
		if slices.Contains([]string{"url", "tunnel_path", "transport", "post_handshake", "frame", "handshake_generated"}, v.Kind) {
			continue // their rooms are still empty
		}
		check, ok := kinds()[v.Kind]
		if !ok {
			t.Errorf("%s: no check for kind %q", v.ID, v.Kind)
			continue
		}
		if err := check(v.Inputs, v.Expected); err != nil {
			t.Errorf("%s: %v", v.ID, err)
		}
		counts[v.Kind]++
	}
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("hybrid-transport.json: %s: %d", kind, counts[kind])
		total += counts[kind]
	}
	if len(published.Vectors) != 80 || len(published.Generated) != 1 {
		t.Errorf("%d published and %d generated vectors are there, want 80 and 1", len(published.Vectors), len(published.Generated))
	}
	t.Logf("hybrid-transport.json: %d of %d checked", total, len(published.Vectors)+len(published.Generated))
}

// same compares what came out with what was expected.
func same[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: %v, want %v", what, got, want)
	}
	return nil
}

func sameBytes(what string, got, want []byte) error {
	return same(what, hex.EncodeToString(got), hex.EncodeToString(want))
}

type digitsInputs struct {
	Bytes  hexBytes `json:"bytes"`
	Digits string   `json:"digits"`
}

func checkDigits(inputs digitsInputs, expected struct {
	Digits string `json:"digits"`
},
) error {
	b, err := hybrid.ParseDigits(expected.Digits)
	return errors.Join(err, sameBytes("bytes", b, inputs.Bytes), same("digits", hybrid.Digits(inputs.Bytes), expected.Digits))
}

func checkDigitsInvalid(inputs digitsInputs, _ struct {
	Error string `json:"error"` // in words
},
) error {
	if b, err := hybrid.ParseDigits(inputs.Digits); err == nil || b != nil { // zero value beside an error
		return fmt.Errorf("accepted as %x", b)
	}
	return nil
}

type qrURL struct {
	URL string `json:"url"`
}

func checkQRURL(inputs qrURL, expected struct {
	Roundtrip    bool      `json:"roundtrip"`
	Secret       *hexBytes `json:"secret"`
	KnownDomains *uint64   `json:"known_domains"`
	Hint         *string   `json:"hint"`
},
) error {
	q, err := hybrid.ParseQRCode(inputs.URL)
	if err != nil {
		return err
	}
	digits, err := hybrid.ParseDigits(inputs.URL[len("FIDO:/"):])
	if err != nil {
		return err
	}
	v, err := cbor.Decode(digits)
	if err != nil {
		return err
	}
	// We always say whether we can link. A code that does not is other than ours in that alone.
	m, _ := v.(map[any]any)
	if m[int64(4)] == nil {
		m[int64(4)] = false
	}
	with4, err := cbor.Encode(m)
	if err != nil {
		return err
	}
	err = errors.Join(
		same("roundtrip", hybrid.Digits(digits) == inputs.URL[len("FIDO:/"):], expected.Roundtrip),
		same("text", q.Text(), "FIDO:/"+hybrid.Digits(with4)))
	if expected.Secret != nil {
		err = errors.Join(err, sameBytes("secret", q.Secret.Reveal(), *expected.Secret))
	}
	if expected.KnownDomains != nil {
		err = errors.Join(err, same("known_domains", q.KnownDomains, *expected.KnownDomains))
	}
	if expected.Hint != nil {
		err = errors.Join(err, same("hint", q.Hint.String(), *expected.Hint))
	}
	return err
}

func checkQRURLInvalid(inputs qrURL, expected struct {
	Error bool `json:"error"`
},
) error {
	q, err := hybrid.ParseQRCode(inputs.URL)
	return errors.Join(same("error", err != nil, expected.Error), same("zero value", q.ClientKey == nil, true))
}

// mapValue is one of the values that a map of a vector has.
type mapValue struct {
	Bytes *hexBytes `json:"bytes"`
	Int   *int64    `json:"int"`
	Text  *string   `json:"text"`
	Bool  *bool     `json:"bool"`
}

func (v mapValue) cbor() any {
	switch {
	case v.Bytes != nil:
		return []byte(*v.Bytes)
	case v.Int != nil:
		return *v.Int
	case v.Text != nil:
		return *v.Text
	default:
		return *v.Bool
	}
}

func checkQRMap(inputs struct {
	Map [][2]json.RawMessage `json:"map"`
}, expected struct {
	Valid        bool   `json:"valid"`
	KnownDomains uint64 `json:"known_domains"`
	Linking      *bool  `json:"linking"` // null: the map does not say, which counts as false
	Hint         string `json:"hint"`
},
) error {
	m := map[any]any{}
	for _, pair := range inputs.Map {
		var key int64
		var value mapValue
		if err := errors.Join(json.Unmarshal(pair[0], &key), json.Unmarshal(pair[1], &value)); err != nil {
			return err
		}
		m[key] = value.cbor()
	}
	b, err := cbor.Encode(m)
	if err != nil {
		return err
	}
	q, err := hybrid.ParseQRCode("FIDO:/" + hybrid.Digits(b))
	if err != nil || !expected.Valid {
		return same("valid", err == nil, expected.Valid)
	}
	return errors.Join(
		same("known_domains", q.KnownDomains, expected.KnownDomains),
		same("linking", q.Linking, expected.Linking != nil && *expected.Linking),
		same("hint", q.Hint.String(), expected.Hint))
}

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
	psm, offered := hybrid.OfferedPSM(append(sealed[:], inputs.Suffix...))
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
