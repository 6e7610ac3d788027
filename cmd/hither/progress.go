package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress is a line at the end of a terminal that says how far something is.
// Where there is no terminal it says nothing. A nil func: nothing to say yet.
type progress struct {
	w     io.Writer
	width int // of a line
	quit  chan struct{}
	done  sync.WaitGroup

	mu  sync.Mutex
	now func() (part float64, text string)
}

const (
	progressWidth = 79 // at most
	barWidth      = 24
	progressEvery = 200 * time.Millisecond
)

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, quit: make(chan struct{})}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return p
	}
	p.width = progressWidth
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		p.width = min(p.width, columns-1) // the last column would begin a new line
	}
	p.done.Go(p.run)
	return p
}

// show says what to look at from now on.
func (p *progress) show(now func() (part float64, text string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
}

// stop takes the line away.
func (p *progress) stop() {
	close(p.quit)
	p.done.Wait()
}

func (p *progress) run() {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.mu.Lock()
			now := p.now
			p.mu.Unlock()
			if now != nil {
				_, _ = io.WriteString(p.w, "\r"+progressLine(now, p.width))
			}
		case <-p.quit:
			_, _ = io.WriteString(p.w, "\r"+strings.Repeat(" ", p.width)+"\r")
			return
		}
	}
}

// progressLine is cut or filled up to a width, so that it replaces the one before.
func progressLine(now func() (part float64, text string), width int) string {
	part, text := now()
	part = min(max(part, 0), 1)
	full := int(part * barWidth)
	line := fmt.Sprintf("[%s%s] %3.0f %%  %s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), part*100, text)
	return fmt.Sprintf("%-*.*s", width, width, line)
}
