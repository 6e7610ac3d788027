package hither_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/hitherauth/hither"

// mayImport is the law: which of our packages each package may import directly, test files aside. Anything absent is
// forbidden. ARCHITECTURE.md shows the same table; a change to it needs a decision record.
func mayImport() map[string][]string {
	return map[string][]string{
		".":                          {},
		"deploy":                     {},
		"internal/api":               {},
		"internal/backup":            {},
		"internal/ble":               {},
		"internal/ble/bletest":       {"internal/child"},
		"internal/cbor":              {},
		"internal/child":             {},
		"internal/cli":               {},
		"internal/control":           {"authenticator", "ctap2", "hybrid", "internal/front", "internal/secret", "testbed"},
		"internal/eye":               {},
		"internal/eye/eyetest":       {},
		"internal/front":             {"internal/cli"},
		"internal/qrcode":            {},
		"internal/ownfile":           {},
		"internal/rootkey":           {"internal/ownfile", "internal/secret"},
		"internal/secret":            {},
		"internal/secret/secrettest": {},
		"internal/term":              {"authenticator", "hybrid", "internal/cli", "internal/qrcode", "webauthn"},
		"web":                        {},
		"webauthn":                   {"internal/cbor"},
		"webauthn/webauthntest":      {"webauthn"},
		"relyingparty":               {"internal/secret", "webauthn"},
		"ctap2":                      {"internal/cbor", "internal/secret", "webauthn"},
		"authenticator":              {"ctap2", "internal/cbor", "internal/ownfile", "internal/secret", "webauthn"},
		"clientplatform":             {"ctap2", "webauthn"},
		"hybrid":                     {"ctap2", "hybrid/internal/noise", "internal/cbor", "internal/ownfile", "internal/secret", "tunnel"},
		"hybrid/hybridtest":          {"ctap2", "hybrid", "tunnel", "tunnel/relay"},
		"hybrid/internal/noise":      {"internal/secret"},
		"hybrid/internal/vectorfile": {},
		"tunnel":                     {"internal/secret"},
		"tunnel/relay":               {"tunnel"},
		"testbed":                    {"authenticator", "ctap2", "hybrid", "internal/ble", "internal/ble/bletest", "internal/cbor", "internal/child", "internal/eye", "tunnel", "tunnel/relay", "webauthn"},
		"internal/account":           {"internal/secret", "webauthn"},
		"internal/bench":             {"internal/api", "internal/load"},
		"internal/load":              {"internal/api", "webauthn", "webauthn/webauthntest"},
		"internal/audit":             {"internal/account", "internal/rootkey", "internal/secret"},
		"internal/store/sqlite":      {"internal/account", "internal/audit", "internal/ownfile", "webauthn"},
		"internal/store/storetest":   {"internal/account", "internal/audit", "webauthn"},
		"internal/server":            {"internal/account", "internal/front", "internal/rootkey", "internal/secret", "relyingparty", "web", "webauthn"},
		"cmd/hither":                 {"authenticator", "clientplatform", "ctap2", "hybrid", "internal/api", "internal/bench", "internal/ble", "internal/child", "internal/cli", "internal/control", "internal/eye", "internal/front", "internal/load", "internal/ownfile", "internal/term", "testbed", "tunnel", "tunnel/relay", "webauthn"},
		"cmd/hitherd": {
			"internal/account", "internal/audit", "internal/backup", "internal/cli", "internal/front", "internal/ownfile", "internal/qrcode", "internal/rootkey", "internal/secret",
			"internal/server", "internal/store/sqlite", "relyingparty", "webauthn",
		},
	}
}

// mayImportGoWebAuthn: the one package that knows go-webauthn, and the parts of it that may see production. Its Parse
// and Validate paths are more tolerant than ours and serve as the oracle of a differential test only.
func mayImportGoWebAuthn() map[string][]string {
	return map[string][]string{
		"relyingparty": {"metadata", "metadata/providers/memory", "protocol", "protocol/webauthncose"},
	}
}

// keptTo are modules of others that some of our packages may import, and nobody else: what a room hides from the rest,
// it hides whole.
func keptTo() map[string][]string {
	return map[string][]string{
		"filippo.io/age":                {"authenticator", "cmd/hitherd"},
		"github.com/coder/websocket":    {"tunnel"},
		"github.com/fxamacker/cbor":     {"internal/cbor"},
		"github.com/godbus/dbus":        {"internal/ble", "internal/ble/bletest"},
		"github.com/jezek/xgb":          {"internal/eye/eyetest"},
		"github.com/makiuchi-d/gozxing": {"internal/eye"},
		"modernc.org/sqlite":            {"internal/store/sqlite"},
		"golang.org/x/net/publicsuffix": {"clientplatform", "relyingparty"},
	}
}

// mayWatch are the packages that know of metrics and traces. A language or an actor says what it has to say with values
// and errors.
func mayWatch() []string {
	return []string{"internal/front", "internal/server", "internal/store/sqlite", "tunnel/relay", "cmd/hitherd"}
}

