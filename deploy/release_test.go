//go:build linux

package deploy_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Of the release that tests make.
const (
	version  = "v1.2.3"
	maxBytes = 30 << 20 // of a program
)

// release is what tools/dist makes of this repository for this machine.
type release struct {
	dir      string // what it wrote
	unpacked string // its archive
	hitherd  string // the program in it
}

// TestRelease makes a release for this machine and runs everything in this
// folder with it.
func TestRelease(t *testing.T) {
	t.Parallel()
	r := newRelease(t)
	for name, test := range map[string]func(*testing.T, release){
		"says_what_it_is":   testVersion,
		"holds_what_it_has": testArchive,
		"lists_its_parts":   testBill,
		"reproducible":      testReproducible,
		"empty_folder":      testEmptyFolder,
		"service":           testService,
		"nightly_backup":    testNightlyBackup,
		"compose":           testCompose,
		"image":             testImage,
		"proxies":           testProxies,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, r)
		})
	}
}

// newRelease makes a release of a copy of the repository and unpacks it.
func newRelease(t *testing.T) release {
	t.Helper()
	r := release{dir: makeRelease(t, t.TempDir()), unpacked: t.TempDir()}
	name := fmt.Sprintf("hitherd_%s_%s_%s", version, runtime.GOOS, runtime.GOARCH)
	unpack(t, filepath.Join(r.dir, name+".tar.gz"), name+"/", r.unpacked)
	r.hitherd = filepath.Join(r.unpacked, "hitherd")
	return r
}

// makeRelease copies what git would keep of this repository to dir, commits it
// there, the same everywhere, and makes a release of that commit.
func makeRelease(t *testing.T, dir string) string {
	t.Helper()
	const top = ".."
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "dist" || slices.Contains([]string{".git", ".cache", "node_modules", "bin", "hither-data", "screenshots"}, d.Name())):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"add", "-A"},
		{"commit", "-q", "-m", "a release", "--no-gpg-sign"},
		{"tag", version},
	} {
		git := exec.CommandContext(t.Context(), "git", args...)
		git.Dir = dir
		git.Env = append(environment(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
			"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
			"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", git, err, out)
		}
	}
	out := t.TempDir()
	dist := exec.CommandContext(t.Context(), "go", "-C", filepath.Join(top, "tools"), "run", "./dist",
		"-root", dir, "-out", out, "-platforms", runtime.GOOS+"/"+runtime.GOARCH)
	dist.Env = append(environment(), "CGO_ENABLED=0")
	if said, err := dist.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", dist, err, said)
	}
	return out
}

// unpack unpacks an archive whose entries are all below folder.
func unpack(t *testing.T, archive, folder, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	compressed, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(compressed); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name, ok := strings.CutPrefix(header.Name, folder)
		if !ok || !filepath.IsLocal(name) || header.Uid != 0 || header.Uname != "" {
			t.Fatalf("the archive has an entry %q of %d %q", header.Name, header.Uid, header.Uname)
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		content, err := io.ReadAll(r)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, header.FileInfo().Mode()))
		if err != nil {
			t.Fatal(err)
		}
	}
}

func testVersion(t *testing.T, r release) {
	out := output(t, exec.CommandContext(t.Context(), r.hitherd, "version"))
	if want := fmt.Sprintf(" %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH); !strings.HasPrefix(out, "hitherd "+version+" ") || !strings.HasSuffix(out, want) {
		t.Errorf("got %q, want hitherd %s … %s", out, version, want)
	}
}

