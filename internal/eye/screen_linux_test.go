package eye_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/hitherauth/hither/internal/child"
	"github.com/hitherauth/hither/internal/eye"
	"github.com/hitherauth/hither/internal/eye/eyetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// xvfb starts an X server and returns its display.
func xvfb(t testing.TB, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("Xvfb"); err != nil && os.Getenv("CI") == "" {
		t.Skip("Xvfb is missing: make deps installs it")
	}
	says, told, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "Xvfb", append([]string{"-displayfd", "3", "-nolisten", "tcp", "-noreset"}, args...)...)
	cmd.ExtraFiles = []*os.File{told}
	child.Gently(cmd)
	p, err := child.Start(context.Background(), cmd)
	_ = told.Close() // it has its own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	_ = says.SetReadDeadline(time.Now().Add(time.Minute))
	line, err := bufio.NewReader(says).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_ = says.Close()
	return ":" + strings.TrimSpace(line)
}

func open(t testing.TB, display string) *eye.Screen {
	t.Helper()
	s, err := eye.Open(t.Context(), display, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func look(t testing.TB, s *eye.Screen, want ...string) {
	t.Helper()
	got, err := s.Look()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestScreen looks at windows of another program that come, change, cover each other
// and go.
func TestScreen(t *testing.T) { //nolint:paralleltest // a window sets XAUTHORITY
	display := xvfb(t, "-screen", "0", "1280x900x24")
	s := open(t, display)
	look(t, s)
	some := texts(3)
	left := eyetest.NewWindow(t, display, "", image.Rect(10, 20, 610, 620))
	left.Show(drawn(t, some[0]))
	look(t, s, some[0])
	look(t, s, some[0])
	left.Show(drawn(t, some[1]))
	look(t, s, some[1])
	right := eyetest.NewWindow(t, display, "", image.Rect(640, 100, 1240, 700))
	right.Show(drawn(t, some[2]))
	if got, err := s.Look(); err != nil || len(got) != 2 {
		t.Errorf("two codes: %q, %v", got, err)
	}
	left.Show(image.White)
	look(t, s, some[2])
	right.Close()
	look(t, s)
}

// TestPicture compares a picture with what another program has drawn, colours included.
func TestPicture(t *testing.T) { //nolint:paralleltest // a window sets XAUTHORITY
	display := xvfb(t, "-screen", "0", "1280x900x24")
	want := readPicture(t, "light")
	eyetest.NewWindow(t, display, "", image.Rect(0, 0, 1280, 900)).Show(want)
	got, err := open(t, display+".0").Picture()
	if err != nil {
		t.Fatal(err)
	}
	if want.Rect != got.Rect || !bytes.Equal(want.Pix, got.Pix) {
		t.Error("the picture is another")
	}
}

// authority is a file with entries of a family, an address, a display and a cookie.
func authority(t *testing.T, entries ...[4]string) string {
	t.Helper()
	var b []byte
	for _, e := range entries {
		b = append(b, e[0]...)
		for _, field := range []string{e[1], e[2], "MIT-MAGIC-COOKIE-1", e[3]} {
			b = binary.BigEndian.AppendUint16(b, uint16(len(field)))
			b = append(b, field...)
		}
	}
	path := filepath.Join(t.TempDir(), "authority")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCookie(t *testing.T) {
	t.Parallel()
	const right, wrong = "0123456789abcdef", "fedcba9876543210"
	const wild, local = "\xff\xff", "\x01\x00"
	display := xvfb(t, "-screen", "0", "320x200x24", "-auth", authority(t, [4]string{wild, "", "", right}))
	number := strings.TrimPrefix(display, ":")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"wild":           authority(t, [4]string{wild, "", "", right}),
		"of the display": authority(t, [4]string{wild, "", "999", wrong}, [4]string{wild, "", number, right}),
		"of the host":    authority(t, [4]string{local, host + ".", number, wrong}, [4]string{local, host, number, right}),
	} {
		s, err := eye.Open(t.Context(), display, path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p, err := s.Picture(); err != nil || p.Rect != image.Rect(0, 0, 320, 200) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, path := range map[string]string{
		"none":             "",
		"empty":            os.DevNull,
		"no file":          filepath.Join(t.TempDir(), "none"),
		"another":          authority(t, [4]string{wild, "", "", wrong}),
		"of another":       authority(t, [4]string{wild, "", "999", right}),
		"of another host":  authority(t, [4]string{local, host + ".", "", right}),
		"of another place": authority(t, [4]string{"\x00\x00", host, "", right}),
	} {
		if _, err := eye.Open(t.Context(), display, path); err == nil || !strings.Contains(err.Error(), "XAUTHORITY") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestScreenGoes has a screen's life end in each way there is.
func TestScreenGoes(t *testing.T) {
	t.Parallel()
	display := xvfb(t, "-screen", "0", "320x200x24")
	ctx, stop := context.WithCancel(t.Context())
	s, err := eye.Open(ctx, display, "")
	if err != nil {
		t.Fatal(err)
	}
	closed := open(t, display)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := closed.Look(); err == nil || !strings.Contains(err.Error(), "nobody looks") {
		t.Errorf("closed: %v", err)
	}
	look(t, s)
	stop()
	for deadline := time.Now().Add(time.Minute); err == nil && time.Now().Before(deadline); {
		_, err = s.Look()
	}
	if err == nil {
		t.Error("it outlives its context")
	}
	if _, err := eye.Open(ctx, display, ""); err == nil {
		t.Error("it is opened when its context is done")
	}
}

// TestNarrowPixels refuses a screen that would have to be read in another way.
func TestNarrowPixels(t *testing.T) {
	t.Parallel()
	display := xvfb(t, "-screen", "0", "320x200x16")
	if _, err := eye.Open(t.Context(), display, ""); err == nil || !strings.Contains(err.Error(), "depth 24") {
		t.Error(err)
	}
	if _, err := eye.Open(t.Context(), display+".1", ""); err == nil || !strings.Contains(err.Error(), "no screen 1") {
		t.Error(err)
	}
}

func TestNoDisplay(t *testing.T) {
	t.Parallel()
	for _, display := range []string{"", ":", "7", ":x", ":-1", ":70000", ":59536", ":0.", ":0.x", ":99999999999999999999", "a:b:0", "/tmp/x:0", "node::0", ":59321"} {
		if _, err := eye.Open(t.Context(), display, ""); err == nil {
			t.Errorf("%q is opened", display)
		} else {
			t.Log(err)
		}
	}
}

// BenchmarkLook is of a screen that shows Chromium's dialog: unchanged, and changed
// each time.
func BenchmarkLook(b *testing.B) {
	display := xvfb(b, "-screen", "0", "1280x900x24")
	w := eyetest.NewWindow(b, display, "", image.Rect(0, 0, 1280, 900))
	w.Show(readPicture(b, "light"))
	cursor := eyetest.NewWindow(b, display, "", image.Rect(20, 300, 22, 320))
	s := open(b, display)
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			if found, err := s.Look(); err != nil || len(found) != 1 {
				b.Fatal(found, err)
			}
		}
	})
	b.Run("changed", func(b *testing.B) {
		black := false
		for b.Loop() {
			b.StopTimer()
			if black = !black; black {
				cursor.Show(image.Black)
			} else {
				cursor.Show(image.White)
			}
			b.StartTimer()
			if found, err := s.Look(); err != nil || len(found) != 1 {
				b.Fatal(found, err)
			}
		}
	})
}
