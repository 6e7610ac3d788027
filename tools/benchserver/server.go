package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/bench"
	"github.com/hitherauth/hither/internal/load"
)

// server is a hitherd in a process of its own.
type server struct {
	cmd     *exec.Cmd
	origin  string
	process *bench.Process
	ready   time.Duration // from its start until it was ready
	size    int
}

// start starts a hitherd, with nothing configured but the directory, a free port
// and no limits, and waits until it is ready.
func (p *plan) start(ctx context.Context, d directory) (*server, error) {
	log, err := os.Create(filepath.Join(p.scratch, filepath.Base(d.path)+".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own
	s := &server{cmd: exec.CommandContext(ctx, p.hitherd, "serve"), size: d.size}
	s.cmd.Stderr = log
	s.cmd.Env = append(slices.DeleteFunc(s.cmd.Environ(), func(v string) bool { return strings.HasPrefix(v, "HITHER_") }),
		"HITHER_LISTEN=127.0.0.1:0", "HITHER_RATE_LIMITS=off", "HITHER_DATA_DIR="+d.path)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.waitUntilReady(ctx, bufio.NewReader(out)); err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("hitherd did not become ready: %w\n%s", err, text), s.stop())
	}
	s.ready = time.Since(began)
	if s.process, err = bench.Watch(s.cmd.Process.Pid); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) waitUntilReady(ctx context.Context, out *bufio.Reader) error {
	line, err := out.ReadString('\n')
	if err != nil {
		return err
	}
	origin, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if !ok {
		return fmt.Errorf("its first line is %q", line)
	}
	s.origin = origin
	return api.NewClient(bench.HTTPClient(1, time.Minute), origin).Get(ctx, "/readyz")
}

// meter measures the people of the server's directory.
func (s *server) meter(workers int) (*bench.Meter, *http.Client, error) {
	connections := bench.HTTPClient(workers, time.Minute)
	client := api.NewClient(connections, s.origin)
	m, err := bench.New(bench.Config{
		Client: client, Workers: workers, Process: s.process,
		Pick: bench.AmongSeeded(client, people(), s.size),
	})
	return m, connections, err
}

// stop ends the server in good order: its database is one file then. To stop it
// again is no error.
func (s *server) stop() error {
	if s.cmd.ProcessState != nil {
		return nil
	}
	return errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait())
}

// people are whom all directories are filled with.
func people() load.Population { return load.Population{Seed: "bench", RPID: "localhost"} }
