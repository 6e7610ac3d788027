package term_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"

	"github.com/hitherauth/hither/internal/term"
)

const qrText = "FIDO:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

// screen is what a terminal of 80 by 24 shows. It knows the few escape sequences
// that are used here, and fails on any other.
type screen struct {
	t *testing.T

	mu       sync.Mutex
	cells    [24][80]rune
	x, y     int
	scrolled int
	all      strings.Builder
}

func newScreen(t *testing.T) *screen {
	s := &screen{t: t}
	for y := range s.cells {
		for x := range s.cells[y] {
			s.cells[y][x] = ' '
		}
	}
	return s
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Write(b)
	text := []rune(string(b))
	for i := 0; i < len(text); i++ {
		switch r := text[i]; r {
		case '\r':
			s.x = 0
		case '\n': // the terminal adds the carriage return
			s.newline()
		case '\x1b':
			i += s.escape(text[i+1:])
		default:
			if s.x == 80 {
				s.newline()
			}
			s.cells[s.y][s.x] = r
			s.x++
		}
	}
	return len(b), nil
}

func (s *screen) newline() {
	s.x = 0
	if s.y++; s.y == 24 {
		s.y = 23
		s.scrolled++
		copy(s.cells[:], s.cells[1:])
		s.clear(23, 0)
	}
}

func (s *screen) clear(y, from int) {
	for x := from; x < 80; x++ {
		s.cells[y][x] = ' '
	}
}

func (s *screen) escape(text []rune) int {
	end := 1
	for end < len(text) && strings.ContainsRune("0123456789;", text[end]) {
		end++
	}
	argument := string(text[1:end])
	switch text[end] {
	case 'm':
	case 'K':
		s.clear(s.y, s.x)
	case 'J':
		s.clear(s.y, s.x)
		for y := s.y + 1; y < 24; y++ {
			s.clear(y, 0)
		}
	case 'A':
		var n int
		if _, err := fmt.Sscan(argument, &n); err != nil || n > s.y {
			s.t.Errorf("cursor up %q from line %d", argument, s.y)
			n = s.y
		}
		s.y -= n
	default:
		s.t.Errorf("escape sequence %q", string(text[:end+1]))
	}
	return end + 1
}

// enter is the end of a line that a person types, which shows.
func (s *screen) enter() { _, _ = s.Write([]byte("\n")) }

