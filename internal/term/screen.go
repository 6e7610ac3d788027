package term

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/qrcode"
)

// quietZone is the light margin of a QR code here, in modules: half of what the
// standard promises, enough for cameras, so that it fits 24 lines.
const quietZone = 2

// SizeError says that a QR code does not fit the terminal.
type SizeError struct {
	Columns, Rows         int // of the terminal
	NeedColumns, NeedRows int
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("term: a QR code needs %d columns and %d rows, and the terminal has %d and %d", e.NeedColumns, e.NeedRows, e.Columns, e.Rows)
}

// ShowCode draws a QR code, above the status. The text is that of the hybrid
// transport, or any other. The error is a [*SizeError] if the terminal is too small.
func (t *Terminal) ShowCode(text string) error {
	code, err := encode(text)
	if err != nil {
		return err
	}
	style := qrcode.Coloured
	switch {
	case t.config.Inverted:
		style = qrcode.Inverted
	case t.config.NoColour || t.config.Dumb:
		style = qrcode.Plain
	}
	side := code.Size() + 2*quietZone
	columns, rows := t.size()
	if need := (side+1)/2 + 1; columns < side || rows < need {
		return &SizeError{Columns: columns, Rows: rows, NeedColumns: side, NeedRows: need}
	}
	var b strings.Builder
	if err := code.Draw(&b, style, quietZone); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.code = b.String(); t.config.Dumb {
		_, err = io.WriteString(t.config.Out, t.code)
		return err
	}
	t.redraw()
	return nil
}

const fido = "FIDO:/"

// encode takes the two alphabets of a text of the hybrid transport apart: so it is
// of the smallest size that cameras like.
func encode(text string) (*qrcode.Code, error) {
	digits, ok := strings.CutPrefix(text, fido)
	if ok && digits != "" && strings.Trim(digits, "0123456789") == "" {
		return qrcode.Encode(qrcode.Alphanumeric(fido), qrcode.Numeric(digits))
	}
	return qrcode.Encode(qrcode.Text(text))
}

// WriteCode writes a picture of a QR code, as SVG or else as PNG.
func WriteCode(w io.Writer, text string, svg bool) error {
	code, err := encode(text)
	if err != nil {
		return err
	}
	if svg {
		return code.SVG(w)
	}
	return code.PNG(w)
}

// HideCode takes the QR code away and leaves the status.
func (t *Terminal) HideCode() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.code != "" {
		t.code = ""
		t.redraw()
	}
}

// Status says in one line what is happening. It replaces the line before.
func (t *Terminal) Status(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text == t.status {
		return
	}
	t.status = text
	switch {
	case t.config.Dumb && text != "":
		_, _ = io.WriteString(t.config.Out, t.line(text)+"\n")
	case t.config.Dumb || t.asked:
	default: // the QR code need not be drawn again
		_, _ = io.WriteString(t.config.Out, "\r"+t.line(text)+toEndOfLine)
		t.used = true
	}
}

// Clear takes everything away.
func (t *Terminal) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.code, t.status = "", ""
	t.redraw()
}

const (
	toEndOfLine   = "\x1b[K"
	toEndOfScreen = "\x1b[J"
)

// redraw puts code and status in the place of what is there. t.mu is held.
func (t *Terminal) redraw() {
	if t.config.Dumb || t.asked {
		return
	}
	_, _ = io.WriteString(t.config.Out, t.erased()+t.code+t.line(t.status))
	t.drawn, t.used = strings.Count(t.code, "\n"), t.code != "" || t.status != ""
}

// erased is what takes away all that is drawn. t.mu is held.
func (t *Terminal) erased() string {
	if !t.used && t.drawn == 0 {
		return ""
	}
	up := ""
	if t.drawn > 0 {
		up = fmt.Sprintf("\x1b[%dA", t.drawn)
	}
	t.drawn, t.used = 0, false
	return "\r" + up + toEndOfScreen
}

// line is a text as one line of this terminal: printable, and short enough not to
// begin another one.
func (t *Terminal) line(text string) string {
	columns, _ := t.size()
	return Shorten(cli.Printable(text), columns-1)
}

// Shorten cuts a text to so many characters; "…" says that something is missing.
func Shorten(text string, n int) string {
	if n < 1 {
		return ""
	}
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
