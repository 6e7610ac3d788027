package relyingparty_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn/webauthntest"
)

// declaredChecks reads the Check constants from the source, so that one that is
// added without a row is found.
func declaredChecks(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "check.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var checks []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Check" {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("the value of %s is not a literal", spec.Names[0])
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		checks = append(checks, text)
		return true
	})
	return checks
}

func TestEveryCheckHasARow(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, row := range registrationRows() {
		broken[row.want] = true
	}
	for _, row := range authenticationRows() {
		broken[row.want] = true
	}
	for _, row := range openRows() {
		broken[row.want] = true
	}
	for _, row := range statementRows() {
		broken[row.want] = true
	}
	declared := declaredChecks(t)
	if len(declared) < 24 {
		t.Errorf("found %d checks in the source, expected at least 24", len(declared))
	}
	for _, check := range declared {
		if !broken[check] {
			t.Errorf("no row breaks the check %s", check)
		}
	}
}

// An error is one line of bounded length, whatever the client sent, and holds no
// challenge.
func TestVerificationErrorText(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil, nil)
	options, ceremony := s.beginRegistration(t)
	hostile := "https://evil.test/\r\nlevel=error\x1b[31m" + strings.Repeat("x", 3000) + options.Challenge.String()
	for name, edit := range map[string]regEdit{
		"origin":    clientData("origin", hostile),
		"type":      clientData("type", hostile),
		"challenge": clientData("challenge", hostile),
		"format": func(r *webauthntest.Registration) {
			r.ClientData.SetString("topOrigin", hostile)
		},
	} {
		_, body := s.create(t, options, edit)
		_, err := s.finishRegistration(ceremony, body)
		var refused *relyingparty.VerificationError
		if !errors.As(err, &refused) {
			t.Fatalf("%s: %v is no VerificationError", name, err)
		}
		text := err.Error()
		if len(text) > 400 || strings.ContainsAny(text, "\r\n\x1b") || strings.Contains(text, options.Challenge.String()) {
			t.Errorf("%s: error text %q", name, text)
		}
		if !strings.HasPrefix(text, "relyingparty: check "+string(refused.Check)+": ") || errors.Unwrap(err) == nil {
			t.Errorf("%s: error text %q", name, text)
		}
	}
}
