package main

import (
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/load"
)

// scraped is what one scrape has told.
type scraped struct {
	samples map[string]float64 // by name and labels, as they are written
	rows    map[string]string  // rows of the table in docs/monitoring.md, by name
}

// scrape gets /metrics of a server.
func scrape(t *testing.T, s *process) scraped {
	t.Helper()
	s.waitForLog(t, "/metrics")
	address := regexp.MustCompile(`url=(http://\S+/metrics)`).FindSubmatch(s.logged(t))[1]
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, string(address), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "whoever.example" // makes no difference here
	response, err := plainClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Body.Close() != nil {
		t.Fatalf("got %s, %v", response.Status, err)
	}
	out := scraped{samples: map[string]float64{}, rows: map[string]string{}}
	help, kind, labels := map[string]string{}, map[string]string{}, map[string]map[string]bool{}
	label := regexp.MustCompile(`[{,]([a-z_]+)="`)
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, text, _ := strings.Cut(text, " ")
			help[name] = text
			continue
		}
		if text, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, text, _ := strings.Cut(text, " ")
			kind[name], labels[name] = text, map[string]bool{}
			continue
		}
		at := strings.LastIndex(line, " ")
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		out.samples[line[:at]] = value
		name, _, _ := strings.Cut(line[:at], "{")
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); kind[base] == "histogram" {
				name = base
			}
		}
		for _, m := range label.FindAllStringSubmatch(line[:at], -1) {
			if m[1] != "le" && strings.HasPrefix(name, "hither_") {
				labels[name]["`"+m[1]+"`"] = true
			}
		}
	}
	for name := range help {
		if strings.HasPrefix(name, "hither_") {
			names := strings.Join(slices.Sorted(maps.Keys(labels[name])), ", ")
			out.rows[name] = strings.Join([]string{"| `" + name + "`", kind[name], names, help[name] + " |"}, " | ")
		}
	}
	return out
}

// eventually waits until a scrape shows a value.
func (s *process) eventually(t *testing.T, sample string, want float64) scraped {
	t.Helper()
	var got scraped
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		got = scrape(t, s)
		if value, there := got.samples[sample]; there && value == want {
			return got
		}
	}
	t.Fatalf("%s is %v, want %v; all: %v", sample, got.samples[sample], want, got.samples)
	return got
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := startServer(t, "HITHER_METRICS_LISTEN=127.0.0.1:0", "HITHER_SIGNUP=open")
	client := newClient(t, s.origin, 4)
	ada := load.NewPerson(client)
	if _, err := ada.Register(t.Context(), api.Registration{Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := ada.SignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	twice, err := ada.AnswerAuthentication(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twice.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := twice.Finish(t.Context()); err == nil {
		t.Fatal("one ceremony was finished twice")
	}
	stranger := load.NewPerson(client)
	if _, err := stranger.Register(t.Context(), api.Registration{Name: "Ada"}); err == nil {
		t.Fatal("one name was given twice")
	}
	// What a request counts is there when its answer is, or a moment later.
	got := s.eventually(t, `hither_http_request_duration_seconds_count{method="POST",route="/api/v1/registration/finish",status="4xx"}`, 1)
	for sample, want := range map[string]float64{
		`hither_ceremonies_begun_total{kind="authentication"}`:                                                         4,
		`hither_ceremonies_begun_total{kind="registration"}`:                                                           2,
		`hither_ceremonies_finished_total{check="",kind="authentication",outcome="completed"}`:                         4,
		`hither_ceremonies_finished_total{check="ceremony_spent",kind="authentication",outcome="unopened"}`:            1,
		`hither_ceremonies_finished_total{check="",kind="registration",outcome="completed"}`:                           1,
		`hither_ceremonies_finished_total{check="name_taken",kind="registration",outcome="refused"}`:                   1,
		`hither_http_request_duration_seconds_count{method="POST",route="/api/v1/authentication/finish",status="2xx"}`: 4,
		`hither_http_requests_in_flight`:                                                                               0,
		`hither_rate_limit_prefixes{kind="ceremony"}`:                                                                  1,
		`hither_rate_limited_total{kind="ceremony"}`:                                                                   0,
		`hither_store_ready`:                               1,
		`hither_store_queue_capacity`:                      1024,
		`hither_store_failures_total`:                      0,
		`hither_store_checkpoints_total{outcome="failed"}`: 0,
	} {
		if got.samples[sample] != want {
			t.Errorf("%s is %v, want %v", sample, got.samples[sample], want)
		}
	}
	if got.samples["hither_store_group_size_count"] < 6 || got.samples["hither_store_commit_duration_seconds_count"] != got.samples["hither_store_group_size_count"] {
		t.Errorf("groups are not counted: %v", got.samples)
	}
	if at := got.samples["hither_ceremony_key_created_timestamp_seconds"]; time.Since(time.Unix(int64(at), 0)).Abs() > time.Hour {
		t.Errorf("the ceremony key is from %v", at)
	}
	// The census was taken at start, when there was nobody.
	if _, ok := got.samples["hither_accounts"]; !ok {
		t.Error("no census")
	}
	s.stop(t)
}

// TestMonitoringManual wants the table of metrics in the manual to be what the
// program tells, and the alerts to ask for nothing else.
func TestMonitoringManual(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	s := startServer(t, "HITHER_METRICS_LISTEN=127.0.0.1:0", "HITHER_TLS_CERT_FILE="+certFile, "HITHER_TLS_KEY_FILE="+keyFile)
	got := s.eventually(t, "hither_accounts", 0)
	s.stop(t)
	if at := got.samples["hither_tls_certificate_not_after_timestamp_seconds"]; time.Until(time.Unix(int64(at), 0)).Abs() > 2*time.Hour {
		t.Errorf("the certificate ends at %v", at)
	}
	manual, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for line := range strings.Lines(string(manual)) {
		if strings.HasPrefix(line, "| `hither_") {
			written = append(written, strings.TrimSpace(line))
		}
	}
	told := slices.Sorted(maps.Values(got.rows))
	if diff := cmp.Diff(told, slices.Sorted(slices.Values(written))); diff != "" {
		t.Errorf("docs/monitoring.md (-program +manual):\n%s", diff)
	}
	alerts, err := os.ReadFile("../../deploy/prometheus/hither.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(alerts)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&rules); err != nil || len(rules.Groups) != 1 || len(rules.Groups[0].Rules) == 0 {
		t.Fatalf("%v: %+v", err, rules)
	}
	for _, r := range rules.Groups[0].Rules {
		if r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
			t.Errorf("incomplete rule %+v", r)
		}
	}
	for _, name := range regexp.MustCompile(`hither_[a-z_]+`).FindAllString(string(alerts)+string(manual), -1) {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); got.rows[base] != "" {
				name = base
			}
		}
		if got.rows[name] == "" {
			t.Errorf("%s is no metric of the program", name)
		}
	}
}

