package testbed

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/child"
	"github.com/hitherauth/hither/internal/eye"
)

// patience is how long a program may take to start, on a machine with other things to do.
const patience = 60 * time.Second

// screen is an X server that draws in memory. Who wants to see what is on it needs a
// cookie, which is in a file that its owner alone may read.
type screen struct {
	display   string // such as ":7"
	authority string // the path of that file
	cmd       *exec.Cmd
	xvfb      *child.Process
	said      words
	socket    os.FileInfo // nil: there is none
	eye       *eye.Screen // looks at it; nil before it has appeared
}

// startScreen returns when the screen can be drawn on.
func startScreen(ctx context.Context, dir string, size image.Point) (*screen, error) {
	s := &screen{authority: filepath.Join(dir, "xauthority")}
	if err := os.WriteFile(s.authority, cookie(), 0o600); err != nil {
		return nil, err
	}
	says, told, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = says.Close() }()
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), "Xvfb", //nolint:gosec // numbers and a path of our own
		"-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", size.X, size.Y),
		"-nolisten", "tcp", "-noreset", "-auth", s.authority)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.ExtraFiles = &s.said, &s.said, []*os.File{told}
	child.Gently(s.cmd) // killed, it leaves a lock and a socket behind
	s.xvfb, err = child.Start(context.WithoutCancel(ctx), s.cmd)
	_ = told.Close() // it has its own
	if err != nil {
		return nil, err
	}
	if err = s.appear(ctx, says); err == nil {
		s.eye, err = eye.Open(context.WithoutCancel(ctx), s.display, s.authority)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// appear waits until Xvfb has written the number of its display.
func (s *screen) appear(ctx context.Context, says *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = says.SetReadDeadline(time.Unix(1, 0)) })()
	line, err := bufio.NewReader(says).ReadString('\n')
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the screen of Xvfb has not appeared: %w", context.Cause(ctx))
	case err != nil:
		<-s.xvfb.Ended()
		return s.death()
	}
	s.display = ":" + strings.TrimSpace(line)
	s.socket, _ = os.Lstat(socketPath(s.display)) // or none
	return nil
}

// death says how Xvfb ended, in its own words.
func (s *screen) death() error {
	return fmt.Errorf("the screen is gone: Xvfb ended (%v): %s", s.cmd.ProcessState, s.said.line())
}

// close ends Xvfb, and removes what it leaves behind when it is killed: a socket in
// the place where all X servers have theirs. By then it may be another one's.
func (s *screen) close() error {
	if s.eye != nil {
		_ = s.eye.Close() // Xvfb may be gone
	}
	err := s.xvfb.Close()
	if s.socket == nil {
		return err
	}
	path := socketPath(s.display)
	if now, gone := os.Lstat(path); gone == nil && os.SameFile(now, s.socket) && now.ModTime().Equal(s.socket.ModTime()) {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// socketPath is where a display is found. There is none in a system where nobody had
// the right to make its directory; the display is then found in the abstract namespace alone.
func socketPath(display string) string { return "/tmp/.X11-unix/X" + strings.TrimPrefix(display, ":") }

// cookie is an X authority (Xau): a random cookie, good for any display that knows it.
func cookie() []byte {
	const wild = 0xffff // in place of a kind of address
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	file := binary.BigEndian.AppendUint16(nil, wild)
	for _, field := range [][]byte{nil, nil, []byte("MIT-MAGIC-COOKIE-1"), secret[:]} {
		file = binary.BigEndian.AppendUint16(file, uint16(len(field))) //nolint:gosec // they are short
		file = append(file, field...)
	}
	return file
}

// Photograph is what is on the screen: pages, and the browser's own dialogs.
func (b *Bed) Photograph() (*image.RGBA, error) {
	picture, err := b.screen.eye.Picture()
	if err != nil {
		return nil, b.why(err)
	}
	return picture, nil
}

// look is the texts of all QR codes on the screen.
func (b *Bed) look() ([]string, error) {
	texts, err := b.screen.eye.Look()
	if err != nil {
		return nil, b.why(err)
	}
	return texts, nil
}

// why is what is wrong if the bed is ending, which is a reason for most errors, and
// otherwise the error. Who looks may learn of the end of Xvfb before the bed does.
func (b *Bed) why(err error) error {
	select {
	case <-b.ctx.Done():
		return context.Cause(b.ctx)
	case <-time.After(time.Second):
		return fmt.Errorf("testbed: %w", err)
	}
}
