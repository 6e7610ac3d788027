package main

import (
	"image"
	"image/color"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/internal/eye"
)

// hasScreen reports whether there can be a terminal with somebody who looks at it.
// With CI set there must.
func hasScreen() bool {
	_, err := exec.LookPath("tmux")
	return hasAir() && (err == nil || os.Getenv("CI") != "")
}

// screen is a terminal of 80 by 24, and a person in front of it:
//
//	screen run COMMAND     begins a command in a new terminal
//	screen until PATTERN   waits until that is seen
//	[!] screen shows PATTERN
//	screen keys KEY...     types, in the words of tmux send-keys
//	screen scan FILE       reads the QR code on it into a file, as a camera does, once there is one
func screen(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg && args[0] != "shows" {
		ts.Fatalf("usage: screen run|until|shows|keys|scan ...")
	}
	tmux := func(args ...string) string {
		ts.Check(ts.Exec("tmux", append([]string{"-u", "-S", ts.MkAbs(".tmux"), "-f", "/dev/null"}, args...)...))
		return ts.ReadFile("stdout")
	}
	shown := func() string { return tmux("capture-pane", "-p", "-J") }
	switch args[0] {
	case "run":
		command := args[1] + "; echo code $?; exec sleep 1000"
		if ts.Getenv("SCREEN") != "" {
			tmux("respawn-pane", "-k", command)
			break
		}
		ts.Setenv("SCREEN", "on")
		ts.Defer(func() { _ = ts.Exec("tmux", "-S", ts.MkAbs(".tmux"), "kill-server") })
		tmux("new-session", "-d", "-x", "80", "-y", "24", command)
	case "keys":
		tmux(append([]string{"send-keys"}, args[1:]...)...)
	case "shows":
		if text := shown(); neg == regexp.MustCompile(args[1]).MatchString(text) {
			ts.Fatalf("the screen shows:\n%s", text)
		}
	case "until":
		pattern := regexp.MustCompile(args[1])
		text := ""
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
			if text = shown(); pattern.MatchString(text) {
				ts.Logf("the screen shows:\n%s", text)
				return
			}
		}
		ts.Fatalf("%s is not seen:\n%s", args[1], text)
	case "scan":
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
			for _, dark := range []bool{false, true} { // colours are not seen here
				if code, ok := photograph(shown(), dark); ok {
					ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(code), 0o600))
					return
				}
			}
		}
		ts.Fatalf("no QR code on the screen:\n%s", shown())
	default:
		ts.Fatalf("screen has no command %s", args[0])
	}
}

// photograph reads the QR code that half blocks make, light on dark or dark on light.
func photograph(text string, dark bool) (string, bool) {
	const w, h = 4, 8
	ink, paper := color.Gray{Y: 230}, color.Gray{Y: 10}
	if dark {
		ink, paper = paper, ink
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	img := image.NewGray(image.Rect(0, 0, 80*w, len(lines)*h))
	for y, line := range lines {
		cells := []rune(line)
		for x := range 80 {
			r := ' '
			if x < len(cells) {
				r = cells[x]
			}
			for i := range h {
				c := paper
				if r == '█' || r == '▀' && i < h/2 || r == '▄' && i >= h/2 {
					c = ink
				}
				for j := range w {
					img.SetGray(x*w+j, y*h+i, c)
				}
			}
		}
	}
	if texts := eye.Find(img); len(texts) > 0 {
		return texts[0], true
	}
	return "", false
}
