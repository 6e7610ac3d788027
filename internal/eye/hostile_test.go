package eye_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/eye"
)

// TestAbsurdPictures has nothing to find, and must come to an end soon.
func TestAbsurdPictures(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{}, {1, 0}, {1, 1}, {2, 3}, {40, 40}, {1, 20_000}, {20_000, 1}, {20_000, 7}} {
		bounds := image.Rectangle{Min: image.Pt(-5, 7), Max: image.Pt(-5, 7).Add(size)}
		for _, picture := range []image.Image{image.NewRGBA(bounds), image.NewGray16(bounds), image.NewYCbCr(bounds, image.YCbCrSubsampleRatio420)} {
			if found := eye.Find(picture); found != nil {
				t.Errorf("%T of %v: %q", picture, size, found)
			}
		}
	}
	for name, at := range map[string]func(x, y int) bool{
		"marks": func(x, y int) bool { // nothing but corners, as dense as they can be
			x, y = x%8, y%8
			ring := max(max(x-3, 3-x), max(y-3, 3-y))
			return x < 7 && y < 7 && ring != 2
		},
		"stripes": func(x, _ int) bool { return x%9 == 0 || x%9 == 2 || x%9 == 3 || x%9 == 4 || x%9 == 6 },
		"noise":   func(x, y int) bool { return (x*x*7919+y*y*104_729+x*y*31)%97 < 48 },
		"checks":  func(x, y int) bool { return (x+y)%2 == 0 },
	} {
		picture := image.NewGray(image.Rect(0, 0, 800, 600))
		for i := range picture.Pix {
			if !at(i%800, i/800) {
				picture.Pix[i] = 255
			}
		}
		if found := eye.Find(picture); found != nil {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// FuzzFind looks at pictures of any bytes, each a module of as many pixels as asked.
func FuzzFind(f *testing.F) {
	code := drawn(f, texts(1)[0])
	var bits []byte
	const module = 8
	for y := code.Bounds().Min.Y; y < code.Bounds().Max.Y; y += module {
		for x := code.Bounds().Min.X; x < code.Bounds().Max.X; x += module {
			bits = append(bits, color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y)
		}
	}
	f.Add(bits, uint8(code.Bounds().Dx()/module), uint8(4))
	f.Add([]byte{0, 255, 0, 0, 0, 255, 0}, uint8(7), uint8(1))
	f.Fuzz(func(_ *testing.T, bits []byte, width, module uint8) {
		w, m := max(int(width)%80, 1), max(int(module)%8, 1)
		picture := image.NewGray(image.Rect(0, 0, w*m, min(len(bits)/w, 80)*m))
		for i := range picture.Pix {
			x, y := i%picture.Stride/m, i/picture.Stride/m
			picture.Pix[i] = bits[y*w+x]
		}
		eye.Find(picture)
	})
}

// greeting is what an X server says to who connects: one screen of depth 24.
func greeting() []byte {
	var b []byte
	b = append(b, make([]byte, 20)...)
	b = append(b, 1, 1, 0, 0, 32, 32, 8, 255, 0, 0, 0, 0) // one screen, one format
	binary.LittleEndian.PutUint16(b[16:], 3)
	b = append(b, "us\x00\x00"...)
	b = append(b, 24, 32, 32, 0, 0, 0, 0, 0)
	screen := make([]byte, 40)
	copy(screen[32:], "visu")
	screen[0], screen[38], screen[39] = 99, 24, 1
	b = append(b, screen...)
	b = append(b, 24, 0, 1, 0, 0, 0, 0, 0)
	b = append(b, "visu\x04\x08\x00\x01\x00\x00\xff\x00\x00\xff\x00\x00\xff\x00\x00\x00\x00\x00\x00\x00"...)
	return b
}

func framed(status byte, body []byte) []byte {
	return append([]byte{status, 0, 11, 0, 0, 0, byte(len(body) / 4), byte(len(body) / 4 >> 8)}, body...)
}

// reply is one to the request of that number, of which the head is followed by so
// many words, as it says.
func reply(number uint16, words uint32, rest ...byte) []byte {
	b := make([]byte, 32)
	b[0], b[1] = 1, 24
	binary.LittleEndian.PutUint16(b[2:], number)
	binary.LittleEndian.PutUint32(b[4:], words)
	copy(b[8:], rest)
	return b
}

// geometry is a reply about a screen's size.
func geometry(number, width, height uint16) []byte {
	return reply(number, 0, 99, 0, 0, 0, 0, 0, 0, 0, byte(width), byte(width>>8), byte(height), byte(height>>8))
}

// liar is an X server that says what it is told to, and returns its display.
func liar(t *testing.T, says []byte) string {
	t.Helper()
	for number := 3000; number < 3200; number++ {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(6000+number)) //nolint:noctx // it is bound at once
		if err != nil {
			continue
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = conn.Write(says)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			}
			_, _ = io.Copy(io.Discard, conn)
		}()
		t.Cleanup(func() {
			_ = l.Close()
			<-done
		})
		return "127.0.0.1:" + strconv.Itoa(number)
	}
	t.Fatal("no free port")
	return ""
}

