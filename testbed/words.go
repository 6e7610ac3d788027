package testbed

import (
	"fmt"
	"strings"
	"sync"
)

// words are the last ones of a program: the end of what it has written.
type words struct {
	mu  sync.Mutex
	end []byte
}

// maxWords is how much of it is kept.
const maxWords = 4096

// Write always writes everything.
func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end = append(w.end, b[max(0, len(b)-maxWords):]...)
	w.end = append(w.end[:0], w.end[max(0, len(w.end)-maxWords):]...)
	return len(b), nil
}

// line is the last line with something in it, quoted.
func (w *words) line() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(w.end)), "\n")
	return fmt.Sprintf("%.300q", lines[len(lines)-1])
}
