// Command assets bundles the pages' scripts, styles and pictures into web/dist.
//
//	go -C tools run ./assets          writes web/dist
//	go -C tools run ./assets -check   fails when web/dist is not what would be written
//
// esbuild is used as a Go library, so neither building nor running the server needs Node. Every file is named
// after its content, and manifest.json maps the name that a template uses to the name of the file.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", "..", "top of the repository")
	check := flag.Bool("check", false, "write nothing; fail when web/dist is stale")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	web, err := filepath.Abs(filepath.Join(root, "web"))
	if err != nil {
		return fmt.Errorf("finding the pages: %w", err)
	}
	want, err := build(web)
	if err != nil {
		return err
	}
	dist := filepath.Join(web, "dist")
	have, err := read(dist)
	if err != nil {
		return err
	}
	if !check {
		return write(dist, have, want)
	}
	if stale := differences(have, want); len(stale) > 0 {
		return fmt.Errorf("web/dist is stale (%v): run `go -C tools run ./assets` and commit what it writes", stale)
	}
	return nil
}
