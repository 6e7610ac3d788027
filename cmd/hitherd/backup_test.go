package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/load"
)

// installation is a data directory, what its hitherd is told, and a place for
// files beside it.
type installation struct {
	dir, data string
	environ   []string
}

func newInstallation(t *testing.T) installation {
	t.Helper()
	dir := t.TempDir()
	i := installation{dir: dir, data: filepath.Join(dir, "data")}
	i.environ = []string{"HITHER_DATA_DIR=" + i.data, "HITHER_SIGNUP=open", "HITHER_RATE_LIMITS=off", "HITHER_LISTEN=127.0.0.1:0"}
	return i
}

func (i installation) start(t *testing.T) *process {
	t.Helper()
	return startServer(t, i.environ...)
}

// result is what a command has left.
type result struct {
	stdout, stderr string
	code           int
}

// run runs a command of hitherd in the place beside the data directory.
func (i installation) run(t *testing.T, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), hitherdProgram(), args...)
	cmd.Dir = i.dir
	cmd.Env = append(os.Environ(), i.environ...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// do runs a command that must succeed and returns its standard output.
func (i installation) do(t *testing.T, args ...string) string {
	t.Helper()
	r := i.run(t, args...)
	if r.code != cli.ExitOK {
		t.Fatalf("hitherd %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// refuses runs a command that must fail with a code and one line.
func (i installation) refuses(t *testing.T, code int, sentence string, args ...string) {
	t.Helper()
	r := i.run(t, args...)
	if r.code != code || !strings.Contains(r.stderr, sentence) || strings.Count(r.stderr, "\n") != 1 || r.stdout != "" {
		t.Errorf("hitherd %s: exit code %d, want %d and one line with %q\n%s%s", strings.Join(args, " "), r.code, code, sentence, r.stdout, r.stderr)
	}
}

// files are the names in a directory.
func files(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestBackupAndRestore is the whole journey, for anybody to see with make
// backup-journey: a backup while people sign in, the data directory is lost, the
// key is put back by hand, the backup restored, and the same passkey signs in.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	s := i.start(t)
	ctx := t.Context()
	client := newClient(t, s.origin, 8)
	ada := load.NewPerson(client)
	before := check1(ada.Register(ctx, api.Registration{Name: "ada"}))(t)
	t.Logf("ada created a passkey at %s", s.origin)

	signIns, failures, stop := signInMeanwhile(t, client, 4)
	archive := filepath.Join(i.dir, "hither.backup")
	at := signIns.Load()
	t.Log(i.do(t, "backup", archive))
	during := signIns.Load() - at
	stop()
	if n := failures.Load(); n > 0 || during == 0 {
		t.Errorf("while the backup was made: %d sign-ins, %d failures", during, n)
	}
	t.Logf("%d sign-ins while it was made, %d failures", during, failures.Load())
	late := load.NewPerson(client)
	check1(late.Register(ctx, api.Registration{Name: "late"}))(t)
	pending := check1(ada.AnswerAuthentication(ctx))(t) // begun before, finished after

	key := check1(os.ReadFile(filepath.Join(i.data, keyName)))(t)
	if bytes.Contains(check1(os.ReadFile(archive))(t), key) {
		t.Error("the root key is in the backup")
	}
	s.stop(t)
	if err := os.RemoveAll(i.data); err != nil {
		t.Fatal(err)
	}
	t.Log("stopped the server, deleted the data directory")
	if err := errors.Join(os.Mkdir(i.data, 0o700), os.WriteFile(filepath.Join(i.data, keyName), key, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Log("put hither.key back by hand")
	t.Log(i.do(t, "restore", "--verify", archive))
	t.Log(i.do(t, "restore", archive))

	// At the same address, where the ceremony and the session would still fit.
	s = startServer(t, append(i.environ, "HITHER_LISTEN="+strings.TrimPrefix(strings.Replace(s.origin, "localhost", "127.0.0.1", 1), "http://"))...)
	after := check1(ada.SignIn(ctx))(t)
	if after.Account.ID != before.Account.ID || after.Credential.ID != before.Credential.ID {
		t.Errorf("signed in as %+v, was %+v", after, before)
	}
	t.Log("ada signed in with the same passkey")
	_, _, err := client.Me(ctx, before.Session.Token)
	wantRefusal(t, err, http.StatusUnauthorized, "unauthenticated")
	t.Log("ada's old session: ", err)
	_, err = pending.Finish(ctx)
	wantRefusal(t, err, http.StatusBadRequest, "ceremony_invalid")
	t.Log("a ceremony from before: ", err)
	_, err = late.SignIn(ctx)
	wantRefusal(t, err, http.StatusUnauthorized, "credential_unknown")
	s.waitForLog(t, "epoch 2") // in the audit checkpoint
	s.stop(t)
	t.Log(i.do(t, "audit", "verify"))
}

// signInMeanwhile has people sign in until stop is called.
func signInMeanwhile(t *testing.T, client *api.Client, workers int) (signIns, failures *atomic.Int64, stop func()) {
	t.Helper()
	signIns, failures = new(atomic.Int64), new(atomic.Int64)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for n := range workers {
		p := load.NewPerson(client)
		check1(p.Register(ctx, api.Registration{Name: "worker-" + string(rune('a'+n))}))(t)
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := p.SignIn(context.WithoutCancel(ctx)); err != nil {
					failures.Add(1)
					t.Error(err)
					return
				}
				signIns.Add(1)
			}
		})
	}
	return signIns, failures, func() { cancel(); wg.Wait() }
}
