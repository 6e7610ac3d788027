package noise_test

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "make the files in testdata again")
	flag.Parse()
	os.Exit(m.Run())
}

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// fixedKey is a private key that is the same each time.
func fixedKey(b byte) *ecdh.PrivateKey {
	key, err := ecdh.P256().NewPrivateKey(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		panic(err)
	}
	return key
}

func fixedKeys(pattern string) keys {
	return keys{pattern: pattern, static: fixedKey(0x44), psk: [32]byte{0: 1, 31: 2}, initiator: fixedKey(0x55), responder: fixedKey(0x66)}
}

// said is what the ends of a recorded conversation say after the handshake, in
// turns; the responder begins, as a phone does.
func said() [][]byte {
	var plaintexts [][]byte
	for i, n := range []int{300, 1, 0, 15, 16, 17, 33, 512} {
		plaintexts = append(plaintexts, bytes.Repeat([]byte{byte(i)}, n))
	}
	return plaintexts
}

// Recorded conversations, one for each pattern, are what each implementation says
// and hears, at either end. -update records them again.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	for _, pattern := range patterns() {
		name := filepath.Join("testdata", pattern+".txt")
		k := fixedKeys(pattern)
		if updating() {
			if err := os.WriteFile(name, record(t, k), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		flows, err := parseTranscript(string(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(flows) != 2+len(said()) {
			t.Fatalf("%s: %d flows, want %d", name, len(flows), 2+len(said()))
		}
		for _, end := range implementations() {
			t.Run(pattern+"/"+end.name, func(t *testing.T) {
				t.Parallel()
				replayInitiator(t, k, end, flows)
				replayResponder(t, k, end, flows)
			})
		}
	}
}

func replayInitiator(t *testing.T, k keys, end implementation, flows [][]byte) {
	t.Helper()
	message, finish, err := end.initiate(k)
	if err != nil || !bytes.Equal(message, flows[0]) {
		t.Fatalf("flow 1: %x (error: %v)", message, err)
	}
	s, err := finish(flows[1])
	if err != nil {
		t.Fatalf("flow 2: %v", err)
	}
	replaySession(t, s, 1, flows[2:])
}

func replayResponder(t *testing.T, k keys, end implementation, flows [][]byte) {
	t.Helper()
	answer, s, err := end.respond(k, flows[0])
	if err != nil || !bytes.Equal(answer, flows[1]) {
		t.Fatalf("flow 2: %x (error: %v)", answer, err)
	}
	replaySession(t, s, 0, flows[2:])
}

// replaySession says every second plaintext, beginning with the given one, and
// hears the others.
func replaySession(t *testing.T, s session, first int, flows [][]byte) {
	t.Helper()
	for i, plaintext := range said() {
		what, do, in, want := "seals", s.seal, plaintext, flows[i]
		if i%2 != first {
			what, do, in, want = "opens", s.open, flows[i], plaintext
		}
		if got, err := do(in); err != nil || !bytes.Equal(got, want) {
			t.Errorf("flow %d: %s %x as %x, want %x (error: %v)", i+3, what, in, got, want, err)
		}
	}
}

// record writes a conversation down, as this package has it.
func record(t *testing.T, k keys) []byte {
	t.Helper()
	message, finish, err := initiateOurs(k)
	if err != nil {
		t.Fatal(err)
	}
	answer, responder, err := respondOurs(k, message)
	if err != nil {
		t.Fatal(err)
	}
	initiator, err := finish(answer)
	if err != nil {
		t.Fatal(err)
	}
	flows := [][]byte{message, answer}
	for i, plaintext := range said() {
		flow, err := []session{responder, initiator}[i%2].seal(plaintext)
		if err != nil {
			t.Fatal(err)
		}
		flows = append(flows, flow)
	}
	var b bytes.Buffer
	for i, flow := range flows {
		fmt.Fprintf(&b, "%s\n%s", flowTitle(i), hex.Dump(flow))
	}
	return b.Bytes()
}

func flowTitle(i int) string {
	if i == 0 || i > 2 && i%2 == 1 {
		return fmt.Sprintf(">>> Flow %d (initiator to responder)", i+1)
	}
	return fmt.Sprintf(">>> Flow %d (responder to initiator)", i+1)
}

func parseTranscript(text string) (flows [][]byte, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, ">>>") {
			if line != flowTitle(len(flows)) {
				return nil, fmt.Errorf("%q is not %q", line, flowTitle(len(flows)))
			}
			flows = append(flows, nil)
			continue
		}
		if len(line) < 60 || len(flows) == 0 {
			return nil, fmt.Errorf("%q is no line of a flow", line)
		}
		b, err := hex.DecodeString(strings.ReplaceAll(line[10:58], " ", ""))
		if err != nil {
			return nil, err
		}
		flows[len(flows)-1] = append(flows[len(flows)-1], b...)
	}
	return flows, nil
}
