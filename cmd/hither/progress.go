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
	w    io.Writer
	quit chan struct{}
	done sync.WaitGroup

	mu  sync.Mutex
	now func() (part float64, text string)
}

// The line fits every terminal.
const (
	progressWidth = 79
	barWidth      = 24
	progressEvery = 200 * time.Millisecond
)

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, quit: make(chan struct{})}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.done.Go(p.run)
	}
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
				part, text := now()
				_, _ = fmt.Fprintf(p.w, "\r%-*.*s", progressWidth, progressWidth, progressLine(part, text))
			}
		case <-p.quit:
			_, _ = fmt.Fprintf(p.w, "\r%*s\r", progressWidth, "")
			return
		}
	}
}

func progressLine(part float64, text string) string {
	part = min(max(part, 0), 1)
	full := int(part * barWidth)
	return fmt.Sprintf("[%s%s] %3.0f %%  %s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), part*100, text)
}
