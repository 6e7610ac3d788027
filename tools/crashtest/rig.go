package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2" //nolint:depguard // moments that can be repeated
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/tools/daemon"
	"github.com/hitherauth/hither/tools/ledger"
)

// options are what was asked for on the command line.
type options struct {
	bin, folder     string
	ours            bool // the folder was made here
	seed            uint64
	workers, people int
	number          int // of cycles, restarts or rounds
	parallel        int
	stdout, stderr  io.Writer
}

// rig is a server, the people who use it, and the ledger.
type rig struct {
	options
	config   daemon.Config
	server   *daemon.Process
	client   *api.Client
	operator *ledger.Operator
	books    *ledger.Ledger
	rng      *rand.Rand
	slowest  time.Duration // restart
	told     time.Time     // when progress was last told
}

// patience is what a client waits for an answer: longer than a server takes that
// is as busy as any here.
const patience = 30 * time.Second

func newRig(ctx context.Context, o options) (*rig, error) {
	if o.folder == "" {
		var err error
		if o.folder, err = os.MkdirTemp("", "crashtest"); err != nil {
			return nil, err
		}
		o.ours = true
	} else if err := os.MkdirAll(o.folder, 0o700); err != nil {
		return nil, err
	}
	port, err := daemon.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	r := &rig{
		options: o, told: time.Now(), rng: rand.New(rand.NewPCG(o.seed, 0)),
		config: daemon.Config{Program: o.bin, DataDir: filepath.Join(o.folder, "data"), Port: port, Log: filepath.Join(o.folder, "log")},
	}
	connections := max(o.workers, min(o.parallel, mostConnections))
	r.client = api.NewClient(&http.Client{
		Timeout:   patience,
		Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections},
	}, r.config.Origin())
	r.operator = ledger.NewOperator(r.config.Socket())
	r.books = ledger.New(ledger.Config{
		Client: r.client, Operator: r.operator, Database: filepath.Join(r.config.DataDir, "hither.db"), Seed: o.seed, People: o.people,
	})
	return r, nil
}

// start starts the server and waits until it listens.
func (r *rig) start(ctx context.Context) error {
	var err error
	if r.server, err = daemon.Start(r.config); err != nil {
		return err
	}
	took, err := r.server.Ready(ctx)
	r.slowest = max(r.slowest, took)
	return err
}

// begin starts the server for the first time and makes an administrator.
func (r *rig) begin(ctx context.Context) error {
	if err := r.start(ctx); err != nil {
		return err
	}
	r.slowest = 0 // it had a database to make
	return r.books.Setup(ctx)
}

// compare holds the ledger against the server. Anything that is found is an
// error.
func (r *rig) compare(ctx context.Context, whole bool) error {
	compare := r.books.Compare
	if whole {
		compare = r.books.CompareAll
	}
	err := errors.Join(compare(ctx), r.books.Audit(ctx))
	if whole {
		r.verifyAudit(ctx)
	}
	return errors.Join(r.judge(), err)
}

// verifyAudit stops the server, which seals what is not yet sealed, and has the
// program verify all of its audit rows.
func (r *rig) verifyAudit(ctx context.Context) {
	if _, err := r.server.Stop(longestStop); err != nil {
		r.books.Find(ledger.Integrity, err.Error())
	}
	verify := exec.CommandContext(ctx, r.bin, "audit", "verify", "--data-dir", r.config.DataDir)
	if out, err := verify.CombinedOutput(); err != nil {
		r.books.Find(ledger.Integrity, fmt.Sprintf("hitherd audit verify: %v: %s", err, bytes.TrimSpace(out)))
	} else {
		r.say("audit log: %s", bytes.TrimSpace(out))
	}
}

// errFound is the outcome of a trial that has found something.
var errFound = errors.New("the server broke its promises")

// judge says what was found, if anything.
func (r *rig) judge() error {
	found := r.books.Findings()
	if len(found) == 0 {
		return nil
	}
	const most = 20
	for i, f := range found {
		if i == most {
			r.say("and %d more", len(found)-most)
			break
		}
		r.say("%s", f)
	}
	return errFound
}

// sums are how many findings there are of each kind.
func (r *rig) sums() string {
	sums := map[ledger.Kind]int{}
	for _, f := range r.books.Findings() {
		sums[f.Kind]++
	}
	return fmt.Sprintf("lost %d, resurrected %d, integrity errors %d", sums[ledger.Lost], sums[ledger.Resurrected], sums[ledger.Integrity])
}

// say writes a line for whoever watches.
func (r *rig) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.stderr, format+"\n", args...) // nobody may
}

// result writes what has come of a trial, and gives back err.
func (r *rig) result(err error, format string, args ...any) error {
	_, failure := fmt.Fprintf(r.stdout, format+"\n", args...)
	return errors.Join(err, failure)
}

// tidy removes what nobody asked to keep.
func (r *rig) tidy() error {
	if !r.ours {
		return nil
	}
	return os.RemoveAll(r.folder)
}

// keep writes the ledger beside the data directory and says where.
func (r *rig) keep() error {
	f, err := os.OpenFile(filepath.Join(r.folder, "ledger.json"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	r.say("kept in %s: data directory, log, ledger.json", r.folder)
	return errors.Join(r.books.Write(f), f.Close())
}

// progress tells from time to time how far it has come.
func (r *rig) progress(what string, done int) {
	const often = 10 * time.Second
	if time.Since(r.told) >= often {
		r.told = time.Now()
		r.say("%s %s of %s", what, number(int64(done)), number(int64(r.number)))
	}
}

// number writes n with commas between thousands.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// rate is how many operations there were in a second.
func rate(operations int64, during time.Duration) string {
	if during <= 0 {
		return "0/s"
	}
	return number(int64(float64(operations)/during.Seconds())) + "/s"
}
