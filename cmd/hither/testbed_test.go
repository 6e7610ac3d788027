package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// hasBed reports whether there can be a test bed here. With CI set there must.
func hasBed() bool {
	return hasAir() && hasXvfb()
}

// hasBrowser reports whether there can be one in it. With CI set there must.
func hasBrowser() bool {
	_, err := exec.LookPath("chromium")
	return hasBed() && (err == nil || os.Getenv("CI") != "")
}

// scratch has temporary files in a folder of their own, whose name takes care.
func scratch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: scratch")
	}
	// Not below the script's folder: the path of a socket has room for 107 bytes.
	dir, err := os.MkdirTemp("", "'$ ")
	ts.Check(err)
	ts.Defer(func() { ts.Check(os.RemoveAll(dir)) })
	ts.Setenv("TMPDIR", dir)
}

// eventually waits until something is so.
func eventually(ts *testscript.TestScript, what string, so func() bool) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if so() {
			return
		}
	}
	ts.Fatalf("%s", what)
}

// gone FILE waits until the processes whose ids are in a file do not run.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gone FILE")
	}
	ids := strings.Fields(ts.ReadFile(args[0]))
	if len(ids) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	for _, id := range ids {
		eventually(ts, "process "+id+" runs", func() bool {
			stat, err := os.ReadFile("/proc/" + id + "/stat")
			return err != nil || bytes.Contains(stat, []byte(") Z ")) // nobody takes its end
		})
	}
}

// emptied DIR waits until nothing is there.
func emptied(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: emptied DIR")
	}
	eventually(ts, args[0]+" is not empty", func() bool {
		entries, err := os.ReadDir(ts.MkAbs(args[0]))
		return err == nil && len(entries) == 0 || errors.Is(err, fs.ErrNotExist)
	})
}

// suite is somebody's tests.
func suite() {
	if err := theirTests(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const theirPage = `<!doctype html><title>Theirs</title><script>
navigator.credentials.create({publicKey: {
	rp: {name: "Theirs"}, user: {id: new Uint8Array(16), name: "ada", displayName: "Ada"}, challenge: new Uint8Array(32),
	pubKeyCredParams: [{type: "public-key", alg: -7}], authenticatorSelection: {residentKey: "required"}, hints: ["hybrid"],
}}).then(c => c.id, e => e.name).then(id => fetch("/done", {method: "POST", body: id}));
</script>`

func theirTests() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	done := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(theirPage)) })
	mux.HandleFunc("POST /done", func(_ http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		done <- body.String()
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(listener) }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	// A name of their own leads to it, beside those of the bed.
	rules := "MAP theirs.localhost 127.0.0.1:" + port
	browser, err := theirBrowser(ctx, "--headless=new", "--host-resolver-rules="+rules, "http://theirs.localhost/")
	if err != nil {
		return err
	}
	var phone struct {
		ID       string
		Passkeys []struct{ ID string }
	}
	if err := theirCall(ctx, http.MethodPost, "/v1/phones", &phone); err != nil {
		return err
	}
	path := "/v1/phones/" + phone.ID
	if err := theirCall(ctx, http.MethodPost, path+"/scans", nil); err != nil {
		return err
	}
	if err := theirCall(ctx, http.MethodGet, path, &phone); err != nil {
		return err
	}
	if id := <-done; len(phone.Passkeys) != 1 || phone.Passkeys[0].ID != id {
		return fmt.Errorf("the page has %s, the phone %v", id, phone.Passkeys)
	}
	_, err = fmt.Fprintf(os.Stdout, "the page has a passkey, and %s has it, too\n", phone.ID)
	return errors.Join(err, browser())
}

// theirBrowser starts one and speaks with it as Playwright does, over descriptors 3
// and 4. close ends it by the same way.
func theirBrowser(ctx context.Context, args ...string) (end func() error, err error) {
	cmd := exec.CommandContext(ctx, os.Getenv(envChromium), append([]string{"--remote-debugging-pipe"}, args...)...)
	hears, say, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	hear, says, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{hears, says}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_, _ = hears.Close(), says.Close()
	ask := func(method string) error {
		if _, err := fmt.Fprintf(say, "{\"id\":1,\"method\":%q}\x00", method); err != nil {
			return err
		}
		answer, err := bufio.NewReader(hear).ReadString(0)
		if err == nil && strings.Contains(answer, `"error"`) {
			err = errors.New(answer)
		}
		return err
	}
	return func() error { return errors.Join(ask("Browser.close"), cmd.Wait()) }, ask("Browser.getVersion")
}

// theirCall asks the bed.
func theirCall(ctx context.Context, method, path string, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, os.Getenv(envURL)+path, http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+os.Getenv(envToken))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, path, body.String())
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(body.Bytes(), answer)
}

