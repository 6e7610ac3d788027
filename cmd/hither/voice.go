package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/term"
)

// voice is how a command speaks with the person who started it: at the terminal or,
// where there is none, with lines on standard error and no questions.
type voice struct {
	terminal *term.Terminal // nil: there is none
	stderr   io.Writer
}

func (p program) voice(inverted bool) (voice, error) {
	name := p.getenv("TERM")
	t, err := term.Open(term.Config{
		Dumb:     name == "dumb" || name == "" && runtime.GOOS != "windows",
		NoColour: p.getenv("NO_COLOR") != "",
		Inverted: inverted,
	})
	if errors.Is(err, term.ErrNoTerminal) {
		return voice{stderr: p.stderr}, nil
	}
	return voice{terminal: t, stderr: p.stderr}, err
}

func (v voice) close() {
	if v.terminal != nil {
		_ = v.terminal.Close() // nothing was kept in it
	}
}

// asks reports whether somebody can be asked, or why not with what is missing.
func (v voice) asks(instead string) error {
	if v.terminal == nil {
		return cli.Usage("there is no terminal to ask at").Hint(instead)
	}
	return nil
}

// status is for a terminal alone.
func (v voice) status(text string) {
	if v.terminal != nil {
		v.terminal.Status(text)
	}
}

// says is a line for whoever is there, at a terminal or not.
func (v voice) says(text string) {
	if v.terminal != nil {
		v.terminal.Status(text)
	} else {
		_, _ = fmt.Fprintf(v.stderr, "hither: %s\n", text)
	}
}

// progress is that of a hybrid.Transport.
func (v voice) progress(e hybrid.Event) {
	if v.terminal != nil {
		v.terminal.Progress(e)
	} else if text := term.Describe(e); text != "" {
		v.says(text)
	}
}
