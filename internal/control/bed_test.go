package control_test

import (
	"bytes"
	"image/png"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/testbed"
)

func TestAir(t *testing.T) {
	t.Parallel()
	h := start(t)
	want := object{"power": false, "lose": -1.0, "repeat": 2.0, "delay_ms": 1500.0, "corrupt": true}
	if diff := cmp.Diff(want, h.ask(t, http.MethodPut, "/v1/air", `{"power": false, "lose": -1, "repeat": 2, "delay_ms": 1500, "corrupt": true}`)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(testbed.Air{Lose: -1, Repeat: 2, Delay: 1500 * time.Millisecond, Corrupt: true}, h.bed.Air()); diff != "" || h.bed.Power() {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, h.ask(t, http.MethodGet, "/v1/bed", "")["air"]); diff != "" {
		t.Error(diff)
	}
	// It is the whole of it: what is left out is in order.
	if diff := cmp.Diff(object{"power": true, "lose": 0.0, "repeat": 0.0, "delay_ms": 0.0, "corrupt": false}, h.ask(t, http.MethodPut, "/v1/air", `{}`)); diff != "" {
		t.Error(diff)
	}
	if h.bed.Air() != (testbed.Air{}) || !h.bed.Power() {
		t.Errorf("the air is %+v", h.bed.Air())
	}
}

func TestScreen(t *testing.T) {
	t.Parallel()
	h := start(t)
	a := h.send(t, http.MethodGet, "/v1/screen.png", "", nil)
	picture, err := png.DecodeConfig(bytes.NewReader(a.body))
	if err != nil || a.header.Get("Content-Type") != "image/png" {
		t.Fatalf("%s, %v", a.header.Get("Content-Type"), err)
	}
	if diff := cmp.Diff(object{"width": float64(picture.Width), "height": float64(picture.Height)}, h.ask(t, http.MethodGet, "/v1/bed", "")["screen"]); diff != "" {
		t.Error(diff)
	}

	// There is nothing to scan on it.
	h.ask(t, http.MethodPost, "/v1/phones", "")
	h.refused(t, http.StatusGatewayTimeout, "no_qr_code", http.MethodPost, "/v1/phones/phone-1/scans", `{"timeout_ms": 1}`)
	// Of two who have the phone scan, one has been superseded by the other.
	answers := make(chan answer)
	for range 2 {
		go func() { answers <- h.send(t, http.MethodPost, "/v1/phones/phone-1/scans", "", nil) }()
	}
	(<-answers).is(t, http.StatusConflict, "superseded")
	h.ask(t, http.MethodDelete, "/v1/phones/phone-1", "")
	(<-answers).is(t, http.StatusNotFound, "not_found")
}
