package main

import (
	"bufio"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is what the figures were measured on.
type machine struct {
	Processors           int
	Processor, Memory    string
	System, Kernel, Disk string
	Load                 string // of the last minute, before anything was measured
}

// describeMachine says what Linux says; elsewhere little.
func describeMachine(dir string) machine {
	m := machine{
		Processors: runtime.NumCPU(),
		Processor:  valueIn("/proc/cpuinfo", "model name", ":"),
		System:     strings.Trim(valueIn("/etc/os-release", "PRETTY_NAME", "="), `"`),
		Memory:     "unknown", Kernel: "unknown", Disk: "unknown",
	}
	var major, minor int
	if _, err := fmt.Sscanf(contents("/proc/sys/kernel/osrelease"), "%d.%d", &major, &minor); err == nil {
		m.Kernel = fmt.Sprintf("%d.%d", major, minor)
	}
	var kib int64
	if _, err := fmt.Sscanf(valueIn("/proc/meminfo", "MemTotal", ":"), "%d kB", &kib); err == nil {
		m.Memory = fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
	}
	m.Load, _, _ = strings.Cut(contents("/proc/loadavg"), " ")
	if out, err := exec.Command("findmnt", "--noheadings", "--output", "FSTYPE", "--target", dir).Output(); err == nil { //nolint:noctx // at once
		m.Disk = strings.TrimSpace(string(out))
	}
	return m
}

func contents(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	return string(b)
}

// valueIn is what stands behind a key in a file of lines.
func valueIn(path, key, separator string) string {
	lines := bufio.NewScanner(strings.NewReader(contents(path)))
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), separator); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// program is the hitherd that was measured.
type program struct {
	Version string // as it says itself
	Bytes   int64
	Modules []string // that a sign-in depends on, with their versions
}

// build builds hitherd as it is released: without debug information.
func build(ctx context.Context, source, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-C", source, "-trimpath", "-ldflags=-s -w", "-o", path, "./cmd/hitherd")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building hitherd: %w\n%s", err, out)
	}
	return nil
}

func describeProgram(ctx context.Context, path string) (program, error) {
	info, err := os.Stat(path)
	if err != nil {
		return program{}, err
	}
	version, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return program{}, fmt.Errorf("%s version: %w", path, err)
	}
	built, err := buildinfo.ReadFile(path)
	if err != nil {
		return program{}, err
	}
	p := program{Version: strings.TrimSpace(string(version)), Bytes: info.Size()}
	for _, m := range built.Deps {
		switch m.Path {
		case "github.com/go-webauthn/webauthn", "modernc.org/sqlite":
			p.Modules = append(p.Modules, m.Path+" "+m.Version)
		}
	}
	return p, nil
}
