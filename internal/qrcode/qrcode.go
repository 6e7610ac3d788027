// Package qrcode makes QR codes (ISO/IEC 18004) and draws them for a terminal.
//
// [Encode] takes a text as one or more segments, [Code.Draw] writes the result
// with half blocks, two modules to a character cell, and the light margin that
// scanners need around it; [Code.PNG] and [Code.SVG] make pictures:
//
//	code, err := qrcode.Encode(qrcode.Text("https://id.example/setup"))
//	if err != nil {
//		return err
//	}
//	return code.Draw(os.Stdout, qrcode.Coloured, qrcode.Margin)
//
// Bits and error correction are the work of rsc.io/qr/coding. The choice of
// size, error correction level and mask is made here, because that package
// leaves it to its caller. There are no structured append, no kanji and no ECI:
// bytes are sent as they are, which scanners read as UTF-8.
package qrcode

import (
	"errors"
	"fmt"

	"rsc.io/qr/coding"
)

// ErrTooLong says that the segments do not fit the largest QR code.
var ErrTooLong = errors.New("qrcode: text does not fit a QR code")

// Code is a QR code: a square of dark and light modules, without its margin.
type Code struct {
	version int
	level   coding.Level
	mask    int
	bitmap  *coding.Code
}

// Encode makes the smallest code that holds the segments one after the other,
// with the best error correction that this size has room for. It returns
// [ErrTooLong] when no size is large enough, and another error when a segment
// holds a character that its alphabet lacks.
func Encode(segments ...Segment) (*Code, error) {
	encodings := make([]coding.Encoding, len(segments))
	for i, s := range segments {
		if s.encoding == nil {
			return nil, errors.New("qrcode: empty segment")
		}
		if err := s.encoding.Check(); err != nil {
			return nil, fmt.Errorf("qrcode: segment %d: %w", i, err)
		}
		encodings[i] = s.encoding
	}
	version, level, ok := fit(encodings)
	if !ok {
		return nil, ErrTooLong
	}
	best, bestPenalty := (*Code)(nil), 0
	for mask := range masks {
		plan, err := coding.NewPlan(version, level, coding.Mask(mask))
		if err != nil {
			return nil, fmt.Errorf("qrcode: planning version %d: %w", version, err)
		}
		bitmap, err := plan.Encode(encodings...)
		if err != nil {
			return nil, fmt.Errorf("qrcode: encoding: %w", err)
		}
		c := &Code{version: int(version), level: level, mask: mask, bitmap: bitmap}
		if p := c.penalty(); best == nil || p < bestPenalty {
			best, bestPenalty = c, p
		}
	}
	return best, nil
}

// fit finds the smallest version that holds the encodings at the lowest level
// of error correction, then the highest level that this version has room for.
func fit(encodings []coding.Encoding) (coding.Version, coding.Level, bool) {
	for v := coding.Version(coding.MinVersion); v <= coding.MaxVersion; v++ {
		bits := 0
		for _, e := range encodings {
			bits += e.Bits(v)
		}
		for level := coding.H; level >= coding.L; level-- {
			if bits <= 8*v.DataBytes(level) {
				return v, level, true
			}
		}
	}
	return 0, 0, false
}

// Version is the number of the code's size, 1 to 40.
func (c *Code) Version() int { return c.version }

// Level is the error correction level: "L", "M", "Q" or "H".
func (c *Code) Level() string { return c.level.String() }

// Mask is the number of the mask pattern, 0 to 7.
func (c *Code) Mask() int { return c.mask }

// Size is the number of modules on a side: 17 + 4 × version.
func (c *Code) Size() int { return c.bitmap.Size }

// Dark reports whether the module in column x of row y is dark. Everything
// outside the square is light.
func (c *Code) Dark(x, y int) bool { return c.bitmap.Black(x, y) }
