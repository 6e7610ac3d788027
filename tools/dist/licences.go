package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// licences is the text of every licence that the program's parts ask to be passed on: those of the modules that are
// really inside, and Go's own. A module without one stops the release.
func (p *program) licences(ctx context.Context) ([]byte, error) {
	goroot, err := command(ctx, p.root, nil, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s is made from the parts below. Hither's own licence is in LICENSE.\n", p.name)
	if err := appendLicences(&b, "the Go standard library, "+p.info.GoVersion, strings.TrimSpace(string(goroot))); err != nil {
		return nil, err
	}
	modules, err := p.modules(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range p.info.Deps {
		m = used(m)
		if err := appendLicences(&b, m.Path+" "+m.Version, modules[m.Path+" "+m.Version]); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// used is the module that took part: m, or what replaces it.
func used(m *debug.Module) *debug.Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}

// modules finds the directory of each module that the program was built from, by path and version.
func (p *program) modules(ctx context.Context) (map[string]string, error) {
	args := []string{"list", "-m", "-f", "{{with .Replace}}{{.Path}} {{.Version}}{{else}}{{.Path}} {{.Version}}{{end}}\t{{.Dir}}"}
	for _, m := range p.info.Deps {
		args = append(args, m.Path)
	}
	out, err := command(ctx, p.root, nil, args...)
	if err != nil {
		return nil, err
	}
	directories := map[string]string{}
	for line := range strings.Lines(string(out)) {
		module, directory, _ := strings.Cut(strings.TrimSpace(line), "\t")
		directories[module] = directory
	}
	return directories, nil
}

func appendLicences(b *bytes.Buffer, title, directory string) error {
	files, err := os.ReadDir(directory)
	if err != nil {
		return fmt.Errorf("licence of %s: %w", title, err)
	}
	found := false
	for _, f := range files {
		if !f.Type().IsRegular() || !isLicence(f.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(directory, f.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(b, "\n%s\n%s: %s\n%[1]s\n\n%[4]s\n", strings.Repeat("=", 80), title, f.Name(), bytes.TrimSpace(text))
	}
	if !found {
		return fmt.Errorf("%s has no licence in %s", title, directory)
	}
	return nil
}

// isLicence goes by the name of a file. Go files may be named so too.
func isLicence(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"license", "licence", "copying", "notice", "patents"} {
		if strings.Contains(name, word) && !strings.HasSuffix(name, ".go") {
			return true
		}
	}
	return false
}