// mustNotLink is what a program or a room must not hold, by whatever way it would come in: the tool for people links no
// database, the server no people in software and no radio; actors and languages know no road; a relay has nothing with
// which it could understand what it passes on.
func mustNotLink() map[string][]string {
	return map[string][]string{
		"authenticator":  {"net/http", module + "/hybrid", module + "/tunnel", module + "/relyingparty"},
		"clientplatform": {module + "/hybrid", module + "/tunnel", module + "/authenticator", module + "/relyingparty"},
		"cmd/hither":     {"database/sql", module + "/internal/store/", module + "/internal/server"},
		"cmd/hitherd":    {module + "/internal/ble", module + "/internal/load", module + "/webauthn/webauthntest"},
		"ctap2":          {"net/http", "os/exec", module + "/hybrid", module + "/tunnel"},
		"hybrid":         {module + "/internal/ble", module + "/authenticator", module + "/clientplatform", module + "/relyingparty", module + "/tunnel/relay"},
		"tunnel/relay":   {module + "/hybrid", module + "/ctap2", module + "/webauthn", module + "/internal/cbor", module + "/internal/rootkey"},
	}
}

type listed struct {
	Dir, ImportPath, Name, Doc                  string
	GoFiles, Imports, TestImports, XTestImports []string
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	table := mayImport()
	seen := map[string]bool{}
	for _, p := range list(t) {
		name := short(p.ImportPath)
		allowed, known := table[name]
		if !known {
			t.Errorf("package %s is not in the import table: give it a row in architecture_test.go and ARCHITECTURE.md", name)
			continue
		}
		seen[name] = true
		if p.Doc == "" {
			t.Errorf("package %s has no package comment", name)
		}
		for _, imported := range ours(p.Imports) {
			if !slices.Contains(allowed, imported) {
				t.Errorf("package %s must not import package %s: the import table does not allow it", name, imported)
			}
		}
		for _, imported := range ours(slices.Concat(p.TestImports, p.XTestImports)) {
			if strings.HasPrefix(imported, "cmd/") {
				t.Errorf("the tests of package %s must not import package %s: it is a door", name, imported)
			}
		}
		for _, imported := range p.Imports {
			checkTheirs(t, name, imported)
		}
	}
	for name := range table {
		if !seen[name] {
			t.Errorf("package %s is in the import table and does not exist", name)
		}
	}
}

// checkTheirs holds an import of other people's code to the rules about it.
func checkTheirs(t *testing.T, name, imported string) {
	t.Helper()
	watches := strings.HasPrefix(imported, "github.com/prometheus/") || strings.HasPrefix(imported, "go.opentelemetry.io/")
	if watches && !slices.Contains(mayWatch(), name) {
		t.Errorf("package %s must not import package %s: only %v know of metrics and traces", name, imported, mayWatch())
	}
	part, ok := strings.CutPrefix(imported, "github.com/go-webauthn/webauthn/")
	if ok && !slices.Contains(mayImportGoWebAuthn()[name], part) {
		t.Errorf("package %s must not import package %s: only relyingparty uses go-webauthn, and only its parts %v",
			name, imported, mayImportGoWebAuthn()["relyingparty"])
	}
	for theirs, rooms := range keptTo() {
		if strings.HasPrefix(imported+"/", theirs+"/") && !slices.Contains(rooms, name) {
			t.Errorf("package %s must not import package %s: only %v do", name, imported, rooms)
		}
	}
}

func TestLinksNoMore(t *testing.T) {
	t.Parallel()
	for linker, refused := range mustNotLink() {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./"+linker).Output()
		if err != nil {
			t.Fatal(err)
		}
		for linked := range strings.Lines(string(out)) {
			linked = strings.TrimSpace(linked)
			if slices.ContainsFunc(refused, func(path string) bool { return strings.HasPrefix(linked, path) }) {
				t.Errorf("%s must not link package %s", linker, linked)
			}
		}
	}
}

func TestArchitectureTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Import table\n")
	if !found {
		t.Fatal("ARCHITECTURE.md has no section named Import table")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var want, got []string
	for name, imports := range mayImport() {
		row := "| `" + name + "` | nothing of ours |"
		if len(imports) > 0 {
			row = "| `" + name + "` | `" + strings.Join(slices.Sorted(slices.Values(imports)), "`, `") + "` |"
		}
		want = append(want, row)
	}
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	for _, row := range want {
		if !slices.Contains(got, row) {
			t.Errorf("ARCHITECTURE.md lacks this row of the import table: %s", row)
		}
	}
	for _, row := range got {
		if !slices.Contains(want, row) {
			t.Errorf("ARCHITECTURE.md has a row that architecture_test.go does not know: %s", row)
		}
	}
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=Dir,ImportPath,Name,Doc,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(out); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// short is an import path as the table writes it.
func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// ours picks the imports that are packages of this module, each once.
func ours(imports []string) []string {
	set := map[string]bool{}
	for _, path := range imports {
		if path == module || strings.HasPrefix(path, module+"/") {
			set[short(path)] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
