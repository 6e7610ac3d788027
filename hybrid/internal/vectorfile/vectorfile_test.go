package vectorfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/hybrid/internal/vectorfile"
)

// The format is strict: what a reader does not know, it must not skip.
func TestParse(t *testing.T) {
	t.Parallel()
	v := vectorfile.Vector{
		Header: []vectorfile.Field{vectorfile.Text("comment", "two words"), vectorfile.Bytes("key", []byte{1})},
		Body:   bytes.Repeat([]byte{0xff}, 100),
	}
	text := string(v.Append(nil))
	got, err := vectorfile.Parse([]byte(text), "comment", "key")
	if diff := cmp.Diff(v, got); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
	if key, err := got.Decode("key", 1); err != nil || !bytes.Equal(key, []byte{1}) {
		t.Errorf("key %x, %v", key, err)
	}
	if key, err := got.Decode("key", 2); err == nil || key != nil {
		t.Errorf("a key of one byte is read as %x", key)
	}
	for name, bad := range map[string]string{
		"unknown_key":   "colour: blue\n" + text,
		"key_twice":     "comment: two words\n" + text,
		"missing_key":   strings.Replace(text, "key: AQ\n", "", 1),
		"other_order":   strings.Replace(text, "comment: two words\nkey: AQ\n", "key: AQ\ncomment: two words\n", 1),
		"no_value":      strings.Replace(text, "key: AQ\n", "key: \n", 1),
		"no_colon":      strings.Replace(text, "key: AQ\n", "key AQ\n", 1),
		"no_empty_line": strings.Replace(text, "\n\n", "\n", 1),
		"long_lines":    strings.ReplaceAll(text, "__\n__", "____\n"),
		"stray_bits":    text[:len(text)-2] + "9\n",
		"trailing_line": text + "\n",
	} {
		if v, err := vectorfile.Parse([]byte(bad), "comment", "key"); err == nil || v.Header != nil || v.Body != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
