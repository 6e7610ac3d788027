package eye

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	maxPixels = 50_000_000       // of a screen
	patience  = 10 * time.Second // with a server that does not answer
)

// Screen is one of an X server's. Several goroutines may use it at a time.
type Screen struct {
	conn  net.Conn
	setup setup
	stop  func() bool

	mu    sync.Mutex
	sent  uint16   // requests: the number of the last
	now   pixels   // the last picture
	spare []byte   // room for the next one
	texts []string // what was found on now; see looked
	// looked tells whether texts are of the picture in now.
	looked bool
	broken error // after it, what comes from the server cannot be told apart any more
}

// pixels is a picture as the server sends it, four bytes each.
type pixels struct {
	raw           []byte
	width, height int
}

// Open begins to look at an X server's screen: display is what $DISPLAY holds, such
// as ":0", and authority names the file with the server's cookie, as $XAUTHORITY does;
// empty: none is shown. It ends when ctx is done, at the latest.
func Open(ctx context.Context, display, authority string) (*Screen, error) {
	s, err := open(ctx, display, authority)
	if err != nil {
		return nil, fmt.Errorf("eye: cannot look at the screen %q: %w", display, err)
	}
	return s, nil
}

func open(ctx context.Context, text, authority string) (*Screen, error) {
	d, err := parseDisplay(text)
	if err != nil {
		return nil, err
	}
	dialing, stop := context.WithTimeout(ctx, patience)
	defer stop()
	conn, err := d.dial(dialing)
	if err != nil {
		return nil, fmt.Errorf("no X server is there: %w", err)
	}
	s := &Screen{conn: conn}
	s.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.setup, err = connect(conn, d.cookie(authority, conn.RemoteAddr()), d.screen)
	if err != nil {
		_ = s.Close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	return s, nil
}

// Close ends looking. Who is looking gets an error.
func (s *Screen) Close() error {
	s.stop()
	if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("eye: %w", err)
	}
	return nil
}

// Picture is what the screen shows now.
func (s *Screen) Picture() (*image.RGBA, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.look(); err != nil {
		return nil, err
	}
	p := image.NewRGBA(image.Rect(0, 0, s.now.width, s.now.height))
	r, g, b := s.setup.colours()
	for i := 0; i < len(p.Pix); i += 4 {
		from, to := s.now.raw[i:i+4:i+4], p.Pix[i:i+4:i+4]
		to[0], to[1], to[2], to[3] = from[r], from[g], from[b], 255
	}
	return p, nil
}

// Look returns the texts of the QR codes that the screen shows now, as [Find] does.
func (s *Screen) Look() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.look(); err != nil {
		return nil, err
	}
	if !s.looked {
		light := grey{width: s.now.width, height: s.now.height, pix: make([]byte, s.now.width*s.now.height)}
		r, g, b := s.setup.colours()
		for i := range light.pix {
			from := s.now.raw[4*i : 4*i+4 : 4*i+4]
			light.pix[i] = lightness(from[r], from[g], from[b])
		}
		s.texts, s.looked = light.codes(), true
	}
	return slices.Clone(s.texts), nil
}

// colours are where in a pixel's four bytes they are.
func (s setup) colours() (red, green, blue int) {
	if s.bigFirst {
		return 1, 2, 3
	}
	return 2, 1, 0
}

// look takes a picture, and notes whether it is the same as the last.
func (s *Screen) look() error {
	if s.broken != nil {
		return s.broken
	}
	err := s.take()
	for again := 0; again < 3 && errors.Is(err, errResized); again++ {
		err = s.take()
	}
	if err == nil {
		return nil
	}
	_ = s.Close()
	switch {
	case errors.Is(err, net.ErrClosed):
		err = errClosed
	case errors.Is(err, io.EOF):
		err = errGone
	}
	s.broken = fmt.Errorf("eye: cannot look at the screen any more: %w", err)
	return s.broken
}

var (
	errClosed  = errors.New("nobody looks at it")
	errGone    = errors.New("the X server is gone")
	errResized = errors.New("it becomes another size all the time")
)

// Requests of the X protocol, and what of the screen is asked for: all planes of a
// picture, pixel by pixel.
const (
	getGeometry = 14
	getImage    = 73
	pixelwise   = 2
	allPlanes   = 0xffffffff
	badMatch    = 8 // is what an X server calls a part of a screen that is not on it
)

func (s *Screen) take() error {
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	// A screen may have become another size.
	ask := binary.LittleEndian.AppendUint32([]byte{getGeometry, 0, 2, 0}, s.setup.root)
	answer, err := s.ask(ask, 0)
	if err != nil {
		return err
	}
	width, height := int(binary.LittleEndian.Uint16(answer[16:])), int(binary.LittleEndian.Uint16(answer[18:]))
	if width == 0 || height == 0 || width > maxPixels/height {
		return fmt.Errorf("a screen of %d by %d pixels is none", width, height)
	}
	ask = binary.LittleEndian.AppendUint32([]byte{getImage, pixelwise, 5, 0}, s.setup.root)
	ask = append(ask, 0, 0, 0, 0) // from its corner
	ask = append(ask, answer[16:20]...)
	ask = binary.LittleEndian.AppendUint32(ask, allPlanes)
	if _, err := s.ask(ask, width*height); err != nil {
		return err
	}
	next := pixels{raw: slices.Grow(s.spare[:0], 4*width*height)[:4*width*height], width: width, height: height}
	if _, err := io.ReadFull(s.conn, next.raw); err != nil {
		return err
	}
	same := next.width == s.now.width && next.height == s.now.height && bytes.Equal(next.raw, s.now.raw)
	s.looked = s.looked && same
	s.now, s.spare = next, s.now.raw
	return nil
}

// ask sends a request, and returns the head of the reply to it, after which there are
// so many words of four bytes.
func (s *Screen) ask(request []byte, words int) ([]byte, error) {
	if _, err := s.conn.Write(request); err != nil {
		return nil, err
	}
	s.sent++
	head := make([]byte, 32)
	for {
		if _, err := io.ReadFull(s.conn, head); err != nil {
			return nil, err
		}
		switch kind := head[0]; {
		case kind == 0 && head[1] == badMatch:
			return nil, errResized
		case kind == 0:
			return nil, fmt.Errorf("the X server answers with its error %d", head[1])
		case kind == 1 && binary.LittleEndian.Uint16(head[2:]) == s.sent && int(binary.LittleEndian.Uint32(head[4:])) == words:
			return head, nil
		case kind == 1 || kind == 35: // the latter may be of any size, and nobody asked for one
			return nil, errors.New("the X server answers what was not asked")
		}
		// Some news are sent to everybody, for example that keys have another meaning now.
	}
}
