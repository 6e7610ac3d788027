package testbed_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/hitherauth/hither/testbed"
)

// TestBrowser has real browsers make a passkey on a phone and sign in with it, on a page
// that nobody has prepared for that: two beds at once, which do not meet.
func TestBrowser(t *testing.T) {
	needs(t, "chromium")
	for name, host := range map[string]string{"http": "", "https": "login.example"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := start(t)
			site, config := newSite(t, host)
			phone, err := bed.NewPhone(testbed.PhoneConfig{Name: "Phone"})
			if err != nil {
				t.Fatal(err)
			}
			browser, err := bed.Browser(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			for _, verb := range []string{"create", "get"} {
				scan, err := phone.ScanScreen(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := scan.Answered(t.Context()); err != nil {
					t.Fatal(err)
				}
				if verdict := <-site.verdict; verdict != "" {
					t.Errorf("%s: %s\n%s", verb, verdict, browser.Log())
				}
			}
			if log := browser.Log(); !strings.Contains(log, "kCableV2QRCode") {
				t.Errorf("log %q", log)
			}
			if !strings.HasPrefix(browser.DevTools(), "ws://127.0.0.1:") {
				t.Errorf("DevTools at %q", browser.DevTools())
			}
			if err := browser.Close(); err != nil {
				t.Error(err)
			}
			if pids := processes(bed.Dir() + "/c"); len(pids) > 0 { // where browsers are
				t.Errorf("processes are left: %v", pids)
			}
		})
	}
}

// TestBrowserDies kills a browser; the bed is as good as before for the next one, which
// goes with the bed.
func TestBrowserDies(t *testing.T) {
	needs(t, "chromium")
	bed := start(t)
	browser, err := bed.Browser(t.Context(), testbed.BrowserConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range processes("--user-data-dir=" + bed.Dir()) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-browser.Ended()
	const want = "testbed: the browser is gone: Chromium ended (signal: killed)"
	if err := browser.Close(); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if browser, err = bed.Browser(ctx, testbed.BrowserConfig{}); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-browser.Ended()
	if err := browser.Close(); err != nil {
		t.Error(err)
	}
	if browser, err = bed.Browser(t.Context(), testbed.BrowserConfig{}); err != nil {
		t.Fatal(err)
	}
	left := tracesOf(t, bed)
	if err := bed.Close(); err != nil {
		t.Error(err)
	}
	<-browser.Ended()
	left.gone(t)
	if _, err := bed.Browser(t.Context(), testbed.BrowserConfig{}); !errors.Is(err, testbed.ErrClosed) {
		t.Errorf("error %v", err)
	}
}
