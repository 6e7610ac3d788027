package main

import (
	"cmp"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	diffs "github.com/google/go-cmp/cmp"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
	"github.com/hitherauth/hither/internal/load"
)

// collector is an OTLP collector over HTTP that keeps what it is sent.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.ResourceSpans
	auth  string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			var err error
			if body, err = gzip.NewReader(r.Body); err != nil {
				t.Error(err)
				return
			}
		}
		b, err := io.ReadAll(body)
		var in collectorpb.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(b, &in)
		}
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("got %s %v: %v", r.URL, r.Header, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.spans, c.auth = append(c.spans, in.GetResourceSpans()...), r.Header.Get("X-Key")
	}))
	t.Cleanup(c.Close)
	return c
}

// told are the spans that came, each as its name with those below it in
// brackets, and its attributes.
func (c *collector) told() (resource map[string]string, traces []string, attributes map[string]map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	resource, attributes = map[string]string{}, map[string]map[string]string{}
	children := map[string][]*tracepb.Span{}
	for _, rs := range c.spans {
		for _, a := range rs.GetResource().GetAttributes() {
			resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				children[string(s.GetParentSpanId())] = append(children[string(s.GetParentSpanId())], s)
				attributes[s.GetName()] = map[string]string{}
				for _, a := range s.GetAttributes() {
					text := a.GetValue().GetStringValue()
					if text == "" {
						text = strconv.FormatInt(a.GetValue().GetIntValue(), 10)
					}
					attributes[s.GetName()][a.GetKey()] = text
				}
			}
		}
	}
	for _, spans := range children {
		slices.SortStableFunc(spans, func(a, b *tracepb.Span) int { return cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano()) })
	}
	var tree func(s *tracepb.Span) string
	tree = func(s *tracepb.Span) string {
		var below []string
		for _, child := range children[string(s.GetSpanId())] {
			below = append(below, tree(child))
		}
		if below == nil {
			return s.GetName()
		}
		return s.GetName() + "(" + strings.Join(below, " ") + ")"
	}
	for _, root := range children[""] {
		traces = append(traces, tree(root))
	}
	return resource, traces, attributes
}

