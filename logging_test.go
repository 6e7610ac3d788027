package hither_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLoggingKeys wants the keys in docs/logging.md to be those that the code logs.
func TestLoggingKeys(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/logging.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	_, table, _ := strings.Cut(string(text), "\n| key | what |\n")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			break
		}
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
			written[m[1]] = true
		}
	}
	logged := map[string]bool{}
	calls := 0
	for _, f := range productionFiles(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			var keys []string
			switch n := n.(type) {
			case *ast.CallExpr:
				var isLog bool
				if keys, isLog = logKeys(t, n); isLog {
					calls++
				}
			case *ast.AssignStmt: // attrs := []any{"key", value}
				if list, ok := n.Rhs[0].(*ast.CompositeLit); ok && isNamed(n.Lhs[0], "attrs") {
					keys = everySecond(t, list.Elts)
				}
			}
			for _, key := range keys {
				logged[key] = true
			}
			return true
		})
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(logged)), slices.Sorted(maps.Keys(written))); diff != "" {
		t.Errorf("docs/logging.md (-code +manual):\n%s", diff)
	}
	if calls < 20 || len(logged) < 20 {
		t.Errorf("found %d lines with %d keys only: does this test still see them?", calls, len(logged))
	}
}

// logKeys are the keys of a call that logs, or that makes an attribute.
func logKeys(t *testing.T, call *ast.CallExpr) (keys []string, isLog bool) {
	t.Helper()
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil, false
	}
	name := selector.Sel.Name
	if x, ok := selector.X.(*ast.Ident); ok && x.Name == "slog" {
		if slices.Contains([]string{"Any", "Bool", "Duration", "Float64", "Group", "Int", "Int64", "String", "Time", "Uint64"}, name) {
			return []string{constant(t, call.Args[0])}, false
		}
		return nil, false
	}
	of := regexp.MustCompile(`^(Debug|Info|Warn|Error|With)(Context)?$`).FindStringSubmatch(name)
	if of == nil || !isLogger(selector.X) {
		return nil, false
	}
	args := call.Args
	if of[2] != "" {
		args = args[1:]
	}
	if of[1] != "With" {
		constant(t, args[0])
		args = args[1:]
	}
	if call.Ellipsis.IsValid() {
		return nil, true // attrs, found where it is made
	}
	return everySecond(t, args), true
}

// everySecond are the keys of a list of keys and values, or of attributes.
func everySecond(t *testing.T, args []ast.Expr) (keys []string) {
	t.Helper()
	for i := 0; i < len(args); i += 2 {
		if _, attribute := args[i].(*ast.CallExpr); attribute {
			i-- // slog.Any and its kin: found by themselves
			continue
		}
		keys = append(keys, constant(t, args[i]))
	}
	return keys
}

// isLogger says whether an expression is a logger by its name: logger, s.logger, w.log, c.Logger.
func isLogger(e ast.Expr) bool {
	if s, ok := e.(*ast.SelectorExpr); ok {
		e = s.Sel
	}
	return isNamed(e, "logger") || isNamed(e, "log") || isNamed(e, "Logger")
}

func isNamed(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func constant(t *testing.T, e ast.Expr) string {
	t.Helper()
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		t.Errorf("a key or message of a log line is %T and no constant", e)
		return ""
	}
	s, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Error(err)
	}
	return s
}

// productionFiles are the Go files of the programs and of the roads, test files aside.
func productionFiles(t *testing.T) []*ast.File {
	t.Helper()
	var files []*ast.File
	for _, root := range []string{"cmd/hither", "cmd/hitherd", "hybrid", "internal", "relyingparty", "tunnel", "webauthn", "web"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			files = append(files, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}
