package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/internal/front"
)

// endpoint is one operation of the API: what is routed and what is described
// in the OpenAPI document, in one place.
//
// Of huma only the schemas and the document are used. Its request path would
// decode each body twice and make errors with a constructor that is a variable
// of the process; ours decodes once, strictly, and knows one form of error.
type endpoint struct {
	method, path string
	id           string // operationId
	summary      string
	detail       string
	session      bool // needs one
	ceremony     bool // begins or finishes one
	finish       bool // finishes one
	shared       bool // pages of related origins may use it
	patient      bool // behind hither.sock: may take longer than a request
	status       int  // of success
	codes        []code
	operation
}

// operation is a handler with the types it takes and gives.
type operation struct {
	in, out reflect.Type // nil: no body
	serve   func(s *Server, w http.ResponseWriter, r *http.Request, status int) error
}

// call is an API request on its way through its handler.
type call struct {
	w       http.ResponseWriter // for cookies
	r       *http.Request
	id      string // of the request
	client  account.Client
	visitor visitor
	related string // the related origin whose page asks; "" for none
	even    bool   // how long the answer takes must not tell what was found
	refused string // the check that refused the ceremony, once it is spent for that
}

// elapsed is how long the call has taken, in milliseconds.
func (c *call) elapsed() int64 { return time.Since(incomingOf(c.r).arrived).Milliseconds() }

// handle makes an operation of a handler that takes an In and gives an Out;
// empty stands for no body.
func handle[In, Out any](h func(*call, In) (Out, error)) operation {
	op := operation{in: reflect.TypeFor[In](), out: reflect.TypeFor[Out]()}
	none := reflect.TypeFor[empty]()
	if op.in == none {
		op.in = nil
	}
	if op.out == none {
		op.out = nil
	}
	op.serve = func(s *Server, w http.ResponseWriter, r *http.Request, status int) error {
		var in In
		if err := decode(w, r, &in, op.in != nil); err != nil {
			return err
		}
		v, err := s.visitorOf(r)
		if err != nil {
			return err
		}
		c := &call{w: w, r: r, id: incomingOf(r).id, client: incomingOf(r).client, visitor: v, related: s.relatedOrigin(r)}
		out, err := h(c, in)
		var body []byte
		if err == nil && op.out != nil {
			body, err = json.Marshal(out)
		}
		if c.even {
			evenOut(incomingOf(r).arrived)
		}
		if err != nil {
			return err
		}
		if op.out != nil {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_, _ = w.Write(body) // the client has gone
		return nil
	}
	return op
}

// answer runs an endpoint of the public door.
func (s *Server) answer(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if e.shared {
			s.share(w, r)
		}
		err := s.judgeOrigin(r, e.shared)
		if err == nil {
			err = s.admit(e, r)
		}
		if err == nil {
			err = e.serve(s, w, r, e.status)
		}
		if err != nil {
			s.writeProblem(w, r, err)
		}
	}
}

// admit counts a request of an endpoint.
func (s *Server) admit(e endpoint, r *http.Request) error {
	switch {
	case e.finish:
		return s.ceremonies.admit(r, 0)
	case e.ceremony:
		return s.ceremonies.admit(r, finishReserve)
	default:
		return s.requests.admit(r, 0)
	}
}

// answerOperator runs an endpoint behind hither.sock, which no browser reaches.
func (s *Server) answerOperator(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !e.patient {
			ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
			defer cancel()
			r = r.WithContext(ctx)
		}
		if err := e.serve(s, w, r, e.status); err != nil {
			s.writeProblem(w, r, err)
			return
		}
		if e.method != http.MethodGet {
			s.logger.InfoContext(r.Context(), "operator acted", "request_id", incomingOf(r).id, "method", e.method, "route", e.path)
		}
	}
}

// decode reads a JSON object into v, strictly: no duplicate, unknown or
// wrongly cased members, valid UTF-8, nothing behind. An endpoint that takes
// no body accepts an empty one or {}.
func decode(w http.ResponseWriter, r *http.Request, v any, wanted bool) error {
	// Whatever is behind a chunked body is told apart by the sender's word
	// alone, and net/http drops the Content-Length that may have contradicted
	// it. Bodies here are small and whole: they have a length. What is too
	// large is told so all the same.
	chunked := len(r.TransferEncoding) > 0
	if !wanted && r.ContentLength == 0 {
		return nil
	}
	if !front.IsJSON(r.Header) {
		return refuse(codeUnsupportedMediaType, "")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return err
		}
		return refuseFor(codeBodyMalformed, err)
	}
	if chunked {
		w.Header().Set("Connection", "close")
		return refuse(codeBodyMalformed, "the body must have a Content-Length")
	}
	if err := front.UnmarshalObject(body, v); err != nil {
		return &refusal{code: codeBodyMalformed, detail: err.Error(), cause: errors.New("decoding the body")}
	}
	return nil
}
