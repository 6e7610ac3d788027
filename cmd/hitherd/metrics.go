package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/server"
	"github.com/hitherauth/hither/internal/store/sqlite"
)

const (
	// scrapes is how many scrapes are answered at a time.
	scrapes = 4
	// scrapeTimeout is what one may take.
	scrapeTimeout = 10 * time.Second
)

// observation is what is shown to those who watch the server: the door of
// /metrics and the census that it tells of.
type observation struct {
	door   door
	census *census
}

// observe opens the listener of /metrics. c is nil where there is no certificate.
func (h *house) observe(ctx context.Context, s *server.Server, c *certificate) (*observation, error) {
	o := &observation{census: &census{store: h.store, logger: h.logger}}
	registry := prometheus.NewRegistry()
	list := []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(), o.census,
	}
	list = append(list, s.Collectors()...)
	list = append(list, h.store.Collectors()...)
	list = append(list, h.keys.Collectors()...)
	if c != nil {
		list = append(list, c.collector())
	}
	for _, each := range list {
		if err := registry.Register(each); err != nil {
			return nil, err
		}
	}
	e, err := parseListen("metrics_listen", h.config.MetricsListen)
	if err != nil {
		return nil, err
	}
	l, err := e.listen(ctx, "metrics_listen")
	if err != nil {
		return nil, err
	}
	o.door = door{listeners: []net.Listener{l}, handler: metricsHandler(registry, h.logger), logger: h.logger}
	h.logger.Info("metrics", "url", "http://"+l.Addr().String()+"/metrics")
	return o, nil
}

// metricsHandler answers GET /metrics and nothing else, under any host name.
func metricsHandler(registry *prometheus.Registry, logger *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(logger.Handler(), slog.LevelError),
		ErrorHandling:       promhttp.ContinueOnError, // the rest is of use
		MaxRequestsInFlight: scrapes,
		Timeout:             scrapeTimeout,
	}))
	return mux
}

// buildInfo is 1, with what was built as its labels.
func buildInfo() prometheus.Collector {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "hither_build_info",
		Help:        "1, with the version of hitherd and of the Go that built it.",
		ConstLabels: prometheus.Labels{"version": cli.Version(), "goversion": runtime.Version()},
	})
	info.Set(1)
	return info
}

// collector tells until when the certificate is valid.
func (c *certificate) collector() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hither_tls_certificate_not_after_timestamp_seconds",
		Help: "When the certificate in use ends, in seconds since 1970.",
	}, func() float64 {
		pair, _ := c.get(nil) // it never fails
		return float64(pair.Leaf.NotAfter.Unix())
	})
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
