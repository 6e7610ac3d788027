package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/internal/cli"
)

// sweepEvery is how often expired rows are removed.
const sweepEvery = time.Minute

func (p program) serveCommand() *cobra.Command {
	return configured(&cobra.Command{
		Use:   "serve",
		Short: "Start the server",
		Long: "Start the server. Standard output gets one line with the address and, while there is no administrator, one with the setup link.\n" +
			"SIGTERM and Ctrl-C let requests finish and end the server within 10 s; a second one ends it at once.",
		Args: cli.Between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, c, err := p.resolve(cmd)
			if err != nil {
				return err
			}
			ctx, stop := cli.UntilSignal(cmd.Context())
			defer stop()
			if err := p.serve(ctx, c); !errors.Is(err, context.Canceled) || ctx.Err() == nil {
				return err
			}
			return nil // told to stop while starting
		},
	})
}

// serve runs the server until ctx ends.
func (p program) serve(ctx context.Context, c config) (err error) {
	logger := p.logger(c)
	judged, err := c.judgeSite()
	if err != nil {
		return err
	}
	traces, err := p.judgeTracing()
	if err != nil {
		return err
	}
	tracer, closeTracer, err := traces.tracer(ctx, logger)
	if err != nil {
		return err
	}
	defer closeTracer() // after the house is closed: that matters more
	d, err := ownDirectory(c.DataDir)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, c, d, judged.rpID, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	h.tracer = tracer
	open, err := h.openDoors(ctx, judged)
	if err != nil {
		return err
	}
	s := open.site
	for _, w := range append(c.warnings(), traces.warnings()...) {
		logger.Warn("configuration warning", "detail", w)
	}
	logger.Info("starting", "version", cli.Version(), "origin", s.origin, "rp_id", s.rpID, "store", "sqlite", "data_dir", h.directory.Path(), "pid", os.Getpid())

	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return open.public.run(running) })
	g.Go(func() error { return open.operator.run(running) })
	if m := open.metrics; m != nil {
		g.Go(func() error { return m.door.run(running) })
		g.Go(func() error { m.census.run(running); return nil })
	}
	g.Go(func() error { h.keys.Run(running); return nil })
	g.Go(func() error { h.sweep(running); return nil })
	g.Go(func() error { h.sealer.Run(running); return nil })
	g.Go(func() error { return p.greet(running, h, s) })
	g.Go(func() error {
		<-running.Done()
		logger.Info("stopping")
		p.tellManager(context.WithoutCancel(ctx), logger, stateStopping)
		return nil
	})
	err = g.Wait()
	logger.Info("stopped")
	return err
}

// doors are what a house listens on.
type doors struct {
	site     site
	public   door
	operator door
	metrics  *observation // nil: none is configured
}

// openDoors opens the listener for people, that of /metrics, and the socket
// for operators.
func (h *house) openDoors(ctx context.Context, judged site) (d doors, err error) {
	if d.public, err = h.config.openListener(ctx, judged); err != nil {
		return d, err
	}
	opened := []door{d.public}
	defer func() {
		if err != nil {
			for _, each := range opened {
				err = errors.Join(err, each.close())
			}
		}
	}()
	if h.config.TLSCertFile != "" {
		if d.public.certificate, err = h.config.certificate(h.logger); err != nil {
			return d, err
		}
	}
	if d.site, err = h.config.site(d.public.port()); err != nil {
		return d, err
	}
	srv, err := h.server(d.site)
	if err != nil {
		return d, err
	}
	d.public.handler, d.public.logger = srv.Handler(), h.logger
	if h.config.MetricsListen != "" {
		if d.metrics, err = h.observe(ctx, srv, d.public.certificate); err != nil {
			return d, err
		}
		opened = append(opened, d.metrics.door)
	}
	d.operator, err = h.openOperatorDoor(ctx, srv.Operator())
	return d, err
}

// openOperatorDoor opens the socket of this house.
func (h *house) openOperatorDoor(ctx context.Context, handler http.Handler) (door, error) {
	l, err := listenSocket(ctx, h.socket())
	if err != nil {
		return door{}, err
	}
	return door{listeners: []net.Listener{l}, handler: handler, logger: h.logger}, nil
}

// sweep removes expired rows from time to time until ctx ends.
func (h *house) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := h.store.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			h.logger.Error("sweep failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// greet says that the server is up, once it answers. The setup link comes from
// the operators' door, like every other link.
func (p program) greet(ctx context.Context, h *house, s site) error {
	setup, err := newOperator(h.socket()).setup(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // told to stop while starting
		}
		return err
	}
	if err := p.announce(s, setup); err != nil {
		return err
	}
	p.tellManager(ctx, h.logger, stateReady)
	return nil
}
