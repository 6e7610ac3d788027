package testbed

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/hitherauth/hither/internal/ble/bletest"
	"github.com/hitherauth/hither/internal/child"
)

// ErrClosed says that the bed has been closed.
var ErrClosed = errors.New("testbed: the bed is closed")

// ErrDied says that a part of the bed has died, and with it the bed.
var ErrDied = errors.New("testbed: the bed has died")

// errLate says that a part of a bed has been started, and does nothing.
var errLate = errors.New("the bed's parts have not started in " + patience.String())

// Bed is a test bed: a screen, an air and a tunnel service that nobody else uses.
// It may be used by several goroutines.
type Bed struct {
	config   Config
	chromium string // a path; "" if there is none
	dir      string // for whatever is a file; it is removed at the end
	warden   *child.Warden

	bus     *bletest.Bus
	bluez   *bletest.BlueZ
	screen  *screen
	tunnels *tunnels
	diary   *diary
	phones  *phones

	ctx   context.Context // done when the bed begins to end; its cause says why
	end   context.CancelCauseFunc
	ended chan struct{} // closed when nothing is left
	err   error         // what went wrong; read after ended

	mu   sync.Mutex
	over bool           // nothing is begun any more
	work sync.WaitGroup // what goes on in this bed: phones, browsers

	airMu sync.Mutex
	air   Air
}

// Start starts a test bed. It lives until ctx is done or it is closed, and not longer
// than its parts: when the screen or the bus dies, everything ends, see [Bed.Err].
//
// The error names each program that is missing, with the Debian package that has it:
// see [MissingError].
func Start(ctx context.Context, config Config) (*Bed, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("testbed: it needs Linux, and this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	config = config.withDefaults()
	chromium, err := findPrograms(config)
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	dir, err := newFolder()
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	b := &Bed{config: config, chromium: chromium, dir: dir, diary: newDiary(), phones: newPhones(), ended: make(chan struct{})}
	b.ctx, b.end = context.WithCancelCause(ctx)
	if err := b.start(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause // which the part that failed need not have said
		}
		err = fmt.Errorf("testbed: %w", err)
		b.end(err)
		return nil, errors.Join(err, b.takeDown())
	}
	config.Logger.Debug("test bed started", "screen", b.screen.display, "tunnels", b.tunnels.address)
	go b.live()
	return b, nil
}

// maxPath is how long the path may be of what a bed's folder is made in. The longest
// path in the folder is a socket's, and has room for 107 bytes: that of
// hither-bed-1234567890/c1234567890/org.chromium.Chromium.123456/SingletonSocket,
// without which Chromium does not start.
const maxPath = 28

// newFolder makes the bed's folder among the temporary ones. Where those are too far
// from the root, as a test's often are, it is in /tmp.
func newFolder() (string, error) {
	in, err := filepath.Abs(os.TempDir()) // who uses it may be elsewhere
	if err != nil {
		return "", err
	}
	if len(in) > maxPath {
		in = "/tmp"
	}
	return os.MkdirTemp(in, "hither-bed-")
}

// start starts the parts. When all have started they do not end with the context by
// themselves: there is an order, see takeDown.
func (b *Bed) start() (err error) {
	if b.warden, err = child.Appoint(b.dir); err != nil {
		return err
	}
	ctx, giveUp := context.WithCancelCause(context.WithoutCancel(b.ctx))
	defer context.AfterFunc(b.ctx, func() { giveUp(context.Cause(b.ctx)) })()
	defer time.AfterFunc(patience, func() { giveUp(errLate) }).Stop()
	defer func() {
		if cause := context.Cause(ctx); cause != nil && err != nil {
			err = cause
		}
	}()
	// The screen takes longest.
	if b.screen, err = startScreen(b.ctx, b.dir, b.config.Screen); err != nil {
		return err
	}
	if b.bus, err = bletest.StartBus(ctx, bletest.BusConfig{Dir: b.dir}); err != nil {
		return err
	}
	if b.bluez, err = bletest.StartBlueZ(ctx, b.bus.Address(), bletest.Config{Interval: b.config.Interval, Slots: 64}); err != nil {
		return err
	}
	b.tunnels, err = startTunnels(ctx)
	return err
}

// live waits for the end.
func (b *Bed) live() {
	defer close(b.ended)
	var died error
	select {
	case <-b.ctx.Done():
	case <-b.screen.xvfb.Ended():
		died = fmt.Errorf("%w: %w", ErrDied, b.screen.death())
	case <-b.bus.Ended():
		died = fmt.Errorf("%w: dbus-daemon ended", ErrDied)
	case err := <-b.tunnels.failed:
		died = fmt.Errorf("%w: the tunnel service ended: %w", ErrDied, err)
	}
	b.end(died)
	b.config.Logger.Debug("test bed ends", "cause", context.Cause(b.ctx))
	b.err = errors.Join(died, b.takeDown())
}

// takeDown ends everything, who uses something before what is used.
func (b *Bed) takeDown() error {
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
	b.work.Wait()
	var errs []error
	if b.tunnels != nil {
		errs = append(errs, b.tunnels.close())
	}
	if b.bluez != nil {
		_ = b.bluez.Close() // the bus may be gone
	}
	if b.bus != nil {
		errs = append(errs, b.bus.Close())
	}
	if b.screen != nil {
		errs = append(errs, b.screen.close())
	}
	errs = append(errs, os.RemoveAll(b.dir))
	if b.warden != nil {
		b.warden.Dismiss()
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("testbed: taking the bed down: %w", err)
	}
	return nil
}

// Close ends everything in this bed and returns when nothing is left of it: no
// process, no file, no connection. Its error is that of [Bed.Err]. It may be called
// several times.
func (b *Bed) Close() error {
	b.end(ErrClosed)
	<-b.ended
	return b.err
}

// Ended is closed when the bed has ended and nothing of it is left.
func (b *Bed) Ended() <-chan struct{} { return b.ended }

// Err says what was wrong with a bed that has ended: which part of it died, or what
// could not be taken down. It is nil before, and when the bed ended because it was
// closed or its context was done.
func (b *Bed) Err() error {
	select {
	case <-b.ended:
		return b.err
	default:
		return nil
	}
}

// begin has f run as a part of the bed, which ends after it: f must return soon after
// b.ctx is done. It is an error, which says why, when the bed is ending.
func (b *Bed) begin(f func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := context.Cause(b.ctx); err != nil || b.over {
		return err
	}
	b.work.Go(f)
	return nil
}

// Environ is what the environment of programs needs that are to be in this bed: a
// browser, or what starts one. Each is as in [os.Environ].
//
//   - DISPLAY and XAUTHORITY: the screen, and what opens it.
//   - DBUS_SYSTEM_BUS_ADDRESS: the bus that BlueZ is on.
//   - DBUS_SESSION_BUS_ADDRESS: no bus at all, so that a browser does not find that of
//     whoever runs the test.
func (b *Bed) Environ() []string {
	return []string{
		"DISPLAY=" + b.screen.display,
		"XAUTHORITY=" + b.screen.authority,
		"DBUS_SYSTEM_BUS_ADDRESS=" + b.bus.Address(),
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/dev/null",
	}
}

// Dir is the bed's folder for files, which is removed at the end with all that is in
// it. Its owner alone may look into it.
func (b *Bed) Dir() string { return b.dir }

// Screen is the size of the screen in pixels.
func (b *Bed) Screen() image.Point { return b.config.Screen }

// Chromium is the path of the browser, "" if there is none.
func (b *Bed) Chromium() string { return b.chromium }