// TestWrapper starts the wrapper for a browser that says how it was started.
func TestWrapper(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/bin/sh"); err != nil && os.Getenv("CI") == "" {
		t.Skip("/bin/sh is missing")
	}
	dir := filepath.Join(t.TempDir(), "it's $1 `x` \\ \"y\"")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	browser, program := filepath.Join(dir, "chromium"), filepath.Join(dir, wrapperName)
	says := "#!/bin/sh\nprintf '%s\\0' \"$@\" >&3\nprintf %s \"$DISPLAY|$TMPDIR|${HITHER_TESTBED_TOKEN-}|${HITHER_TESTBED_URL-}\"\nexit 3\n"
	script := wrapper{
		chromium: browser, scratch: dir, environ: []string{"DISPLAY=:7"},
		flags: []string{"--host-resolver-rules=MAP cable.* 127.0.0.1:1", "--ignore-certificate-errors-spki-list=bed=", "--window-size=1,2", "--no-sandbox"},
	}.script()
	for name, text := range map[string]string{browser: says, program: script} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const (
		data  = "--user-data-dir=/d"
		rules = "--host-resolver-rules=MAP cable.* 127.0.0.1:1"
		pins  = "--ignore-certificate-errors-spki-list=bed="
	)
	for name, row := range map[string]struct {
		args  []string
		rules string // after those of the bed
		pins  string
		want  []string
	}{
		"nothing":                  {args: []string{data}, want: []string{data}},
		"a page":                   {args: []string{data, "http://a.test/?b=c d"}, want: []string{data, "http://a.test/?b=c d"}},
		"what shells like":         {args: []string{data, "$(touch x)", "`y`", "'", `"`, "a\nb", "", "*", "\\", "-e"}, want: []string{data, "$(touch x)", "`y`", "'", `"`, "a\nb", "", "*", "\\", "-e"}},
		"no window":                {args: []string{"--headless", data, "--headless=old", "-headless", "-headless=new"}, want: []string{data}},
		"a name like it":           {args: []string{data, "--headless-thing", "--no-headless"}, want: []string{data, "--headless-thing", "--no-headless"}},
		"rules":                    {args: []string{"--host-resolver-rules=MAP a.test b:1, EXCLUDE c", data}, rules: ", MAP a.test b:1, EXCLUDE c", want: []string{data}},
		"rules twice":              {args: []string{"--host-resolver-rules=MAP a b", data, "-host-resolver-rules=MAP c d"}, rules: ", MAP c d", want: []string{data}},
		"rules that are none":      {args: []string{"--host-resolver-rules=", data}, want: []string{data}},
		"certificates":             {args: []string{data, "--ignore-certificate-errors-spki-list=theirs=,more="}, pins: ",theirs=,more=", want: []string{data}},
		"another size":             {args: []string{data, "--window-size=3,4"}, want: []string{data, "--window-size=3,4"}},
		"what is no flag any more": {args: []string{data, "--", "--headless", "--host-resolver-rules=x"}, want: []string{data, "--", "--headless", "--host-resolver-rules=x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, out := startWrapper(t, program, row.args)
			want := append([]string{"--window-size=1,2", "--no-sandbox", rules + row.rules, pins + row.pins}, row.want...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if out != ":7|"+dir+"||" {
				t.Errorf("its environment is %s", out)
			}
		})
	}
	// Without a folder for user data, Chromium would not trust the bed: there is a new one each time.
	first, _ := startWrapper(t, program, []string{"--user-data-dir=", "x"})
	second, _ := startWrapper(t, program, []string{"x"})
	for _, got := range [][]string{first, second} {
		name, ok := strings.CutPrefix(got[4], "--user-data-dir=")
		if info, err := os.Stat(name); !ok || err != nil || !info.IsDir() || filepath.Dir(name) != dir || got[len(got)-1] != "x" {
			t.Errorf("it was started with %q", got)
		}
	}
	if first[4] == second[4] {
		t.Error("two browsers have one folder for user data")
	}
}

// startWrapper starts it and returns with what the browser has said about its
// arguments, at descriptor 3, and about its environment.
func startWrapper(t *testing.T, program string, args []string) (got []string, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), envURL+"=u", envToken+"=t", "DISPLAY=:1")
	hear, says, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hear.Close()
	cmd.ExtraFiles = []*os.File{says}
	text, err := cmd.Output()
	_ = says.Close()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 3 {
		t.Fatalf("it ended with %v", err)
	}
	var said bytes.Buffer
	if _, err := said.ReadFrom(hear); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(said.String(), "\x00"), "\x00"), string(text)
}

// TestWrapperWithoutChromium says what is missing, when it is missed.
func TestWrapperWithoutChromium(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", wrapper{}.script()).CombinedOutput()
	e, ok := errors.AsType[*exec.ExitError](err)
	if !ok || e.ExitCode() != exitNotFound || string(out) != "hither-chromium: chromium is missing: apt-get install chromium\n" {
		t.Errorf("it says %q, %v", out, err)
	}
}

func TestScreenSize(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"1280x900": true, "800x600": true, "7680x4320": true,
		"": false, "1280": false, "1280x": false, "799x600": false, "800x599": false, "7681x4320": false, "1280x900x2": false, "+1280x900": false,
		"-1280x900": false, " 1280x900": false, "1280X900": false, "99999999999999999999x900": false,
	} {
		var s screenSize
		if err := s.Set(text); (err == nil) != good || good && s.String() != text || !good && s != (screenSize{}) {
			t.Errorf("%s: %s, %v", strconv.Quote(text), s.String(), err)
		}
	}
}
