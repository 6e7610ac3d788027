package testbed_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/hitherauth/hither/testbed"
)

// TestBrowserDies kills a browser; the bed is as good as before for the next one, which
// goes with the bed.
func TestBrowserDies(t *testing.T) {
	needs(t, "chromium")
	bed := start(t)
	browser, err := bed.Browser(t.Context(), testbed.BrowserConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range processes("--user-data-dir=" + bed.Dir() + "/chromium-") {
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
