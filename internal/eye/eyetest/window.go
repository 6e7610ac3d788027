// Package eyetest draws what tests have an eye look at.
package eyetest

import (
	"image"
	"image/draw"
	"io"
	"os"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Window is one on an X server's screen, drawn by an X client that shares nothing
// with package eye.
type Window struct {
	t      testing.TB
	conn   *xgb.Conn
	id     xproto.Window
	brush  xproto.Gcontext
	bounds image.Rectangle
}

// NewWindow opens a white window on a screen of depth 24, above those that are there;
// it is closed when the test ends. authority names the file with the server's cookie;
// empty: none is shown. It sets XAUTHORITY, so that the test cannot be a parallel one.
func NewWindow(t testing.TB, display, authority string, bounds image.Rectangle) *Window {
	t.Helper()
	if authority == "" {
		authority = os.DevNull
	}
	t.Setenv("XAUTHORITY", authority)
	xgb.Logger.SetOutput(io.Discard) // its goroutines may outlive the test by a line
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	w := &Window{t: t, conn: conn, bounds: bounds}
	t.Cleanup(w.Close)
	root := xproto.Setup(conn).DefaultScreen(conn)
	w.id, err = xproto.NewWindowId(conn)
	w.check(err)
	w.check(xproto.CreateWindowChecked(conn, root.RootDepth, w.id, root.Root, int16(bounds.Min.X), int16(bounds.Min.Y), //nolint:gosec // G115: it is on a screen
		uint16(bounds.Dx()), uint16(bounds.Dy()), 0, xproto.WindowClassInputOutput, root.RootVisual, //nolint:gosec // G115: it is on a screen
		xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{root.WhitePixel, 1}).Check())
	w.check(xproto.MapWindowChecked(conn, w.id).Check())
	w.brush, err = xproto.NewGcontextId(conn)
	w.check(err)
	w.check(xproto.CreateGCChecked(conn, w.brush, xproto.Drawable(w.id), 0, nil).Check())
	return w
}

func (w *Window) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Show draws a picture into the window's upper left corner, and white around it. When
// it returns, the picture is on the screen.
func (w *Window) Show(picture image.Image) {
	w.t.Helper()
	p := image.NewRGBA(image.Rectangle{Max: w.bounds.Size()})
	draw.Draw(p, p.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(p, p.Rect, picture, picture.Bounds().Min, draw.Src)
	pixels := make([]byte, 0, len(p.Pix))
	for i := 0; i < len(p.Pix); i += 4 {
		pixels = append(pixels, p.Pix[i+2], p.Pix[i+1], p.Pix[i], 0)
	}
	const rows = 16 // at a time: a request is not larger than 256 KiB
	for y := 0; y < p.Rect.Dy(); y += rows {
		n := min(rows, p.Rect.Dy()-y)
		w.check(xproto.PutImageChecked(w.conn, xproto.ImageFormatZPixmap, xproto.Drawable(w.id), w.brush,
			uint16(p.Rect.Dx()), uint16(n), 0, int16(y), 0, 24, pixels[y*p.Stride:(y+n)*p.Stride]).Check()) //nolint:gosec // G115: it is on a screen
	}
}

// Close takes the window from the screen. It may be called several times.
func (w *Window) Close() {
	w.t.Helper()
	if w.id != 0 {
		w.check(xproto.DestroyWindowChecked(w.conn, w.id).Check())
	}
	w.id = 0
	w.conn.Close()
	for event, err := w.conn.WaitForEvent(); event != nil || err != nil; event, err = w.conn.WaitForEvent() {
		w.t.Log("the X server says: ", event, err)
	}
}
