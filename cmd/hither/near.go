package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/ownfile"
	"github.com/hitherauth/hither/internal/term"
)

// radio is Bluetooth, if it can be used: an error comes before anybody is shown a
// QR code that would be of no use.
func (p program) radio(ctx context.Context) (*ble.Radio, error) {
	return ble.Open(ctx, ble.Config{BusAddress: p.getenv("DBUS_SYSTEM_BUS_ADDRESS")})
}

// phoneRoad leads to a phone that is near.
func (p program) phoneRoad(ctx context.Context, v voice, f loginFlags, known *remembered) (road, error) {
	_, services, err := f.tunnels.parse()
	if err != nil {
		return nil, err
	}
	canShow := func() error {
		if f.qrFile != "" {
			return nil
		}
		return v.asks("have a picture of the QR code made with --qr-file FILE")
	}
	if err := canShow(); err != nil && known.phone == nil {
		return nil, err
	}
	radio, err := p.radio(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, hint hybrid.Hint) (ctap2.Authenticator, func(), error) {
		picture := &picture{file: f.qrFile}
		defer picture.remove()
		config := hybrid.Config{Scanner: radio, Hint: hint, Transport: transport(services, v), Show: v.showCode}
		config.Limits.Proximity = f.wait
		if f.qrFile != "" {
			config.Show = func(text string) error {
				v.status("looking for the phone: scan the QR code in " + f.qrFile)
				return picture.write(text)
			}
		}
		progress := config.Progress
		config.Progress = func(e hybrid.Event) {
			if _, ok := e.(hybrid.AdvertMatched); ok {
				picture.remove()
			}
			progress(e)
		}
		conn, err := known.meet(ctx, config, v, f.wait, canShow)
		if err != nil {
			return nil, nil, err
		}
		return conn, func() { known.leave(ctx, conn) }, nil
	}, nil
}

func (v voice) showCode(text string) error { return v.terminal.ShowCode(text) }

const svgSuffix = ".svg"

func isPicture(name string) bool {
	suffix := strings.ToLower(filepath.Ext(name))
	return suffix == ".png" || suffix == svgSuffix
}

// picture is a QR code in a file, which is there while the QR code is good for
// something: whoever can read it can be the phone.
type picture struct {
	file string

	mu      sync.Mutex
	written bool
}

func (q *picture) write(text string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if info, err := os.Lstat(q.file); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is there and is no file: no picture is put in its place", q.file)
	}
	var b strings.Builder
	if err := term.WriteCode(&b, text, strings.EqualFold(filepath.Ext(q.file), svgSuffix)); err != nil {
		return err
	}
	if err := ownfile.Replace(q.file, []byte(b.String())); err != nil {
		return fmt.Errorf("making a picture of the QR code: %w", err)
	}
	q.written = true
	return nil
}

func (q *picture) remove() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.written {
		return
	}
	if err := os.Remove(q.file); err == nil || errors.Is(err, fs.ErrNotExist) {
		q.written = false
	}
}
