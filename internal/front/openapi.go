package front

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Responses are those of an operation in an OpenAPI document: success, and by status
// the problems with their codes. status is that of a code.
func Responses[Code ~string](
	success int, answer map[string]*huma.MediaType, codes []Code, status func(Code) int, problem *huma.Schema,
) map[string]*huma.Response {
	out := map[string]*huma.Response{strconv.Itoa(success): {Description: http.StatusText(success), Content: answer}}
	byStatus := map[int][]string{}
	for _, c := range codes {
		byStatus[status(c)] = append(byStatus[status(c)], string(c))
	}
	for status, codes := range byStatus {
		slices.Sort(codes)
		r := &huma.Response{
			Description: "Code: " + strings.Join(slices.Compact(codes), ", "),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
		}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			r.Headers = map[string]*huma.Param{"Retry-After": {Schema: &huma.Schema{Type: huma.TypeInteger}, Description: "Seconds to wait."}}
		}
		out[strconv.Itoa(status)] = r
	}
	return out
}

// CloseArrays says of every list below a schema that it is one: a list of ours is
// never null.
func CloseArrays(schema *huma.Schema) {
	if schema == nil {
		return
	}
	if schema.Type == huma.TypeArray {
		schema.Nullable = false
	}
	CloseArrays(schema.Items)
	for _, property := range schema.Properties {
		CloseArrays(property)
	}
}

// Enum describes a text by all the values that it can have.
func Enum[Text ~string](values []Text) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}
