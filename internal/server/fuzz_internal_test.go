package server

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
)

// What canonicalPath lets through is read alike by everybody: it is its own
// cleaned, decoded and encoded form, and no origin.
func FuzzCanonicalPath(f *testing.F) {
	for _, seed := range []string{"/", "/login", "//evil.test", "/a/../b", "/a%2fb", "/a/", "", "login", "/a;b", "/\\evil", "/%00", "/ü"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !canonicalPath(s) {
			if got := localPath(s); got != "" {
				t.Fatalf("%q became %q", s, got)
			}
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Path != s || u.EscapedPath() != s || u.Host != "" || u.Scheme != "" || u.RawQuery != "" || path.Clean(s) != s || localPath(s) != s {
			t.Fatalf("%q is not canonical", s)
		}
	})
}

// A browser's name is one of ours, whatever it calls itself.
func FuzzBrowserName(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "")
	f.Add("Chrome/140.0", `"Google Chrome";v="140"`)
	f.Fuzz(func(t *testing.T, agent, brands string) {
		name, system, _ := strings.Cut(browserName(http.Header{"User-Agent": {agent}, "Sec-Ch-Ua": {brands}}), " on ")
		names := []string{"", "Edge", "Chrome", "Brave", "Opera", "Samsung Internet", "Firefox", "Chromium", "Safari", "hither"}
		systems := []string{"", "iOS", "iPadOS", "Android", "ChromeOS", "Windows", "macOS", "Linux"}
		if !slices.Contains(names, name) || !slices.Contains(systems, system) {
			t.Fatalf("got %q on %q", name, system)
		}
	})
}
