package control

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/hitherauth/hither/internal/front"
)

// maxBody is how much a request may bring.
const maxBody = 64 << 10

// decode reads a JSON object into v, strictly: no duplicate, unknown or wrongly cased
// members, valid UTF-8, nothing behind. An operation that takes no body accepts an
// empty one or {}; one that takes a body whose members may all be left out, too.
func decode(w http.ResponseWriter, r *http.Request, v any, wanted bool) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return refuse(codeBodyTooLarge, "")
		}
		return &refusal{code: codeBodyMalformed, cause: err}
	}
	if len(body) == 0 && !wanted {
		return nil
	}
	if !front.IsJSON(r.Header) {
		return refuse(codeUnsupportedMediaType, "")
	}
	if err := front.UnmarshalObject(body, v); err != nil {
		return refuse(codeBodyMalformed, err.Error())
	}
	return nil
}

// parameter is a number in a query: at least 0.
type parameter struct {
	name, doc string
	max       int
}

// query reads the parameters of an operation. One that is left out is 0.
func query(r *http.Request, known []parameter) (map[string]int, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(codeQueryMalformed, "the query is not well formed")
	}
	out := map[string]int{}
	for name, texts := range values {
		i := slices.IndexFunc(known, func(p parameter) bool { return p.name == name })
		if i < 0 || len(texts) != 1 {
			return nil, refuse(codeQueryMalformed, "")
		}
		n, err := strconv.ParseUint(texts[0], 10, 31)
		if err != nil || int(n) > known[i].max {
			return nil, refuse(codeQueryMalformed, name+" is a number from 0 to "+strconv.Itoa(known[i].max))
		}
		out[name] = int(n)
	}
	return out, nil
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }
