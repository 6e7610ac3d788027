package testbed_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	"image/png"
	"slices"
	"testing"
	"time"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/internal/eye/eyetest"
	"github.com/hitherauth/hither/internal/qrcode"
	"github.com/hitherauth/hither/testbed"
)

// wall is a window over a bed's whole screen: what a browser is, as far as an eye can see.
type wall struct {
	t      *testing.T
	window *eyetest.Window
	size   image.Point
}

func newWall(t *testing.T, bed *testbed.Bed) wall {
	t.Helper()
	window := eyetest.NewWindow(t, variable(t, bed, "DISPLAY"), variable(t, bed, "XAUTHORITY"), image.Rectangle{Max: bed.Screen()})
	return wall{t, window, bed.Screen()}
}

// show draws QR codes beside each other, in place of what was there.
func (w wall) show(texts ...string) {
	w.t.Helper()
	all := image.NewRGBA(image.Rectangle{Max: w.size})
	draw.Draw(all, all.Rect, image.White, image.Point{}, draw.Src)
	x := 0
	for _, text := range texts {
		code, err := qrcode.Encode(qrcode.Text(text))
		if err != nil {
			w.t.Fatal(err)
		}
		var b bytes.Buffer
		if err := code.PNG(&b); err != nil {
			w.t.Fatal(err)
		}
		picture, err := png.Decode(&b)
		if err != nil {
			w.t.Fatal(err)
		}
		draw.Draw(all, picture.Bounds().Add(image.Pt(x, 0)), picture, image.Point{}, draw.Src)
		x += picture.Bounds().Dx()
	}
	w.window.Show(all)
}

// reads is how many QR codes a phone has read.
func reads(bed *testbed.Bed, phone *testbed.Phone) (n int) {
	for _, e := range bed.Events(0) {
		if e.Phone == phone.ID() && e.Kind == "qr_read" {
			n++
		}
	}
	return n
}

// awaitReads waits until a phone has read so many QR codes.
func awaitReads(t *testing.T, bed *testbed.Bed, phone *testbed.Phone, n int) {
	t.Helper()
	for last := 0; reads(bed, phone) < n; {
		events, err := bed.WaitEvents(t.Context(), last)
		if err != nil {
			t.Fatal(err)
		}
		last = events[len(events)-1].ID
	}
}

// await waits for an event of that kind after the one with that ID.
func await(t *testing.T, bed *testbed.Bed, last int, kind string) {
	t.Helper()
	for {
		events, err := bed.WaitEvents(t.Context(), last)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(events, func(e testbed.Event) bool { return e.Kind == kind }) {
			return
		}
		last = events[len(events)-1].ID
	}
}

// scanning is a ScanScreen that goes on.
type scanning struct {
	scan *testbed.Scan
	err  error
}

func scanScreen(ctx context.Context, phone *testbed.Phone) <-chan scanning {
	ended := make(chan scanning, 1)
	go func() {
		s, err := phone.ScanScreen(ctx)
		ended <- scanning{s, err}
	}()
	return ended
}

func mustScanScreen(t *testing.T, phone *testbed.Phone) *testbed.Scan {
	t.Helper()
	s, err := phone.ScanScreen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nothingNew has a phone look at a screen on which there is nothing for it.
func nothingNew(t *testing.T, phone *testbed.Phone) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := phone.ScanScreen(ctx); !errors.Is(err, testbed.ErrNoQRCode) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that there is nothing new", err)
	}
}

func newPhone(t *testing.T, bed *testbed.Bed) *testbed.Phone {
	t.Helper()
	phone, err := bed.NewPhone(testbed.PhoneConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return phone
}

// TestScanScreen signs in twice by QR codes on the screen. The first one stays there
// for a while, and comes back: nobody takes it again.
func TestScanScreen(t *testing.T) { //nolint:paralleltest // it draws
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{})
	w := newWall(t, bed)
	first := ""
	for range 2 {
		d.show = func(text string) error {
			w.show(text)
			if first == "" {
				first = text
			}
			return nil
		}
		w.show("https://id.example.test/is-no-concern-of-a-phone", first)
		ended := scanScreen(t.Context(), d.phone)
		if _, err := d.signIn(t.Context()); err != nil {
			t.Fatalf("%v\n%s", err, history(bed, d.phone))
		}
		got := <-ended
		if got.err != nil {
			t.Fatal(got.err)
		}
		if err := got.scan.Answered(t.Context()); err != nil {
			t.Error(err)
		}
		nothingNew(t, d.phone)
		w.show(first)
		nothingNew(t, newPhone(t, bed))
	}
	if n := reads(bed, d.phone); n != 3 {
		t.Errorf("%d QR codes were read:\n%s", n, history(bed, d.phone))
	}
}

// TestStaleQRCode has a phone take the QR code of a request that is over, which is
// drawn until the next one is ready, and flickers once more afterwards.
func TestStaleQRCode(t *testing.T) { //nolint:paralleltest // it draws
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{})
	w := newWall(t, bed)
	stale, alsoStale := someQRCode(t), someQRCode(t)
	w.show(stale)
	s := mustScanScreen(t, d.phone)
	w.show()
	w.show(alsoStale)
	awaitReads(t, bed, d.phone, 3)
	w.show(stale)
	nothingNew(t, newPhone(t, bed))
	w.show(alsoStale)
	d.show = func(text string) error {
		w.show(text)
		return nil
	}
	if _, err := d.signIn(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, history(bed, d.phone))
	}
	if err := s.Answered(t.Context()); err != nil {
		t.Error(err)
	}
	if n := reads(bed, d.phone); n != 4 {
		t.Errorf("%d QR codes were read:\n%s", n, history(bed, d.phone))
	}
}

// TestQRCodeThatStays has a page show a QR code for ever that nobody is behind. Once a
// phone has tried it, it does not keep phones from one that somebody waits for.
func TestQRCodeThatStays(t *testing.T) { //nolint:paralleltest // it draws
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{})
	w := newWall(t, bed)
	stays := someQRCode(t)
	w.show(stays)
	if err := mustScanScreen(t, d.phone).Close(); err != nil {
		t.Fatal(err)
	}
	var ended <-chan scanning
	d.show = func(text string) error {
		w.show(stays, text)
		ended = scanScreen(t.Context(), d.phone)
		return nil
	}
	if _, err := d.signIn(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, history(bed, d.phone))
	}
	if got := <-ended; got.err != nil {
		t.Error(got.err)
	}
	if n := reads(bed, d.phone); n != 3 {
		t.Errorf("%d QR codes were read:\n%s", n, history(bed, d.phone))
	}
}

// TestTwoPhonesLook has two phones look at one screen: each takes one of two QR codes.
func TestTwoPhonesLook(t *testing.T) { //nolint:paralleltest // it draws
	bed := start(t)
	w := newWall(t, bed)
	for name, show := range map[string]func(*testing.T){
		"at_once": func(t *testing.T) {
			t.Helper()
			w.show(someQRCode(t), someQRCode(t))
		},
		// The first phone has a QR code which nobody comes for, and leaves the second one
		// to who has none.
		"one_after_the_other": func(t *testing.T) {
			t.Helper()
			events := bed.Events(0)
			w.show(someQRCode(t))
			await(t, bed, events[len(events)-1].ID, "qr_read")
			w.show(someQRCode(t))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.show()
			phones := []*testbed.Phone{newPhone(t, bed), newPhone(t, bed)}
			var looking []<-chan scanning
			for _, phone := range phones {
				looking = append(looking, scanScreen(t.Context(), phone))
				happened(t, bed, phone, "looking")
			}
			show(t)
			for i, phone := range phones {
				if s := <-looking[i]; s.err != nil {
					t.Fatal(s.err)
				}
				awaitReads(t, bed, phone, 1)
			}
			nothingNew(t, newPhone(t, bed))
			for _, phone := range phones {
				if n := reads(bed, phone); n != 1 {
					t.Errorf("%s has read %d QR codes:\n%s", phone.ID(), n, history(bed, phone))
				}
				if err := phone.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestBusyPhone has a QR code come onto the screen while the only phone is with
// another browser: it is left for who scans next.
func TestBusyPhone(t *testing.T) { //nolint:paralleltest // it draws
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{})
	if err := d.phone.SetManner(testbed.Ask); err != nil {
		t.Fatal(err)
	}
	w := newWall(t, bed)
	d.show = func(text string) error {
		w.show(text)
		return nil
	}
	signedIn := make(chan error, 1)
	go func() {
		_, err := d.signIn(t.Context())
		signedIn <- err
	}()
	busy := mustScanScreen(t, d.phone)
	if _, err := d.phone.Question(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.show(someQRCode(t))
	if photograph, err := bed.Photograph(); err != nil || photograph.Bounds().Max != bed.Screen() {
		t.Error(err)
	}
	events := bed.Events(0)
	while, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if news, err := bed.WaitEvents(while, events[len(events)-1].ID); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v", news, err)
	}
	mustScanScreen(t, newPhone(t, bed))
	if err := d.phone.Answer(authenticator.Answer{Consented: true, Verified: true}); err != nil {
		t.Error(err)
	}
	if err := <-signedIn; err != nil {
		t.Error(err)
	}
	if err := busy.Answered(t.Context()); err != nil {
		t.Error(err)
	}
	if n := reads(bed, d.phone); n != 2 {
		t.Errorf("%d QR codes were read:\n%s", n, history(bed, d.phone))
	}
}

// TestScanAgain has a person try again with the QR code that is still there, after
// nobody came for it the first time.
func TestScanAgain(t *testing.T) { //nolint:paralleltest // it draws
	bed := start(t)
	d := created(t, bed, testbed.PhoneConfig{})
	set(t, d.phone, testbed.NoAdvert)
	w := newWall(t, bed)
	d.show = func(text string) error {
		w.show(text)
		return nil
	}
	signedIn := make(chan error, 1)
	go func() {
		_, err := d.signIn(t.Context())
		signedIn <- err
	}()
	first := mustScanScreen(t, d.phone)
	nothingNew(t, newPhone(t, bed))
	set(t, d.phone)
	second := mustScanScreen(t, d.phone)
	if err := <-signedIn; err != nil {
		t.Errorf("%v\n%s", err, history(bed, d.phone))
	}
	if err := first.Ended(t.Context()); !errors.Is(err, testbed.ErrHungUp) {
		t.Errorf("the first scan: %v", err)
	}
	if err := second.Answered(t.Context()); err != nil {
		t.Errorf("the second scan: %v", err)
	}
}

// TestNobodyLooksAnyMore ends a search.
func TestNobodyLooksAnyMore(t *testing.T) {
	t.Parallel()
	bed := start(t)
	phone, other := newPhone(t, bed), newPhone(t, bed)
	nothingNew(t, phone)
	looking, lookingToo := scanScreen(t.Context(), phone), scanScreen(t.Context(), other)
	if err := phone.Close(); err != nil {
		t.Error(err)
	}
	if s := <-looking; !errors.Is(s.err, testbed.ErrHungUp) || s.scan != nil {
		t.Errorf("a phone that was closed: %v", s.err)
	}
	if err := bed.Close(); err != nil {
		t.Error(err)
	}
	if s := <-lookingToo; !errors.Is(s.err, testbed.ErrClosed) || s.scan != nil {
		t.Errorf("a bed that was closed: %v", s.err)
	}
}