// TestLyingServer has servers say what is not so: each must end in an error, and take
// no more room than there are bytes.
func TestLyingServer(t *testing.T) {
	t.Parallel()
	hello := framed(1, greeting())
	changed := func(at int, value byte) []byte {
		b := greeting()
		b[at] = value
		return framed(1, b)
	}
	for name, says := range map[string][]byte{
		"nothing":           nil,
		"half a head":       hello[:5],
		"half":              hello[:70],
		"empty":             framed(1, nil),
		"a kind of refusal": framed(2, greeting()),
		"a long reason":     append([]byte{0, 255, 11, 0, 0, 0, 1, 0}, "no  "...),
		"a long vendor":     changed(17, 255),
		"many formats":      changed(21, 255),
		"no formats":        changed(21, 0),
		"no screens":        changed(20, 0),
		"many depths":       changed(36+8+39, 255),
		"many visuals":      changed(36+8+40+3, 255),
		"another visual":    changed(36+8+32, 'w'),
		"another mask":      changed(36+8+40+8+8, 1),
		"three bytes":       changed(36+1, 24),
		"another depth":     changed(36, 16),
	} {
		if s, err := eye.Open(t.Context(), liar(t, says), ""); err == nil {
			t.Errorf("%s: it is opened", name)
			_ = s.Close()
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
	answers := func(all ...[]byte) []byte { return append(bytes.Clone(hello), bytes.Join(all, nil)...) }
	for name, says := range map[string][]byte{
		"nothing":            answers(),
		"an error":           answers([]byte("\x00\x03" + strings.Repeat("\x00", 30))),
		"always another":     answers(geometry(1, 2, 2), mismatch(2), geometry(3, 2, 2), mismatch(4), geometry(5, 2, 2), mismatch(6), geometry(7, 2, 2), mismatch(8)),
		"another's reply":    answers(geometry(2, 2, 2)),
		"a long reply":       answers(reply(1, 0xffffffff)),
		"an empty screen":    answers(geometry(1, 0, 7)),
		"too little picture": answers(geometry(1, 2, 2), reply(2, 3), make([]byte, 12)),
		"too much picture":   answers(geometry(1, 2, 2), reply(2, 5), make([]byte, 20)),
		"an end too soon":    answers(geometry(1, 2, 2), reply(2, 4), make([]byte, 15)),
		"a generic event":    answers([]byte("\x23" + strings.Repeat("\x01", 31))),
		"news without end":   answers(bytes.Repeat([]byte("\x22"+strings.Repeat("\x00", 31)), 1000)),
	} {
		s, err := eye.Open(t.Context(), liar(t, says), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, err = s.Picture()
		_, again := s.Look()
		if err == nil || again == nil || err.Error() != again.Error() {
			t.Errorf("%s: %v, then %v", name, err, again)
		} else {
			t.Logf("%s: %v", name, err)
		}
		_ = s.Close()
	}
}

// TestImmenseScreen wants a size refused by what it is, before there is room for it.
func TestImmenseScreen(t *testing.T) {
	t.Parallel()
	s, err := eye.Open(t.Context(), liar(t, append(framed(1, greeting()), geometry(1, 65535, 65535)...)), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Picture(); err == nil || !strings.Contains(err.Error(), "65535 by 65535") {
		t.Errorf("got %v", err)
	}
}

func mismatch(number byte) []byte {
	return fmt.Appendf(nil, "\x00\x08%c\x00%s", number, strings.Repeat("\x00", 28))
}

// TestHonestServer is the same server when it does not lie.
func TestHonestServer(t *testing.T) {
	t.Parallel()
	news := []byte("\x22" + strings.Repeat("\x00", 31))
	says := bytes.Join([][]byte{framed(1, greeting()), news, geometry(1, 3, 2), news, mismatch(2), geometry(3, 2, 1), reply(4, 2), []byte("\x01\x02\x03\x00\xfd\xfe\xff\x00")}, nil)
	s, err := eye.Open(t.Context(), liar(t, says), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	p, err := s.Picture()
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte{3, 2, 1, 255, 255, 254, 253, 255}; p.Rect != image.Rect(0, 0, 2, 1) || !bytes.Equal(p.Pix, want) {
		t.Errorf("%v %v", p.Rect, p.Pix)
	}
}
