package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/ble/bletest"
)

// patience is how long scripts wait for something to happen.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hither": main, "dying": dying, "suite": suite})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	// Programs of package main cannot be imported: the server is built.
	hitherd := sync.OnceValues(func() (string, error) {
		if built := os.Getenv("HITHER_TEST_BIN"); built != "" {
			return built, nil
		}
		path := filepath.Join(t.TempDir(), "hitherd")
		build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, "../hitherd")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make builds it, also when the race detector wants cgo
		out, err := build.CombinedOutput()
		if err != nil {
			t.Logf("%s", out)
		}
		return path, err
	})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			// Nothing of whoever runs the tests: no home, no keyring, no Bluetooth.
			for _, name := range []string{"HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
				e.Setenv(name, e.WorkDir+"/home")
			}
			e.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+e.WorkDir+"/none")
			e.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+e.WorkDir+"/none")
			e.Setenv("NO_COLOR", "1")
			for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"} {
				e.Setenv(name, "")
			}
			e.Values[airKey{}] = new(*bletest.BlueZ)
			e.Setenv("TERM", "xterm")
			return nil
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "air":
				return hasAir(), nil
			case "screen":
				return hasScreen(), nil
			case "bed":
				return hasBed(), nil
			case "browser":
				return hasBrowser(), nil
			default:
				return false, fmt.Errorf("unknown condition %q", condition)
			}
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg {
					ts.Fatalf("usage: serve NAME=VALUE...")
				}
				path, err := hitherd()
				ts.Check(err)
				serve(ts, path, args)
			},
			"refusing": refusing,
			"air":      air,
			"tunnels":  tunnelService,
			"keyring":  keyringOnBus,
			"appears":  appears,
			"screen":   screen,
			"quick":    quickVault,
			"called":   called,
			"nothing":  nothing,
			"measured": measured,
			"mirror":   mirror,
			"port":     freePort,
			"says":     says,
			"quiet":    quiet,
			"deaf":     deaf,
			"stranger": stranger,
			"show":     show,
			"relayed":  relayed,
			"xvfb":     xvfb,

			"scratch": scratch,
			"gone":    gone,
			"emptied": emptied,

			"certificate": certificate,
		},
	})
}

// serve NAME=VALUE... starts a hitherd with a new data directory and this
// environment, and sets ORIGIN, SETUP and PID.
func serve(ts *testscript.TestScript, program string, environ []string) {
	log, err := os.Create(ts.MkAbs("hitherd.log"))
	ts.Check(err)
	cmd := exec.Command(program, "serve") //nolint:noctx // ends with the script
	cmd.Stderr = log
	cmd.Env = append(os.Environ(), "HITHER_LISTEN=127.0.0.1:0", "HITHER_DATA_DIR="+ts.MkAbs("data"))
	cmd.Env = append(cmd.Env, environ...)
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = log.Close()
	})
	lines := bufio.NewScanner(out)
	for _, word := range []struct{ word, variable string }{{"listening ", "ORIGIN"}, {"setup ", "SETUP"}} {
		lines.Scan()
		value, ok := strings.CutPrefix(lines.Text(), word.word)
		if !ok {
			ts.Fatalf("hitherd says %q, not %s; log:\n%s", lines.Text(), word.word, ts.ReadFile("hitherd.log"))
		}
		ts.Setenv(word.variable, value)
	}
	ts.Setenv("PID", strconv.Itoa(cmd.Process.Pid))
}

// refusing STATUS CODE starts a server that refuses everything in one way, but
// says that it lives, and sets ORIGIN.
func refusing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: refusing STATUS CODE")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/livez" {
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"code":"` + args[1] + `","detail":"not now"}`))
	}))
	ts.Defer(s.Close)
	ts.Setenv("ORIGIN", s.URL)
}

// measured FILE WORKERS SIGN-INS PEOPLE FAILED checks a report in JSON: each of
// the numbers of workers has measured so many sign-ins, with nothing missing.
func measured(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: measured FILE WORKERS SIGN-INS PEOPLE FAILED")
	}
	var r report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		ts.Check(err)
		return n
	}
	if r.People != number(args[3]) || r.failed() != number(args[4]) || r.Interrupted || r.URL != ts.Getenv("ORIGIN") {
		ts.Fatalf("%d people, %d failed, interrupted %v, %s", r.People, r.failed(), r.Interrupted, r.URL)
	}
	for i, workers := range strings.Split(args[1], ",") {
		if i >= len(r.Runs) {
			ts.Fatalf("%d runs, want those of %s workers", len(r.Runs), args[1])
		}
		run := r.Runs[i]
		if run.Workers != number(workers) || run.SignIns.Count != number(args[2]) {
			ts.Fatalf("run %d: %d workers, %d sign-ins", i, run.Workers, run.SignIns.Count)
		}
		f := run.SignIns
		if f.Count > 0 && !(0 < f.P50 && f.P50 <= f.P95 && f.P95 <= f.P99 && f.P99 <= f.Max && f.PerSecond > 0 && run.EmptyPairs.Count > 0 && run.Verification > 0) {
			ts.Fatalf("run %d: %+v", i, run)
		}
		if s := run.Server; ts.Getenv("PID") != "" && (s == nil || s.Peak <= 0 || strconv.Itoa(s.PID) != ts.Getenv("PID")) {
			ts.Fatalf("run %d: server %+v", i, s)
		}
	}
}

// called ORIGIN TOKENFILE NAME asks the API, with a token in a file, who is signed
// in; with ! nobody is.
func called(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: called ORIGIN TOKENFILE NAME")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := api.NewClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, args[0])
	account, _, err := c.Me(ctx, strings.TrimSpace(ts.ReadFile(args[1])))
	if refusal, ok := errors.AsType[*api.RefusalError](err); neg && ok && refusal.Status == http.StatusUnauthorized {
		return
	}
	ts.Check(err)
	if neg || account.Name != args[2] {
		ts.Fatalf("the token is that of %s", account.Name)
	}
}

// nothing DIR... is in these directories, or they are not there.
func nothing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: nothing DIR...")
	}
	for _, dir := range args {
		entries, err := os.ReadDir(ts.MkAbs(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("%v", err)
		}
		if len(entries) > 0 {
			ts.Fatalf("%s holds %v", dir, entries)
		}
	}
}
