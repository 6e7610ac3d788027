package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// probe is a transport that notes what came back. It is for one request.
type probe struct {
	transport *http.Transport
	origin    string // that requests are said to come from, if not empty

	sent, answered time.Time // zero: not yet
	date           time.Time // by the other side's clock; zero: it did not say
	state          *tls.ConnectionState
}

func newProbe(origin string, secure *tls.Config) *probe {
	return &probe{origin: origin, transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
	}}
}

// RoundTrip makes a request and notes the answer.
func (w *probe) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if w.origin != "" {
		r.Header.Set("Origin", w.origin) // as when a sign-in is finished
	}
	w.sent = time.Now()
	response, err := w.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	w.answered, w.state = time.Now(), response.TLS
	w.date, _ = http.ParseTime(response.Header.Get("Date"))
	return response, nil
}

// connection says what was spoken.
func (w *probe) connection() string {
	if w.state == nil {
		return "without TLS"
	}
	return tls.VersionName(w.state.Version) + ", certificate until " + w.certificateEnds().UTC().Format(time.DateOnly)
}

func (w *probe) certificateEnds() time.Time {
	if w.state == nil || len(w.state.PeerCertificates) == 0 {
		return time.Time{}
	}
	return w.state.PeerCertificates[0].NotAfter
}

// unreached says why there was no answer.
func unreached(err error) (code, detail, remedy string) {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		err = e.Err
	}
	code, detail, remedy = "unreachable", err.Error(), "is this machine online, and does its network let this address through? A proxy is taken from HTTPS_PROXY"
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var dns *net.DNSError
	switch {
	case errors.As(err, &authority):
		return "certificate_untrusted", detail, "a certificate that this machine does not trust: of your own authority, give it with SSL_CERT_FILE or ,ca=FILE of --tunnel; else somebody is in between"
	case errors.As(err, &hostname):
		return "certificate_foreign", detail, "the certificate is for another name: use that name, or have whoever runs it get one for this"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "certificate_expired", detail, "is this machine's clock right? If so, whoever runs it must renew the certificate"
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &invalid):
		return "tls_failed", detail, "there is no proper TLS at this address: is it the right one, and is nothing in between that breaks it open?"
	case errors.As(err, &dns):
		return "no_such_name", detail, "the name is not found: is it right, and is this machine online?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection_refused", detail, "nothing listens there: is the address right, and is the service up?"
	case errors.Is(err, context.DeadlineExceeded):
		return "no_answer", "no answer within " + requestPatience.String(), remedy
	}
	return code, detail, remedy
}

// maxSkew is how far this machine's clock may be from others: the answer has full
// seconds, and a QR code is good for a few minutes.
const maxSkew = time.Minute

// clockCheck compares this machine's clock with those of others. The server's counts.
type clockCheck struct {
	mu     sync.Mutex
	whose  string
	ahead  time.Duration
	server bool
}

// saw takes what a probe was told.
func (c *clockCheck) saw(w *probe, whose string, server bool) {
	if w.date.IsZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.whose != "" && (c.server || !server) {
		return
	}
	// Somewhere between the two it was written, and cut to full seconds.
	middle := w.sent.Add(w.answered.Sub(w.sent) / 2)
	c.whose, c.server, c.ahead = whose, server, middle.Round(0).Sub(w.date.Add(time.Second/2))
}

func (c *clockCheck) finding() finding {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := finding{Check: "clock", Subject: "This machine's clock", Verdict: inOrder}
	switch {
	case c.whose == "":
		f.Verdict = notTried
	case c.ahead.Abs() <= maxSkew:
		f.Detail = "agrees with " + c.whose
	default:
		word := "ahead of"
		if c.ahead < 0 {
			word = "behind"
		}
		f.Verdict, f.Code = failed, "clock_wrong"
		f.Detail = fmt.Sprintf("%v %s that of %s", c.ahead.Abs().Round(time.Second), word, c.whose)
		f.Remedy = "set it: timedatectl set-ntp true; if it is right, that of the other side is wrong"
	}
	return f
}
