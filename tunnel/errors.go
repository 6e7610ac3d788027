package tunnel

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// ErrGone says that a contact id is dead for good (HTTP 410): a client platform
// deletes its link, a phone takes a new contact id.
var ErrGone = errors.New("tunnel: the contact id is dead for good")

// StatusError is an answer of a tunnel service other than a tunnel. With status
// 410 it is [ErrGone], for [errors.Is].
type StatusError struct {
	Status int // of HTTP
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("tunnel: the service answered %d %s", e.Status, http.StatusText(e.Status))
}

// Is says that 410 is [ErrGone].
func (e *StatusError) Is(target error) bool {
	return target == ErrGone && e.Status == http.StatusGone
}

// CloseError says that a channel ended, and not in good order.
type CloseError struct {
	Code int // of WebSocket (RFC 6455 §7.4.1): 1008 a limit, 1001 the other end vanished
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("tunnel: the service closed the channel with code %d", e.Code)
}

// redirectError is why a redirect is not followed.
type redirectError string

func (e redirectError) Error() string { return string(e) }

// cause is what may be told of an error of a dial: what the network, TLS or a
// redirect said. The rest may quote the address, and so the identifiers in its
// path, or a stranger's answer.
func cause(err error) error {
	// It says the address, and is a net.Error itself.
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[net.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	if e, ok := errors.AsType[tls.AlertError](err); ok {
		return e
	}
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return e
	}
	if e, ok := errors.AsType[redirectError](err); ok {
		return e
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	return errors.New("the answer is not that of a WebSocket")
}
