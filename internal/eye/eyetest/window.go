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
	client client
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
	c, err := open(display, bounds)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return &Window{t: t, client: c}
}

// Show draws a picture into the window's upper left corner, and white around it. When
// it returns, the picture is on the screen.
func (w *Window) Show(picture image.Image) {
	w.t.Helper()
	if err := w.client.draw(picture); err != nil {
		w.t.Fatal(err)
	}
}

// Close takes the window from the screen. When it returns, it is gone.
func (w *Window) Close() { w.client.close() }

// Show draws a picture into the upper left corner of a screen of depth 24 that wants
// no cookie. It is there until end is called.
func Show(display string, picture image.Image) (end func(), err error) {
	c, err := open(display, picture.Bounds())
	if err != nil {
		return nil, err
	}
	if err := c.draw(picture); err != nil {
		c.close()
		return nil, err
	}
	return c.close, nil
}

// client is an X client with a window.
type client struct {
	conn  *xgb.Conn
	id    xproto.Window
	brush xproto.Gcontext
	size  image.Point
}

func open(display string, bounds image.Rectangle) (client, error) {
	xgb.Logger.SetOutput(io.Discard) // its goroutines may outlive a test by a line
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return client{}, err
	}
	c := client{conn: conn, size: bounds.Size()}
	if err := c.open(bounds.Min); err != nil {
		c.close()
		return client{}, err
	}
	return c, nil
}

func (c *client) open(at image.Point) (err error) {
	if c.id, err = xproto.NewWindowId(c.conn); err != nil {
		return err
	}
	if c.brush, err = xproto.NewGcontextId(c.conn); err != nil {
		return err
	}
	root := xproto.Setup(c.conn).DefaultScreen(c.conn)
	for _, request := range []interface{ Check() error }{
		xproto.CreateWindowChecked(c.conn, root.RootDepth, c.id, root.Root, int16(at.X), int16(at.Y), //nolint:gosec // G115: it is on a screen
			uint16(c.size.X), uint16(c.size.Y), 0, xproto.WindowClassInputOutput, root.RootVisual, //nolint:gosec // G115: it is on a screen
			xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{root.WhitePixel, 1}),
		xproto.MapWindowChecked(c.conn, c.id),
		xproto.CreateGCChecked(c.conn, c.brush, xproto.Drawable(c.id), 0, nil),
	} {
		if err := request.Check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) draw(picture image.Image) error {
	p := image.NewRGBA(image.Rectangle{Max: c.size})
	draw.Draw(p, p.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(p, p.Rect, picture, picture.Bounds().Min, draw.Src)
	pixels := make([]byte, 0, len(p.Pix))
	for i := 0; i < len(p.Pix); i += 4 {
		pixels = append(pixels, p.Pix[i+2], p.Pix[i+1], p.Pix[i], 0)
	}
	const rows = 16 // at a time: a request is not larger than 256 KiB
	for y := 0; y < c.size.Y; y += rows {
		n := min(rows, c.size.Y-y)
		if err := xproto.PutImageChecked(c.conn, xproto.ImageFormatZPixmap, xproto.Drawable(c.id), c.brush,
			uint16(c.size.X), uint16(n), 0, int16(y), 0, 24, pixels[y*p.Stride:(y+n)*p.Stride]).Check(); err != nil { //nolint:gosec // G115: it is on a screen
			return err
		}
	}
	return nil
}

// close may be called several times. It returns when everything of the connection has
// ended.
func (c *client) close() {
	_ = xproto.DestroyWindowChecked(c.conn, c.id).Check() // it may be gone, as the server may
	c.conn.Close()
	for event, err := c.conn.WaitForEvent(); event != nil || err != nil; {
		event, err = c.conn.WaitForEvent()
	}
}
