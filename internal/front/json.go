package front

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
)

// IsJSON says whether a body is declared as plain JSON in UTF-8, once. A page of
// another origin can send other kinds without asking first. mime.ParseMediaType is
// kinder: to doubled and encoded parameters and to spaces where HTTP knows none.
func IsJSON(h http.Header) bool {
	if len(h["Content-Type"]) != 1 || len(h["Content-Encoding"]) > 0 {
		return false
	}
	media, charset, more := strings.Cut(strings.ToLower(h["Content-Type"][0]), ";")
	charset = strings.TrimLeft(charset, " ")
	return strings.TrimRight(media, " ") == "application/json" && (!more || charset == "charset=utf-8" || charset == `charset="utf-8"`)
}

// UnmarshalObject reads a JSON object into v, strictly: no duplicate, unknown or
// wrongly cased members, valid UTF-8, nothing behind. The error is a sentence for who
// has sent it; it says where body is wrong, and repeats nothing of what it holds but
// names of members.
func UnmarshalObject(body []byte, v any) error {
	// A null would be taken for a value with no members.
	if text := strings.TrimLeft(string(body[:min(len(body), 64)]), " \t\r\n"); !strings.HasPrefix(text, "{") {
		return errors.New("the body must be a JSON object")
	}
	err := json.Unmarshal(body, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok && semantic.JSONPointer != "" {
		at := string(semantic.JSONPointer)
		return errors.New("the body does not fit at " + strings.ToValidUTF8(at[:min(len(at), 64)], ""))
	}
	return errors.New("the body is not strict JSON: members spelt exactly, each once, and nothing behind")
}
