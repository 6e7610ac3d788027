package hither_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDependenciesAreExplained wants a line in docs/dependencies.md for each direct dependency, and in
// the sections "In …" no line for anything else.
func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	name := regexp.MustCompile("`([^`]+)`")
	for section := range strings.SplitSeq(string(text), "\n## ") {
		if !strings.HasPrefix(section, "In ") {
			continue
		}
		for line := range strings.Lines(section) {
			cell, _, _ := strings.Cut(line, " |")
			for _, found := range name.FindAllStringSubmatch(cell, -1) {
				if strings.HasPrefix(cell, "| `") {
					explained[found[1]] = true
				}
			}
		}
	}
	there := map[string]bool{} // is it direct?
	for _, file := range []string{"go.mod", "tools/go.mod", "tools/lint/go.mod"} {
		maps.Copy(there, modules(t, file))
	}
	for _, file := range []string{"sdk/package.json", "e2e/package.json", "examples/playwright/package.json"} {
		maps.Copy(there, packages(t, file))
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if there[name] && !explained[name] {
			t.Errorf("docs/dependencies.md does not say what %s is for", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(explained)) {
		if _, ok := there[name]; !ok {
			t.Errorf("docs/dependencies.md explains %s, which nothing depends on", name)
		}
	}
}

// modules are those that a go.mod requires: true for what it requires directly.
func modules(t *testing.T, file string) map[string]bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, r := range mod.Require {
		all[r.Path] = !r.Indirect
	}
	return all
}

// packages are those that a package.json names.
func packages(t *testing.T, file string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Dependencies, DevDependencies map[string]string
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, versions := range []map[string]string{p.Dependencies, p.DevDependencies} {
		for name := range versions {
			all[name] = true
		}
	}
	return all
}
