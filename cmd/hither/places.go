package main

import (
	"errors"
	"path/filepath"
	"runtime"
)

// Where things are kept, by the XDG base directory specification: what is lost
// without harm in the state directory, what is not in the data directory.

func (p program) stateDir() (string, error) { return p.place("XDG_STATE_HOME", ".local/state") }

func (p program) dataDir() (string, error) { return p.place("XDG_DATA_HOME", ".local/share") }

func (p program) place(variable, belowHome string) (string, error) {
	if dir := p.getenv(variable); filepath.IsAbs(dir) { // others are to be ignored, it says
		return filepath.Join(dir, "hither"), nil
	}
	if dir := p.getenv("LocalAppData"); runtime.GOOS == "windows" && filepath.IsAbs(dir) {
		return filepath.Join(dir, "hither"), nil
	}
	home := p.getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", errors.New("the environment has no HOME, and no " + variable)
	}
	return filepath.Join(home, filepath.FromSlash(belowHome), "hither"), nil
}
