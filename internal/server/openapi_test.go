package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	a := h.browser().do(http.MethodGet, "/api/openapi.json", nil)
	document := a.ok(t, http.StatusOK)
	if document["openapi"] != "3.1.0" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %v, %s", document["openapi"], a.header.Get("Content-Type"))
	}

	t.Run("every_reference_resolves", func(t *testing.T) {
		t.Parallel()
		n := 0
		walk(document, func(name string, value any) {
			if name != "$ref" {
				return
			}
			n++
			at := any(document)
			for part := range strings.SplitSeq(strings.TrimPrefix(value.(string), "#/"), "/") {
				at = at.(object)[part]
			}
			if at == nil {
				t.Errorf("%v leads nowhere", value)
			}
		})
		if n == 0 {
			t.Error("there is no reference at all")
		}
	})

	t.Run("every_operation_is_complete", func(t *testing.T) {
		t.Parallel()
		ids := map[string]bool{}
		for path, item := range document["paths"].(object) {
			for method, v := range item.(object) {
				op := v.(object)
				id, _ := op["operationId"].(string)
				if id == "" || ids[id] || op["summary"] == "" {
					t.Errorf("%s %s: operationId %q, summary %v", method, path, id, op["summary"])
				}
				ids[id] = true
				if strings.Contains(path, "{id}") && len(op["parameters"].([]any)) != 1 {
					t.Errorf("%s %s: got parameters %v", method, path, op["parameters"])
				}
				for status, r := range op["responses"].(object) {
					content, _ := r.(object)["content"].(object)
					switch {
					case r.(object)["description"] == "":
						t.Errorf("%s %s %s: no description", method, path, status)
					case status == "204" && content != nil, status[0] == '2' && status != "204" && content["application/json"] == nil, status[0] > '3' && content["application/problem+json"] == nil:
						t.Errorf("%s %s %s: got content %v", method, path, status, content)
					}
				}
			}
		}
	})

	t.Run("schemas_are_closed_for_requests_and_open_for_answers", func(t *testing.T) {
		t.Parallel()
		for name, v := range document["components"].(object)["schemas"].(object) {
			request := strings.HasSuffix(name, "Request")
			if open := v.(object)["additionalProperties"] != false; open == request && !strings.Contains("CreationOptions RequestOptions CredentialDescriptor AuthenticatorSelection CredentialParameter RelyingPartyEntity UserEntity CreationExtensions RequestExtensions PRFInputs PRFValues", name) {
				t.Errorf("%s: additionalProperties is %v", name, v.(object)["additionalProperties"])
			}
		}
	})

	t.Run("answers_fit_their_schemas", func(t *testing.T) {
		t.Parallel()
		b := h.browser()
		schemas := document["components"].(object)["schemas"].(object)
		fits := func(name string, a answer) {
			t.Helper()
			schema, ok := schemas[name].(object)
			if !ok {
				t.Fatalf("no schema %s; there are %v", name, keysOf(schemas))
			}
			var v any
			if err := json.Unmarshal(a.body, &v); err != nil {
				t.Fatal(err)
			}
			for _, problem := range fit(schemas, schema, v, name) {
				t.Error(problem)
			}
		}
		begin := b.do(http.MethodPost, pathRegBegin, object{"name": "schema"})
		fits("BeginRegistrationAnswer", begin)
		_, body := b.create(begin.begun(t))
		fits("FinishRegistrationAnswer", b.do(http.MethodPost, pathRegFinish, body))
		begin = b.do(http.MethodPost, pathAuthBegin, object{"name": "schema"})
		fits("BeginAuthenticationAnswer", begin)
		fits("FinishAuthenticationAnswer", b.do(http.MethodPost, pathAuthFinish, b.assert(begin.begun(t))))
		fits("MeAnswer", b.do(http.MethodGet, "/api/v1/me", nil))
		fits("CredentialsAnswer", b.do(http.MethodGet, "/api/v1/credentials", nil))
		fits("SessionsAnswer", b.do(http.MethodGet, "/api/v1/sessions", nil))
		fits("Problem", b.do(http.MethodPost, pathAuthBegin, "["))
	})
}

func walk(v any, visit func(name string, value any)) {
	switch v := v.(type) {
	case object:
		for name, value := range v {
			visit(name, value)
			walk(value, visit)
		}
	case []any:
		for _, value := range v {
			walk(value, visit)
		}
	}
}

func keysOf(m object) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// fit says where v does not fit a schema, as far as the document uses JSON
// Schema: types, required and listed members, items, enums.
func fit(schemas, schema object, v any, at string) []string {
	if ref, ok := schema["$ref"].(string); ok {
		return fit(schemas, schemas[ref[strings.LastIndex(ref, "/")+1:]].(object), v, at)
	}
	var out []string
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		out = append(out, at+": not one of the enum")
	}
	if want := schema["type"]; want != nil && !hasType(want, v) {
		return append(out, at+": is of another type")
	}
	switch v := v.(type) {
	case object:
		properties, _ := schema["properties"].(object)
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				out = append(out, at+": lacks "+name.(string))
			}
		}
		for name, value := range v {
			property, ok := properties[name].(object)
			if !ok {
				out = append(out, at+": "+name+" is not described")
				continue
			}
			out = append(out, fit(schemas, property, value, at+"."+name)...)
		}
	case []any:
		for _, item := range v {
			out = append(out, fit(schemas, schema["items"].(object), item, at+"[]")...)
		}
	}
	return out
}

func hasType(want, v any) bool {
	if list, ok := want.([]any); ok {
		return slices.ContainsFunc(list, func(w any) bool { return hasType(w, v) })
	}
	switch v := v.(type) {
	case nil:
		return want == "null"
	case bool:
		return want == "boolean"
	case string:
		return want == "string"
	case float64:
		return want == "number" || want == "integer" && v == float64(int64(v))
	case []any:
		return want == "array"
	default:
		return want == "object"
	}
}
