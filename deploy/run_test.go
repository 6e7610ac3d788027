//go:build linux

package deploy_test

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/load"
)

// patience is how long tests wait for something to happen.
const patience = 30 * time.Second

// server is a running hitherd.
type server struct {
	cmd           *exec.Cmd
	log           string // a file
	origin, token string // what it printed
}

// start runs cmd, which is hitherd serve in some form, until the end of the
// test. It gives nil when the address is in use.
func start(t *testing.T, cmd *exec.Cmd) *server {
	t.Helper()
	s := &server{cmd: cmd, log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for out := bufio.NewScanner(stdout); s.token == "" && out.Scan(); {
		if origin, ok := strings.CutPrefix(out.Text(), "listening "); ok {
			s.origin = origin
		}
		if link, ok := strings.CutPrefix(out.Text(), "setup "); ok {
			u, err := url.Parse(link)
			if err != nil || u.Path != "/setup" {
				t.Fatalf("setup link %q: %v", link, err)
			}
			s.token = u.Fragment
		}
	}
	if s.token == "" {
		err := cmd.Wait()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 75 {
			return nil
		}
		t.Fatalf("%s: %v\n%s", cmd, err, s.logged(t))
	}
	return s
}

func (s *server) logged(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// stop ends the server in good order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait()); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, s.logged(t))
	}
}

// signIn makes the administrator's account and signs in with its passkey.
func (s *server) signIn(t *testing.T, client *http.Client) {
	t.Helper()
	person := load.NewPerson(api.NewClient(client, s.origin))
	_, err := person.Register(t.Context(), api.Registration{Name: "ada", Token: s.token})
	if err != nil {
		t.Fatalf("registration: %v\n%s", err, s.logged(t))
	}
	result, err := person.SignIn(t.Context())
	if err != nil || result.Account.Name != "ada" {
		t.Fatalf("sign-in: %v\n%s", err, s.logged(t))
	}
}

// environment is that of the test without hitherd's configuration, and without
// a repository that git was told to use, as in its hooks.
func environment(more ...string) []string {
	var all []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "HITHER_") && !strings.HasPrefix(variable, "GIT_") {
			all = append(all, variable)
		}
	}
	return append(all, more...)
}

// freePort is a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// need finds a program, and skips without it where nothing is promised.
func need(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing: make deps installs it", strings.Join(names, " or "))
	}
	t.Skipf("%s is missing: make deps installs it", strings.Join(names, " or "))
	return ""
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("%s: %v\n%s%s", cmd, err, out, exit.Stderr)
		}
		t.Fatalf("%s: %v", cmd, err)
	}
	return string(out)
}

// testEmptyFolder starts the program as somebody does who has just unpacked it:
// with nothing. Where the usual port is taken, the port is all that is said.
func testEmptyFolder(t *testing.T, r release) {
	dir := t.TempDir()
	command := func(environ []string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), r.hitherd, args...)
		cmd.Dir, cmd.Env = dir, environ
		return cmd
	}
	environ := environment()
	s := start(t, command(environ, "serve"))
	want := "http://localhost:8080"
	if s == nil {
		port := freePort(t)
		t.Logf("port 8080 is taken on this machine: using %s", port)
		environ, want = environment("HITHER_LISTEN=127.0.0.1:"+port), "http://localhost:"+port
		if s = start(t, command(environ, "serve")); s == nil {
			t.Fatalf("port %s is taken too", port)
		}
	}
	if s.origin != want {
		t.Errorf("got %s, want %s", s.origin, want)
	}
	client := &http.Client{Transport: &http.Transport{}}
	page := fetch(t, client, s.origin+"/setup")
	if page.status != http.StatusOK || !strings.Contains(page.body, "<html") || page.header.Get("Content-Security-Policy") == "" {
		t.Errorf("the setup page is %d\n%s", page.status, page.body)
	}
	output(t, command(environ, "healthcheck"))
	s.signIn(t, client)
	if accounts := output(t, command(environ, "admin", "list")); !strings.Contains(accounts, "ada") {
		t.Errorf("got accounts %s", accounts)
	}
	s.stop(t)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "hither-data" {
		t.Errorf("the folder holds %v, %v, want hither-data alone", files, err)
	}
}
