package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/hitherauth/hither/internal/api"
)

// Failure is how often something failed in one way.
type Failure struct {
	Kind    string `json:"kind"` // "finish: 503 unavailable", "begin: no answer in time"
	Count   int    `json:"count"`
	Example string `json:"example"` // the first of them, in full
}

// stepError says in which of several requests an error came.
type stepError struct {
	step string
	err  error
}

func (e *stepError) Error() string { return e.step + ": " + e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

func step(name string, err error) error {
	if err == nil {
		return nil
	}
	return &stepError{name, err}
}

// kind is what errors are counted by. It holds neither addresses nor ports, of
// which there are too many.
func kind(err error) string {
	if s, ok := errors.AsType[*stepError](err); ok {
		return s.step + ": " + kind(s.err)
	}
	if r, ok := errors.AsType[*api.RefusalError](err); ok {
		if r.Code == "" {
			return strconv.Itoa(r.Status)
		}
		return fmt.Sprintf("%d %s", r.Status, r.Code)
	}
	for _, known := range []struct {
		err  error
		text string
	}{
		{context.DeadlineExceeded, "no answer in time"},
		{os.ErrDeadlineExceeded, "no answer in time"},
		{syscall.ECONNREFUSED, "connection refused"},
		{syscall.ECONNRESET, "connection broken"},
		{syscall.EPIPE, "connection broken"},
		{io.EOF, "connection broken"},
		{io.ErrUnexpectedEOF, "connection broken"},
	} {
		if errors.Is(err, known.err) {
			return known.text
		}
	}
	if o, ok := errors.AsType[*net.OpError](err); ok {
		return o.Op + ": " + o.Err.Error()
	}
	return err.Error()
}
