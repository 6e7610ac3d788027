// Package daemontest finds the hitherd that tests run.
package daemontest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Program is the path of the hitherd to run: HITHER_TEST_BIN, or one that is
// built now.
func Program(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("HITHER_TEST_BIN"); bin != "" { //nolint:forbidigo // for tests alone
		return bin
	}
	root, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/hitherauth/hither").Output()
	if err != nil {
		t.Fatalf("looking for the module: %v", err)
	}
	bin := filepath.Join(t.TempDir(), "hitherd")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/hitherd")
	build.Dir = strings.TrimSpace(string(root))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building hitherd: %v\n%s", err, out)
	}
	return bin
}

// Folder is a new directory with a path that is short enough for the sockets in
// it, which t.TempDir's are not.
func Folder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "hither") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}
