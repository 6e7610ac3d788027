package control

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// endpoint is one operation of the API: what is routed and what is described, in one
// place.
type endpoint struct {
	method, path string
	id           string // operationId
	summary      string
	detail       string
	query        []parameter
	status       int  // of success
	bare         bool // a body may be left out
	codes        []code
	operation
}

// operation is a handler with the types it takes and gives.
type operation struct {
	in, out reflect.Type // nil: no body
	serve   func(e endpoint, s *Server, w http.ResponseWriter, r *http.Request) error
}

// call is a request on its way through its handler.
type call struct {
	context.Context //nolint:containedctx // that of the request, for as long as that lives
	path            func(name string) string
	query           map[string]int
}

// picture is an answer that is a PNG.
type picture []byte

// document is an answer that is JSON already.
type document []byte

// empty stands for no body.
type empty struct{}

// handle makes an operation of a handler that takes an In and gives an Out.
func handle[In, Out any](h func(*Server, *call, In) (Out, error)) operation {
	op := operation{in: reflect.TypeFor[In](), out: reflect.TypeFor[Out]()}
	none := reflect.TypeFor[empty]()
	if op.in == none {
		op.in = nil
	}
	if op.out == none {
		op.out = nil
	}
	op.serve = func(e endpoint, s *Server, w http.ResponseWriter, r *http.Request) error {
		var in In
		if err := decode(w, r, &in, op.in != nil && !e.bare); err != nil {
			return err
		}
		parameters, err := query(r, e.query)
		if err != nil {
			return err
		}
		s.received(w)
		out, err := h(s, &call{Context: r.Context(), path: r.PathValue, query: parameters}, in)
		if err != nil {
			return err
		}
		switch out := any(out).(type) {
		case empty:
			s.write(w, "", e.status, nil)
		case picture:
			s.write(w, "image/png", e.status, out)
		case document:
			s.write(w, "application/json", e.status, out)
		default:
			body, err := json.Marshal(out)
			if err != nil {
				return err
			}
			s.write(w, "application/json", e.status, body)
		}
		return nil
	}
	return op
}

// route makes the surface of the table.
func (s *Server) route(version string) error {
	var err error
	if s.itself, err = describe(s.URL(), version, endpoints()).MarshalJSON(); err != nil {
		return err
	}
	paths := map[string]map[string]http.HandlerFunc{}
	for _, e := range endpoints() {
		if paths[e.path] == nil {
			paths[e.path] = map[string]http.HandlerFunc{}
		}
		paths[e.path][e.method] = func(w http.ResponseWriter, r *http.Request) {
			if err := e.serve(e, s, w, r); err != nil {
				s.writeProblem(w, r, err)
			}
		}
	}
	for path, methods := range paths {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { s.dispatch(methods, w, r) })
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.writeProblem(w, r, refuse(codeNotFound, "")) })
	return nil
}

func (s *Server) dispatch(methods map[string]http.HandlerFunc, w http.ResponseWriter, r *http.Request) {
	if h := methods[r.Method]; h != nil {
		h(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
	s.writeProblem(w, r, refuse(codeMethodNotAllowed, ""))
}
