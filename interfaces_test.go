package hither_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInterfaces wants each interface in ARCHITECTURE.md: whoever adds one has to say what for. One with unexported
// methods alone is a closed list of structs.
func TestInterfaces(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Interfaces\n")
	if !found {
		t.Fatal("ARCHITECTURE.md has no section named Interfaces")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	seen := 0
	for _, p := range list(t) {
		for _, name := range p.GoFiles {
			for _, declared := range interfaces(t, filepath.Join(p.Dir, name)) {
				seen++
				if full := p.Name + "." + declared; !strings.Contains(section, "\n| `"+full+"` |") {
					t.Errorf("%s in package %s is an interface that ARCHITECTURE.md does not name: see decision 20", full, short(p.ImportPath))
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no interface was found")
	}
}

// interfaces are the names of the interfaces that a file declares.
func interfaces(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		kind, ok := spec.Type.(*ast.InterfaceType)
		if ok && slices.ContainsFunc(kind.Methods.List, func(f *ast.Field) bool { return len(f.Names) > 0 && f.Names[0].IsExported() }) {
			names = append(names, spec.Name.Name)
		}
		return true
	})
	return names
}
