package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hitherd": main})
}

// patience is how long scripts wait for something to happen.
const patience = 30 * time.Second

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HITHER_DATA_DIR", filepath.Join(e.WorkDir, "data"))
			e.Setenv("HITHER_LISTEN", "127.0.0.1:0")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"waitfor":  waitFor,
			"mode":     checkMode,
			"fetch":    fetch,
			"register": registerByLink,
			"lines":    countLines,
			"signal":   sendSignal,
			"tamper":   tamper,
			"certify":  certify,
		},
		Condition: func(condition string) (bool, error) {
			if condition == "superuser" {
				return os.Geteuid() == 0, nil
			}
			if condition != "ipv6" {
				return false, fmt.Errorf("unknown condition %q", condition)
			}
			var lc net.ListenConfig
			l, err := lc.Listen(t.Context(), "tcp", "[::1]:0")
			if err != nil {
				return false, nil //nolint:nilerr // that is the answer
			}
			return true, l.Close()
		},
	})
}

// waitFor FILE PATTERN [VARIABLE] waits until a line of the file matches, and
// sets the variable to its first group.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: waitfor FILE PATTERN [VARIABLE]")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	deadline := time.Now().Add(patience)
	var text []byte
	for time.Now().Before(deadline) {
		text, _ = os.ReadFile(ts.MkAbs(args[0]))
		if m := pattern.FindSubmatch(text); m != nil {
			if len(args) == 3 {
				ts.Setenv(args[2], string(m[1]))
			}
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	ts.Fatalf("%s does not match %s:\n%s", args[0], args[1], text)
}

// mode PERMISSIONS FILE... checks the permissions of files.
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode PERMISSIONS FILE...")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, name := range args[1:] {
		info, err := os.Lstat(ts.MkAbs(name))
		ts.Check(err)
		if got := info.Mode().Perm(); got != os.FileMode(want) {
			ts.Fatalf("%s has mode %04o, want %04o", name, got, want)
		}
	}
}

// fetch STATUS URL gets a page, and with ! fails to reach it.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: fetch STATUS URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, args[1], http.NoBody)
	ts.Check(err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if neg {
		if err == nil {
			_ = response.Body.Close()
			ts.Fatalf("%s answered %s", args[1], response.Status)
		}
		return
	}
	ts.Check(err)
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	ts.Check(response.Body.Close())
	ts.Logf("%s: %s\n%s", args[1], response.Status, body)
	if strconv.Itoa(response.StatusCode) != args[0] {
		ts.Fatalf("%s answered %s, want %s", args[1], response.Status, args[0])
	}
}

// register LINK NAME creates an account with a setup or invitation link, and
// with ! is refused.
func registerByLink(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: register LINK NAME")
	}
	link, err := url.Parse(args[0])
	ts.Check(err)
	if link.Path != "/setup" || link.RawQuery != "" || len(link.Fragment) != 43 {
		ts.Fatalf("%s is no link with a token in its fragment", args[0])
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true}
	client := api.NewClient(&http.Client{Transport: transport}, link.Scheme+"://"+link.Host)
	_, err = load.NewPerson(client).Register(ctx, api.Registration{Name: args[1], DisplayName: strings.ToUpper(args[1][:1]) + args[1][1:], Token: link.Fragment})
	if neg != (err != nil) {
		ts.Fatalf("registering %s: %v", args[1], err)
	}
}

// lines COUNT FILE checks the number of lines of a file.
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines COUNT FILE")
	}
	text := ts.ReadFile(args[1])
	if got := strconv.Itoa(strings.Count(text, "\n")); got != args[0] {
		ts.Fatalf("%s has %s lines, want %s:\n%s", args[1], got, args[0], text)
	}
}

// signal NAME PID sends a signal to a process that the script started.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}
	if neg || len(args) != 2 || signals[args[0]] == nil {
		ts.Fatalf("usage: signal TERM|INT|KILL PID")
	}
	pid, err := strconv.Atoi(args[1])
	ts.Check(err)
	process, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(process.Signal(signals[args[0]]))
}

// tamper DATABASE STATEMENT changes a database that no hitherd has open.
func tamper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tamper DATABASE STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.ExecContext(context.Background(), args[1])
	ts.Check(err)
	ts.Check(db.Close())
}

// certify CERTIFICATE KEY LEFT makes a certificate for localhost that has so much
// time left, such as 24h, or -1h for one that has expired.
func certify(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: certify CERTIFICATE KEY LEFT")
	}
	left, err := time.ParseDuration(args[2])
	ts.Check(err)
	ts.Check(makeCertificate(ts.MkAbs(args[0]), ts.MkAbs(args[1]), 1, left))
}
