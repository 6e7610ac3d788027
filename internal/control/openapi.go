package control

import (
	"reflect"
	"regexp"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hitherauth/hither/internal/front"
)

const apiDescription = "The test bed that `hither testbed` has started: phones in software, the air between them and the browser, the screen. " +
	"Send the token, and no Origin nor Sec-Fetch-Site: pages may not ask. Members that are not described are refused in requests, " +
	"and may be added to answers. Errors are problem documents (RFC 9457): act on `code`."

// describe makes the OpenAPI 3.1 document of the API from the table that also routes it.
func describe(url, version string, endpoints []endpoint) *huma.OpenAPI {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	api := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Hither test bed", Version: version, Description: apiDescription,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: url}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"token": {Type: "http", Scheme: "bearer", Description: "HITHER_TESTBED_TOKEN of the environment."},
			},
		},
		Security: []map[string][]string{{"token": {}}},
	}
	for _, e := range endpoints {
		api.AddOperation(e.describe(registry))
	}
	for _, schema := range registry.Map() {
		front.CloseArrays(schema)
	}
	return api
}

// describe is what the document says of one endpoint.
func (e endpoint) describe(registry huma.Registry) *huma.Operation {
	op := &huma.Operation{OperationID: e.id, Method: e.method, Path: e.path, Summary: e.summary, Description: e.detail}
	codes := slices.Concat(e.codes, generalCodes(), []code{codeBodyMalformed, codeUnsupportedMediaType, codeBodyTooLarge, codeQueryMalformed})
	if e.in != nil {
		op.RequestBody = &huma.RequestBody{Required: !e.bare, Content: content("application/json", registry.Schema(e.in, true, e.id+"Request"))}
	}
	for _, match := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(e.path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: match[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, p := range e.query {
		low, high := 0.0, float64(p.max)
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: p.name, In: "query", Description: p.doc, Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: &low, Maximum: &high},
		})
	}
	var answer map[string]*huma.MediaType
	switch e.out {
	case nil:
	case reflect.TypeFor[picture]():
		answer = content("image/png", &huma.Schema{}) // OpenAPI 3.1: bytes have no type
	case reflect.TypeFor[document]():
		answer = content("application/json", &huma.Schema{Type: huma.TypeObject})
	default:
		answer = content("application/json", registry.Schema(e.out, true, e.id+"Answer"))
	}
	op.Responses = front.Responses(e.status, answer, codes, code.httpStatus, registry.Schema(reflect.TypeFor[problem](), true, "Problem"))
	return op
}

// generalCodes are what every endpoint may answer.
func generalCodes() []code {
	return []code{codeMisdirected, codeCrossSite, codeUnauthenticated, codeBusy, codeClosing, codeInternal}
}

func content(mediaType string, schema *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{mediaType: {Schema: schema}}
}

// Schema describes a problem's code by all the values it can have.
func (code) Schema(huma.Registry) *huma.Schema { return front.Enum(allCodes()) }
