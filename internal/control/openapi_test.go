package control_test

import (
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/internal/control"
)

// operations are those of a path, by their methods.
func operations(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPut: item.Put, http.MethodPost: item.Post, http.MethodDelete: item.Delete, http.MethodPatch: item.Patch,
	}
	maps.DeleteFunc(all, func(_ string, op *huma.Operation) bool { return op == nil })
	return all
}

// described wants an answer to be one that the document knows: its status, its code,
// its members, all of them. Every answer of every test comes by here.
func described(t *testing.T, api *huma.OpenAPI, method, path string, a answer) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	op := find(api, method, path)
	if op == nil {
		if a.status < http.StatusBadRequest {
			t.Errorf("%s %s is not described and answers %d", method, path, a.status)
		}
		return
	}
	response := op.Responses[strconv.Itoa(a.status)]
	if response == nil {
		t.Errorf("%s %s: the answer %d is not described: %s", method, path, a.status, a.body)
		return
	}
	mediaType := a.header.Get("Content-Type")
	content := response.Content[mediaType]
	switch {
	case len(response.Content) == 0 && len(a.body) == 0, mediaType == "image/png" && content != nil:
		return
	case content == nil:
		t.Errorf("%s %s: %d with %q is not described", method, path, a.status, mediaType)
		return
	}
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return
	}
	if mediaType == "application/problem+json" && !slices.Contains(strings.Split(strings.TrimPrefix(response.Description, "Code: "), ", "), v.(object)["code"].(string)) {
		t.Errorf("%s %s: the code of %s is not among: %s", method, path, a.body, response.Description)
	}
	result := &huma.ValidateResult{}
	huma.Validate(api.Components.Schemas, content.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, result)
	for _, err := range result.Errors {
		t.Errorf("%s %s: %v in %s", method, path, err, a.body)
	}
}

// find is the operation for a path.
func find(api *huma.OpenAPI, method, path string) *huma.Operation {
	parts := strings.Split(path, "/")
	for pattern, item := range api.Paths {
		same := slices.EqualFunc(strings.Split(pattern, "/"), parts, func(p, part string) bool { return p == part || strings.HasPrefix(p, "{") && part != "" })
		if op := operations(item)[method]; same && op != nil {
			return op
		}
	}
	return nil
}

// closed is the document with answers that may have no other members than those.
func closed() *huma.OpenAPI {
	api := control.Describe("http://127.0.0.1", "test")
	for _, schema := range api.Components.Schemas.Map() {
		schema.AdditionalProperties = false
		schema.PrecomputeMessages()
	}
	return api
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	h := start(t)
	document := h.ask(t, http.MethodGet, "/openapi.json", "")
	if document["openapi"] != "3.1.0" || document["servers"].([]any)[0].(object)["url"] != h.api.URL() {
		t.Errorf("it begins with %v, %v", document["openapi"], document["servers"])
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range strings.Split(string(text), `"$ref":"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(reference, `"`)
		if document["components"].(object)["schemas"].(object)[name] == nil {
			t.Errorf("%s is nowhere", name)
		}
	}
	if strings.Contains(string(text), h.api.Token().Reveal()) {
		t.Error("it tells the token")
	}
}

// TestOpenAPIFile compares the document with testdata/openapi.json, to which the tests
// of sdk/testing hold their stand-in for this API.
func TestOpenAPIFile(t *testing.T) {
	t.Parallel()
	const file = "testdata/openapi.json"
	want, err := json.MarshalIndent(control.Describe("http://127.0.0.1", "test"), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("go test ./internal/control -run TestOpenAPIFile -update writes it again (-API +file):\n%s", diff)
	}
}

// TestEveryRouteIsDescribed asks each path for each method: what is in the document
// is answered, and nothing else.
func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	h := start(t)
	api := control.Describe("", "")
	ids := map[string]bool{}
	for pattern, item := range api.Paths {
		known := operations(item)
		for method, op := range known {
			if op.OperationID == "" || op.Summary == "" || ids[op.OperationID] {
				t.Errorf("%s %s: id %q, summary %q", method, pattern, op.OperationID, op.Summary)
			}
			ids[op.OperationID] = true
			if inPath := strings.Count(pattern, "{"); inPath != len(slices.DeleteFunc(slices.Clone(op.Parameters), func(p *huma.Param) bool { return p.In != "path" })) {
				t.Errorf("%s %s: %d parameters are in the path", method, pattern, inPath)
			}
		}
		path := strings.NewReplacer("{", "", "}", "").Replace(pattern) // there is no phone of the name phone
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, "PROPFIND"} {
			a := h.send(t, method, path, "", nil)
			allow := strings.Join(slices.Sorted(maps.Keys(known)), ", ")
			switch refused := a.status == http.StatusMethodNotAllowed; {
			case refused == (known[method] != nil):
				t.Errorf("%s %s: %d", method, path, a.status)
			case refused && a.header.Get("Allow") != allow:
				t.Errorf("%s %s: Allow %q, want %q", method, path, a.header.Get("Allow"), allow)
			}
		}
	}
	if len(ids) != 16 {
		t.Errorf("%d operations", len(ids))
	}
}
