package control

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/hitherauth/hither/testbed"
)

// code is what programs act on in a problem document.
type code string

const (
	codeBodyMalformed        code = "body_malformed"
	codeQueryMalformed       code = "query_malformed"
	codeValueInvalid         code = "value_invalid"
	codeQRCodeInvalid        code = "qr_code_invalid"
	codeUnauthenticated      code = "unauthenticated"
	codeCrossSite            code = "cross_site"
	codeNotFound             code = "not_found"
	codeNoQuestion           code = "no_question"
	codeMethodNotAllowed     code = "method_not_allowed"
	codeTooMany              code = "too_many"
	codeBodyTooLarge         code = "body_too_large"
	codeUnsupportedMediaType code = "unsupported_media_type"
	codeMisdirected          code = "misdirected"
	codeBusy                 code = "busy"
	codeNoQRCode             code = "no_qr_code"
	codeTimeout              code = "timeout"
	codeSuperseded           code = "superseded"
	codeClosing              code = "closing"
	codeInternal             code = "internal"
)

// status is the HTTP status of a code, and detail the sentence that is shown when the
// refusal brings none of its own.
func (c code) status() (status int, detail string) {
	switch c {
	case codeBodyMalformed:
		return http.StatusBadRequest, "the request body is not what this operation takes"
	case codeQueryMalformed:
		return http.StatusBadRequest, "the query is not what this operation takes: known parameters, each once"
	case codeValueInvalid:
		return http.StatusBadRequest, "a value is not one of those that it can have"
	case codeQRCodeInvalid:
		return http.StatusBadRequest, "the text is not that of a QR code that a browser shows for a phone"
	case codeUnauthenticated:
		return http.StatusUnauthorized, "the token is missing or wrong: Authorization: Bearer, and HITHER_TESTBED_TOKEN"
	case codeCrossSite:
		return http.StatusForbidden, "a page may not ask: send no Origin and no Sec-Fetch-Site"
	case codeNotFound:
		return http.StatusNotFound, "there is nothing here"
	case codeNoQuestion:
		return http.StatusNotFound, "the phone asks nothing"
	case codeMethodNotAllowed:
		return http.StatusMethodNotAllowed, "the method is not one of those in the Allow header"
	case codeTooMany:
		return http.StatusConflict, "there are as many as there can be"
	case codeBodyTooLarge:
		return http.StatusRequestEntityTooLarge, "the request body is larger than 64 KiB"
	case codeUnsupportedMediaType:
		return http.StatusUnsupportedMediaType, "the body must be application/json in UTF-8"
	case codeMisdirected:
		return http.StatusMisdirectedRequest, "this is reached by its address, as HITHER_TESTBED_URL says, and by no name"
	case codeBusy:
		return http.StatusServiceUnavailable, "too many requests at once"
	case codeNoQRCode:
		return http.StatusGatewayTimeout, "no new QR code was on the screen in time"
	case codeTimeout:
		return http.StatusGatewayTimeout, "it was not got so far in time"
	case codeSuperseded:
		return http.StatusConflict, "the phone was asked to scan again"
	case codeClosing:
		return http.StatusServiceUnavailable, "the test bed is ending"
	case codeInternal:
	}
	return http.StatusInternalServerError, "something went wrong here"
}

func (c code) httpStatus() int {
	status, _ := c.status()
	return status
}

// allCodes lists every code.
func allCodes() []code {
	return []code{
		codeBodyMalformed, codeQueryMalformed, codeValueInvalid, codeQRCodeInvalid, codeUnauthenticated, codeCrossSite, codeNotFound,
		codeNoQuestion, codeMethodNotAllowed, codeTooMany, codeBodyTooLarge, codeUnsupportedMediaType, codeMisdirected, codeBusy,
		codeNoQRCode, codeTimeout, codeSuperseded, codeClosing, codeInternal,
	}
}

// refusal is an error that knows what the client is told. The cause is for the log alone.
type refusal struct {
	code   code
	detail string // "": that of the code
	cause  error
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return "control: " + string(r.code) + ": " + r.cause.Error()
	}
	return "control: " + string(r.code)
}

func (r *refusal) Unwrap() error { return r.cause }

func refuse(c code, detail string) error { return &refusal{code: c, detail: detail} }

// problem is a problem document (RFC 9457).
type problem struct {
	_      struct{} `additionalProperties:"true"`
	Type   string   `doc:"Always about:blank: the code says more." json:"type"`
	Title  string   `doc:"The HTTP status in words."               json:"title"`
	Status int      `doc:"The HTTP status."                        json:"status"`
	Detail string   `doc:"A sentence for people."                  json:"detail"`
	Code   code     `doc:"What programs act on."                   json:"code"`
}

// toProblem turns an error into what the client is told. It is the only place that does.
func (s *Server) toProblem(err error) problem {
	refused, ok := errors.AsType[*refusal](err)
	switch {
	case ok:
	case errors.Is(err, testbed.ErrDied):
		refused = &refusal{code: codeClosing, detail: err.Error()}
	case s.running.Err() != nil:
		refused = &refusal{code: codeClosing}
	case errors.Is(err, testbed.ErrClosed):
		refused = &refusal{code: codeClosing}
	case errors.Is(err, context.DeadlineExceeded):
		refused = &refusal{code: codeTimeout}
	default:
		refused = &refusal{code: codeInternal}
	}
	status, detail := refused.code.status()
	if refused.detail != "" {
		detail = refused.detail
	}
	return problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: refused.code}
}

// writeProblem answers a request that was refused, and logs what nobody expected.
func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := s.toProblem(err)
	if p.Code == codeInternal && r.Context().Err() == nil {
		s.logger.ErrorContext(r.Context(), "request failed", "method", r.Method, "route", r.Pattern, "err", err)
	}
	h := w.Header()
	switch p.Code { //nolint:exhaustive // the others need no header
	case codeUnauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="hither testbed"`) // RFC 9110 §11.6.1 wants one
	case codeBusy, codeClosing:
		h.Set("Retry-After", "1")
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic("control: encoding a problem: " + err.Error()) // strings and a number
	}
	s.write(w, "application/problem+json", p.Status, body)
}
