package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"
)

// program is one program for one platform. What build finds out is read back from the program that was built.
type program struct {
	name, root   string
	goos, goarch string

	binary []byte
	info   *debug.BuildInfo
	time   time.Time // of the commit
}

// build builds the program below work.
func (p *program) build(ctx context.Context, work string) error {
	path := p.path(work)
	_, err := command(ctx, p.root, []string{"GOOS=" + p.goos, "GOARCH=" + p.goarch},
		"build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", path, "./cmd/"+p.name)
	if err != nil {
		return err
	}
	if p.binary, err = os.ReadFile(path); err != nil {
		return err
	}
	if p.info, err = buildinfo.Read(bytes.NewReader(p.binary)); err != nil {
		return err
	}
	if p.time, err = time.Parse(time.RFC3339, p.setting("vcs.time")); err != nil {
		return fmt.Errorf("the program does not say which commit it is from (a clone with git is needed): %w", err)
	}
	if p.setting("CGO_ENABLED") != "0" || p.setting("-trimpath") != "true" {
		return errors.New("the program was not built as asked: is GOFLAGS or another variable in the way?")
	}
	return nil
}

// path is where build puts the program.
func (p *program) path(work string) string {
	return filepath.Join(work, p.goos+"_"+p.goarch, p.executable())
}

func (p *program) executable() string {
	if p.goos == "windows" {
		return p.name + ".exe"
	}
	return p.name
}

// setting is what the go command wrote into the program about how it was built.
func (p *program) setting(key string) string {
	for _, s := range p.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

func (p *program) modified() bool { return p.setting("vcs.modified") == "true" }

// completions are the scripts for shells, made by the program for this machine.
func completions(ctx context.Context, root, name, work string) ([]entry, error) {
	p := program{name: name, root: root, goos: runtime.GOOS, goarch: runtime.GOARCH}
	if err := p.build(ctx, work); err != nil {
		return nil, err
	}
	var entries []entry
	for shell, file := range map[string]string{
		"bash": name + ".bash", "zsh": "_" + name, "fish": name + ".fish", "powershell": name + ".ps1",
	} {
		script, err := exec.CommandContext(ctx, p.path(work), "completion", shell).Output()
		if err != nil {
			return nil, fmt.Errorf("completion for %s: %w", shell, err)
		}
		entries = append(entries, entry{name: "completions/" + file, content: script})
	}
	return entries, nil
}

// command runs the go command at the top of the repository and returns its standard output. Variables that change what
// is built are set, so that those of the machine do not count.
func command(ctx context.Context, root string, environ []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(),
		"CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOFIPS140=off")
	cmd.Env = append(cmd.Env, environ...)
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, failure.Bytes())
	}
	return out.Bytes(), nil
}