func testArchive(t *testing.T, r release) {
	for _, name := range []string{
		"LICENSE", "NOTICE", "THIRD-PARTY-LICENSES", "README.md", "CHANGELOG.md", "docs/install.md", "docs/configuration.md",
		"completions/hitherd.bash", "completions/_hitherd", "completions/hitherd.fish", "completions/hitherd.ps1",
		"deploy/systemd/hitherd.service", "deploy/proxies/nginx.conf", "deploy/compose/compose.yaml",
	} {
		if info, err := os.Stat(filepath.Join(r.unpacked, filepath.FromSlash(name))); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	info, err := os.Stat(r.hitherd)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxBytes || info.Mode().Perm() != 0o755 {
		t.Errorf("hitherd has %d bytes, at most %d are wanted, and mode %v", info.Size(), maxBytes, info.Mode())
	}
	program, err := elf.Open(r.hitherd)
	if err != nil {
		t.Fatal(err)
	}
	if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 || program.Section(".interp") != nil {
		t.Errorf("hitherd is not static: %v %v", libraries, err)
	}
	sums, err := os.ReadFile(filepath.Join(r.dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for name, content := range written(t, r.dir) {
		if name != "SHA256SUMS" {
			line := fmt.Sprintf("%x  %s\n", sha256.Sum256(content), name)
			want.WriteString(line)
			if !strings.Contains(string(sums), line) {
				t.Errorf("SHA256SUMS lacks %s", line)
			}
		}
	}
	if len(sums) != want.Len() {
		t.Errorf("SHA256SUMS has more than what was written:\n%s", sums)
	}
}

// testBill compares the bill of materials with what the go command reads out of
// the program.
func testBill(t *testing.T, r release) {
	text, err := os.ReadFile(filepath.Join(r.dir, fmt.Sprintf("hitherd_%s_%s_%s.cdx.json", version, runtime.GOOS, runtime.GOARCH)))
	if err != nil {
		t.Fatal(err)
	}
	type component struct {
		Name, Version, PURL string
		Hashes              []struct{ Alg, Content string }
	}
	var bill struct {
		BOMFormat, SpecVersion, SerialNumber string
		Metadata                             struct {
			Timestamp string
			Component component
		}
		Components []component
	}
	if err := json.Unmarshal(text, &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BOMFormat != "CycloneDX" || bill.SpecVersion != "1.6" || bill.Metadata.Timestamp != "2026-01-02T03:04:05Z" {
		t.Errorf("got %s %s of %s", bill.BOMFormat, bill.SpecVersion, bill.Metadata.Timestamp)
	}
	program, err := os.ReadFile(r.hitherd)
	if err != nil {
		t.Fatal(err)
	}
	self := bill.Metadata.Component
	if self.Version != version || len(self.Hashes) != 1 || self.Hashes[0].Content != fmt.Sprintf("%x", sha256.Sum256(program)) {
		t.Errorf("the bill is for %+v", self)
	}
	got := map[string]string{}
	for _, c := range bill.Components {
		got[c.Name] = c.Version
	}
	parts := 1 // the standard library
	for line := range strings.Lines(output(t, exec.CommandContext(t.Context(), "go", "version", "-m", r.hitherd))) {
		if fields := strings.Fields(line); fields[0] == "dep" {
			parts++
			if got[fields[1]] != fields[2] {
				t.Errorf("the bill has %s %q, want %s", fields[1], got[fields[1]], fields[2])
			}
		}
	}
	if len(bill.Components) != parts || got["std"] != runtime.Version() || got["modernc.org/sqlite"] == "" {
		t.Errorf("the bill has %d parts, want %d, with Go %q", len(bill.Components), parts, got["std"])
	}
}

// testReproducible makes the same release in another place.
func testReproducible(t *testing.T, r release) {
	elsewhere := filepath.Join(t.TempDir(), "another folder")
	again := written(t, makeRelease(t, elsewhere))
	first := written(t, r.dir)
	if len(again) != len(first) || len(first) < 3 {
		t.Errorf("%d files, then %d", len(first), len(again))
	}
	for name, content := range first {
		if !bytes.Equal(again[name], content) {
			t.Errorf("%s has other bytes the second time", name)
		}
	}
}

// written reads a directory.
func written(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		if all[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
