package ctap2_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/internal/cbor"
)

// vector is a published message of the hybrid transport with CTAP in it.
type vector struct {
	ID, Kind string
	Inputs   struct{ CBOR string }
	Expected struct {
		Versions, Extensions, Transports []string
		AAGUID                           string
		Type                             int
		Payload                          string
	}
}

// readVectors reads the published vectors, or says why not. They are not part of
// the project: see the environment variable HITHER_VECTORS.
func readVectors() ([]vector, error) {
	folder := os.Getenv("HITHER_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "vectors")
	}
	b, err := os.ReadFile(filepath.Join(folder, "hybrid-transport.json"))
	if err != nil {
		return nil, err
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, err
	}
	return file.Vectors, nil
}

// Info that phones send after the handshake, and requests in frames of type 1.
func TestVectors(t *testing.T) {
	t.Parallel()
	vectors, err := readVectors()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("published vectors not found, set HITHER_VECTORS to their folder: ", err)
	}
	counts := map[string]int{}
	for _, v := range vectors {
		switch {
		case v.Kind == "post_handshake":
			infoVector(t, v)
		case v.Kind == "frame" && v.Expected.Type == 1:
			requestVector(t, v)
		default:
			continue
		}
		counts[v.Kind]++
	}
	for kind, n := range counts {
		t.Logf("vectors: %s: %d", kind, n)
	}
	if len(counts) != 2 {
		t.Errorf("kinds found: %v, want post_handshake and frame", counts)
	}
}

// infoBytes is the info inside of a post-handshake message.
func (v vector) infoBytes(t testing.TB) []byte {
	t.Helper()
	message, err := cbor.Message.Decode(unhex(t, v.Inputs.CBOR))
	if err != nil {
		t.Fatal(err)
	}
	members, _ := message.(map[any]any)
	b, _ := members[int64(1)].([]byte)
	return b
}

func infoVector(t *testing.T, v vector) {
	t.Helper()
	b := v.infoBytes(t)
	info, err := ctap2.ParseInfo(b)
	if err != nil {
		t.Fatalf("%s: %v", v.ID, err)
	}
	type said struct{ Versions, Extensions, Transports []string }
	got := said{info.Versions, info.Extensions, info.Transports}
	want := said{v.Expected.Versions, v.Expected.Extensions, v.Expected.Transports}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s: (-got +want)\n%s", v.ID, diff)
	}
	if !bytes.Equal(info.AAGUID[:], unhex(t, v.Expected.AAGUID)) || !info.Options["rk"] || !info.Options["uv"] {
		t.Errorf("%s: AAGUID %v, options %v", v.ID, info.AAGUID, info.Options)
	}
	// The fields say all there is, so the same bytes can be made of them.
	info.Raw = nil
	if again, err := info.Append(nil); err != nil || !bytes.Equal(again, b) {
		t.Errorf("%s: written again: %x, %v; want %x", v.ID, again, err, b)
	}
}

func requestVector(t *testing.T, v vector) {
	t.Helper()
	b := unhex(t, v.Expected.Payload)
	request, err := ctap2.ParseMakeCredentialRequest(b[1:])
	if err != nil || ctap2.Command(b[0]) != ctap2.CommandMakeCredential {
		t.Fatalf("%s: command %v, %v", v.ID, ctap2.Command(b[0]), err)
	}
	if request.RP.ID == "" || len(request.User.ID) == 0 || len(request.Parameters) == 0 || !request.Options["rk"] {
		t.Errorf("%s: read as %+v", v.ID, request)
	}
	if again, err := request.Append(b[:1:1]); err != nil || !bytes.Equal(again, b) {
		t.Errorf("%s: written again: %x, %v; want %x", v.ID, again, err, b)
	}
}
