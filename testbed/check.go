package testbed

import (
	"errors"
	"os/exec"
)

// MissingError says that a program is missing which a test bed needs.
type MissingError struct {
	// Program is its name.
	Program string
	// Package is the package of Debian and its descendants that has it.
	Package string
}

func (e *MissingError) Error() string {
	return e.Program + " is missing: apt-get install " + e.Package
}

// findPrograms looks for all that a bed needs, and for what it can be without.
func findPrograms(config Config) (chromium string, err error) {
	var missing []error
	for _, p := range []MissingError{{"Xvfb", "xvfb"}, {"dbus-daemon", "dbus"}} {
		if _, err := exec.LookPath(p.Program); err != nil {
			missing = append(missing, &p)
		}
	}
	chromium, err = findChromium(config.Chromium)
	if err != nil && config.Chromium != "" {
		missing = append(missing, err)
	}
	return chromium, errors.Join(missing...)
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
