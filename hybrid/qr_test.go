package hybrid_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/secret/secrettest"
)

// goodMap is the map of a QR code that has everything.
func goodMap() []pair {
	point, secret := seededKey("client").PublicKey().Bytes(), seeded("QR secret")
	return []pair{
		{0, append([]byte{2 | point[64]&1}, point[1:33]...)},
		{1, secret[:16]},
		{2, 2},
		{3, 1670000000},
		{4, true},
		{5, "mc"},
	}
}

// qrText is a QR code with a map, or whatever else it is, in it.
func qrText(v any) string { return "FIDO:/" + naiveDigits(naiveCBOR(v)) }

func TestQRCodeText(t *testing.T) {
	t.Parallel()
	q, err := hybrid.ParseQRCode(qrText(goodMap()))
	if err != nil {
		t.Fatal(err)
	}
	if !q.Time.Equal(time.Unix(1670000000, 0)) || !q.Linking || q.Hint != hybrid.HintMakeCredential || q.KnownDomains != 2 {
		t.Errorf("read as %+v", q)
	}
	if got := q.Text(); got != qrText(goodMap()) {
		t.Errorf("%s, want %s", got, qrText(goodMap()))
	}
	if !regexp.MustCompile(`^[0-9A-Z $%*+./:-]+$`).MatchString(q.Text()) {
		t.Errorf("%s has characters that do not fit into alphanumeric mode", q.Text())
	}
	// A code of the usual size: 69 bytes of CBOR.
	usual := hybrid.QRCode{ClientKey: q.ClientKey, Secret: q.Secret, KnownDomains: hybrid.AssignedDomains, Time: q.Time}
	if got := len(usual.Text()); got != 174 {
		t.Errorf("a code has %d characters, want 174", got)
	}
	// Without a time, key 3 is absent; key 4 never is.
	usual.Time = time.Time{}
	m := goodMap()
	m[4].value, m[5].value = false, "ga"
	if got, want := usual.Text(), qrText(append(m[:3:3], m[4:]...)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The prefix is taken in any case, what is unknown is ignored, and what is optional
// may be absent.
func TestParseQRCodeTolerates(t *testing.T) {
	t.Parallel()
	good := goodMap()
	for name, row := range map[string]struct {
		text string
		want func(q *hybrid.QRCode)
	}{
		"lower_case_prefix": {strings.Replace(qrText(good), "FIDO", "fido", 1), nil},
		"mixed_case_prefix": {strings.Replace(qrText(good), "FIDO", "FiDo", 1), nil},
		"grease":            {qrText(append(good, pair{65535, 0})), nil},
		"unknown_keys":      {qrText(append(good, pair{7, []any{1, "?"}}, pair{-1, []byte{1}}, pair{"text", true})), nil},
		"key_6_bool":        {qrText(append(good, pair{6, false})), nil},
		"key_6_channels":    {qrText(append(good, pair{6, []any{0, 1}})), nil},
		"unknown_hint":      {qrText(append(good[:5:5], pair{5, "zz"})), func(q *hybrid.QRCode) { q.Hint = hybrid.HintGetAssertion }},
		"large":             {largeQRText(7089 - 2), nil},
		"empty_hint":        {qrText(append(good[:5:5], pair{5, ""})), func(q *hybrid.QRCode) { q.Hint = hybrid.HintGetAssertion }},
		"presentation":      {qrText(append(good[:5:5], pair{5, "dcp"})), func(q *hybrid.QRCode) { q.Hint = hybrid.HintPresentation }},
		"issuance":          {qrText(append(good[:5:5], pair{5, "dci"})), func(q *hybrid.QRCode) { q.Hint = hybrid.HintIssuance }},
		"no_optional_key": {qrText(good[:2]), func(q *hybrid.QRCode) {
			*q = hybrid.QRCode{ClientKey: q.ClientKey, Secret: q.Secret}
		}},
		"last_second_of_year_9999": {qrText(append(good[:3:3], pair{3, 253402300799})), func(q *hybrid.QRCode) {
			q.Time, q.Linking, q.Hint = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), false, hybrid.HintGetAssertion
		}},
		"time_in_the_far_future": {qrText(append(good[:3:3], pair{3, 1<<32 - 1})), func(q *hybrid.QRCode) {
			q.Time, q.Linking, q.Hint = time.Unix(1<<32-1, 0), false, hybrid.HintGetAssertion
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := hybrid.ParseQRCode(qrText(good))
			if err != nil {
				t.Fatal(err)
			}
			if row.want != nil {
				row.want(&want)
			}
			got, err := hybrid.ParseQRCode(row.text)
			if err != nil || !sameQRCode(got, want) {
				t.Errorf("%+v, want %+v (error: %v)", got, want, err)
			}
		})
	}
}

// A code that cannot be made is none, and what cannot be said is left out.
func TestQRCodeTextOfNonsense(t *testing.T) {
	t.Parallel()
	p384, err := ecdh.P384().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]*ecdh.PublicKey{"no key": nil, "P-384": p384.PublicKey()} {
		if got := (hybrid.QRCode{ClientKey: key}).Text(); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
	key := seededKey("client").PublicKey()
	for name, at := range map[string]time.Time{"1969": time.Unix(-1, 0), "10000": time.Unix(253402300800, 0)} {
		q, err := hybrid.ParseQRCode(hybrid.QRCode{ClientKey: key, Time: at, KnownDomains: math.MaxUint64}.Text())
		if err != nil || !q.Time.IsZero() || q.KnownDomains != math.MaxInt64 {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
}

func TestQRCodeKnows(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		domain hybrid.Domain
		known  uint64
		want   bool
	}{
		{0, 0, false}, {0, 1, true}, {1, 1, false}, {1, 2, true}, {2, 3, false}, {255, 1 << 40, false}, {256, 0, true}, {65535, 0, true},
	} {
		if got := (hybrid.QRCode{KnownDomains: row.known}).Knows(row.domain); got != row.want {
			t.Errorf("of %d domains, %d is known: %v", row.known, row.domain, got)
		}
	}
}

func TestHostileQRCodes(t *testing.T) {
	t.Parallel()
	good := goodMap()
	text := qrText(good)
	without := func(i int) string { return qrText(append(good[:i:i], good[i+1:]...)) }
	with := func(i int, value any) string {
		m := append([]pair{}, good...)
		m[i].value = value
		return qrText(m)
	}
	canonical := naiveCBOR(good)
	point := good[0].value.([]byte)
	for name, bad := range map[string]string{
		"HYB-02_empty":                  "",
		"HYB-02_prefix_alone":           "FIDO:/",
		"HYB-02_prefix_cut":             "FIDO:",
		"HYB-02_two_slashes":            strings.Replace(text, "FIDO:/", "FIDO://", 1),
		"HYB-02_no_slash":               strings.Replace(text, "FIDO:/", "FIDO:", 1),
		"HYB-02_other_scheme":           strings.Replace(text, "FIDO:/", "HTTP:/", 1),
		"HYB-02_full_width_prefix":      strings.Replace(text, "FIDO", "ＦＩＤＯ", 1),
		"HYB-02_dotless_i":              strings.Replace(text, "FIDO", "fıdo", 1),
		"HYB-02_space_in_front":         " " + text,
		"HYB-02_line_end":               text + "\n",
		"HYB-02_zero_byte":              text + "\x00",
		"HYB-02_letter":                 text[:20] + "A" + text[21:],
		"HYB-02_sign":                   text[:6] + "+" + text[7:],
		"HYB-02_underscore":             text[:7] + "_" + text[8:],
		"HYB-02_full_width_digits":      "FIDO:/１２３",
		"HYB-02_arabic_digits":          "FIDO:/١٢٣",
		"HYB-02_combining_marks":        text + "\u0308",
		"HYB-02_not_utf8":               text[:30] + "\xff" + text[31:],
		"HYB-02_group_of_7_too_large":   "FIDO:/" + "72057594037927936", // 2^56
		"HYB-02_group_of_7_all_nines":   "FIDO:/" + strings.Repeat("9", 17),
		"HYB-02_group_of_1_too_large":   "FIDO:/256",
		"HYB-02_group_of_2_too_large":   "FIDO:/65536",
		"HYB-02_1_MiB_of_digits":        "FIDO:/" + strings.Repeat("0", 1<<20),
		"HYB-02_larger_than_a_code":     largeQRText(7089 + 1),
		"HYB-02_point_off_curve":        with(0, offCurve(point)),
		"HYB-02_point_x_too_large":      with(0, append([]byte{2}, []byte(strings.Repeat("\xff", 32))...)),
		"HYB-02_point_uncompressed":     with(0, seededKey("client").PublicKey().Bytes()),
		"HYB-02_point_infinity":         with(0, []byte{0}),
		"HYB-02_point_prefix_4":         with(0, append([]byte{4}, point[1:]...)),
		"HYB-02_point_short":            with(0, point[:32]),
		"HYB-02_point_text":             with(0, string(make([]byte, 33))),
		"HYB-02_no_point":               without(0),
		"HYB-02_secret_15_bytes":        with(1, make([]byte, 15)),
		"HYB-02_secret_17_bytes":        with(1, make([]byte, 17)),
		"HYB-02_secret_empty":           with(1, []byte{}),
		"HYB-02_secret_text":            with(1, strings.Repeat("s", 16)),
		"HYB-02_no_secret":              without(1),
		"HYB-02_domains_negative":       with(2, -1),
		"HYB-02_domains_text":           with(2, "2"),
		"HYB-02_time_negative":          with(3, -1),
		"HYB-02_time_after_year_9999":   with(3, 253402300800),
		"HYB-02_time_that_wraps_around": with(3, math.MaxInt64),
		"HYB-02_time_text":              with(3, "now"),
		"HYB-02_linking_integer":        with(4, 1),
		"HYB-02_hint_integer":           with(5, 42),
		"HYB-02_hint_bytes":             with(5, []byte("ga")),
		"HYB-02_array":                  qrText([]any{1, 2}),
		"HYB-02_integer":                qrText(1),
		"HYB-02_empty_map":              qrText([]pair{}),
		"HYB-02_trailing_byte":          "FIDO:/" + naiveDigits(append(canonical, 0)),
		"HYB-02_cut":                    "FIDO:/" + naiveDigits(canonical[:len(canonical)-1]),
		"HYB-02_keys_in_another_order":  qrText([]pair{good[1], good[0], good[2]}),
		"HYB-02_key_twice":              qrText([]pair{good[0], good[1], good[1]}),
		"HYB-02_indefinite_length":      "FIDO:/" + naiveDigits(append(append([]byte{0xbf}, canonical[1:]...), 0xff)),
		"HYB-02_length_not_shortest":    "FIDO:/" + naiveDigits(append([]byte{0xb8, 6}, canonical[1:]...)),
		"HYB-02_tag":                    "FIDO:/" + naiveDigits(append([]byte{0xd9, 0xd9, 0xf7}, canonical...)),
		"HYB-02_tag_on_an_unknown_key":  "FIDO:/" + naiveDigits(append(append([]byte{0xa7}, canonical[1:]...), 0x07, 0xc1, 0x00)),
		"HYB-02_nested_without_end":     "FIDO:/" + naiveDigits([]byte(strings.Repeat("\x81", 1000))),
		"HYB-02_announces_4_GiB":        "FIDO:/" + naiveDigits([]byte{0xa1, 0x00, 0x5a, 0xff, 0xff, 0xff, 0xff}),
		"HYB-02_announces_2_to_64_keys": "FIDO:/" + naiveDigits([]byte{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireNoQRCode(t, bad)
		})
	}
	t.Run("HYB-02_impossible_lengths", func(t *testing.T) {
		t.Parallel()
		for n := range 18 {
			digits := strings.Repeat("0", n)
			_, err := hybrid.ParseDigits(digits)
			possible := strings.Contains(" 0 3 5 8 10 13 15 17 ", fmt.Sprintf(" %d ", n))
			if (err == nil) != possible {
				t.Errorf("%d digits: error %v", n, err)
			}
			if !possible {
				requireNoQRCode(t, text+digits)
			}
		}
	})
	t.Run("HYB-02_each_digit_missing", func(t *testing.T) {
		t.Parallel()
		for i := len("FIDO:/"); i < len(text); i++ {
			requireNoQRCode(t, text[:i]+text[i+1:])
		}
	})
}

// offCurve is a compressed point with an X for which there is no Y.
func offCurve(point []byte) []byte {
	for x := byte(0); ; x++ {
		b := append(bytes.Clone(point[:32]), x)
		if _, y := elliptic.UnmarshalCompressed(elliptic.P256(), b); y == nil {
			return b
		}
	}
}

// largeQRText is a good code with so many characters, or a few more, most of them in
// a key that nobody knows.
func largeQRText(n int) string {
	for size := 2000; ; size++ {
		if text := qrText(append(goodMap(), pair{1000, make([]byte, size)})); len(text) >= n {
			return text
		}
	}
}

// requireNoQRCode fails unless a text is refused, with nothing of it in the error.
func requireNoQRCode(t *testing.T, text string) {
	t.Helper()
	q, err := hybrid.ParseQRCode(text)
	switch {
	case err == nil:
		t.Errorf("%.40q is accepted", text)
	case q.ClientKey != nil || !q.Secret.Equal(hybrid.QRSecret{}) || q.KnownDomains != 0 || !q.Time.IsZero() || q.Linking || q.Hint != 0:
		t.Errorf("%.40q: %+v beside an error", text, q)
	case !strings.HasPrefix(err.Error(), "hybrid: reading a QR code: ") || len(err.Error()) > 160:
		t.Errorf("%.40q: error %.200q", text, err)
	}
}

// The published known answers, by their id; TestVectors has the list.
func TestHostileKnownAnswers(t *testing.T) {
	t.Parallel()
	t.Run("HYB-01_vectors", func(t *testing.T) {
		t.Parallel()
		checkVectors(t)
	})
}

func TestQRCodeDoesNotPrint(t *testing.T) {
	t.Parallel()
	q, err := hybrid.ParseQRCode(qrText(goodMap()))
	if err != nil {
		t.Fatal(err)
	}
	secrettest.Check(t, "hybrid.QRCode", q, q.Secret.Reveal())
}