func TestTraces(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := startServer(t, "HITHER_SIGNUP=open", "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_EXPORTER_OTLP_HEADERS=x-key=k", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip",
		"OTEL_SERVICE_NAME=sign-in", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test,service.name=loses")
	client := newClient(t, s.origin, 1)
	ada := load.NewPerson(client)
	if _, err := ada.Register(t.Context(), api.Registration{Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.stop(t) // which sends the rest
	resource, traces, attributes := c.told()
	for key, want := range map[string]string{"service.name": "sign-in", "deployment.environment.name": "test", "telemetry.sdk.language": "go"} {
		if resource[key] != want {
			t.Errorf("%s is %q, want %q", key, resource[key], want)
		}
	}
	if resource["service.version"] == "" {
		t.Error("no version")
	}
	if c.auth != "k" {
		t.Errorf("got header %q", c.auth)
	}
	want := []string{
		"POST /api/v1/operator/setup(store.apply(store.wait store.commit))",
		"POST /api/v1/registration/begin",
		"POST /api/v1/registration/finish(judge store.apply(store.wait store.commit))",
		"POST /api/v1/authentication/begin",
		"POST /api/v1/authentication/finish(judge store.apply(store.wait store.commit))",
	}
	if diff := diffs.Diff(want, traces); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	finish := attributes["POST /api/v1/authentication/finish"]
	if finish["hither.request_id"] == "" {
		t.Error("no request id")
	}
	delete(finish, "hither.request_id")
	if diff := diffs.Diff(map[string]string{
		"http.request.method": "POST", "http.route": "/api/v1/authentication/finish", "http.response.status_code": "200",
		"hither.ceremony.kind": "authentication", "hither.ceremony.outcome": "completed",
	}, finish); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := diffs.Diff(map[string]string{"hither.group_size": "1"}, attributes["store.commit"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTracesAreOff wants no connection to a collector that nobody asked for.
func TestTracesAreOff(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	for name, environ := range map[string][]string{
		"disabled": {"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_SDK_DISABLED=TRUE"},
		"none":     {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + c.URL + "/v1/traces", "OTEL_TRACES_EXPORTER=none"},
		"console":  {"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_TRACES_EXPORTER=console"},
		"unset":    {"OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_SERVICE_NAME=x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := program{environ: environ}.judgeTracing()
			if err != nil || got.on || (len(got.warnings()) > 0) != (name == "console") {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	for _, endpoint := range []string{"127.0.0.1:4318", "unix:///x", "http://", "http://u:secret@%zz", "grpc://x"} {
		_, err := program{environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + endpoint}}.judgeTracing()
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "OTEL_EXPORTER_OTLP_ENDPOINT is no http") {
			t.Errorf("%s: got %v", endpoint, err)
		}
	}
	got, err := program{environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://u:secret@collector:4317/x", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}}.judgeTracing()
	if err != nil || !got.on || got.endpoint != "http://collector:4317" || len(got.warnings()) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestCollectorIsGone signs people in while the collector is down, or takes
// connections and says nothing. Nothing waits for it, and stopping does not
// take longer than it may.
func TestCollectorIsGone(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	silent, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0") // the system takes connections for it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	gone, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{"down": gone.Addr().String(), "silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Spans are sent often and find little room.
			s := startServer(t, "HITHER_SIGNUP=open", "HITHER_RATE_LIMITS=off", "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+address,
				"OTEL_BSP_SCHEDULE_DELAY=10", "OTEL_BSP_MAX_QUEUE_SIZE=16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=8", "OTEL_EXPORTER_OTLP_TIMEOUT=3600000", "OTEL_BSP_EXPORT_TIMEOUT=3600000")
			client := newClient(t, s.origin, 8)
			ada := load.NewPerson(client)
			if _, err := ada.Register(t.Context(), api.Registration{Name: "ada"}); err != nil {
				t.Fatal(err)
			}
			for range 100 {
				if _, err := ada.SignIn(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			ended := make(chan struct{})
			go func() { s.stop(t); close(ended) }()
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Fatalf("not stopped after 10 s; log:\n%s", s.logged(t))
			}
			if n := strings.Count(string(s.logged(t)), "traces not sent"); n > 1 || name == "down" && n == 0 {
				t.Errorf("said %d times that traces are not sent; log:\n%s", n, s.logged(t))
			}
			for line := range strings.Lines(string(s.logged(t))) {
				if !strings.HasPrefix(line, "time=") {
					t.Errorf("a line in another form: %q", line)
				}
			}
		})
	}
}

// What a collector is asked with stays out of the log, also when it repeats it.
func TestHostileCollector(t *testing.T) {
	t.Parallel()
	c := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("not with " + r.Header.Get("X-Key") + "\n" + strings.Repeat("x", 1<<20)))
	}))
	t.Cleanup(c.Close)
	at := strings.Replace(c.URL, "http://", "http://u:secret-user@", 1)
	for name, environ := range map[string][]string{
		"refuses": {"OTEL_EXPORTER_OTLP_ENDPOINT=" + at + "/secret-path?k=secret-query", "OTEL_EXPORTER_OTLP_HEADERS=x-key=secret-key"},
		"is_gone": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:1/secret-path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, append(environ, "HITHER_LOG_LEVEL=debug", "OTEL_BSP_SCHEDULE_DELAY=10")...)
			s.waitForLog(t, "traces not sent")
			s.stop(t)
			if log := string(s.logged(t)); strings.Contains(log, "secret") {
				t.Errorf("log:\n%s", log)
			}
		})
	}
	i := newInstallation(t)
	i.environ = append(i.environ, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_RESOURCE_ATTRIBUTES=secret")
	if r := i.run(t, "serve"); r.code != cli.ExitRefused || strings.Contains(r.stderr, "secret") || !strings.Contains(r.stderr, "OTEL_RESOURCE_ATTRIBUTES") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
