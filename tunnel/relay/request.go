package relay

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// refusal is an answer other than 101. Its reason is the value of a label.
type refusal struct {
	status int
	reason string
}

// describe sets the headers of the answer.
func (no refusal) describe(header http.Header) {
	header.Set("Cache-Control", "no-store")
	switch no.status {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodGet)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", "10")
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	case http.StatusBadRequest:
		header.Set("Sec-WebSocket-Version", "13")
	}
}

// answered is the status of a refusal of which who asked knows already.
const answered = 0

// request is one that has passed check.
type request struct {
	*http.Request
	subprotocol string
	prefix      netip.Prefix
}

// ServeHTTP answers the addresses in the package's documentation, and any other
// with 404.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	name, serve := r.route(req)
	no := &refusal{http.StatusNotFound, "path"}
	if serve != nil {
		no = serve(w, req)
	}
	if no == nil {
		return
	}
	r.metrics.refused(name, no.reason)
	if no.status == answered {
		return
	}
	header := w.Header()
	no.describe(header)
	if req.ContentLength != 0 {
		// The server would wait for a body that nobody wants.
		header.Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(farewellTime))
	}
	http.Error(w, http.StatusText(no.status), no.status)
}

// route finds who serves an address, and its name for metrics. Addresses are taken
// literally: an escape, an empty segment or a query makes another one.
func (r *Relay) route(req *http.Request) (string, func(http.ResponseWriter, *http.Request) *refusal) {
	path := req.URL.EscapedPath()
	if req.URL.RawQuery != "" || req.URL.ForceQuery || strings.Contains(path, "%") {
		return "none", nil
	}
	if text, ok := strings.CutPrefix(path, "/cable/new/"); ok {
		if id, err := tunnel.ParseID(text); err == nil {
			return "new", func(w http.ResponseWriter, req *http.Request) *refusal { return r.serveNew(w, req, id) }
		}
	}
	if text, ok := strings.CutPrefix(path, "/cable/connect/"); ok {
		first, second, _ := strings.Cut(text, "/")
		routing, err1 := tunnel.ParseRoutingID(first)
		id, err2 := tunnel.ParseID(second)
		if err1 == nil && err2 == nil {
			return "connect", func(w http.ResponseWriter, req *http.Request) *refusal { return r.serveConnect(w, req, routing, id) }
		}
	}
	if text, ok := strings.CutPrefix(path, "/cable/contact/"); ok {
		if id, err := tunnel.ParseContactID(text); err == nil {
			return "contact", func(w http.ResponseWriter, req *http.Request) *refusal { return r.serveContact(w, req, id) }
		}
	}
	if path == "/hither/listen" {
		return "listen", func(w http.ResponseWriter, req *http.Request) *refusal { return r.serveListen(w, req, nil) }
	}
	if text, ok := strings.CutPrefix(path, "/hither/listen/"); ok {
		if id, err := tunnel.ParseContactID(text); err == nil {
			return "listen", func(w http.ResponseWriter, req *http.Request) *refusal { return r.serveListen(w, req, id) }
		}
	}
	return "none", nil
}

// check decides whether a request may become a WebSocket of this subprotocol.
func (r *Relay) check(req *http.Request, subprotocol string) (request, *refusal) {
	switch {
	case req.Method != http.MethodGet:
		return request{}, &refusal{http.StatusMethodNotAllowed, "method"}
	case !upgrades(req):
		return request{}, &refusal{http.StatusBadRequest, "no_upgrade"}
	case !offers(req, subprotocol):
		return request{}, &refusal{http.StatusBadRequest, "subprotocol"}
	case req.TLS == nil && !r.config.Plain && !remoteAddr(req).Unmap().IsLoopback():
		return request{}, &refusal{http.StatusForbidden, "plain"}
	case !r.originAllowed(req):
		return request{}, &refusal{http.StatusForbidden, "origin"}
	}
	return request{req, subprotocol, prefixOf(r.config.ClientAddr(req))}, nil
}

// upgrades says whether a request is the opening handshake of a WebSocket. See RFC
// 6455 §4.2.1.
func upgrades(req *http.Request) bool {
	key := req.Header.Values("Sec-WebSocket-Key")
	if len(key) != 1 || len(key[0]) != 24 {
		return false
	}
	nonce, err := base64.StdEncoding.DecodeString(key[0])
	return err == nil && len(nonce) == 16 &&
		req.ProtoMajor == 1 && req.ProtoMinor >= 1 &&
		req.ContentLength == 0 && len(req.TransferEncoding) == 0 &&
		slices.ContainsFunc(tokens(req, "Connection"), func(t string) bool { return strings.EqualFold(t, "upgrade") }) &&
		slices.ContainsFunc(tokens(req, "Upgrade"), func(t string) bool { return strings.EqualFold(t, "websocket") }) &&
		slices.Equal(req.Header.Values("Sec-WebSocket-Version"), []string{"13"})
}

// offers says whether a subprotocol is among those that are offered, of which each
// must be another. See RFC 6455 §4.1.
func offers(req *http.Request, subprotocol string) bool {
	offered := tokens(req, "Sec-WebSocket-Protocol")
	slices.Sort(offered)
	return slices.Contains(offered, subprotocol) && len(slices.Compact(slices.Clone(offered))) == len(offered)
}

// tokens are the elements of a header that is a list.
func tokens(req *http.Request, name string) []string {
	var out []string
	for _, line := range req.Header.Values(name) {
		for token := range strings.SplitSeq(line, ",") {
			if token = strings.TrimSpace(token); token != "" {
				out = append(out, token)
			}
		}
	}
	return out
}

// originAllowed says whether the page that asks, if it is one, may: none of them
// has anything to gain here, cookies are not read, and still no stranger's page
// shall use up what its visitors' networks may have. Programs send none, or ours.
func (r *Relay) originAllowed(req *http.Request) bool {
	origins := req.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	if len(origins) > 1 {
		return false
	}
	if slices.Contains(r.config.Origins, origins[0]) {
		return true
	}
	u, err := url.Parse(origins[0])
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origins[0] {
		return false
	}
	switch u.Scheme {
	case "wss", "https":
		return sameHost(u.Host, req.Host, "443")
	case "ws", "http":
		// Without TLS a name says nothing: whoever serves a page may have it resolve to here.
		return req.TLS == nil && isLoopback(u.Hostname()) && sameHost(u.Host, req.Host, "80")
	default:
		return false
	}
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// sameHost compares hosts with or without the port that goes without saying.
func sameHost(a, b, port string) bool {
	with := func(host string) string {
		if h, p, err := net.SplitHostPort(host); err == nil {
			return net.JoinHostPort(h, p)
		}
		return net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return strings.EqualFold(with(a), with(b))
}
