package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entry is a file in an archive.
type entry struct {
	name       string // slashes, below the archive's one folder
	content    []byte
	executable bool
}

func (e entry) mode() fs.FileMode {
	if e.executable {
		return 0o755
	}
	return 0o644
}

// entries is what an archive holds beside scripts for shells: the program, the texts that must or should travel with
// it, and for the server what an operator needs of the repository.
func (p *program) entries(ctx context.Context) ([]entry, error) {
	licences, err := p.licences(ctx)
	if err != nil {
		return nil, err
	}
	entries := []entry{{name: p.executable(), content: p.binary, executable: true}, {name: "THIRD-PARTY-LICENSES", content: licences}}
	patterns := []string{"LICENSE", "NOTICE", "README.md", "CHANGELOG.md"}
	if p.name == "hitherd" {
		patterns = append(patterns, "docs/*.md", "deploy/*/*")
	}
	names, err := tracked(ctx, p.root, patterns)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(p.root, name))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: name, content: content})
	}
	return entries, nil
}

// tracked names the files that match and are part of the repository. What else lies beside them may be somebody's key.
func tracked(ctx context.Context, root string, patterns []string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "git", "ls-files", "-z", "--")
	cmd.Dir = root
	for _, pattern := range patterns {
		cmd.Args = append(cmd.Args, ":(glob)"+pattern)
	}
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, failure.Bytes())
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 }), nil
}

func sorted(entries []entry) []entry {
	return slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return strings.Compare(a.name, b.name) })
}

// tarball packs entries below one folder, with one time for all and no owner.
func tarball(folder string, at time.Time, entries []entry) ([]byte, error) {
	var b bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(compressed)
	for _, e := range sorted(entries) {
		header := tar.Header{
			Typeflag: tar.TypeReg, Name: folder + "/" + e.name, Mode: int64(e.mode()), Size: int64(len(e.content)),
			ModTime: at, Format: tar.FormatPAX,
		}
		if err := archive.WriteHeader(&header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(e.content); err != nil {
			return nil, err
		}
	}
	for _, w := range []io.Closer{archive, compressed} {
		if err := w.Close(); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// zipped does the same for Windows.
func zipped(folder string, at time.Time, entries []entry) ([]byte, error) {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, e := range sorted(entries) {
		header := zip.FileHeader{Name: folder + "/" + e.name, Method: zip.Deflate, Modified: at.UTC()}
		header.SetMode(e.mode())
		w, err := archive.CreateHeader(&header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
