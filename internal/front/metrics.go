package front

import (
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hitherauth/hither/internal/cli"
)

const (
	// scrapes is how many scrapes are answered at a time.
	scrapes = 4
	// scrapeTimeout is what one may take.
	scrapeTimeout = 10 * time.Second
)

// Metrics makes a handler that answers GET /metrics and nothing else, under any
// host name, with what list collects and what every program tells: what was built,
// its process, the Go runtime. The error is that two of list are alike.
func Metrics(logger *slog.Logger, list ...prometheus.Collector) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	for _, each := range append([]prometheus.Collector{
		// Package collectors has the same, and links database/sql.
		prometheus.NewGoCollector(),                                       //nolint:staticcheck // SA1019: as above
		prometheus.NewProcessCollector(prometheus.ProcessCollectorOpts{}), //nolint:staticcheck // SA1019: as above
		buildInfo(),
	}, list...) {
		if err := registry.Register(each); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(logger.Handler(), slog.LevelError),
		ErrorHandling:       promhttp.ContinueOnError, // the rest is of use
		MaxRequestsInFlight: scrapes,
		Timeout:             scrapeTimeout,
	}))
	return mux, nil
}

// buildInfo is 1, with what was built as its labels.
func buildInfo() prometheus.Collector {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "hither_build_info",
		Help:        "1, with the version of the program and of the Go that built it.",
		ConstLabels: prometheus.Labels{"version": cli.Version(), "goversion": runtime.Version()},
	})
	info.Set(1)
	return info
}
