package main

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hitherauth/hither/internal/front"
	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

// observation is what is shown to those who watch the server: the door of
// /metrics and the census that it tells of.
type observation struct {
	door   door
	census *census
}

// observe opens the listener of /metrics. c is nil where there is no certificate.
func (h *house) observe(ctx context.Context, s *server.Server, c *front.Certificate) (*observation, error) {
	o := &observation{census: &census{store: h.store, logger: h.logger}}
	list := slices.Concat([]prometheus.Collector{o.census}, s.Collectors(), h.store.Collectors(), h.keys.Collectors())
	if c != nil {
		list = append(list, c.Collector())
	}
	handler, err := front.Metrics(h.logger, list...)
	if err != nil {
		return nil, err
	}
	e, err := parseListen("metrics_listen", h.config.MetricsListen)
	if err != nil {
		return nil, err
	}
	l, err := e.listen(ctx, "metrics_listen")
	if err != nil {
		return nil, err
	}
	o.door = door{listeners: []net.Listener{l}, handler: handler, logger: h.logger}
	h.logger.Info("metrics", "url", "http://"+l.Addr().String()+"/metrics")
	return o, nil
}

// How the census is spaced: by a minute at least, and so that it takes one part
// in censusShare of one processor at most, however many people there are.
const (
	censusEvery = time.Minute
	censusShare = 200
)

// census counts people, passkeys and sessions from time to time. A scrape is
// told what was last counted.
type census struct {
	store  *sqlite.Store
	logger *slog.Logger
	last   atomic.Pointer[sqlite.Census] // nil: not counted yet
}

// run counts until ctx ends.
func (c *census) run(ctx context.Context) {
	for {
		began := time.Now()
		count, err := c.store.Count(ctx, began)
		switch {
		case err == nil:
			c.last.Store(&count)
		case ctx.Err() == nil:
			c.logger.Warn("census failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(censusEvery, censusShare*time.Since(began))):
		}
	}
}

// Describe and Collect make the census a prometheus.Collector.
func (c *census) Describe(to chan<- *prometheus.Desc) {
	for _, m := range censusMetrics(sqlite.Census{}) {
		to <- m.Desc()
	}
}

func (c *census) Collect(to chan<- prometheus.Metric) {
	if last := c.last.Load(); last != nil {
		for _, m := range censusMetrics(*last) {
			to <- m
		}
	}
}

func censusMetrics(c sqlite.Census) []prometheus.Metric {
	metric := func(name, help string, kind prometheus.ValueType, value int64) prometheus.Metric {
		return prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), kind, float64(value))
	}
	return []prometheus.Metric{
		metric("hither_accounts", "Accounts, counted at most once a minute.", prometheus.GaugeValue, c.Accounts),
		metric("hither_credentials", "Passkeys, counted at most once a minute.", prometheus.GaugeValue, c.Credentials),
		metric("hither_sessions", "Sessions that are alive, counted at most once a minute.", prometheus.GaugeValue, c.Sessions),
		metric("hither_events_total", "Audit events written, counted at most once a minute.", prometheus.CounterValue, c.Events),
	}
}
