package qrcode_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/encoder"

	"github.com/hitherauth/hither/internal/qrcode"
)

const (
	digits    = "0123456789"
	capitals  = digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// random makes a text of n characters of an alphabet, the same in each run.
func random(n int, alphabet string) string {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// photograph turns a drawing into what a camera sees of a terminal whose text
// and background have the given colours: a cell is 4 by 8 pixels.
func photograph(t *testing.T, drawing string, text, background color.Gray) image.Image {
	t.Helper()
	const w, h = 4, 8
	lines := strings.Split(strings.TrimSuffix(drawing, "\n"), "\n")
	columns := len([]rune(lines[0]))
	img := image.NewGray(image.Rect(0, 0, w*columns, h*len(lines)))
	for row, line := range lines {
		runes := []rune(line)
		if len(runes) != columns {
			t.Fatalf("line %d has %d characters, the first has %d", row, len(runes), columns)
		}
		for column, r := range runes {
			if !strings.ContainsRune(" ▀▄█", r) {
				t.Fatalf("line %d holds %q", row, r)
			}
			for y := range h {
				c := background
				if r == '█' || r == '▀' && y < h/2 || r == '▄' && y >= h/2 {
					c = text
				}
				for x := range w {
					img.SetGray(column*w+x, row*h+y, c)
				}
			}
		}
	}
	return img
}

// read draws the code in a style, with half of its margin or all of it, and reads
// the drawing as a scanner does.
func read(t *testing.T, code *qrcode.Code, style qrcode.Style) string {
	t.Helper()
	var b bytes.Buffer
	margin := qrcode.Margin / (1 + code.Version()%2)
	if err := code.Draw(&b, style, margin); err != nil {
		t.Fatal(err)
	}
	drawing, black, white := b.String(), color.Gray{Y: 20}, color.Gray{Y: 235}
	text, background := black, white
	switch style {
	case qrcode.Plain:
		text, background = white, black
	case qrcode.Coloured:
		for line := range strings.Lines(drawing) {
			if !strings.HasPrefix(line, "\x1b[38;5;16;48;5;231m") || !strings.HasSuffix(line, "\x1b[0m\n") {
				t.Fatalf("line %q does not set and reset its colours", line)
			}
		}
		drawing = strings.NewReplacer("\x1b[38;5;16;48;5;231m", "", "\x1b[0m", "").Replace(drawing)
	case qrcode.Inverted:
	}
	if got, want := len([]rune(strings.SplitN(drawing, "\n", 2)[0])), code.Size()+2*margin; got != want {
		t.Errorf("drawing is %d columns wide, want %d", got, want)
	}
	return scan(t, photograph(t, drawing, text, background))
}

// scan reads a picture of a code and nothing else.
func scan(t *testing.T, picture image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := zxing.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
		gozxing.DecodeHintType_PURE_BARCODE:  true,
	})
	if err != nil {
		t.Fatalf("reading the drawing: %v", err)
	}
	return result.GetText()
}

