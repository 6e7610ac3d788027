package account_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hitherauth/hither/internal/account"
)

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada":                   "ada",
		"Ada.Lovelace@ex.org":   "Ada.Lovelace@ex.org",
		" ada\t":                "ada",
		"o'brien+x_y-z":         "o'brien+x_y-z",
		"7":                     "7",
		"Ångström":              "Ångström",
		"A\u030angstro\u0308m":  "Ångström", // composed
		"ａｄａ":                   "ada",      // full width
		"愛":                     "愛",
		"שלום":                  "שלום",
		"Σίσυφος":               "Σίσυφος",
		strings.Repeat("é", 64): strings.Repeat("é", 64),
	} {
		got, err := account.ParseName(in)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	for name, in := range map[string]string{
		"empty":           "",
		"spaces":          " \t ",
		"inner_space":     "ada lovelace",
		"nul":             "ada\x00",
		"line_break":      "ada\r\nroot",
		"escape":          "ada\x1b[31m",
		"bidi_override":   "ada\u202egnp",
		"bidi_isolate":    "ada\u2066b",
		"bidi_mark":       "ada\u200eb",
		"mixed_direction": "aשb",
		"zero_width":      "ad\u200ba",
		"joiner":          "ad\u200da",
		"soft_hyphen":     "ad\u00ada",
		"lone_surrogate":  "ada\xed\xa0\x80",
		"replacement":     "ada\ufffd",
		"bad_utf8":        "ada\xff",
		"html":            "<b>ada</b>",
		"ampersand":       "a&b",
		"slash":           "a/b",
		"backslash":       "a\\b",
		"percent":         "a%2fb",
		"quote":           `a"b`,
		"colon":           "a:b",
		"dot_first":       ".ada",
		"option":          "-ada",
		"at_first":        "@ada",
		"ligature":        "oﬃce",
		"private_use":     "ada\ue000",
		"unassigned":      "ada\U000e0fff",
		"emoji":           "ada😀",
		"too_long":        strings.Repeat("é", 65),
		"much_too_long":   strings.Repeat("a", 10_000),
	} {
		got, err := account.ParseName(in)
		if _, ok := errors.AsType[*account.NameError](err); !ok || got != "" {
			t.Errorf("%s: got %q, %v, want a NameError", name, got, err)
		}
	}
}

func TestParseDisplayName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ada Lovelace":            "Ada Lovelace",
		"  Ada \u00a0\u3000  L. ": "Ada L.",
		"<b>Ada</b>":              "<b>Ada</b>", // escaped where it is shown
		"愛 and אדה":               "愛 and אדה",
		"Ada 😀":                   "Ada 😀",
		strings.Repeat("é", 100):  strings.Repeat("é", 100),
	} {
		got, err := account.ParseDisplayName(in)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "   ", "\u3000", "a\x00b", "a\nb", "a\u2028b", "a\u202eb", "a\u2067b", "a\u061cb", "\xff", "a\ufffd", "\ufeffa",
		strings.Repeat("a", 101), strings.Repeat("a", 10_000),
	} {
		got, err := account.ParseDisplayName(in)
		if _, ok := errors.AsType[*account.NameError](err); !ok || got != "" {
			t.Errorf("%.40q: got %q, %v, want a NameError", in, got, err)
		}
	}
	if _, err := account.ParseCredentialName(strings.Repeat("a", 65)); err == nil {
		t.Error("a credential name of 65 characters was taken")
	}
}

func TestFoldName(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{
		{"Ada", "ADA"}, {"straße", "STRASSE"}, {"Ångström", "A\u030aNGSTRO\u0308M"}, {"Σίσυφος", "ΣΊΣΥΦΟΣ"}, {"ǅ", "ǆ"},
	} {
		if a, b := account.FoldName(same[0]), account.FoldName(same[1]); a != b {
			t.Errorf("%q and %q differ: %q, %q", same[0], same[1], a, b)
		}
	}
	if account.FoldName("ada") == account.FoldName("adá") {
		t.Error("accents are folded")
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"ada", "Ångström", "ａｄａ", "אדה", "a\u030a", "ǆ", "ς", "İ", "a'b", "", "\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for kind, parse := range map[string]func(string) (string, error){
			"name": account.ParseName, "display_name": account.ParseDisplayName, "credential_name": account.ParseCredentialName,
		} {
			name, err := parse(s)
			if err != nil {
				if _, ok := errors.AsType[*account.NameError](err); !ok || name != "" {
					t.Errorf("%s %q: got %q, %v", kind, s, name, err)
				}
				continue
			}
			if again, err := parse(name); err != nil || again != name {
				t.Errorf("%s %q: %q becomes %q, %v", kind, s, name, again, err)
			}
			if name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) || len(name) > 4*100 {
				t.Errorf("%s %q: got %q", kind, s, name)
			}
			if kind == "name" {
				if folded := account.FoldName(name); folded == "" || account.FoldName(folded) != folded {
					t.Errorf("%q folds to %q, which folds to %q", name, folded, account.FoldName(folded))
				}
			}
		}
	})
}
