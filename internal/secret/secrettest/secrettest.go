// Package secrettest looks for secrets in whatever Go can print.
package secrettest

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Check fails if a value that hides secret, at least 8 bytes and not all the same,
// shows them to anybody: alone or kept in another value, in each way in which Go
// prints. typ is the value's type, such as "account.Token": TestSecretsHaveRows of
// the module's root looks for it in the calls.
func Check[T any](t *testing.T, typ string, v T, secret []byte) {
	t.Helper()
	if got := strings.TrimPrefix(fmt.Sprintf("%T", v), "*"); got != typ {
		t.Errorf("a row of %s holds %s", typ, got)
	}
	if len(secret) < 8 || bytes.Count(secret, secret[:1]) == len(secret) {
		t.Fatalf("%s: no secret to look for", typ)
	}
	for _, leak := range Leaks(v, secret) {
		t.Errorf("%s %s", typ, leak)
	}
}

// Leaks says how a value shows the bytes of a secret, in sentences without a subject.
func Leaks[T any](v T, secret []byte) (leaks []string) {
	for name, holder := range holders(v) {
		for how, text := range printed(holder) {
			if form, ok := shows(text, secret); ok {
				leaks = append(leaks, fmt.Sprintf("%s shows its bytes as %s to %s", name, form, how))
			}
		}
	}
	var zero T
	for how, text := range map[string]string{
		"two":          diff(v, zero),
		"lists":        diff([]T{v}, nil),
		"maps":         diff(map[string]T{"": v}, nil),
		"holders":      diff([]unexported[T]{{v: v}}, nil),
		"pointers":     diff([]*unexported[T]{{v: v}}, nil),
		"interfaces":   diff([]any{v}, nil),
		"two in lists": diff([]exported[T]{{V: v}}, []exported[T]{{V: zero}}),
	} {
		if form, ok := shows(text, secret); ok {
			leaks = append(leaks, fmt.Sprintf("shows its bytes as %s when go-cmp compares %s", form, how))
		}
	}
	slices.Sort(leaks)
	return leaks
}

type (
	exported[T any]   struct{ V T }
	unexported[T any] struct{ v T }
	// awkward has a field that %s, %d and others do not fit, upon which fmt forgets
	// all methods and begins anew.
	awkward[T any] struct {
		P *int
		V T
	}
	failure[T any] struct{ v T }
)

func (f failure[T]) Error() string { return fmt.Sprintf("%+v", f.v) }

// holders are the places in which a value may be kept.
func holders[T any](v T) map[string]any {
	return map[string]any{
		"alone":                         v,
		"behind a pointer":              &v,
		"in an exported field":          exported[T]{v},
		"in an unexported field":        unexported[T]{v},
		"behind a pointer in a field":   unexported[*T]{&v},
		"behind an exported pointer":    exported[*T]{&v},
		"in an interface in a field":    unexported[any]{v},
		"in a list in a field":          unexported[[]T]{[]T{v}},
		"in an array in a field":        unexported[[1]T]{[1]T{v}},
		"in a map in a field":           unexported[map[string]T]{map[string]T{"": v}},
		"two fields deep":               unexported[unexported[T]]{unexported[T]{v}},
		"behind a pointer to a holder":  &unexported[T]{v},
		"in a list":                     []T{v},
		"in a list of pointers":         []*T{&v},
		"in a list of holders":          []unexported[T]{{v}},
		"in a map":                      map[string]T{"": v},
		"in a list of anything":         []any{v, &v},
		"beside what does not fit":      awkward[T]{new(int), v},
		"deep beside what does not fit": unexported[awkward[T]]{awkward[T]{new(int), v}},
		"in an error":                   failure[T]{v},
		"in an error that is wrapped":   fmt.Errorf("wrapped: %w", failure[T]{v}),
		"in errors that are joined":     errors.Join(failure[T]{v}, fmt.Errorf("joined: %v", unexported[T]{v})),
	}
}

// printed is what v looks like.
func printed(v any) map[string]string {
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%p", "%T"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	if s, ok := v.(fmt.Stringer); ok {
		out["String"] = s.String()
	}
	if s, ok := v.(fmt.GoStringer); ok {
		out["GoString"] = s.GoString()
	}
	var text, jsonLines, binary bytes.Buffer
	// The digits of the time are anybody's.
	options := &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	for _, h := range []slog.Handler{slog.NewTextHandler(&text, options), slog.NewJSONHandler(&jsonLines, options)} {
		slog.New(h).Info("x", "v", v)
		slog.New(h).WithGroup("g").With("v", v).Info("x")
	}
	out["slog, text"], out["slog, JSON"] = text.String(), jsonLines.String()
	// That something does not marshal is an answer too.
	b, err := json.Marshal(v)
	out["JSON"] = fmt.Sprint(string(b), err)
	b, err = xml.Marshal(v)
	out["XML"] = fmt.Sprint(string(b), err)
	err = gob.NewEncoder(&binary).Encode(v)
	out["gob"] = fmt.Sprint(binary.String(), err)
	var all strings.Builder
	walk(&all, reflect.ValueOf(v), 0)
	out["reflection"] = all.String()
	return out
}

// diff is what go-cmp says. It panics where it would have to compare unexported
// fields.
func diff(x, y any) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint(r)
		}
	}()
	return cmp.Diff(x, y)
}

// walk prints as a printer does that asks no method and follows every pointer.
func walk(out *strings.Builder, v reflect.Value, depth int) {
	if depth > 12 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(out, v.Elem(), depth+1)
		}
	case reflect.Struct:
		for _, f := range v.Fields() {
			walk(out, f, depth+1)
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			walk(out, v.Index(i), depth+1)
		}
	case reflect.Map:
		for i := v.MapRange(); i.Next(); {
			walk(out, i.Key(), depth+1)
			walk(out, i.Value(), depth+1)
		}
	case reflect.String:
		out.WriteString(v.String() + " ")
	case reflect.Uint8:
		fmt.Fprintf(out, "%d ", v.Uint())
	default:
	}
}

// shows says whether a text holds the first bytes of a secret, and how.
func shows(text string, secret []byte) (form string, ok bool) {
	text = strings.ToLower(text)
	start := secret[:6]
	list := func(verb, between string) string {
		var parts []string
		for _, b := range start {
			parts = append(parts, fmt.Sprintf(verb, b))
		}
		return strings.Join(parts, between)
	}
	for form, want := range map[string]string{
		"raw bytes": string(start), "a quoted string": strings.Trim(fmt.Sprintf("%q", start), `"`),
		"hex": hex.EncodeToString(start), "hex with spaces": list("%02x", " "), "a Go literal": list("%#x", ", "),
		"decimal": list("%d", " "), "decimal with commas": list("%d", ","), "decimal with both": list("%d", ", "),
		"octal": list("%o", " "), "binary": list("%b", " "), "characters": list("%c", " "), "code points": list("%U", " "),
		"base64": base64.StdEncoding.EncodeToString(start), "base64url": base64.URLEncoding.EncodeToString(start),
	} {
		if strings.Contains(text, strings.ToLower(want)) {
			return form, true
		}
	}
	return "", false
}
