package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2" //nolint:depguard // which moments are met is to be repeatable
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/tools/daemon"
	"github.com/hitherauth/hither/tools/faultfs"
	"github.com/hitherauth/hither/tools/ledger"
)

const (
	workers = 4
	people  = 32
	// patience is how long a server may take to do what it must.
	patience = 20 * time.Second
)

// site is one data directory through the life of several servers: on a disk that
// fails or forgets, and in between on a plain directory, where it is looked at.
type site struct {
	folder string
	config daemon.Config
	client *http.Client
	people *api.Client
	books  *ledger.Ledger
	random *rand.Rand

	image    faultfs.Image // what the last server has left
	cutImage faultfs.Image // what the last power cut has left
	counted  int           // requests of all disks before
	claimed  bool          // there is an administrator
	lying    bool          // the disk acknowledges fsync and does nothing
}

// openSite makes a site in a new folder. Its data directory is empty.
func (r *rig) openSite(ctx context.Context, seed uint64) (*site, error) {
	folder, err := os.MkdirTemp("", "hf") // short: the path of a socket must be
	if err != nil {
		return nil, err
	}
	s := &site{folder: folder, lying: r.lying, random: rand.New(rand.NewPCG(seed, 2))}
	port, err := r.port(ctx)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.config = daemon.Config{
		Program: r.program, DataDir: filepath.Join(folder, "data"), Port: port, Log: filepath.Join(folder, "log"),
	}
	s.client = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * workers}}
	s.people = api.NewClient(s.client, s.config.Origin())
	s.books = ledger.New(ledger.Config{
		Client: s.people, Operator: ledger.NewOperator(s.config.Socket()),
		Database: filepath.Join(s.config.DataDir, "hither.db"), Seed: seed, People: people,
	})
	return s, os.Mkdir(s.config.DataDir, 0o700)
}

func (s *site) close() error { return os.RemoveAll(s.folder) }

// start starts a server and waits for it.
func (s *site) start(ctx context.Context) (*daemon.Process, error) {
	s.client.CloseIdleConnections() // to a server that is gone
	server, err := daemon.Start(s.config)
	if err != nil {
		return nil, err
	}
	if _, err := server.Ready(ctx); err != nil {
		return server, err
	}
	return server, nil
}

// verify starts a server on a plain directory with what was left, and holds the
// books against it.
func (s *site) verify(ctx context.Context) (err error) {
	if err := s.image.WriteTo(s.config.DataDir); err != nil {
		return err
	}
	server, err := s.start(ctx)
	if err != nil {
		if server != nil {
			server.Kill()
		}
		return fmt.Errorf("the next start failed: %w\n%s", err, s.logged(0))
	}
	defer server.Kill()
	if !s.claimed {
		if err := s.books.Setup(ctx); err != nil {
			return err
		}
		s.claimed = true
	}
	if err := errors.Join(s.books.Compare(ctx), s.books.Audit(ctx)); err != nil {
		return err
	}
	// The next server finds a log to recover, or none.
	s.client.CloseIdleConnections() // a stop says goodbye to each
	if s.random.IntN(2) == 0 {
		server.Kill()
	} else if _, err := server.Stop(patience); err != nil {
		return err
	}
	if s.image, err = faultfs.ReadImage(s.config.DataDir); err != nil {
		return err
	}
	return s.empty()
}

func (s *site) empty() error {
	entries, err := os.ReadDir(s.config.DataDir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(s.config.DataDir, e.Name())))
	}
	return err
}

// logged is what servers have logged since the log had a size.
func (s *site) logged(size int64) string {
	b, err := os.ReadFile(s.config.Log)
	if err != nil || int64(len(b)) < size {
		return ""
	}
	return string(b[size:])
}

// loggedSize is the size of the log now.
func (s *site) loggedSize() int64 {
	info, err := os.Stat(s.config.Log)
	if err != nil {
		return 0 // no server has been started
	}
	return info.Size()
}

// said is the sentence with which a server has refused to start, "" if it did not.
func said(log string) string {
	for line := range strings.Lines(log) {
		if sentence, ok := strings.CutPrefix(line, "hitherd: "); ok && !strings.HasPrefix(sentence, "hint: ") {
			return strings.TrimSpace(sentence)
		}
	}
	return ""
}

// until waits for a condition, for as long as a server has patience with it.
func until(ctx context.Context, what string, condition func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !condition() {
		select {
		case <-ctx.Done():
			return errors.New("never within " + strconv.Itoa(int(patience/time.Second)) + " s: " + what)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
