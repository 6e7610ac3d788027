package testbed_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/testbed"
)

func TestCheck(t *testing.T) {
	needs(t, "Xvfb", "dbus-daemon", "chromium")
	for _, f := range testbed.Check(t.Context(), testbed.Config{}) {
		if !f.OK || f.Detail == "" {
			t.Errorf("%+v", f)
		}
	}
}

// TestCheckFindsWhatIsWrong has a machine without a screen and with a browser that does not start.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	needs(t, "Xvfb", "dbus-daemon")
	chromium := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(chromium, []byte("#!/bin/sh\necho 'No usable sandbox! Really.' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	findings := testbed.Check(t.Context(), testbed.Config{Chromium: chromium})
	want := testbed.Finding{
		Name: "browser", Detail: `starting Chromium: the browser is gone: Chromium ended (exit status 1): "No usable sandbox! Really."`,
		Remedy: "apt-get install chromium-sandbox, or let users make namespaces: see docs/testbed.md",
	}
	if diff := cmp.Diff(want, findings[len(findings)-1]); diff != "" {
		t.Error(diff)
	}
	t.Setenv("PATH", t.TempDir())
	findings = testbed.Check(t.Context(), testbed.Config{})
	wants := []testbed.Finding{
		{Name: "system", OK: true, Detail: "linux"},
		{Name: "Xvfb", Detail: "it is missing", Remedy: "apt-get install xvfb"},
		{Name: "dbus-daemon", Detail: "it is missing", Remedy: "apt-get install dbus"},
		{Name: "chromium", Detail: "it is missing", Remedy: "apt-get install chromium"},
	}
	if diff := cmp.Diff(wants, findings); diff != "" {
		t.Error(diff)
	}
}
