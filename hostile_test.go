package hither_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostileIDs are the hostile cases of the groups that concern ceremonies, HTTP, privacy, storage and the hybrid
// transport. An id stands for a class of attack; the names of the subtests that carry it say which members of the class
// are tried.
func hostileIDs() []struct{ group, numbers string } {
	return []struct{ group, numbers string }{
		{"REG", "01 02 04 06 08 09 12 14 15 16 17 18 20 21 23 24 26 27 28 29 32 33 34 36 37 38 40 41 42 44 45 47 48 51 52 53 54 55"},
		{"AST", "01 02 03 05 06 08 09 11 12 14 15 16 17 18 19 20 21 23 24 26 28 29 32"},
		{"CER", "01 03 05 08 09 10 11 12 13 15 17 18 19 20 22 23 25 27"},
		{"PRIV", "01 03 04 06 07 09 10 11 15 16 17"},
		{"STO", "01 05 07 08 09 12 18 21 22 25 26"},
		{"HTTP", "01 03 04 05 06 07 09 11 13 15 16 17 19 20 21 24 26 28 30 31 32 33"},
		{"HYB", "01 02 04 06 07 08 09 10 12 14 15 16 18 19 22 23 25 26 27 29 31"},
	}
}

// notYet are the cases without anything to try them on, and why.
func notYet() map[string]string {
	return map[string]string{
		"CER-25":  "no administration over HTTP: accounts are managed through the operator's socket alone",
		"HTTP-09": "no forward authentication",
		"HTTP-11": "no forward authentication",
		"HTTP-28": "hitherd asks nobody but the collector of traces that its operator names in the environment",
		"HYB-15":  "nothing of ours opens links: hither phone scan takes a QR code that its person names, and is registered for no scheme",
		"PRIV-17": "one tenant",
		"STO-25":  "the kernel ends a process for which it has no memory with the SIGKILL of STO-01",
	}
}

// TestHostileCases fails when a hostile case is neither tried nor excused, or both. Tried is what is named in a string
// that a test whose name contains Hostile reaches, so that go test -run Hostile ./... runs it, or in a browser test.
func TestHostileCases(t *testing.T) {
	t.Parallel()
	tried, excused := hostileTried(t), notYet()
	for _, g := range hostileIDs() {
		all := strings.Fields(g.numbers)
		ran := 0
		var excuses []string
		for _, number := range all {
			id := g.group + "-" + number
			why, isExcused := excused[id]
			delete(excused, id)
			switch {
			case tried[id] && isExcused:
				t.Errorf("%s is tried, and excused: %s", id, why)
			case tried[id]:
				ran++
			case isExcused:
				excuses = append(excuses, id+" ("+why+")")
			default:
				t.Errorf("%s is neither tried by a test named Hostile nor excused in hostile_test.go", id)
			}
			delete(tried, id)
		}
		line := ""
		if excuses != nil {
			line = "; not yet: " + strings.Join(excuses, ", ")
		}
		t.Logf("hostile: %s: %d of %d tried%s", g.group, ran, len(all), line)
	}
	for id := range tried {
		t.Errorf("%s is tried, and on no list", id)
	}
	for id := range excused {
		t.Errorf("%s is excused, and on no list", id)
	}
}

// hostileTried are the ids in the tests of the whole tree.
func hostileTried(t *testing.T) map[string]bool {
	t.Helper()
	id := regexp.MustCompile(`(?:REG|AST|CER|HTTP|HYB|PRIV|STO)-[0-9]{2}`)
	tried := map[string]bool{}
	packages := map[string][]*ast.FuncDecl{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"node_modules", "testdata"}, entry.Name())):
			return fs.SkipDir
		case strings.HasSuffix(path, ".test.mjs"):
			text, err := os.ReadFile(path)
			for _, found := range id.FindAllString(string(text), -1) {
				tried[found] = true
			}
			return err
		case !strings.HasSuffix(path, "_test.go") || path == "hostile_test.go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		key := filepath.Dir(path) + " " + file.Name.Name
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				packages[key] = append(packages[key], f)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, functions := range packages {
		reached := reachedByHostile(functions)
		for _, f := range functions {
			ast.Inspect(f, func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				for _, found := range id.FindAllString(literal.Value, -1) {
					tried[found] = true
					if !reached[f.Name.Name] {
						t.Errorf("%s: %s holds %s, and no test whose name contains Hostile comes there", key, f.Name.Name, found)
					}
				}
				return true
			})
		}
	}
	return tried
}

// reachedByHostile are the names of the functions that tests named Hostile call, and those that these call. Functions
// and methods of one name count as one.
func reachedByHostile(functions []*ast.FuncDecl) map[string]bool {
	uses := map[string][]string{}
	var next []string
	for _, f := range functions {
		name := f.Name.Name
		if strings.HasPrefix(name, "Test") && strings.Contains(name, "Hostile") {
			next = append(next, name)
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if called, ok := n.(*ast.Ident); ok {
				uses[name] = append(uses[name], called.Name)
			}
			return true
		})
	}
	reached := map[string]bool{}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if !reached[name] {
			reached[name] = true
			next = append(next, uses[name]...)
		}
	}
	return reached
}
