package hither_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayPrint are the types that redact and whose bytes reflection finds all the same,
// each for a reason.
func mayPrint() map[string]string {
	return map[string]string{
		"ctap2.Extensions": "a map, which its users range over; secrets in it have left their own type to travel",
		"hybrid.EID":       "an array, which its users index; without the QR secret or link secret it opens nothing",
		"secret.Hidden":    "has rows as what it hides",
	}
}

// TestSecretsHaveRows wants a row of [secrettest.Check] for each type that does not
// print, and no bytes in a field with the name of a secret.
func TestSecretsHaveRows(t *testing.T) {
	t.Parallel()
	secrets, rows, bare := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for path, f := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			secretRows(t, f, rows)
			continue
		}
		room := f.Name.Name + "."
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				// The one method that redacts for every verb.
				if n.Name.Name == "Format" && n.Recv != nil && n.Type.Params.NumFields() == 2 {
					secrets[room+typeName(n.Recv.List[0].Type)] = true
				}
			case *ast.TypeSpec:
				s, ok := n.Type.(*ast.StructType)
				if !ok {
					break
				}
				for _, field := range s.Fields.List {
					if len(field.Names) == 0 && slices.Contains([]string{"hidden", "redacted", "Hidden"}, typeName(field.Type)) {
						secrets[room+n.Name.Name] = true
					}
					for _, name := range field.Names {
						// A field with a tag is of what is written or read.
						if isSecretName(name.Name) && isBytes(field.Type) && field.Tag == nil {
							bare[room+n.Name.Name+"."+name.Name] = true
						}
					}
				}
			}
			return true
		})
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if mayPrint()[name] == "" && !rows[name] {
			t.Errorf("no test calls secrettest.Check for %s", name)
		}
	}
	for name := range mayPrint() {
		if !secrets[name] {
			t.Errorf("%s may print, and is no type that redacts", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(bare)) {
		t.Errorf("field %s is a secret by its name and prints: give it a type with secret.Hidden in it", name)
	}
	if len(secrets) < 12 {
		t.Errorf("found %d secrets only: does this test still see them?", len(secrets))
	}
}

// secretRows adds the types that the calls of secrettest.Check in a file name.
func secretRows(t *testing.T, f *ast.File, rows map[string]bool) {
	t.Helper()
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != "Check" || !isNamed(selector.X, "secrettest") {
			return true
		}
		literal, ok := call.Args[1].(*ast.BasicLit)
		if !ok {
			t.Errorf("secrettest.Check is called with a type that is %T and no constant", call.Args[1])
			return true
		}
		name, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Error(err)
		}
		rows[name] = true
		return true
	})
}

// typeName is the name of a type without package, pointer and type arguments.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}

func isSecretName(name string) bool {
	return regexp.MustCompile(`(?i)secret|password|passphrase|psk|private|(mac|decoy|signing|wrapping)key`).MatchString(name)
}

// isBytes says whether a type is a list of bytes, a text or a key of the standard
// library.
func isBytes(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ArrayType:
		return isNamed(e.Elt, "byte")
	case *ast.StarExpr:
		return isBytes(e.X)
	default:
		return slices.Contains([]string{"string", "PrivateKey"}, typeName(e))
	}
}

// goFiles are all Go files of the module by their paths.
func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"node_modules", "testdata", "tools"}, entry.Name())) {
			return filepath.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(path, ".go") {
			files[path], err = parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
