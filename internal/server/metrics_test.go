package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/hitherauth/hither/internal/server"
)

// gather is what /metrics would show of the house.
func (h *house) gather() []*dto.MetricFamily {
	h.t.Helper()
	registry := prometheus.NewPedanticRegistry()
	for _, c := range slices.Concat(h.server.Collectors(), h.store.Collectors(), h.keys.Collectors()) {
		if err := registry.Register(c); err != nil {
			h.t.Fatal(err)
		}
	}
	return must(registry.Gather())(h.t)
}

// labels are the values of a metric's label, in order and each once.
func labels(families []*dto.MetricFamily, name, label string) []string {
	var out []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, pair := range m.GetLabel() {
				if f.GetName() == name && pair.GetName() == label {
					out = append(out, pair.GetValue())
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// PRIV-07, HTTP-32: what strangers send makes no series.
func TestHostileLabels(t *testing.T) {
	t.Parallel()
	t.Run("PRIV-07_labels_are_bounded", func(t *testing.T) {
		t.Parallel()
		h := openHouse(t)
		b := h.browser()
		b.signUp("label")
		for i := range 40 {
			name := fmt.Sprintf("canary%d", i)
			b.do(http.MethodGet, "/"+name, nil)
			b.do(http.MethodGet, "/api/v1/"+name, nil)
			b.do("CANARY"+strings.Repeat("X", i), "/login", nil)
			b.do(http.MethodPut, "/api/v1/credentials/"+name, nil)
			b.do(http.MethodDelete, "/api/v1/credentials/"+name, nil)
			b.do(http.MethodPost, pathAuthFinish, object{"ceremony": name, "credential": object{"id": name, "type": name}})
			b.do(http.MethodPost, pathAuthFinish, b.assert(b.beginAuthentication(object{}), clientData("type", name), clientData("origin", "https://"+name+".test")))
			_, _ = h.raw("GET http://" + name + ".test/ HTTP/1.1\r\nHost: " + name + "\r\n\r\n")
		}
		families := h.gather()
		if text := fmt.Sprint(families); strings.Contains(strings.ToLower(text), "canary") {
			t.Errorf("a client's word is in the metrics:\n%.4000s", text)
		}
		for _, row := range []struct{ name, label, want string }{
			{"hither_http_request_duration_seconds", "method", "DELETE GET POST other"},
			{"hither_http_request_duration_seconds", "status", "2xx 4xx"},
			{"hither_http_request_duration_seconds", "route", "/api/v1/authentication/begin /api/v1/authentication/finish /api/v1/credentials/{id} /api/v1/registration/begin /api/v1/registration/finish /login none"},
			{"hither_ceremonies_finished_total", "kind", "authentication registration"},
			{"hither_ceremonies_finished_total", "outcome", "completed refused unopened"},
			{"hither_ceremonies_finished_total", "check", " ceremony type"},
		} {
			if diff := cmp.Diff(row.want, strings.Join(labels(families, row.name, row.label), " ")); diff != "" {
				t.Errorf("%s of %s:\n%s", row.label, row.name, diff)
			}
		}
	})
}

// counted is the value of a counter or gauge whose label kind or outcome has a value.
func (h *house) counted(name, value string) float64 {
	h.t.Helper()
	for _, f := range h.gather() {
		for _, m := range f.GetMetric() {
			for _, pair := range m.GetLabel() {
				if f.GetName() == name && pair.GetValue() == value {
					return m.GetCounter().GetValue() + m.GetGauge().GetValue() // it is one of the two
				}
			}
		}
	}
	h.t.Fatalf("no %s of %s", name, value)
	return 0
}

// A request that is refused by a limit is counted by the limit's kind, and not
// as a ceremony.
func TestLimitsAreCounted(t *testing.T) {
	t.Parallel()
	h := openHouse(t, houseConfig{edit: func(c *server.Config) { c.RateLimitsOff = false }})
	b := h.browser()
	limited := 0
	for range 700 {
		if a := b.do(http.MethodPost, pathAuthBegin, object{}); a.status == http.StatusTooManyRequests {
			limited++
		}
	}
	if got := h.counted("hither_rate_limited_total", "ceremony"); got != float64(limited) || limited == 0 {
		t.Errorf("%v requests were refused, want %d", got, limited)
	}
	if got := h.counted("hither_ceremonies_begun_total", "authentication"); got != float64(700-limited) {
		t.Errorf("%v ceremonies began, want %d", got, 700-limited)
	}
	if got := h.counted("hither_rate_limit_prefixes", "ceremony"); got != 1 {
		t.Errorf("%v prefixes are known, want 1", got)
	}
}

func TestGuessesAreCounted(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.browser().guessAll()
	if got := h.counted("hither_rate_limited_total", "guess"); got != 1 {
		t.Errorf("%v guesses were refused, want 1", got)
	}
}
