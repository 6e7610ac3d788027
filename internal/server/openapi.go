package server

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hitherauth/hither/internal/front"
)

// describe makes the OpenAPI 3.1 document of the public API from the table
// that also routes it.
func describe(origin, version string, endpoints []endpoint) ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	document := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:   "Hither",
			Version: version,
			Description: "Sign-in with passkeys. A state-changing request that carries a cookie must come from the same origin, " +
				"as Sec-Fetch-Site or Origin say. Pages of a configured related origin begin and finish ceremonies, ask who is signed in and sign out, without cookies. Errors are problem documents (RFC 9457): act on `code`.",
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: origin}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"cookie": {Type: "apiKey", In: "cookie", Name: cookieSession, Description: "For browsers. Set by the answer to finish."},
				"bearer": {Type: "http", Scheme: "bearer", Description: "For clients that are no browser, and for the servers of related origins: ask finish for it with \"session\": \"bearer\"."},
			},
		},
	}
	for _, e := range endpoints {
		document.AddOperation(e.describe(registry))
	}
	document.AddOperation(&huma.Operation{
		OperationID: "openapi", Method: http.MethodGet, Path: "/api/openapi.json", Summary: "This document",
		Security: []map[string][]string{{}}, Responses: responses(http.StatusOK, jsonBody(&huma.Schema{Type: huma.TypeObject}), generalCodes(), registry),
	})
	for _, schema := range registry.Map() {
		front.CloseArrays(schema)
	}
	return json.Marshal(document)
}

// describe is what the document says of one endpoint.
func (e endpoint) describe(registry huma.Registry) *huma.Operation {
	op := &huma.Operation{OperationID: e.id, Method: e.method, Path: e.path, Summary: e.summary, Description: e.detail}
	codes := slices.Concat(e.codes, generalCodes())
	if e.in != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: jsonBody(registry.Schema(e.in, true, e.id+"Request"))}
	}
	if e.method != http.MethodGet {
		codes = append(codes, codeCrossSite, codeBodyMalformed, codeUnsupportedMediaType, codeBodyTooLarge)
	}
	op.Security = []map[string][]string{{"cookie": {}}, {"bearer": {}}}
	codes = append(codes, codeUnauthenticated)
	if !e.session {
		op.Security = append(op.Security, map[string][]string{}) // or nobody
	}
	if strings.HasSuffix(e.path, "{id}") {
		op.Parameters = []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	var content map[string]*huma.MediaType
	if e.out != nil {
		content = jsonBody(registry.Schema(e.out, true, e.id+"Answer"))
	}
	op.Responses = responses(e.status, content, codes, registry)
	return op
}

// generalCodes are what every endpoint may answer.
func generalCodes() []code {
	return []code{codeRateLimited, codeMisdirected, codeHeadersTooLarge, codeUnavailable, codeInternal}
}

// responses lists success and, by status, the problems.
func responses(success int, content map[string]*huma.MediaType, codes []code, registry huma.Registry) map[string]*huma.Response {
	return front.Responses(success, content, codes, code.httpStatus, registry.Schema(reflect.TypeFor[problem](), true, "Problem"))
}

func jsonBody(schema *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: schema}}
}

// Schema describes a problem's code by all the values it can have.
func (code) Schema(huma.Registry) *huma.Schema { return front.Enum(allCodes()) }

// allCodes lists every code.
func allCodes() []code {
	return []code{
		codeBodyMalformed, codeNameInvalid, codeCeremonyInvalid, codeCeremonyExpired, codeCeremonySpent, codeAuthenticationFailed,
		codeCredentialUnknown, codeRegistrationFailed, codeCredentialExists, codeNameTaken, codeSignupClosed, codeInvitationInvalid,
		codeUnauthenticated, codeStepUpRequired, codeLastCredential, codeCredentialLimit, codeLastAdministrator, codeNotFound, codeCrossSite,
		codeMethodNotAllowed, codeUnsupportedMediaType, codeBodyTooLarge, codeHeadersTooLarge, codeMisdirected, codeRateLimited,
		codeUnavailable, codeInternal,
	}
}

// Schema describes RegistrationResponseJSON (WebAuthn L3 §5.1.8): what package
// webauthn wants of it.
func (registrationCredential) Schema(huma.Registry) *huma.Schema {
	return credentialSchema(map[string]*huma.Schema{
		"clientDataJSON":    base64URL(),
		"attestationObject": base64URL(),
		"transports":        {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}},
	}, "clientDataJSON", "attestationObject")
}

// Schema describes AuthenticationResponseJSON (WebAuthn L3 §5.1.8).
func (authenticationCredential) Schema(huma.Registry) *huma.Schema {
	return credentialSchema(map[string]*huma.Schema{
		"clientDataJSON":    base64URL(),
		"authenticatorData": base64URL(),
		"signature":         base64URL(),
		"userHandle":        base64URL(),
	}, "clientDataJSON", "authenticatorData", "signature")
}

func credentialSchema(response map[string]*huma.Schema, required ...string) *huma.Schema {
	return &huma.Schema{
		Type:        huma.TypeObject,
		Description: "PublicKeyCredential.toJSON(). Members that are not listed are ignored.",
		Properties: map[string]*huma.Schema{
			"id":                      base64URL(),
			"rawId":                   base64URL(),
			"type":                    {Type: huma.TypeString, Enum: []any{"public-key"}},
			"authenticatorAttachment": {Type: huma.TypeString},
			"clientExtensionResults":  {Type: huma.TypeObject},
			"response":                {Type: huma.TypeObject, Properties: response, Required: required},
		},
		Required: []string{"id", "rawId", "type", "response"},
	}
}

func base64URL() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "base64url without padding", Pattern: "^[A-Za-z0-9_-]*$"}
}
