package hither_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestNothingBuilt: the repository holds sources, and no program that was built from
// them. One got in once, beside the change that it was tried with.
func TestNothingBuilt(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "git", "ls-files", "-z").Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("this is no clone, or git is missing: %v", err) // an unpacked archive of a release
	}
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(files) < 100 {
		t.Fatalf("git names %d files", len(files))
	}
	for _, name := range files {
		for format, magic := range map[string]string{"ELF": "\x7fELF", "Mach-O": "\xcf\xfa\xed\xfe", "PE": "MZ\x90\x00"} {
			if begins(t, name, magic) {
				t.Errorf("%s is a program in the form of %s", name, format)
			}
		}
	}
}

func begins(t *testing.T, name, with string) bool {
	t.Helper()
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return false // removed, and not committed yet
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, len(with))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, []byte(with))
}
