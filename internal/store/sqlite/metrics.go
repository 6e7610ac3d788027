package sqlite

import (
	"context"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what the writer does.
type metrics struct {
	group      prometheus.Histogram
	commit     prometheus.Histogram
	wait       prometheus.Histogram
	refused    *prometheus.CounterVec // reason
	failures   prometheus.Counter
	reopenings prometheus.Counter
	checkpoint *prometheus.CounterVec // outcome
}

// Values of the label reason.
const (
	reasonFull   = "queue_full"
	reasonClosed = "not_ready"
)

func newMetrics() *metrics {
	m := &metrics{
		group: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "hither_store_group_size",
			Help:    "Changes that shared one commit.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, groupLength},
		}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "hither_store_commit_duration_seconds",
			Help:    "Time to make one group of changes durable, from BEGIN to the end of COMMIT.",
			Buckets: []float64{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5},
		}),
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "hither_store_wait_duration_seconds",
			Help:    "Time that a change waited for its group to begin.",
			Buckets: []float64{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5},
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_store_refused_total",
			Help: "Changes that were not taken: the queue was full, or the store not ready.",
		}, []string{"reason"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hither_store_failures_total",
			Help: "Groups that could not be made durable; the store was not ready then until it was opened again.",
		}),
		reopenings: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hither_store_reopenings_total",
			Help: "Times that the store became ready again after a failure.",
		}),
		checkpoint: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_store_checkpoints_total",
			Help: "Times that the write-ahead log was copied into the database because a change asked for it; SQLite does so by itself too.",
		}, []string{"outcome"}),
	}
	m.refused.WithLabelValues(reasonFull)
	m.refused.WithLabelValues(reasonClosed)
	m.checkpoint.WithLabelValues("done")
	m.checkpoint.WithLabelValues("failed")
	return m
}

// Collectors are what /metrics shows of the store. They are registered
// nowhere, and ask the database nothing.
func (s *Store) Collectors() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m := s.writer.metrics
	return []prometheus.Collector{
		m.group, m.commit, m.wait, m.refused, m.failures, m.reopenings, m.checkpoint,
		gauge("hither_store_queue_length", "Changes that wait for the writer.", func() float64 { return float64(len(s.writer.queue)) }),
		gauge("hither_store_queue_capacity", "Changes that can wait; further ones are refused.", func() float64 { return queueLength }),
		gauge("hither_store_ready", "1 when changes can be made, otherwise 0.", func() float64 {
			if s.writer.ready.Load() {
				return 1
			}
			return 0
		}),
		gauge("hither_store_database_bytes", "Size of the database file.", func() float64 { return fileSize(s.dir.file(databaseFile)) }),
		gauge("hither_store_log_bytes", "Size of the write-ahead log; it keeps its size while it is used again.", func() float64 { return fileSize(s.dir.file(databaseFile) + "-wal") }),
	}
}

// fileSize is 0 for what is not there.
func fileSize(path string) float64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return float64(info.Size())
}

// Census is how much of everything there is.
type Census struct {
	Accounts, Credentials int64
	Sessions              int64 // that have not expired
	Events                int64 // audit rows ever written
}

// Count takes a census at a moment. It reads an index of each table from end to
// end, so it is not for every request: see cmd/hitherd, which spaces it by what
// it cost.
func (s *Store) Count(ctx context.Context, now time.Time) (Census, error) {
	// In steps, so that no snapshot is held for longer than one of them takes:
	// the write-ahead log cannot begin anew behind a snapshot.
	var out Census
	for _, step := range []struct {
		query string
		args  []any
		into  *int64
	}{
		{`SELECT count(*) FROM account`, nil, &out.Accounts},
		{`SELECT count(*) FROM credential`, nil, &out.Credentials},
		{`SELECT count(*) FROM session WHERE expires_at > ?`, []any{millis(now)}, &out.Sessions},
		{`SELECT coalesce(max(no), 0) FROM event`, nil, &out.Events},
	} {
		err := s.read(ctx, func(c *conn) error {
			_, err := c.get(step.query, step.args, step.into)
			return err
		})
		if err != nil {
			return Census{}, err
		}
	}
	return out, nil
}
