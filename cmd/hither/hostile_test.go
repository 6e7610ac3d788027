package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/term"
)

// TestHostileServer signs up at servers that want to do something to whoever does.
func TestHostileServer(t *testing.T) {
	t.Parallel()
	const options = `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"ada","displayName":"ada"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	session := func(token string) string {
		text, _ := json.Marshal(token)
		return `"session":{"id":"x","token":` + string(text) + `,"expires_at":"2099-01-01T00:00:00Z"}`
	}
	account := func(name string) string {
		text, _ := json.Marshal(name)
		return `"account":{"id":"x","name":` + string(text) + `,"display_name":"x"}`
	}
	for name, test := range map[string]struct {
		options, result string
		code            int
		says            string // on standard error or output
	}{
		"honest":             {options, account("ada") + "," + session("good"), cli.ExitOK, "Signed in to "},
		"rp_id_of_another":   {strings.Replace(options, "localhost", "bank.example", 1), "", cli.ExitRefused, "passkeys cannot be used there"},
		"no_options":         {`{}`, "", cli.ExitUnavailable, "the server's answer is not understood"},
		"no_json":            {`"`, "", cli.ExitFailure, "reading the answer"},
		"two_lines_of_token": {options, account("ada") + "," + session("good\r\nX-Evil: 1"), cli.ExitUnavailable, "the server's answer is not understood"},
		"token_for_terminal": {options, account("ada") + "," + session("\x1b[2J"), cli.ExitUnavailable, "the server's answer is not understood"},
		"no_token":           {options, account("ada"), cli.ExitUnavailable, "the server's answer is not understood"},
		"endless_token":      {options, account("ada") + "," + session(strings.Repeat("x", 1<<19)), cli.ExitUnavailable, "the server's answer is not understood"},
		"name_for_terminal":  {options, account("ada\x1b[2J\u202e\nroot") + "," + session("good"), cli.ExitOK, "as ada\ufffd[2J\ufffd\ufffdroot."},
		"endless_name":       {options, account(strings.Repeat("x", 1<<19)) + "," + session("good"), cli.ExitOK, "Signed in to "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if strings.HasSuffix(r.URL.Path, "/begin") {
					_, _ = w.Write([]byte(`{"ceremony":"x","publicKey":` + test.options + `}`))
				} else {
					_, _ = w.Write([]byte(`{` + test.result + `}`))
				}
			}))
			t.Cleanup(server.Close)
			home := t.TempDir()
			url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
			got, code := runAt(t, home, "login", "--create", "--name", "ada", "--software", "--passphrase-file", passIn(t, home), "--yes", "--no-keyring", url)
			if code != test.code || !strings.Contains(got, test.says) {
				t.Errorf("code %d, want %d and %q:\n%.500q", code, test.code, test.says, got)
			}
			if strings.ContainsAny(got, "\x1b\u202e\r") {
				t.Errorf("the terminal gets %.500q", got)
			}
			kept, _ := filepath.Glob(filepath.Join(home, "hither", "sessions", "*"))
			if (len(kept) == 1) != (code == cli.ExitOK) {
				t.Errorf("kept %v", kept)
			}
			if got, code := runAt(t, home, "token"); code == cli.ExitOK && got != "good\n" || (code == cli.ExitOK) != (test.code == cli.ExitOK) {
				t.Errorf("token: code %d %.500q", code, got)
			}
		})
	}
}

// passIn makes a vault in a home, and gives the file with its passphrase.
func passIn(t *testing.T, home string) string {
	t.Helper()
	key, err := authenticator.PassphraseKey("pass", 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, "hither"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := authenticator.CreateVault(t.Context(), filepath.Join(home, "hither", "vault.age"), key); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(home, "pass")
	if err := os.WriteFile(file, []byte("pass\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// runAt is all that a command prints, and its exit code.
func runAt(t *testing.T, home string, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	environment := map[string]string{
		"XDG_STATE_HOME": home, "XDG_DATA_HOME": home,
		"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + home + "/none", "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + home + "/none",
	}
	code := run(args, program{stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(name string) string { return environment[name] }})
	return out.String(), code
}

// TestHostilePictures reads pictures that are damaged codes, and noise.
func TestHostilePictures(t *testing.T) {
	t.Parallel()
	const text = "FIDO:/16287079186563238255270423143832790015230254034809724385403996665536646979495447619915801411317923277952016320990069193007527480139856443465807704896384210932144714266"
	var code bytes.Buffer
	if err := term.WriteCode(&code, text, false); err != nil {
		t.Fatal(err)
	}
	whole, err := png.Decode(&code)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	file := filepath.Join(t.TempDir(), "picture.png")
	found := 0
	for n := range 300 {
		picture := image.NewGray(image.Rect(0, 0, 1+random.IntN(340), 1+random.IntN(340)))
		if n%2 == 0 {
			picture = image.NewGray(whole.Bounds())
		}
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				picture.Set(x, y, whole.At(x, y))
			}
		}
		for range random.IntN(60) {
			at := image.Pt(8*random.IntN(42), 8*random.IntN(42))
			ink := color.Gray{Y: uint8(255 * random.IntN(2))}
			for i := range 8 * (1 + random.IntN(4)) {
				for j := range 8 * (1 + random.IntN(4)) {
					picture.Set(at.X+i, at.Y+j, ink)
				}
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, picture); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readImage(file); err == nil {
			found++
			if got != text {
				t.Errorf("read %q", got)
			}
		}
	}
	if found == 0 || found == 300 {
		t.Errorf("%d of 300 can be read", found)
	}
}
