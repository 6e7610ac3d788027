package testbed

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/child"
)

// BrowserConfig describes a browser. The zero value is one with an empty page.
type BrowserConfig struct {
	// URL is the first page. "": an empty one.
	URL string
	// Hosts says where hosts are, by name or by pattern with a "*": "login.example"
	// at "127.0.0.1:8443". http://localhost needs no entry.
	Hosts map[string]string
	// Trust are certificates of servers whose key Chromium is to trust, whoever has
	// signed them. That of the bed's tunnel service is always among them.
	Trust []*x509.Certificate
	// Flags are more flags for Chromium. They come last.
	Flags []string
}

// Browser is a Chromium that runs in a bed, with user data of its own.
type Browser struct {
	dir      string // all its files
	cmd      *exec.Cmd
	process  *child.Process
	said     words
	devtools string
	end      context.CancelCauseFunc
	ended    chan struct{} // closed when nothing is left
	err      error         // what went wrong; read after ended
}

// Browser starts a Chromium on the bed's screen, and returns when it can be driven. It
// lives until ctx is done, it is closed, or the bed ends. Nobody was here before it:
// its settings, its user data and its home directory are new, and removed in the end.
//
// Browsers of one bed share a screen, and cover each other up.
func (b *Bed) Browser(ctx context.Context, config BrowserConfig) (*Browser, error) {
	if b.chromium == "" {
		return nil, fmt.Errorf("testbed: %w", errNoChromium())
	}
	ctx, end := context.WithCancelCause(ctx)
	r := &Browser{end: end, ended: make(chan struct{})}
	started := make(chan error, 1)
	if err := b.begin(func() { r.live(ctx, b, config, started) }); err != nil {
		end(err)
		return nil, err
	}
	err := <-started
	if err == nil {
		err = r.answer(ctx)
	}
	if err != nil {
		end(err)
		<-r.ended
		if cause := context.Cause(b.ctx); cause != nil {
			return nil, cause
		}
		if r.err != nil {
			err = r.err // why it did not answer
		}
		return nil, fmt.Errorf("testbed: starting Chromium: %w", err)
	}
	b.diary.note(Event{Kind: "browser_started"})
	return r, nil
}

// live is a browser from its start to its end.
func (r *Browser) live(ctx context.Context, b *Bed, config BrowserConfig, started chan<- error) {
	defer close(r.ended)
	defer context.AfterFunc(b.ctx, func() { r.end(context.Cause(b.ctx)) })()
	err := r.launch(ctx, b, config)
	started <- err
	if err == nil {
		<-r.process.Ended()
		if ctx.Err() == nil {
			r.err = r.death()
		}
		r.end(nil)
		r.err = errors.Join(r.err, r.process.Close())
		b.diary.note(Event{Kind: "browser_ended"})
	}
	if r.dir != "" {
		r.err = errors.Join(r.err, os.RemoveAll(r.dir))
	}
}

// launch starts the program.
func (r *Browser) launch(ctx context.Context, b *Bed, config BrowserConfig) (err error) {
	if r.dir, err = os.MkdirTemp(b.dir, "c"); err != nil { // short: see maxPath
		return err
	}
	if err := os.Mkdir(r.file("home"), 0o700); err != nil {
		return err
	}
	flags := slices.Concat(b.flags(config), []string{
		"--user-data-dir=" + r.file("data"),
		"--remote-debugging-port=0",
		"--enable-logging", "--log-file=" + r.file("log"), "--vmodule=device_event_log*=1",
	}, config.Flags)
	if config.URL != "" {
		flags = append(flags, config.URL)
	} else {
		flags = append(flags, "about:blank")
	}
	r.cmd = exec.CommandContext(ctx, b.chromium, flags...) //nolint:gosec // what to run is the caller's to say
	r.cmd.Env = append(r.cmd.Environ(), b.Environ()...)
	r.cmd.Env = append(r.cmd.Env, "HOME="+r.file("home"), "TMPDIR="+r.dir,
		"XDG_CONFIG_HOME=", "XDG_CACHE_HOME=", "XDG_DATA_HOME=")
	// Its crash handlers leave the process group and keep its output. That is a pipe
	// here, which has no end before they have one.
	r.cmd.Stdout, r.cmd.Stderr = &r.said, &r.said
	r.process, err = child.Start(ctx, r.cmd)
	return err
}

// answer waits until Chromium has written where it can be driven.
func (r *Browser) answer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		text, _ := os.ReadFile(r.file("data/DevToolsActivePort")) // not there yet
		if port, path, ok := strings.Cut(string(text), "\n"); ok && path != "" {
			r.devtools = "ws://127.0.0.1:" + port + strings.TrimSpace(path)
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", context.Cause(ctx))
		}
	}
}

// death says how Chromium ended, in its own words.
func (r *Browser) death() error {
	return fmt.Errorf("the browser is gone: Chromium ended (%v): %s", r.cmd.ProcessState, r.said.line())
}

func (r *Browser) file(name string) string { return filepath.Join(r.dir, name) }

// DevTools is the address of Chromium's DevTools protocol, as in ws://127.0.0.1:9222/devtools/browser/….
// All programs of this machine can connect to it.
func (r *Browser) DevTools() string { return r.devtools }

// Log is Chromium's own log, in which everything that concerns Bluetooth, tunnels and
// dialogs of passkeys has a line. It is "" once the browser has ended.
func (r *Browser) Log() string {
	text, _ := os.ReadFile(r.file("log")) // not there yet, or any more
	return string(text)
}

// Ended is closed when the browser has ended, however that happened, and nothing of
// it is left.
func (r *Browser) Ended() <-chan struct{} { return r.ended }

// Close ends the browser and returns when nothing of it is left. The error says how
// it had ended before, if it had by itself, or what could not be removed. It may be
// called several times.
func (r *Browser) Close() error {
	r.end(ErrClosed)
	<-r.ended
	if r.err != nil {
		return fmt.Errorf("testbed: %w", r.err)
	}
	return nil
}
