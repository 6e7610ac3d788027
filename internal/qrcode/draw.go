package qrcode

import (
	"bytes"
	"io"
)

// Margin is the width, in modules, of the light border that a scanner is promised
// (ISO/IEC 18004 §9.1). In practice half of it is enough.
const Margin = 4

// Style says how modules become characters.
type Style int

const (
	// Plain draws the light modules, for a terminal with light text on a dark
	// background. It uses no escape sequences.
	Plain Style = iota
	// Inverted draws the dark modules, for a terminal with dark text on a light
	// background, or for paper. It uses no escape sequences.
	Inverted
	// Coloured draws black on white by escape sequences for a terminal of 256
	// colours, and so reads the same on every background.
	Coloured
)

const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	reset        = "\x1b[0m"
)

// Draw writes the code with a margin of so many modules, one line for two rows of
// modules, in one call of w.Write. The drawing is Size + 2 × margin characters wide.
func (c *Code) Draw(w io.Writer, style Style, margin int) error {
	var b bytes.Buffer
	end := c.Size() + margin
	for y := -margin; y < end; y += 2 {
		if style == Coloured {
			b.WriteString(blackOnWhite)
		}
		for x := -margin; x < end; x++ {
			upper, lower := c.Dark(x, y), c.Dark(x, y+1)
			if style == Plain {
				upper, lower = !upper, !lower
			}
			b.WriteRune(halfBlock(upper, lower))
		}
		if style == Coloured {
			b.WriteString(reset)
		}
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}

func halfBlock(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '\u2588' // full block
	case upper:
		return '\u2580' // upper half block
	case lower:
		return '\u2584' // lower half block
	default:
		return ' '
	}
}
