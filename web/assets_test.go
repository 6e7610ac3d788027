package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// styleBudget is what the one stylesheet may weigh, in bytes.
const styleBudget = 15_000

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(newPages(t).Assets())
	t.Cleanup(server.Close)
	return server
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func fetch(t *testing.T, method, address string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := new(http.Client).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, body}
}

// TestAssets asks for everything that any page loads.
func TestAssets(t *testing.T) {
	t.Parallel()
	server, p := serve(t), newPages(t)
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	seen := map[string]bool{}
	for _, page := range states() {
		for _, n := range all(render(t, p, page), tagged("link", "script", "img")) {
			for _, key := range []string{"href", "src"} {
				if path, ok := attribute(n, key); ok {
					seen[path] = true
				}
			}
		}
	}
	if len(seen) < 6 {
		t.Errorf("got %d assets, want a mark, a style and four scripts", len(seen))
	}
	for path := range seen {
		got := fetch(t, http.MethodGet, server.URL+path)
		if got.status != http.StatusOK || len(got.body) == 0 {
			t.Errorf("%s: got status %d and %d bytes", path, got.status, len(got.body))
		}
		ext := filepath.Ext(path)
		if kind := got.header.Get("Content-Type"); kind != types[ext] {
			t.Errorf("%s: got type %q", path, kind)
		}
		if caching := got.header.Get("Cache-Control"); !strings.Contains(caching, "immutable") {
			t.Errorf("%s: got caching %q", path, caching)
		}
		sum := sha256.Sum256(got.body)
		if want := "-" + hex.EncodeToString(sum[:8]) + ext; !strings.HasSuffix(path, want) {
			t.Errorf("%s does not end in %s, the hash of its content", path, want)
		}
		if ext == ".css" && len(got.body) > styleBudget {
			t.Errorf("%s: %d bytes, more than the budget of %d", path, len(got.body), styleBudget)
		}
		checkSelfContained(t, path, string(got.body))
	}
}

// checkSelfContained refuses an asset that loads from elsewhere or that makes code or markup from text.
func checkSelfContained(t *testing.T, path, body string) {
	t.Helper()
	body = strings.ReplaceAll(body, `xmlns="http://www.w3.org/2000/svg"`, "")
	for _, bad := range []string{"http://", "https://", "//#", "url(http", "@import", "eval(", "new Function", "innerHTML", "insertAdjacentHTML", "document.write", "<script"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s contains %q", path, bad)
		}
	}
}

func TestAssetsRefuse(t *testing.T) {
	t.Parallel()
	server := serve(t)
	for _, path := range []string{"/", "/assets/", "/assets/manifest.json", "/assets/style.css", "/assets/../web.go", "/assets/%2e%2e/web.go", "/login/login.tmpl"} {
		if got := fetch(t, http.MethodGet, server.URL+path); got.status != http.StatusNotFound {
			t.Errorf("%s: got status %d", path, got.status)
		}
	}
}

func TestAssetsHead(t *testing.T) {
	t.Parallel()
	server := serve(t)
	doc := render(t, newPages(t), states()["login"])
	path, _ := attribute(one(t, doc, func(n *html.Node) bool { return n.Data == "script" }), "src")
	got := fetch(t, http.MethodHead, server.URL+path)
	if length := got.header.Get("Content-Length"); got.status != http.StatusOK || length == "" || len(got.body) != 0 {
		t.Errorf("got status %d, length %q, %d bytes", got.status, length, len(got.body))
	}
}

// TestSources keeps what is written by hand within the content security policy, too.
func TestSources(t *testing.T) {
	t.Parallel()
	templates, err := filepath.Glob("*/*.tmpl")
	if err != nil || len(templates) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	for _, name := range templates {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"style=", "<style", "javascript:", "http://", "https://", "onclick", "onload"} {
			if strings.Contains(string(source), bad) {
				t.Errorf("%s contains %q", name, bad)
			}
		}
	}
}
