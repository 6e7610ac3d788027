package main

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/tunnel"
)

func TestParseServer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://id.example":            "https://id.example",
		"https://id.example/":           "https://id.example",
		"https://ID.Example:443/login":  "https://id.example",
		"https://id.example:8443":       "https://id.example:8443",
		"id.example":                    "https://id.example",
		"localhost:8080":                "https://localhost:8080",
		"http://localhost:80":           "http://localhost",
		"http://localhost:8080":         "http://localhost:8080",
		"https://bücher.example":        "https://xn--bcher-kva.example",
		"https://[::1]:8080":            "https://[::1]:8080",
		"":                              "",
		"https://":                      "",
		"https://:8080":                 "",
		"ftp://id.example":              "",
		"https://user@id.example":       "",
		"https://id.example?x=y":        "",
		"https://id.example/setup#c2Vj": "",
		"https://id example":            "",
		"https://id.example:x":          "",
		"https://-.example":             "",
	} {
		if got, err := parseServer(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestParseTunnels(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	ca, empty := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	domains, services, err := tunnels{"0xf980=wss://a.example:8443,ca=" + ca, "1", "0=ws://127.0.0.1:80"}.parse()
	if err != nil || !slices.Equal(domains, []hybrid.Domain{0xf980, 1, 0}) {
		t.Errorf("got %v, %v", domains, err)
	}
	if s := services[0xf980]; len(services) != 2 || s.URL != "wss://a.example:8443" || s.RootCAs == nil || services[0] != (tunnel.Service{URL: "ws://127.0.0.1:80"}) {
		t.Errorf("got %+v", services)
	}
	for name, value := range map[string]tunnels{
		"no_number":       {"x=wss://a.example"},
		"number_too_long": {"65536=wss://a.example"},
		"negative":        {"-1=wss://a.example"},
		"no_address":      {"0="},
		"other_scheme":    {"0=https://a.example"},
		"unassigned":      {"77"},
		"twice":           {"0=wss://a.example", "0=wss://b.example"},
		"no_file":         {"0=wss://a.example,ca=" + filepath.Join(dir, "none")},
		"no_certificate":  {"0=wss://a.example,ca=" + empty},
	} {
		if domains, services, err := value.parse(); err == nil || domains != nil || services != nil {
			t.Errorf("%s: got %v, %v, %v", name, domains, services, err)
		}
	}
}
