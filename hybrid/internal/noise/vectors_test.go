package noise_test

import (
	"bytes"
	"crypto/ecdh"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/hitherauth/hither/hybrid/internal/noise"
	"github.com/hitherauth/hither/hybrid/internal/vectorfile"
)

// handshakeVector is a file of testdata/vectors: the keys of both ends, what they
// say, and who refuses it. See testdata/vectors/README.md.
type handshakeVector struct {
	comment            string
	keys               keys
	message1, message2 []byte
	verdict            string // "accepted", or the message that is refused
	// What comes out when nothing is.
	hash                       []byte
	initiatorKey, responderKey [noise.KeySize]byte // each to send with
}

func handshakeVectorKeys() []string {
	return []string{
		"comment", "pattern", "psk", "static", "initiator_ephemeral", "responder_ephemeral",
		"verdict", "hash", "initiator_key", "responder_key", "message_1_length",
	}
}

func (v handshakeVector) file() vectorfile.Vector {
	return vectorfile.Vector{
		Header: []vectorfile.Field{
			vectorfile.Text("comment", v.comment),
			vectorfile.Text("pattern", v.keys.pattern),
			vectorfile.Bytes("psk", v.keys.psk[:]),
			vectorfile.Bytes("static", v.keys.static.Bytes()),
			vectorfile.Bytes("initiator_ephemeral", v.keys.initiator.Bytes()),
			vectorfile.Bytes("responder_ephemeral", v.keys.responder.Bytes()),
			vectorfile.Text("verdict", v.verdict),
			vectorfile.Bytes("hash", v.hash),
			vectorfile.Bytes("initiator_key", v.initiatorKey[:]),
			vectorfile.Bytes("responder_key", v.responderKey[:]),
			vectorfile.Text("message_1_length", strconv.Itoa(len(v.message1))),
		},
		Body: slices.Concat(v.message1, v.message2),
	}
}

func parseHandshakeVector(text []byte) (handshakeVector, error) {
	f, err := vectorfile.Parse(text, handshakeVectorKeys()...)
	if err != nil {
		return handshakeVector{}, err
	}
	bytesOf := func(key string) []byte {
		b, decodeErr := f.Decode(key, 32)
		if decodeErr != nil {
			err, b = decodeErr, make([]byte, 32)
		}
		return b
	}
	privateOf := func(key string) *ecdh.PrivateKey {
		private, keyErr := ecdh.P256().NewPrivateKey(bytesOf(key))
		if keyErr != nil {
			err = keyErr
		}
		return private
	}
	v := handshakeVector{
		comment: f.Get("comment"),
		keys: keys{
			pattern: f.Get("pattern"), psk: [32]byte(bytesOf("psk")), static: privateOf("static"),
			initiator: privateOf("initiator_ephemeral"), responder: privateOf("responder_ephemeral"),
		},
		verdict: f.Get("verdict"), hash: bytesOf("hash"),
		initiatorKey: [32]byte(bytesOf("initiator_key")), responderKey: [32]byte(bytesOf("responder_key")),
	}
	n, lengthErr := strconv.Atoi(f.Get("message_1_length"))
	switch {
	case err != nil:
		return handshakeVector{}, err
	case lengthErr != nil || n < 0 || n > len(f.Body):
		return handshakeVector{}, fmt.Errorf("message_1_length is %q", f.Get("message_1_length"))
	case !slices.Contains(patterns(), v.keys.pattern):
		return handshakeVector{}, fmt.Errorf("unknown pattern %q", v.keys.pattern)
	case !slices.Contains([]string{"accepted", "message_1", "message_2"}, v.verdict):
		return handshakeVector{}, fmt.Errorf("unknown verdict %q", v.verdict)
	}
	v.message1, v.message2 = f.Body[:n], f.Body[n:]
	return v, nil
}

// judge lets an implementation take both parts.
func (v handshakeVector) judge(end implementation) (verdict string, err error) {
	message, finish, err := end.initiate(v.keys)
	if err != nil {
		return "", err
	}
	answer, responder, err := end.respond(v.keys, v.message1)
	if err != nil {
		return "message_1", nil //nolint:nilerr // a refusal is an answer here
	}
	initiator, err := finish(v.message2)
	if err != nil {
		return "message_2", nil //nolint:nilerr // a refusal is an answer here
	}
	if !bytes.Equal(message, v.message1) || !bytes.Equal(answer, v.message2) {
		return "", fmt.Errorf("says %x and %x, want %x and %x", message, answer, v.message1, v.message2)
	}
	if !bytes.Equal(initiator.hash, v.hash) || !bytes.Equal(responder.hash, v.hash) {
		return "", fmt.Errorf("hashes %x and %x, want %x", initiator.hash, responder.hash, v.hash)
	}
	for _, way := range []struct {
		from, to session
		key      [32]byte
	}{{initiator, responder, v.initiatorKey}, {responder, initiator, v.responderKey}} {
		record, err := way.from.seal([]byte("first"))
		if err != nil {
			return "", err
		}
		again, err := noise.NewCipherState(&way.key).Seal(nil, []byte("first"))
		if err != nil || !bytes.Equal(record, again) {
			return "", fmt.Errorf("the first record is %x, want %x", record, again)
		}
		if plaintext, err := way.to.open(record); err != nil || string(plaintext) != "first" {
			return "", fmt.Errorf("the first record is opened as %x: %w", plaintext, err)
		}
	}
	return "accepted", nil
}

// The project's own vectors: there are none published of NKpsk0, nor of handshakes
// that must be refused. Three implementations agree on each.
func TestVectorsOwn(t *testing.T) {
	t.Parallel()
	if updating() {
		writeHandshakeVectors(t)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "vectors", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := parseHandshakeVector(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, end := range implementations() {
			if got, err := v.judge(end); err != nil || got != v.verdict {
				t.Errorf("%s: %s: %q, want %q (error: %v)", name, end.name, got, v.verdict, err)
			}
		}
		counts[v.keys.pattern+" "+v.verdict]++
	}
	if len(files) < 40 {
		t.Errorf("%d vectors are there, want 40 or more", len(files))
	}
	t.Logf("own: %d handshakes, judged alike by %d implementations: %v", len(files), len(implementations()), counts)
}