// PRIV-09: what is for operators is on its own listener, and nothing else is.
func TestHostileMetricsListener(t *testing.T) {
	t.Parallel()
	t.Run("PRIV-09_metrics_have_a_listener_of_their_own", func(t *testing.T) {
		t.Parallel()
		s := startServer(t, "HITHER_METRICS_LISTEN=127.0.0.1:0")
		scrape(t, s)
		metrics := string(regexp.MustCompile(`url=(http://\S+)/metrics`).FindSubmatch(s.logged(t))[1])
		for _, row := range []struct {
			method, url string
			status      int
		}{
			{http.MethodGet, s.origin + "/metrics", http.StatusNotFound},
			{http.MethodGet, metrics + "/", http.StatusNotFound},
			{http.MethodGet, metrics + "/login", http.StatusNotFound},
			{http.MethodGet, metrics + "/api/v1/me", http.StatusNotFound},
			{http.MethodGet, metrics + "/api/v1/operator/accounts", http.StatusNotFound},
			{http.MethodGet, metrics + "/debug/pprof/", http.StatusNotFound},
			{http.MethodGet, metrics + "/metrics/x", http.StatusNotFound},
			{http.MethodPost, metrics + "/metrics", http.StatusMethodNotAllowed},
			{http.MethodDelete, metrics + "/metrics", http.StatusMethodNotAllowed},
		} {
			request, err := http.NewRequestWithContext(t.Context(), row.method, row.url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := plainClient().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if _ = response.Body.Close(); response.StatusCode != row.status {
				t.Errorf("%s %s: got %s, want %d", row.method, row.url, response.Status, row.status)
			}
		}
		s.stop(t)
	})
	t.Run("PRIV-09_off_by_default", func(t *testing.T) {
		t.Parallel()
		s := startServer(t)
		if strings.Contains(string(s.logged(t)), "/metrics") {
			t.Errorf("metrics without having been asked for:\n%s", s.logged(t))
		}
		s.stop(t)
	})
}

// A taken port is one sentence, and the public listener is given back.
func TestMetricsPortIsTaken(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var out, log strings.Builder
	code := run([]string{"serve", "--data-dir", t.TempDir(), "--listen", "127.0.0.1:0", "--metrics-listen", l.Addr().String()},
		program{stdout: &out, stderr: &log})
	want := "hitherd: address " + l.Addr().String() + " is in use by another program: stop it, or choose another with HITHER_METRICS_LISTEN\n"
	if code != cli.ExitBusy || !strings.HasSuffix(log.String(), want) || out.Len() != 0 {
		t.Errorf("got %d, %q, %q", code, out.String(), log.String())
	}
}

// plainClient keeps no connections.
func plainClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}
