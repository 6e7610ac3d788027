package ctap2_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/ctap2"
)

// opinion is what python-fido2 says at last.
type opinion struct {
	Recoded              []string
	Info, Made, Asserted []any
	Object               string
	Codes                map[byte]string
}

// TestSecondOpinion lets python-fido2 be the client: what it writes we read and
// write as it did, what we write it reads as we mean it. It has the canonical form
// from a writer of its own.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	python := findPython(t)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, python, "testdata/second_opinion.py")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a := willing()
	a.made.UnsignedExtensions, a.asserted.UnsignedExtensions = nil, nil // younger than it is
	messages := ourMessages(t)
	said, asked := converse(t, a, messages, in, out)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, complaints.Bytes())
	}
	if diff := cmp.Diff(said.Recoded, messages); diff != "" {
		t.Errorf("our messages: (-theirs +ours)\n%s", diff)
	}
	compareOpinion(t, a, said)
	compareCodes(t, said.Codes)
	if asked != 203 {
		t.Errorf("%d requests", asked)
	}
	t.Logf("python-fido2 read %d of our messages, and we %d of its requests", len(messages), asked)
}

// findPython is a Python that has the library: Debian's own, or another.
func findPython(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), python, "-c", "import fido2.ctap2").Run() == nil {
			return python
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Python with python-fido2: tools/deps.sh installs it")
	}
	t.Skip("no Python with python-fido2: tools/deps.sh installs it")
	return ""
}

func ourMessages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, v := range []appender{
		makeCredentialRequest(), smallMakeCredentialRequest(), makeCredentialResponse(), getAssertionRequest(),
		getAssertionResponse(), info(), prfInput(), prfOutput(),
	} {
		b, err := v.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, hex.EncodeToString(b))
	}
	return all
}

// converse answers the requests until the result comes. Each must be written again
// as it came.
func converse(t *testing.T, a *spoken, messages []string, in io.Writer, out io.Reader) (said opinion, asked int) {
	t.Helper()
	text, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	say := func(format string, v any) {
		if _, err := fmt.Fprintf(in, format, v); err != nil {
			t.Error("python-fido2 does not listen: ", err)
		}
	}
	say("%s\n", text)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		kind, rest, _ := strings.Cut(lines.Text(), " ")
		if kind == "result" {
			if err := json.Unmarshal([]byte(rest), &said); err != nil {
				t.Fatal(err)
			}
			break
		}
		asked++
		request := unhex(t, rest)
		response := ctap2.Handle(t.Context(), a, request)
		if status := ctap2.StatusCode(response[0]); status != ctap2.StatusOK {
			t.Errorf("%x is answered %v", request, status)
		}
		if q, ok := a.asked[len(a.asked)-1].(appender); ok {
			if again, err := q.Append(request[:1:1]); err != nil || !bytes.Equal(again, request) {
				t.Errorf("written by us: %x, %v\nby python-fido2: %x", again, err, request)
			}
		}
		say("%x\n", response)
	}
	return said, asked
}

func compareOpinion(t *testing.T, a *spoken, said opinion) {
	t.Helper()
	parameter := map[string]any{"alg": -7.0, "type": "public-key"}
	i := a.info
	want := []any{
		[]any{"FIDO_2_0", "FIDO_2_1"},
		[]any{"prf"},
		hex.EncodeToString(i.AAGUID[:]),
		map[string]any{"rk": true, "uv": true, "plat": false},
		float64(1 << 20),
		[]any{2.0, 1.0},
		64.0, 1023.0,
		[]any{"internal", "hybrid"},
		[]any{parameter},
	}
	if diff := cmp.Diff(said.Info, want); diff != "" {
		t.Errorf("info: (-theirs +ours)\n%s", diff)
	}
	want = []any{"packed", hex.EncodeToString(a.made.AuthenticatorData), map[string]any{"alg": -7.0}, true, strings.Repeat("00", 32)}
	if diff := cmp.Diff(said.Made, want); diff != "" {
		t.Errorf("made: (-theirs +ours)\n%s", diff)
	}
	want = []any{
		map[string]any{"id": "08", "type": "public-key"},
		hex.EncodeToString(a.asserted.AuthenticatorData), "3000",
		map[string]any{"id": "0203", "name": "", "displayName": ""},
		3.0, true, "",
	}
	if diff := cmp.Diff(said.Asserted, want); diff != "" {
		t.Errorf("asserted: (-theirs +ours)\n%s", diff)
	}
	if object, err := a.made.AttestationObject(); err != nil || said.Object != hex.EncodeToString(object) {
		t.Errorf("attestation object: theirs %s, ours %x, %v", said.Object, object, err)
	}
}

// compareCodes compares the names, but for those that have changed or that are ends of ranges.
func compareCodes(t *testing.T, codes map[byte]string) {
	t.Helper()
	changed := map[byte]string{0x00: "OK", 0x36: "PUAT_REQUIRED", 0x3c: "UV_BLOCKED"}
	compared := 0
	for code, theirs := range codes {
		ours := ctap2.StatusCode(code)
		if code >= 0xdf {
			continue
		}
		if name, ok := changed[code]; ok {
			theirs = name
		}
		name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(ours.String(), "CTAP1_"), "CTAP2_"), "ERR_")
		if name != theirs {
			t.Errorf("0x%02x: ours %v, theirs %s", code, ours, theirs)
		}
		compared++
	}
	known := 0
	for n := range 256 {
		if ctap2.StatusCode(n).Known() {
			known++
		}
	}
	if compared != known {
		t.Errorf("%d names compared, %d known here", compared, known)
	}
}
