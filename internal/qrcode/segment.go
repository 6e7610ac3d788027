package qrcode

import (
	"strings"

	"rsc.io/qr/coding"
)

// Segment is a piece of text in one of the alphabets of a QR code.
type Segment struct {
	encoding coding.Encoding
}

// Numeric is a segment of decimal digits, 3⅓ bits each.
func Numeric(digits string) Segment { return Segment{coding.Num(digits)} }

// Alphanumeric is a segment of digits, capital letters and " $%*+-./:", 5½ bits
// each.
func Alphanumeric(text string) Segment { return Segment{coding.Alpha(text)} }

// Bytes is a segment of any bytes, 8 bits each.
func Bytes(text string) Segment { return Segment{coding.String(text)} }

const (
	digits       = "0123456789"
	alphanumeric = digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
)

// Text is a segment in the narrowest alphabet that has all of text.
func Text(text string) Segment {
	switch {
	case strings.Trim(text, digits) == "" && text != "":
		return Numeric(text)
	case strings.Trim(text, alphanumeric) == "":
		return Alphanumeric(text)
	default:
		return Bytes(text)
	}
}
