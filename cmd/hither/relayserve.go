package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/front"
	"github.com/hitherauth/hither/tunnel/relay"
)

// relayFarewell is how long a relay may take to say goodbye to everybody, after its grace.
const relayFarewell = 5 * time.Second

// relayHouse is a relay with what it listens on.
type relayHouse struct {
	flags    relayFlags
	logger   *slog.Logger
	relay    *relay.Relay
	stopping atomic.Bool

	listener    net.Listener
	certificate *front.Certificate // nil: plain
	server      *http.Server
	observed    net.Listener // nil: nobody watches
	observation *http.Server
}

// relay is a relay until ctx ends, and then as long as its tunnels need and may.
func (p program) relay(ctx context.Context, f relayFlags) error {
	h := &relayHouse{flags: f, logger: relayLogger(p.stderr, f)}
	if err := h.open(ctx); err != nil {
		return err
	}
	for _, w := range f.warnings() {
		h.logger.Warn("configuration warning", "detail", w)
	}
	scheme := "wss"
	if h.certificate == nil {
		scheme = "ws"
	}
	h.logger.Info("starting", "version", cli.Version(), "node", f.node)
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return h.serve() })
	g.Go(func() error { return h.observe() })
	g.Go(func() error {
		<-running.Done()
		return h.leave(ctx)
	})
	if _, err := fmt.Fprintf(p.stdout, "listening %s://%s\n", scheme, h.listener.Addr()); err != nil {
		g.Go(func() error { return err }) // whoever wanted to know is gone
	}
	err := g.Wait()
	h.logger.Info("stopped")
	return err
}

func relayLogger(w io.Writer, f relayFlags) *slog.Logger {
	options := &slog.HandlerOptions{Level: f.logLevel}
	if f.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// open makes everything that can fail before anybody is served.
func (h *relayHouse) open(ctx context.Context) (err error) {
	f := h.flags
	h.relay = relay.New(relay.Config{
		Node: f.node, Origins: f.origins, Plain: f.plain, ClientAddr: f.proxies.ClientAddr, Limits: f.limits, Logger: h.logger,
	})
	collectors := h.relay.Collectors()
	var secure *tls.Config
	if f.certFile != "" {
		if h.certificate, err = front.OpenCertificate(f.certFile, f.keyFile, h.logger); err != nil {
			return &cli.ExitError{Code: cli.ExitRefused, Err: err}
		}
		secure = h.certificate.TLSConfig()
		collectors = append(collectors, h.certificate.Collector())
	}
	h.server = relay.NewServer(h.handler(), secure)
	metrics, err := front.Metrics(h.logger, collectors...)
	if err != nil {
		return err
	}
	h.observation = relay.NewServer(metrics, nil) // its limits are as good for scrapes
	if h.listener, err = relayListen(ctx, f.listen, "--listen"); err != nil {
		return err
	}
	if f.metricsListen == "" {
		return nil
	}
	if h.observed, err = relayListen(ctx, f.metricsListen, "--metrics-listen"); err != nil {
		return errors.Join(err, h.listener.Close())
	}
	h.logger.Info("metrics", "url", "http://"+h.observed.Addr().String()+"/metrics")
	return nil
}

func relayListen(ctx context.Context, address, flag string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, front.ListenFailure(err, front.Attempt{Address: address, Setting: flag, Program: "hither"})
	}
	return l, nil
}

// handler is the relay, and how it is, under any host name.
func (h *relayHouse) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/livez" && r.URL.Path != "/readyz" {
			h.relay.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case r.URL.Path == "/readyz" && h.stopping.Load():
			http.Error(w, "stopping", http.StatusServiceUnavailable)
		default:
			_, _ = io.WriteString(w, "ok\n") // who asked is gone
		}
	})
}

func (h *relayHouse) serve() error {
	var err error
	if h.certificate != nil {
		err = h.server.ServeTLS(h.listener, "", "")
	} else {
		err = h.server.Serve(h.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (h *relayHouse) observe() error {
	if h.observed == nil {
		return nil
	}
	if err := h.observation.Serve(h.observed); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// leave ends everything: if told to, when the tunnels have ended or their time is over.
func (h *relayHouse) leave(told context.Context) error {
	h.stopping.Store(true)
	h.logger.Info("stopping")
	ctx := context.WithoutCancel(told)
	if told.Err() != nil {
		patient, cancel := context.WithTimeout(ctx, h.flags.grace)
		defer cancel()
		if left := h.relay.Drain(patient); left > 0 {
			h.logger.Warn("tunnels cut off", "tunnels", left)
		}
	}
	limited, cancel := context.WithTimeout(ctx, relayFarewell)
	defer cancel()
	return errors.Join(
		orClosed(h.server.Shutdown(limited), h.server), // first: it does not know of tunnels
		h.relay.Shutdown(limited),
		h.observation.Close(),
	)
}

// orClosed closes a server that was not shut down in time: what is left are
// connections that ask nothing.
func orClosed(err error, server *http.Server) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
