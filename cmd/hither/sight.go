package main

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"time"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/eye"
)

// glance is how often a screen is looked at: a person notices no more.
const glance = 100 * time.Millisecond

// scanScreen waits for a QR code on the screen: the newest, when there are several.
func (p program) scanScreen(ctx context.Context, v voice, wait time.Duration) (hybrid.QRCode, error) {
	screen, err := p.openScreen(ctx)
	if err != nil {
		return hybrid.QRCode{}, err
	}
	defer screen.Close() //nolint:errcheck // nothing was written
	v.says("looking for a QR code on the screen")
	waiting, stop := context.WithTimeout(ctx, wait)
	defer stop()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		texts, err := screen.Look()
		if err != nil && ctx.Err() == nil {
			return hybrid.QRCode{}, cli.Exit(cli.ExitUnavailable, err)
		}
		if newest, ok := newestCode(texts); ok {
			return newest, nil
		}
		select {
		case <-ctx.Done():
			return hybrid.QRCode{}, context.Cause(ctx)
		case <-waiting.Done():
			return hybrid.QRCode{}, cli.Exit(cli.ExitUnavailable, errors.New("no QR code for signing in with a phone came onto the screen")).
				Hint("the whole code must be seen; --wait says how long to look")
		case <-tick.C:
		}
	}
}

func newestCode(texts []string) (newest hybrid.QRCode, ok bool) {
	for _, text := range texts {
		if code, err := hybrid.ParseQRCode(text); err == nil && (!ok || code.Time.After(newest.Time)) {
			newest, ok = code, true
		}
	}
	return newest, ok
}

// openScreen begins to look at the screen that $DISPLAY names, if it is one that
// programs may look at.
func (p program) openScreen(ctx context.Context) (*eye.Screen, error) {
	const instead = "take a picture of the screen, and give it with --image FILE"
	display := p.getenv("DISPLAY")
	switch {
	case runtime.GOOS == "windows" || runtime.GOOS == "darwin":
		return nil, cli.Usage("--screen reads X11 screens, and there are none on this system").Hint(instead)
	case p.getenv("WAYLAND_DISPLAY") != "":
		return nil, cli.Usage("--screen reads X11 screens, and this is Wayland: programs see no screen").Hint(instead)
	case display == "":
		return nil, cli.Usage("there is no screen: DISPLAY is not set").Hint(instead)
	}
	authority := p.getenv("XAUTHORITY")
	if home := p.getenv("HOME"); authority == "" && filepath.IsAbs(home) {
		authority = filepath.Join(home, ".Xauthority")
	}
	screen, err := eye.Open(ctx, display, authority)
	if err != nil && ctx.Err() == nil {
		return nil, cli.Exit(cli.ExitUnavailable, err).Hint(instead)
	}
	return screen, err
}