func encode(t *testing.T, segments ...qrcode.Segment) *qrcode.Code {
	t.Helper()
	code, err := qrcode.Encode(segments...)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestDrawReadsBack(t *testing.T) {
	t.Parallel()
	texts := []string{
		"0", "A", "a", "https://id.example/setup#" + random(43, base64url),
		"http://localhost:8080/setup#" + random(43, base64url),
		"grüße, 世界", "FIDO:/" + random(160, digits), "\x00\x01 end",
	}
	for n := 1; n <= 125; n += 6 {
		texts = append(texts, random(n, digits), random(n, capitals), random(n, base64url))
	}
	for i, text := range texts {
		style := []qrcode.Style{qrcode.Plain, qrcode.Inverted, qrcode.Coloured}[i%3]
		if got := read(t, encode(t, qrcode.Text(text)), style); got != text {
			t.Errorf("style %d: read %q, want %q", style, got, text)
		}
	}
}

// TestDrawEveryVersion fills each version to the last byte (ISO/IEC 18004
// table 7, level L).
func TestDrawEveryVersion(t *testing.T) {
	t.Parallel()
	for i, capacity := range []int{
		17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858,
		929, 1003, 1091, 1171, 1273, 1367, 1465, 1528, 1628, 1732, 1840, 1952, 2068, 2188, 2303, 2431, 2563, 2699, 2809, 2953,
	} {
		text := random(capacity, base64url)
		code := encode(t, qrcode.Text(text))
		if code.Version() != i+1 || code.Level() != "L" || code.Size() != 17+4*code.Version() {
			t.Errorf("%d bytes: got version %d level %s size %d, want version %d level L", capacity, code.Version(), code.Level(), code.Size(), i+1)
		}
		if got := read(t, code, qrcode.Plain); got != text {
			t.Errorf("version %d: read back something else", code.Version())
		}
	}
}

// TestSameAsSecondEncoder compares every module, and so the choice of size,
// mask and padding, with an independent implementation.
func TestSameAsSecondEncoder(t *testing.T) {
	t.Parallel()
	masks := map[int]int{}
	for n := 1; n <= 250; n += 6 {
		for name, alphabet := range map[string]string{"digits": digits, "capitals": capitals, "base64url": base64url} {
			text := random(n, alphabet)
			code := encode(t, qrcode.Text(text))
			level, err := decoder.ErrorCorrectionLevel_ValueOf(code.Level())
			if err != nil {
				t.Fatal(err)
			}
			want, err := encoder.Encoder_encode(text, level, nil)
			if err != nil {
				t.Fatal(err)
			}
			masks[code.Mask()]++
			if got := describe(code); got != describeZXing(want) {
				t.Errorf("%d %s: version %d mask %d differs from version %d mask %d", n, name,
					code.Version(), code.Mask(), want.GetVersion().GetVersionNumber(), want.GetMaskPattern())
			}
		}
	}
	if len(masks) != 8 {
		t.Errorf("masks used: %v, want all eight", masks)
	}
}

func describe(c *qrcode.Code) string {
	var b strings.Builder
	fmt.Fprintln(&b, c.Version(), c.Mask())
	for y := range c.Size() {
		for x := range c.Size() {
			fmt.Fprint(&b, map[bool]string{false: ".", true: "#"}[c.Dark(x, y)])
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func describeZXing(c *encoder.QRCode) string {
	var b strings.Builder
	fmt.Fprintln(&b, c.GetVersion().GetVersionNumber(), c.GetMaskPattern())
	m := c.GetMatrix()
	for y := range m.GetHeight() {
		for x := range m.GetWidth() {
			fmt.Fprint(&b, map[byte]string{0: ".", 1: "#"}[byte(m.Get(x, y))])
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func TestEncodeSegments(t *testing.T) {
	t.Parallel()
	number := random(165, digits)
	code := encode(t, qrcode.Alphanumeric("FIDO:/"), qrcode.Numeric(number))
	if code.Version() != 4 || code.Level() != "L" {
		t.Errorf("got version %d level %s, want 4 L", code.Version(), code.Level())
	}
	if got, want := read(t, code, qrcode.Plain), "FIDO:/"+number; got != want {
		t.Errorf("read %q, want %q", got, want)
	}
	whole := encode(t, qrcode.Bytes("FIDO:/"+number))
	if whole.Version() <= code.Version() {
		t.Errorf("bytes take version %d, segments %d", whole.Version(), code.Version())
	}
}

func TestEncodeTakesBestLevel(t *testing.T) {
	t.Parallel()
	// Version 1 has room for 7, 11, 14 and 17 bytes at its four levels.
	for n, want := range map[int]string{1: "H", 7: "H", 8: "Q", 11: "Q", 12: "M", 14: "M", 15: "L", 17: "L"} {
		code := encode(t, qrcode.Bytes(random(n, base64url)))
		if code.Version() != 1 || code.Level() != want {
			t.Errorf("%d bytes: got version %d level %s, want 1 %s", n, code.Version(), code.Level(), want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for name, segments := range map[string][]qrcode.Segment{
		"letters_in_numeric":      {qrcode.Numeric("12a")},
		"small_letters":           {qrcode.Alphanumeric("fido")},
		"non_ascii_alphanumeric":  {qrcode.Alphanumeric("Ä")},
		"zero_segment":            {{}},
		"second_segment_is_wrong": {qrcode.Bytes("a"), qrcode.Numeric("b")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, err := qrcode.Encode(segments...); err == nil || code != nil {
				t.Errorf("got %v, %v; want an error alone", code, err)
			}
		})
	}
	t.Run("too_long", func(t *testing.T) {
		t.Parallel()
		if code, err := qrcode.Encode(qrcode.Bytes(random(2954, base64url))); !errors.Is(err, qrcode.ErrTooLong) || code != nil {
			t.Errorf("got %v, %v; want ErrTooLong", code, err)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	text := "https://id.example/setup#" + random(43, base64url)
	for b.Loop() {
		if _, err := qrcode.Encode(qrcode.Text(text)); err != nil {
			b.Fatal(err)
		}
	}
}
