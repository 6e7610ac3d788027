package secret_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hitherauth/hither/internal/secret"
	"github.com/hitherauth/hither/internal/secret/secrettest"
)

// own is how other rooms use it.
type own struct{ hidden[[32]byte] }

type hidden[T any] = secret.Hidden[T]

// What comes to mind first, and does not do.
type (
	bare    struct{ b [32]byte }
	polite  struct{ b [32]byte }
	pointed struct{ b *[32]byte }
)

func (polite) String() string                { return "[redacted]" }
func (polite) Format(f fmt.State, _ rune)    { _, _ = f.Write([]byte("[redacted]")) }
func (p polite) Equal(q polite) bool         { return p.b == q.b }
func (pointed) String() string               { return "[redacted]" }
func (pointed) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte("[redacted]")) }
func (pointed) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Equal is what go-cmp asks; when the answer is no, it shows what differs.
func (p pointed) Equal(q pointed) bool { return p.b == q.b }

func TestHidden(t *testing.T) {
	t.Parallel()
	b := [32]byte([]byte("0123456789abcdefFEDCBA9876543210"))
	h := own{secret.Hide(b)}
	secrettest.Check(t, "secret.Hidden[[32]uint8]", secret.Hide(b), b[:])
	secrettest.Check(t, "secret.Hidden[[]uint8]", secret.Hide(b[:]), b[:])
	secrettest.Check(t, "secret_test.own", h, b[:])
	if got := fmt.Sprintf("%v %d %+v", h, &h, []own{h}); got != "[redacted] [redacted] [[redacted]]" {
		t.Errorf("it prints as %s", got)
	}
	if secret.Reveal(h.hidden) != b || secret.Reveal(own{}.hidden) != [32]byte{} {
		t.Error("what was hidden does not come back")
	}
	b[0]++
	if secret.Reveal(h.hidden) == b {
		t.Error("the array was not copied")
	}
}

// The check finds what it is for.
func TestLeaks(t *testing.T) {
	t.Parallel()
	b := [32]byte([]byte("0123456789abcdefFEDCBA9876543210"))
	for name, row := range map[string]struct {
		leaks []string
		want  string // one of them
		no    string // none of them
	}{
		"bare":    {secrettest.Leaks(bare{b}, b[:]), "alone shows its bytes as decimal to %v", "nothing"},
		"polite":  {secrettest.Leaks(polite{b}, b[:]), "in an unexported field shows its bytes as decimal to %+v", "alone shows its bytes as decimal to %v"},
		"pointed": {secrettest.Leaks(pointed{&b}, b[:]), "shows its bytes as a Go literal when go-cmp compares two", "field shows its bytes as decimal to %+v"},
	} {
		all := strings.Join(row.leaks, "\n")
		if !strings.Contains(all, row.want) || strings.Contains(all, row.no) {
			t.Errorf("%s: %d leaks:\n%s", name, len(row.leaks), all)
		}
	}
}

func BenchmarkReveal(b *testing.B) {
	h := secret.Hide([64]byte{1})
	b.ReportAllocs()
	for b.Loop() {
		if k := secret.Reveal(h); k[0] != 1 {
			b.Fatal("another value")
		}
	}
}
