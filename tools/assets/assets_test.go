package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree makes a checkout with the smallest pages that can be built.
func tree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range bundles() {
		put(t, filepath.Join(root, "web", name), "")
	}
	put(t, filepath.Join(root, "web/shared/mark.svg"), "<svg/>")
	return root
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, root string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, "web/dist"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestRun(t *testing.T) {
	t.Parallel()
	root := tree(t)
	if err := run(root, true); err == nil {
		t.Error("no dist at all is fresh")
	}
	if err := run(root, false); err != nil {
		t.Fatal(err)
	}
	if err := run(root, true); err != nil {
		t.Errorf("just written, and not fresh: %v", err)
	}
	first := names(t, root)

	put(t, filepath.Join(root, "web/login/login.ts"), "console.log(1)")
	if err := run(root, true); err == nil || !strings.Contains(err.Error(), "go -C tools run ./assets") {
		t.Errorf("got %v, want what to do", err)
	}
	if err := run(root, false); err != nil {
		t.Fatal(err)
	}
	second := names(t, root)
	if len(first) != len(second) || strings.Join(first, " ") == strings.Join(second, " ") {
		t.Errorf("got %q after %q, want one file in the place of another", second, first)
	}

	put(t, filepath.Join(root, "web/dist/left-over.js"), "")
	if err := run(root, true); err == nil {
		t.Error("a file left over is fresh")
	}
}

func TestRunRefusesBrokenSource(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"syntax":         "const = 1",
		"missing_import": `import "./nothing.ts"`,
		"warning":        "if (x === NaN) {}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := tree(t)
			put(t, filepath.Join(root, "web/login/login.ts"), source)
			if err := run(root, false); err == nil || !strings.Contains(err.Error(), "login.ts:1:") {
				t.Errorf("got %v, want the place of the mistake", err)
			}
			if _, err := os.Stat(filepath.Join(root, "web/dist")); !os.IsNotExist(err) {
				t.Errorf("something was written: %v", err)
			}
		})
	}
}
