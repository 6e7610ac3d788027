package hybrid_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
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
		"transport":      checked(checkTransport),
		"post_handshake": checked(checkPostHandshake),
		"frame":          checked(checkFrame),
		"url":            checked(checkURL),
		"tunnel_path":    checked(checkTunnelPath),

		"handshake_generated": checked(checkHandshake),
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
	checkVectors(t)
}

func checkVectors(t *testing.T) {
	t.Helper()
	published := readVectors(t)
	counts := map[string]int{}
	for _, v := range slices.Concat(published.Vectors, published.Generated) {
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
