// Command dist makes the archives of a release: every program of cmd for every platform, static and reproducible.
//
//	go -C tools run ./dist                           writes dist/
//	go -C tools run ./dist -platforms linux/amd64    one platform alone
//
// For each program and platform there is an archive (tar.gz, for Windows zip) and a bill of materials (CycloneDX), and
// one SHA256SUMS for all of them. Version, time and commit are those that the go command writes into a program from
// git; nothing else of the machine gets in, so that the same commit, built by the same Go anywhere, gives the same bytes.
package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	o := options{log: os.Stderr}
	flag.StringVar(&o.root, "root", "..", "top of the repository")
	flag.StringVar(&o.out, "out", "", "directory to write to (default: dist at the top of the repository)")
	flag.StringVar(&o.program, "program", "*", "one program of cmd, or all")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64", "platforms, separated by commas")
	flag.Parse()
	o.out = cmp.Or(o.out, filepath.Join(o.root, "dist"))
	o.platforms = strings.Split(*platforms, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

type options struct {
	root, out string
	program   string   // a name in cmd, or * for all
	platforms []string // GOOS/GOARCH
	log       io.Writer
}

// run makes everything, one program after the other: the go command uses all processors by itself.
func run(ctx context.Context, o options) error {
	programs, err := filepath.Glob(filepath.Join(o.root, "cmd", o.program, "main.go"))
	if err != nil {
		return err
	}
	if len(programs) == 0 {
		return fmt.Errorf("%s has no program cmd/%s", o.root, o.program)
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "hither-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // a scratch directory
	var sums []string
	modified := false
	for _, source := range programs {
		name := filepath.Base(filepath.Dir(source))
		scripts, err := completions(ctx, o.root, name, work)
		if err != nil {
			return err
		}
		for _, platform := range o.platforms {
			p := program{name: name, root: o.root}
			p.goos, p.goarch, _ = strings.Cut(platform, "/")
			written, err := p.release(ctx, work, o.out, scripts)
			if err != nil {
				return fmt.Errorf("%s for %s: %w", name, platform, err)
			}
			for file, b := range written {
				sums = append(sums, fmt.Sprintf("%x  %s\n", sha256.Sum256(b), file))
				if _, err := fmt.Fprintf(o.log, "%9d  %s\n", len(b), file); err != nil {
					return err
				}
			}
			modified = modified || p.modified()
		}
	}
	if modified {
		if _, err := fmt.Fprintln(o.log, "dist: the working tree has changes that no commit holds: this is no release"); err != nil {
			return err
		}
	}
	slices.SortFunc(sums, func(a, b string) int { return strings.Compare(a[2*sha256.Size:], b[2*sha256.Size:]) })
	return os.WriteFile(filepath.Join(o.out, "SHA256SUMS"), []byte(strings.Join(sums, "")), 0o644)
}

// release builds one program and writes its archive and its bill of materials to out.
func (p *program) release(ctx context.Context, work, out string, scripts []entry) (map[string][]byte, error) {
	if err := p.build(ctx, work); err != nil {
		return nil, err
	}
	entries, err := p.entries(ctx)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s_%s_%s_%s", p.name, p.info.Main.Version, p.goos, p.goarch)
	pack, ending := tarball, ".tar.gz"
	if p.goos == "windows" {
		pack, ending = zipped, ".zip"
	}
	archive, err := pack(name, p.time, append(entries, scripts...))
	if err != nil {
		return nil, err
	}
	bill, err := p.billOfMaterials()
	if err != nil {
		return nil, err
	}
	written := map[string][]byte{name + ending: archive, name + ".cdx.json": bill}
	for file, b := range written {
		if err := os.WriteFile(filepath.Join(out, file), b, 0o644); err != nil {
			return nil, err
		}
	}
	return written, nil
}
