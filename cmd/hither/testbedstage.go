package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/control"
	"github.com/hitherauth/hither/testbed"
)

// The names by which a command finds its bed.
const (
	envURL      = "HITHER_TESTBED_URL"
	envToken    = "HITHER_TESTBED_TOKEN"
	envChromium = "HITHER_TESTBED_CHROMIUM"
	envFlags    = "HITHER_TESTBED_CHROMIUM_FLAGS"
	envTunnel   = "HITHER_TESTBED_TUNNEL"
)

// stage is a bed with its API and all that a command finds in its environment.
type stage struct {
	bed     *testbed.Bed
	api     *control.Server
	wrapper string // the program that starts Chromium
	ca      string // the tunnel service's certificate
}

// openStage makes a bed. It ends with ctx.
func openStage(ctx context.Context, config testbed.Config) (*stage, error) {
	bed, err := testbed.Start(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &stage{bed: bed, ca: filepath.Join(bed.Dir(), "ca.pem"), wrapper: filepath.Join(bed.Dir(), "bin", wrapperName)}
	if err := s.furnish(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// furnish puts into the bed's folder what is a file, and starts the API.
func (s *stage) furnish(ctx context.Context) (err error) {
	if err := os.WriteFile(s.ca, s.bed.Certificate(), 0o600); err != nil {
		return err
	}
	scratch := filepath.Join(s.bed.Dir(), "tmp")
	for _, dir := range []string{filepath.Dir(s.wrapper), scratch} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	script := wrapper{chromium: s.bed.Chromium(), flags: s.bed.ChromiumFlags(), environ: s.bed.Environ(), scratch: scratch}.script()
	if err := os.WriteFile(s.wrapper, []byte(script), 0o700); err != nil { //nolint:gosec // G306: it is a program
		return err
	}
	s.api, err = control.Start(ctx, control.Config{Bed: s.bed, Version: cli.Version()})
	return err
}

// close ends everything and returns when nothing is left. Its error says which part
// of the bed has died before, or what does not end.
func (s *stage) close() error {
	if s.api != nil {
		s.api.Close()
	}
	if err := s.bed.Close(); err != nil {
		return cli.Exit(cli.ExitUnavailable, err)
	}
	return nil
}

// variables are what a command needs in its environment, PATH aside.
func (s *stage) variables() map[string]string {
	domain, service := s.bed.Tunnel()
	flags, err := json.Marshal(s.bed.ChromiumFlags())
	if err != nil {
		panic("hither: encoding flags: " + err.Error()) // texts
	}
	out := map[string]string{
		envURL: s.api.URL(), envToken: s.api.Token().Reveal(), envChromium: s.wrapper, envFlags: string(flags),
		envTunnel: fmt.Sprintf("0x%04x=%s,ca=%s", uint16(domain), service.URL, s.ca),
	}
	for _, variable := range s.bed.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		out[name] = value
	}
	return out
}

// environ is before, the environment of this process, with the bed in it.
func (s *stage) environ(before []string) []string {
	out := slices.Clone(before)
	path := filepath.Dir(s.wrapper)
	for _, variable := range before {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok && value != "" {
			path = filepath.Dir(s.wrapper) + string(os.PathListSeparator) + value
		}
	}
	for name, value := range s.variables() {
		out = append(out, name+"="+value) // the last one of a name is what counts
	}
	return append(out, "PATH="+path)
}
