package relay

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what the relay does. Every value of a label is a constant of the
// program: nothing that a stranger sends makes a series.
type metrics struct {
	opened   prometheus.Counter
	ends     *prometheus.CounterVec // reason
	refusals *prometheus.CounterVec // route, reason
	messages prometheus.Counter
	bytes    prometheus.Counter
	wakes    *prometheus.CounterVec // outcome
}

func newMetrics() *metrics {
	m := &metrics{
		opened: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hither_relay_tunnels_opened_total",
			Help: "Tunnels that a phone opened, or that were made to wake one.",
		}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_relay_tunnels_ended_total",
			Help: "Tunnels that ended, by why.",
		}, []string{"reason"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_relay_refusals_total",
			Help: "Requests that were answered with no tunnel, by what they asked for and why.",
		}, []string{"route", "reason"}),
		messages: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hither_relay_messages_total",
			Help: "Messages that were moved, or tried to.",
		}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hither_relay_message_bytes_total",
			Help: "Bytes in these messages.",
		}),
		wakes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hither_relay_wakes_total",
			Help: "Phones that were woken, by what became of it.",
		}, []string{"outcome"}),
	}
	// What a graph begins with, rather than with nothing.
	for _, why := range reasons() {
		m.ends.WithLabelValues(string(why))
	}
	m.wakes.WithLabelValues("came")
	return m
}

// Collectors are what /metrics shows of the relay. They are registered nowhere.
func (r *Relay) Collectors() []prometheus.Collector {
	m := r.metrics
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value)
	}
	const tunnels = "hither_relay_tunnels"
	const tunnelsHelp = "Tunnels that are open: waiting for the second party, or passing messages."
	return []prometheus.Collector{
		m.opened, m.ends, m.refusals, m.messages, m.bytes, m.wakes,
		gauge(tunnels, tunnelsHelp, prometheus.Labels{"state": "passing"}, func() float64 { n, _, _ := r.counts(); return float64(n) }),
		gauge(tunnels, tunnelsHelp, prometheus.Labels{"state": "waiting"}, func() float64 { _, n, _ := r.counts(); return float64(n) }),
		gauge("hither_relay_listeners", "Phones that wait to be woken.", nil, func() float64 { _, _, n := r.counts(); return float64(n) }),
		gauge("hither_relay_buffer_bytes", "Memory that messages hold beyond the first 2 KiB of each.", nil,
			func() float64 { return float64(r.bank.lent.Load()) }),
	}
}

func (m *metrics) ended(why reason) { m.ends.WithLabelValues(string(why)).Inc() }

func (m *metrics) refused(route, why string) { m.refusals.WithLabelValues(route, why).Inc() }

func (m *metrics) moved(bytes int) {
	m.messages.Inc()
	m.bytes.Add(float64(bytes))
}

// woken counts a phone that came, or why it did not.
func (m *metrics) woken(no *refusal) {
	outcome := "came"
	if no != nil {
		outcome = no.reason
	}
	m.wakes.WithLabelValues(outcome).Inc()
}
