// Package daemon runs hitherd as the process that it is: started on a data
// directory, stopped in good order, or killed. It is for programs that find out
// what the server's promises are worth.
package daemon

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// longestStart is how long a server may take to say that it listens.
const longestStart = 30 * time.Second

// Config describes a server.
type Config struct {
	Program string // the hitherd to run
	DataDir string
	// Port on the loopback addresses. It stays the same over restarts: the origin
	// is part of what passkeys sign. See [FreePort].
	Port int
	// Environ is more environment, such as "HITHER_SIGNUP=closed". Without it
	// sign-up is open, the limits of rates are off, and this machine is a trusted
	// proxy.
	Environ []string
	// Log is the file that gets what the server logs, warnings and worse.
	Log string
}

// Origin is the installation's origin.
func (c Config) Origin() string { return "http://localhost:" + strconv.Itoa(c.Port) }

// Socket is the path of the operators' door.
func (c Config) Socket() string { return filepath.Join(c.DataDir, "hither.sock") }

// Process is a running hitherd.
type Process struct {
	config  Config
	cmd     *exec.Cmd
	log     *os.File
	started time.Time
	ready   chan error // has one value once the server listens or has ended
	// Ended is closed when the process is gone.
	Ended   chan struct{}
	failure error // of the process; read after Ended
}

// Start starts a server and does not wait for it.
func Start(c Config) (*Process, error) {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("daemon: %w", err)
	}
	p := &Process{config: c, log: log, ready: make(chan error, 1), Ended: make(chan struct{})}
	p.cmd = exec.Command(c.Program, "serve") //nolint:noctx // it ends by Stop or Kill; a context would kill it
	p.cmd.Stderr = log
	p.cmd.Env = append(os.Environ(), //nolint:forbidigo // the server's environment is this program's
		"HITHER_DATA_DIR="+c.DataDir, "HITHER_LISTEN=127.0.0.1:"+strconv.Itoa(c.Port),
		"HITHER_SIGNUP=open", "HITHER_RATE_LIMITS=off", "HITHER_TRUSTED_PROXIES=127.0.0.0/8,::1/128", "HITHER_LOG_LEVEL=warn")
	p.cmd.Env = append(p.cmd.Env, c.Environ...)
	read, write, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("daemon: %w", err), log.Close())
	}
	p.cmd.Stdout = write
	p.started = time.Now()
	err = p.cmd.Start()
	_ = write.Close() // the process has its own
	if err != nil {
		_ = read.Close()
		return nil, errors.Join(fmt.Errorf("daemon: %w", err), log.Close())
	}
	go p.watch(read)
	return p, nil
}

// watch waits for the first line, and then for the end.
func (p *Process) watch(out *os.File) {
	in := bufio.NewReader(out)
	line, err := in.ReadString('\n')
	if !strings.HasPrefix(line, "listening ") {
		err = fmt.Errorf("daemon: hitherd said %q where its address belongs; its log is %s", line, p.config.Log)
	}
	p.ready <- err
	for err == nil {
		_, err = in.ReadString('\n') // the setup link, for whoever has a use for it
	}
	p.failure = p.cmd.Wait()
	_ = out.Close()
	_ = p.log.Close()
	close(p.Ended)
}

// Ready waits until the server listens and says how long that has taken.
func (p *Process) Ready(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, longestStart)
	defer cancel()
	select {
	case err := <-p.ready:
		p.ready <- err // for whoever asks next
		return time.Since(p.started), err
	case <-ctx.Done():
		return 0, fmt.Errorf("daemon: hitherd does not listen after %s (%w); its log is %s", longestStart, ctx.Err(), p.config.Log)
	}
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process with SIGKILL and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.Ended
}

// Stop sends SIGTERM, waits until the process is gone and says how long that
// has taken. The error is of a process that did not end well, or not within limit: it is killed then.
func (p *Process) Stop(limit time.Duration) (time.Duration, error) {
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, fmt.Errorf("daemon: %w", err)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.Ended:
	case <-timer.C:
		p.Kill()
		return time.Since(began), fmt.Errorf("daemon: hitherd did not end within %s of SIGTERM", limit)
	}
	if p.failure != nil {
		return time.Since(began), fmt.Errorf("daemon: hitherd after SIGTERM: %w; its log is %s", p.failure, p.config.Log)
	}
	return time.Since(began), nil
}

// FreePort finds a port that is free on both loopback addresses, below those
// that systems take for outgoing connections: nobody gets it while a server
// that had it is down.
func FreePort(ctx context.Context) (int, error) {
	const lowest, number = 10_000, 20_000
	var lc net.ListenConfig
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt(number))
		if err != nil {
			return 0, fmt.Errorf("daemon: %w", err)
		}
		port := lowest + int(n.Int64())
		if free(ctx, &lc, "127.0.0.1", port) && free(ctx, &lc, "::1", port) {
			return port, nil
		}
	}
	return 0, errors.New("daemon: no port is free")
}

func free(ctx context.Context, lc *net.ListenConfig, host string, port int) bool {
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return false
	}
	return err != nil || l.Close() == nil // a system without IPv6 has all of its ports free
}
