package term

import (
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// ErrNoTerminal says that the program was started without a terminal: nobody can be
// shown or asked anything.
var ErrNoTerminal = errors.New("term: there is no terminal")

// Config describes a terminal.
type Config struct {
	// In is where a person's lines come from. Required by [New]; not used by [Open].
	In io.Reader
	// Out is what the person sees. Required by [New]; not used by [Open].
	Out io.Writer
	// Size is how many columns and rows there are now. Nil, or zeros: 80 and 24.
	Size func() (columns, rows int)
	// Hide stops showing what is typed, until show is called. Nil: nothing shows it anyway.
	Hide func() (show func() error, err error)
	// Dumb means that the cursor cannot be moved: nothing is rewritten or taken away.
	Dumb bool
	// NoColour draws QR codes in the terminal's own colours, which are then taken for
	// light on dark.
	NoColour bool
	// Inverted draws QR codes for dark text on a light background, without colours.
	Inverted bool
}

// Terminal is where a person reads and types. It may be used by several goroutines;
// one question is asked at a time.
type Terminal struct {
	config Config
	lines  lines
	close  func() error

	question sync.Mutex // held while one is asked

	mu     sync.Mutex // of what is shown
	code   string     // a drawing of whole lines, or ""
	status string
	drawn  int  // lines above that of the cursor that are ours
	used   bool // something of ours is in the cursor's line
	asked  bool // what is drawn is a question: code and status wait
}

// New makes a terminal of its parts.
func New(c Config) *Terminal {
	if c.Size == nil {
		c.Size = func() (int, int) { return 0, 0 }
	}
	if c.Hide == nil {
		c.Hide = func() (func() error, error) { return func() error { return nil }, nil }
	}
	return &Terminal{config: c, lines: lines{from: c.In}, close: func() error { return nil }}
}

// Open opens the terminal that the program was started from, whatever standard input
// and output are. The error is in the chain of [ErrNoTerminal].
func Open(c Config) (*Terminal, error) {
	in, out, err := openTerminal()
	if err != nil {
		return nil, errors.Join(ErrNoTerminal, err)
	}
	fd := int(in.Fd())
	c.In, c.Out = in, out
	c.Size = func() (int, int) {
		columns, rows, err := term.GetSize(int(out.Fd()))
		if err != nil {
			return 0, 0
		}
		return columns, rows
	}
	c.Hide = func() (func() error, error) { return hide(fd) }
	t := New(c)
	t.close = func() error { return errors.Join(in.Close(), closeOther(out, in)) }
	return t, nil
}

func closeOther(f, closed *os.File) error {
	if f == closed {
		return nil
	}
	return f.Close()
}

// Close takes away what is shown and lets the terminal go.
func (t *Terminal) Close() error {
	t.Clear()
	return t.close()
}

const (
	defaultColumns = 80
	defaultRows    = 24
)

func (t *Terminal) size() (columns, rows int) {
	columns, rows = t.config.Size()
	if columns <= 0 || rows <= 0 {
		return defaultColumns, defaultRows
	}
	return columns, rows
}
