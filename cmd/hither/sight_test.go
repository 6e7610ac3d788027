package main

import (
	"bufio"
	"context"
	"image/png"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/internal/child"
	"github.com/hitherauth/hither/internal/eye/eyetest"
)

// hasXvfb reports whether there can be a screen in memory. With CI set there must.
func hasXvfb() bool {
	if runtime.GOOS != "linux" {
		return false
	}
	_, err := exec.LookPath("Xvfb")
	return err == nil || os.Getenv("CI") != ""
}

// xvfb starts a screen and sets DISPLAY.
func xvfb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: xvfb")
	}
	says, told, err := os.Pipe()
	ts.Check(err)
	cmd := exec.CommandContext(context.Background(), "Xvfb", "-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{told}
	child.Gently(cmd)
	p, err := child.Start(context.Background(), cmd)
	_ = told.Close() // it has its own
	ts.Check(err)
	ts.Defer(func() { ts.Check(p.Close()) })
	ts.Check(says.SetReadDeadline(time.Now().Add(patience)))
	line, err := bufio.NewReader(says).ReadString('\n')
	ts.Check(err)
	ts.Check(says.Close())
	ts.Setenv("DISPLAY", ":"+strings.TrimSpace(line))
}

// show FILE draws a picture on that screen. It is there until the script ends.
func show(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: show FILE")
	}
	picture, err := png.Decode(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	end, err := eyetest.Show(ts.Getenv("DISPLAY"), picture)
	ts.Check(err)
	ts.Defer(end)
}
