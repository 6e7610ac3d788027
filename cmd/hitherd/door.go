package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/internal/front"
	"github.com/hitherauth/hither/internal/server"
)

// grace is how long requests may take to finish after the signal to stop.
// Closing the database comes after it; both fit into 10 s.
const grace = 8 * time.Second

// door is a handler behind one or more listeners.
type door struct {
	listeners   []net.Listener
	certificate *front.Certificate // nil: plain HTTP
	handler     http.Handler
	logger      *slog.Logger
	farewell    time.Duration // for open connections, see leaving; 0: the usual
}

func (d door) port() int { return portOf(d.listeners[0]) }

func (d door) close() error {
	var errs []error
	for _, l := range d.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// run serves until ctx ends, then lets requests finish.
func (d door) run(ctx context.Context) error {
	leave := newLeaving()
	s := server.NewHTTPServer(leave.handler(d.handler), d.logger)
	s.ConnState = leave.count
	if d.certificate != nil {
		s.TLSConfig = d.certificate.TLSConfig()
	}
	g, running := errgroup.WithContext(ctx)
	for _, l := range d.listeners {
		g.Go(func() error {
			serve := s.Serve
			if d.certificate != nil {
				serve = func(l net.Listener) error { return s.ServeTLS(l, "", "") }
			}
			if err := serve(l); !errors.Is(err, http.ErrServerClosed) && !leave.closing() {
				return err
			}
			return nil
		})
	}
	g.Go(func() error {
		<-running.Done()
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		leave.begin()
		_ = d.close() // whoever comes now finds nobody
		leave.wait(cmp.Or(d.farewell, farewell))
		err := s.Shutdown(limit)
		if errors.Is(err, net.ErrClosed) {
			err = nil // the listeners, which it closes too
		}
		if errors.Is(err, context.DeadlineExceeded) {
			d.logger.Warn("requests cut off")
			return s.Close()
		}
		return err
	})
	return g.Wait()
}
