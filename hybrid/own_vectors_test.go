package hybrid_test

import (
	"bytes"
	"crypto/ecdh"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/internal/vectorfile"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "make the files in testdata again")
	flag.Parse()
	goleak.VerifyTestMain(m)
}

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// ownVector is a file of testdata/vectors that two implementations judge. See
// testdata/vectors/README.md.
type ownVector interface {
	file() vectorfile.Vector
	// judge says what each implementation thinks.
	judge() (ours, theirs string)
	// verdict is what they should.
	want() string
}

// linkedAdvert is an advert of a linked phone.
type linkedAdvert struct {
	comment string
	secret  [32]byte
	nonce   [16]byte
	verdict string // "accepted" or "refused"
	eid     [16]byte
	psk     [32]byte
	advert  []byte
}

func linkedAdvertKeys() []string {
	return []string{"comment", "link_secret", "client_nonce", "verdict", "eid", "psk"}
}

func (v linkedAdvert) want() string { return v.verdict }

func (v linkedAdvert) file() vectorfile.Vector {
	return vectorfile.Vector{Header: []vectorfile.Field{
		vectorfile.Text("comment", v.comment),
		vectorfile.Bytes("link_secret", v.secret[:]),
		vectorfile.Bytes("client_nonce", v.nonce[:]),
		vectorfile.Text("verdict", v.verdict),
		vectorfile.Bytes("eid", v.eid[:]),
		vectorfile.Bytes("psk", v.psk[:]),
	}, Body: v.advert}
}

func (v linkedAdvert) judge() (ours, theirs string) {
	secret := hybrid.LinkSecretFromBytes(v.secret)
	eid, ok := secret.EIDKey(v.nonce).Open(v.advert)
	ours = v.outcome(ok, eid[:], secret.PSK(eid).Reveal())
	naiveEID, naiveOK := naiveOpen(naiveDerive(v.secret[:], v.nonce[:], 1, 64), v.advert, true)
	return ours, v.outcome(naiveOK, naiveEID, naiveDerive(v.secret[:], naiveEID, 3, 32))
}

func (v linkedAdvert) outcome(opened bool, eid, psk []byte) string {
	switch {
	case !opened:
		return "refused"
	case !bytes.Equal(eid, v.eid[:]) || !bytes.Equal(psk, v.psk[:]):
		return fmt.Sprintf("accepted with EID %x and PSK %x", eid, psk)
	default:
		return "accepted"
	}
}

// linkingUpdate is the payload of an update frame.
type linkingUpdate struct {
	comment   string
	clientKey *ecdh.PrivateKey // of the QR code
	hash      [32]byte         // of the handshake
	verdict   string           // "malformed", "nothing", "unproven" or "proven"
	payload   []byte
}

func linkingUpdateKeys() []string {
	return []string{"comment", "client_key", "handshake_hash", "verdict"}
}

func (v linkingUpdate) want() string { return v.verdict }

func (v linkingUpdate) file() vectorfile.Vector {
	return vectorfile.Vector{Header: []vectorfile.Field{
		vectorfile.Text("comment", v.comment),
		vectorfile.Bytes("client_key", v.clientKey.Bytes()),
		vectorfile.Bytes("handshake_hash", v.hash[:]),
		vectorfile.Text("verdict", v.verdict),
	}, Body: v.payload}
}

func (v linkingUpdate) judge() (ours, theirs string) {
	return judgeUpdate(v.payload, v.clientKey, v.hash), naiveUpdate(v.payload, v.clientKey, v.hash[:])
}

// parseOwnVector reads a file; its name says of what.
func parseOwnVector(name string, text []byte) (ownVector, error) {
	var keys []string
	advert := strings.HasPrefix(name, "linked_advert_")
	switch {
	case advert:
		keys = linkedAdvertKeys()
	case strings.HasPrefix(name, "update_"):
		keys = linkingUpdateKeys()
	default:
		return nil, errors.New("the name is of no kind")
	}
	f, err := vectorfile.Parse(text, keys...)
	if err != nil {
		return nil, err
	}
	decode := func(key string, n int) []byte {
		b, decodeErr := f.Decode(key, n)
		if decodeErr != nil {
			err, b = decodeErr, make([]byte, n)
		}
		return b
	}
	verdicts := []string{"malformed", "nothing", "unproven", "proven"}
	var v ownVector
	if advert {
		verdicts = []string{"accepted", "refused"}
		v = linkedAdvert{
			comment: f.Get("comment"), secret: [32]byte(decode("link_secret", 32)), nonce: [16]byte(decode("client_nonce", 16)),
			verdict: f.Get("verdict"), eid: [16]byte(decode("eid", 16)), psk: [32]byte(decode("psk", 32)), advert: f.Body,
		}
	} else {
		clientKey, keyErr := ecdh.P256().NewPrivateKey(decode("client_key", 32))
		err = errors.Join(err, keyErr)
		v = linkingUpdate{
			comment: f.Get("comment"), clientKey: clientKey, hash: [32]byte(decode("handshake_hash", 32)), verdict: f.Get("verdict"), payload: f.Body,
		}
	}
	if !slices.Contains(verdicts, v.want()) {
		err = errors.Join(err, fmt.Errorf("verdict %q is none of %q", v.want(), verdicts))
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// The project's own vectors: of linked phones none are published. Two
// implementations agree on each.
func TestVectorsOwn(t *testing.T) {
	t.Parallel()
	if updating() {
		writeOwnVectors(t)
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
		v, err := parseOwnVector(filepath.Base(name), text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if ours, theirs := v.judge(); ours != v.want() || theirs != v.want() {
			t.Errorf("%s: %s, the other implementation: %s; want %s", name, ours, theirs, v.want())
		}
		counts[fmt.Sprintf("%T %s", v, v.want())]++
	}
	if len(files) < 40 {
		t.Errorf("%d vectors are there, want 40 or more", len(files))
	}
	t.Logf("own: %d, judged alike by two implementations: %v", len(files), counts)
}
