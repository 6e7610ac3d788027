package ledger_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/tools/daemon"
	"github.com/hitherauth/hither/tools/daemon/daemontest"
	"github.com/hitherauth/hither/tools/ledger"
)

// rig is a server with a ledger.
type rig struct {
	config daemon.Config
	server *daemon.Process
	books  *ledger.Ledger
}

func newRig(t *testing.T, bin string) *rig {
	t.Helper()
	folder := daemontest.Folder(t)
	port, err := daemon.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{config: daemon.Config{Program: bin, DataDir: filepath.Join(folder, "data"), Port: port, Log: filepath.Join(folder, "log")}}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	t.Cleanup(client.CloseIdleConnections)
	r.books = ledger.New(ledger.Config{
		Client: api.NewClient(client, r.config.Origin()), Operator: ledger.NewOperator(r.config.Socket()),
		Database: filepath.Join(r.config.DataDir, "hither.db"), Seed: 1, People: 12,
	})
	r.start(t)
	if err := r.books.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) start(t *testing.T) {
	t.Helper()
	var err error
	if r.server, err = daemon.Start(r.config); err != nil {
		t.Fatal(err)
	}
	server := r.server
	t.Cleanup(server.Kill)
	if _, err := r.server.Ready(t.Context()); err != nil {
		log, _ := os.ReadFile(r.config.Log)
		t.Fatalf("%v\n%s", err, log)
	}
}

// enough is how many changes the rows of a table need to have something to lose.
const enough = 80

// work has people work until enough more changes were acknowledged.
func (r *rig) work(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := r.begin(ctx)
	r.wait(t, enough)
	cancel()
	<-done
}

// begin has people work until ctx ends; the channel is closed when they rest.
func (r *rig) begin(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		r.books.Work(ctx, 6)
		close(done)
	}()
	return done
}

// wait waits until so many more changes were acknowledged.
func (r *rig) wait(t *testing.T, changes int64) {
	t.Helper()
	last := r.books.Counts().Acknowledged + changes
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(time.Millisecond) {
		if r.books.Counts().Acknowledged >= last {
			return
		}
	}
	t.Errorf("%d changes took longer than a minute", changes)
}

// compare compares all and wants no finding.
func (r *rig) compare(t *testing.T) {
	t.Helper()
	r.look(t)
	for _, f := range r.books.Findings() {
		t.Error(f)
	}
	if t.Failed() {
		t.FailNow()
	}
}

func (r *rig) look(t *testing.T) {
	t.Helper()
	if err := errors.Join(r.books.CompareAll(t.Context()), r.books.Audit(t.Context())); err != nil {
		log, _ := os.ReadFile(r.config.Log)
		t.Fatalf("%v\n%s", err, log)
	}
}

// kill kills the server under work.
func (r *rig) kill(t *testing.T, changes int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := r.begin(ctx)
	r.wait(t, changes)
	r.server.Kill()
	cancel()
	<-done
}

func TestBooksAgree(t *testing.T) {
	t.Parallel()
	r := newRig(t, daemontest.Program(t))
	for range 3 {
		r.kill(t, 150)
		r.start(t)
		r.compare(t)
	}
	c := r.books.Counts()
	t.Logf("%d changes acknowledged, %d in doubt, none lost", c.Acknowledged, c.InDoubt)
	if c.Acknowledged < 450 {
		t.Errorf("got %+v", c)
	}
}

// has says whether a finding of a kind has a text.
func has(findings []ledger.Finding, kind ledger.Kind, text string) bool {
	for _, f := range findings {
		if f.Kind == kind && strings.Contains(f.What, text) {
			return true
		}
	}
	return false
}
