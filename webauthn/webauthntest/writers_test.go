package webauthntest_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/webauthn"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// Expected octets are those of RFC 8949 appendix A where it has the value.
func TestCBOR(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		got  webauthntest.CBOR
		want string
	}{
		"zero":              {webauthntest.CBORInt(0), "00"},
		"twenty_three":      {webauthntest.CBORInt(23), "17"},
		"twenty_four":       {webauthntest.CBORInt(24), "1818"},
		"a_thousand":        {webauthntest.CBORInt(1000), "1903e8"},
		"a_million":         {webauthntest.CBORInt(1000000), "1a000f4240"},
		"a_billion_billion": {webauthntest.CBORInt(1000000000000), "1b000000e8d4a51000"},
		"minus_one":         {webauthntest.CBORInt(-1), "20"},
		"minus_257":         {webauthntest.CBORInt(-257), "390100"},
		"smallest":          {webauthntest.CBORInt(math.MinInt64), "3b7fffffffffffffff"},
		"bytes":             {webauthntest.CBORBytes([]byte{1, 2, 3, 4}), "4401020304"},
		"text":              {webauthntest.CBORText("IETF"), "6449455446"},
		"array":             {webauthntest.CBORArray(webauthntest.CBORInt(1), webauthntest.CBORInt(2)), "820102"},
		"map": {webauthntest.CBORMap(
			webauthntest.CBORText("a"), webauthntest.CBORInt(1), webauthntest.CBORText("a"), webauthntest.CBORInt(2),
		), "a2616101616102"},
		"false":            {webauthntest.CBORBool(false), "f4"},
		"true":             {webauthntest.CBORBool(true), "f5"},
		"null":             {webauthntest.CBORNull(), "f6"},
		"tag":              {webauthntest.CBORTag(2, webauthntest.CBORBytes([]byte{1})), "c24101"},
		"too_long_integer": {webauthntest.CBORLongHead(webauthntest.CBORMajorUnsigned, 1, 2), "190001"},
		"too_long_length":  {webauthntest.CBORLongHead(webauthntest.CBORMajorText, 1, 8), "7b0000000000000001"},
		"indefinite_bytes": {webauthntest.CBORIndefinite(webauthntest.CBORMajorBytes,
			webauthntest.CBORBytes([]byte{1}), webauthntest.CBORBytes([]byte{2})), "5f41014102ff"},
		"lie_about_length": {webauthntest.CBORHead(webauthntest.CBORMajorMap, math.MaxUint64), "bbffffffffffffffff"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := hex.EncodeToString(tt.got); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCBORObject(t *testing.T) {
	t.Parallel()
	var o webauthntest.CBORObject
	one, two := webauthntest.CBORText("one"), webauthntest.CBORText("two")
	o.Set(one, webauthntest.CBORInt(1))
	o.Set(two, webauthntest.CBORInt(2))
	o.Set(one, webauthntest.CBORInt(11))
	got := map[string]int{}
	if err := cbor.Unmarshal(o.Encode(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"one": 11, "two": 2}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := cbor.Unmarshal(o.EncodeIndefinite(), &got); err != nil {
		t.Errorf("indefinite form: %v", err)
	}
	o.Add(one, webauthntest.CBORInt(12))
	strict, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	if err := strict.Unmarshal(o.Encode(), &got); err == nil {
		t.Error("a key that was added twice is not there twice")
	}
	o.Delete(one)
	if o.Get(one) != nil || len(o) != 1 {
		t.Errorf("after Delete: %v", o)
	}
}

func TestDER(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte{7}, 300)
	tests := map[string]struct {
		got  []byte
		want any // as encoding/asn1 writes it
	}{
		"zero":         {webauthntest.DERSmallInteger(0), 0},
		"positive":     {webauthntest.DERSmallInteger(127), 127},
		"sign_octet":   {webauthntest.DERSmallInteger(128), 128},
		"negative":     {webauthntest.DERSmallInteger(-1), -1},
		"minus_128":    {webauthntest.DERSmallInteger(-128), -128},
		"minus_129":    {webauthntest.DERSmallInteger(-129), -129},
		"minus_256":    {webauthntest.DERSmallInteger(-256), -256},
		"short_octets": {webauthntest.DEROctetString([]byte{1, 2}), []byte{1, 2}},
		"long_octets":  {webauthntest.DEROctetString(long), long},
		"bits":         {webauthntest.DERBitString([]byte{0xaa}), asn1.BitString{Bytes: []byte{0xaa}, BitLength: 8}},
		"bool":         {webauthntest.DERBool(true), true},
		"oid":          {webauthntest.DEROID(webauthntest.OIDAAGUID()), webauthntest.OIDAAGUID()},
		"oid_two":      {webauthntest.DEROID(asn1.ObjectIdentifier{2, 23, 133}), asn1.ObjectIdentifier{2, 23, 133}},
		"utc_time": {
			webauthntest.DERTime(time.Date(2049, 1, 2, 3, 4, 5, 0, time.UTC)),
			time.Date(2049, 1, 2, 3, 4, 5, 0, time.UTC),
		},
		"generalized_time": {
			webauthntest.DERTime(time.Date(2050, 1, 2, 3, 4, 5, 0, time.UTC)),
			time.Date(2050, 1, 2, 3, 4, 5, 0, time.UTC),
		},
		"signature": {
			webauthntest.DERSignature(big.NewInt(200), big.NewInt(5)),
			struct{ R, S *big.Int }{big.NewInt(200), big.NewInt(5)},
		},
		"low_tag": {
			webauthntest.DERSequence(webauthntest.DERContext(3, webauthntest.DERSmallInteger(2))),
			struct {
				A int `asn1:"tag:3,explicit"`
			}{2},
		},
		"high_tag": {
			webauthntest.DERSequence(webauthntest.DERContext(702, webauthntest.DERSmallInteger(2))),
			struct {
				A int `asn1:"tag:702,explicit"`
			}{2},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := asn1.Marshal(tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(tt.got, want) {
				t.Errorf("got %x, want %x", tt.got, want)
			}
		})
	}
}

func TestBrokenDER(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		got  []byte
		want string
	}{
		"padded_integer":          {webauthntest.DERPaddedInteger(big.NewInt(1), 2), "0203000001"},
		"padded_negative":         {webauthntest.DERPaddedInteger(big.NewInt(-1), 1), "0202ffff"},
		"long_length":             {webauthntest.DERLongValue(webauthntest.DERTagNull, 2, 0, nil), "05820000"},
		"length_of_nine_octets":   {webauthntest.DERLongValue(webauthntest.DERTagNull, 9, 1, []byte{1}), "058900000000000000000101"},
		"lie_about_length":        {webauthntest.DERLongValue(webauthntest.DERTagOctetString, 1, 200, []byte{1}), "0481c801"},
		"indefinite":              {webauthntest.DERIndefinite(webauthntest.DERTagSequence, []byte{5, 0}), "308005000000"},
		"object_identifier_empty": {webauthntest.DEROID(nil), "0600"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := hex.EncodeToString(tt.got); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSplitSignature(t *testing.T) {
	t.Parallel()
	r, s, err := webauthntest.SplitSignature(webauthntest.DERSignature(big.NewInt(9), big.NewInt(8)))
	if err != nil || r.Int64() != 9 || s.Int64() != 8 {
		t.Errorf("got %v, %v, %v, want 9, 8", r, s, err)
	}
	if _, _, err := webauthntest.SplitSignature([]byte{0x30, 0, 0}); err == nil {
		t.Error("malformed signature accepted")
	}
}

func TestCertificateTakesEveryEdit(t *testing.T) {
	t.Parallel()
	a := webauthntest.New(webauthntest.Config{Attestation: webauthntest.AttestationPacked})
	create := func(edit func(*webauthntest.Certificate)) *x509.Certificate {
		t.Helper()
		var der []byte
		_, _, err := a.Create(creationOptions(webauthn.ES256), testOrigin, func(r *webauthntest.Registration) {
			r.At(webauthntest.BeforeCertificate, func() { edit(&r.Leaf) })
			r.At(webauthntest.BeforeSigning, func() { der = r.X5C[0] })
		})
		if err != nil {
			t.Fatalf("Create: %v", err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatalf("certificate: %v", err)
		}
		return c
	}
	if c := create(func(c *webauthntest.Certificate) { c.Version, c.Extensions = -1, nil }); c.Version != 1 {
		t.Errorf("version %d, want 1", c.Version)
	}
	c := create(func(c *webauthntest.Certificate) {
		c.Extension(webauthntest.OIDAAGUID()).Critical = true
		c.Extension(webauthntest.OIDBasicConstraints()).Value = webauthntest.DERSequence(webauthntest.DERBool(true))
		c.Subject[0].Value = "ZZ"
	})
	if !c.IsCA || len(c.UnhandledCriticalExtensions) != 1 || c.Subject.Country[0] != "ZZ" {
		t.Errorf("CA %t, critical %v, country %v", c.IsCA, c.UnhandledCriticalExtensions, c.Subject.Country)
	}
}

func TestJSONObject(t *testing.T) {
	t.Parallel()
	var o webauthntest.JSONObject
	o.SetString("a", "x\"\\\n<é\xff")
	o.SetBytes("b", []byte{0xfb, 0xff})
	o.Set("c", "[1]")
	o.Add("a", "2")
	o.Rename("c", "C")
	want := `{"a":"x\"\\\u000a<é` + "\xff" + `","b":"-_8","C":[1],"a":2}`
	if got := o.Encode(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	o.Delete("a")
	if got := o.Encode(); got != `{"b":"-_8","C":[1]}` || o.Get("b") != `"-_8"` || o.Get("a") != "" {
		t.Errorf("after Delete: %s", got)
	}
}

func TestOptionsOfAServer(t *testing.T) {
	t.Parallel()
	a := webauthntest.New(webauthntest.Config{})
	cred, _, err := a.CreateJSON([]byte(`{"rp":{"id":"id.example","name":"Test"},"user":{"id":"dXNlcg","name":"ann",
		"displayName":"Ann"},"challenge":"AQID","pubKeyCredParams":[{"type":"public-key","alg":-99},
		{"type":"public-key","alg":-8}],"timeout":300000,"excludeCredentials":[{"type":"public-key","id":"_w"}],
		"authenticatorSelection":{"residentKey":"required","requireResidentKey":true,"userVerification":"required"},
		"attestation":"none","extensions":{"credProps":true}}`), testOrigin)
	if err != nil {
		t.Fatalf("CreateJSON: %v", err)
	}
	if cred.Algorithm != webauthn.EdDSA || string(cred.UserHandle) != "user" || !cred.Discoverable || cred.RPID != testRPID {
		t.Errorf("credential %+v does not follow the options", cred)
	}
	body, err := a.GetJSON([]byte(`{"challenge":"AQID","rpId":"id.example","timeout":1,"allowCredentials":[],
		"userVerification":"required","hints":["hybrid"]}`), testOrigin)
	if err != nil || usedID(t, body) != string(cred.ID) {
		t.Errorf("GetJSON: %s, %v", body, err)
	}
	for name, bad := range map[string]string{"padding": `{"challenge":"AQ=="}`, "no_json": `{`} {
		if _, err := a.GetJSON([]byte(bad), testOrigin); err == nil || !strings.HasPrefix(err.Error(), "webauthntest: ") {
			t.Errorf("%s: %v, want an error", name, err)
		}
	}
}