func (s *screen) shown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for y := range s.cells {
		lines = append(lines, strings.TrimRight(string(s.cells[y][:]), " "))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// scan reads the QR code at the top of what is shown, as a camera does.
func (s *screen) scan() string {
	s.t.Helper()
	const w, h = 4, 8
	img := image.NewGray(image.Rect(0, 0, 37*w, 19*2*h/2))
	for y := range 19 {
		for x := range 37 {
			r := s.cells[y][x]
			for i := range h {
				lit := r == '█' || r == '▀' && i < h/2 || r == '▄' && i >= h/2
				for j := range w {
					img.SetGray(x*w+j, y*h+i, map[bool]color.Gray{true: {Y: 230}, false: {Y: 10}}[lit])
				}
			}
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		s.t.Fatal(err)
	}
	result, err := zxing.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		s.t.Fatalf("reading the screen: %v\n%s", err, strings.Join(s.shown(), "\n"))
	}
	return result.GetText()
}

func wantShown(t *testing.T, s *screen, want ...string) {
	t.Helper()
	if got := s.shown(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("shown:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCodeAndStatus(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	_, _ = s.Write([]byte("$ hither login\n"))
	for range 20 {
		s.enter() // the prompt is near the end of the screen
	}
	terminal := term.New(term.Config{Out: s, NoColour: true})
	terminal.Status("one moment")
	if err := terminal.ShowCode(qrText); err != nil {
		t.Fatal(err)
	}
	terminal.Status("looking for the phone, with a long explanation that would not fit into the width of a terminal")
	terminal.Status("looking for the phone")
	copy(s.cells[:], s.cells[4:23]) // the code is what is above the cursor
	if got := s.scan(); got != qrText {
		t.Errorf("read %q", got)
	}
	if last := strings.TrimRight(string(s.cells[23][:]), " "); last != "looking for the phone" {
		t.Errorf("status %q", last)
	}
}

func TestCodeIsTakenAway(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	_, _ = s.Write([]byte("$ hither login\n"))
	terminal := term.New(term.Config{Out: s})
	if err := terminal.ShowCode(qrText); err != nil {
		t.Fatal(err)
	}
	terminal.Status("looking for the phone")
	lines := s.shown()
	if len(lines) != 21 || lines[20] != "looking for the phone" {
		t.Errorf("shown:\n%s", strings.Join(lines, "\n"))
	}
	terminal.HideCode()
	wantShown(t, s, "$ hither login", "looking for the phone")
	terminal.Status("found")
	wantShown(t, s, "$ hither login", "found")
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	wantShown(t, s, "$ hither login")
	_, _ = s.Write([]byte("$ "))
	wantShown(t, s, "$ hither login", "$")
	if s.scrolled > 0 {
		t.Errorf("%d lines have gone", s.scrolled)
	}
}

func TestCodeTooLarge(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{36, 24}, {80, 19}} {
		s := newScreen(t)
		err := term.New(term.Config{Out: s, Size: func() (int, int) { return size[0], size[1] }}).ShowCode(qrText)
		if e, ok := errors.AsType[*term.SizeError](err); !ok || e.NeedColumns != 37 || e.NeedRows != 20 {
			t.Errorf("%v: got %v", size, err)
		}
		if s.all.Len() > 0 {
			t.Errorf("%v: something was drawn", size)
		}
	}
}

// typist types a line when the terminal waits for one, and presses enter.
type typist struct {
	screen *screen
	lines  chan string
}

func (p typist) Read(b []byte) (int, error) {
	text, ok := <-p.lines
	if !ok {
		return 0, io.EOF
	}
	p.screen.enter()
	return copy(b, text+"\n"), nil
}

func newAsked(t *testing.T, answers ...string) (*term.Terminal, *screen) {
	s := newScreen(t)
	p := typist{s, make(chan string, len(answers))}
	for _, a := range answers {
		p.lines <- a
	}
	close(p.lines)
	return term.New(term.Config{In: p, Out: s, NoColour: true}), s
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	terminal, s := newAsked(t, "y", "", "what", "2", "0", "3", "x", "secret")
	_, _ = s.Write([]byte("before\n"))
	terminal.Status("waiting")
	for i, want := range []bool{true, false, false} {
		if got, err := terminal.Confirm(t.Context(), "sure?", "a line above"); got != want || err != nil {
			t.Errorf("question %d: %v, %v", i, got, err)
		}
		wantShown(t, s, "before", "waiting")
	}
	if n, err := terminal.Choose(t.Context(), "which?", []string{"a", "b"}); n != 1 || err != nil {
		t.Errorf("chose %d, %v", n, err)
	}
	if n, err := terminal.Choose(t.Context(), "which?", []string{"a", "b"}); !errors.Is(err, term.ErrDeclined) {
		t.Errorf("three answers that are none: %d, %v", n, err)
	}
	if text, err := terminal.Passphrase(t.Context(), "passphrase: "); text != "secret" || err != nil {
		t.Errorf("passphrase %q, %v", text, err)
	}
	if _, err := terminal.Ask(t.Context(), "name: "); !errors.Is(err, term.ErrDeclined) {
		t.Errorf("closed: %v", err)
	}
	terminal.Clear()
	wantShown(t, s, "before")
}

// TestGivenUp ends a question that nobody answers; what is typed later is the
// answer to the next one.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	p := typist{s, make(chan string)}
	terminal := term.New(term.Config{In: p, Out: s, NoColour: true})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := terminal.Confirm(gone, "sure?", "above"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wantShown(t, s)
	go func() { p.lines <- "y"; close(p.lines) }()
	if yes, err := terminal.Confirm(t.Context(), "really?"); !yes || err != nil {
		t.Errorf("got %v, %v", yes, err)
	}
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	terminal, s := newAsked(t, "y", "")
	evil := "a\x1b[2J\u009b2J\u202eb\nc\r\x07" + strings.Repeat("x", 500)
	terminal.Status(evil)
	if _, err := terminal.Confirm(t.Context(), "sure?", evil); err != nil {
		t.Fatal(err)
	}
	if _, err := terminal.Choose(t.Context(), evil, []string{evil}); !errors.Is(err, term.ErrDeclined) {
		t.Error(err)
	}
	for _, bad := range []string{"\x1b[2J", "\u009b", "\u202e", "\x07", "b\nc"} {
		if strings.Contains(s.all.String(), bad) {
			t.Errorf("%q reached the terminal", bad)
		}
	}
}

func TestDumb(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	terminal := term.New(term.Config{In: strings.NewReader("y\n"), Out: &out, Dumb: true})
	terminal.Status("looking")
	terminal.Status("looking")
	if err := terminal.ShowCode(qrText); err != nil {
		t.Fatal(err)
	}
	terminal.HideCode()
	terminal.Status("found")
	if yes, err := terminal.Confirm(t.Context(), "sure?", "above"); !yes || err != nil {
		t.Error(yes, err)
	}
	terminal.Clear()
	text := out.String()
	if strings.Contains(text, "\x1b") || strings.Count(text, "\n") != 1+19+1+2 ||
		!strings.HasPrefix(text, "looking\n") || !strings.HasSuffix(text, "found\nabove\nsure? [y/N] \n") {
		t.Errorf("printed %q", text)
	}
}
