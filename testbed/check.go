package testbed

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// MissingError says that a program is missing which a test bed needs.
type MissingError struct {
	// Program is its name.
	Program string
	// Package is the package of Debian and its descendants that has it.
	Package string
}

func (e *MissingError) Error() string { return e.Program + " is missing: " + e.remedy() }

func (e *MissingError) remedy() string { return "apt-get install " + e.Package }

// Finding is what [Check] has found out about one thing.
type Finding struct {
	// Name is what was looked at: "system", "Xvfb", "dbus-daemon", "chromium", "bed"
	// (the first two, started) or "browser" (the third, started, with a window on the screen).
	Name string
	OK   bool
	// Detail is what was found: where a program is, or what was wrong.
	Detail string
	// Remedy is what to do about it, "" if nobody knows.
	Remedy string
}

// Check finds out whether there can be a test bed with a browser here, by starting
// them. What needs something that is missing is not tried, and not among the findings.
func Check(ctx context.Context, config Config) []Finding {
	if runtime.GOOS != "linux" {
		return []Finding{{Name: "system", Detail: runtime.GOOS, Remedy: "use Linux: a container or a virtual machine will do"}}
	}
	findings := []Finding{{Name: "system", OK: true, Detail: "linux"}}
	ok := true
	for _, find := range []func() (name, path string, err error){
		func() (name, path string, err error) { return find("Xvfb", "xvfb") },
		func() (name, path string, err error) { return find("dbus-daemon", "dbus") },
		func() (name, path string, err error) {
			path, err = findChromium(config.Chromium)
			return "chromium", path, err
		},
	} {
		name, path, err := find()
		findings = append(findings, finding(name, path, err))
		ok = ok && err == nil
	}
	if !ok {
		return findings
	}
	bed, err := Start(ctx, config)
	if err != nil {
		return append(findings, finding("bed", "", err))
	}
	window := finding("browser", "it shows a window", bed.tryBrowser(ctx))
	return append(findings, finding("bed", "it starts", bed.Close()), window)
}

// finding is one that is good unless there is an error.
func finding(name, detail string, err error) Finding {
	if err == nil {
		return Finding{Name: name, OK: true, Detail: detail}
	}
	f := Finding{Name: name, Detail: strings.TrimPrefix(err.Error(), "testbed: ")}
	if missing, ok := errors.AsType[*MissingError](err); ok {
		f.Detail, f.Remedy = "it is missing", missing.remedy()
	} else if strings.Contains(f.Detail, "sandbox") {
		f.Remedy = "apt-get install chromium-sandbox, or let users make namespaces: see docs/testbed.md"
	}
	return f
}

// tryBrowser starts a browser and waits for something that is not black.
func (b *Bed) tryBrowser(ctx context.Context) error {
	browser, err := b.Browser(ctx, BrowserConfig{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return errors.Join(b.waitWindow(ctx, browser), browser.Close())
}

func (b *Bed) waitWindow(ctx context.Context, browser *Browser) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		picture, err := b.Photograph()
		if err != nil || !blank(picture) {
			return err
		}
		select {
		case <-tick.C:
		case <-browser.Ended():
			return nil // its Close says why
		case <-ctx.Done():
			return fmt.Errorf("the browser shows no window: %w", context.Cause(ctx))
		}
	}
}

// blank says whether a picture has but one colour, as a screen with nothing on it.
func blank(picture *image.RGBA) bool {
	for i := 4; i < len(picture.Pix); i += 4 {
		if [4]byte(picture.Pix[i:i+4]) != [4]byte(picture.Pix[:4]) {
			return false
		}
	}
	return true
}

// findPrograms looks for all that a bed needs, and for what it can be without.
func findPrograms(config Config) (chromium string, err error) {
	_, _, noScreen := find("Xvfb", "xvfb")
	_, _, noBus := find("dbus-daemon", "dbus")
	chromium, err = findChromium(config.Chromium)
	if config.Chromium == "" {
		err = nil
	}
	return chromium, errors.Join(noScreen, noBus, err)
}

// find looks for a program in PATH.
func find(program, debian string) (name, path string, err error) {
	path, err = exec.LookPath(program)
	if err != nil {
		err = &MissingError{Program: program, Package: debian}
	}
	return program, path, err
}

func findChromium(program string) (path string, err error) {
	if program != "" {
		return exec.LookPath(program)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoChromium()
}

func errNoChromium() error { return &MissingError{Program: "chromium", Package: "chromium"} }
