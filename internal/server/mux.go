package server

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// refuseFunc answers a request with an error, in a door's own form.
type refuseFunc func(w http.ResponseWriter, r *http.Request, err error)

// routeMux is an http.ServeMux that answers for the paths and methods it does
// not know in its door's own form.
type routeMux struct {
	mux    *http.ServeMux
	refuse refuseFunc
	paths  map[string]methods
}

// methods are the handlers of one path.
type methods map[string]http.HandlerFunc

func newRouteMux(refuseRequest refuseFunc) *routeMux {
	m := &routeMux{mux: http.NewServeMux(), refuse: refuseRequest, paths: map[string]methods{}}
	m.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuseRequest(w, r, refuse(codeNotFound, ""))
	})
	return m
}

// handle adds a route. The pattern is a path as http.ServeMux takes it,
// without a method; GET answers HEAD too.
func (m *routeMux) handle(method, pattern string, h http.HandlerFunc) {
	known := m.paths[pattern]
	if known == nil {
		known = methods{}
		m.paths[pattern] = known
		m.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { m.dispatch(known, w, r) })
	}
	known[method] = h
}

func (m *routeMux) dispatch(known methods, w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	h := known[method]
	if h == nil {
		w.Header().Set("Allow", known.allow())
		m.refuse(w, r, refuse(codeMethodNotAllowed, ""))
		return
	}
	h(w, r)
}

// allow is the Allow header of a path.
func (m methods) allow() string {
	names := slices.Collect(maps.Keys(m))
	if m[http.MethodGet] != nil {
		names = append(names, http.MethodHead)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
