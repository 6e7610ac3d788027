package hither_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManualShowsExamples wants each piece of Go in the manual to stand in an example_test.go, line by line: what a
// reader copies is compiled, and most of it runs.
func TestManualShowsExamples(t *testing.T) {
	t.Parallel()
	var examples []string
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "example_test.go" {
			return err
		}
		text, err := os.ReadFile(path)
		examples = append(examples, unindented(string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"README.md", "docs/hybrid.md", "docs/testbed.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		shown := strings.Split(string(text), "```go\n")[1:]
		if len(shown) == 0 {
			t.Errorf("%s shows no Go", page)
		}
		for _, block := range shown {
			block, _, _ = strings.Cut(block, "```\n")
			if !strings.Contains(strings.Join(examples, "\n"), "\n"+unindented(block)) {
				t.Errorf("%s shows Go that is in no example_test.go:\n%s", page, block)
			}
		}
	}
}

// unindented is text without what its lines begin with.
func unindented(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(strings.TrimLeft(line, "\t"))
	}
	return out.String()
}
